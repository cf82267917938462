"""Tables of readings in Parquet, in columns: a day is packed from the buffer that its values lie in.

Where a file is as files from head ends are — sorted by usage point and time, whole numbers or decimals, whole days — no
reading is ever a value of Python's. Whatever is not so goes the way of CSV, a row at a time, with the same outcome.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wattshare.custodian.formats.tables.columns import Series, measure_of
from wattshare.custodian.formats.tables.days import NotPlain, PlainRow
from wattshare.custodian.formats.tables.mapping import FLOWS, NAMES
from wattshare.custodian.formats.tables.mapping import Mapping as Meaning
from wattshare.custodian.formats.tables.moments import DAY, ISO, settle, zone_of
from wattshare.custodian.formats.tables.text import Rows, Unreadable
from wattshare.custodian.model.packing import LONGEST_DAY, day_length
from wattshare.espi.days import day_bounds, day_of
from wattshare.espi.profile import Profile

# rows that are held at a time; and of texts as many as of CSV, or so many cells
ROWS, TEXTS, CELLS = 1 << 18, 20_000, 400_000
COLUMNS = 2_000
# whose midnights are remembered
MOMENTS = 100_000
INTEGERS = {1: pa.int8(), 2: pa.int16(), 4: pa.int32(), 8: pa.int64()}


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file that can be read more than once."""

    file: BinaryIO
    header: tuple[str, ...]
    schema: pa.Schema

    @classmethod
    def open(cls, file: BinaryIO) -> "ParquetTable":
        """A table.

        Raises:
            Unreadable: it is no Parquet, or has too many columns.
        """
        file.seek(0)
        try:
            schema = pq.ParquetFile(pa.PythonFile(file, mode="r")).schema_arrow
        except (pa.ArrowException, OSError) as why:
            raise Unreadable("The file is no Parquet that can be read.") from why
        if len(schema) > COLUMNS:
            raise Unreadable(f"The file has {len(schema)} columns; at most {COLUMNS} are read.")
        return cls(file, tuple(schema.names), schema)

    def tables(self, columns: Sequence[str] | None = None, rows: int = ROWS) -> Iterator[pa.RecordBatch]:
        """The rows in batches of columns.

        Raises:
            Unreadable: the file is damaged.
        """
        self.file.seek(0)
        try:
            source = pq.ParquetFile(pa.PythonFile(self.file, mode="r"), pre_buffer=False)
            yield from source.iter_batches(batch_size=rows, columns=columns, use_threads=False)
        except (pa.ArrowException, OSError) as why:
            raise Unreadable("The file is damaged.") from why

    def count(self) -> int:
        """How many rows there are."""
        self.file.seek(0)
        return int(pq.read_metadata(pa.PythonFile(self.file, mode="r")).num_rows)

    def batches(self) -> Iterator[Rows]:
        """The rows as texts, many at a time; the first is row 1."""
        number = 1
        for batch in self.tables(rows=min(TEXTS, max(CELLS // max(len(self.header), 1), 1))):
            columns = [_texts(column) for column in batch.columns]
            yield Rows(number, [list(row) for row in zip(*columns, strict=True)])
            number += batch.num_rows

    def sample(self, count: int = 200) -> tuple[tuple[str, ...], ...]:
        """The first rows."""
        for batch in self.tables(rows=count):
            columns = [_texts(column) for column in batch.slice(0, count).columns]
            return tuple(zip(*columns, strict=True))
        return ()

    def raw(self, numbers: Iterable[int]) -> Iterator[tuple[int, str]]:
        """Some rows as text, cells between commas."""
        wanted = set(numbers)
        for batch in self.batches():
            for number, row in enumerate(batch.rows, batch.first):
                if number in wanted:
                    yield number, ",".join(row)


def _texts(column: pa.Array) -> list[str]:
    """A column as texts: times in ISO 8601, binary fractions as their shortest decimals."""
    if pa.types.is_timestamp(column.type):
        form = "%Y-%m-%dT%H:%M:%SZ" if column.type.tz else "%Y-%m-%dT%H:%M:%S"
        # what is no whole second keeps its fraction, as far as a text's is read, and is a bad row by it
        fine = pa.timestamp("us", "UTC" if column.type.tz else None)
        times = column.cast(fine, safe=False).to_pylist()
        return ["" if one is None else one.strftime(_fine(form) if one.microsecond else form) for one in times]
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        # texts of writers that leave away what says that they are texts
        return ["" if one is None else one.decode(errors="replace") for one in column.to_pylist()]
    if pa.types.is_floating(column.type):
        return ["" if one is None else repr(one) for one in column.to_pylist()]
    if pa.types.is_decimal(column.type):
        return ["" if one is None else f"{one:f}" for one in column.to_pylist()]
    return ["" if one is None else str(one) for one in column.to_pylist()]


def _fine(form: str) -> str:
    return form.replace("%S", "%S.%f")


def has_floats(table: ParquetTable, meaning: Meaning) -> bool:
    """Whether values stand as binary fractions."""
    name = meaning.columns.get("value", "")
    return name in table.header and pa.types.is_floating(table.schema.field(name).type)


@dataclass
class ColumnDays:
    """The days of a table, packed from columns."""

    table: ParquetTable
    meaning: Meaning
    profile: Profile
    # each with its number, in the order of appearance
    series: dict[Series, int] = field(default_factory=dict)
    rows: int = 0
    # series by the cells that name them, and ends and lengths of days by their starts
    _numbers: dict[Any, int] = field(default_factory=dict)
    _bounds: dict[int, tuple[int, int]] = field(default_factory=dict)
    # the midnights before moments
    _midnights: dict[int, int] = field(default_factory=dict)

    def plain(self) -> bool:
        """Whether the file may be read so at all: every column is of a kind that needs no reading of texts."""
        meaning, columns = self.meaning, self.meaning.columns
        stamp, value = columns.get("start"), columns.get("value")
        role = next((role for role in NAMES if role in columns), None)
        if not (role and stamp and value) or set(columns) - {role, "start", "value"}:
            return False
        name, start, kind = (self.table.schema.field(one).type for one in (columns[role], stamp, value))
        return (
            (pa.types.is_integer(start) and meaning.time.format == "epoch")
            or (pa.types.is_timestamp(start) and meaning.time.format == ISO and (start.tz is None) == self._local)
        ) and (
            (pa.types.is_integer(name) or pa.types.is_string(name) or pa.types.is_dictionary(name))
            and (pa.types.is_integer(kind) or (pa.types.is_decimal128(kind) and kind.precision <= 18))
            and isinstance(meaning.interval.length, int)
            and meaning.interval.length <= LONGEST_DAY
            and meaning.flow.all in FLOWS
            and meaning.values.unit is not None
        )

    @property
    def _local(self) -> bool:
        """Whether times are those of a wall clock."""
        return self.meaning.time.zone not in (None, "offset")

    @property
    def days(self) -> int:
        """About how many days there are."""
        return self.table.count() * int(self.meaning.interval.length or 0) // DAY

    def number(self) -> None:
        """Find every series.

        Raises:
            NotPlain: a name is missing, or is not as it must be.
        """
        self._role = next(role for role in NAMES if role in self.meaning.columns)
        for batch in self.table.tables([self.meaning.columns[self._role]]):
            [names] = batch.columns
            if names.null_count:
                raise NotPlain
            if pa.types.is_dictionary(names.type):
                names = names.dictionary_decode()
            for head in names.unique().to_pylist():
                if head not in self._numbers:
                    self._numbers[head] = self._number(str(head))

    def packed(self) -> Iterator[list[PlainRow]]:
        """Days, many at a time, once every series has its number.

        Raises:
            NotPlain: something in it is not as it must be; nothing of what was given counts.
        """
        names = [self.meaning.columns[role] for role in (self._role, "start", "value")]
        last: dict[int, int] = {}
        carried: pa.Table | None = None
        for batch in self.table.tables(names):
            self.rows += batch.num_rows
            columns = self._columns(batch, names)
            table = columns if carried is None else pa.concat_tables([carried, columns])
            rows, carried = self._cut(table, last, whole=False)
            yield rows
        if carried is not None and carried.num_rows:
            yield self._cut(carried, last, whole=True)[0]

    def _columns(self, batch: pa.RecordBatch, names: Sequence[str]) -> pa.Table:
        """Names, starts in seconds, and values as they are kept.

        Raises:
            NotPlain: a cell is empty, no whole second, too fine, too large, or below zero.
        """
        name, start, value = (batch.column(one) for one in names)
        if name.null_count or start.null_count or value.null_count:
            raise NotPlain
        if pa.types.is_dictionary(name.type):
            name = name.dictionary_decode()
        try:
            clock = pa.types.is_timestamp(start.type) and start.type.tz is None
            if pa.types.is_timestamp(start.type):
                start = start.cast(pa.timestamp("s", start.type.tz)).cast(pa.int64())
            start, value = start.cast(pa.int64()), _scaled(value, self._shift())
        except pa.ArrowInvalid as why:
            raise NotPlain from why
        if batch.num_rows and (pc.min(value).as_py() < 0 or pc.max(value).as_py() >= 1 << 47):
            raise NotPlain
        return pa.table({"name": name, "start": self._settled(start) if clock else start, "value": value})

    def _settled(self, start: pa.Array) -> pa.Array:
        """The seconds of a wall clock's times; none of them comes twice or never."""
        zone = self.profile.zone if self.meaning.time.zone == "local" else zone_of(self.meaning.time.zone or "")
        coded = start.dictionary_encode()
        settled = [settle(naive, zone or self.profile.zone) for naive in coded.dictionary.to_pylist()]
        if any(not isinstance(one, int) for one in settled):
            raise NotPlain
        return pa.array(settled, pa.int64()).take(coded.indices)

    def _shift(self) -> int:
        """How many digits the point moves to the right."""
        measure = measure_of(self.meaning.values.unit or "", self.meaning, self.profile)
        if isinstance(measure, str):
            raise NotPlain
        return measure.unit.power - measure.power

    def _cut(self, table: pa.Table, last: dict[int, int], *, whole: bool) -> tuple[list[PlainRow], pa.Table | None]:
        """The days of a table, but for the last one of it where more may come; and what is left."""
        table = table.combine_chunks()
        count, step = table.num_rows, int(self.meaning.interval.length or 0)
        if not count:
            return [], None
        name, start, value = (one.chunk(0) for one in table.columns)
        days = self._day_starts(start)
        edges = _edges(name, days)
        if not _regular(start, edges, step):
            raise NotPlain
        ends = [*edges[1:], count]
        if not whole:
            edges, ends = edges[:-1], ends[:-1]
        heads = name.take(pa.array(edges, pa.int64())).to_pylist()
        rows = self._rows(heads, edges, ends, _Lane(start, value, step), last) if edges else []
        left = None if whole else table.slice(ends[-1] if ends else 0)
        return rows, left

    def _day_starts(self, start: pa.Array) -> pa.Array:
        """The local midnight before each start."""
        coded = start.dictionary_encode()
        known, midnights = list[int](), self._midnights
        bounds = (0, 0)
        for at in coded.dictionary.to_pylist():
            midnight = midnights.get(at)
            if midnight is None:
                if not 0 <= at < 4_102_444_800:
                    raise NotPlain
                if not bounds[0] <= at < bounds[1]:
                    bounds = day_bounds(day_of(at, self.profile.zone), self.profile.zone)
                if len(midnights) > MOMENTS:
                    midnights.clear()
                midnight = midnights[at] = bounds[0]
            known.append(midnight)
        return pa.array(known, pa.int64()).take(coded.indices)

    def _rows(
        self, heads: Sequence[Any], edges: Sequence[int], ends: Sequence[int], lane: "_Lane", last: dict[int, int]
    ) -> list[PlainRow]:
        rows, step, known, bounds = list[PlainRow](), lane.step, self._numbers, self._bounds
        widths = lane.widths(edges, ends)
        values = {width: lane.values(width) for width in set(widths)}
        named, number, ended = None, -1, -1
        for head, first, end, start, width in zip(heads, edges, ends, lane.starts(edges), widths, strict=True):
            if head != named:
                # where the series before ended; and where this one has, if it was met before
                last[number] = ended
                named, number = head, known[head]
                ended = last.get(number, -1)
            day_end, length = bounds.get(start) or self._bound(start)
            # the same again, or one before another
            if ended > start:
                raise NotPlain
            count = end - first
            ended = start + count * step
            if ended > day_end:
                length = max(length, count * step)
            rows.append(
                (number, start, length, day_end, step, count, width, values[width][first * width : end * width])
            )
        last[number] = ended
        return rows

    def _bound(self, start: int) -> tuple[int, int]:
        """The end of the day that starts then, and its length."""
        day, day_end = day_bounds(day_of(start, self.profile.zone), self.profile.zone)
        if start != day:
            raise NotPlain
        self._bounds[start] = day_end, day_length(day, day_end)
        return self._bounds[start]

    def _number(self, name: str) -> int:
        """The number of a new series."""
        if not name or name != name.strip():
            raise NotPlain
        channel = name if self._role == "meter" else ""
        unit, flow = self.meaning.values.unit or "", FLOWS[self.meaning.flow.all or ""]
        key = Series(self._role, name, flow, unit, channel, int(self.meaning.interval.length or 0))
        return self.series.setdefault(key, len(self.series))


@dataclass
class _Lane:
    """The starts and values of one table, and the bytes of the values in each width that is asked for."""

    start: pa.Array
    value: pa.Array
    step: int
    _bytes: dict[int, memoryview] = field(default_factory=dict)

    def starts(self, edges: Sequence[int]) -> list[int]:
        """The starts at some places."""
        found: list[int] = self.start.take(pa.array(edges, pa.int64())).to_pylist()
        return found

    def widths(self, edges: Sequence[int], ends: Sequence[int]) -> list[int]:
        """The narrowest width that holds all values between two places; none of them is below zero."""
        found, most = [1] * len(edges), pc.max(self.value).as_py()
        for width in (1, 2, 4):
            bound = (1 << (8 * width - 1)) - 1
            if most <= bound:
                break
            # how many there are up to each place that a width does not hold
            wider = pc.cumulative_sum(pc.greater(self.value, bound).cast(pa.int32()))
            after = wider.take(pc.subtract(pa.array(ends, pa.int64()), 1)).to_pylist()
            before = [0, *wider.take(pc.subtract(pa.array(edges[1:], pa.int64()), 1)).to_pylist()]
            for place, (low, high) in enumerate(zip(before, after, strict=True)):
                if high > low:
                    found[place] = 2 * width
        return found

    def values(self, width: int) -> memoryview:
        """All values in a width; what does not fit into it is cut off."""
        if width not in self._bytes:
            narrow = pc.cast(self.value, INTEGERS[width], safe=False)
            self._bytes[width] = memoryview(narrow.buffers()[1])[narrow.offset * width :]
        return self._bytes[width]


def _scaled(value: pa.Array, shift: int) -> pa.Array:
    """Values times ten to the power of `shift`, exactly.

    Raises:
        NotPlain: they have more digits.
        ArrowInvalid: they are too large.
    """
    if pa.types.is_decimal(value.type):
        # the digits themselves, times ten to the power of what is missing
        shift -= value.type.scale
        digits = _digits(value)
    else:
        digits = value.cast(pa.int64())
    if shift >= 0:
        return pc.multiply_checked(digits, pa.scalar(10**shift, pa.int64())) if shift else digits
    divisor = pa.scalar(10**-shift, pa.int64())
    quotient = pc.divide(digits, divisor)
    if not pc.all(pc.equal(pc.multiply(quotient, divisor), digits)).as_py():
        raise NotPlain
    return quotient


def _digits(value: pa.Array) -> pa.Array:
    """The digits of decimals of up to 18 of them, without the point: the low half of their 128 bits."""
    buffer, offset = value.buffers()[1], value.offset
    halves = pa.Array.from_buffers(pa.int64(), 2 * (len(value) + offset), [None, buffer])
    places = pa.array(range(2 * offset, 2 * (offset + len(value)), 2), pa.int64())
    return halves.take(places)


def _edges(name: pa.Array, days: pa.Array) -> list[int]:
    """Where a new name or a new day begins."""
    count = len(name)
    if count == 1:
        return [0]
    changed = pc.or_(
        pc.not_equal(name.slice(1), name.slice(0, count - 1)), pc.not_equal(days.slice(1), days.slice(0, count - 1))
    )
    return [0, *pc.add(pc.indices_nonzero(changed).cast(pa.int64()), 1).to_pylist()]


def _regular(start: pa.Array, edges: Sequence[int], step: int) -> bool:
    """Whether within every day each reading follows the one before."""
    count = len(start)
    if count == 1:
        return True
    odd = pc.indices_nonzero(pc.not_equal(pc.subtract(start.slice(1), start.slice(0, count - 1)), step))
    # from one day of one name to the next anything may be
    return {place + 1 for place in odd.to_pylist()} <= set(edges)
