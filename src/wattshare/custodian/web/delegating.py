"""Who may share for whom: a business names people, they accept, and act for it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from wattshare.custodian.model.errors import Unknown
from wattshare.custodian.services.delegates import Delegates
from wattshare.custodian.services.signin import Session
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.names import cut
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.wishes import NUMBER
from wattshare.espi.days import day_of
from wattshare.espi.endpoints import Token

SIGN_IN = "/sharing/sign-in"
HERE = "/sharing/people"


@dataclass(frozen=True, kw_only=True)
class Delegating:
    """Handlers of the people who share for a customer."""

    lobby: Lobby
    pages: Pages
    delegates: Delegates

    def routes(self) -> tuple[Route, ...]:
        """For who is signed in; what a form asks for is decided by the service."""
        pages = (
            (HERE, "GET", self.page),
            ("/sharing/people/invite", "POST", self.invite),
            ("/sharing/people/end", "POST", self.end),
            ("/sharing/people/act", "POST", self.act),
            ("/sharing/join", "GET", self.join_page),
            ("/sharing/join", "POST", self.join),
        )
        return tuple(
            Route(path=path, method=method, token=Token.SESSION, handler=handler) for path, method, handler in pages
        )

    def page(self, call: Call) -> Response:
        """Who may share for the customer, and for whom they may."""
        if (known := self.lobby.customer(call)) is None:
            return self.lobby.sign_in_first(call)
        session, customer_id = known
        tongue, zone, code = self.pages.tongue(call), self.pages.zone, (call.query.first("invited") or "")[:200]
        mine = self.delegates.mine(session) if session.delegate_id is None else ()
        return self.pages.draw(
            call,
            "people.html",
            customer=self.lobby.name(customer_id),
            myself=None if session.delegate_id is None else (session.delegate_id, self.lobby.name(session.delegate_id)),
            may_name=self.delegates.may_name(session),
            mine=[
                (one.delegation.id, cut(one.name), tongue.day(day_of(one.delegation.expires_at, zone))) for one in mine
            ],
            theirs=[(one.delegation.customer_id, cut(one.name)) for one in self.delegates.theirs(session)],
            acting_for=customer_id,
            invitation=f"{self.lobby.base}/sharing/join?{urlencode({'code': code})}" if code else None,
            form_token=session.form_token,
        )

    def invite(self, call: Call) -> Response:
        """A link for one person, which is shown once."""
        session = self._posted(call)
        code = self.delegates.invite(session)
        return Response.redirect(f"{HERE}?{urlencode({'invited': code})}")

    def end(self, call: Call) -> Response:
        """Take a delegation back."""
        self.delegates.end(self._posted(call), number(call, "delegation"))
        return Response.redirect(HERE)

    def act(self, call: Call) -> Response:
        """Act for somebody, or for oneself again."""
        other = self.delegates.act(self._posted(call), number(call, "customer"))
        return self.lobby.with_cookie(Response.redirect("/sharing"), other)

    def join_page(self, call: Call) -> Response:
        """Who asks, before it is accepted."""
        tongue, code = self.pages.tongue(call), (call.query.first("code") or "")[:200]
        if (known := self.lobby.customer(call)) is None:
            page = self.pages.message(
                call,
                tongue.say("Sign in first"),
                tongue.say("Sign in with your own online account. Then you come back here."),
                status=200,
                onward=(SIGN_IN, tongue.say("Sign in")),
            )
            return self.lobby.remembering(page, call)
        named = self.delegates.invitation(code)
        return self.pages.draw(call, "join.html", name=cut(named.name), code=code, form_token=known[0].form_token)

    def join(self, call: Call) -> Response:
        """Accept."""
        self.delegates.accept(self._posted(call), (call.form.first("code") or "")[:200])
        return Response.redirect(HERE)

    def _posted(self, call: Call) -> Session:
        return self.lobby.posted(call, HERE)


def number(call: Call, name: str) -> int:
    """A number of a form.

    Raises:
        Unknown: it is none.
    """
    text = call.form.first(name) or ""
    if not NUMBER.fullmatch(text):
        raise Unknown("There is no such number.")
    return int(text)
