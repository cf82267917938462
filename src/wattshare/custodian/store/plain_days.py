"""Days of nothing but values, as they come by the hundred thousand: as rows, and as what COPY reads.

Of most of what comes this is all that there is to say. What such days have alike is written once; where they come in
columns, no day is looked at by itself.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from struct import Struct
from typing import Any, Protocol

from wattshare.custodian.store.blocks import ROW_COLUMNS, SIDECARS, SPILL
from wattshare.custodian.store.history import month_of

# a row as COPY has it in binary: how many fields, then the length of each and what is in it; null is of length -1
SIGNATURE, TRAILER, NULL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff", b"\xff\xff\xff\xff"
FIELDS = len(ROW_COLUMNS)
# before the values: usage point and channel, then numbers; behind them, after nulls, numbers, then counts
HEAD, NUMBERS = Struct(">h" + "iq" + "ii").pack, Struct(">" + "iq" * 8 + "i").pack
NUMBER, COUNTS = Struct(">iq").pack, Struct(">iiiiii").pack
# kinds of days that are remembered
ALIKE = 4_096
# bytes that are sent at a time
SENT = 256 * 1024

# start, duration, end of the day, step, count, width
Kind = tuple[int, int, int, int, int, int]
# usage point, channel, its kind, values
PlainDay = tuple[int, int, int, int, int, int, int, int, bytes]
# usage point, channel, start and end of the day
DayAt = tuple[int, int, int, int]


class PlainDays(Protocol):
    """Many such days in columns. What is said of a channel, or of days alike, is said once."""

    @property
    def channels(self) -> Sequence[tuple[int, int]]:
        """Usage points and channels."""

    @property
    def kinds(self) -> Sequence[Kind]:
        """What days have alike."""

    def rows(self) -> Sequence[PlainDay]:
        """Each day by itself."""

    def between(
        self, heads: Sequence[bytes], around: Sequence[tuple[bytes, bytes]], kinds: Collection[int] | None = None
    ) -> bytes | memoryview:
        """The values of each day, with what stands before them by channel, and before and behind them by kind.

        All of it one after the other; of days of some kinds alone, where their places are given.
        """


@dataclass(frozen=True)
class Laid:
    """Such days, laid out as COPY reads them, by the months that they are of."""

    days: PlainDays
    months: Mapping[int, bytes | memoryview]


def lay_out(days: PlainDays, revision: int, at: int, *, late: int) -> Laid:
    """Days in columns as COPY reads them; none of them is looked at by itself."""
    tail = _tail(revision, at)
    heads = [HEAD(FIELDS, 8, point, 4, channel) for point, channel in days.channels]
    around = [_around(kind, tail, at, late) for kind in days.kinds]
    months: dict[int, list[int]] = {}
    for place, kind in enumerate(days.kinds):
        months.setdefault(month_of(kind[0]), []).append(place)
    chosen = {month: kinds if len(months) > 1 else None for month, kinds in months.items()}
    return Laid(days, {month: days.between(heads, around, kinds) for month, kinds in chosen.items()})


@dataclass
class Stream:
    """What one COPY is sent: a month of days that were laid out, and of those that come after them."""

    # the one that is next; None: there are no more
    laid: Laid | None
    coming: Iterator[Laid]
    month: int
    # how many seconds it may go on, as it is a statement, with a deadline
    longest: float

    def __iter__(self) -> Iterator[bytes | memoryview]:
        """The month's rows, until some come that are not of it alone, or it has gone on for long."""
        until = time.monotonic() + self.longest
        yield SIGNATURE
        while self.laid is not None:
            yield self.laid.months[self.month]
            self.laid = next(self.coming, None)
            if self.laid is None or list(self.laid.months) != [self.month] or time.monotonic() > until:
                break
        yield TRAILER


def plain_row(day: PlainDay, revision: int, at: int, *, late: int) -> tuple[Any, ...]:
    """The row of a day, in the order of the columns."""
    point, channel, start, duration, day_end, *packed = day
    head = (point, channel, start, duration, day_end, day_end, _held_to(start, duration, day_end), *packed)
    counts = (0, 0, packed[1] if at > day_end + late else 0)
    return (*head, *[None] * len(SIDECARS), revision, revision, at, at, *counts)


def plain_pieces(days: Iterable[PlainDay], revision: int, at: int, *, late: int) -> Iterator[bytes]:
    """Days as COPY reads them."""
    tail, piece = _tail(revision, at), bytearray(SIGNATURE)
    # of many usage points a day is the same but for its values
    alike: dict[Kind, tuple[bytes, bytes]] = {}
    for point, channel, start, duration, day_end, step, count, width, values in days:
        kind = (start, duration, day_end, step, count, width)
        if kind not in alike:
            if len(alike) > ALIKE:
                alike.clear()
            alike[kind] = _around(kind, tail, at, late)
        before, behind = alike[kind]
        piece += b"".join((HEAD(FIELDS, 8, point, 4, channel), before, values, behind))
        if len(piece) >= SENT:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece + TRAILER)


def _around(kind: Kind, tail: bytes, at: int, late: int) -> tuple[bytes, bytes]:
    """What stands before and behind the values of a day."""
    start, duration, day_end, step, count, width = kind
    numbers = (start, duration, day_end, day_end, _held_to(start, duration, day_end), step, count, width)
    before = NUMBERS(*chain.from_iterable((8, number) for number in numbers), count * width)
    return before, tail + COUNTS(4, 0, 4, 0, 4, count if at > day_end + late else 0)


def _held_to(start: int, duration: int, day_end: int) -> int:
    return start + duration if start + duration > day_end + SPILL else day_end


def _tail(revision: int, at: int) -> bytes:
    """What stands behind the values of all of them, up to the counts."""
    return NULL * len(SIDECARS) + b"".join(NUMBER(8, number) for number in (revision, revision, at, at))
