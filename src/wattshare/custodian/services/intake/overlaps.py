"""Readings that overlap others which were there before, or leave the same time out: the report tells of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import sub

from wattshare.custodian.formats.remarks import NAMED, Remark, Warned, warned
from wattshare.custodian.model.changes import Overlapping, Tally
from wattshare.custodian.model.packing import LONGEST_DAY

# readings of a day that say something together; and the seconds of a day that is left out
ENOUGH = 6
A_DAY = range(82_800, 90_001)


@dataclass
class Overlaps:
    """Those of one table."""

    count: int = 0
    # a series, and the start of a day: the first few of them
    places: list[tuple[int, int]] = field(default_factory=list)

    def note(self, merged: Iterable[tuple[tuple[int, int], Tally]]) -> None:
        """Take notice of what became of days, by series and start."""
        for place, tally in merged:
            if isinstance(tally, Overlapping):
                self.count += tally.overlapping
                if len(self.places) < NAMED:
                    self.places.append(place)

    def warned(self, at: Callable[[int, int], str]) -> tuple[Warned, ...]:
        """What the report says; `at` names the channel and day of a series and a start."""
        if not self.count:
            return ()
        places = tuple(dict.fromkeys(at(*place) for place in self.places))
        return (warned(Remark.OVERLAPPING_READINGS, self.count, places),)


@dataclass
class Spaced:
    """Readings of one table between which the same time is always left out: they may be longer than they are said.

    So it is where a meter is read by the hour and the mapping says a quarter of it, or where the last day of a
    month is an end that is still in.
    """

    count: int = 0
    # a series, and the start of a day: the first few of them
    places: list[tuple[int, int]] = field(default_factory=list)
    # the last reading that is longer than a day: its series and its end
    _last: tuple[int, int] = (-1, 0)

    def see(self, series: int, starts: Sequence[int], durations: Sequence[int]) -> None:
        """Look at the readings of a day that do not follow each other, or at one that is longer."""
        if durations[0] > LONGEST_DAY:
            before, ended = self._last
            if before == series and starts[0] - ended in A_DAY:
                self._note(series, starts[0], 1)
            self._last = series, starts[0] + durations[0]
        elif len(starts) >= ENOUGH and len(set(durations)) == 1:
            steps = set(map(sub, starts[1:], starts))
            if len(steps) == 1 and steps.pop() > durations[0]:
                self._note(series, starts[0], len(starts))

    def _note(self, series: int, start: int, count: int) -> None:
        self.count += count
        if len(self.places) < NAMED:
            self.places.append((series, start))

    def warned(self, at: Callable[[int, int], str]) -> tuple[Warned, ...]:
        """What the report says; `at` names the channel and day of a series and a start."""
        if not self.count:
            return ()
        places = tuple(dict.fromkeys(at(*place) for place in self.places))
        return (warned(Remark.SPACED_READINGS, self.count, places),)
