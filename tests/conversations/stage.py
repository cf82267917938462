"""A third party at its desk, a customer at a browser, and the house between them: all in one process.

The third party is the real client, the customer fills in the real pages, the notices go through the real
reception; only the sockets are left out, and the clock stands still.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.conversations.agreeing import agreed
from tests.custodian.houses import BASE, EVERYTHING, PASSWORD, Home, TestHouse, built, utc
from tests.custodian.stores import hurried
from wattshare.custodian.model.packing import pack_columns
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.readings import Channel
from wattshare.custodian.services.registration import Registered
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.trail import TrailEntry
from wattshare.espi.days import day_bounds
from wattshare.espi.kinds import Kind
from wattshare.espi.usage import ReadingType
from wattshare.thirdparty.browser import Browser, Form, Page
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.connect import Journey, begin, finish
from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.feeds import Source, readings, segment
from wattshare.thirdparty.inbox import Inbox, Notice
from wattshare.thirdparty.receiver import Reception
from wattshare.thirdparty.reply import Reply
from wattshare.thirdparty.retries import Patience
from wattshare.thirdparty.tokens import Tokens

RESOURCE = "/GreenButtonConnect/espi/1_1/resource"
OAUTH = "/datacustodian/oauth/v2"
TEST_OAUTH = "/datacustodian/test/oauth/v2"
USAGE = frozenset({Kind.USAGE})
# the custodian is in this process: what fails now fails a second later too
ONCE = Patience(tries=1)
DAY = 86_400


def migrated(folder: Path) -> Path:
    """A database with every table and nothing in it."""
    store = Store.connect(f"sqlite:///{folder / 'wattshare.db'}", Keys.make(folder / "keys.json"))
    store.upgrade()
    store.close()
    return folder / "wattshare.db"


@contextmanager
def opened(template: Path, folder: Path, **settings: Any) -> Iterator[TestHouse]:
    """A house on a copy of an empty database."""
    shutil.copy(template, folder / "wattshare.db")
    store = hurried(f"sqlite:///{folder / 'wattshare.db'}", Keys.make(folder / "keys.json"))
    try:
        with built(folder, store, **settings) as house:
            yield house
    finally:
        store.close()


@dataclass(kw_only=True)
class Desk:
    """A third party: its client, its inbox, and the customers that it sends to the house."""

    house: TestHouse
    registered: Registered
    client: Client
    inbox: Inbox
    folder: Path
    # of what the house has posted, how much was taken in
    heard: int = 0

    @property
    def bulk_id(self) -> int:
        """ThirdPartyID, which is BulkID."""
        return self.registered.party.id

    @property
    def name(self) -> str:
        """As registered."""
        return self.registered.party.name

    def journey(self, **asked: Any) -> Journey:
        """A browser's way to the consent page and back."""
        return begin(self.client.custodian, **asked)

    def connect(
        self, home: Home, *, guest: bool = False, pkce: bool = False, pages: bool = False, **chosen: Any
    ) -> Tokens:
        """The customer shares, and the code becomes tokens.

        On SQLite who is first in a story walks the pages. They are most of what a story takes, so the others do, and
        all on PostgreSQL, where they are what it is about: there it says `pages`, or is of a `Person`.
        """
        journey, house = self.journey(guest=guest, pkce=pkce), self.house
        if pages or guest or (house.store.engine.dialect.name == "sqlite" and not house.walked):
            house.walked = True
            return self.finish(journey, Person(house, home).share(journey, guest=guest, **chosen))
        return self.finish(journey, agreed(house.house, home, journey, **chosen))

    def finish(self, journey: Journey, arrived_at: str) -> Tokens:
        """The browser came back: its code becomes tokens."""
        return finish(self.client, journey, arrived_at)

    def listen(self) -> list[Notice]:
        """Take in what the house has posted here since the last time, through the real reception."""
        taken: list[Notice] = []
        posted = self.house.receivers.heard[self.heard :]
        self.heard = len(self.house.receivers.heard)
        for url, body, headers in posted:
            if url == self.address:
                said = {name.lower(): value for name, value in headers.items()}
                said["content-length"] = str(len(body))
                # it is heard when it is sent, whenever this is asked
                reception = self.reception(utc(int(said["webhook-timestamp"])), taken)
                assert reception.refuse("POST", urlsplit(url).path, said) is None
                assert reception.take(body, said).status == 200
        return taken

    def reception(self, at: datetime, taken: list[Notice]) -> Reception:
        """Its receiver at a moment."""
        path = urlsplit(self.address).path
        custodian, heard = self.client.custodian, taken.append
        return Reception(custodian=custodian, inbox=self.inbox, path=path, now=lambda: at, heard=heard)

    @property
    def address(self) -> str:
        """Where its notices go."""
        assert self.registered.party.notification_uri is not None
        return self.registered.party.notification_uri

    def told(self) -> list[str]:
        """The house's worker works; every address that is told of here."""
        self.house.work()
        return [url for notice in self.listen() for url in notice.urls]

    def files(self) -> list[str]:
        """The same, of prepared files alone."""
        return [url for url in self.told() if "correlationID=" in url]

    def token(self, subscription: str) -> str:
        """The access token that it keeps for an authorization."""
        kept = self.client.store.find(subscription)
        assert kept is not None
        return kept.access_token

    def client_token(self) -> str:
        """A fresh token of its own."""
        return self.client.grants.client_token().value

    def ask(self, url: str, token: str, *, method: str = "GET", **headers: str) -> httpx2.Response:
        """One request without the client's help: path or whole URL, bearer and headers as they are said."""
        target = url.removeprefix(BASE)
        said = {
            "authorization": f"Bearer {token}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        target = target if target.startswith(RESOURCE) else RESOURCE + target
        return self.house.browser.request(method, target, headers=said)


def desk(house: TestHouse, name: str = "Acme Energy", *, test: bool = False, **told: Any) -> Desk:
    """Register a third party and sit down at its desk."""
    registered = house.third_party(name, **told)
    party = registered.party
    custodian = Custodian(
        resource=BASE + RESOURCE,
        oauth=BASE + OAUTH,
        test_oauth=BASE + TEST_OAUTH,
        client_id=party.client_id,
        client_secret=registered.client_secret,
        profile=house.house.profile,
        redirect_uri=next(iter(party.redirect_uris), None),
        application_id=party.application_id,
        registration_token=registered.registration_token,
        notice_secrets=tuple(f"whsec_{key.secret}" for key in house.house.delivery.signing.secrets(party.id)),
    )
    client = Client(custodian, transport=house.transport, now=lambda: utc(house.clock()), patience=ONCE, test=test)
    folder = house.house.settings.home / party.client_id
    return Desk(house=house, registered=registered, client=client, inbox=Inbox(folder / "inbox"), folder=folder)


@dataclass(frozen=True)
class Person:
    """A customer at a browser."""

    house: TestHouse
    home: Home
    base: str = BASE

    def share(
        self,
        journey: Journey,
        *,
        guest: bool = False,
        kinds: Iterable[Kind] = EVERYTHING,
        agreements: Sequence[int] | None = None,
        until: date | None = None,
    ) -> str:
        """Sign in, choose, share. Where the browser is sent at last; without `until` sharing goes on until stopped."""
        chosen = self.agreements if agreements is None else agreements
        with self.browser(journey.redirect_uri) as browser:
            page = self.choose(browser, self.sign_in(browser, browser.open(journey.url), guest=guest), chosen)
            form = form_with(page, "share")
            for field in form.fields:
                match field.name:
                    case "kind":
                        field.checked = field.value in set(kinds)
                    case "until":
                        field.checked = field.value == ("stop" if until is None else "day")
                    case "until_day" if until is not None:
                        field.value = until.isoformat()
            page = browser.submit(page, form, form.button("share"))
            assert "can now see" in page.text, page.words
            page = browser.submit(page, form_with(page, "go back"), None)
        assert page.arrived, page.words
        return page.url

    @staticmethod
    def choose(browser: Browser, page: Page, agreements: Sequence[int]) -> Page:
        """Tick homes, where there are several to choose from. The page of the decision."""
        form = next((one for one in page.forms if any(field.name == "agreement" for field in one.fields)), None)
        if form is None or form.button("share"):
            return page
        for field in form.fields:
            field.checked = field.name == "agreement" and int(field.value) in agreements
        return browser.submit(page, form, form.button("continue"))

    def decline(self, journey: Journey) -> str:
        """Sign in, read, and say no."""
        with self.browser(journey.redirect_uri) as browser:
            page = self.choose(browser, self.sign_in(browser, browser.open(journey.url)), self.agreements)
            form = form_with(page, "share")
            page = browser.submit(page, form, form.button("don"))
        assert page.arrived, page.words
        return page.url

    def reads(self, journey: Journey) -> str:
        """The words of the consent page."""
        with self.browser(journey.redirect_uri) as browser:
            return self.choose(browser, self.sign_in(browser, browser.open(journey.url)), self.agreements).text

    @property
    def agreements(self) -> list[int]:
        """All of them."""
        return [agreement.id for agreement in self.home.agreements]

    def stop(self, name: str) -> str:
        """Stop sharing with a third party on the customer's own page. What the page says then."""
        with self.browser(f"{self.base}/nowhere") as browser:
            page = self.sign_in(browser, browser.open(f"{self.base}/sharing"))
            form = form_with(page, f"stop sharing with {name.lower()}")
            page = browser.submit(page, form, form.buttons[0])
            form = form_with(page, "stop sharing")
            return browser.submit(page, form, form.buttons[0]).text

    def before_stopping(self, name: str) -> str:
        """The words of the page that asks whether to stop sharing with a third party."""
        with self.browser(f"{self.base}/nowhere") as browser:
            page = self.sign_in(browser, browser.open(f"{self.base}/sharing"))
            form = form_with(page, f"stop sharing with {name.lower()}")
            return browser.submit(page, form, form.buttons[0]).text

    def browser(self, waits_for: str) -> Browser:
        """A browser without a past."""
        return Browser(self.house.transport, waits_for=waits_for)

    def sign_in(self, browser: Browser, page: Page, *, guest: bool = False) -> Page:
        """Fill in the form: login and password, or account number and phone."""
        known = (
            {"account_number": self.home.account_number, "phone": self.home.phone}
            if guest
            else {
                "login": self.home.login,
                "password": PASSWORD,
            }
        )
        form = next(one for one in page.forms if known.keys() <= {field.name for field in one.fields})
        for field in form.fields:
            field.value = known.get(field.name, field.value)
        page = browser.submit(page, form, form.buttons[0])
        assert page.status == 200, page.words
        return page


def form_with(page: Page, words: str) -> Form:
    """The form whose button begins with these words."""
    found = [form for form in page.forms if form.button(words)]
    assert found, f"no button says {words!r}: {page.words}"
    return found[0]


# what is metered


def channel(
    house: TestHouse, usage_point: int, *, flow: int = 1, step: int = 3600, gas: bool = False, serial: str | None = None
) -> Channel:
    """A channel of a usage point: hours of electricity unless said otherwise."""
    commodity = Commodity.GAS if gas else Commodity.ELECTRICITY
    metering = house.house.profile.metering(commodity.service_kind)
    assert metering is not None
    content = ReadingType(
        accumulation_behaviour=4,
        commodity=metering.commodity,
        currency=840,
        data_qualifier=12,
        default_quality=17,
        flow_direction=flow,
        interval_length=step,
        kind=metering.kind,
        phase=metering.phase,
        power_of_ten_multiplier=metering.power_of_ten_multiplier,
        time_attribute=metering.time_attribute,
        uom=metering.uom,
        measuring_period={86_400: 4, 900: 2}.get(step, 7),
    )
    with house.store.begin() as tx:
        return tx.readings.add_channel(
            Channel(usage_point_id=usage_point, number=0, reading_type_id="", reading_type=content, meter_serial=serial)
        )


def metered(
    house: TestHouse,
    of: Channel,
    days: Iterable[date],
    value: Callable[[int], int] = lambda place: 1000 + place,
    *,
    quality: int = 17,
    tou: int | None = None,
) -> None:
    """Whole days of a channel, in one revision; `value` is given the reading's place in its day."""
    step = of.reading_type.interval_length or 3600
    offset = 1 if step == DAY else 0
    with house.store.begin() as tx:
        revision = tx.revisions.begin("metered", house.clock())
        for day in days:
            start, end = day_bounds(day, house.house.profile.zone)
            count = (end - start) // step or 1
            block = pack_columns(
                [value(place) for place in range(count)],
                usage_point_id=of.usage_point_id,
                channel=of.number,
                start=start + offset,
                day_end=end,
                step=end - start if step == DAY else step,
                quality=[(quality,)] * count,
                tou=None if tou is None else [tou] * count,
                revision=revision,
                at=house.clock(),
            )
            tx.readings.put_block(block, "metered")


# what is read


def days_of(house: TestHouse, source: Source) -> list[date]:
    """The local days of which an answer or a file has readings, each once."""
    measured = readings(source)
    return list(dict.fromkeys(one.start.astimezone(house.house.profile.zone).date() for one in measured))


def contents(reply: Reply) -> list[str]:
    """What stands in an answer: the class of each entry's content, repeats in a row once."""
    names: list[str] = []
    for entry in reply.entries():
        names += [type(one).__name__ for one in entry.content if names[-1:] != [type(one).__name__]]
    return names


def points_in(reply: Reply) -> list[str]:
    """The usage points that an answer tells of."""
    found = (segment(entry.self_href, "UsagePoint") for entry in reply.entries())
    return list(dict.fromkeys(point for point in found if point))


def trail(house: TestHouse) -> tuple[TrailEntry, ...]:
    """Everything that was written down."""
    with house.store.read() as tx:
        return tx.trail.since(0)
