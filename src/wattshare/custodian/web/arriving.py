"""The way in: an app's request is kept, the customer proves who it is, and goes on to where the way led."""

from dataclasses import dataclass

from wattshare.custodian.model.errors import TooMany
from wattshare.custodian.model.funnel import Step
from wattshare.custodian.services.consent import Asked
from wattshare.custodian.services.funnel import Funnel
from wattshare.custodian.services.signin import NotSignedIn, Session
from wattshare.custodian.services.tongues import said
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.devices import device_of
from wattshare.custodian.web.lobby import Lobby, onward, request_of, step_at, way_of
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.refusals import StalePage
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token

WRONG = said("These details do not match. Check them and try again.")
SLOW = said("Too many tries. Wait a quarter of an hour.")


@dataclass(frozen=True, kw_only=True)
class Arriving:
    """Handlers of the sign-in, and the start of a consent."""

    lobby: Lobby
    pages: Pages
    funnel: Funnel

    def routes(self) -> tuple[Route, ...]:
        """The pages that need no session."""
        return (
            Route(path="/", token=Token.NONE, handler=self.pages.front),
            Route(path="/favicon.ico", token=Token.NONE, handler=self.pages.icon),
            Route(path="/static/icon.svg", token=Token.NONE, handler=self.pages.icon),
            Route(path="/static/wattshare.css", token=Token.NONE, handler=self.pages.style),
            Route(path="/static/brand.css", token=Token.NONE, handler=self.pages.brand_style),
            Route(path="/static/logo", token=Token.NONE, handler=self.pages.logo),
            Route(path="/static/dark-logo", token=Token.NONE, handler=self.pages.dark_logo),
            Route(path="/sharing/language", token=Token.NONE, handler=self.pages.choose_language),
            Route(path="/sharing/sign-in", token=Token.NONE, handler=self.sign_in_page),
            Route(path="/sharing/sign-in", method="POST", token=Token.NONE, handler=self.take_sign_in),
            Route(path="/sharing/sign-out", method="POST", token=Token.SESSION, handler=self.take_sign_out),
        )

    def begin(self, call: Call, asked: Asked) -> Response:
        """Keep what an app asks for, and send the customer on to sign in or to decide."""
        session = self.lobby.session(call)
        fresh = session is None
        session = session or self.lobby.sign_in.arrive()
        request_id = self.lobby.keep(session, asked)
        self.funnel.arrive(
            request_id,
            asked.third_party_id,
            device=device_of(call),
            language=self.pages.tongue(call).code,
            way=way_of(session),
        )
        step = "sign-in" if session.customer_id is None else "review"
        answer = Response.redirect(step_at(step, request_id), status=302)
        return self.lobby.with_cookie(answer, session) if fresh else answer

    def sign_in_page(self, call: Call) -> Response:
        """The ways in."""
        session = self.lobby.session(call)
        if session is not None and session.customer_id is not None:
            return Response.redirect(onward(request_of(call)))
        fresh = session is None
        session = session or self.lobby.sign_in.arrive()
        page = self._page(call, session)
        return self.lobby.with_cookie(page, session) if fresh else page

    def take_sign_in(self, call: Call) -> Response:
        """Sign in, and go on to where the customer was going."""
        request_id = request_of(call)
        try:
            session = self.lobby.posted(call, onward(request_id))
        except StalePage:
            # signed in by another tab, or by the same button a moment ago
            if self.lobby.is_foreign(call) or self.lobby.customer(call) is None:
                raise
            return Response.redirect(onward(request_id))
        if typed(call, "login") or typed(call, "account_number"):
            way = "guest" if call.form.first("way") == "guest" else "account"
            self.funnel.reach(request_id, Step.IDENTIFIED, language=self.pages.tongue(call).code, way=way)
        try:
            arrived = self._identify(call, session)
        except NotSignedIn:
            return self._page(call, session, problem=WRONG, status=401)
        except TooMany as refusal:
            page = self._page(call, session, problem=SLOW, status=429)
            return page.with_headers(("Retry-After", str(refusal.retry_after)))
        return self.lobby.with_cookie(Response.redirect(onward(request_id)), arrived)

    def take_sign_out(self, call: Call) -> Response:
        """Leave. From the page of a request: let somebody else sign in, who is then asked instead."""
        request_id = request_of(call)
        session = self.lobby.posted(call, onward(request_id))
        if request_id:
            other = self.lobby.sign_in.sign_out(session)
            return self.lobby.with_cookie(Response.redirect(step_at("sign-in", request_id)), other)
        self.lobby.sign_in.leave(session)
        answer = Response.redirect("/?signed_out=yes")
        return answer.with_cookie(self.lobby.cookie, "", secure=self.lobby.secure, seconds=0)

    # parts

    def _identify(self, call: Call, session: Session) -> Session:
        doors = self.lobby.sign_in
        if call.form.first("way") == "guest":
            return doors.as_guest(session, typed(call, "account_number"), typed(call, "phone"), call.address)
        return doors.with_password(session, typed(call, "login"), typed(call, "password"), call.address)

    def _page(self, call: Call, session: Session, *, problem: str | None = None, status: int = 200) -> Response:
        request_id = request_of(call)
        asked = self.lobby.pending(session, request_id).asked if request_id else None
        posted = call.method == "POST"
        return self.pages.draw(
            call,
            "sign_in.html",
            status=status,
            redirect_to=asked.redirect_uri if asked else None,
            app=self.lobby.app(asked) if asked else None,
            guest=call.form.first("way") == "guest" if posted else asked is not None and asked.guest,
            # what was typed stands there again, but for the password
            typed={name: typed(call, name) for name in ("login", "account_number", "phone")},
            problem=problem and self.pages.tongue(call).say(problem),
            request_id=request_id,
            form_token=session.form_token,
        )


def typed(call: Call, name: str) -> str:
    """A field of the sign-in."""
    return (call.form.first(name) or "")[:200]
