"""The client library at a sandbox whose days come late, or twice."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from starlette.testclient import TestClient

from tests.custodian.houses import utc, with_lifespan
from tests.custodian.sandbox.test_advance import DAY, begun
from wattshare.custodian.app import opened
from wattshare.custodian.clocks import FILE as CLOCK
from wattshare.custodian.clocks import ShiftedClock
from wattshare.custodian.front import Front
from wattshare.custodian.house import House
from wattshare.custodian.sandbox.arrivals import Arrivals
from wattshare.custodian.sandbox.faults import Fault, Faults
from wattshare.custodian.sandbox.home import Home
from wattshare.custodian.sandbox.telling import tell
from wattshare.custodian.sandbox.unruly import manners_of
from wattshare.custodian.services.notices import TELL
from wattshare.espi.profile import PGE
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.feeds import readings
from wattshare.thirdparty.inbox import Inbox
from wattshare.thirdparty.ledger import Ledger

BASE, CHOICE = "http://localhost:8443", "Riverton Choice Energy"


@dataclass(kw_only=True)
class Mornings:
    """A third party that asks every day what it was told, as the days of an unruly sandbox come."""

    house: House
    home: Home
    client: Client
    inbox: Inbox
    # by meter reading and start
    known: dict[tuple[str, datetime], Decimal] = field(default_factory=dict)

    def pass_day(self) -> set[date]:
        """The next morning comes, with the faults that are on. The days of which something was told, and is kept."""
        clock = ShiftedClock(self.home / CLOCK)
        clock.shift(clock.offset() + DAY)
        house, faults = self.house, Faults(self.home.path)
        arrivals = Arrivals(store=house.store, now=house.now, home=self.home, profile=house.profile)
        assert arrivals.bring(manners_of(faults)) == 1
        house.delivery.deltas.close()
        worker = house.worker("morning")
        # nobody listens: it asks
        replace(worker, lanes=tuple(lane for lane in worker.lanes if TELL not in lane.kinds)).drain()
        Ledger(self.client).catch_up(self.inbox)
        days: set[date] = set()
        for one in self.inbox.drain(self.client, self.home / "fetched"):
            if one.outcome == "fetched" and one.file is not None and "BulkRetail" not in one.url:
                for measured in readings(one.file):
                    self.known[measured.meter_reading, measured.start] = measured.value
                    days.add(day_of(measured.start))
        return days


def day_of(at: datetime) -> date:
    """The utility's day."""
    return at.astimezone(PGE.zone).date()


def test_a_third_party_gets_a_day_that_was_missing_and_one_that_was_corrected(tmp_path: Path) -> None:
    path = begun(tmp_path / "home", usage_points=0, days=3, http=True)
    home = Home(path=path)
    with opened(path) as house, TestClient(with_lifespan(Front(house).application()), base_url=BASE) as browser:
        tell(house, home)
        party = house.registration.show(CHOICE).party
        house.registration.change(CHOICE, replace(house.registration.wish(party), notify_daily=True))
        custodian = Custodian.from_sandbox(path, CHOICE)
        client = Client(custodian, transport=browser._transport, now=lambda: utc(house.now()))
        mornings = Mornings(house=house, home=home, client=client, inbox=Inbox(tmp_path / "inbox"))
        [first] = mornings.pass_day()
        faults = Faults(path)
        faults.turn(Fault.MISSING_DAY, on=True)
        assert mornings.pass_day() == set()
        faults.turn(Fault.MISSING_DAY, on=False)
        missed, third = first + timedelta(days=1), first + timedelta(days=2)
        assert mornings.pass_day() == {missed, third}
        before = dict(mornings.known)
        faults.turn(Fault.LATE_CORRECTION, on=True)
        assert mornings.pass_day() == {third, first + timedelta(days=3)}
        assert {day_of(key[1]) for key, value in before.items() if mornings.known[key] != value} == {third}
