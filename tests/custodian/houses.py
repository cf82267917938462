"""A whole custodian in this process, on a clock that stands still until it is moved."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
from argon2 import PasswordHasher
from pydantic_settings import PydanticBaseSettingsSource
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from wattshare.custodian.app import assemble
from wattshare.custodian.exchange import Cause
from wattshare.custodian.front import Front
from wattshare.custodian.house import House
from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.packing import pack_columns
from wattshare.custodian.model.premises import Address, Agreement, Commodity, Customer, Login, UsagePoint
from wattshare.custodian.model.readings import Channel
from wattshare.custodian.outbound import Delivered, Failed
from wattshare.custodian.services.registration import Registered, Wish
from wattshare.custodian.settings import Settings
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi import basics, usage
from wattshare.espi.days import day_bounds
from wattshare.espi.ids import reading_type_id
from wattshare.espi.kinds import Kind

BASE = "https://share.example"
# Wednesday 13 March 2024, 12:00 in California: the clocks went forward on the Sunday before
NOON = 1_710_356_400
DAY = 86_400
EVERYTHING = frozenset(Kind)
PASSWORD = "correct horse battery staple"


@dataclass
class StoppedClock:
    """A clock that is moved by hand."""

    at: int = NOON

    def __call__(self) -> int:
        """UTC epoch seconds."""
        return self.at

    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self.at += seconds


@dataclass
class Receivers:
    """Stands in for the outside world: what was posted where, and what the receivers say to it."""

    heard: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    # of those that answer something else; None: taken
    answers: dict[str, Callable[[], Delivered | Failed | None]] = field(default_factory=dict)

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Delivered | Failed:
        """Take a notice, unless that receiver is down."""
        if url in self.down:
            return Failed(cause=Cause.NO_CONNECTION, milliseconds=3)
        if (answer := self.answers.get(url)) and (said := answer()) is not None:
            return said
        self.heard.append((url, body, dict(headers)))
        return Delivered(status=200, milliseconds=3)


@dataclass(frozen=True, kw_only=True)
class Home:
    """A customer with what is metered for them."""

    customer: Customer
    account_number: str
    phone: str
    login: str
    agreements: tuple[Agreement, ...]

    @property
    def usage_points(self) -> tuple[int, ...]:
        """Their usage points."""
        return tuple(agreement.usage_point_id for agreement in self.agreements)


@dataclass(kw_only=True)
class TestHouse:
    """The house, and everything that a story needs to be told in it."""

    __test__ = False

    house: House
    clock: StoppedClock
    receivers: Receivers
    browser: TestClient
    # the house's, but open for everything that a test puts there
    store: Store
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    # whether a customer has walked the pages of a consent
    walked: bool = False

    @property
    def transport(self) -> httpx2.BaseTransport:
        """The way in for a client, without sockets."""
        return self.browser._transport

    def third_party(self, name: str = "Acme Energy", **told: Any) -> Registered:
        """Register a third party; everything optional but usage."""
        slug = name.lower().replace(" ", "-")
        wish = Wish(
            name=name,
            redirect_uris=(f"https://{slug}.example/callback",),
            notification_uri=f"https://{slug}.example/notices",
            kinds_required=frozenset({Kind.USAGE}),
            kinds_optional=EVERYTHING - {Kind.USAGE},
        )
        return self.house.registration.register(replace(wish, **told))

    def home(
        self,
        *,
        commodities: tuple[Commodity, ...] = (Commodity.ELECTRICITY,),
        days: int = 3,
        bills: int = 1,
        name: str | None = None,
        mark: int = 0,
        customer_class: str = "RES",
    ) -> Home:
        """A customer with a service for each commodity, and so many days up to yesterday.

        Every value and amount begins with `mark`, and the last part of `name` is the street: whose an answer is can
        be seen in it.
        """
        number = next(self.numbers)
        with self.store.begin() as tx:
            customer = tx.customers.add_customer(
                name or f"Customer {number}", f"c{number}@home.example", customer_class
            )
            account_number = f"1000000{number:04d}"
            phone = f"530555{number:04d}"
            mailing = Address(line=f"{number} Post Rd", city="Riverton", state="CA", postal_code="95990")
            account = tx.customers.add_account(customer.id, account_number, phone=phone, mailing=mailing)
            location = tx.customers.add_location(replace(mailing, line=f"{number} {(name or 'Elm').split()[-1]} St"))
            login = f"customer{number}"
            tx.customers.add_login(Login(customer_id=customer.id, login=login, password_hash=HASH))
            agreements = []
            for commodity in commodities:
                point = UsagePoint(id=tx.customers.next_usage_point_id(), commodity=commodity, location_id=location.id)
                tx.customers.add_usage_point(point)
                agreements.append(
                    tx.customers.add_agreement(
                        point.id, account.id, f"99{point.id}", starts=self.midnight(400), tariff="E-1"
                    )
                )
        home = Home(
            customer=customer,
            account_number=account_number,
            phone=phone,
            login=login,
            agreements=tuple(agreements),
        )
        for agreement, commodity in zip(home.agreements, commodities, strict=True):
            self.meter(agreement.usage_point_id, commodity, days, mark)
            self.bill(agreement.usage_point_id, bills, mark)
        return home

    def holder(self, home: Home, name: str | None = None, *, since: int = 400, until: int | None = None) -> Home:
        """Another customer who holds a home's account too, from so many days ago to before so many."""
        number = next(self.numbers)
        with self.store.begin() as tx:
            customer = tx.customers.add_customer(name or f"Customer {number}", f"c{number}@home.example")
            login = f"customer{number}"
            tx.customers.add_login(Login(customer_id=customer.id, login=login, password_hash=HASH))
        self.hold(home, customer.id, since=since, until=until)
        return replace(home, customer=customer, login=login)

    def hold(self, home: Home, customer_id: int, *, since: int = 400, until: int | None = None) -> None:
        """Have a customer hold a home's account from so many days ago to before so many."""
        ends = None if until is None else self.midnight(until)
        with self.store.begin() as tx:
            account = tx.customers.by_account_number(home.account_number)
            assert account is not None
            tx.holders.put(account.id, customer_id, starts=self.midnight(since), ends=ends)

    def viewer(self, home: Home, customer_id: int, *, since: int = 400, until: int | None = None) -> None:
        """Let a customer see a home's account from so many days ago to before so many."""
        ends = None if until is None else self.midnight(until)
        with self.store.begin() as tx:
            account = tx.customers.by_account_number(home.account_number)
            assert account is not None
            tx.viewers.put(account.id, customer_id, starts=self.midnight(since), ends=ends)

    def midnight(self, days_ago: int) -> int:
        """The start of a local day so many days before today."""
        return day_bounds(self.day(days_ago), self.house.profile.zone)[0]

    def day(self, days_ago: int) -> date:
        """A local day so many days before today."""
        return datetime.fromtimestamp(self.clock(), self.house.profile.zone).date() - timedelta(days=days_ago)

    def meter(self, usage_point: int, commodity: Commodity, days: int, mark: int = 0) -> None:
        """Readings of whole days up to yesterday: quarter hours of electricity, days of gas."""
        if not days:
            return
        gas = commodity is Commodity.GAS
        metering = self.house.profile.metering(commodity.service_kind)
        assert metering is not None
        step = DAY if gas else 900
        content = usage.ReadingType(
            accumulation_behaviour=4,
            commodity=metering.commodity,
            currency=840,
            data_qualifier=12,
            default_quality=17,
            flow_direction=1,
            interval_length=step,
            kind=metering.kind,
            phase=metering.phase,
            power_of_ten_multiplier=metering.power_of_ten_multiplier,
            time_attribute=metering.time_attribute,
            uom=metering.uom,
            measuring_period=4 if gas else 2,
        )
        with self.store.begin() as tx:
            revision = tx.revisions.begin("test", self.clock())
            name = reading_type_id(metering.uom, None, step, 1)
            channel = tx.readings.add_channel(
                Channel(usage_point_id=usage_point, number=0, reading_type_id=name, reading_type=content)
            )
            for days_ago in range(days, 0, -1):
                start, end = day_bounds(self.day(days_ago), self.house.profile.zone)
                quarters = [mark + 1000 * place for place in range((end - start) // step)]
                values = [mark or 103_659_540] if gas else quarters
                block = pack_columns(
                    values,
                    usage_point_id=usage_point,
                    channel=channel.number,
                    start=start + metering.day_offset,
                    day_end=end,
                    step=end - start if gas else step,
                    quality=[(17,)] * len(values),
                    tou=None if gas else [6] * len(values),
                    revision=revision,
                    at=self.clock(),
                )
                tx.readings.put_block(block, "metered")

    def bill(self, usage_point: int, bills: int, mark: int = 0) -> None:
        """Bills of thirty days each, the last one dated two days ago."""
        with self.store.begin() as tx:
            revision = tx.revisions.begin("bills", self.clock())
            for number in range(bills):
                dated = self.midnight(2 + 30 * number)
                start = self.midnight(4 + 30 * (number + 1))
                period = basics.DateTimeInterval(duration=self.midnight(4 + 30 * number) - start, start=start)
                summary = usage.UsageSummary(
                    billing_period=period,
                    bill_last_period=mark or 23_364_000,
                    currency=840,
                    overall_consumption_last_period=basics.SummaryMeasurement(
                        power_of_ten_multiplier=-3, uom=72, value=mark or 146_000_000
                    ),
                    quality_of_reading=17,
                    status_time_stamp=dated,
                    commodity=1,
                    tariff_profile="E-1",
                )
                tx.bills.put(
                    usage_point, summary, dated, revision=revision, at=self.clock(), profile=self.house.profile
                )

    def share(self, party: Registered, home: Home, kinds: frozenset[Kind] = EVERYTHING) -> Authorization:
        """A permission without the pages: as if it had been given on paper."""
        [held] = self.house.consent.add_offline(party.party.name, home.usage_points, kinds, None)
        return held

    def work(self) -> int:
        """Do everything that is due. How many jobs."""
        return self.house.worker("test").drain()


# argon2id that hurries: the text of a hash says what it costs to check, and that is what most sign-ins here would take
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class Told(Settings):
    """What a test says, and a file in its home: no environment is looked through, which takes as long as all else."""

    @classmethod
    def settings_customise_sources(cls, *given: Any, **named: Any) -> tuple[PydanticBaseSettingsSource, ...]:
        """Without the one in the middle."""
        told, _, file = super().settings_customise_sources(*given, **named)
        return told, file


@contextmanager
def built(tmp_path: Path, store: Store, **settings: Any) -> Iterator[TestHouse]:
    """A house on a store. Mutual TLS is off unless the settings say otherwise."""
    clock, receivers = StoppedClock(), Receivers()
    values = {
        "home": tmp_path,
        "public_base": BASE,
        "tls": "proxy",
        "mutual_tls": False,
        "proxy_addresses": "127.0.0.1",
        "rate_limits": False,
    } | settings
    strict = replace(store, purpose=Purpose.HOUSE)
    house = assemble(Told(**values), strict, clock, outbound=receivers)  # type: ignore[arg-type]
    try:
        with TestClient(
            with_lifespan(Front(house).application()),
            base_url=BASE,
            follow_redirects=False,
            client=("127.0.0.1", 50_000),
        ) as browser:
            yield TestHouse(house=house, clock=clock, receivers=receivers, browser=browser, store=store)
    finally:
        # what it kept open; the engine goes on
        strict.views.close()
        strict.notes.close()


def with_lifespan(app: ASGIApp) -> ASGIApp:
    """The app for a client that opens and closes it; our own listener does neither."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})

    return answer


def new_uuid() -> str:
    """A random UUID."""
    return str(uuid.uuid4())


def utc(at: int) -> datetime:
    """A second as an aware datetime."""
    return datetime.fromtimestamp(at, UTC)
