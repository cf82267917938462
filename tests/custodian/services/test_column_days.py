"""What is read in columns is, whatever it is, what the same rows are when they are read one by one."""

import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from tests.custodian.servers import ENGINES
from tests.custodian.services.test_tables import POINT, meaning
from tests.custodian.store.test_history import close_all
from wattshare.custodian.model.readings import Block
from wattshare.custodian.model.segments import Segment, read_blocks, read_marks
from wattshare.custodian.services.intake import Intake, Report
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.services.intake.tables import Readings
from wattshare.custodian.store.blocks import CHANNEL, CORRECTION, INTERVAL_BLOCK
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.history import SEGMENT, read_segment
from wattshare.custodian.store.premises import USAGE_POINT
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.days import day_bounds
from wattshare.espi.profile import PGE

pa = pytest.importorskip("pyarrow", reason="pip install 'wattshare[parquet]'")
pq = pytest.importorskip("pyarrow.parquet")

# the clocks go forward on the second of these days, and back on the third; months end
DAYS = [date(2024, 2, 29), date(2024, 3, 10), date(2024, 11, 3)]
ABOUT = [on + timedelta(days=day) for on in DAYS for day in (-1, 0, 1, 2)]
# values of days, by how wide they are kept: in watt hours of which thousandths are kept, or as they are
GREATEST = (0, 5, 127, 128, 32_767, 32_768, 1 << 30, 1 << 36)


@dataclass(frozen=True)
class Told:
    """One file, but for where its usage points begin."""

    # usage point, day, and the values of its readings
    days: tuple[tuple[int, date, tuple[int, ...]], ...]
    step: int
    kind: Any
    unit: str
    group: int

    def file(self, base: int) -> bytes:
        """As Parquet."""
        points, starts, values = list[int](), list[int](), list[Any]()
        for point, on, day in self.days:
            start, _ = day_bounds(on, PGE.zone)
            points += [base + point] * len(day)
            starts += range(start, start + len(day) * self.step, self.step)
            values += day
        if pa.types.is_decimal(self.kind):
            values = [Decimal(value).scaleb(-self.kind.scale) for value in values]
        arrays = {"point": pa.array(points), "start": pa.array(starts), "kwh": pa.array(values, self.kind)}
        out = io.BytesIO()
        pq.write_table(pa.table(arrays), out, row_group_size=self.group)
        return out.getvalue()


@st.composite
def files(draw: st.DrawFn) -> Told:
    """Whole days and others, in the order of usage points or of days; hardly ever with a day twice."""
    step = draw(st.sampled_from([3_600, 7_200, 21_600, 25_200, 86_400]))
    points = draw(st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True))
    # days that follow each other, or some that do not
    first = draw(st.integers(0, len(ABOUT) - 1))
    chosen = ABOUT[first : first + draw(st.integers(1, 6))]
    pairs = [(point, on) for point in points for on in chosen]
    if draw(st.booleans()):
        pairs = [(point, on) for on in chosen for point in points]
    if draw(st.integers(0, 9)) == 0:
        pairs.append(draw(st.sampled_from(pairs)))
    days = []
    for point, on in pairs:
        start, end = day_bounds(on, PGE.zone)
        whole = -((start - end) // step)
        readings = whole if draw(st.integers(0, 7)) else draw(st.integers(1, whole))
        most = draw(st.sampled_from(GREATEST))
        values = draw(st.lists(st.integers(0, most), min_size=readings, max_size=readings))
        days.append((point, on, tuple(values)))
    greatest = max(value for _, _, values in days for value in values)
    kinds = [pa.int64(), pa.uint64(), pa.decimal128(18, 3)]
    kinds += [pa.int32()] * (greatest < 1 << 31) + [pa.int16(), pa.uint16()] * (greatest < 1 << 15)
    kind, unit = draw(st.sampled_from(kinds)), draw(st.sampled_from(["Wh", "kWh"]))
    return Told(tuple(days), step, kind, unit, draw(st.integers(3, 200)))


@st.composite
def corrected(draw: st.DrawFn) -> tuple[Told, Told]:
    """A file, and one that comes after it: other values, some days more, some less."""
    told, other = draw(files()), draw(files())
    days = [(point, on, values) for point, on, values in told.days if draw(st.booleans())]
    days = [(point, on, (values[0] ^ draw(st.integers(0, 1)), *values[1:])) for point, on, values in days]
    known = {(point, on) for point, on, _ in days}
    days += [day for day in other.days if day[:2] not in known] if other.step == told.step else []
    return told, replace(told, days=tuple(days) or told.days, kind=pa.int64())


def rows_of(store: Store, base: int) -> dict[str, list[Any]]:
    """Everything of usage points from a number on, as if that were 0, and without its revisions."""
    found = dict[str, list[Any]]()
    with store.read(Purpose.UPKEEP) as tx:
        connection = tx.trail._connection
        for table in (USAGE_POINT, CHANNEL, INTERVAL_BLOCK, CORRECTION, SEGMENT):
            key = table.c.id if table is USAGE_POINT else table.c.usage_point_id
            rows = connection.execute(select(table).where(key.in_(range(base, base + 10)))).mappings()
            if table is SEGMENT:
                blocks = (block for row in rows for block in blocks_of(read_segment(row), base))
                found[table.name] = sorted(blocks, key=repr)
                continue
            passed = {"revision", "first_revision", "reason"}
            plain = [{**row, key.name: row[key.name] - base} for row in rows]
            found[table.name] = sorted((without(row, passed) for row in plain), key=repr)
    return found


def without(row: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def blocks_of(segment: Segment, base: int) -> Iterator[Block]:
    for block in read_blocks(segment, read_marks(segment)):
        yield replace(block, usage_point_id=block.usage_point_id - base, first_revision=0, revision=0)


def told_of(report: Report, base: int) -> dict[str, Any]:
    """What a report says, as if usage points began at 0."""
    plain = asdict(report)
    for name in ("digest", "revision", "names", "bad_rows"):
        plain.pop(name)
    plain["usage_points"] = [point - base for point in report.usage_points]
    for channel, one in zip(plain["channels"], report.channels, strict=True):
        channel["usage_point_id"] = (one.usage_point_id or base) - base
        channel["named"] = str(int(one.named) - base)
    if report.refused:
        plain["refused"] = report.refused.rule
    return plain


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rows", [7, 1 << 18])
def test_columns_are_stored_as_rows_are(store: Store, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """The same rows of blocks and of the ledger, and the same report; batches end anywhere."""
    from wattshare.custodian.formats.tables import parquet

    monkeypatch.setattr(parquet, "ROWS", rows)
    numbers, in_columns = count(POINT, 20), Readings._take_columns
    ways: list[bool] = []

    def watched(*told: Any) -> Report | None:
        report = in_columns(*told)
        ways.append(report is not None)
        return report

    def taken(way: Any, told: Told, base: int, late: int) -> dict[str, Any]:
        monkeypatch.setattr(Readings, "_take_columns", way)
        at = day_bounds(max(on for _, on, _ in told.days), PGE.zone)[1] + late
        door = Door(Intake(store, lambda: at, PGE))
        mapping = meaning(
            values={"unit": told.unit, "power_of_ten": None},
            time={"format": "epoch", "zone": None},
            interval={"length": told.step},
        )
        return told_of(door.take(io.BytesIO(told.file(base)), "x.parquet", Wanted(mapping=mapping)), base)

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(pair=corrected(), late=st.sampled_from([0, 40 * 86_400]), closed=st.integers(0, 5))
    def check(pair: tuple[Told, Told], late: int, closed: int) -> None:
        base = next(numbers)
        for told in pair:
            expected = taken(lambda *_: None, told, base, late)
            assert taken(watched, told, base + 10, late) == expected
            assert rows_of(store, base + 10) == rows_of(store, base)
            if not closed:
                close_all(store)

    check()
    assert any(ways), "some came by columns"


NOW = 1_750_000_000
IN_SECONDS = meaning(values={"unit": "Wh"}, time={"format": "epoch", "zone": None})
# of a month of PostgreSQL
INDEXES = text("SELECT indexdef FROM pg_indexes WHERE tablename = :name ORDER BY indexdef")
RIGHTS = text("SELECT relacl::text FROM pg_class WHERE relname = :name")
MONTHS = text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'interval_block'::regclass")


def by_hours(*days: tuple[int, date]) -> Told:
    """Whole days in hours."""
    return Told(tuple((point, on, tuple(range(24))) for point, on in days), 3_600, pa.int64(), "Wh", 24)


def taken_in(store: Store, told: Told, base: int = POINT) -> Report:
    door = Door(Intake(store, lambda: NOW, PGE))
    return door.take(io.BytesIO(told.file(base)), "x.parquet", Wanted(mapping=IN_SECONDS))


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_month_that_is_filled_before_it_has_indexes_is_as_any_other(store: Store) -> None:
    told = by_hours(*((point, date(2024, month, 12)) for point in (0, 1) for month in (5, 6)))
    assert taken_in(store, told).readings.new == 96
    with store.begin() as tx:
        connection = tx.trail._connection
        connection.execute(text("SELECT open_month(1721000000)"))
        found = []
        for month in ("2024_05", "2024_06", "2024_07"):
            name = {"name": f"interval_block_{month}"}
            facts = (*connection.scalars(INDEXES, name), connection.scalar(RIGHTS, name))
            found.append([str(fact).replace(month, "") for fact in facts])
        assert connection.scalar(MONTHS) == 3
    # three indexes
    assert len(found[0]) == 4
    assert found[0] == found[1] == found[2]
    # the same month again, with other usage points
    assert taken_in(store, told, POINT + 5).readings.new == 96


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_month_that_was_begun_and_not_finished_is_not_there(store: Store) -> None:
    begin = text("SELECT begin_month(1715500000)")
    with store.engine.connect() as connection, connection.begin() as begun:
        assert [connection.scalar(begin), connection.scalar(begin)] == ["interval_block_2024_05", None]
        begun.rollback()
    # what is not plain shows when some of it was written
    assert taken_in(store, by_hours((0, date(2024, 5, 12)), (0, date(2024, 5, 11)))).readings.new == 48
