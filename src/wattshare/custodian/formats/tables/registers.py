"""Channels whose values never fall: what a register shows, which counts on, and no amounts of intervals."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import le

from wattshare.custodian.formats.tables.days import PlainDays
from wattshare.custodian.model.packing import unpack_values

# readings that say something together
ENOUGH = 24


@dataclass
class Registers:
    """What is seen of the readings of one table, day by day, those of a series in order."""

    # what tells kinds of channels apart, by the number of a series
    kind_of: Callable[[int], str]
    # kinds of which some values fall, or rise by more than they were
    others: set[str] = field(default_factory=set)
    # readings of those of which none do
    counts: Counter[str] = field(default_factory=Counter)
    _series: int = -1
    _kind: str = ""
    # of the series at hand: its first and its last value, and its readings
    _first: int = 0
    _last: int = 0
    _count: int = 0

    def see(self, series: int, values: Sequence[int]) -> None:
        """Look at the values of a day."""
        if series != self._series:
            self._close()
            self._series, self._kind, self._count = series, self.kind_of(series), 0
            self._first = self._last = values[0]
        if self._kind in self.others:
            return
        if not self._last <= values[0] <= values[-1] or not all(map(le, values, values[1:])):
            self.others.add(self._kind)
        self._last = values[-1]
        self._count += len(values)

    def _close(self) -> None:
        # what never changes is nothing that counts on, and says nothing of others
        if self._last - self._first > max(self._first, 0):
            self.others.add(self._kind)
        elif self._last > self._first:
            self.counts[self._kind] += self._count

    def noticed(self, packed: Iterable[PlainDays]) -> Iterator[PlainDays]:
        """Days that are read in columns, which are all of one kind, as they pass by."""
        for days in packed:
            if not self.others:
                for series, _, _, _, _, _, width, values in days.rows():
                    self.see(series, unpack_values(width, values))
                    if self.others:
                        break
            yield days

    def found(self) -> dict[str, int]:
        """The kinds that look like registers, with how many readings of them do."""
        self._close()
        self._series, self._first, self._last = -1, 0, 0
        return {kind: count for kind, count in self.counts.items() if count >= ENOUGH and kind not in self.others}
