"""The web side of the house: every route with its handler, and the listener. The worker does without it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from wattshare.custodian.chance import random_uuid
from wattshare.custodian.house import House
from wattshare.custodian.services.admission import Admission
from wattshare.custodian.services.disclosure.noting import Noting
from wattshare.custodian.services.metrics import Metrics
from wattshare.custodian.services.tongues import Tongues
from wattshare.custodian.web.additions import Additions
from wattshare.custodian.web.arriving import Arriving, Doors
from wattshare.custodian.web.brand import Brand
from wattshare.custodian.web.customer_pages import CustomerPages
from wattshare.custodian.web.edge import Edge
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.minding import Minding
from wattshare.custodian.web.oauth import OAuth
from wattshare.custodian.web.own import Own
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.proving import Proving
from wattshare.custodian.web.recovering import Recovering
from wattshare.custodian.web.refusals import Refusals
from wattshare.custodian.web.resources import Resources
from wattshare.custodian.web.routes import Route, Routes, routes
from wattshare.custodian.web.watching import watched


@dataclass(frozen=True)
class Front:
    """What answers people's browsers and third parties' programs."""

    house: House

    def application(self, more: Iterable[Route] = ()) -> Edge:
        """The web side."""
        return self.edge(self.table(more))

    def edge(self, every: Routes) -> Edge:
        """The web side of some routes."""
        noting = Noting(store=self.house.store, changed=self.house.recent.forget)
        note, refuse = noting.note, Refusals(pages=self.pages).answer
        return Edge.of(self.house.settings, every, new_id=random_uuid, note=note, refuse=refuse)

    @property
    def pages(self) -> Pages:
        """What people see."""
        house = self.house
        return Pages(
            utility=house.settings.utility_name,
            phone=house.settings.utility_phone,
            email=house.settings.utility_email,
            zone=house.profile.zone,
            tongues=Tongues.of(house.settings.catalogues),
            brand=Brand.read(house.settings.brand),
            secure=self.secure,
            session_seconds=house.settings.session_minutes * 60,
        )

    @property
    def doors(self) -> Doors:
        """The ways in."""
        house = self.house
        guests = house.settings.guest_ways
        return Doors(
            own=house.single.name if house.single else None,
            account=house.settings.account_sign_in,
            phone="phone" in guests,
            codes=house.codes.ways if "code" in guests else (),
            recovery=house.recovery.able and house.settings.account_sign_in,
        )

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.house.settings.public_base.startswith("https:")

    @property
    def lobby(self) -> Lobby:
        """Where people are told apart."""
        house = self.house
        return Lobby(
            store=house.store,
            now=house.now,
            new_id=partial(house.secrets, "wsq_"),
            sign_in=house.sign_in,
            base=house.addresses.base,
            secure=self.secure,
        )

    @property
    def resources(self) -> Resources:
        """The resource API."""
        house = self.house
        return Resources(
            admission=Admission(
                store=house.store,
                tokens=house.tokens,
                access=house.access,
                limits=house.limits,
                recent=house.recent,
            ),
            disclosure=house.disclosure,
            batches=house.batches,
            fetching=house.fetching,
            orders=house.orders,
            consent=house.consent,
            profile=house.profile,
            handed_over=house.settings.accel_prefix,
        )

    @property
    def additions(self) -> Additions:
        """What third parties have beside it."""
        house = self.house
        return Additions(
            tokens=house.tokens,
            access=house.access,
            limits=house.limits,
            ledger=house.delivery.ledger,
            signing=house.delivery.signing,
            outages=house.delivery.outages,
            orders=house.orders,
        )

    def table(self, more: Iterable[Route] = ()) -> Routes:
        """Every route, with its handler."""
        house, lobby = self.house, self.lobby
        pages = replace(self.pages, acting=lobby.acting)
        arriving = Arriving(
            lobby=lobby, pages=pages, funnel=house.funnel, codes=house.codes, doors=self.doors, single=house.single
        )
        oauth = OAuth(tokens=house.tokens, arriving=arriving, pages=pages, profile=house.profile)
        resources = self.resources
        handlers = resources.handlers() | oauth.handlers() | self.additions.handlers()
        arrivals = [*arriving.routes(), *Proving(arriving=arriving, codes=house.codes).routes()]
        if house.settings.account_sign_in:
            arrivals += Recovering(arriving=arriving, recovery=house.recovery).routes()
        if house.single is not None:
            arrivals += Own(arriving=arriving, single=house.single).routes()
        ours = CustomerPages(
            lobby=lobby,
            pages=pages,
            consent=house.consent,
            tokens=house.tokens,
            overview=house.overview,
            own=house.own_data,
            usage=house.own_usage,
            funnel=house.funnel,
            delegates=house.delegates,
            homes=house.homes,
            hiding=house.hiding,
        ).routes()
        minding = Minding(lobby=lobby, refusals=Refusals(pages=pages))
        added = (*oauth.more(), *minding.routes((*arrivals, *ours)), *more)
        return routes(house.profile, handlers, added, quick=resources.quick())

    def serve(self) -> None:
        """Serve until a signal ends it."""
        house = self.house
        # the listener is in the memory of those only who listen
        from wattshare.custodian.web import server  # noqa: PLC0415

        edge = self.application()
        with watched(house.settings.metrics_listen, Metrics(store=house.store, now=house.now), edge.requests):
            server.serve(edge, house.settings, house.registered)
