"""Tables of readings in columns: days are found, and packed, by columns.

Where a file is as files from head ends are — sorted by usage point and time, whole numbers or decimals, whole days — no
reading is ever a value of Python's, and neither is a day: what is done one by one is done for each run, the readings of
one series that follow each other. Whatever is not so goes the way of CSV, a row at a time, with the same outcome.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wattshare.custodian.formats.tables.amounts_in_columns import Amounts, places_of, whole
from wattshare.custodian.formats.tables.columns import Series, measure_of, unnamed
from wattshare.custodian.formats.tables.days import Kind, NotPlain, PlainRow, Stretch
from wattshare.custodian.formats.tables.mapping import FLOWS, NAMES
from wattshare.custodian.formats.tables.mapping import Mapping as Meaning
from wattshare.custodian.formats.tables.moments import DAY, ISO, settle, zone_of
from wattshare.custodian.formats.tables.parquet import ParquetTable
from wattshare.custodian.model.packing import LONGEST_DAY, day_length
from wattshare.espi.days import day_bounds, day_of
from wattshare.espi.profile import Profile

# runs that are remembered by their start and length
ALIKE = 100_000
# readings of a run, which a batch has fewer of than that
LONGEST_RUN = 1 << 22
# times lie before
LATEST = 4_102_444_800


@dataclass(frozen=True)
class ArrowDays:
    """Some days of nothing but values, in columns."""

    # numbers of series, and what days have alike; each once
    series: Sequence[int]
    kinds: Sequence[Kind]
    stretches: Sequence[Stretch]
    # of each day its place in these two, and its values
    _series: pa.Array
    _kinds: pa.Array
    _values: pa.Array

    def __len__(self) -> int:
        """How many days."""
        return len(self._values)

    def rows(self) -> list[PlainRow]:
        """Each day by itself."""
        series, kinds = self.series, self.kinds
        columns = (self._series.to_pylist(), self._kinds.to_pylist(), self._values.to_pylist())
        return [(series[one], *kinds[kind], values) for one, kind, values in zip(*columns, strict=True)]

    def between(
        self, heads: Sequence[bytes], around: Sequence[tuple[bytes, bytes]], kinds: Collection[int] | None = None
    ) -> memoryview:
        """The values of each day, with what stands before them by series, and before and behind them by kind.

        All of it one after the other; of days of some kinds alone, where they are given.
        """
        columns = (self._series, self._kinds, self._values)
        if kinds is not None:
            chosen = pc.is_in(self._kinds, pa.array(kinds, pa.int32()))
            columns = tuple(column.filter(chosen) for column in columns)
        series, like, values = columns
        before, behind = ([pair[side] for pair in around] for side in (0, 1))
        parts = [
            pa.array(texts, pa.binary()).take(places)
            for texts, places in ((heads, series), (before, like), (behind, like))
        ]
        whole = pc.binary_join_element_wise(parts[0], parts[1], values, parts[2], b"")
        return memoryview(whole.buffers()[2] or b"")[: pc.sum(pc.binary_length(whole)).as_py() or 0]


@dataclass(frozen=True)
class Runs:
    """Runs one after the other: of each the number of its series, its start, and how many readings it has."""

    numbers: pa.Array
    begins: pa.Array
    lengths: pa.Array
    # of all readings
    value: pa.Array

    def followed_by(self, others: "Runs", step: int) -> "Runs":
        """These, of which there is one, and others; the first of those may go on with it."""
        begin, length = self.begins[0].as_py(), self.lengths[0].as_py()
        goes_on = others.numbers[0].equals(self.numbers[0]) and others.begins[0].as_py() == begin + length * step
        if goes_on:
            length += others.lengths[0].as_py()
        return Runs(
            pa.concat_arrays([self.numbers, others.numbers.slice(goes_on)]),
            pa.concat_arrays([self.begins, others.begins.slice(goes_on)]),
            pa.concat_arrays([pa.array([length], pa.int64()), others.lengths.slice(goes_on)]),
            pa.concat_arrays([self.value, others.value]),
        )


@dataclass
class ColumnDays:
    """The days of a table, packed from columns."""

    table: ParquetTable
    meaning: Meaning
    profile: Profile
    # each with its number, in the order of appearance
    series: dict[Series, int] = field(default_factory=dict)
    rows: int = 0
    # what names them: the role of the column, and its cells in the order of their numbers
    _role: str = ""
    _heads: Any = None
    # the days of a run, by its start and length: starts and counts; and the days' ends and lengths by their starts
    _runs: dict[tuple[int, int], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    _bounds: dict[int, tuple[int, int]] = field(default_factory=dict)

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
            or (pa.types.is_timestamp(start) and meaning.time.format == ISO and self._timed(start))
        ) and (
            (pa.types.is_integer(name) or pa.types.is_string(name) or pa.types.is_dictionary(name))
            and (pa.types.is_integer(kind) or (pa.types.is_decimal128(kind) and kind.precision <= 18))
            and isinstance(meaning.interval.length, int)
            and meaning.interval.length <= LONGEST_DAY
            and meaning.flow.all in FLOWS
            and meaning.values.unit is not None
        )

    def _timed(self, start: pa.TimestampType) -> bool:
        """Whether timestamps are what the mapping says: moments, as those in UTC are, or times of a wall clock."""
        zone = self.meaning.time.zone
        of_clock = zone not in (None, "offset")
        return of_clock if start.tz is None else not of_clock or (zone != "local" and zone_of(zone or "") == UTC)

    @property
    def _step(self) -> int:
        return int(self.meaning.interval.length or 0)

    @property
    def days(self) -> int:
        """About how many days there are."""
        return self.table.count() * self._step // DAY

    def number(self) -> None:
        """Find every series.

        Raises:
            NotPlain: a name is missing, or is not as it must be.
        """
        self._role = next(role for role in NAMES if role in self.meaning.columns)
        heads, known = list[Any](), set[Any]()
        for batch in self.table.tables([self.meaning.columns[self._role]]):
            names = _decoded(batch.column(0))
            if names.null_count:
                raise NotPlain
            for head in names.take(_changes(names)).unique().to_pylist() if len(names) else ():
                if head not in known:
                    known.add(head)
                    heads.append(head)
                    self._number(str(head))
            self._heads = pa.array(heads, names.type)

    def _number(self, name: str) -> None:
        """Give a new series its number."""
        if not name or name != name.strip() or unnamed(name):
            raise NotPlain
        channel = name if self._role == "meter" else ""
        unit, flow = self.meaning.values.unit or "", FLOWS[self.meaning.flow.all or ""]
        self.series[Series(self._role, name, flow, unit, channel, self._step)] = len(self.series)

    def packed(self) -> Iterator[ArrowDays]:
        """Days, many at a time, once every series has its number.

        Raises:
            NotPlain: something in it is not as it must be; nothing of what was given counts.
        """
        names = [self.meaning.columns[role] for role in (self._role, "start", "value")]
        ended: dict[int, int] = {}
        left: Runs | None = None
        for batch in self.table.tables(names):
            self.rows += batch.num_rows
            if batch.num_rows:
                found = self._runs_of(*self._columns(batch, names))
                whole, left = self._cut(found if left is None else left.followed_by(found, self._step))
                if whole is not None:
                    yield self._packed(whole, ended)
        if left is not None:
            yield self._packed(left, ended)

    def _columns(self, batch: pa.RecordBatch, names: Sequence[str]) -> tuple[pa.Array, pa.Array, pa.Array]:
        """Names, starts in seconds, and values.

        Raises:
            NotPlain: a cell is empty, or no whole second.
        """
        name, start, value = (batch.column(one) for one in names)
        if name.null_count or start.null_count or value.null_count:
            raise NotPlain
        try:
            clock = pa.types.is_timestamp(start.type) and start.type.tz is None
            if pa.types.is_timestamp(start.type):
                start = start.cast(pa.timestamp("s", start.type.tz)).cast(pa.int64())
            start = start.cast(pa.int64())
        except pa.ArrowInvalid as why:
            raise NotPlain from why
        start = self._settled(start) if clock else start
        return _decoded(name), start, value

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

    def _runs_of(self, name: pa.Array, start: pa.Array, value: pa.Array) -> "Runs":
        """The runs of some rows.

        Raises:
            NotPlain: a time is too far off.
        """
        firsts = _firsts(name, start, self._step)
        begins = start.take(firsts)
        bounds = pc.min_max(begins).as_py()
        if not 0 <= bounds["min"] <= bounds["max"] < LATEST:
            raise NotPlain
        lengths = pc.subtract(pa.concat_arrays([firsts.slice(1), pa.array([len(name)], pa.int64())]), firsts)
        return Runs(pc.index_in(name.take(firsts), value_set=self._heads), begins, lengths, value)

    def _cut(self, runs: "Runs") -> "tuple[Runs | None, Runs]":
        """Runs without the last day of the last of them, of which more may come; and that day."""
        begin, length = runs.begins[-1].as_py(), runs.lengths[-1].as_py()
        start, left = self._days_of(begin, length)[-1]
        before = len(runs.lengths) - 1
        last = Runs(
            runs.numbers.slice(before),
            pa.array([start], pa.int64()),
            pa.array([left], pa.int64()),
            runs.value.slice(len(runs.value) - left),
        )
        kept = before + (length > left)
        if not kept:
            return None, last
        lengths = pa.concat_arrays([runs.lengths.slice(0, before), pa.array([length - left], pa.int64())])
        value = runs.value.slice(0, len(runs.value) - left)
        return Runs(runs.numbers.slice(0, kept), runs.begins.slice(0, kept), lengths.slice(0, kept), value), last

    def _packed(self, runs: "Runs", ended: dict[int, int]) -> ArrowDays:
        """The days of runs.

        Raises:
            NotPlain: one of them does not start at midnight, or is there already; or a value is not as it must be.
        """
        try:
            amounts = Amounts.of(runs.value, self._shift())
        except pa.ArrowInvalid as why:
            raise NotPlain from why
        coded = pc.add(pc.multiply(runs.begins, whole(LONGEST_RUN)), runs.lengths).dictionary_encode()
        alike = [self._days_of(*divmod(key, LONGEST_RUN)) for key in coded.dictionary.to_pylist()]
        stretches = self._follow(runs.numbers.to_pylist(), coded.indices.to_pylist(), alike, ended)
        # what days there are, and which of them those of each sort of run are
        known = {day: place for place, day in enumerate(dict.fromkeys(day for days in alike for day in days))}
        offsets, flat = [0], list[int]()
        for days in alike:
            flat += (known[day] for day in days)
            offsets.append(len(flat))
        lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(flat, pa.int32())).take(coded.indices)
        days = lists.flatten()
        counts = pa.array([count for _, count in known], pa.int64()).take(days)
        firsts = pc.subtract(pc.cumulative_sum(counts), counts)
        powers = amounts.widths(firsts, counts)
        kinds = pc.add(pc.multiply(days, whole(4, pa.int32())), powers.cast(pa.int32())).dictionary_encode()
        told, every = [divmod(key, 4) for key in kinds.dictionary.to_pylist()], list(known)
        widths = sorted({power for _, power in told})
        values = [amounts.packed(firsts, counts, 1 << power) for power in widths]
        series = runs.numbers.dictionary_encode()
        return ArrowDays(
            series=series.dictionary.to_pylist(),
            kinds=[self._kind(every[day], 1 << power) for day, power in told],
            stretches=stretches,
            _series=series.indices.take(pc.list_parent_indices(lists)),
            _kinds=kinds.indices,
            # of each day in its own width
            _values=values[0] if len(values) == 1 else pc.choose(_which(powers, widths), *values),
        )

    def _follow(
        self,
        numbers: Sequence[int],
        codes: Sequence[int],
        alike: Sequence[tuple[tuple[int, int], ...]],
        ended: dict[int, int],
    ) -> list[Stretch]:
        """The stretches that runs are, each of which begins when what there was of its series has ended.

        Raises:
            NotPlain: one does not: it is the same again, or one before another.
        """
        step, sorts, stretches = self._step, list[tuple[Stretch, int]](), list[Stretch]()
        for days in alike:
            (first, _), (last, count) = days[0], days[-1]
            readings = sum(day[1] for day in days)
            nobody = (-1, first, self._bounds[first][0], last, self._bounds[last][0], readings)
            sorts.append((nobody, last + count * step))
        for number, code in zip(numbers, codes, strict=True):
            (_, start, day_end, last, last_end, readings), end = sorts[code]
            if ended.get(number, 0) > start:
                raise NotPlain
            ended[number] = end
            stretches.append((number, start, day_end, last, last_end, readings))
        return stretches

    def _days_of(self, begin: int, length: int) -> tuple[tuple[int, int], ...]:
        """The days of a run: the start of each, and how many readings it has.

        Raises:
            NotPlain: one of them does not start at midnight, or is too far off.
        """
        found = self._runs.get((begin, length))
        if found is None:
            days, at, left, step = [], begin, length, self._step
            if begin + (length - 1) * step >= LATEST:
                raise NotPlain
            while left:
                end, _ = self._bound(at)
                count = min(left, -((at - end) // step))
                days.append((at, count))
                at, left = at + count * step, left - count
            if len(self._runs) > ALIKE:
                self._runs.clear()
            found = self._runs[begin, length] = tuple(days)
        return found

    def _bound(self, start: int) -> tuple[int, int]:
        """The end of the day that starts then, and its length."""
        found = self._bounds.get(start)
        if found is None:
            if not 0 <= start < LATEST:
                raise NotPlain
            day, day_end = day_bounds(day_of(start, self.profile.zone), self.profile.zone)
            if start != day:
                raise NotPlain
            found = self._bounds[start] = day_end, day_length(day, day_end)
        return found

    def _kind(self, day: tuple[int, int], width: int) -> Kind:
        """What days are alike in that start then and have so many readings."""
        start, count = day
        day_end, length = self._bounds[start]
        if start + count * self._step > day_end:
            length = max(length, count * self._step)
        return start, length, day_end, self._step, count, width


def _decoded(names: pa.Array) -> pa.Array:
    return names.dictionary_decode() if pa.types.is_dictionary(names.type) else names


def _changes(column: pa.Array) -> pa.Array:
    """The places of the first, and of each that is another than the one before."""
    return _places(pc.not_equal(column.slice(1), column.slice(0, max(len(column) - 1, 0))))


def _firsts(name: pa.Array, start: pa.Array, step: int) -> pa.Array:
    """The places at which readings begin that do not follow the one before."""
    count = len(name)
    follow = pc.equal(pc.subtract(start.slice(1), start.slice(0, count - 1)), whole(step))
    same = pc.equal(name.slice(1), name.slice(0, count - 1))
    return _places(pc.invert(pc.and_(follow, same)))


def _places(begins: pa.Array) -> pa.Array:
    """The first place, and one behind each that is marked."""
    found = pc.add(places_of(begins), whole(1))
    return pa.concat_arrays([pa.array([0], pa.int64()), found])


def _which(powers: pa.Array, of: Sequence[int]) -> pa.Array:
    return pc.index_in(powers, value_set=pa.array(of, pa.int8())).cast(pa.int64())
