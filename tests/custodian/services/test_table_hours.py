"""Tables with an hour that comes twice in odd ways: half of it, ends as the clock of starts has them, one missing."""

import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.custodian.services.taking import NOW
from tests.custodian.services.test_table_ends import END, FIRST, ORDER, POINT, at, every, placed, taken
from wattshare.custodian.formats.tables.mapping import from_plain
from wattshare.custodian.formats.tables.twins import TWINLESS
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

HOWE = ZoneInfo("Australia/Lord_Howe")
# half an hour, once more: 2024-04-07; and left out: 2024-10-06
AUTUMN, SPRING = (int(datetime(2024, month, day, tzinfo=HOWE).timestamp()) for month, day in ((4, 7), (10, 6)))
HOWE_COLUMN = {"zone": "Australia/Lord_Howe", "ambiguous": "column", "first": ["+11"], "second": ["+1030"]}
HOWE_ORDER = {"zone": "Australia/Lord_Howe", "ambiguous": "order"}
ROLES = "usage_point=point,start=start,end=end,fold=zone,value=kwh"


@pytest.fixture
def engine() -> str:
    """What the store is on: rows are placed before it."""
    return "sqlite"


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility, on a stopped clock."""
    return Door(Intake(store, lambda: NOW, PGE))


def howe(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC).astimezone(HOWE)


def clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def rows_of(wanted: list[tuple[int, int, int]], *, label: bool) -> list[str]:
    """Rows of starts and ends; ends as the clock shows them, or as that of the start would."""
    rows = []
    for start, step, kept in wanted:
        end = howe(start) + timedelta(seconds=step) if label else howe(start + step)
        rows.append(f"{POINT},{clock(howe(start))},{clock(end)},{howe(start):%Z},{kept // 10**6}")
    return rows


@pytest.mark.parametrize("time", [HOWE_COLUMN, HOWE_ORDER])
@pytest.mark.parametrize("label", [False, True])
@pytest.mark.parametrize("length", ["row", None])
@pytest.mark.parametrize("step", [300, 900, 1800, 3600])
def test_where_half_an_hour_comes_twice_lengths_are_what_they_are(
    door: Door, store: Store, step: int, length: str | None, label: bool, time: dict[str, Any]
) -> None:
    wanted = every(step, first=AUTUMN - 3 * 3600, end=AUTUMN + 12 * 3600)
    rows = rows_of(wanted, label=label)
    for given in (rows, rows[::-1]):
        report = taken(door, ROLES, given, time=time, interval={"length": length or step})
        assert (report.bad_rows, placed(store)) == ((), wanted)
    assert len(report.channels) == 1


def test_hours_of_the_clock_with_half_an_hour_more_are_as_long_as_they_are(door: Door, store: Store) -> None:
    # the half hour stands by itself, from 01:30 to 02:00
    change = AUTUMN + 7200
    wanted = [*every(3600, first=AUTUMN, end=change), (change, 1800, 9 * 10**6)]
    wanted += every(3600, first=change + 1800, end=change + 1800 + 6 * 3600)
    taken(door, ROLES, rows_of(wanted, label=True), time=HOWE_COLUMN, interval={"length": "row"})
    assert placed(store) == sorted(wanted)
    report = taken(door, ROLES, rows_of(wanted, label=True), time=HOWE_ORDER, interval={"length": "row"})
    assert [(bad.row, bad.sentence) for bad in report.bad_rows] == [(4, TWINLESS)]


def test_an_hour_and_a_half_of_the_clock_is_one(door: Door, store: Store) -> None:
    hours = [f"{hour:02}:00" for hour in range(7)]
    rows = [f"{POINT},2024-04-07 {start},2024-04-07 {end},+1030,1" for start, end in pairwise(hours)]
    report = taken(door, ROLES, rows, time=HOWE_COLUMN, interval={"length": "row"})
    assert [duration for _, duration, _ in placed(store)] == [3600, 5400, 3600, 3600, 3600, 3600]
    # it may be an hour, and the next one missing
    assert [(one.code, one.count, one.places) for one in report.warnings] == [
        ("length-assumed", 1, (f"{POINT} delivered kWh, 2024-04-06",))
    ]


@pytest.mark.parametrize("time", [HOWE_COLUMN, HOWE_ORDER])
@pytest.mark.parametrize("step", [900, 1800])
def test_where_half_an_hour_is_left_out_lengths_are_what_they_are(
    door: Door, store: Store, step: int, time: dict[str, Any]
) -> None:
    wanted = every(step, first=SPRING, end=SPRING + 12 * 3600)
    report = taken(door, ROLES, rows_of(wanted, label=False), time=time, interval={"length": "row"})
    assert (report.bad_rows, placed(store)) == ((), wanted)


def test_days_that_are_half_an_hour_longer_or_shorter_are_of_one_channel(door: Door) -> None:
    days = [datetime(2024, 4, day, tzinfo=HOWE) for day in (6, 7, 8)]
    days += [datetime(2024, 10, day, tzinfo=HOWE) for day in (5, 6, 7)]
    rows = [f"{POINT},{clock(day)},{clock(day + timedelta(days=1))},x,1" for day in days]
    report = taken(door, ROLES, rows, time=HOWE_COLUMN, interval={"length": "row"})
    assert [(one.readings.new, report.bad_rows) for one in report.channels] == [(6, ())]


def labels(step: int, first: int = FIRST, end: int = END) -> list[tuple[int, str, str]]:
    """Readings with their ends as the clock of each start shows them, and the word of the start's hour."""
    found = []
    for start in range(first, end, step):
        label = datetime.fromisoformat(at(start)) + timedelta(seconds=step)
        found.append((start, clock(label), at(start, "%Z")))
    return found


@pytest.mark.parametrize("offset", [0, 1800])
def test_ends_of_hours_alone_where_half_an_hour_comes_twice(door: Door, store: Store, offset: int) -> None:
    wanted = every(3600, first=AUTUMN - 3600 + offset, end=AUTUMN + 8 * 3600 + offset)
    for label in (False, True):
        texts = [clock(howe(one[0]) + timedelta(hours=1) if label else howe(one[0] + 3600)) for one in wanted]
        rows = [f"{POINT},{text},{kept // 10**6}" for text, (_, _, kept) in zip(texts, wanted, strict=True)]
        report = taken(door, "usage_point=point,end=end,value=kwh", rows, time=HOWE_ORDER, interval={"length": 3600})
        assert (label, report.bad_rows, report.warnings) == (label, (), ())
        assert placed(store) == wanted


@pytest.mark.parametrize("length", ["row", None])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("value", [None, 7])
@pytest.mark.parametrize("step", [900, 3600])
def test_two_ends_at_two_are_told_apart_by_their_order(
    door: Door, store: Store, step: int, value: int | None, backwards: bool, length: str | None
) -> None:
    wanted = every(step, value)
    rows = [f"{POINT},{label},{step},{wanted[number][2] // 10**6}" for number, (_, label, _) in enumerate(labels(step))]
    roles = "usage_point=point,end=end,value=kwh" + (",duration=seconds" if length else "")
    rows = [row if length else row.replace(f",{step},", ",") for row in rows]
    if length:
        rows = [",".join((*row.split(",")[:2], row.split(",")[3], row.split(",")[2])) for row in rows]
    rows = rows[::-1] if backwards else rows
    interval = {"length": length, "unit": "s"} if length else {"length": step}
    report = taken(door, roles, rows, time=ORDER, interval=interval)
    assert (report.bad_rows, placed(store)) == ((), wanted)


def ends(step: int, *, label: bool, but: tuple[int, ...] = ()) -> list[str]:
    """Ends alone, as either clock shows them, without the readings at some places of the day."""
    shown = [(label_, start) for start, label_, _ in labels(step)]
    texts = [text if label else at(start + step) for text, start in shown]
    return [f"{POINT},{text},{number}" for number, text in enumerate(texts) if number not in but]


@pytest.mark.parametrize(
    ("label", "but", "bad"),
    [
        # of the hours that end at 01:00, 02:00 and 02:00 the second is missing, and the third; on the clock, 01:00
        (True, (1,), [3, 2]),
        (True, (2,), [3, 2]),
        (False, (0,), [2, 3]),
        (False, (1,), [2, 3]),
    ],
)
def test_where_one_of_two_ends_is_missing_neither_is_guessed(
    door: Door, label: bool, but: tuple[int, ...], bad: list[int]
) -> None:
    report = taken(
        door,
        "usage_point=point,end=end,value=kwh",
        ends(3600, label=label, but=but),
        time=ORDER,
        interval={"length": 3600},
    )
    assert sorted(one.row for one in report.bad_rows) == sorted(bad)
    assert all("put in the row of the other hour" in one.sentence for one in report.bad_rows)


def test_one_row_that_comes_late_does_not_turn_a_file_around(door: Door, store: Store) -> None:
    rows = ends(3600, label=False)
    for given in ([*rows[:3], *rows[4:], rows[3]], [rows[-1], *rows[:-1]], [rows[-1], *rows[:-1]][::-1]):
        taken(door, "usage_point=point,end=end,value=kwh", given, time=ORDER, interval={"length": 3600})
        assert placed(store) == every(3600)


def test_a_repeated_end_of_the_second_hour_is_one(door: Door, store: Store) -> None:
    rows = ends(3600, label=False)
    assert rows[2].endswith("02:00,2")
    report = taken(door, "usage_point=point,end=end,value=kwh", [*rows, rows[2]], time=ORDER, interval={"length": 3600})
    assert (report.repeated, placed(store)) == (1, every(3600))


@pytest.mark.parametrize("which", ["first", "second"])
def test_two_rows_of_a_time_for_which_one_hour_was_chosen_say_so(door: Door, which: str) -> None:
    rows = [f"{POINT},2024-11-03 0{hour}:00,{number}" for number, hour in enumerate((0, 1, 1, 2))]
    roles = "usage_point=point,start=start,value=kwh"
    report = taken(door, roles, rows, time={"ambiguous": which}, interval={"length": 3600})
    [bad] = report.bad_rows
    assert "time.ambiguous = “order” or “column” takes both" in bad.sentence
    rows = [f"{POINT},2024-11-03 05:00,{number}" for number in (1, 2)]
    report = taken(door, roles, rows, time={"ambiguous": which}, interval={"length": 3600})
    assert [one.sentence for one in report.bad_rows] == ["It is the same reading as that of row 2, and differs."]


@pytest.mark.parametrize(
    ("text", "form"),
    [("{:%Y-%m-%d},{}", None), ("{:%m/%d/%Y},{:02}", "%m/%d/%Y %H"), ("{:%Y%m%d},{:02}00", "%Y%m%d %H%M")],
)
def test_hours_are_counted_to_the_twenty_fourth(door: Door, store: Store, text: str, form: str | None) -> None:
    # on the day in spring the third does not come, and on that in autumn the second comes twice
    days = [(datetime(2024, 3, 10), 3, 1), (datetime(2024, 11, 3), 2, 2)]
    rows = []
    for day, odd, often in days:
        hours = [hour for hour in range(1, 25) for _ in range(often if hour == odd else 1) if (hour, often) != (3, 1)]
        rows += [f"{POINT},{text.format(day, hour)},{number}" for number, hour in enumerate(hours)]
    time = {**ORDER, "stamp": "end", "format": form}
    time = {key: value for key, value in time.items() if value}
    data = "SP_ID,Date,Hour,kWh\n" + "\n".join(rows) + "\n"
    plain = {"time": {**time, "zone": "local"}, "flow": {"all": "delivered"}, "interval": {"length": 3600}}
    report = door.take(io.BytesIO(data.encode()), "hours.csv", Wanted(mapping=from_plain(plain)))
    spring = int(datetime(2024, 3, 10, tzinfo=PGE.zone).timestamp())
    assert (report.refused, report.bad_rows) == (None, ())
    assert placed(store) == every(3600, first=spring, end=spring + 23 * 3600) + every(3600)


def folded(door: Door, rows: list[tuple[str, str]], second: str = "PST", first: str = "PDT") -> Report:
    texts = [f"{POINT},{end},{word},{number}" for number, (end, word) in enumerate(rows)]
    time = {"ambiguous": "column", "first": [first], "second": [second]}
    return taken(door, "usage_point=point,end=end,fold=zone,value=kwh", texts, time=time, interval={"length": 3600})


@pytest.mark.parametrize("missing", [1, 2])
def test_words_of_the_clock_place_an_end_whose_twin_is_missing(door: Door, store: Store, missing: int) -> None:
    every_row = [(end, word) for _, end, word in labels(3600)]
    report = folded(door, [row for number, row in enumerate(every_row) if number != missing])
    assert (report.bad_rows, report.warnings) == ((), ())
    assert [start for start, _, _ in placed(store)] == [
        start for number, start in enumerate(range(FIRST, END, 3600)) if number != missing
    ]


def marked(missing: int, *, label: bool) -> list[tuple[str, str]]:
    """Ends of which a word marks those alone that are the second of their name."""
    texts = [text for _, text, _ in labels(3600)] if label else [at(start + 3600) for start in range(FIRST, END, 3600)]
    rows = [(text, "Y" if text in texts[:number] else "N") for number, text in enumerate(texts)]
    return [row for number, row in enumerate(rows) if number != missing]


@pytest.mark.parametrize("label", [False, True])
@pytest.mark.parametrize("missing", [1, 2, 3])
def test_words_that_mark_the_second_hour_alone_are_told_of_where_they_leave_it_open(
    door: Door, store: Store, missing: int, label: bool
) -> None:
    report = folded(door, marked(missing, label=label), second="Y", first="N")
    starts = [start for start, _, _ in placed(store)]
    wanted = [start for number, start in enumerate(range(FIRST, END, 3600)) if number != missing]
    open_ = (label, missing) in ((True, 2), (False, 1))
    told = [(one.code, one.count, one.places) for one in report.warnings]
    assert told == ([("hour-assumed", 1, (f"row 3, {POINT} delivered kWh, 2024-11-03",))] if open_ else [])
    assert starts == wanted or (open_ and label)


def test_twins_on_both_sides_of_the_utilitys_midnight(door: Door, store: Store) -> None:
    zone = ZoneInfo("America/Denver")
    first = int(datetime(2024, 11, 3, tzinfo=zone).timestamp()) - 3600
    wanted = every(900, first=first, end=first + 5 * 3600)
    for stamp in ("start", "end"):
        texts = [clock(datetime.fromtimestamp(start + 900 * (stamp == "end"), zone)) for start, _, _ in wanted]
        rows = [f"{POINT},{text},{kept // 10**6}" for text, (_, _, kept) in zip(texts, wanted, strict=True)]
        time = {**ORDER, "zone": "America/Denver"}
        report = taken(door, f"usage_point=point,{stamp}={stamp},value=kwh", rows, time=time, interval={"length": 900})
        assert (report.bad_rows, placed(store)) == ((), wanted)


def test_the_clock_is_put_back_at_midnight(door: Door, store: Store) -> None:
    zone = ZoneInfo("Atlantic/Azores")
    first = int(datetime(2024, 10, 26, 20, tzinfo=zone).timestamp())
    wanted = every(1800, first=first, end=first + 9 * 3600)
    for stamp in ("start", "end"):
        texts = [clock(datetime.fromtimestamp(start + 1800 * (stamp == "end"), zone)) for start, _, _ in wanted]
        rows = [f"{POINT},{text},{kept // 10**6}" for text, (_, _, kept) in zip(texts, wanted, strict=True)]
        time = {**ORDER, "zone": "Atlantic/Azores"}
        report = taken(door, f"usage_point=point,{stamp}={stamp},value=kwh", rows, time=time, interval={"length": 1800})
        assert (report.bad_rows, placed(store)) == ((), wanted)
