"""Readings of the hour that comes twice, told apart once all are staged: by their order, or by what else is there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import starmap

from wattshare.custodian.formats.remarks import Remark, Warned, warned
from wattshare.custodian.formats.tables.columns import Faults, Named
from wattshare.custodian.formats.tables.faults import Fault
from wattshare.custodian.formats.tables.spool import Moved, Staged, TableSpool

TWINLESS = (
    "The hour comes twice on that day, and this time stands once: put in the row of the other hour, or say which it is "
    "under time.ambiguous."
)
THRICE = "The hour comes twice on that day, and this time stands more than twice."
# of what is assumed so many are named
NAMED = 10


@dataclass
class Twins:
    """What tells them apart in one table."""

    spool: TableSpool
    faults: Faults
    # the order of rows; else a column, whose word for the first hour may stand beside an end of the second
    by_order: bool
    # whether that column's words go by the clock on every row, as PDT and PST do: then they mean what they say
    by_clock: bool = False
    # whether there are any
    met: bool = True
    # ends that were taken to be of the second of two hours, as nothing says of which
    assumed: int = 0
    # row, series and start of the first few
    first: list[tuple[int, int, int]] = field(default_factory=list)
    # series and start of readings over the change that were taken to last from start to end, as no others do
    long: tuple[tuple[int, int], ...] = ()

    def settle(self, of: Callable[[int], Named]) -> None:
        """Give every reading that may be of two hours its place; `of`: the channel that a series is of."""
        self._of = of
        if self.met:
            self.spool.settle(self._settled)

    def warned(self, at: Callable[[int, int], str]) -> Iterator[Warned]:
        """What was assumed; `at` says channel and day of a series and a start."""
        if self.assumed:
            places = tuple(f"row {row}, {at(*where)}" for row, *where in self.first)
            yield warned(Remark.HOUR_ASSUMED, self.assumed, places)
        if self.long:
            yield warned(Remark.LENGTH_ASSUMED, len(self.long), tuple(starmap(at, self.long[:NAMED])))

    def _settled(self, rows: Iterable[Staged]) -> Iterator[Moved]:
        """Rows of one series around a change of the clock; those that start at their other second."""
        plain = dict[tuple[int, int], Staged]()
        twins: dict[int, list[Staged]] = {}
        before: Staged | None = None
        # times that stand behind the one before, less those that stand above it
        forwards = 0
        for row in rows:
            if before is None or row.start != before.start:
                forwards += 0 if before is None else 1 if row.number > before.number else -1
                before = row
            if row.other is None:
                # there may be any number of those that say the same
                plain.setdefault((row.start, row.duration), row)
                continue
            group = twins.setdefault(row.start, [])
            if len(group) < 2:
                group.append(row)
            elif self.by_order:
                self._note(row, THRICE)
        self._plain = tuple(plain.values())
        self._backwards = forwards < 0
        for group in twins.values():
            yield from self._told_apart(group, twins.values())

    def _told_apart(self, group: Sequence[Staged], every: Iterable[Sequence[Staged]]) -> Iterator[Moved]:
        first = group[0]
        shown_once = first.start > (first.other or 0)
        if not self.by_order:
            yield from self._worded(first)
            return
        # one of both ends where the first hour does, on the clock, and one where the second does
        pair = next((one for one in every if one[0].other == first.other and one is not group), ())
        yield from (self._ended if shown_once else self._ordered)(group, pair)

    def _worded(self, row: Staged) -> Iterator[Moved]:
        """An end that the clock shows once, with the first hour's word: it may be as its start's clock shows it."""
        early, late = self._places(row)
        if self.by_clock or (self._covered(row, late) and not self._covered(row, early)):
            yield Moved(early, row.series, row.start, None)
        elif not self._covered(row, early):
            self._assume(row)

    def _ended(self, group: Sequence[Staged], pair: Sequence[Staged]) -> Iterator[Moved]:
        """Ends that the clock shows once; those of the pair end with the first hour."""
        early, late = self._places(group[0])
        if len(pair) > 1:
            # they go by the clock, which shows the end of the second hour here
            return
        if len(group) > 1:
            yield self._in_order(group, early)
        elif self._covered(group[0], late) or self._follows(group[0]):
            yield self._alone(group[0], early)
        elif self._follows(group[0]) is False:
            return
        elif pair and not self._covered(group[0], early):
            self._note(group[0], TWINLESS)
        elif not self._covered(group[0], early):
            self._assume(group[0])

    def _ordered(self, group: Sequence[Staged], pair: Sequence[Staged]) -> Iterator[Moved]:
        """Times that the clock shows twice; those of the pair end with the second hour."""
        early, late = self._places(group[0])
        if len(group) > 1:
            yield self._in_order(group, late)
        elif self._covered(group[0], early) or self._follows(group[0]) is False:
            yield self._alone(group[0], late)
        elif len(pair) < 2 and not self._covered(group[0], late) and not self._follows(group[0]):
            self._note(group[0], TWINLESS)

    def _in_order(self, group: Sequence[Staged], other: int) -> Moved:
        """Of two rows the one that the file's order makes the other."""
        later = other > group[0].start
        return self._alone(group[int(later != self._backwards)], other)

    @staticmethod
    def _alone(row: Staged, to: int) -> Moved:
        return Moved(to, row.series, row.start, row.id)

    @staticmethod
    def _places(row: Staged) -> tuple[int, int]:
        """The earlier and the later of its starts."""
        other = row.start if row.other is None else row.other
        return min(row.start, other), max(row.start, other)

    def _covered(self, row: Staged, start: int) -> bool:
        """Whether a reading that means one time alone lies where this one would."""
        end = start + row.duration
        return any(one.start < end and start < one.start + one.duration for one in self._plain)

    def _follows(self, row: Staged) -> bool | None:
        """Whether the earlier place of a reading joins others, or the later; None: both do, or neither.

        As where half an hour comes twice and readings are hours: its places overlap, and several have two.
        """
        early, late = self._places(row)
        if late - early >= row.duration:
            return None
        ends = {end for one in self._plain for end in (one.start, one.start + one.duration)}
        joins = [not ends.isdisjoint((start, start + row.duration)) for start in (early, late)]
        return None if joins[0] == joins[1] else joins[0]

    def _note(self, row: Staged, sentence: str) -> None:
        self.faults.note(row.number, Fault("", sentence), self._of(row.series))

    def _assume(self, row: Staged) -> None:
        self.assumed += 1
        if len(self.first) < NAMED:
            self.first.append((row.number, row.series, row.start))
