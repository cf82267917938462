"""A forgotten password: a link is asked for, and followed to a page that takes another password."""

from dataclasses import dataclass
from typing import Any

from wattshare.custodian.model.errors import TooMany
from wattshare.custodian.services.recovery import FEWEST, BadPassword, LinkUsedUp, Recovery
from wattshare.custodian.services.tongues import said
from wattshare.custodian.web.arriving import SLOW, Arriving, typed
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.lobby import request_of, step_at
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token

SHORT = said("This password is too short, or it is your user name. Choose one of %(count)s characters or more.")
DIFFERENT = said("The two passwords are not the same. Type them again.")


@dataclass(frozen=True, kw_only=True)
class Recovering:
    """Handlers of the two pages."""

    arriving: Arriving
    recovery: Recovery

    def routes(self) -> tuple[Route, ...]:
        """The pages and their forms."""
        return (
            Route(path="/sharing/forgotten", token=Token.NONE, handler=self.forgotten_page),
            Route(path="/sharing/forgotten", method="POST", token=Token.NONE, handler=self.take_forgotten),
            Route(path="/sharing/new-password", token=Token.NONE, handler=self.link_page),
            Route(path="/sharing/new-password", method="POST", token=Token.NONE, handler=self.take_password),
        )

    def forgotten_page(self, call: Call) -> Response:
        """Whose password is forgotten; or that a mail is on its way."""
        return self.arriving.opened(call, "forgotten.html", sent=call.query.first("sent") is not None, login="")

    def take_forgotten(self, call: Call) -> Response:
        """Send a link."""
        request_id = request_of(call)
        session = self.arriving.posted(call, request_id)
        if isinstance(session, Response):
            return session
        try:
            self.recovery.ask(typed(call, "login"), call.address, self.arriving.pages.tongue(call).code)
        except TooMany as refusal:
            values: dict[str, Any] = {"sent": False, "login": typed(call, "login")}
            page = self.arriving.draw(call, session, "forgotten.html", problem=SLOW, status=429, **values)
            return page.with_headers(("Retry-After", str(refusal.retry_after)))
        return Response.redirect(step_at("forgotten", request_id) + "&sent=yes")

    def link_page(self, call: Call) -> Response:
        """Where another password is typed."""
        link = call.query.first("link") or ""
        try:
            self.recovery.open(link)
        except LinkUsedUp:
            return self._used_up(call)
        return self.arriving.opened(call, "new_password.html", waiting=True, link=link, fewest=FEWEST)

    def take_password(self, call: Call) -> Response:
        """Take it, and go on to what the app asked for where it was asked in this browser."""
        link = call.form.first("link") or ""
        session = self.arriving.posted(call, request_of(call))
        if isinstance(session, Response):
            # pressed twice, too: the first press signed in, and used the link up
            return session
        values: dict[str, Any] = {"link": link, "fewest": FEWEST, "status": 400}
        password = call.form.first("password") or ""
        if password != (call.form.first("password_again") or ""):
            return self.arriving.draw(call, session, "new_password.html", problem=DIFFERENT, **values)
        try:
            arrived = self.recovery.choose(session, link, password)
        except BadPassword:
            told = self.arriving.pages.tongue(call).say(SHORT, count=FEWEST)
            return self.arriving.draw(call, session, "new_password.html", told_problem=told, **values)
        except LinkUsedUp:
            return self._used_up(call)
        return self.arriving.came_in(call, arrived)

    def _used_up(self, call: Call) -> Response:
        say = self.arriving.pages.tongue(call).say
        return self.arriving.pages.message(
            call,
            say(said("This link does not work any more")),
            say(said("It was used already, or it is older than half an hour. Nothing was changed.")),
            status=410,
            onward=("/sharing/forgotten", say(said("Ask for another link"))),
        )
