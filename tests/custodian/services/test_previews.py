"""What a trial shows, and that it, and who only asks what a file is, keeps nothing."""

import io

import pytest

from tests.custodian.services.feeds import Feed
from tests.custodian.services.taking import NOW, contents_of
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.services.intake.report import Preview, RowPreview
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

CUSTOMERS = 'customer,name,email\nC-1,Robin Field,robin@example.com\nC-2,"Mill Lane, Bakery",\n'
BILLS = "usage_point,first_day,last_day,bill_date,total\n5390000001,2024-03-01,2024-03-31,2024-04-02,84.20\n"
AGREEMENT = "agreement,account,usage_point,commodity,starts\nSA-1,A-1,5390000001,electricity,2023-05-01\n"


@pytest.fixture
def engine() -> str:
    """What the store is on: all is decided before it."""
    return "sqlite"


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility, on a stopped clock."""
    return Door(Intake(store, lambda: NOW, PGE))


def taken(door: Door, document: str | bytes, *, dry_run: bool = True, explain: bool = False) -> Report:
    data = document.encode() if isinstance(document, str) else document
    return door.take(io.BytesIO(data), "file", Wanted(dry_run=dry_run, explain=explain))


def test_a_trial_of_green_button_shows_ten_readings(door: Door, store: Store) -> None:
    before = contents_of(store)
    report = taken(door, Feed().day(0).xml())
    first = report.preview[0]
    assert [one.row for one in report.preview] == list(range(1, 11))
    assert isinstance(first, Preview)
    assert (first.flow, first.duration, first.unit, first.read) == (1, 3600, "wh", "")
    starts = [one.start for one in report.preview if isinstance(one, Preview)]
    assert starts == list(range(first.start, first.start + 36_000, 3600))
    assert contents_of(store) == before
    assert taken(door, Feed().day(0).xml(), dry_run=False).preview == ()


def test_who_asks_what_green_button_is_takes_nothing_in(door: Door, store: Store) -> None:
    before = contents_of(store)
    report = taken(door, Feed().day(0).xml(), dry_run=False, explain=True)
    assert (report.dry_run, report.revision, report.readings.new) == (True, None, 24)
    assert contents_of(store) == before
    assert not taken(door, Feed().day(0).xml(), dry_run=False).known


def test_a_trial_of_customers_and_bills_shows_rows_as_they_are_understood(door: Door) -> None:
    assert taken(door, CUSTOMERS).preview == (
        RowPreview(
            row=2,
            read="C-1,Robin Field,robin@example.com",
            kept={"customer": "C-1", "name": "Robin Field", "email": "robin@example.com"},
        ),
        RowPreview(row=3, read='C-2,"Mill Lane, Bakery",', kept={"customer": "C-2", "name": "Mill Lane, Bakery"}),
    )
    for table in (CUSTOMERS, "account,customer\nA-1,C-1\n", AGREEMENT):
        assert taken(door, table, dry_run=False).preview == ()
    [bill] = taken(door, BILLS).preview
    assert isinstance(bill, RowPreview)
    assert (bill.kept["bill_date"], bill.kept["total"]) == ("2024-04-02", "84.20000")


def test_a_trial_shows_ten_rows_at_most(door: Door) -> None:
    rows = "".join(f"C-{number},Robin Field\n" for number in range(30))
    report = taken(door, f"customer,name\n{rows}")
    assert (len(report.preview), report.records.new) == (10, 30)
