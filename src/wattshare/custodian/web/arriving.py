"""The way in: an app's request is kept, the customer proves who it is, and goes on to where the way led."""

from dataclasses import dataclass
from typing import Any

from wattshare.custodian.model.errors import TooMany
from wattshare.custodian.model.funnel import Step
from wattshare.custodian.model.messages import Way
from wattshare.custodian.services.codes import Codes
from wattshare.custodian.services.consent import Asked
from wattshare.custodian.services.funnel import Funnel
from wattshare.custodian.services.signin import NotSignedIn, Session
from wattshare.custodian.services.single import Single
from wattshare.custodian.services.tongues import said
from wattshare.custodian.web.call import NO_PAIRS, Call, Query, Response
from wattshare.custodian.web.complaints import SIGN_IN, Complaint, waiting
from wattshare.custodian.web.devices import device_of
from wattshare.custodian.web.lobby import Lobby, onward, request_of, step_at, way_of
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.refusals import StalePage
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token

WRONG = said("These details do not match. Check them and try again.")
SLOW = said("Too many tries. Wait a quarter of an hour.")
NO_NUMBER = said("Type your account number. It stands at the top of your bill.")
# at the utility's own sign-in
DECLINED, UNKNOWN, FAILED = "declined", "unknown", "failed"
THERE = {
    DECLINED: said("You did not sign in there. Try again, or take another way in."),
    UNKNOWN: said("You signed in there, but we do not find your account by it. Take another way in, or call us."),
    FAILED: said(
        "Signing in there does not work at the moment. Nothing was shared. Take another way in, or try again later."
    ),
}
HERE = "/sharing/sign-in"
# of a field of the sign-in
LONGEST = 200
CLOSED = said("This way in is not open here. Take another one.")


@dataclass(frozen=True, kw_only=True)
class Doors:
    """Which ways in there are."""

    # the name of the utility's own sign-in; None: it has none
    own: str | None = None
    # login and password of ours
    account: bool = True
    # account number and telephone
    phone: bool = True
    # account number and a code, by these ways
    codes: tuple[Way, ...] = ()
    # whether a forgotten password can be recovered
    recovery: bool = False


@dataclass(frozen=True, kw_only=True)
class Arriving:
    """Handlers of the sign-in, and the start of a consent."""

    lobby: Lobby
    pages: Pages
    funnel: Funnel
    codes: Codes
    doors: Doors
    # the utility's own sign-in
    single: Single | None = None

    def routes(self) -> tuple[Route, ...]:
        """The pages that need no session."""
        return (
            Route(path="/", token=Token.NONE, handler=self.pages.front),
            Route(path="/favicon.ico", token=Token.NONE, handler=self.pages.icon),
            Route(path="/static/icon.svg", token=Token.NONE, handler=self.pages.icon),
            Route(path="/static/wattshare.css", token=Token.NONE, handler=self.pages.style),
            Route(path="/static/session.css", token=Token.NONE, handler=self.pages.time),
            Route(path="/static/brand.css", token=Token.NONE, handler=self.pages.brand_style),
            Route(path="/static/logo", token=Token.NONE, handler=self.pages.logo),
            Route(path="/static/dark-logo", token=Token.NONE, handler=self.pages.dark_logo),
            Route(path="/sharing/language", token=Token.NONE, handler=self.pages.choose_language),
            Route(path="/sharing/sign-in", token=Token.NONE, handler=self.sign_in_page),
            Route(path="/sharing/sign-in", method="POST", token=Token.NONE, handler=self.take_sign_in),
            Route(path="/sharing/sign-out", method="POST", token=Token.SESSION, handler=self.take_sign_out),
            Route(path="/sharing/stay", method="POST", token=Token.SESSION, handler=self.stay),
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
        if (complaint := self.lobby.complaint(session, call)) is not None and session is not None:
            return self.complaining(call, session, "sign_in.html", complaint, **ways_of(complaint.form, again=True))
        problem = THERE.get(call.query.first("own") or "")
        return self.opened(call, "sign_in.html", problem=problem, there=problem is not None, **ways_of(NO_PAIRS))

    def take_sign_in(self, call: Call) -> Response:
        """Sign in, and go on to where the customer was going."""
        request_id = request_of(call)
        session = self.posted(call, request_id)
        if isinstance(session, Response):
            return session
        if typed(call, "login") or typed(call, "account_number"):
            self.identified(call, request_id, way_asked(call))
        try:
            if way_asked(call) == "code":
                return self._send_code(call, session, request_id)
            arrived = self._identify(call, session)
        except NotSignedIn as refusal:
            problem = CLOSED if isinstance(refusal, Shut) else WRONG
            return self._refused(call, session, problem, 401)
        except TooMany as refusal:
            return self._refused(call, session, SLOW, 429, refusal.retry_after)
        return self.came_in(call, arrived)

    def take_sign_out(self, call: Call) -> Response:
        """Leave. From the page of a request: let somebody else sign in, who is then asked instead."""
        request_id = request_of(call)
        session = self.lobby.posted(call, onward(request_id))
        if request_id:
            other = self.lobby.sign_in.sign_out(session)
            return self.lobby.with_cookie(Response.redirect(step_at("sign-in", request_id)), other)
        if self.single is not None and session.way == "own":
            if (knowing := self.single.leave(session)) is not None:
                return self.lobby.with_cookie(Response.redirect("/sharing/own/out"), knowing)
        else:
            self.lobby.sign_in.leave(session)
        answer = Response.redirect("/?signed_out=yes")
        return answer.with_cookie(self.lobby.cookie, "", secure=self.lobby.secure, seconds=0)

    def stay(self, call: Call) -> Response:
        """Stay signed in. The page stays as it is, with what was typed."""
        self.lobby.posted(call)
        return Response.empty(204)

    # what every way in does

    def posted(self, call: Call, request_id: str) -> Session | Response:
        """The session of a form of nobody's; or where to go for who is signed in by now."""
        try:
            return self.lobby.posted(call, onward(request_id))
        except StalePage:
            # signed in by another tab, or by the same button a moment ago
            if self.lobby.is_foreign(call) or self.lobby.customer(call) is None:
                raise
            return Response.redirect(onward(request_id))

    def identified(self, call: Call, request_id: str, way: str) -> None:
        """Count that somebody said who they are."""
        self.funnel.reach(request_id, Step.IDENTIFIED, language=self.pages.tongue(call).code, way=way)

    def came_in(self, call: Call, arrived: Session, request_id: str | None = None) -> Response:
        """On to where the customer was going, whose language is remembered for what we write."""
        if arrived.customer_id is not None:
            with self.lobby.store.begin() as tx:
                tx.messages.remember_language(arrived.customer_id, self.pages.tongue(call).code)
        asked = request_of(call) if request_id is None else request_id
        answer = Response.redirect(onward(asked) if asked else self.lobby.wanted(call))
        if self.lobby.wanted_cookie in call.cookies:
            answer = answer.with_cookie(self.lobby.wanted_cookie, "", secure=self.lobby.secure, seconds=0)
        return self.lobby.with_cookie(answer, arrived)

    def opened(self, call: Call, template: str, *, waiting: bool = False, **values: Any) -> Response:
        """A page for whoever comes, with a session; `waiting`: it is about the request that waits there."""
        entered = self.lobby.enter(call)
        request_id = self.lobby.waiting(entered.session) if waiting else None
        page = self.draw(call, entered.session, template, timed_out=entered.timed_out, request_id=request_id, **values)
        return self.lobby.with_cookie(page, entered.session) if entered.fresh else page

    def complaining(self, call: Call, session: Session, template: str, complaint: Complaint, **values: Any) -> Response:
        """A page before the sign-in, with what is wrong."""
        page = self.draw(call, session, template, problem=complaint.told or None, status=complaint.status, **values)
        return waiting(page, complaint)

    def draw(
        self,
        call: Call,
        session: Session,
        template: str,
        *,
        problem: str | None = None,
        told_problem: str | None = None,
        status: int = 200,
        timed_out: bool = False,
        request_id: str | None = None,
        **values: Any,
    ) -> Response:
        """A page before the sign-in: on each stands who asks, and the way back."""
        request_id = request_id or request_of(call)
        asked = self.lobby.pending(session, request_id).asked if request_id else None
        return self.pages.draw(
            call,
            template,
            status=status,
            redirect_to=asked.redirect_uri if asked else None,
            app=self.lobby.app(asked) if asked else None,
            problem=told_problem or (problem and self.pages.tongue(call).say(problem)),
            timed_out=timed_out,
            request_id=request_id,
            form_token=session.form_token,
            # nobody is signed in yet
            warned=False,
            **{"guest": asked is not None and asked.guest, "there": False, "doors": self.doors, **values},
        )

    # parts

    def _identify(self, call: Call, session: Session) -> Session:
        doors = self.lobby.sign_in
        if way_asked(call) == "guest":
            if not self.doors.phone:
                raise Shut
            return doors.as_guest(session, typed(call, "account_number"), typed(call, "phone"), call.address)
        if not self.doors.account:
            raise Shut
        return doors.with_password(session, typed(call, "login"), typed(call, "password"), call.address)

    def _send_code(self, call: Call, session: Session, request_id: str) -> Response:
        wanted, number = call.form.first("send"), typed(call, "account_number")
        way = next((way for way in self.doors.codes if way == wanted), None)
        if way is None:
            raise Shut
        if not any(map(str.isalnum, number)):
            return self._refused(call, session, NO_NUMBER, 400)
        self.codes.ask(session, number, way, call.address, self.pages.tongue(call).code)
        return Response.redirect(step_at("code", request_id))

    def _refused(
        self, call: Call, session: Session, problem: str, status: int, retry_after: int | None = None
    ) -> Response:
        form = Query(pairs=tuple((name, value[:LONGEST]) for name, value in call.form.pairs if name in SIGN_IN))
        complaint = Complaint(path=HERE, told=problem, status=status, form=form, retry_after=retry_after)
        return self.lobby.complain(session, step_at("sign-in", request_of(call)), complaint)


class Shut(NotSignedIn):
    """This way in is closed by a setting."""


def way_asked(call: Call) -> str:
    """By which way somebody wants to come in: account, guest or code."""
    return way_in(call.form)


def way_in(form: Query) -> str:
    """The same of a form."""
    if form.first("way") == "guest":
        return "guest" if form.first("send") is None else "code"
    return "account"


def ways_of(form: Query, *, again: bool = False) -> dict[str, Any]:
    """What the page of the ways in shows; `again`: what was typed stands there, but for the password."""
    names = ("login", "account_number", "phone")
    if not again:
        return {"typed": dict.fromkeys(names, "")}
    return {"typed": {name: form.first(name) or "" for name in names}, "guest": way_in(form) != "account"}


def typed(call: Call, name: str) -> str:
    """A field of the sign-in."""
    return (call.form.first(name) or "")[:LONGEST]
