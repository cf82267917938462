"""How much of what a channel should measure is there, day by day."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from operator import attrgetter

from wattshare.custodian.model.packing import LONGEST_DAY
from wattshare.custodian.model.premises import Agreement, Meter
from wattshare.custodian.model.readings import Channel
from wattshare.espi.days import DAY, day_bounds, day_of

# an interval as long as the shortest local day, or longer, comes once a day
SHORTEST_DAY = 82_800


@dataclass(frozen=True, kw_only=True)
class Received:
    """How many readings of a block there are, and of which sort."""

    usage_point_id: int
    channel: int
    start: int
    readings: int
    estimated: int
    corrected: int
    late: int


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Readings of some days: how many there should be, and how many there are."""

    # None: nothing says how many there should be
    expected: int | None = 0
    received: int = 0
    estimated: int = 0
    corrected: int = 0
    late: int = 0
    # of each day by itself, what is expected and not there
    missing: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Both together."""
        known = self.expected is not None and other.expected is not None
        return Counts(
            expected=(self.expected or 0) + (other.expected or 0) if known else None,
            received=self.received + other.received,
            estimated=self.estimated + other.estimated,
            corrected=self.corrected + other.corrected,
            late=self.late + other.late,
            missing=self.missing + other.missing,
        )


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Between which readings a channel has something, in seconds.

    Of blocks by their starts, which is enough but for the day on which one channel takes the place of another: of that
    day, by the readings themselves.
    """

    first: int
    last: int
    # the end of the first reading, where that is known
    first_end: int | None = None

    def follows(self, other: "Reach") -> bool:
        """Whether it begins after all that the other has, or in its last interval."""
        return self.first > other.last or (self.first > other.first and (self.first_end or self.first) > other.last)


@dataclass(frozen=True, kw_only=True)
class Life:
    """From when to when a channel measures, in seconds; `ends` None: it still does."""

    begins: int
    ends: int | None


def life_of(
    channel: Channel, reaches: Mapping[int, Reach], channels: Iterable[Channel], meters: Iterable[Meter]
) -> Life | None:
    """When a channel measured; None: it never has. `reaches` are by channel number.

    It begins with its first block. It ends when its meter is removed, or when another channel of the same flow has
    taken its place: one that begins after all that it has.
    """
    own = reaches.get(channel.number)
    if own is None:
        return None
    removed = [meter.removed for meter in meters if meter.serial == channel.meter_serial and meter.removed is not None]
    others = [reaches[other.number] for other in rivals(channel, channels) if other.number in reaches]
    successors = [other.first for other in others if other.follows(own)]
    return Life(begins=own.first, ends=min((*removed, *successors), default=None))


def rivals(channel: Channel, channels: Iterable[Channel]) -> Iterator[Channel]:
    """The other channels of the same flow."""
    for other in channels:
        if other.number != channel.number and other.reading_type.flow_direction == channel.reading_type.flow_direction:
            yield other


def expected_in(start: int, end: int, interval_length: int | None) -> int | None:
    """How many readings a local day has. None: the length of intervals does not say it."""
    if not interval_length or interval_length > LONGEST_DAY:
        return None
    return 1 if interval_length >= SHORTEST_DAY else (end - start) // interval_length


def of_day(start: int, end: int, life: Life, interval_length: int | None) -> int | None:
    """The same of a day on which the channel may begin or end: intervals that are all outside its life are none."""
    whole = expected_in(start, end, interval_length)
    if whole is None or not interval_length:
        return whole
    outside = max(0, life.begins - start), 0 if life.ends is None else max(0, end - life.ends)
    return max(0, whole - sum(seconds // interval_length for seconds in outside))


def is_due(start: int, end: int, life: Life | None, agreements: tuple[Agreement, ...]) -> bool:
    """Whether a day is measured: the channel lives, and somebody has the service. Where nobody ever had, anybody."""
    if life is None or end <= life.begins or (life.ends is not None and start >= life.ends):
        return False
    held = (one.starts < end and (one.ends is None or end <= one.ends) for one in agreements)
    return not agreements or any(held)


def by_day(
    received: Iterable[Received],
    first: date,
    last: date,
    zone: tzinfo,
    *,
    channel: Channel,
    life: Life | None,
    agreements: tuple[Agreement, ...],
) -> Iterator[tuple[date, Counts]]:
    """The counts of each local day of one channel, from the first to the last."""
    found: dict[date, Counts] = {}
    for block in received:
        day = day_of(block.start, zone)
        found[day] = found.get(day, Counts()) + Counts(
            received=block.readings, estimated=block.estimated, corrected=block.corrected, late=block.late
        )
    day = first
    while day <= last:
        start, end = day_bounds(day, zone)
        due = is_due(start, end, life, agreements)
        expected = of_day(start, end, life, channel.reading_type.interval_length) if due and life else 0
        there = found.get(day, Counts())
        missing = max(0, expected - there.received) if expected is not None else 0
        yield (
            day,
            Counts(expected=expected, missing=missing)
            + Counts(**{name: getattr(there, name) for name in ("received", "estimated", "corrected", "late")}),
        )
        day += DAY


def in_total(counts: Iterable[Counts]) -> Counts:
    """All of them together."""
    return sum(counts, Counts())


PLACE = attrgetter("usage_point_id", "channel")
