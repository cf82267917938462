"""Local days."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshare.espi.days import day_bounds, day_of, days, midnight

PACIFIC = ZoneInfo("America/Los_Angeles")
ZONES = st.sampled_from(
    [
        ZoneInfo(key)
        for key in (
            "America/Los_Angeles",
            "America/Havana",
            "America/Santiago",
            "Australia/Lord_Howe",
            "Europe/London",
            "Asia/Kathmandu",
            "UTC",
        )
    ]
)
INSTANTS = st.integers(1_000_000_000, 4_100_000_000)


@pytest.mark.parametrize(
    ("day", "start", "length"),
    [
        (date(2019, 11, 2), 1572678000, 86400),
        (date(2019, 11, 3), 1572764400, 90000),
        (date(2019, 3, 10), 1552204800, 82800),
    ],
    ids=["ordinary", "autumn", "spring"],
)
def test_a_day_is_as_long_as_its_clock_says(day: date, start: int, length: int) -> None:
    assert day_bounds(day, PACIFIC) == (start, start + length)


@pytest.mark.parametrize("year", [1999, 2007, 2024, 2099])
@pytest.mark.parametrize("key", ["America/Los_Angeles", "America/Santiago", "America/Havana", "Europe/London"])
def test_the_days_of_a_year_leave_no_gap(key: str, year: int) -> None:
    zone = ZoneInfo(key)
    start, end = midnight(date(year, 1, 1), zone), midnight(date(year + 1, 1, 1), zone)
    bounds = [day_bounds(day, zone) for day in days(start, end, zone)]
    lengths = sorted(until - since for since, until in bounds)
    assert bounds[0][0] == start
    assert bounds[-1][1] == end
    assert all(left[1] == right[0] for left, right in pairwise(bounds))
    assert (lengths[0], lengths[-1]) == (82800, 90000)
    assert set(lengths[1:-1]) == {86400}


@given(INSTANTS, ZONES)
def test_a_second_lies_in_its_day(at: int, zone: ZoneInfo) -> None:
    start, end = day_bounds(day_of(at, zone), zone)
    assert start <= at < end


@given(INSTANTS, st.integers(1, 40 * 86400), ZONES)
def test_the_days_of_a_stretch_are_those_that_it_touches(start: int, length: int, zone: ZoneInfo) -> None:
    found = list(days(start, start + length, zone))
    assert found[0] == day_of(start, zone)
    assert found[-1] == day_of(start + length - 1, zone)
    assert all(right - left == timedelta(days=1) for left, right in pairwise(found))


def test_an_empty_stretch_touches_no_day() -> None:
    assert list(days(1572678000, 1572678000, PACIFIC)) == []


def test_where_midnight_is_skipped_the_day_starts_after_the_gap() -> None:
    havana = ZoneInfo("America/Havana")
    start = midnight(date(2024, 3, 10), havana)
    assert day_of(start, havana) == date(2024, 3, 10)
    assert day_of(start - 1, havana) == date(2024, 3, 9)
