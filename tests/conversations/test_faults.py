"""A third party's client at a utility that is unruly, in every way in which the sandbox can be."""

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import stamina

from tests.conversations.stage import Desk, desk
from tests.custodian.houses import TestHouse, utc
from wattshare.custodian.front import Front
from wattshare.custodian.sandbox.faults import MEANT, Fault, Faults, fault_named, faults_of
from wattshare.custodian.sandbox.unruly import SLOW_SECONDS, Gate, hand, unruly
from wattshare.custodian.settings import BadSettings
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.errors import CertificateRefused, Unavailable
from wattshare.thirdparty.feeds import readings
from wattshare.thirdparty.retries import Patience

ROOT = Path(__file__).parents[2]


@dataclass(kw_only=True)
class Unruly:
    """A house with faults, and a third party with the client's usual patience."""

    house: TestHouse
    faults: Faults
    acme: Desk
    waited: list[float] = field(default_factory=list)

    def turn(self, fault: Fault, *, on: bool = True) -> None:
        """Turn a fault on or off."""
        # two writes within a tick of the file system's clock would look like one
        time.sleep(0.01)
        self.faults.turn(fault, on=on)

    def work(self) -> None:
        """Do all that is due."""
        hand(self.house.house.worker("test"), self.house.house, self.faults).drain()

    def files(self) -> list[str]:
        """The files that are told of now, each as often as it comes."""
        self.work()
        return [url for notice in self.acme.listen() for url in notice.urls if "correlationID" in url]


@pytest.fixture
def engine() -> str:
    """Faults stand before the store, whichever it is."""
    return "sqlite"


@pytest.fixture
def told(house: TestHouse) -> Unruly:
    """Everybody, and no fault yet."""
    acme, faults = desk(house), Faults(house.house.settings.home)
    made = Unruly(house=house, faults=faults, acme=acme)
    house.house = unruly(house.house, faults)
    gate = Gate(house=house.house, faults=faults, wait=made.waited.append)
    edge = Front(house.house).edge(gate.around(lambda one: Front(one).table()))
    house.browser._transport.app = edge  # type: ignore[attr-defined]
    acme.client = Client(
        acme.client.custodian, transport=house.transport, now=lambda: utc(house.clock()), patience=Patience()
    )
    return made


def test_a_late_file_is_waited_for(told: Unruly) -> None:
    tokens = told.acme.connect(told.house.home())
    told.turn(Fault.LATE_BATCH)
    order = told.acme.client.subscription(tokens.subscription)
    assert told.files() == []
    assert told.acme.client.order_status(order).is_open
    told.house.clock.advance(3_599)
    assert told.files() == []
    told.house.clock.advance(1)
    [url] = told.files()
    assert told.acme.client.fetch(url).status == 200


def test_a_late_file_is_made_when_the_fault_is_off(told: Unruly) -> None:
    tokens = told.acme.connect(told.house.home())
    told.turn(Fault.LATE_BATCH)
    told.acme.client.subscription(tokens.subscription)
    assert told.files() == []
    told.turn(Fault.LATE_BATCH, on=False)
    told.house.clock.advance(60)
    assert len(told.files()) == 1


def test_an_order_without_end_is_cancelled(told: Unruly) -> None:
    tokens = told.acme.connect(told.house.home())
    told.turn(Fault.ENDLESS_202)
    order = told.acme.client.subscription(tokens.subscription)
    for _ in range(3):
        told.house.clock.advance(600)
        assert told.files() == []
        assert told.acme.client.order_status(order).state == "waiting"
    assert told.acme.client.cancel(order).state == "cancelled"
    told.turn(Fault.ENDLESS_202, on=False)
    told.acme.client.subscription(tokens.subscription)
    assert len(told.files()) == 1


def test_a_notice_that_comes_twice_is_kept_once(told: Unruly) -> None:
    tokens = told.acme.connect(told.house.home())
    told.turn(Fault.NOTICE_TWICE)
    told.acme.client.subscription(tokens.subscription)
    urls = told.files()
    posted = [body for _, body, _ in told.house.receivers.heard if b"correlationID" in body]
    assert (len(posted), len(set(posted)), len(set(urls))) == (2, 1, 1)
    fetched = [one for one in told.acme.inbox.drain(told.acme.client, told.acme.folder / "in") if "?" in one.url]
    assert [one.outcome for one in fetched] == ["fetched"]


def test_a_notice_that_is_lost_comes_again(told: Unruly) -> None:
    tokens = told.acme.connect(told.house.home())
    told.turn(Fault.NOTICE_LOST_ONCE)
    told.acme.client.subscription(tokens.subscription)
    assert told.files() == []
    told.house.clock.advance(600)
    [url] = told.files()
    assert told.acme.client.fetch(url).status == 200


@pytest.mark.parametrize("fault", [Fault.TOO_MANY, Fault.BURSTS_OF_5XX])
def test_the_client_waits_and_asks_again(told: Unruly, fault: Fault) -> None:
    home = told.house.home(days=2)
    tokens = told.acme.connect(home)
    told.turn(fault)
    with stamina.set_testing(True, attempts=5):
        for _ in range(4):
            reply = told.acme.client.batch(tokens.subscription, home.usage_points[0])
            assert len(list(readings(reply))) == 2 * 96


def test_tokens_that_end_soon_are_replaced(told: Unruly) -> None:
    told.turn(Fault.SHORT_TOKENS)
    home = told.house.home(days=1)
    tokens = told.acme.connect(home)
    for _ in range(3):
        told.house.clock.advance(21)
        assert told.acme.client.batch(tokens.subscription, home.usage_points[0]).status == 200
        assert told.acme.client.status()


def test_an_expired_certificate_is_named(told: Unruly) -> None:
    home = told.house.home(days=1)
    tokens = told.acme.connect(home)
    told.turn(Fault.EXPIRED_CERTIFICATE)
    with pytest.raises(CertificateRefused):
        told.acme.client.batch(tokens.subscription, home.usage_points[0])
    told.turn(Fault.EXPIRED_CERTIFICATE, on=False)
    assert told.acme.client.batch(tokens.subscription, home.usage_points[0]).status == 200


def test_slow_answers_come(told: Unruly) -> None:
    told.turn(Fault.SLOW_ANSWERS)
    assert told.acme.client.status()
    assert told.waited == [SLOW_SECONDS]
    assert told.acme.client.patience.pause > 2 * SLOW_SECONDS


@pytest.mark.parametrize("others", [0, 1])
def test_who_stops_sharing_in_mid_download_is_not_kept(told: Unruly, others: int) -> None:
    tokens = told.acme.connect(told.house.home())
    staying = [told.house.home() for _ in range(others)]
    for home in staying:
        told.acme.connect(home)
    told.acme.client.bulk(told.house.day(3))
    [url] = told.files()
    list(told.acme.inbox.drain(told.acme.client, told.acme.folder / "before"))
    told.turn(Fault.REVOKED_IN_MID_DOWNLOAD)
    hasty = Client(
        told.acme.client.custodian,
        transport=told.house.transport,
        now=lambda: utc(told.house.clock()),
        patience=Patience(tries=1),
    )
    with pytest.raises(Unavailable):
        hasty.fetch(url)
    # the client is told whose data it must not ask for any more, and the file is there without them
    told.work()
    told.acme.listen()
    outcomes = [one.outcome for one in told.acme.inbox.drain(told.acme.client, told.acme.folder / "in")]
    assert outcomes == ["ended"]
    assert told.acme.client.store.find(tokens.subscription) is None
    points = {one.usage_point for one in readings(told.acme.client.fetch(url))}
    assert points == {str(home.usage_points[0]) for home in staying}


# the switch


def test_faults_are_kept_for_every_process_and_named(tmp_path: Path) -> None:
    one, other = Faults(tmp_path), Faults(tmp_path)
    assert other.on() == frozenset()
    one.turn(Fault.TOO_MANY, on=True)
    assert other.on() == {Fault.TOO_MANY}
    assert fault_named("429") is Fault.TOO_MANY
    with pytest.raises(BadSettings, match="late-batch"):
        fault_named("no-such")
    with pytest.raises(BadSettings, match="no sandbox"):
        faults_of(tmp_path)


def test_every_fault_is_documented() -> None:
    page = (ROOT / "docs" / "sandbox.md").read_text()
    assert set(MEANT) == set(Fault)
    for fault, sentence in MEANT.items():
        assert f"| `{fault}` | {sentence} |" in page


def test_what_serves_and_works_in_earnest_has_no_faults() -> None:
    program = (
        "import sys, wattshare.custodian.app, wattshare.custodian.web.server, wattshare.custodian.worker.loop;"
        "sys.exit(any('sandbox' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
