"""A customer's own use by day, month or year, of the days of their own agreement: the bars of a chart and its table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import NotCovered
from wattshare.custodian.model.packing import ESTIMATED, estimated_in, is_long, unpack, unpack_values
from wattshare.custodian.model.premises import Service
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.services.own_data import DAY, Measure, measure
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.days import day_bounds, day_of, midnight

# the last day with readings is looked for in so many days before all of them are
NEAR_DAYS = 60
JANUARY, DECEMBER = 1, 12


class Span(StrEnum):
    """How much is shown at a time: the readings of a day, the days of a month, or the months of a year."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One reading, or all of a local day or month. Seconds of its beginning and end."""

    start: int
    end: int
    # None: there is no reading
    value: int | None = None
    readings: int = 0
    estimated: int = 0
    corrected: int = 0
    # seconds of the longest reading that is longer than a day; 0: there is none
    longest: int = 0
    # of a month: days without a reading, between others that have some
    missing: int = 0

    def __add__(self, other: "Bar") -> "Bar":
        """The same bar with more in it."""
        values = [value for value in (self.value, other.value) if value is not None]
        return replace(
            self,
            value=sum(values) if values else None,
            readings=self.readings + other.readings,
            estimated=self.estimated + other.estimated,
            corrected=self.corrected + other.corrected,
            longest=max(self.longest, other.longest),
            missing=self.missing + other.missing,
        )

    @property
    def marked(self) -> bool:
        """Whether something of it is not as it was first metered."""
        return bool(self.estimated or self.corrected)


@dataclass(frozen=True, kw_only=True)
class Way:
    """One direction and unit in which a service is metered, by one meter after the other."""

    number: int
    measure: Measure
    # each meter has one, and so has each length of its readings: the one that counts first, first
    channels: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What is shown of one service."""

    service: Service
    ways: tuple[Way, ...]
    way: Way
    span: Span
    # local days, both shown
    first: date
    last: date
    bars: tuple[Bar, ...]
    # the days that there is anything of; None: nothing yet
    earliest: date | None
    latest: date | None

    @property
    def total(self) -> Decimal:
        """Of all that is shown."""
        return self.way.measure.amount(sum(bar.value or 0 for bar in self.bars))

    @property
    def before(self) -> date | None:
        """A day of the stretch before, where there is one."""
        day = self.first - timedelta(days=1)
        return day if self.earliest is not None and day >= self.earliest else None

    @property
    def after(self) -> date | None:
        """A day of the stretch after, where there is one."""
        day = self.last + timedelta(days=1)
        return day if self.latest is not None and day <= self.latest else None


@dataclass(frozen=True, kw_only=True)
class OwnUsage:
    """A customer's own view of what was metered."""

    store: Store
    now: Clock
    zone: ZoneInfo

    def services(self, customer_id: int) -> tuple[Service, ...]:
        """What a customer has or had."""
        with self.store.read(Purpose.PEOPLE) as tx:
            return tx.customers.services(customer_id)

    def usage(self, customer_id: int, agreement_id: int, number: int | None, span: Span, day: date | None) -> Usage:
        """What was metered around a day, by default the last one that there is.

        Raises:
            NotCovered: the agreement is not this customer's, or has no such channel.
        """
        with self.store.read(Purpose.OWN) as tx:
            mine = (one for one in tx.customers.services(customer_id) if one.agreement.id == agreement_id)
            if (service := next(mine, None)) is None:
                raise NotCovered("This is not one of your services.")
            ways = ways_of(service, tx.readings.channels(service.usage_point.id))
            way = next((way for way in ways if number is None or number in way.channels), None)
            if way is None:
                raise NotCovered("Nothing has been metered for this service yet.")
            earliest, latest = self._known(tx, service, way)
            shown = day or latest or day_of(self.now(), self.zone)
            first, last = bounds(span, shown)
            bars = tuple(self._bars(tx, service, way, span, first, last))
        return Usage(
            service=service,
            ways=ways,
            way=way,
            span=span,
            first=first,
            last=last,
            bars=bars,
            earliest=earliest,
            latest=latest,
        )

    # parts

    def _known(self, tx: Tx, service: Service, way: Way) -> tuple[date | None, date | None]:
        """The first and the last day that there is something of, as far as they are the customer's."""
        agreement, now = service.agreement, self.now()
        until = now if agreement.ends is None else min(now, agreement.ends)
        for since in (until - NEAR_DAYS * DAY, 0):
            found = (tx.readings.own_blocks(agreement, number, since, until, last=True) for number in way.channels)
            last = max((block.start for blocks in found for block in blocks), default=None)
            if last is not None:
                first = max(tx.readings.first_day(service.usage_point.id) or last, agreement.starts)
                return day_of(first, self.zone), day_of(last, self.zone)
        return None, None

    def _bars(self, tx: Tx, service: Service, way: Way, span: Span, first: date, last: date) -> Iterator[Bar]:
        since, until = midnight(first, self.zone), day_bounds(last, self.zone)[1]
        blocks = joined([tuple(tx.readings.own_blocks(service.agreement, one, since, until)) for one in way.channels])
        if span is Span.DAY:
            for block in blocks:
                changed = tx.readings.corrected_in(block) if block.corrected else frozenset()
                yield from of_readings(block, changed)
            return
        # not what is still to come
        yield from filled(span, first, min(last, day_of(self.now(), self.zone)), blocks, self.zone)


def ways_of(service: Service, channels: Iterable[Channel]) -> tuple[Way, ...]:
    """The ways in which a service is metered. A meter after a swap, or with another pace, is none of its own."""
    found: dict[tuple[str, int, bool], list[tuple[int, Measure]]] = {}
    for channel in channels:
        told = measure(service.usage_point.commodity, channel.reading_type)
        found.setdefault((told.unit, told.power, told.received), []).append((channel.number, told))
    return tuple(Way(number=like[0][0], measure=like[0][1], channels=first_to_last(like)) for like in found.values())


def first_to_last(channels: list[tuple[int, Measure]]) -> tuple[int, ...]:
    """Which channel counts before which: the closer readings, and of those the later meter's."""
    return tuple(number for number, told in sorted(channels, key=lambda one: (one[1].step or DAY, -one[0])))


def joined(by_channel: list[tuple[Block, ...]]) -> tuple[Block, ...]:
    """What one meter after the other metered, by start. Of what two metered at once the first one's counts."""
    taken, *others = by_channel
    for blocks in others:
        taken += tuple(block for block in blocks if not any(at_once(block, other) for other in taken))
    return tuple(sorted(taken, key=lambda block: block.start))


def at_once(block: Block, other: Block) -> bool:
    """Whether readings of two blocks are of the same time. On the day of a swap each meter has a part of it."""
    if block.start >= other.day_end or other.start >= block.day_end:
        return False
    ours, theirs = extent(block), extent(other)
    return ours[0] < theirs[1] and theirs[0] < ours[1]


def extent(block: Block) -> tuple[int, int]:
    """The first second of a block's readings, and the first after them."""
    readings = [one for one in unpack(block) if one.value is not None]
    ends = (one.start + one.duration for one in readings)
    return min((one.start for one in readings), default=block.start), max(ends, default=block.start)


def bounds(span: Span, day: date) -> tuple[date, date]:
    """The first and the last local day of the stretch that holds a day."""
    match span:
        case Span.DAY:
            return day, day
        case Span.MONTH:
            return day.replace(day=1), next_month(day) - timedelta(days=1)
        case Span.YEAR:
            return day.replace(month=JANUARY, day=1), day.replace(month=DECEMBER, day=31)


def next_month(day: date) -> date:
    """The first day of the month after."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def of_readings(block: Block, corrected: frozenset[int]) -> Iterator[Bar]:
    """A bar a reading; `corrected` are the starts of those that were replaced."""
    for reading in unpack(block):
        yield Bar(
            start=reading.start,
            end=reading.start + reading.duration,
            value=reading.value,
            readings=int(reading.value is not None),
            estimated=int(bool(ESTIMATED.intersection(reading.quality))),
            corrected=int(reading.start in corrected),
        )


def filled(span: Span, first: date, last: date, blocks: Iterable[Block], zone: ZoneInfo) -> Iterator[Bar]:
    """A bar a day or a month, with nothing in it where nothing was metered. A long reading is of the day it began."""
    found: dict[date, Bar] = {}
    day = first
    while day <= last:
        after = next_month(day) if span is Span.YEAR else day + timedelta(days=1)
        found[day] = Bar(start=midnight(day, zone), end=midnight(after, zone))
        day = after
    metered: set[date] = set()
    for block in blocks:
        began, bar = day_of(block.start, zone), of_block(block)
        found[began.replace(day=1) if span is Span.YEAR else began] += bar
        metered |= {began} if bar.readings else set()
    if span is Span.YEAR and not any(bar.longest for bar in found.values()):
        for lost in between(metered):
            found[lost.replace(day=1)] += Bar(start=0, end=0, missing=1)
    return iter(found.values())


def between(known: set[date]) -> list[date]:
    """The days that lack between the first and the last of some."""
    if not known:
        return []
    first = min(known)
    every = (first + timedelta(days=place) for place in range((max(known) - first).days))
    return [day for day in every if day not in known]


def of_block(block: Block) -> Bar:
    """All of a block."""
    if block.valueless is None:
        values = list(unpack_values(block.width, block.values))
    else:
        values = [reading.value for reading in unpack(block) if reading.value is not None]
    return Bar(
        start=block.start,
        end=block.day_end,
        value=sum(values) if values else None,
        readings=len(values),
        estimated=estimated_in(block),
        corrected=block.corrected,
        longest=block.day_end - block.start if is_long(block.start, block.day_end) else 0,
    )
