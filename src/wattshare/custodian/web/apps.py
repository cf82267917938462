"""Sharing that begins here: the list of apps, an app's own page, and the way to where the app asks."""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from wattshare.custodian.model.errors import Unknown
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.services.directory import Directory
from wattshare.custodian.services.finding import PAGE, paged
from wattshare.custodian.services.overview import Overview
from wattshare.custodian.web import words
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.names import cut
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.wishes import number_of
from wattshare.espi.days import day_of
from wattshare.espi.endpoints import Token
from wattshare.espi.kinds import Kind

SIGN_IN = "/sharing/sign-in"


@dataclass(frozen=True, kw_only=True)
class Apps:
    """Handlers of the directory."""

    lobby: Lobby
    pages: Pages
    directory: Directory
    overview: Overview

    def routes(self) -> tuple[Route, ...]:
        """For who is signed in: the request that the app sends then needs no second sign-in."""
        return (
            Route(path="/sharing/apps", token=Token.SESSION, handler=self.listing),
            Route(path="/sharing/app", token=Token.SESSION, handler=self.page),
            Route(path="/sharing/app/start", token=Token.SESSION, handler=self.start),
        )

    def listing(self, call: Call) -> Response:
        """Every app that is listed."""
        if self.lobby.customer(call) is None:
            return self.lobby.sign_in_first(call)
        text = (call.query.first("find") or "")[:200]
        every = self.directory.apps(text)
        few = paged(every, number_of(call, "page") or 1)
        return self.pages.draw(
            call,
            "apps.html",
            listed=[(one.id, cut(one.name), one.purpose, site_of(one)) for one in few.items],
            few=few,
            find=text,
            many=bool(text) or few.count > PAGE,
            address=lambda number: f"/sharing/apps?{urlencode({'find': text, 'page': number})}",
        )

    def page(self, call: Call) -> Response:
        """What one app is and would ask for."""
        if (known := self.lobby.customer(call)) is None:
            return self.lobby.sign_in_first(call)
        _, customer_id = known
        entry = self.directory.app(self._number(call))
        party, tongue = entry.party, self.pages.tongue(call)
        shared = self.overview.shares_with(customer_id, party.id)

        def named(kinds: frozenset[Kind]) -> list[str]:
            asked = {Kind.USAGE: words.used(tongue, sorted(party.commodities))}
            return [asked.get(kind) or words.title(tongue, kind) for kind in Kind if kind in kinds]

        return self.pages.draw(
            call,
            "app.html",
            party=party,
            app=cut(party.name),
            partner=cut(entry.partner.name) if entry.partner else None,
            site=site_of(party),
            since=tongue.month(day_of(party.registered_at, self.pages.zone)),
            required=named(party.kinds_required),
            optional=named(party.kinds_optional),
            shared=shared,
        )

    def start(self, call: Call) -> Response:
        """To where the app's customers start; it asks from there."""
        if self.lobby.customer(call) is None:
            return Response.redirect(SIGN_IN)
        party = self.directory.app(self._number(call)).party
        return Response.redirect(party.portal_uri or "/sharing/apps", status=302)

    @staticmethod
    def _number(call: Call) -> int:
        if (number := number_of(call, "app")) is None:
            raise Unknown("No app is named.")
        return number


def site_of(party: ThirdParty) -> str:
    """Where an app is."""
    return urlsplit(party.portal_uri or "").hostname or ""
