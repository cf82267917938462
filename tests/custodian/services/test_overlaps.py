"""New readings that overlap kept ones: both stay, and the report says so."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.custodian.servers import ENGINES
from tests.custodian.services.feeds import Feed
from tests.custodian.services.taking import NOW, readings_of
from tests.custodian.services.test_parquet import FIRST, file_of, pa
from tests.custodian.services.test_parquet import taken as taken_columns
from tests.custodian.services.test_tables import POINT, table, taken
from wattshare.custodian.formats.remarks import Remark
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

HOURS = table(*(f"{POINT},2024-03-08 {hour:02}:00,{hour}" for hour in range(0, 24, 2)))


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility that has every other hour of a day."""
    door = Door(Intake(store, lambda: NOW, PGE))
    assert not taken(door, HOURS).refused
    return door


def overlapping(report: Report) -> list[tuple[int, tuple[str, ...]]]:
    assert report.refused is None
    return [(one.count, one.places) for one in report.warnings if one.code == Remark.OVERLAPPING_READINGS]


def columns(starts: list[datetime], value: int) -> bytes:
    kinds = {"start": pa.timestamp("us", "UTC"), "kwh": pa.decimal128(12, 3)}
    return file_of([str(POINT)] * len(starts), starts, [Decimal(value)] * len(starts), **kinds)


def test_rows_that_overlap_what_is_kept_are_told_with_their_day(door: Door, store: Store) -> None:
    # one reaches into the hour of two, one begins within that of four; the hour of seven is free
    rows = (f"{POINT},2024-03-08 {time},1" for time in ("01:30", "04:45", "07:00"))
    report = taken(door, table(*rows))
    assert report.readings.new == 3
    assert overlapping(report) == [(2, (f"{POINT} delivered kWh, 2024-03-08",))]
    assert len(readings_of(store, POINT)) == 15


def test_what_comes_late_between_others_overlaps_none(door: Door) -> None:
    rows = (f"{POINT},2024-03-08 {hour:02}:00,1" for hour in range(24))
    report = taken(door, table(*rows))
    assert (report.readings.new, report.readings.changed) == (12, 12)
    assert overlapping(report) == []


@pytest.mark.parametrize(("shift", "told"), [(0, []), (30, [(23, (f"{POINT} delivered kWh, 2024-03-09",))])])
def test_columns_tell_of_it_too(door: Door, shift: int, told: list[tuple[int, tuple[str, ...]]]) -> None:
    hours = [FIRST + timedelta(hours=hour) for hour in range(24)]
    assert overlapping(taken_columns(door, columns(hours, 1))) == []
    moved = [hour + timedelta(minutes=shift) for hour in hours[:23]]
    assert overlapping(taken_columns(door, columns(moved, 2))) == told


def test_feeds_tell_of_it_too(door: Door, store: Store) -> None:
    intake, feed = Intake(store, lambda: NOW, PGE), Feed().day(0)
    [first, second, *_] = hours = feed.days[0]
    feed.days = [hours]
    assert overlapping(intake.take(feed.xml(), name="first.xml")) == []
    feed.days = [[replace(first, start=first.start + 60), second]]
    [(count, _)] = overlapping(intake.take(feed.xml(), name="then.xml"))
    assert count >= 1
    assert len(readings_of(store, int(feed.point))) == 25 + 12
