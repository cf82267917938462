"""The code that was sent: typed here, or asked for once more."""

from dataclasses import dataclass
from typing import Any

from wattshare.custodian.model.errors import TooMany
from wattshare.custodian.services.codes import DIGITS, Codes, CodeUsedUp
from wattshare.custodian.services.signin import NotSignedIn, Session
from wattshare.custodian.services.tongues import said
from wattshare.custodian.web.arriving import SLOW, Arriving
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.complaints import Complaint
from wattshare.custodian.web.lobby import onward, request_of, step_at
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token

OTHER = said("This code does not match. Look at it again and type it once more.")
HERE = "/sharing/code"
USED_UP = said("This code does not work any more. Ask for another one.")


@dataclass(frozen=True, kw_only=True)
class Proving:
    """Handlers of the code's page."""

    arriving: Arriving
    codes: Codes

    def routes(self) -> tuple[Route, ...]:
        """The page and its form."""
        return (
            Route(path="/sharing/code", token=Token.NONE, handler=self.code_page),
            Route(path="/sharing/code", method="POST", token=Token.NONE, handler=self.take_code),
        )

    def code_page(self, call: Call) -> Response:
        """Where the code is typed; without a code that waits, the ways in."""
        session = self.arriving.lobby.session(call)
        if session is not None and session.customer_id is not None:
            return Response.redirect(onward(request_of(call)))
        if session is not None and (complaint := self.arriving.lobby.complaint(session, call)) is not None:
            return self._page(call, session, complaint)
        if session is None or self.codes.waits(session) is None:
            return Response.redirect(step_at("sign-in", request_of(call)))
        again = call.query.first("again") is not None
        return self._page(call, session, Complaint(path=HERE), again=again)

    def take_code(self, call: Call) -> Response:
        """Sign in by the code, or send another one."""
        request_id = request_of(call)
        session = self.arriving.posted(call, request_id)
        if isinstance(session, Response):
            return session
        try:
            if call.form.first("again") is not None:
                if not self.codes.again(session, call.address, self.arriving.pages.tongue(call).code):
                    return Response.redirect(step_at("sign-in", request_id))
                return Response.redirect(step_at("code", request_id) + "&again=yes")
            arrived = self.codes.prove(session, (call.form.first("code") or "")[:40], call.address)
        except CodeUsedUp:
            return self._refused(session, request_id, USED_UP, 401)
        except NotSignedIn:
            return self._refused(session, request_id, OTHER, 401)
        except TooMany as refusal:
            return self._refused(session, request_id, SLOW, 429, refusal.retry_after)
        return self.arriving.came_in(call, arrived)

    def _refused(
        self, session: Session, request_id: str, problem: str, status: int, retry_after: int | None = None
    ) -> Response:
        complaint = Complaint(path=HERE, told=problem, status=status, retry_after=retry_after)
        return self.arriving.lobby.complain(session, step_at("code", request_id), complaint)

    def _page(self, call: Call, session: Session, complaint: Complaint, *, again: bool = False) -> Response:
        values: dict[str, Any] = {"again": again, "digits": DIGITS, "waits": self.codes.waits(session) is not None}
        return self.arriving.complaining(call, session, "code.html", complaint, **values)
