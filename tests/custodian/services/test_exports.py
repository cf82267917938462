"""Exports as systems of meter data write them: an hour, a sign or a length that was taken for another."""

from collections.abc import Mapping as Dictionary
from pathlib import Path
from typing import Any

import pytest

from tests.custodian.services.taking import NOW, readings_of
from tests.custodian.services.test_tables import POINT, meaning, sentences, taken
from wattshare.custodian.formats.remarks import Remark
from wattshare.custodian.formats.tables.mapping import BadMapping, Mapping, from_plain, read
from wattshare.custodian.model.readings import Reading
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

# 2024-06-13T00:00 in Los Angeles
THURSDAY = 1_718_262_000
HOURS = ",".join(f"HE{hour}" for hour in range(1, 26))
SHORT = ",".join(f"HE{hour}" for hour in range(1, 25))
CLOCK = ",".join(f"{hour:02}:00" for hour in range(24))


@pytest.fixture
def engine() -> str:
    """What the store is on: all is decided before it."""
    return "sqlite"


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility, on a stopped clock."""
    return Door(Intake(store, lambda: NOW, PGE))


def open_meaning(**sections: Dictionary[str, Any]) -> Mapping:
    """What no header says; the rest is guessed."""
    plain: dict[str, Any] = {"values": {"unit": "kWh"}, "time": {"zone": "local"}, "flow": {"all": "delivered"}}
    return from_plain({name: {**plain.get(name, {}), **sections.get(name, {})} for name in {**plain, **sections}})


def found(store: Store) -> list[tuple[int, int, int | None]]:
    """Hour after Thursday's midnight in Los Angeles, length and value of each reading, in kWh."""
    readings: list[Reading] = sorted(readings_of(store, POINT), key=lambda one: one.start)
    return [((one.start - THURSDAY) // 3600, one.duration, (one.value or 0) // 10**6) for one in readings]


@pytest.mark.parametrize(
    "header",
    [
        ("DATE,START TIME,END TIME", "06/13/2024,00:00,00:59", "06/13/2024,01:00,01:59"),
        ("Date,Start Time", "06/13/2024,12:00 AM", "06/13/2024,1:00 AM"),
        ("Start Date,Start Time", "2024-06-13,00:00", "2024-06-13,01:00"),
        ("Start Time,Start Date", "00:00:00,2024-06-13", "01:00:00,2024-06-13"),
        ("End Date,End Time", "2024-06-13,01:00", "2024-06-13,02:00"),
        (
            "Start Date,Start Time,End Date,End Time",
            "2024-06-13,00:00,2024-06-13,01:00",
            "2024-06-13,01:00,2024-06-13,02:00",
        ),
        ("Start,End", "2024-06-13 00:00,2024-06-13 00:59", "2024-06-13 01:00,2024-06-13 01:59"),
        ("Start,End", "2024-06-13 00:00:00,2024-06-13 00:59:59", "2024-06-13 01:00:00,2024-06-13 01:59:59"),
    ],
)
def test_a_day_and_a_time_of_day_are_one_time(door: Door, store: Store, header: tuple[str, str, str]) -> None:
    names, first, second = header
    report = taken(door, f"SPID,{names},kWh\n{POINT},{first},1\n{POINT},{second},2\n", open_meaning())
    assert report.refused is None
    assert found(store) == [(0, 3600, 1), (1, 3600, 2)]


def test_columns_of_day_and_time_that_are_given_count(door: Door, store: Store) -> None:
    named = {"date": "DATE", "time": "START TIME"}
    given = open_meaning(columns=named, time={"zone": "local", "stamp": "start"}, interval={"length": 3600})
    assert taken(door, f"SPID,DATE,START TIME,END TIME,kWh\n{POINT},2024-06-13,23:00,00:00,1\n", given).refused is None
    assert found(store) == [(23, 3600, 1)]


def test_an_end_that_is_none_of_its_interval_is_bad(door: Door) -> None:
    rows = f"{POINT},2024-06-13 00:00,2024-06-13 00:58,1\n{POINT},2024-06-13 01:00,2024-06-13 02:00,1\n"
    report = taken(door, f"SPID,Start,End,kWh\n{rows}", open_meaning())
    assert [bad.row for bad in report.bad_rows] == [2]


def test_days_may_end_on_themselves(door: Door, store: Store) -> None:
    rows = f"{POINT},2024-06-13,2024-06-13,1\n{POINT},2024-06-14,2024-06-14,2\n"
    assert taken(door, f"SPID,Start,End,kWh\n{rows}", open_meaning()).refused is None
    assert found(store) == [(0, 86_400, 1), (24, 86_400, 2)]


@pytest.mark.parametrize("half", ["AM", "am"])
def test_a_day_that_may_be_a_month_is_asked_with_halves_of_days_too(door: Door, half: str) -> None:
    report = taken(door, f"SPID,Start,kWh\n{POINT},03/04/2024 01:00 {half},1\n", open_meaning())
    assert "time.format" in [one.key for one in report.questions]


def test_hours_and_minutes_without_noughts_are_what_they_were(door: Door, store: Store) -> None:
    rows = "".join(f"{POINT},20240613,{hour * 100},{hour}\n" for hour in range(1, 25))
    assert (
        taken(door, f"SPID,Date,Time,kWh\n{rows}", open_meaning(time={"zone": "local", "stamp": "end"})).refused is None
    )
    assert found(store) == [(hour - 1, 3600, hour) for hour in range(1, 25)]


def test_what_stands_side_by_side_is_as_wide_as_it_can_be(door: Door) -> None:
    given = meaning(time={"format": "%Y%m%d"}, interval={"length": "day"})
    assert sentences(taken(door, f"point,start,kwh\n{POINT},2024111,1\n", given)) == [
        "row 2, start: “2024111” is no time as time.format = '%Y%m%d' has it."
    ]


def test_a_24th_hour_is_no_start(door: Door, store: Store) -> None:
    table = f"SPID,Date,Hour,kWh\n{POINT},2024-06-13,1,1\n{POINT},2024-06-13,24,2\n"
    length = {"length": 3600}
    report = taken(door, table, open_meaning(time={"zone": "local", "stamp": "start"}, interval=length))
    assert sentences(report) == ["row 3, Date: “2024-06-13 24” ends a day, and starts none; then time.stamp is “end”."]
    assert taken(door, table, open_meaning(time={"zone": "local", "stamp": "end"}, interval=length)).refused is None
    assert found(store) == [(0, 3600, 1), (23, 3600, 2)]


def test_a_clock_has_no_25th_hour(door: Door) -> None:
    cells = ",".join(map(str, range(1, 26)))
    given = open_meaning(wide={"columns": "clock"}, time={"zone": "local", "ambiguous": "first"})
    report = taken(door, f"SPID,Date,{HOURS}\n{POINT},2024-11-03,{cells}\n", given)
    assert sentences(report) == ["row 2, HE25: “25” stands where that day has no time."]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (SHORT, "interval.length: 24 columns of 900 seconds each make no day"),
        (CLOCK, "interval.length: is 900, and the columns are 3600 seconds apart"),
    ],
)
def test_a_length_that_columns_contradict_is_refused(door: Door, columns: str, sentence: str) -> None:
    given = open_meaning(wide={"columns": "elapsed"}, interval={"length": 900})
    report = taken(door, f"SPID,Date,{columns}\n{POINT},2024-06-13{',1' * 24}\n", given)
    assert report.refused
    assert report.refused.sentence == sentence


def test_commas_of_a_row_a_day_are_guessed(door: Door, store: Store) -> None:
    cells = ";".join(f"{hour},0" for hour in range(24))
    table = f"SPID;Date;{SHORT.replace(',', ';')}\n{POINT};2024-06-13;{cells}\n"
    assert taken(door, table, open_meaning(wide={"columns": "elapsed"})).refused is None
    assert found(store) == [(hour, 3600, hour) for hour in range(24)]


@pytest.mark.parametrize("nothing", ["", "NaN", "NULL", "-", "N/A", "#N/A", "missing"])
def test_words_that_say_that_nothing_was_read_are_gaps_where_empty_cells_are(
    door: Door, store: Store, nothing: str
) -> None:
    table = f"point,start,kwh\n{POINT},2024-06-13 00:00,{nothing}\n{POINT},2024-06-13 01:00,1\n"
    assert taken(door, table).refused
    assert taken(door, table, meaning(values={"empty": "gap"})).refused is None
    assert found(store) == [(1, 3600, 1)]


def test_digits_that_a_program_made_up_are_rounded_where_that_is_said(door: Door, store: Store) -> None:
    table = (
        f"point,start,kwh\n{POINT},2024-06-13 00:00,0.30000000000000004\n{POINT},2024-06-13 01:00,1.9999999999999998\n"
    )
    report = taken(door, table)
    assert report.refused
    assert "values.digits = “round”" in report.refused.sentence
    assert taken(door, table, meaning(values={"digits": "round"})).refused is None
    readings: list[Reading] = sorted(readings_of(store, POINT), key=lambda one: one.start)
    assert [one.value for one in readings] == [300_000, 2_000_000]


@pytest.mark.parametrize("title", ["Interval report", "Interval report, June"])
def test_a_title_above_the_names_is_told_with_their_row(door: Door, title: str) -> None:
    table = f"{title}\n\npoint,start,kwh\n{POINT},2024-06-13 00:00,1\n"
    report = taken(door, table)
    assert report.refused
    assert report.refused.sentence == (
        "Row 3 seems to have the names of the columns. Put file.header into the mapping. It may be 3."
    )
    assert taken(door, table, meaning(file={"header": 3})).refused is None


@pytest.mark.parametrize("name", ["Generation (kWh)", "kW"])
def test_a_column_with_a_unit_is_one_of_readings(door: Door, name: str) -> None:
    report = taken(door, f"usage_point,start,{name}\n{POINT},2024-06-13 00:00,1\n", from_plain({}))
    assert "columns.value" in [one.key for one in report.questions]


def spaced(report: Report) -> list[tuple[int, tuple[str, ...]]]:
    assert report.refused is None
    return [(one.count, one.places) for one in report.warnings if one.code == Remark.SPACED_READINGS]


def test_hours_that_were_said_to_be_quarters_are_told_of(door: Door) -> None:
    quarters = [f"{POINT},2024-06-13 {at // 4:02}:{at % 4 * 15:02},1" for at in range(96)]
    hours = [f"{POINT},2024-06-14 {hour:02}:00,4" for hour in range(24)]
    table = "\n".join(["point,start,kwh", *quarters, *hours])
    place = f"{POINT} delivered kWh, 2024-06-14"
    assert spaced(taken(door, table, meaning(interval={"length": 900}), dry_run=True)) == [(24, (place,))]


def test_gaps_here_and_there_are_no_other_length(door: Door) -> None:
    rows = [f"{POINT},2024-06-13 {hour:02}:00,1" for hour in range(24) if hour not in (3, 7, 8)]
    assert spaced(taken(door, "\n".join(["point,start,kwh", *rows]))) == []


@pytest.mark.parametrize(("last", "told"), [("11", [2]), ("12", [])])
def test_months_whose_last_day_is_still_in_are_told_of(door: Door, last: str, told: list[int]) -> None:
    months = [f"{POINT},2024-{month:02}-12,2024-{month + 1:02}-{last},1" for month in (4, 5, 6)]
    given = open_meaning(interval={"length": "row"})
    report = taken(door, "\n".join(["SPID,Start,End,kWh", *months]), given)
    assert [count for count, _ in spaced(report)] == told


@pytest.mark.parametrize(
    ("names", "wide"),
    [
        ([f"Hour {hour} kWh" for hour in range(1, 25)], {"columns": "clock"}),
        ([f"H{hour:02}" for hour in range(24)], {"columns": "elapsed"}),
        ([str(hour) for hour in range(24)], {"columns": "clock"}),
        ([f"{hour:02}00" for hour in range(24)], {}),
        ([f"{hour}00" for hour in range(1, 25)], {}),
        ([f"kwh_{hour % 24:02}00" for hour in range(1, 25)], {}),
    ],
    ids=["hours with a unit", "from 0", "numbers from 0", "starts", "ends", "the last end is 0"],
)
def test_columns_of_a_day_have_many_names(
    door: Door, store: Store, names: list[str], wide: Dictionary[str, Any]
) -> None:
    cells = ",".join(map(str, range(24)))
    report = taken(door, f"SPID,Date,{','.join(names)}\n{POINT},2024-06-13,{cells}\n", open_meaning(wide=wide))
    assert report.refused is None
    assert found(store) == [(hour, 3600, hour) for hour in range(24)]


def test_columns_beside_values_are_not_taken_for_them(door: Door, store: Store) -> None:
    names = ",".join(f"V{hour},Q{hour}" for hour in range(1, 25))
    cells = ",".join(f"{hour},17" for hour in range(24))
    given = open_meaning(wide={"columns": "elapsed"})
    report = taken(door, f"SPID,Date,{names}\n{POINT},2024-06-13,{cells}\n", given)
    assert report.unread == tuple(f"Q{hour}" for hour in range(1, 25))
    assert found(store) == [(hour, 3600, hour) for hour in range(24)]


def test_two_values_an_hour_are_asked_about(door: Door) -> None:
    names = ",".join(f"kWh{hour},kVARh{hour}" for hour in range(1, 25))
    report = taken(door, f"SPID,Date,{names}\n{POINT},2024-06-13{',1,2' * 24}\n", open_meaning())
    assert "columns.value" in [one.key for one in report.questions]


def test_a_total_below_rows_of_days_is_told_as_one(door: Door) -> None:
    table = f"SPID,Date,{CLOCK}\n{POINT},2024-06-13{',1' * 24}\nTotal,{',1' * 24}\n"
    [said] = sentences(taken(door, table, open_meaning()))
    assert said.startswith("row 3, Date: It is empty. A row of totals")


def test_who_is_asked_for_a_format_sees_a_time_and_what_it_may_be(door: Door) -> None:
    [asked] = taken(
        door, f"SPID,Start,kWh\n{POINT},03/04/2024 01:00,1\n", open_meaning(interval={"length": 900})
    ).questions
    assert asked.sentence == "How are times written, as “03/04/2024 01:00”?"
    assert asked.choices == ("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M")


def test_every_row_counts_as_read(door: Door, tmp_path: Path) -> None:
    table = f"point,start,kwh\n{POINT},2024-06-13 00:00,1\n{POINT},2024-06-13 01:00\n{POINT},2024-06-13 02:00,x\n"
    report = taken(door, table, set_aside=tmp_path / "bad.csv")
    assert (report.rows, report.rows_refused) == (3, 2)
    customers = "customer,name,class\nC-1,Robin Field,RES\nC-2\nC-3,Ada Elm,none\n"
    report = taken(door, customers, from_plain({}), set_aside=tmp_path / "bad.csv")
    assert (report.rows, report.rows_refused, report.records.new) == (3, 2, 1)
    assert taken(door, "customer,name,class\nC-4,Ada Elm,none\n", from_plain({})).rows == 1


def test_a_mapping_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "mapping.toml"
    file.write_text('[values]\r\nunit = "kWh"\r\n', encoding="utf-8-sig")
    assert read(file).values.unit == "kWh"


def ends_of_two_days(last: str, *, others: str = "") -> str:
    """A day and another by their ends: `last` is what the end of each is called."""
    hours = [*(f"{hour:02}:00" for hour in range(1, 24)), last]
    rows = [
        f"{POINT},2024-06-{day},{time},{hour}{others}"
        for day in (13, 14)
        for hour, time in enumerate(hours, 24 * (day - 13))
    ]
    return "\n".join(["SPID,Date,Time,kWh", *rows])


@pytest.mark.parametrize("last", ["00:00", "0:00", "00:00:00"])
def test_a_midnight_behind_its_day_is_asked_about(door: Door, store: Store, last: str) -> None:
    table, stamped = ends_of_two_days(last), {"zone": "local", "stamp": "end", "format": "iso"}
    if last == "0:00":
        stamped["format"] = "%Y-%m-%d %H:%M"
    length = {"length": 3600}
    report = taken(door, table, open_meaning(time=stamped, interval=length))
    assert [bad.row for bad in report.bad_rows] == [25, 49]
    assert "time.midnight" in report.bad_rows[0].sentence
    given = open_meaning(time={**stamped, "midnight": "end"}, interval=length)
    assert taken(door, table, given).refused is None
    assert found(store) == [(hour, 3600, hour) for hour in range(48)]


def test_a_midnight_may_be_that_of_the_day_before(door: Door, store: Store) -> None:
    rows = [f"{POINT},2024-06-13,{hour:02}:00,{hour}" for hour in (23, 0, 1)]
    stamped = {"zone": "local", "stamp": "end", "midnight": "start"}
    given = open_meaning(time=stamped, interval={"length": 3600})
    assert taken(door, "\n".join(["SPID,Date,Time,kWh", *rows]), given).refused is None
    assert found(store) == [(-1, 3600, 0), (0, 3600, 1), (22, 3600, 23)]


def test_midnights_that_begin_a_day_or_end_it_by_its_24_hours_are_not_asked_about(door: Door, store: Store) -> None:
    stamped = {"zone": "local", "stamp": "end"}
    given = open_meaning(time=stamped, interval={"length": 3600})
    assert taken(door, ends_of_two_days("24:00"), given).refused is None
    assert found(store) == [(hour, 3600, hour) for hour in range(48)]
    forwards = [f"{POINT + 1},2024-06-{day},{hour:02}:00,1" for day in (13, 14) for hour in range(24)]
    backwards = [row.replace(str(POINT + 1), str(POINT + 2)) for row in reversed(forwards)]
    assert taken(door, "\n".join(["SPID,Date,Time,kWh", *forwards, *backwards]), given).refused is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("%Y-%m-%d %H:%M %p", "%I and %p"), ("%Y-%m-%d %I:%M", "%I and %p"), ("%Y-%m-%d %H:%M %Z", "names of zones")],
)
def test_patterns_that_would_read_another_hour_are_none(pattern: str, said: str) -> None:
    with pytest.raises(BadMapping, match=said):
        from_plain({"time": {"format": pattern}})
