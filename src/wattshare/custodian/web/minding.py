"""Forms that are refused: the browser is sent to a page that says so, as a form has another address for an answer."""

from dataclasses import dataclass, replace

from wattshare.custodian.model.errors import Refusal, Unavailable
from wattshare.custodian.web import errors
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.errors import TooLarge
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.refusals import TOLD_AT, TOO_LARGE, Answered, Elsewhere, Refusals, StillWaits, complaint_of
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token


@dataclass(frozen=True, kw_only=True)
class Minding:
    """Looks after the routes of people's pages."""

    lobby: Lobby
    refusals: Refusals

    def routes(self, every: tuple[Route, ...]) -> tuple[Route, ...]:
        """The same routes, with what is told of their forms."""
        told = Route(path=TOLD_AT, token=Token.NONE, handler=self.page)
        return (*(self._minded(route) for route in every), told)

    def page(self, call: Call) -> Response:
        """What happened to a form."""
        if call.query.first(TOO_LARGE) is not None:
            raise TooLarge
        complaint = self.lobby.complaint(self.lobby.session(call), call)
        if complaint is None:
            raise Answered
        return self.refusals.page(call, complaint)

    def _minded(self, route: Route) -> Route:
        if route.method != "POST":
            return route

        def handle(call: Call) -> Response:
            try:
                return route.handler(call)
            except (Elsewhere, Unavailable):
                # not from a page of ours, or nothing can be kept now
                raise
            except Refusal as fault:
                return self._kept(call, fault)

        return replace(route, handler=handle)

    def _kept(self, call: Call, fault: Refusal) -> Response:
        complaint = complaint_of(fault, errors.answer(fault, call), call)
        if (here := self.lobby.session(call)) is not None:
            return self.lobby.complain(here, TOLD_AT, complaint)
        waits = self.lobby.sign_in.find(fault.cookie[1]) if isinstance(fault, StillWaits) else None
        session = waits or self.lobby.sign_in.arrive()
        return self.lobby.with_cookie(self.lobby.complain(session, TOLD_AT, complaint), session)
