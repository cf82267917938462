"""Tables of readings in, readings out."""

import io
from collections.abc import Mapping as Dictionary
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.custodian.servers import ENGINES
from tests.custodian.services.taking import NOW, contents_of, readings_of
from wattshare.custodian.formats.tables import columns
from wattshare.custodian.formats.tables.mapping import Mapping, from_plain
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.model.premises import Meter
from wattshare.custodian.model.readings import Reading
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.services.intake.report import Preview
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.profile import PGE

POINT = 5_390_000_001
# 2024-03-08T00:00 in Los Angeles
FRIDAY = 1_709_884_800
PLAIN: dict[str, Any] = {
    "columns": {"usage_point": "point", "start": "start", "value": "kwh"},
    "values": {"unit": "kWh"},
    "time": {"format": "iso", "zone": "local"},
    "interval": {"length": 3600},
    "flow": {"all": "delivered"},
}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility, on a stopped clock."""
    return Door(Intake(store, lambda: NOW, PGE))


def meaning(**sections: Dictionary[str, Any] | str) -> Mapping:
    """The plain mapping with some keys of it changed; None takes one away."""
    plain: dict[str, Any] = {name: dict(section) for name, section in PLAIN.items()}
    for name, section in sections.items():
        if isinstance(section, str):
            plain[name] = section
            continue
        changed = {**plain.get(name, {}), **section}
        plain[name] = {key: value for key, value in changed.items() if value is not None}
    return from_plain(plain)


def taken(door: Door, text: str | bytes, mapping: Mapping | None = None, **wanted: Any) -> Report:
    """What becomes of a table."""
    data = text.encode() if isinstance(text, str) else text
    return door.take(io.BytesIO(data), "readings.csv", Wanted(mapping=mapping or meaning(), **wanted))


def table(*rows: str, header: str = "point,start,kwh") -> str:
    return "\n".join((header, *rows)) + "\n"


def starts(found: Dictionary[Reading, int]) -> list[str]:
    ordered = sorted(found, key=lambda reading: reading.start)
    return [f"{datetime.fromtimestamp(reading.start, UTC):%d %H:%M}" for reading in ordered]


def values(found: Dictionary[Reading, int]) -> list[int | None]:
    return [reading.value for reading in sorted(found, key=lambda reading: reading.start)]


def sentences(report: Report) -> list[str]:
    return [str(bad) for bad in report.bad_rows]


def test_rows_become_readings_in_the_unit_of_the_profile(door: Door, store: Store) -> None:
    report = taken(door, table(f"{POINT},2024-03-08 00:00,1.25", f"{POINT},2024-03-08 01:00,0.000001"))
    assert report.refused is None
    assert (report.rows, report.readings, report.usage_points) == (2, Tally(new=2), (POINT,))
    # kWh as a thousandth of a Wh
    assert readings_of(store, POINT) == {
        Reading(start=FRIDAY, duration=3600, value=1_250_000): 1,
        Reading(start=FRIDAY + 3600, duration=3600, value=1): 1,
    }


def test_the_same_file_twice_changes_nothing_and_the_same_content_is_as_before(door: Door, store: Store) -> None:
    text = table(*(f"{POINT},2024-03-08 {hour:02}:00,{hour}.5" for hour in range(24)))
    assert taken(door, text).readings == Tally(new=24)
    before = contents_of(store)
    assert taken(door, text).known
    assert contents_of(store) == before
    assert taken(door, text + "\n").readings == Tally(same=24)
    assert contents_of(store) == before


def test_a_file_that_corrects_enters_exactly_its_changes(door: Door, store: Store) -> None:
    hours = [f"{POINT},2024-03-08 {hour:02}:00,{hour}.5" for hour in range(24)]
    taken(door, table(*hours))
    hours[7] = f"{POINT},2024-03-08 07:00,7.6"
    report = taken(door, table(*hours, f"{POINT},2024-03-09 00:00,1"))
    assert report.readings == Tally(new=1, changed=1, same=23)
    with store.read() as tx:
        [correction] = tx.readings.corrections(POINT)
    assert [reading.value for reading in correction.old] == [7_500_000]
    assert [reading.value for reading in correction.new] == [7_600_000]


def test_rows_may_come_in_any_order_and_channels_among_each_other(door: Door, store: Store) -> None:
    rows = [f"{POINT + point},2024-03-08 {hour:02}:00,{hour}" for hour in range(24) for point in range(3)]
    assert taken(door, table(*rows[::-1])).usage_points == (POINT, POINT + 1, POINT + 2)
    assert values(readings_of(store, POINT + 1)) == [hour * 10**6 for hour in range(24)]


def test_a_trial_shows_rows_as_read_and_as_kept_and_keeps_nothing(door: Door, store: Store) -> None:
    before = contents_of(store)
    rows = [f"{POINT},2024-03-08 {hour:02}:00,{hour}.5" for hour in range(24)]
    report = taken(door, table(*rows), dry_run=True)
    assert (report.readings, report.revision, len(report.preview)) == (Tally(new=24), None, 10)
    assert report.preview[1].read == f"{POINT},2024-03-08 01:00,1.5"
    second = report.preview[1]
    assert isinstance(second, Preview)
    assert (second.start, second.value) == (FRIDAY + 3600, 1_500_000)
    assert contents_of(store) == before


BAD = {
    "its time comes twice": (f"{POINT},2024-11-03 01:00,1", "row 3, start: The time comes twice on that day"),
    "its time is skipped": (f"{POINT},2024-03-10 02:00,1", "row 3, start: The time does not come on that day"),
    "it names nobody": (",2024-03-08 05:00,1", "row 3, point: It is empty."),
    "its value is no number": (f"{POINT},2024-03-08 05:00,1x", "row 3, kwh: “1x” is no number."),
    "its value is a formula": (f"{POINT},2024-03-08 05:00,=1+1", "row 3, kwh: “=1+1” is no number."),
    "its value is empty": (f"{POINT},2024-03-08 05:00,", "row 3, kwh: It is empty; values.empty"),
    "its value is too fine": (f"{POINT},2024-03-08 05:00,0.0000001", "row 3, kwh: “0.0000001” has more digits"),
    "its value is too large": (f"{POINT},2024-03-08 05:00,99999999999", "row 3, kwh: “99999999999” is too large"),
    "its value is below zero": (f"{POINT},2024-03-08 05:00,-1", "row 3, kwh: It is below zero"),
    "it is short": (f"{POINT},2024-03-08 05:00", "row 3: It has 2 cells; the header has 3."),
    "it has an offset": (f"{POINT},2024-03-08T05:00Z,1", "row 3, start: “2024-03-08T05:00Z” has an offset"),
    "it is no day": (f"{POINT},2024-02-30 05:00,1", "row 3, start: “2024-02-30 05:00” is no time"),
    "it is far off": (f"{POINT},1824-02-20 05:00,1", "row 3, start: “1824-02-20 05:00” is no"),
    "it differs from its twin": (f"{POINT},2024-03-08 00:00,2", "row 3: It is the same reading as that of row 2"),
    "it overlaps": (f"{POINT},2024-03-08 00:30,2", "row 3: It begins before the reading of row 2 has ended."),
    "it overlaps across midnight": (f"{POINT},2024-03-07 23:30,2", "row 2: It begins before the reading of row 3"),
}


@pytest.mark.parametrize(("row", "sentence"), BAD.values(), ids=BAD)
def test_one_bad_row_refuses_the_file(door: Door, store: Store, row: str, sentence: str) -> None:
    before = contents_of(store)
    report = taken(door, table(f"{POINT},2024-03-08 00:00,1", row))
    assert report.refused is not None
    assert sentences(report)[0].startswith(sentence)
    assert contents_of(store) == before


@pytest.mark.parametrize(("row", "sentence"), BAD.values(), ids=BAD)
def test_or_is_set_aside_by_name_and_the_others_are_taken(
    door: Door, store: Store, row: str, sentence: str, tmp_path: Path
) -> None:
    aside = tmp_path / "aside.csv"
    text = table(f"{POINT},2024-03-08 00:00,1", row, f"{POINT},2024-03-08 12:00,3")
    report = taken(door, text, set_aside=aside)
    assert report.refused is None
    assert (report.rows_refused, report.readings.new) == (1, 2)
    kept = aside.read_text()
    number = sentence.split(",", maxsplit=1)[0].split(":", maxsplit=1)[0].removeprefix("row ")
    assert kept.splitlines()[1].startswith(f"{number},")
    raw = text.splitlines()[int(number) - 1]
    assert raw in kept.replace('"', "")
    assert len(readings_of(store, POINT)) == 2


def test_of_the_hour_that_comes_twice_the_order_of_the_file_tells(door: Door, store: Store) -> None:
    hours = ("00:00", "01:00", "01:00", "02:00", "03:00")
    mapping = meaning(time={"ambiguous": "order"})
    rows = [f"{POINT},2024-11-03 {hour},{value}" for value, hour in enumerate(hours)]
    assert taken(door, table(*rows), mapping).refused is None
    found = readings_of(store, POINT)
    assert starts(found) == ["03 07:00", "03 08:00", "03 09:00", "03 10:00", "03 11:00"]
    assert values(found) == [0, 10**6, 2 * 10**6, 3 * 10**6, 4 * 10**6]
    # the same rows from the last to the first are the same readings
    again = taken(door, table(*rows[::-1]), mapping)
    assert again.readings == Tally(same=5)


def test_one_of_the_two_hours_alone_is_not_guessed(door: Door) -> None:
    rows = [f"{POINT},2024-11-03 {hour},1" for hour in ("00:00", "01:00", "02:00")]
    report = taken(door, table(*rows), meaning(time={"ambiguous": "order"}))
    assert sentences(report) == [
        "row 3: The hour comes twice on that day, and this time stands once: put in the row of the other hour, or say "
        "which it is under time.ambiguous."
    ]


@pytest.mark.parametrize(("which", "start"), [("first", "03 08:00"), ("second", "03 09:00")])
def test_or_it_is_always_the_same(door: Door, store: Store, which: str, start: str) -> None:
    taken(door, table(f"{POINT},2024-11-03 01:00,1"), meaning(time={"ambiguous": which}))
    assert starts(readings_of(store, POINT)) == [start]


def test_or_a_column_tells(door: Door, store: Store) -> None:
    mapping = meaning(columns={"fold": "dst"}, time={"ambiguous": "column", "first": ["PDT"], "second": ["PST"]})
    rows = (f"{POINT},2024-11-03 01:00,2,PST", f"{POINT},2024-11-03 01:00,1,PDT", f"{POINT},2024-11-03 02:00,3,PST")
    assert taken(door, table(*rows, header="point,start,kwh,dst"), mapping).refused is None
    assert values(readings_of(store, POINT)) == [10**6, 2 * 10**6, 3 * 10**6]
    report = taken(door, table(f"{POINT},2024-11-03 01:00,2,X", header="point,start,kwh,dst"), mapping)
    assert sentences(report) == ["row 2, dst: “X” is neither in time.first nor in time.second."]


def test_rows_of_the_hour_that_does_not_come_are_passed_over_where_that_is_said(door: Door, store: Store) -> None:
    rows = [f"{POINT},2024-03-10 {hour:02}:00,0" for hour in range(24)]
    report = taken(door, table(*rows), meaning(time={"missing": "skip"}))
    assert (report.readings.new, report.rows_skipped) == (23, 1)
    assert starts(readings_of(store, POINT))[1:3] == ["10 09:00", "10 10:00"]


def test_times_at_the_end_of_an_interval(door: Door, store: Store) -> None:
    mapping = meaning(columns={"start": None, "end": "end"})
    rows = (f"{POINT},2024-03-08 01:00,1", f"{POINT},2024-03-08 24:00,2", f"{POINT},2024-03-10 02:00,3")
    assert taken(door, table(*rows, header="point,end,kwh"), mapping).refused is None
    assert starts(readings_of(store, POINT)) == ["08 08:00", "09 07:00", "10 09:00"]


@pytest.mark.parametrize(
    ("form", "zone", "text"),
    [
        ("iso", "UTC", "2024-03-08 08:00"),
        ("iso", "offset", "2024-03-08T00:00:00-08:00"),
        ("iso", "offset", "2024-03-08T08:00:00Z"),
        ("iso", "-08:00", "2024-03-08T00:00"),
        ("iso", "America/New_York", "2024-03-08T03:00"),
        ("%m/%d/%Y %I:%M %p", "local", "03/08/2024 12:00 AM"),
        ("epoch", None, str(FRIDAY)),
        ("epoch-ms", None, f"{FRIDAY}000"),
    ],
)
def test_times_in_many_forms_are_the_same_second(
    door: Door, store: Store, form: str, zone: str | None, text: str
) -> None:
    report = taken(door, table(f"{POINT},{text},1"), meaning(time={"format": form, "zone": zone}))
    assert report.refused is None
    assert [reading.start for reading in readings_of(store, POINT)] == [FRIDAY]


def test_days_are_local_days_of_23_24_and_25_hours_and_gas_days_begin_a_second_late(door: Door, store: Store) -> None:
    mapping = meaning(columns={"start": None, "date": "day"}, values={"unit": "therm"}, interval={"length": "day"})
    days = ("2024-03-09", "2024-03-10", "2024-11-03")
    rows = [f"{POINT},{day},1.5" for day in days]
    assert taken(door, table(*rows, header="point,day,kwh"), mapping).refused is None
    found = sorted(readings_of(store, POINT), key=lambda reading: reading.start)
    assert [(reading.duration, reading.value) for reading in found] == [
        (86_400, 150_000_000),
        (82_800, 150_000_000),
        (90_000, 150_000_000),
    ]
    assert found[0].start == FRIDAY + 86_400 + 1


def test_starts_and_ends_say_how_long_each_reading_is(door: Door, store: Store) -> None:
    mapping = meaning(columns={"end": "end"}, interval={"length": None}, time={"zone": "UTC"}, values={"unit": "Wh"})
    rows = (
        f"{POINT},2024-03-08 08:00,2024-03-08 08:15,1",
        f"{POINT},2024-03-08 08:15,2024-03-08 09:15,2",
        f"{POINT},2024-01-08 08:00,2024-02-08 08:00,3",
        f"{POINT},2024-03-08 08:00,2024-03-08 08:00,4",
    )
    header = "point,start,end,kwh"
    report = taken(door, table(*rows, header=header), mapping)
    assert sentences(report) == ["row 5, end: The interval does not end after its start."]
    report = taken(door, table(*rows[:3], header=header), mapping)
    # each length is a channel of its own
    assert len(report.channels) == 3
    assert sorted(reading.duration for reading in readings_of(store, POINT)) == [900, 3600, 31 * 86_400]


def test_flows_by_words_by_sign_and_net(door: Door) -> None:
    flow = {"all": None, "delivered": ["D", "1"], "received": ["R"]}
    by_word = meaning(columns={"flow": "way"}, flow=flow)
    rows = (f"{POINT},2024-03-08 05:00,1,D", f"{POINT},2024-03-08 05:00,2,r", f"{POINT},2024-03-08 06:00,2,X")
    header = "point,start,kwh,way"
    assert sentences(taken(door, table(*rows, header=header), by_word)) == [
        "row 4, way: “X” names no flow; put it into flow.delivered, flow.received or flow.net."
    ]
    assert [one.channel for one in taken(door, table(*rows[:2], header=header), by_word).channels] == [1, 2]
    signed = table(f"{POINT + 1},2024-03-08 05:00,-2", f"{POINT + 1},2024-03-08 06:00,3")
    split = taken(door, signed, meaning(flow={"all": "split"}))
    assert [one.readings for one in split.channels] == [Tally(new=2), Tally(new=2)]
    [net] = taken(door, signed, meaning(flow={"all": "net"})).channels
    assert net.readings == Tally(new=2)


def test_qualities_and_the_rest_of_a_reading(door: Door, store: Store) -> None:
    mapping = meaning(
        columns={"quality": "q", "tou": "tou", "cost": "cost", "tier": "tier", "cpp": "cpp"},
        quality={"A": 17, "E": 8},
    )
    header = "point,start,kwh,q,tou,cost,tier,cpp"
    rows = (f"{POINT},2024-03-08 00:00,1,E,2,0.12345,3,1", f"{POINT},2024-03-08 01:00,1,,,,,")
    assert taken(door, table(*rows, header=header), mapping).refused is None
    assert readings_of(store, POINT) == {
        Reading(start=FRIDAY, duration=3600, value=10**6, quality=(8,), tou=2, cost=12_345, tier=3, cpp=1): 1,
        Reading(start=FRIDAY + 3600, duration=3600, value=10**6): 1,
    }
    bad = (f"{POINT},2024-03-08 02:00,1,Z,,,,", f"{POINT},2024-03-08 03:00,1,,x,,,")
    assert sentences(taken(door, table(*bad, header=header), mapping)) == [
        "row 2, q: “Z” is no quality that is known; say its number under quality.",
        "row 3, tou: “x” is no whole number between -32768 and 32767.",
    ]


@pytest.mark.parametrize(
    ("unit", "more", "value", "kept"),
    [
        ("MWh", {}, "0.5", (72, -3, 500_000_000)),
        ("CCF", {"commodity": "gas"}, "1.234", (119, -1, 1_234)),
        ("m3", {"commodity": "water"}, "0.001", (42, -3, 1)),
        ("kgal", {}, "7", (128, 0, 7_000)),
        ("Dth", {}, "0.1", (169, -8, 10**8)),
        ("kWh", {"power_of_ten": 0}, "3", (72, 0, 3_000)),
        ("kWh", {"decimal": ",", "thousands": "."}, "1.234,5", (72, -3, 1_234_500_000)),
    ],
)
def test_units_are_kept_exactly(
    door: Door, store: Store, unit: str, more: dict[str, Any], value: str, kept: tuple[int, int, int]
) -> None:
    mapping = meaning(values={"unit": unit, **more}, file={"delimiter": ";"})
    report = taken(door, table(f"{POINT};2024-03-08 00:00;{value}", header="point;start;kwh"), mapping)
    assert report.refused is None
    with store.read() as tx:
        [channel] = tx.readings.channels(POINT)
    [reading] = readings_of(store, POINT)
    kind = channel.reading_type
    assert (kind.uom, kind.power_of_ten_multiplier, reading.value) == kept


def test_any_other_name_gets_ten_digits_and_keeps_them(door: Door) -> None:
    [first] = taken(door, table("SP-17,2024-03-08 00:00,1")).usage_points
    [again] = taken(door, table("SP-17,2024-03-09 00:00,1")).usage_points
    assert first == again >= 9_000_000_000


def test_a_meter_or_an_account_stands_for_its_usage_point(door: Door, store: Store) -> None:
    taken(door, table(f"{POINT},2024-03-08 00:00,1"))
    with store.begin() as tx:
        tx.customers.add_meter(Meter(usage_point_id=POINT, serial="M-1"))
        customer = tx.customers.add_customer("Robin Field")
        account = tx.customers.add_account(customer.id, "41415-1")
        tx.customers.add_agreement(POINT, account.id, "SA-1", starts=0)
    by_meter = meaning(columns={"usage_point": None, "meter": "point"})
    by_account = meaning(columns={"usage_point": None, "account": "point"})
    assert taken(door, table("M-1,2024-03-09 00:00,1"), by_meter).usage_points == (POINT,)
    assert taken(door, table("414151,2024-03-10 00:00,1"), by_account).usage_points == (POINT,)
    assert sentences(taken(door, table("M-2,2024-03-09 00:00,1"), by_meter))[0].startswith(
        "row 2, point: No one usage point has or had a meter of this serial"
    )
    gas = meaning(columns={"usage_point": None, "account": "point"}, values={"unit": "therm"})
    assert "has not one usage point of gas" in sentences(taken(door, table("414151,2024-03-10 00:00,1"), gas))[0]


def test_a_usage_point_has_one_service(door: Door) -> None:
    taken(door, table(f"{POINT},2024-03-08 00:00,1"))
    report = taken(door, table(f"{POINT},2024-03-08 00:00,1"), meaning(values={"unit": "therm"}))
    assert sentences(report) == [f"row 2, point: Usage point {POINT} is electricity, and the values are of gas."]
    both = meaning(columns={"unit": "unit"}, values={"unit": None})
    rows = ("SP-1,2024-03-08 00:00,1,kWh", "SP-1,2024-03-08 00:00,1,therm")
    report = taken(door, table(*rows, header="point,start,kwh,unit"), both)
    assert sentences(report) == ["row 3, point: A usage point has one service; here it has electricity and gas."]


@pytest.mark.parametrize(
    ("key", "value"),
    [("time.zone", None), ("interval.length", None), ("flow.all", None)],
)
def test_what_is_not_said_is_asked_by_its_key(door: Door, key: str, value: None) -> None:
    section, _, name = key.partition(".")
    report = taken(door, table(f"{POINT},2024-03-08 00:00,1"), meaning(**{section: {name: value}}))
    assert report.refused is not None
    assert f"Put {key} into the mapping." in report.refused.sentence
    assert [question.key for question in report.questions] == [key]


def test_a_unit_is_asked_where_the_column_does_not_name_it(door: Door) -> None:
    rows = table(f"{POINT},2024-03-08 00:00,1", header="point,start,much")
    report = taken(door, rows, meaning(columns={"value": "much"}, values={"unit": None}))
    assert report.refused is not None
    assert "Put values.unit into the mapping. It may be kWh, Wh," in report.refused.sentence
    named = meaning(columns={"value": "Usage (kWh)"}, values={"unit": None})
    assert taken(door, table(f"{POINT},2024-03-08 00:00,1", header="point,start,Usage (kWh)"), named).readings.new == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "sp,from,kwh\n1,2024-03-08 00:00,1\n",
            "columns.usage_point: of the columns of the file 'point' is not there; there are sp, from, kwh",
        ),
        ("", "The file is empty."),
        ("\n\n", "The file is empty."),
    ],
)
def test_a_file_that_is_another_than_the_mapping_says_is_told_what_it_lacks(door: Door, text: str, told: str) -> None:
    report = taken(door, text, meaning(time={"format": None}))
    assert report.refused is not None
    assert report.refused.sentence == told


@pytest.mark.parametrize("given", [meaning(), meaning(time={"format": None}, flow={"all": None}), None])
def test_a_file_without_rows_brings_nothing_whatever_is_open(door: Door, store: Store, given: Mapping | None) -> None:
    report = door.take(io.BytesIO(b"point,start,kwh\n"), "readings.csv", Wanted(mapping=given))
    assert (report.refused, report.questions, report.rows, report.readings) == (None, (), 0, Tally())
    with store.read(Purpose.INTAKE) as tx:
        assert [one.state for one in tx.imports.outcomes(9)] == ["taken"]


def test_an_offset_that_the_clock_has_then_contradicts_nothing(door: Door, store: Store) -> None:
    assert taken(door, table(f"{POINT},2024-03-08T08:00Z,1"), meaning(time={"zone": "UTC"})).readings.new == 1
    assert taken(door, table(f"{POINT},2024-03-08T00:00-08:00,1")).readings.same == 1
    bad = taken(door, table(f"{POINT},2024-03-08T00:00-07:00,1", f"{POINT},2024-03-08T00:00Z,1"))
    assert sentences(bad)[0].endswith("has an offset of its own; then time.zone is “offset”.")
    assert bad.rows_refused == 2


WIDE = {
    "form": "wide",
    "columns": {"usage_point": "point", "date": "day"},
    "values": {"unit": "kWh"},
    "time": {"format": "iso", "zone": "local", "stamp": "start"},
    "interval": {"length": 3600},
    "flow": {"all": "delivered"},
}
CLOCK = [f"{hour:02}:00" for hour in range(24)]


def wide(*rows: str, columns: list[str] = CLOCK) -> str:
    return table(*rows, header=",".join(("point", "day", *columns)))


def in_utc(found: Dictionary[Reading, int], hour: int) -> list[str]:
    return [start for start in starts(found) if start.endswith(f"{hour:02}:00")]


def test_a_row_a_day_is_a_day_of_readings(door: Door, store: Store) -> None:
    cells = ",".join(map(str, range(24)))
    report = taken(door, wide(f"{POINT},2024-03-08,{cells}"), from_plain(WIDE))
    assert (report.rows, report.readings) == (1, Tally(new=24))
    assert values(readings_of(store, POINT)) == [hour * 10**6 for hour in range(24)]
    assert starts(readings_of(store, POINT))[0] == "08 08:00"


def test_the_columns_may_name_the_ends(door: Door, store: Store) -> None:
    mapping = from_plain({**WIDE, "time": {**WIDE["time"], "stamp": "end"}})  # type: ignore[dict-item]
    columns = [f"{hour:02}:00" for hour in range(1, 25)]
    cells = ",".join(map(str, range(24)))
    assert taken(door, wide(f"{POINT},2024-03-08,{cells}", columns=columns), mapping).refused is None
    assert starts(readings_of(store, POINT))[0] == "08 08:00"
    assert values(readings_of(store, POINT)) == [hour * 10**6 for hour in range(24)]


def test_a_day_of_23_hours_has_no_value_in_the_hour_that_does_not_come(door: Door, store: Store) -> None:
    cells = [str(hour) for hour in range(24)]
    full = wide(f"{POINT},2024-03-10,{','.join(cells)}")
    assert sentences(taken(door, full, from_plain(WIDE)))[0].startswith("row 2, day: The time does not come")
    cells[2] = ""
    assert taken(door, wide(f"{POINT},2024-03-10,{','.join(cells)}"), from_plain(WIDE)).readings.new == 23


def test_a_day_of_25_hours_has_two_columns_for_the_hour_that_comes_twice(door: Door, store: Store) -> None:
    cells = ",".join(map(str, range(24)))
    once = taken(door, wide(f"{POINT},2024-11-03,{cells}"), from_plain(WIDE))
    assert "An hour of this day comes twice." in sentences(once)[0]
    columns = [*CLOCK[:2], "01:00 (2)", *CLOCK[2:]]
    days = (f"{POINT},2024-11-03,{','.join(map(str, range(25)))}", f"{POINT},2024-11-04,0,1,,{','.join(['2'] * 22)}")
    report = taken(door, wide(*days, columns=columns), from_plain(WIDE))
    assert report.readings == Tally(new=49)
    assert values(readings_of(store, POINT))[:25] == [hour * 10**6 for hour in range(25)]
    odd = f"{POINT},2024-11-05,{','.join(['1'] * 25)}"
    assert (
        "stands where that day has no time" in sentences(taken(door, wide(odd, columns=columns), from_plain(WIDE)))[0]
    )


def test_columns_that_are_counted_may_go_by_time_or_by_the_clock(door: Door, store: Store) -> None:
    columns = [f"HE{hour:02}" for hour in range(1, 26)]
    row = f"{POINT},2024-11-03,{','.join(map(str, range(25)))}"
    asked = taken(door, wide(row, columns=columns), from_plain({**WIDE, "time": {"format": "iso", "zone": "local"}}))
    assert [question.key for question in asked.questions] == ["wide.columns"]
    elapsed = from_plain({**WIDE, "wide": {"columns": "elapsed"}})
    short = f"{POINT},2024-03-10,{','.join(map(str, range(23)))},,"
    assert taken(door, wide(row, short, columns=columns), elapsed).readings == Tally(new=48)
    assert values(readings_of(store, POINT))[23:] == [hour * 10**6 for hour in range(25)]


def test_a_bad_cell_takes_the_whole_row_of_a_day_with_it(door: Door, store: Store, tmp_path: Path) -> None:
    cells = ",".join(map(str, range(24)))
    rows = (f"{POINT},2024-03-08,{cells}", f"{POINT},2024-03-07,x{cells}", f"{POINT + 1},2024-03-07,{cells}")
    report = taken(door, wide(*rows), from_plain(WIDE), set_aside=tmp_path / "aside.csv")
    assert (report.rows_refused, report.readings) == (1, Tally(new=48))


def test_an_empty_cell_is_a_gap_where_that_is_said(door: Door) -> None:
    cells = ",".join(["1"] * 23)
    row = wide(f"{POINT},2024-03-08,,{cells}")
    assert taken(door, row, from_plain(WIDE)).refused is not None
    mapping = from_plain({**WIDE, "values": {"unit": "kWh", "empty": "gap"}})
    assert taken(door, row, mapping).readings == Tally(new=23)


def test_where_every_row_is_bad_the_file_is_refused_and_none_is_set_aside(door: Door, tmp_path: Path) -> None:
    aside = tmp_path / "bad.csv"
    text = table("M-9,2024-03-08 00:00,1", header="meter,start,kwh")
    mapping = meaning(columns={"usage_point": None, "meter": "meter"})
    for _ in range(2):
        # it is not known by its bytes: it is taken once its meter is there
        report = taken(door, text, mapping, set_aside=aside)
        assert report.refused is not None
        assert "import meters first" in report.refused.sentence
    assert not aside.exists()


def test_a_file_that_is_known_tells_what_was_set_aside_of_it(door: Door, tmp_path: Path) -> None:
    text = table(f"{POINT},2024-03-08 00:00,1", f"{POINT},2024-03-08 01:00,x")
    for known in (False, True):
        report = taken(door, text, set_aside=tmp_path / "bad.csv")
        assert (report.known, report.rows_refused) == (known, 1)


def test_what_is_set_aside_of_one_file_is_not_written_over_by_the_next(
    door: Door, store: Store, tmp_path: Path
) -> None:
    aside = tmp_path / "aside.csv"
    for day in (8, 9):
        rows = (f"{POINT},2024-03-0{day} 00:00,1", f"{POINT},2024-03-0{day} 01:00,x")
        report = taken(door, table(*rows), set_aside=aside)
        assert report.aside == str(aside if day == 8 else tmp_path / "aside.2.csv")
    kept = [path.read_text().splitlines()[1] for path in (aside, tmp_path / "aside.2.csv")]
    assert ["03-08 01:00" in kept[0], "03-09 01:00" in kept[1]] == [True, True]


def test_columns_that_are_not_read_are_named(door: Door) -> None:
    rows = table(f"{POINT},2024-03-08 00:00,1,E,2", header="point,start,kwh,How,Received")
    assert taken(door, rows).unread == ("How", "Received")
    assert taken(door, table(f"{POINT},2024-03-09 00:00,1")).unread == ()
    day = wide(f"{POINT},2024-03-11,{','.join('1' * 24)},24", columns=[*CLOCK, "Total"])
    assert taken(door, day, from_plain(WIDE)).unread == ("Total",)


def test_nobody_looks_for_more_bad_rows_than_a_file_may_have(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MOST_BAD", 3)
    report = taken(door, table(*(f"{POINT},never,{value}" for value in range(10))))
    assert report.rows_refused == 3
    assert "More than 3 rows are bad." in str(report.refused)


def test_a_name_that_is_no_name_makes_a_bad_row(door: Door) -> None:
    report = taken(door, table(f"{'x' * 257},2024-03-08 00:00,1", f"{'x' * 256},2024-03-08 00:00,1"))
    assert sentences(report) == [f"row 2, point: “{'x' * 40}…” is longer than 256 characters."]


def test_a_report_says_of_each_channel_what_was_taken_and_refused_and_names_it_as_the_file_does(
    door: Door, store: Store, tmp_path: Path
) -> None:
    rows = (
        *("SP-0,2024-03-08 00:00,1", "SP-0,2024-03-08 01:00,none", "SP-0,2024-03-08 00:00,2"),
        *("SP-1,2024-03-08 00:00,1", "SP-2,2024-03-08 00:00,-1", ",2024-03-08 00:00,1", "SP-1"),
    )
    report = taken(door, table(*rows))
    assert {one.named: (one.usage_point_id, one.channel, one.rows_refused) for one in report.channels} == {
        "SP-0": (None, None, 2),
        "SP-2": (None, None, 1),
    }
    assert (report.rows_refused, report.rows_refused_unknown) == (5, 2)
    report = taken(door, table(*rows), set_aside=tmp_path / "aside.csv")
    assert {one.named: (one.channel, one.readings.new, one.rows_refused) for one in report.channels} == {
        "SP-0": (1, 1, 2),
        "SP-1": (1, 1, 0),
        "SP-2": (None, 0, 1),
    }
    assert sorted(report.names.values()) == ["SP-0", "SP-1"]
    assert set(report.names) == set(report.usage_points)
    # the house keeps no name of another's: some are numbers of accounts
    with store.read(Purpose.INTAKE) as tx:
        assert "SP-" not in str([outcome.report for outcome in tx.imports.outcomes(1)])


def test_by_the_sign_a_bad_row_is_of_both_channels_and_of_a_row_a_day_its_bad_day(door: Door, tmp_path: Path) -> None:
    split = meaning(flow={"all": "split"})
    rows = ("SP-0,2024-03-08 00:00,1", "SP-0,2024-03-08 01:00,none", "SP-0,2024-03-08 00:00,2")
    report = taken(door, table(*rows), split, set_aside=tmp_path / "aside.csv")
    assert [(one.named, one.flow, one.rows_refused) for one in report.channels] == [("SP-0", 1, 2), ("SP-0", 19, 2)]
    header = "point,date," + ",".join(f"{hour:02}:00" for hour in range(24))
    mapping = meaning(form="wide", columns={"start": None, "value": None, "date": "date"})
    report = taken(door, table("SP-0,never" + ",1" * 24, header=header), mapping)
    assert [(one.named, one.rows_refused) for one in report.channels] == [("SP-0", 1)]


def test_of_what_only_bad_rows_name_nothing_is_made(door: Door, store: Store, tmp_path: Path) -> None:
    mapping = meaning(columns={"usage_point": None, "meter": "point"})
    report = taken(door, table("M-1,2024-03-08 00:00,1"), mapping, set_aside=tmp_path / "aside.csv")
    assert (report.usage_points, report.channels[0].rows_refused) == ((), 1)
    assert contents_of(store)["usage_point"] == []


def test_a_usual_header_is_not_taken_for_a_slip_of_another(door: Door) -> None:
    text = table("SP-0,2024-03-08 00:00,1", header="usage_point,start,kWh")
    report = door.take(io.BytesIO(text.encode()), "readings.csv", Wanted())
    assert {asked.key for asked in report.questions} == {"time.zone", "interval.length", "flow.all"}
