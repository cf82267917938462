"""What we send, to the byte: a document for every row of the table, by both profiles, compared with tests/wire.

`make wire` writes them anew; whoever does so reads them again beside the real ones.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.conversations.stage import OAUTH, TEST_OAUTH, Desk, Person, channel, desk, metered
from tests.custodian.houses import BASE, Home, Receivers, StoppedClock, TestHouse, with_lifespan
from tests.custodian.stores import hurried
from tests.espi.schemas import faults
from wattshare.custodian.app import assemble
from wattshare.custodian.front import Front
from wattshare.custodian.model.premises import Commodity, Enrollment, Meter, ProgramCode, ProgramEnrollment
from wattshare.custodian.settings import Settings
from wattshare.custodian.store.keys import Keys
from wattshare.espi import basics, bills, ids
from wattshare.espi.atom import Feed
from wattshare.espi.fields import SchemaSet
from wattshare.espi.kinds import Kind
from wattshare.espi.profile import PROFILES, Profile
from wattshare.espi.wire import read
from wattshare.thirdparty.tokens import Tokens

SCHEMAS = {
    "PGE": (SchemaSet.PGE_2018,),
    "STANDARD": (SchemaSet.ESPI_4_0, SchemaSet.CERT_2019),
}
WIRE = Path(__file__).parents[1] / "wire"
# Saturday, and Sunday on which the clocks went forward
DAYS = (date(2024, 3, 9), date(2024, 3, 10))
BOTH = (Commodity.ELECTRICITY, Commodity.GAS)


def counted(form: str) -> Callable[[], str]:
    """Texts that differ, and are the same in every run."""
    numbers = count(1)
    return lambda: form.format(next(numbers))


@dataclass
class Scene:
    """One house with one story in it."""

    house: TestHouse
    acme: Desk
    home: Home
    other: Home
    tokens: Tokens = field(init=False)
    # where the browser was sent with the code, and what the code gave
    redirect: str = field(init=False)
    code_tokens: bytes = field(init=False)

    def __post_init__(self) -> None:
        """The customers share."""
        journey = self.acme.journey()
        journey = replace(journey, url=re.sub(r"state=[^&]+", "state=s", journey.url))
        self.redirect = Person(self.house, self.home).share(journey, until=date(2024, 12, 31))
        self.code_tokens = self.token(
            OAUTH, grant_type="authorization_code", code=code_in(self.redirect), redirect_uri=journey.redirect_uri
        )
        said = json.loads(self.code_tokens)
        self.tokens = Tokens(
            subscription=said["authorizationURI"].rpartition("/")[2],
            access_token=said["access_token"],
            expires_at=self.house.clock() + said["expires_in"],
        )
        self.acme.client.store.keep(self.tokens)
        self.acme.connect(self.other, kinds=[Kind.BILLING, Kind.BASIC], pages=True)
        self.acme.told()

    @property
    def electric(self) -> str:
        """Below the resource root: the usage point of electricity."""
        return f"/Subscription/{self.tokens.subscription}/UsagePoint/{self.home.usage_points[0]}"

    @property
    def delivered(self) -> str:
        """Its first meter reading."""
        return f"{self.electric}/MeterReading/{ids.meter_reading_id(ids.reading_type_id(72, None, 3600, 1), 1)}"

    @property
    def bill(self) -> str:
        """Its one summary."""
        return f"{self.electric}/UsageSummary/{ids.summary_id(self.house.midnight(2))}"

    def by_access(self, path: str) -> bytes:
        """Asked with the customer's token."""
        return document(self.acme.ask(path, self.acme.token(self.tokens.subscription), accept_encoding="identity"))

    def by_client(self, path: str) -> bytes:
        """Asked with the third party's own token."""
        return document(self.acme.ask(path, self.client_token, accept_encoding="identity"))

    def by_registration(self, path: str) -> bytes:
        """Asked with the registration access token."""
        return document(self.acme.ask(path, self.acme.registered.registration_token))

    @cached_property
    def client_token(self) -> str:
        """One client token for everything."""
        return self.acme.client_token()

    @cached_property
    def bulk(self) -> dict[str, list[bytes]]:
        """The files of every row that is answered later, by the row's path."""
        number, subscription = self.acme.bulk_id, self.tokens.subscription
        window = f"?published-min={self.house.midnight(4)}"
        paths = [f"/Batch/Bulk/{number}{window}", f"/Batch/Subscription/{subscription}{window}"]
        paths += [f"/Batch/BulkRetailCustomerInfo/{number}", f"/Batch/BulkRetailDRPrgInfo/{number}"]
        for path in paths:
            token = self.client_token if "Bulk" in path else self.acme.token(subscription)
            assert self.acme.ask(path, token).status_code == 202
        made: dict[str, list[bytes]] = {}
        for url in self.acme.files():
            made.setdefault(urlsplit(url).path.split("/")[6], []).append(self.by_client(url))
        return made

    @cached_property
    def notices(self) -> list[bytes]:
        """The bodies of a batch's notice and of a withdrawal's."""
        house, before = self.house, len(self.house.receivers.heard)
        assert self.acme.ask(f"/Batch/Bulk/{self.acme.bulk_id}", self.client_token).status_code == 202
        house.work()
        return [body for _, body, _ in house.receivers.heard[before:]]

    @cached_property
    def withdrawal(self) -> list[bytes]:
        """The notice of an authorization that a third party has ended, and its entry from then on."""
        beta = desk(self.house, "Beta Solar")
        tokens = beta.connect(self.other, kinds=[], pages=True)
        self.house.work()
        before = len(self.house.receivers.heard)
        beta.client.revoke(tokens.subscription)
        self.house.work()
        [(_, body, _)] = self.house.receivers.heard[before:]
        return [body, document(beta.ask(f"/Authorization/{tokens.subscription}", beta.client_token()))]

    def token(self, root: str, accept: str = "*/*", **fields: str) -> bytes:
        """An answer of a token endpoint."""
        party = self.acme.registered
        answer = self.house.browser.post(
            root + "/token",
            data=fields,
            auth=(party.party.client_id, party.client_secret),
            headers={"accept": accept},
        )
        return document(answer)

    @cached_property
    def rehearsal(self) -> str:
        """Where the test authorize endpoint sends the browser."""
        journey = self.acme.journey(test=True, scope="FB=4_5_15")
        url = re.sub(r"state=[^&]+", "state=s", journey.url)
        return str(self.house.browser.get(url).headers["location"])

    @cached_property
    def test_tokens(self) -> bytes:
        """What the dummy code gives."""
        redirect, code = self.acme.registered.party.redirect_uris[0], code_in(self.rehearsal)
        return self.token(TEST_OAUTH, grant_type="authorization_code", code=code, redirect_uri=redirect)


def code_in(location: str) -> str:
    """The code that a browser came back with."""
    return parse_qs(urlsplit(location).query)["code"][0]


def document(answer: httpx2.Response) -> bytes:
    """The body of an answer that is one."""
    assert answer.status_code == 200, answer.text
    return answer.content


# file name, and the document of a scene. Rows 11 and 16's likes answer with no body at first
DOCUMENTS: dict[str, Callable[[Scene], bytes]] = {
    "row-01-test-authorize.txt": lambda scene: scene.rehearsal.encode(),
    "row-02-test-token.json": lambda scene: scene.test_tokens,
    "row-03-sample-data.xml": lambda scene: scene.by_client("/DownloadSampleData"),
    "row-04-application-information.xml": lambda scene: scene.by_registration(
        f"/ApplicationInformation/{scene.acme.registered.party.application_id}"
    ),
    "row-05-service-status.xml": lambda scene: scene.by_client("/ReadServiceStatus"),
    "row-06-local-times.xml": lambda scene: scene.by_access("/LocalTimeParameters"),
    "row-07-local-time.xml": lambda scene: scene.by_access("/LocalTimeParameters/1"),
    "row-08-notification.xml": lambda scene: scene.notices[0],
    "row-08-notification-of-withdrawal.xml": lambda scene: scene.withdrawal[0],
    "row-09-authorize.txt": lambda scene: scene.redirect.encode(),
    "row-10-token-of-a-code.json": lambda scene: scene.code_tokens,
    "row-10-client-token.json": lambda scene: scene.token(OAUTH, grant_type="client_credentials"),
    "row-10-client-token.xml": lambda scene: scene.token(
        OAUTH, accept="application/xml", grant_type="client_credentials"
    ),
    "row-12-authorizations.xml": lambda scene: scene.by_client("/Authorization"),
    "row-13-authorization.xml": lambda scene: scene.by_client(f"/Authorization/{scene.tokens.subscription}"),
    "row-13-authorization-ended.xml": lambda scene: scene.withdrawal[1],
    "row-14-usage-points.xml": lambda scene: scene.by_access(f"/Subscription/{scene.tokens.subscription}/UsagePoint"),
    "row-15-usage-point.xml": lambda scene: scene.by_access(scene.electric),
    "row-16-batch-subscription-electricity.xml": lambda scene: scene.bulk["Subscription"][0],
    "row-16-batch-subscription-gas.xml": lambda scene: scene.bulk["Subscription"][1],
    "row-17-batch-usage-point.xml": lambda scene: scene.by_access("/Batch" + scene.electric),
    "row-18-reading-types.xml": lambda scene: scene.by_access("/ReadingType"),
    "row-19-reading-type.xml": lambda scene: scene.by_access(f"/ReadingType/{ids.reading_type_id(72, None, 3600, 19)}"),
    "row-20-usage-summaries.xml": lambda scene: scene.by_access(scene.electric + "/UsageSummary"),
    "row-21-usage-summary.xml": lambda scene: scene.by_access(scene.bill),
    "row-22-meter-readings.xml": lambda scene: scene.by_access(scene.electric + "/MeterReading"),
    "row-23-meter-reading.xml": lambda scene: scene.by_access(scene.delivered),
    "row-24-interval-blocks.xml": lambda scene: scene.by_access(scene.delivered + "/IntervalBlock"),
    "row-25-interval-block.xml": lambda scene: scene.by_access(
        f"{scene.delivered}/IntervalBlock/{scene.house.midnight(4)}"
    ),
    "row-26-batch-bulk-electricity.xml": lambda scene: scene.bulk["Bulk"][0],
    "row-26-batch-bulk-gas.xml": lambda scene: scene.bulk["Bulk"][1],
    "row-27-batch-retail-customer.xml": lambda scene: scene.by_access(
        f"/Batch/RetailCustomer/{scene.tokens.subscription}"
    ),
    "row-28-batch-bulk-retail-customers.xml": lambda scene: scene.bulk["BulkRetailCustomerInfo"][0],
    "row-29-batch-programs.xml": lambda scene: scene.by_access(f"/Batch/RetailDRPrgInfo/{scene.tokens.subscription}"),
    "row-30-batch-bulk-programs.xml": lambda scene: scene.bulk["BulkRetailDRPrgInfo"][0],
}


@contextmanager
def opened(profile: str, folder: Path, template: Path) -> Iterator[Scene]:
    """A house in which nothing is left to chance, and the people in it."""
    shutil.copy(template, folder / "wattshare.db")
    store = hurried(f"sqlite:///{folder / 'wattshare.db'}", Keys.make(folder / "keys.json"))
    clock, receivers = StoppedClock(), Receivers()
    settings = Settings(
        home=folder,
        public_base=BASE,
        profile=profile,
        tls="proxy",
        mutual_tls=False,
        proxy_addresses="127.0.0.1",
        rate_limits=False,
    )
    text, uuid, digits = counted("{:043d}"), counted("00000000-0000-4000-8000-{:012d}"), counted("{}")
    made = assemble(
        settings,
        store,
        clock,
        texts=lambda prefix: prefix + text(),
        new_uuid=uuid,
        outbound=receivers,  # type: ignore[arg-type]
    )
    made = replace(made, registration=replace(made.registration, hex_text=lambda length: digits().rjust(length, "a")))
    with ExitStack() as stack:
        stack.callback(store.close)
        browser = TestClient(
            with_lifespan(Front(made).application()),
            base_url=BASE,
            follow_redirects=False,
            client=("127.0.0.1", 50_000),
        )
        house = TestHouse(
            house=made, clock=clock, receivers=receivers, browser=stack.enter_context(browser), store=store
        )
        yield told(house)


def told(house: TestHouse) -> Scene:
    """The utility's codes, a third party, a home with everything and one with little."""
    with house.store.begin() as tx:
        tx.programs.put_code(ProgramCode(what="tou", code=4, name="WPK", note="Winter Peak"))
        tx.programs.put_code(ProgramCode(what="tou", code=6, name="WOP", note="Winter Off Peak"))
    acme = desk(
        house,
        purpose="We show you where your energy goes & what it costs.",
        phone="530 555 0199",
        contacts=("engineering@acme.example",),
    )
    home = house.home(commodities=BOTH, days=0, bills=0, name="Ada & Charles Elm")
    electric, gas = home.usage_points
    with house.store.begin() as tx:
        tx.customers.add_meter(
            Meter(usage_point_id=electric, serial="1009988776", utc_number="A1", interval_length=3600)
        )
        tx.programs.put(
            ProgramEnrollment(
                usage_point_id=electric,
                program="Peak Rewards",
                status=Enrollment.ENROLLED,
                description_uri="https://riverton.example/peak-rewards",
                dates=(("CUST_DR_PROGRAM_ENROLLMENT_DATE", house.midnight(100)),),
                capacity_reservation=150,
            )
        )
    metered(house, channel(house, electric), DAYS, lambda place: 1_067_300 + place, tou=6)
    metered(house, channel(house, electric, flow=19), DAYS[1:], lambda place: 0, tou=6)
    metered(house, channel(house, gas, gas=True, step=86_400), DAYS, lambda place: 103_659_540)
    billed(house, electric)
    gas_billed(house, gas)
    other = house.home(days=0, bills=0, name="Bob Oak")
    metered(house, channel(house, other.usage_points[0]), DAYS[:1], lambda place: -5)
    house.clock.advance(3_600)
    return Scene(house=house, acme=acme, home=home, other=other)


def billed(house: TestHouse, point: int) -> None:
    """A bill with lines: by use, by demand, a tax, and one of use without an amount."""
    start, end = house.midnight(34), house.midnight(4)
    period = basics.DateTimeInterval(duration=end - start, start=start)

    def measured(value: int, uom: int = 72) -> basics.SummaryMeasurement:
        return basics.SummaryMeasurement(power_of_ten_multiplier=-3, uom=uom, value=value)

    def line(kind: int, note: str, amount: int | None, **more: object) -> bills.LineItem:
        return bills.LineItem(item_kind=kind, note=note, amount=amount, item_period=period, **more)  # type: ignore[arg-type]

    summary = bills.UsageSummary(
        billing_period=period,
        bill_last_period=23_364_000,
        cost_additional_detail_last_period=(
            line(3, "Off peak energy", 21_000_000, measurement=measured(100_000_000), unit_cost=21_000),
            line(3, "Highest demand", 1_000_000, measurement=measured(4_000_000, 38)),
            line(5, "Utility users' tax", 1_364_000),
            line(10, "Winter off peak use", None, measurement=measured(46_000_000)),
        ),
        currency=840,
        overall_consumption_last_period=measured(146_000_000),
        quality_of_reading=17,
        status_time_stamp=house.midnight(2),
        commodity=1,
        tariff_profile="E-TOU-C",
        read_cycle="Q",
    )
    put(house, point, summary)


def gas_billed(house: TestHouse, point: int) -> None:
    """A bill of therms without lines."""
    start, end = house.midnight(34), house.midnight(4)
    summary = bills.UsageSummary(
        billing_period=basics.DateTimeInterval(duration=end - start, start=start),
        bill_last_period=4_210_000,
        currency=840,
        overall_consumption_last_period=basics.SummaryMeasurement(power_of_ten_multiplier=-3, uom=169, value=21_500),
        quality_of_reading=17,
        status_time_stamp=house.midnight(2),
        commodity=7,
        tariff_profile="G-1",
    )
    put(house, point, summary)


def put(house: TestHouse, point: int, summary: bills.UsageSummary) -> None:
    """Keep a bill that is dated two days ago."""
    with house.store.begin() as tx:
        revision = tx.revisions.begin("bills", house.clock())
        tx.bills.put(
            point, summary, house.midnight(2), revision=revision, at=house.clock(), profile=house.house.profile
        )


@dataclass(frozen=True)
class Wire:
    """Every document by one profile."""

    profile: Profile
    documents: dict[str, bytes]

    def file(self, name: str) -> Path:
        """Where a document is kept."""
        return WIRE / filed(name, self.profile.name)


def filed(name: str, profile: str) -> str:
    """The name of a document's file."""
    stem, _, ending = name.rpartition(".")
    return name if profile == "PGE" else f"{stem}-{profile.lower()}.{ending}"


@pytest.fixture(scope="module", params=sorted(PROFILES))
def wire(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Wire]:
    """All that is sent, once, in the order of the table: numbers are counted through it."""
    with opened(request.param, tmp_path_factory.mktemp("wire"), template) as scene:
        yield Wire(scene.house.house.profile, {name: make(scene) for name, make in DOCUMENTS.items()})


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_sent_is_what_was_reviewed(wire: Wire, name: str) -> None:
    if os.environ.get("WATTSHARE_WRITE_WIRE") == "1":
        wire.file(name).write_bytes(wire.documents[name])
    assert wire.documents[name].decode() == wire.file(name).read_text("utf-8")


def test_every_file_is_a_document_that_is_sent() -> None:
    known = {filed(name, profile) for name in DOCUMENTS for profile in PROFILES}
    assert {file.name for file in WIRE.glob("row-*")} == known


FEEDS = [name for name in DOCUMENTS if name.endswith(".xml") and "token" not in name]


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_is_as_new_as_the_newest_in_it_and_names_each_thing_once(wire: Wire, name: str) -> None:
    root = read(wire.documents[name]).root
    if not isinstance(root, Feed):
        return
    assert root.updated == max(entry.updated or 0 for entry in root.entries)
    for once in ([entry.id for entry in root.entries], [entry.self_href for entry in root.entries]):
        assert len(set(once)) == len(once)


@pytest.mark.parametrize("name", FEEDS)
def test_what_is_sent_is_valid_by_the_official_schemas(wire: Wire, name: str, fixtures: Path) -> None:
    for schema in SCHEMAS[wire.profile.name]:
        assert faults(wire.documents[name], fixtures, schema) == [], schema
