"""Who is in a file: pairs of an authorization and a usage point, a few bytes each."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import BinaryIO

# pairs that are read or written at a time
CHUNK = 4_096


@dataclass
class Members:
    """(authorization, usage point) in order; 0 for a whole authorization."""

    holders: "array[int]" = field(default_factory=lambda: array("q"))
    points: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, holder: int, point: int) -> None:
        """One more, which comes after all others.

        Raises:
            ValueError: it does not.
        """
        if self.holders and (self.holders[-1], self.points[-1]) >= (holder, point):
            raise ValueError(f"{holder}, {point} is out of order")
        self.holders.append(holder)
        self.points.append(point)

    def __len__(self) -> int:
        """How many."""
        return len(self.holders)

    @property
    def last(self) -> tuple[int, int]:
        """The one that comes after all others; before everybody where there is none."""
        return (self.holders[-1], self.points[-1]) if self.holders else (0, 0)

    def __contains__(self, pair: tuple[int, int]) -> bool:
        """Whether a pair is among them."""
        holder, point = pair
        place = bisect_left(self.holders, holder)
        while place < len(self.holders) and self.holders[place] == holder:
            if self.points[place] == point:
                return True
            place += 1
        return False

    def authorizations(self) -> Iterator[int]:
        """Each authorization once, in order."""
        return (holder for holder, _ in groupby(self.holders))

    def write(self, file: BinaryIO) -> None:
        """Write them down, a line a pair."""
        for first in range(0, len(self), CHUNK):
            pairs = zip(self.holders[first : first + CHUNK], self.points[first : first + CHUNK], strict=True)
            file.write("".join(f"{holder} {point}\n" for holder, point in pairs).encode())

    @classmethod
    def read(cls, lines: Iterable[bytes]) -> "Members":
        """What was written down.

        Raises:
            ValueError: it was something else.
        """
        read = cls()
        for line in lines:
            holder, _, point = line.partition(b" ")
            read.add(int(holder), int(point))
        return read
