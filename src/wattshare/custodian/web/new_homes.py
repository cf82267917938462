"""Share this home too? Asked once of who has moved in somewhere and shares already."""

from dataclasses import dataclass

from wattshare.custodian.model.errors import Unknown
from wattshare.custodian.services.homes import Homes, NewHome
from wattshare.custodian.web import words
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.names import cut
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.refusals import NotShared
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.sharing import SIGN_IN, number
from wattshare.custodian.web.wishes import numbers
from wattshare.espi.endpoints import Token


@dataclass(frozen=True, kw_only=True)
class NewHomes:
    """Handlers of the question."""

    lobby: Lobby
    pages: Pages
    homes: Homes

    def routes(self) -> tuple[Route, ...]:
        """They ask for the session themselves: without one they lead to the sign-in."""
        return (
            Route(path="/sharing/home", method="GET", token=Token.SESSION, handler=self.page),
            Route(path="/sharing/home", method="POST", token=Token.SESSION, handler=self.take),
        )

    def page(self, call: Call) -> Response:
        """The home, and the apps that could see it."""
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(SIGN_IN)
        session, customer_id = known
        home = self._home(customer_id, number(call.query.first("home")))
        return self.pages.draw(
            call,
            "home.html",
            homes=words.gathered(self.pages.tongue(call), home.services),
            apps=[(app.authorization_id, cut(app.name)) for app in home.apps],
            former=[(app.third_party_id, cut(app.name), app.listed) for app in home.former],
            number=home.id,
            problem=call.query.first("none") is not None,
            form_token=session.form_token,
        )

    def take(self, call: Call) -> Response:
        """Share it with those that are ticked, or with none; either answer is the last."""
        session = self.lobby.posted(call)
        if session.customer_id is None:
            return Response.redirect(SIGN_IN)
        share = call.form.first("decision") == "share"
        apps = numbers(call.form.every("app")) if share else ()
        home = self._home(session.customer_id, number(call.form.first("home")))
        if share and not apps:
            return Response.redirect(f"/sharing/home?home={home.id}&none=yes")
        try:
            self.homes.answer(session.customer_id, home.id, apps, session.actor)
        except Unknown as gone:
            raise NotShared from gone
        return Response.redirect("/sharing?answered=yes" if apps else "/sharing?tab=waiting&answered=no")

    def _home(self, customer_id: int, agreement_id: int | None) -> NewHome:
        try:
            return self.homes.one(customer_id, agreement_id or 0)
        except Unknown as gone:
            raise NotShared from gone
