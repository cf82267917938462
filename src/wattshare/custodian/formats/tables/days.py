"""Staged readings made into packed days, in order of series and start."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from wattshare.custodian.formats.tables.columns import Faults, Named, Series
from wattshare.custodian.formats.tables.faults import Fault
from wattshare.custodian.formats.tables.spool import Row, TableSpool
from wattshare.custodian.model.packing import LONGEST_DAY, day_length, pack, pack_columns
from wattshare.custodian.model.readings import Block, Reading
from wattshare.espi.days import day_bounds, day_of
from wattshare.espi.profile import Profile

# days after which it is told how many rows they were
SOME = 1_000
OVERLAPS = "It begins before the reading of row {} has ended."
DIFFERS = "It is the same reading as that of row {}, and differs."
BOTH = " The clock shows this time twice on that day; time.ambiguous = “order” or “column” takes both."


class NotPlain(Exception):
    """A table is not as it must be to be read in columns."""


# what days of nothing but values have alike: start, duration, end of the day, step, count, width
Kind = tuple[int, int, int, int, int, int]
# number of the series, its kind, values
PlainRow = tuple[int, int, int, int, int, int, int, bytes]
# days of a series one after the other: its number, start and end of the first, start and end of the last, readings
Stretch = tuple[int, int, int, int, int, int]


class PlainDays(Protocol):
    """Some days of nothing but values, in columns."""

    @property
    def series(self) -> Sequence[int]:
        """The numbers of series, each once."""

    @property
    def kinds(self) -> Sequence[Kind]:
        """What days have alike, each once."""

    @property
    def stretches(self) -> Sequence[Stretch]:
        """The same days by series, in order."""

    def __len__(self) -> int:
        """How many days."""

    def rows(self) -> list[PlainRow]:
        """Each day by itself."""

    def between(
        self, heads: Sequence[bytes], around: Sequence[tuple[bytes, bytes]], kinds: Collection[int] | None = None
    ) -> memoryview:
        """The values of each day, with what stands before them by series, and before and behind them by kind."""


class Columns(Protocol):
    """A table that is read in columns."""

    # each with its number
    series: dict[Series, int]
    # that were read
    rows: int

    @property
    def days(self) -> int:
        """About how many days there are."""

    def number(self) -> None:
        """Find every series; before anything else is read.

        Raises:
            NotPlain: something is not named as it must be.
        """

    def packed(self) -> Iterator[PlainDays]:
        """Days, many at a time.

        Raises:
            NotPlain: something in it is not as it must be; nothing of what was given counts.
        """


@dataclass
class Days:
    """The days of one table."""

    spool: TableSpool
    profile: Profile
    faults: Faults
    # seconds by which the days of a series begin after midnight
    offset: Callable[[int], int]
    # the channel that a series is of
    of: Callable[[int], Named]
    # whether a reading that starts then and is so long has a time that the clock shows twice, one of which was chosen
    chosen: Callable[[int, int], bool] = lambda _start, _duration: False
    # sees the values of each day
    seen: Callable[[int, Sequence[int]], None] = lambda _series, _values: None
    # sees starts and lengths of a day whose readings do not follow each other from its beginning on
    apart: Callable[[int, Sequence[int], Sequence[int]], None] = lambda _series, _starts, _lengths: None
    # is told how many rows are packed
    made: Callable[[int], None] = lambda _: None
    # readings that stood there more than once
    repeated: int = 0

    def make(self) -> None:
        """Pack every day. Rows that contradict each other are noted as faults."""
        self.repeated, self._last = 0, (-1, 0, 0)
        self._bad_firsts.clear()
        packed = 0
        for count, rows in enumerate(self._days(), 1):
            self._pack(rows)
            packed += len(rows)
            if count % SOME == 0:
                self.made(packed)
        # what is wrong with a row is wrong with those that say the same
        for number, series, start in self.spool.plain_at(self._bad_firsts) if self._bad_firsts else ():
            self.faults.note(number, self._bad_firsts[series, start], self.of(series))
        self.spool.flush()

    def _days(self) -> Iterator[list[tuple[int, ...]]]:
        """Staged rows of one series and local day, those that say the same once; one longer than a day alone."""
        rows, series, end = list[tuple[int, ...]](), -1, 0
        long: tuple[int, ...] = ()
        for row in self.spool.sorted():
            if row[4] > LONGEST_DAY:
                if long and long[:2] == row[:2] and long[4:] == row[4:]:
                    self._stands_again(long, row)
                    continue
                long = row
            if row[0] != series or row[1] >= end or row[4] > LONGEST_DAY:
                if rows:
                    yield rows
                rows = []
                if row[0] != series or row[1] >= end:
                    series = row[0]
                    end = self._bounds(row[1])[1]
                self._again.clear()
            elif rows and row[1] == rows[-1][1] and not self._counts(rows, row):
                continue
            rows.append(row)
            if row[4] > LONGEST_DAY:
                yield rows
                rows = []
        if rows:
            yield rows

    def _stands_again(self, long: tuple[int, ...], row: tuple[int, ...]) -> None:
        """Count a row that says the same as a long one before, which was packed already or is bad."""
        if long[2] in self.faults.numbers:
            self.faults.note(row[2], Fault("", OVERLAPS.format(self._last[2])), self.of(row[0]))
        else:
            self.repeated += 1

    def _counts(self, rows: Sequence[tuple[int, ...]], row: tuple[int, ...]) -> bool:
        """Whether a row that starts with the one before is to be kept: there may be any number of them."""
        # of those that start together one was kept
        kept = rows[-1]
        if kept[4:] == row[4:]:
            self.repeated += 1
            self._again.add(row[1])
        else:
            self.faults.note(row[2], self._differs(row, kept[2]), self.of(row[0]))
        return False

    def _differs(self, row: Sequence[int], other: int) -> Fault:
        return Fault("", DIFFERS.format(other) + BOTH * self.chosen(row[1], row[4]))

    def __post_init__(self) -> None:
        """Remember the last day asked for."""
        self._day = (0, 0)
        # starts of the day at hand that stood there more than once; and why the first of such rows are bad
        self._again = set[int]()
        self._bad_firsts = dict[tuple[int, int], Fault]()
        # of the series at hand: its number, and where its last reading ended and stood
        self._last = (-1, 0, 0)

    def _bounds(self, at: int) -> tuple[int, int]:
        if not self._day[0] <= at < self._day[1]:
            self._day = day_bounds(day_of(at, self.profile.zone), self.profile.zone)
        return self._day

    def _pack(self, rows: list[tuple[int, ...]]) -> None:
        columns = list(zip(*rows, strict=True))
        self.seen(columns[0][0], columns[5])
        starts, step = columns[1], columns[4][0]
        first, end = self._bounds(starts[0])
        offset = self.offset(columns[0][0])
        regular = (
            starts[0] == first
            and columns[4].count(step) == len(rows)
            and starts == tuple(range(first, first + len(rows) * step, step))
            and step <= LONGEST_DAY
            and self._follows(rows)
        )
        if regular:
            self.spool.put(_packed(columns, first + offset, end, step))
            return
        self.apart(columns[0][0], starts, columns[4])
        readings = self._in_order(rows)
        if readings:
            self._put(columns[0][0], readings, first, end, offset)

    def _follows(self, rows: Sequence[tuple[int, ...]]) -> bool:
        """Whether a regular day overlaps nothing; and remember where it ends."""
        series, ended, row = self._last
        if series == rows[0][0] and rows[0][1] < ended:
            self._note(rows[0], Fault("", OVERLAPS.format(row)))
        self._last = (rows[-1][0], rows[-1][1] + rows[-1][4], rows[-1][2])
        return True

    def _note(self, row: Sequence[int], fault: Fault) -> None:
        self.faults.note(row[2], fault, self.of(row[0]))
        if row[1] in self._again:
            self._bad_firsts[row[0], row[1]] = fault

    def _put(self, series: int, readings: list[Reading], first: int, end: int, offset: int) -> None:
        long = readings[0].duration > LONGEST_DAY
        start = readings[0].start if long else first
        if offset and not long:
            readings = [replace(one, start=one.start + offset) for one in readings]
            start += offset
        ends = readings[0].start + readings[0].duration if long else end
        step = readings[0].duration
        self.spool.put(pack(readings, usage_point_id=0, channel=series, start=start, day_end=ends, step=step))

    def _in_order(self, rows: list[tuple[int, ...]]) -> list[Reading]:
        """The readings of a day, each once."""
        readings = list[Reading]()
        for row in rows:
            reading = _reading(Row(*row))
            series, ended, number = self._last
            if readings and readings[-1].start == reading.start:
                if readings[-1] == reading:
                    self.repeated += 1
                else:
                    self._note(row, self._differs(row, number))
                continue
            if series == row[0] and row[1] < ended:
                self._note(row, Fault("", OVERLAPS.format(number)))
                continue
            readings.append(reading)
            self._last = (row[0], row[1] + row[4], row[2])
        return readings


def _packed(columns: Sequence[Sequence[Any]], start: int, end: int, step: int) -> Block:
    side = {
        "quality": [() if code is None else (code,) for code in columns[6]] if any_given(columns[6]) else None,
        **{
            name: list(columns[at]) if any_given(columns[at]) else None
            for name, at in (("tou", 7), ("tier", 8), ("cpp", 9), ("cost", 10))
        },
    }
    return pack_columns(
        columns[5],
        usage_point_id=0,
        channel=columns[0][0],
        start=start,
        day_end=end,
        step=step,
        duration=max(day_length(start, end), len(columns[0]) * step),
        **side,  # type: ignore[arg-type]  # by name
    )


def any_given(column: Sequence[int | None]) -> bool:
    """Whether a column says anything."""
    return column.count(None) != len(column)


def _reading(row: Row) -> Reading:
    return Reading(
        start=row.start,
        duration=row.duration,
        value=row.value,
        quality=() if row.quality is None else (row.quality,),
        cost=row.cost,
        tou=row.tou,
        tier=row.tier,
        cpp=row.cpp,
    )
