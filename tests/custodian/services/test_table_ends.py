"""Tables whose times are ends, on the day on which an hour comes twice."""

import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.custodian.services.taking import NOW, readings_of
from wattshare.custodian.formats.tables.mapping import from_plain
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

POINT = 5_390_000_001
# the day of 25 hours
FIRST, END = (int(datetime(2024, 11, day, tzinfo=ZoneInfo("America/Los_Angeles")).timestamp()) for day in (3, 4))
ORDER = {"ambiguous": "order"}
COLUMN = {"ambiguous": "column", "first": ["PDT"], "second": ["PST"]}


@pytest.fixture
def engine() -> str:
    """What the store is on: rows are placed before it."""
    return "sqlite"


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility, on a stopped clock."""
    return Door(Intake(store, lambda: NOW, PGE))


def at(second: int, form: str = "%Y-%m-%d %H:%M") -> str:
    return datetime.fromtimestamp(second, UTC).astimezone(PGE.zone).strftime(form)


def taken(door: Door, columns: str, rows: list[str], **sections: Any) -> Report:
    roles = dict(one.split("=") for one in columns.split(","))
    plain = {
        "columns": roles,
        "values": {"unit": "kWh"},
        "flow": {"all": "delivered"},
        **sections,
        "time": {"format": "iso", "zone": "local", **sections["time"]},
    }
    text = "\n".join((",".join(roles.values()), *rows)) + "\n"
    return door.take(io.BytesIO(text.encode()), "readings.csv", Wanted(mapping=from_plain(plain)))


def placed(store: Store) -> list[tuple[int, int, int | None]]:
    return sorted((one.start, one.duration, one.value) for one in readings_of(store, POINT))


def every(step: int, value: int | None = None, first: int = FIRST, end: int = END) -> list[tuple[int, int, int]]:
    """What is kept: start, seconds and value, which is that of all, or counts."""
    starts = enumerate(range(first, end, step))
    return [(start, step, (number if value is None else value) * 10**6) for number, start in starts]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("value", [None, 7])
@pytest.mark.parametrize("step", [900, 3600])
def test_ends_in_order_are_those_of_the_readings_before(
    door: Door, store: Store, step: int, value: int | None, backwards: bool
) -> None:
    wanted = every(step, value)
    rows = [f"{POINT},{at(start + step)},{kept // 10**6}" for start, _, kept in wanted]
    rows = rows[::-1] if backwards else rows
    taken(door, "usage_point=point,end=end,value=kwh", rows, time=ORDER, interval={"length": step})
    assert placed(store) == wanted


@pytest.mark.parametrize("value", [None, 0])
@pytest.mark.parametrize("shown", ["clock", "label"])
@pytest.mark.parametrize("step", [900, 1800, 3600])
def test_a_column_tells_ends_apart_as_either_clock_shows_them(
    door: Door, store: Store, step: int, shown: str, value: int | None
) -> None:
    wanted = every(step, value, first=FIRST - 3600, end=END + 3600)
    rows = []
    for start, _, kept in wanted:
        label = datetime.fromisoformat(at(start)) + timedelta(seconds=step)
        end = at(start + step) if shown == "clock" else f"{label:%Y-%m-%d %H:%M}"
        fold = at(start if shown == "label" else start + step, "%Z")
        rows.append(f"{POINT},{end},{fold},{kept // 10**6}")
    columns = "usage_point=point,end=end,fold=zone,value=kwh"
    for given in (rows, rows[::-1], rows * 3):
        report = taken(door, columns, given, time=COLUMN, interval={"length": step})
        assert (report.bad_rows, placed(store)) == ((), wanted)


@pytest.mark.parametrize("value", [None, 0])
@pytest.mark.parametrize("step", [900, 3600])
def test_a_column_tells_ends_apart_where_rows_say_their_lengths(
    door: Door, store: Store, step: int, value: int | None
) -> None:
    wanted = every(step, value)
    rows = []
    for start, _, kept in wanted:
        end = datetime.fromisoformat(at(start)) + timedelta(seconds=step)
        rows.append(f"{POINT},{end:%Y-%m-%d %H:%M},{step},{at(start, '%Z')},{kept // 10**6}")
    columns = "usage_point=point,end=end,duration=seconds,fold=zone,value=kwh"
    for given in (rows, rows[::-1], rows * 3):
        report = taken(door, columns, given, time=COLUMN, interval={"length": "row", "unit": "s"})
        assert (report.bad_rows, placed(store)) == ((), wanted)


def test_two_ends_of_the_first_hour_that_differ_are_bad(door: Door) -> None:
    rows = [f"{POINT},2024-11-03 02:00,{word},{value}" for word, value in (("PDT", 1), ("PDT", 2), ("PST", 3))]
    columns = "usage_point=point,end=end,fold=zone,value=kwh"
    report = taken(door, columns, rows, time=COLUMN, interval={"length": 3600})
    assert [str(bad) for bad in report.bad_rows] == ["row 3: It is the same reading as that of row 2, and differs."]


def test_ends_with_durations_of_their_own(door: Door, store: Store) -> None:
    wanted = every(900)
    rows = [f"{POINT},{at(start + 900)},15,{kept // 10**6}" for start, _, kept in wanted]
    columns = "usage_point=point,end=end,duration=minutes,value=kwh"
    taken(door, columns, rows, time=ORDER, interval={"unit": "min"})
    assert placed(store) == wanted


@pytest.mark.parametrize("time", [ORDER, COLUMN])
@pytest.mark.parametrize("shown", ["clock", "label"])
@pytest.mark.parametrize("step", [900, 3600])
def test_starts_and_ends_agree_on_the_clock_too(
    door: Door, store: Store, step: int, shown: str, time: dict[str, Any]
) -> None:
    wanted = every(step)
    labels = {start: at(start + step) for start, _, _ in wanted}
    if shown == "label":
        # an end as the clock of its start would show it: 02:00 and not 01:00
        labels = {start: str(datetime.fromisoformat(at(start)) + timedelta(seconds=step)) for start in labels}
    rows = [f"{POINT},{at(start)},{labels[start]},{at(start, '%Z')},{kept // 10**6}" for start, _, kept in wanted]
    columns = "usage_point=point,start=start,end=end,fold=zone,value=kwh"
    report = taken(door, columns, rows, time=time, interval={"length": step})
    assert (report.bad_rows, placed(store)) == ((), wanted)


@pytest.mark.parametrize("time", [ORDER, COLUMN])
def test_starts_and_ends_say_lengths_that_change(door: Door, store: Store, time: dict[str, Any]) -> None:
    noon = FIRST + 13 * 3600
    wanted = every(3600, 3, end=noon) + every(900, 1, first=noon)
    rows = [f"{POINT},{at(start)},{at(start + step)},{at(start, '%Z')},{kept // 10**6}" for start, step, kept in wanted]
    columns = "usage_point=point,start=start,end=end,fold=zone,value=kwh"
    report = taken(door, columns, rows, time=time)
    assert (report.bad_rows, placed(store)) == ((), wanted)


@pytest.mark.parametrize("time", [ORDER, COLUMN])
@pytest.mark.parametrize("shown", ["clock", "label"])
@pytest.mark.parametrize("step", [900, 3600])
def test_an_end_of_either_hour_says_the_length_row_by_row(
    door: Door, store: Store, step: int, shown: str, time: dict[str, Any]
) -> None:
    wanted = every(step)
    rows = []
    for start, _, kept in wanted:
        label = datetime.fromisoformat(at(start)) + timedelta(seconds=step)
        end = at(start + step) if shown == "clock" else f"{label:%Y-%m-%d %H:%M}"
        rows.append(f"{POINT},{at(start)},{end},{at(start, '%Z')},{kept // 10**6}")
    columns = "usage_point=point,start=start,end=end,fold=zone,value=kwh"
    for given in (rows, rows[::-1]):
        report = taken(door, columns, given, time=time, interval={"length": "row"})
        assert (report.bad_rows, placed(store)) == ((), wanted)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("03 00:00", "03 03:00", 4),
        ("03 01:00", "03 04:00", 4),
        ("03 00:00", "04 00:00", 25),
        ("02 12:00", "03 02:00", 15),
    ],
)
def test_a_reading_over_the_change_lasts_as_long_as_it_does(
    door: Door, store: Store, start: str, end: str, hours: int
) -> None:
    rows = [f"{POINT},2024-11-{start},2024-11-{end},PDT,1"]
    columns = "usage_point=point,start=start,end=end,fold=zone,value=kwh"
    taken(door, columns, rows, time=COLUMN, interval={"length": "row"})
    assert [duration for _, duration, _ in placed(store)] == [hours * 3600]


def test_two_hours_to_the_end_of_both_are_so_where_all_are_as_long(door: Door, store: Store) -> None:
    wanted = every(7200, first=FIRST + 3600)
    rows = [f"{POINT},{at(start)},{at(start + 7200)},{at(start, '%Z')},{kept // 10**6}" for start, _, kept in wanted]
    columns = "usage_point=point,start=start,end=end,fold=zone,value=kwh"
    taken(door, columns, rows, time=COLUMN, interval={"length": "row"})
    assert placed(store) == wanted


def test_an_end_that_comes_twice_is_asked_about_where_nothing_is_said(door: Door) -> None:
    rows = [f"{POINT},2024-11-03 00:00,2024-11-03 01:00,1"]
    report = taken(door, "usage_point=point,start=start,end=end,value=kwh", rows, time={})
    assert report.refused is not None
    assert "time.ambiguous" in report.refused.sentence


def test_ends_that_are_too_early_are_told(door: Door) -> None:
    rows = [f"{POINT},2024-11-03 00:00,2024-11-03 00:30,1"]
    columns = "usage_point=point,start=start,end=end,value=kwh"
    report = taken(door, columns, rows, time=ORDER, interval={"length": 3600})
    assert report.refused is not None
    assert "ends 1800 seconds after its start" in report.refused.sentence


def test_months_say_their_lengths_row_by_row(door: Door, store: Store) -> None:
    days = ["2024-01-15", "2024-02-14", "2024-03-15", "2024-04-12"]
    rows = [f"{POINT},{start},{end},{number}" for number, (start, end) in enumerate(pairwise(days))]
    columns = "usage_point=point,start=start,end=end,value=kwh"
    report = taken(door, columns, rows, time={})
    assert report.refused is not None
    assert "“row” takes what each row says" in report.refused.sentence
    taken(door, columns, rows, time={}, interval={"length": "row"})
    moments = [int(datetime.fromisoformat(day).replace(tzinfo=PGE.zone).timestamp()) for day in days]
    assert placed(store) == [
        (start, end - start, number * 10**6) for number, (start, end) in enumerate(pairwise(moments))
    ]


def test_lengths_row_by_row_need_a_column(door: Door) -> None:
    rows = [f"{POINT},2024-03-08,1"]
    report = taken(door, "usage_point=point,start=start,value=kwh", rows, time={}, interval={"length": "row"})
    assert [asked.key for asked in report.questions] == ["columns.duration"]


def test_where_green_button_lands_is_not_said_of_a_table(door: Door) -> None:
    for wanted in (Wanted(usage_point=POINT), Wanted(account="41415926537")):
        report = door.take(io.BytesIO(b"point,start,kwh\n"), "readings.csv", wanted)
        assert report.refused is not None
        assert "is for Green Button; a table has a column" in report.refused.sentence


def test_a_bad_cell_of_a_wide_table_is_named_by_its_column(door: Door) -> None:
    hours = [f"{hour:02}:00" for hour in range(24)]
    cells = ["1"] * 5 + ["x", ""] + ["1"] * 17
    text = f"point,date,{','.join(hours)}\n{POINT},2024-03-08,{','.join(cells)}\n"
    plain = {
        "form": "wide",
        "columns": {"usage_point": "point", "date": "date"},
        "values": {"unit": "kWh"},
        "time": {"format": "iso", "zone": "local"},
        "flow": {"all": "delivered"},
    }
    report = door.take(io.BytesIO(text.encode()), "wide.csv", Wanted(mapping=from_plain(plain)))
    assert [str(bad) for bad in report.bad_rows] == ["row 2, 05:00: “x” is no number."]
