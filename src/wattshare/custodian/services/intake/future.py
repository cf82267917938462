"""Readings that start later than anything can have been metered: told, or refused where the mapping says so."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from wattshare.custodian.formats.remarks import Remark, Warned, warned
from wattshare.custodian.formats.tables.days import NotPlain, PlainDays

# seconds ahead of the clock that say nothing: a day that is under way may be written to its end, in any zone
SLACK = 86_400


def latest(now: int) -> int:
    """The latest second at which a reading may start without being told of."""
    return now + SLACK


@dataclass
class Future:
    """Readings of a table that start later than that."""

    latest: int
    # whether none may
    refused: bool = False
    count: int = 0
    # of the first in the file: its row, the number of its series, and its start
    first: tuple[int, int, int] | None = None

    def noticed(self, packed: Iterable[PlainDays]) -> Iterator[PlainDays]:
        """Days that are read in columns, in the order of the file, as they pass by.

        Raises:
            NotPlain: one has such readings, which are refused row by row.
        """
        row = 1
        for days in packed:
            if any(start + (count - 1) * step > self.latest for start, _, _, step, count, _ in days.kinds):
                if self.refused:
                    raise NotPlain
                self._count(days, row)
            row += sum(readings for *_, readings in days.stretches)
            yield days

    def _count(self, days: PlainDays, row: int) -> None:
        for series, start, _, _, step, count, *_ in days.rows():
            before = min(max((self.latest - start) // step + 1, 0), count)
            if before < count and self.first is None:
                self.first = row + before, series, start + before * step
            self.count += count - before
            row += count

    def warned(self, named: str) -> tuple[Warned, ...]:
        """What is told of them; `named` is what the file calls whose the first is."""
        if self.first is None:
            return ()
        row, _, start = self.first
        place = f"row {row}, {named}, {datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M:%SZ}"
        return (warned(Remark.FUTURE_READINGS, self.count, (place,)),)
