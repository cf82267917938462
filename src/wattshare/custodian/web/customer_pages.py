"""The pages of customers who are signed in, put together."""

from dataclasses import dataclass

from wattshare.custodian.services.consent import Consent
from wattshare.custodian.services.delegates import Delegates
from wattshare.custodian.services.directory import Directory
from wattshare.custodian.services.funnel import Funnel
from wattshare.custodian.services.hiding import Hiding
from wattshare.custodian.services.homes import Homes
from wattshare.custodian.services.overview import Overview
from wattshare.custodian.services.own_data import OwnData
from wattshare.custodian.services.own_usage import OwnUsage
from wattshare.custodian.services.tokens import Tokens
from wattshare.custodian.services.waiting import Waiting
from wattshare.custodian.web.apps import Apps
from wattshare.custodian.web.changing import Changing
from wattshare.custodian.web.choosing import Choosing
from wattshare.custodian.web.deciding import Deciding
from wattshare.custodian.web.delegating import Delegating
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.new_homes import NewHomes
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.receipts import ReceiptPages
from wattshare.custodian.web.reviewing import Reviewing
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.sharing import Sharing
from wattshare.custodian.web.usage import OwnUsagePages


@dataclass(frozen=True, kw_only=True)
class CustomerPages:
    """Everything after the sign-in."""

    lobby: Lobby
    pages: Pages
    consent: Consent
    tokens: Tokens
    overview: Overview
    own: OwnData
    usage: OwnUsage
    funnel: Funnel
    delegates: Delegates
    homes: Homes
    hiding: Hiding

    def routes(self) -> tuple[Route, ...]:
        """Of each part."""
        lobby, pages, consent, overview = self.lobby, self.pages, self.consent, self.overview
        waiting = Waiting(store=lobby.store, now=lobby.now)
        reviewing = Reviewing(lobby=lobby, pages=pages, own=self.own, overview=overview, receipts=consent.receipts)
        choosing = Choosing(lobby=lobby, pages=pages, consent=consent)
        parts = (
            choosing,
            Deciding(
                lobby=lobby,
                pages=pages,
                consent=consent,
                tokens=self.tokens,
                reviewing=reviewing,
                funnel=self.funnel,
                choosing=choosing,
            ),
            Sharing(
                lobby=lobby,
                pages=pages,
                consent=consent,
                overview=overview,
                waiting=waiting,
                homes=self.homes,
                delegates=self.delegates,
                hiding=self.hiding,
            ),
            NewHomes(lobby=lobby, pages=pages, homes=self.homes),
            ReceiptPages(lobby=lobby, pages=pages, overview=overview, receipts=consent.receipts),
            Changing(lobby=lobby, pages=pages, consent=consent, reviewing=reviewing),
            Apps(lobby=lobby, pages=pages, directory=Directory(store=lobby.store), overview=overview),
            Delegating(lobby=lobby, pages=pages, delegates=self.delegates),
            OwnUsagePages(lobby=lobby, pages=pages, usage=self.usage),
        )
        return tuple(route for part in parts for route in part.routes())
