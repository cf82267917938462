"""New readings that overlap others which were there before: both are kept, and the report tells of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from wattshare.custodian.formats.remarks import NAMED, Remark, Warned, warned
from wattshare.custodian.model.changes import Overlapping, Tally


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
