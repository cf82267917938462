"""A forgotten password: a link is asked for, and followed to a page that takes another password."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from wattshare.custodian.model.errors import TooMany
from wattshare.custodian.services.recovery import FEWEST, BadPassword, LinkUsedUp, Recovery
from wattshare.custodian.services.signin import Session
from wattshare.custodian.services.tongues import said
from wattshare.custodian.web.arriving import SLOW, Arriving, typed
from wattshare.custodian.web.call import Call, Query, Response
from wattshare.custodian.web.complaints import Complaint
from wattshare.custodian.web.lobby import request_of, step_at
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token

SHORT = said("This password is too short, or it is your user name. Choose one of %(count)s characters or more.")
FORGOTTEN, NEW_PASSWORD = "/sharing/forgotten", "/sharing/new-password"
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
        if (known := self._complaint(call)) is not None:
            login = known[1].form.first("login") or ""
            return self.arriving.complaining(call, known[0], "forgotten.html", known[1], sent=False, login=login)
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
            form = Query(pairs=(("login", typed(call, "login")),))
            slow = Complaint(path=FORGOTTEN, told=SLOW, status=429, form=form, retry_after=refusal.retry_after)
            return self.arriving.lobby.complain(session, step_at("forgotten", request_id), slow)
        return Response.redirect(step_at("forgotten", request_id) + "&sent=yes")

    def link_page(self, call: Call) -> Response:
        """Where another password is typed."""
        link = call.query.first("link") or ""
        try:
            self.recovery.open(link)
        except LinkUsedUp:
            return self._used_up(call)
        values: dict[str, Any] = {"link": link, "fewest": FEWEST}
        if (known := self._complaint(call)) is not None:
            session, complaint = known
            values["request_id"] = self.arriving.lobby.waiting(session)
            told = self.arriving.pages.tongue(call).say(complaint.told, count=FEWEST)
            return self.arriving.draw(
                call, session, "new_password.html", told_problem=told, status=complaint.status, **values
            )
        return self.arriving.opened(call, "new_password.html", waiting=True, **values)

    def take_password(self, call: Call) -> Response:
        """Take it, and go on to what the app asked for where it was asked in this browser."""
        link = call.form.first("link") or ""
        session = self.arriving.posted(call, request_of(call))
        if isinstance(session, Response):
            # pressed twice, too: the first press signed in, and used the link up
            return session
        password = call.form.first("password") or ""
        if password != (call.form.first("password_again") or ""):
            return self._refused(session, link, DIFFERENT)
        try:
            arrived = self.recovery.choose(session, link, password)
        except BadPassword:
            return self._refused(session, link, SHORT)
        except LinkUsedUp:
            # its own page says so
            return Response.redirect(linked(link))
        return self.arriving.came_in(call, arrived)

    def _refused(self, session: Session, link: str, problem: str) -> Response:
        complaint = Complaint(path=NEW_PASSWORD, told=problem, status=400)
        return self.arriving.lobby.complain(session, linked(link), complaint)

    def _complaint(self, call: Call) -> tuple[Session, Complaint] | None:
        session = self.arriving.lobby.session(call)
        complaint = self.arriving.lobby.complaint(session, call)
        return None if session is None or complaint is None else (session, complaint)

    def _used_up(self, call: Call) -> Response:
        say = self.arriving.pages.tongue(call).say
        return self.arriving.pages.message(
            call,
            say(said("This link does not work any more")),
            say(said("It was used already, or it is older than half an hour. Nothing was changed.")),
            status=410,
            onward=("/sharing/forgotten", say(said("Ask for another link"))),
        )


def linked(link: str) -> str:
    """The page that a mail's link opens."""
    return f"{NEW_PASSWORD}?{urlencode({'link': link})}"
