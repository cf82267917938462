"""What putting something into the store did, and what was there before."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from wattshare.custodian.model.readings import Reading


class Outcome(StrEnum):
    """What became of something that was put."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many readings were put, by what became of them."""

    new: int = 0
    changed: int = 0
    same: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(new=self.new + other.new, changed=self.changed + other.changed, same=self.same + other.same)

    @property
    def all(self) -> int:
        """How many were put."""
        return self.new + self.changed + self.same


@dataclass(frozen=True, kw_only=True)
class Overlapping(Tally):
    """The same of a block with new readings that overlap others of its day; both are kept. Sums do not say it."""

    overlapping: int


def sum_of(tallies: Iterable[Tally]) -> Tally:
    """All together."""
    new = changed = same = 0
    for tally in tallies:
        new, changed, same = new + tally.new, changed + tally.changed, same + tally.same
    return Tally(new=new, changed=changed, same=same)


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Readings of one block that a revision replaced. Nothing else of the block is in it."""

    usage_point_id: int
    channel: int
    start: int
    revision: int
    at: int
    reason: str
    old: tuple[Reading, ...]
    new: tuple[Reading, ...]


@dataclass(frozen=True, kw_only=True)
class BillCorrection:
    """A bill, or a power quality summary, that a revision replaced, as espi.plain writes it."""

    usage_point_id: int
    bill_date: int
    revision: int
    at: int
    reason: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much an answer will hold, before any of it is read: for validators, `updated`, and empty ones."""

    count: int
    # of all that is in it: the earliest first revision, the latest last one
    published_at: int
    updated_at: int
    revision: int
