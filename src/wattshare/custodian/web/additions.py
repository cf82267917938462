"""The handler of every row that we add to the API: parse, ask one service, answer in JSON."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.services.access import Access, Permission
from wattshare.custodian.services.ledger import LONGEST_PAGE, Ledger, facts_of, replay_facts
from wattshare.custodian.services.limits import Limits
from wattshare.custodian.services.orders import Order, Orders
from wattshare.custodian.services.outages import Outages
from wattshare.custodian.services.signing import PUBLIC, Signing
from wattshare.custodian.services.tokens import Tokens
from wattshare.custodian.web.budgets import with_budgets
from wattshare.custodian.web.call import Call, Handler, Response
from wattshare.espi.additions import ADDITIONS
from wattshare.espi.endpoint import Endpoint, Token
from wattshare.espi.window import BadWindow, read_time

# keys change seldom; the receivers that ask for each notice's are to be spared
KEYS_KEPT = ("Cache-Control", "public, max-age=3600")
Answer = Callable[[Permission, Call], Response]


@dataclass(frozen=True, kw_only=True)
class Additions:
    """Everything below our own root."""

    tokens: Tokens
    access: Access
    limits: Limits
    ledger: Ledger
    signing: Signing
    outages: Outages
    orders: Orders

    def handlers(self) -> dict[Endpoint, Handler]:
        """A handler for each row that is ours."""
        answers: Mapping[str, Answer] = {
            "notices": self.page,
            "notice": self.show,
            "replay-notice": self.replay,
            "replay-notices": self.replay_all,
            "outages": self.planned,
            "order": self.show_order,
            "cancel-order": self.cancel_order,
        }
        opened = {row: partial(self.handle, row, answers[row.name]) for row in ADDITIONS if row.token is not Token.NONE}
        public: dict[str, Handler] = {"notice-keys": self.keys}
        return {row: opened.get(row) or public[row.name] for row in ADDITIONS}

    def handle(self, endpoint: Endpoint, answer: Answer, call: Call) -> Response:
        """Answer one call of one row, where its bearer may have it."""
        bearer = self.tokens.identify(call.authorization, call.certificate)
        permission = self.access.open(bearer, endpoint, call.path)
        budgets = self.limits.count(permission.third_party)
        return with_budgets(answer(permission, call), budgets)

    def page(self, permission: Permission, call: Call) -> Response:
        """The third party's notices. `next` goes on where this page ends, now or later."""
        since, until = moment(call, "since"), moment(call, "until")
        after, limit = whole(call, "after", 0), whole(call, "limit", 100)
        if not 1 <= limit <= LONGEST_PAGE:
            raise BadRequest(f"limit is 1 to {LONGEST_PAGE}.", field="limit")
        party = permission.third_party.id
        page = self.ledger.page(party, since=since or 0, until=until, after=after, limit=limit)
        return Response.json({"notices": list(map(facts_of, page.records)), "after": page.after, "more": page.more})

    def show(self, permission: Permission, call: Call) -> Response:
        """One notice."""
        return Response.json(facts_of(self.ledger.show(call.path["notice"], permission.third_party.id)))

    def replay(self, permission: Permission, call: Call) -> Response:
        """Tell one notice again."""
        replayed = self.ledger.replay(call.path["notice"], permission.third_party.id)
        return Response.json(replay_facts(replayed), status=202)

    def replay_all(self, permission: Permission, call: Call) -> Response:
        """Tell the notices of a time again."""
        since, until = moment(call, "since"), moment(call, "until")
        if since is None:
            raise BadRequest("Name the time from which on notices are told again.", field="since")
        replayed = self.ledger.replay_all(permission.third_party.id, since, until)
        return Response.json({"replayed": list(map(replay_facts, replayed))}, status=202)

    def keys(self, _: Call) -> Response:
        """The public halves of the keys that sign."""
        told = [
            {
                "id": str(key.id),
                "algorithm": "ed25519",
                "public_key": f"{PUBLIC}{key.public}",
                "begins": key.begins,
                "ends": key.ends,
            }
            for key in self.signing.own()
        ]
        return Response.json({"keys": told}, headers=(KEYS_KEPT,))

    def planned(self, _permission: Permission, _call: Call) -> Response:
        """What will not be there, and when."""
        return Response.json({"outages": [asdict(outage) for outage in self.outages.to_come()]})

    def show_order(self, permission: Permission, call: Call) -> Response:
        """How far an order is."""
        return told(self.orders.show(permission, call.path["order"]))

    def cancel_order(self, permission: Permission, call: Call) -> Response:
        """Cancel an order."""
        return told(self.orders.cancel(permission, call.path["order"]))


def told(order: Order) -> Response:
    """An order's status page."""
    again = order.retry_after
    headers = () if again is None else (("Retry-After", str(again)),)
    return Response.json(order.facts(), headers=headers)


def moment(call: Call, name: str) -> int | None:
    """The second that a parameter names, in any of the forms that windows take; None where it is absent.

    Raises:
        BadRequest: it is no time, or is there twice.
    """
    text = call.query.one(name)
    try:
        return None if text is None else read_time(name, text)
    except BadWindow as bad:
        raise BadRequest(bad.sentence, field=bad.parameter) from bad


def whole(call: Call, name: str, otherwise: int) -> int:
    """The number that a parameter names.

    Raises:
        BadRequest: it is none, or is there twice.
    """
    text = call.query.one(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadRequest(f"{name} is not a number.", field=name)
    return int(text)
