"""The utility's own sign-in: the way there, the way back, and the way out."""

from dataclasses import dataclass

from wattshare.custodian.services.signin import NotSignedIn, Session
from wattshare.custodian.services.single import BACK, SIGNED_OUT, Declined, Failing, NotOpen, Returned, Single
from wattshare.custodian.services.tongues import said
from wattshare.custodian.web.arriving import DECLINED, FAILED, UNKNOWN, Arriving
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.lobby import onward, request_of, step_at
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token

OUT = "/sharing/own/out"
# where the browser is in the end; registered at the utility's sign-in
USED = said("This sign-in was used already, waited too long, or began in another browser. Nothing was shared.")


@dataclass(frozen=True, kw_only=True)
class Own:
    """Handlers of the way there and back."""

    arriving: Arriving
    single: Single

    def routes(self) -> tuple[Route, ...]:
        """Links, and addresses to come back to."""
        return (
            Route(path="/sharing/own", token=Token.NONE, handler=self.go),
            Route(path=BACK, token=Token.NONE, handler=self.come_back),
            Route(path=OUT, token=Token.NONE, handler=self.go_out),
        )

    def go(self, call: Call) -> Response:
        """To the utility's sign-in."""
        lobby, request_id = self.arriving.lobby, request_of(call)
        entered = lobby.enter(call)
        if entered.session.customer_id is not None:
            return Response.redirect(onward(request_id))
        try:
            to = self.single.begin(entered.session, request_id, self.arriving.pages.tongue(call).code)
        except Failing:
            to = told_at(request_id, FAILED)
        answer = Response.redirect(to)
        return lobby.with_cookie(answer, entered.session) if entered.fresh else answer

    def come_back(self, call: Call) -> Response:
        """Back from there: signed in, or with what happened."""
        lobby = self.arriving.lobby
        entered = lobby.enter(call)
        session, query = entered.session, call.query
        returned = Returned(
            state=query.first("state") or "",
            code=query.first("code"),
            error=query.first("error"),
            issuer=query.first("iss"),
        )
        try:
            request_id = self.single.open(session, returned.state)
        except NotOpen:
            return self._not_open(call, session)
        if session.customer_id is not None:
            # another tab was there before
            return Response.redirect(onward(request_id))
        answer = self._finished(call, session, returned, request_id)
        return lobby.with_cookie(answer, session) if entered.fresh and answer.header("Set-Cookie") is None else answer

    def go_out(self, call: Call) -> Response:
        """Signed out here: and there, too."""
        lobby = self.arriving.lobby
        session = lobby.session(call)
        to = None if session is None else self.single.way_out(session)
        if to is None:
            return Response.redirect(SIGNED_OUT)
        say = self.arriving.pages.tongue(call).say
        page = self.arriving.pages.message(
            call,
            say(said("You are signed out")),
            say(said("We sign you out of %(name)s, too."), name=self.single.name),
            status=200,
            onward=(to, say(said("Sign out of %(name)s"), name=self.single.name)),
        )
        return page.with_headers(("Refresh", f"0;url={to}"))

    def _finished(self, call: Call, session: Session, returned: Returned, request_id: str) -> Response:
        if returned.error is None:
            self.arriving.identified(call, request_id, "own")
        try:
            arrived = self.single.finish(session, returned)
        except NotOpen:
            return self._not_open(call, session)
        except Declined:
            return Response.redirect(told_at(request_id, DECLINED))
        except NotSignedIn:
            return Response.redirect(told_at(request_id, UNKNOWN))
        except Failing:
            return Response.redirect(told_at(request_id, FAILED))
        return self.arriving.came_in(call, arrived, request_id)

    def _not_open(self, call: Call, session: Session) -> Response:
        if session.customer_id is not None:
            return Response.redirect(onward(self.arriving.lobby.waiting(session)))
        say = self.arriving.pages.tongue(call).say
        return self.arriving.pages.message(
            call,
            say(said("This is not open any more")),
            say(
                said("This sign-in was used already, waited too long, or began in another browser. Nothing was shared.")
            ),
            status=400,
            onward=(step_at("sign-in", self.arriving.lobby.waiting(session)), say(said("Sign in"))),
        )


def told_at(request_id: str, what: str) -> str:
    """The ways in, and what happened at this one."""
    return step_at("sign-in", request_id) + f"&own={what}"
