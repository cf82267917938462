"""My data sharing: what a customer shares, with whom, and how to stop."""

from dataclasses import dataclass
from enum import StrEnum

from wattshare.custodian.model.authorization import STANDING, Ending, State
from wattshare.custodian.model.references import reference
from wattshare.custodian.services.consent import Consent
from wattshare.custodian.services.delegates import Delegates
from wattshare.custodian.services.hiding import Hiding
from wattshare.custodian.services.homes import Homes
from wattshare.custodian.services.overview import Card, Overview, Page
from wattshare.custodian.services.receipts import address, iso
from wattshare.custodian.services.waiting import Waiting
from wattshare.custodian.web import words
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.names import cut
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.refusals import NotShared
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token
from wattshare.espi.kinds import Kind

SIGN_IN = "/sharing/sign-in"
# what the page says that has just been done
THEIRS = "theirs"
# what was said of a new home
ANSWERS = {"yes": "home_shared", "no": "home_kept"}
HAPPENED = ("stopped", "changed", "paused", "resumed")


class Tab(StrEnum):
    """The lists of My data sharing."""

    NOW = "now"
    ENDED = "ended"
    WAITING = "waiting"


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Handlers of the customer's own pages."""

    lobby: Lobby
    pages: Pages
    consent: Consent
    overview: Overview
    waiting: Waiting
    homes: Homes
    delegates: Delegates
    hiding: Hiding

    def routes(self) -> tuple[Route, ...]:
        """They ask for the session themselves: without one they lead to the sign-in."""
        pages = (
            ("/sharing", "GET", self.sharing_page),
            ("/sharing/stop", "GET", self.stop_page),
            ("/sharing/stop", "POST", self.take_stop),
            ("/sharing/hide", "POST", self.take_hide),
        )
        return tuple(
            Route(path=path, method=method, token=Token.SESSION, handler=handler) for path, method, handler in pages
        )

    def sharing_page(self, call: Call) -> Response:
        """What the customer shares now, what has ended, or what waits: a page of one of them."""
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(SIGN_IN)
        session, customer_id = known
        tongue, zone = self.pages.tongue(call), self.pages.zone
        tab = next((tab for tab in Tab if tab == call.query.first("tab")), Tab.NOW)
        waiting = self.waiting.of(session, customer_id)
        page = Page(cards=(), before=None)
        if tab is not Tab.WAITING:
            page = self.overview.page(customer_id, ended=tab is Tab.ENDED, before=number(call.query.first("before")))
        return self.pages.draw(
            call,
            "sharing.html",
            tab=tab.value,
            cards=[words.card(tongue, card, zone) for card in page.cards],
            before=page.before,
            later=call.query.first("before") is not None,
            waiting=[words.waiting(tongue, one, zone) for one in waiting],
            homes=[
                (home.id, words.gathered(tongue, home.services), [cut(app.name) for app in (*home.apps, *home.former)])
                for home in self.homes.open(customer_id)
            ],
            happened=self._happened(call, customer_id),
            customer=self.lobby.name(customer_id),
            people=self.delegates.concerns(session),
            hidden=self.hiding.is_hidden(customer_id),
            may_hide=session.delegate_id is None,
            form_token=session.form_token,
        )

    def _happened(self, call: Call, customer_id: int) -> tuple[str, words.Told | None] | None:
        """What the customer has just done, and to which card."""
        if call.query.first("stopped") == THEIRS:
            # it may be nothing to them any more
            return THEIRS, None
        if (answer := ANSWERS.get(call.query.first("answered") or "")) is not None:
            return answer, None
        for what in HAPPENED:
            if (named := number(call.query.first(what))) is not None:
                card = self.overview.card(customer_id, named)
                if card is not None and fits(what, card):
                    return what, words.card(self.pages.tongue(call), card, self.pages.zone)
        return None

    def stop_page(self, call: Call) -> Response:
        """What stopping means, before it is done."""
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(SIGN_IN)
        session, customer_id = known
        card = self._stoppable(customer_id, call.query.first("authorization"))
        shown = words.card(self.pages.tongue(call), card, self.pages.zone)
        return self.pages.draw(call, "stop.html", card=shown, form_token=session.form_token)

    def take_stop(self, call: Call) -> Response:
        """Stop sharing, at once."""
        session = self.lobby.posted(call)
        if session.customer_id is None:
            return Response.redirect(SIGN_IN)
        card = self._stoppable(session.customer_id, call.form.first("authorization"))
        if card.giver is not None:
            self.consent.stop_shared(card.id, session.customer_id, session.delegate_id)
            return Response.redirect(f"/sharing?stopped={THEIRS}")
        self.consent.withdraw(card.id, Ending.CUSTOMER, actor=session.actor)
        return Response.redirect(f"/sharing?stopped={card.id}")

    def take_hide(self, call: Call) -> Response:
        """Hide one's own address, from everybody."""
        session = self.lobby.posted(call)
        if session.customer_id is None:
            return Response.redirect(SIGN_IN)
        self.hiding.hide_own(session)
        return Response.redirect("/sharing#address")

    def _stoppable(self, customer_id: int, authorization_id: str | None) -> Card:
        """A card of the customer's own, or of who holds an account together with them."""
        named = number(authorization_id) or 0
        card = self.overview.standing(customer_id, named) or self.overview.others(customer_id, named)
        if card is None:
            raise NotShared
        return card


def number(text: str | None) -> int | None:
    """An id that a browser names; None where it is none."""
    known = text is not None and text.isascii() and text.isdigit() and len(text) <= 18
    return int(text or 0) if known else None


def fits(what: str, card: Card) -> bool:
    """Whether a card is as it is after that."""
    match what:
        case "stopped":
            return card.state is State.ENDED
        case "paused":
            return card.state is State.PAUSED
        case "resumed":
            return card.state is State.ACTIVE
    return card.state in STANDING


def told(card: Card, utility: str, at: int) -> dict[str, object]:
    """A permission as facts, with who looked; times in UTC."""
    return {
        "reference": reference(card.id),
        "at": iso(at),
        "utility": utility,
        "app": cut(card.name),
        # where that is somebody else, who holds the account together with the customer
        "given_by": card.giver,
        "state": card.state.value,
        "data": [kind.value for kind in Kind if kind in card.kinds],
        "services": [
            {
                "address": address(one),
                "commodity": one.usage_point.commodity.value,
                "number_ends_in": one.agreement.number[-4:],
            }
            for one in card.services
        ],
        "since": iso(card.starts),
        "until": iso(card.ends),
        "ended": iso(card.ended_at),
        "ending": card.ending.value if card.ending else None,
        # none: they are told to who gave it alone
        "looks": [
            {"at": iso(look.at), "data": [kind.value for kind in Kind if kind in look.kinds]} for look in card.looks
        ]
        if card.looks_told
        else None,
    }
