"""Parquet in, readings out: in columns where the file is plain, row by row where it is not, with one outcome."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.custodian.servers import OpenStore
from tests.custodian.services.taking import NOW, readings_of
from tests.custodian.services.test_tables import POINT, meaning, sentences
from wattshare.custodian.formats.tables.column_days import ColumnDays
from wattshare.custodian.formats.tables.parquet import ParquetTable
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.services.intake.tables import Readings
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

pa = pytest.importorskip("pyarrow", reason="pip install 'wattshare[parquet]'")
pq = pytest.importorskip("pyarrow.parquet")

# the day before the clocks go forward, at midnight in Los Angeles
FIRST = datetime(2024, 3, 9, 8, tzinfo=UTC)
HOURS = 24 + 23 + 24


@pytest.fixture
def door(store: Store) -> Door:
    """The way into an empty utility, on a stopped clock."""
    return Door(Intake(store, lambda: NOW, PGE))


def file_of(points: Sequence[Any], starts: Sequence[Any], values: Sequence[Any], **types: Any) -> bytes:
    out = io.BytesIO()
    columns = {"point": points, "start": starts, "kwh": values}
    arrays = {name: pa.array(column, types.get(name)) for name, column in columns.items()}
    pq.write_table(pa.table(arrays), out, row_group_size=50)
    return out.getvalue()


def plain(**types: Any) -> bytes:
    """Two usage points, three days of hours each."""
    points = [str(POINT + place // HOURS) for place in range(2 * HOURS)]
    starts = [FIRST + timedelta(hours=place % HOURS) for place in range(2 * HOURS)]
    values = [Decimal(place * 37 % 5000).scaleb(-3) for place in range(2 * HOURS)]
    types.setdefault("start", pa.timestamp("us", "UTC"))
    types.setdefault("kwh", pa.decimal128(12, 3))
    return file_of(points, starts, values, **types)


def taken(door: Door, data: bytes, **wanted: Any) -> Report:
    mapping = wanted.pop("mapping", meaning(time={"zone": "offset"}))
    return door.take(io.BytesIO(data), "readings.parquet", Wanted(mapping=mapping, **wanted))


def in_columns(data: bytes, mapping: Any) -> bool:
    """Whether a file goes the fast way to its end."""
    from wattshare.custodian.formats.tables.days import NotPlain

    days = ColumnDays(ParquetTable.open(io.BytesIO(data)), mapping, PGE)
    try:
        if not days.plain():
            return False
        days.number()
        return bool(list(days.packed()))
    except NotPlain:
        return False


def test_whole_days_are_packed_in_columns_as_they_are_row_by_row(
    open_store: OpenStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_columns(plain(), meaning(time={"zone": "offset"}))
    digests = []
    for way in ("columns", "rows"):
        folder = tmp_path / way
        folder.mkdir()
        store = open_store(folder)
        if way == "rows":
            monkeypatch.setattr(Readings, "_take_columns", lambda *_: None)
        report = taken(Door(Intake(store, lambda: NOW, PGE)), plain())
        assert (report.readings, report.rows) == (Tally(new=2 * HOURS), 2 * HOURS)
        with store.read() as tx:
            digests.append(tx.content.digest())
        store.close()
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("types", "sections"),
    [
        ({"start": pa.timestamp("ms", "America/Los_Angeles")}, {}),
        ({"kwh": pa.decimal128(18, 6)}, {}),
        ({"kwh": pa.decimal128(12, 3), "point": pa.dictionary(pa.int32(), pa.string())}, {}),
    ],
)
def test_other_types_of_the_same_things_are_the_same(
    door: Door, types: dict[str, Any], sections: dict[str, Any]
) -> None:
    taken(door, plain())
    mapping = meaning(time={"zone": "offset"}, **sections)
    assert in_columns(plain(**types), mapping)
    assert taken(door, plain(**types), mapping=mapping).readings == Tally(same=2 * HOURS)


def test_moments_are_read_in_columns_where_the_mapping_says_utc(door: Door) -> None:
    taken(door, plain())
    mapping = meaning(time={"zone": "UTC"})
    assert in_columns(plain(), mapping)
    assert taken(door, plain(), mapping=mapping).readings == Tally(same=2 * HOURS)
    assert not in_columns(plain(), meaning(time={"zone": "America/Los_Angeles"}))


def test_a_correction_in_columns_is_what_differs(door: Door, store: Store) -> None:
    taken(door, plain())
    points, starts = [str(POINT)] * 24, [FIRST + timedelta(hours=hour) for hour in range(24)]
    values = [Decimal(place * 37 % 5000).scaleb(-3) for place in range(24)]
    values[5] += 1
    data = file_of(points, starts, values, start=pa.timestamp("us", "UTC"), kwh=pa.decimal128(12, 3))
    assert taken(door, data).readings == Tally(changed=1, same=23)


def test_numbers_and_seconds_will_do(door: Door, store: Store) -> None:
    seconds = [int(FIRST.timestamp()) + 3600 * hour for hour in range(24)]
    data = file_of([POINT] * 24, seconds, range(24))
    mapping = meaning(time={"format": "epoch", "zone": None}, values={"unit": "Wh"})
    assert in_columns(data, mapping)
    assert taken(door, data, mapping=mapping).readings == Tally(new=24)
    found = sorted(readings_of(store, POINT), key=lambda reading: reading.start)
    assert [reading.value for reading in found] == [1000 * hour for hour in range(24)]


def test_a_wall_clock_is_settled(door: Door, store: Store) -> None:
    naive = [datetime(2024, 3, 9) + timedelta(hours=hour) for hour in range(24)]
    data = file_of([str(POINT)] * 24, naive, [1] * 24)
    mapping = meaning()
    assert in_columns(data, mapping)
    assert taken(door, data, mapping=mapping).refused is None
    assert min(reading.start for reading in readings_of(store, POINT)) == int(FIRST.timestamp())
    twice = file_of([str(POINT)], [datetime(2024, 11, 3, 1)], [1])
    assert "comes twice" in sentences(taken(door, twice, mapping=mapping))[0]


HOUR = timedelta(hours=1)
ODD: dict[str, tuple[list[Any], list[Any], list[Any], str | None]] = {
    "a gap": ([POINT] * 3, [FIRST, FIRST + HOUR, FIRST + 3 * HOUR], [1, 2, 3], None),
    "a late start": ([POINT] * 2, [FIRST + HOUR, FIRST + 2 * HOUR], [1, 2], None),
    "turn and turn about": ([POINT, POINT + 1] * 2, [FIRST, FIRST, FIRST + HOUR, FIRST + HOUR], [1, 2, 3, 4], None),
    "backwards": ([POINT] * 2, [FIRST + HOUR, FIRST], [1, 2], None),
    "the same twice": ([POINT] * 2, [FIRST, FIRST], [1, 1], None),
    "one time, two values": ([POINT] * 2, [FIRST, FIRST], [1, 2], "row 2: It is the same reading as that of row 1"),
    "nothing": ([POINT] * 2, [FIRST, FIRST + HOUR], [1, None], "row 2, kwh: It is empty"),
    "below zero": ([POINT] * 2, [FIRST, FIRST + HOUR], [1, -2], "row 2, kwh: It is below zero"),
    "too large": ([POINT] * 2, [FIRST, FIRST + HOUR], [1, 1 << 45], "row 2, kwh: “35184372088832” is too large"),
    "half a second": (
        [POINT] * 2,
        [FIRST, FIRST + HOUR + timedelta(milliseconds=500)],
        [1, 2],
        "row 2, start: “2024-03-09T09:00:00.500000Z” is no time",
    ),
    "far off": ([POINT] * 2, [FIRST, FIRST + timedelta(days=80 * 365)], [1, 2], "row 2, start: "),
}


@pytest.mark.parametrize(("points", "starts", "values", "sentence"), ODD.values(), ids=ODD)
def test_what_is_not_plain_is_read_row_by_row(
    door: Door, store: Store, points: list[Any], starts: list[Any], values: list[Any], sentence: str | None
) -> None:
    data = file_of([str(point) for point in points], starts, values, start=pa.timestamp("us", "UTC"))
    assert not in_columns(data, meaning(time={"zone": "offset"}))
    report = taken(door, data)
    if sentence is None:
        assert report.refused is None
        assert report.readings.new == len({*zip(points, starts, strict=True)})
    else:
        assert sentences(report)[0].startswith(sentence)


def test_names_that_are_not_said_to_be_texts_are_texts(door: Door) -> None:
    data = file_of([b"SP-17"], [FIRST], [1], start=pa.timestamp("us", "UTC"))
    text = file_of(["SP-17"], [FIRST], [1], start=pa.timestamp("us", "UTC"))
    assert taken(door, data).usage_points == taken(door, text).usage_points


def test_binary_fractions_are_asked_about_and_read_as_their_shortest_decimals(door: Door, store: Store) -> None:
    data = file_of([str(POINT)], [FIRST], [0.1], start=pa.timestamp("us", "UTC"))
    asked = taken(door, data)
    assert [question.key for question in asked.questions] == ["values.floats"]
    shortest = meaning(time={"zone": "offset"}, values={"unit": "kWh", "floats": "shortest"})
    assert taken(door, data, mapping=shortest).refused is None
    assert [reading.value for reading in readings_of(store, POINT)] == [100_000]


def test_a_series_without_a_place_refuses_the_file(door: Door) -> None:
    by_meter = meaning(columns={"usage_point": None, "meter": "point"}, time={"zone": "offset"})
    assert "No one usage point has or had a meter" in sentences(taken(door, plain(), mapping=by_meter))[0]


@pytest.mark.parametrize("cut", [4, 100, -8])
def test_a_damaged_file_is_refused(door: Door, cut: int) -> None:
    report = taken(door, plain()[:cut])
    assert report.refused is not None
    assert "Parquet" in report.refused.sentence or "damaged" in report.refused.sentence


def test_a_trial_shows_rows(door: Door) -> None:
    report = taken(door, plain(), dry_run=True)
    assert report.preview[1].read == f"{POINT},2024-03-09T09:00:00Z,0.037"
    assert report.readings == Tally(new=2 * HOURS)


def test_moments_are_none_of_the_local_clock(door: Door) -> None:
    report = taken(door, plain(), mapping=meaning(time={"zone": "local"}))
    assert report.refused is not None
    assert report.refused.sentence.startswith("row 1, start: “2024-03-09T08:00:00Z” has an offset of its own; then")


def test_short_binary_fractions_are_read_as_the_shortest_of_their_width(door: Door, store: Store) -> None:
    shortest = meaning(time={"zone": "offset"}, values={"floats": "shortest"})
    report = taken(door, file_of([str(POINT)], [FIRST], [0.001], kwh=pa.float32()), mapping=shortest)
    assert report.bad_rows == ()
    assert [one.value for one in readings_of(store, POINT)] == [1000]
