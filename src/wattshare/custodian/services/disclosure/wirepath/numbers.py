"""Values and costs: as blocks keep them, and which of them can be written."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from wattshare.espi import wire
from wattshare.espi.profile import Profile
from wattshare.espi.usage import IntervalBlock, IntervalReading

# signed, little end first
WIDTHS = {1: "b", 2: "h", 4: "i", 8: "q"}


@lru_cache(maxsize=1024)
def unpacking(count: int, width: int) -> Callable[[bytes], tuple[int, ...]]:
    """What reads all values of a block at once."""
    return Struct(f"<{count}{WIDTHS[width]}").unpack


# the least and the greatest of some
Span = tuple[int, int] | None


@dataclass
class Numbers:
    """Numbers that the typed writer takes: what lies between two that it took is not asked about again."""

    profile: Profile
    costs: Span = None
    values: Span = None

    def check(self, costs: tuple[int, ...], values: tuple[int, ...]) -> None:
        """Let the typed writer refuse what it would refuse.

        Raises:
            ValueError: a cost or a value is outside the profile's schemas.
        """
        wider = widened(self.costs, costs), widened(self.values, values)
        if wider != (self.costs, self.values):
            check_numbers(costs, values, self.profile)
            # who comes at the same time has the same question once more
            self.costs, self.values = wider


def widened(span: Span, numbers: tuple[int, ...]) -> Span:
    """A span with some more numbers in it."""
    if not numbers:
        return span
    least, most = span or (numbers[0], numbers[0])
    return min(least, *numbers), max(most, *numbers)


def check_numbers(costs: tuple[int, ...], values: tuple[int, ...], profile: Profile) -> None:
    """Let the typed writer refuse what it would refuse.

    Raises:
        ValueError: a cost or a value is outside the profile's schemas.
    """
    reading = (
        *(IntervalReading(cost=cost) for cost in (costs and (min(costs), max(costs)))),
        *(IntervalReading(value=value) for value in (values and (min(values), max(values)))),
    )
    wire.write(IntervalBlock(reading=reading), profile)
