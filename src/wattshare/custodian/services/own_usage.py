"""A customer's own use by day, month or year, of the days of their own agreement: the bars of a chart and its table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import NotCovered
from wattshare.custodian.model.premises import Service
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.services.bars import Bar, Part, joined, of_block, of_readings
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
class Way:
    """One direction and unit in which a service is metered, by one meter after the other."""

    number: int
    # the finest in which one of them says its values
    measure: Measure
    # each meter has one, and so has each length of its readings: the one that counts first, first; and by what the
    # values of each are multiplied to be in that measure
    channels: dict[int, int]


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
        """What a customer has or had, and what of somebody else's they may see."""
        with self.store.read(Purpose.PEOPLE) as tx:
            return self._services(tx, customer_id)

    def usage(self, customer_id: int, agreement_id: int, number: int | None, span: Span, day: date | None) -> Usage:
        """What was metered around a day, by default the last one that there is.

        Raises:
            NotCovered: the agreement is not this customer's, or has no such channel.
        """
        with self.store.read(Purpose.OWN) as tx:
            mine = (one for one in self._services(tx, customer_id) if one.agreement.id == agreement_id)
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

    def _services(self, tx: Tx, customer_id: int) -> tuple[Service, ...]:
        """Their own, and those that they may see."""
        return (*tx.customers.services(customer_id), *tx.customers.seen(customer_id, self.now()))

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
        by_channel = [
            [Part(block=block, factor=factor) for block in tx.readings.own_blocks(service.agreement, one, since, until)]
            for one, factor in way.channels.items()
        ]

        def corrected(block: Block) -> frozenset[int]:
            return tx.readings.corrected_in(block) if block.corrected else frozenset()

        spans = tx.completeness.spans([service.usage_point.id]) if len(by_channel) > 1 else {}
        series = joined(by_channel, {channel: span for (_, channel), span in spans.items()}, corrected)
        if span is Span.DAY:
            for one in series:
                yield from of_readings(one, corrected(one.block)) if isinstance(one, Part) else one
            return
        bars = (bar for one in series for bar in ((of_block(one),) if isinstance(one, Part) else one))
        # not what is still to come
        yield from filled(span, first, min(last, day_of(self.now(), self.zone)), bars, self.zone)


def ways_of(service: Service, channels: Iterable[Channel]) -> tuple[Way, ...]:
    """The ways in which a service is metered. A meter after a swap, or with another pace, is none of its own."""
    found: dict[tuple[str, int | None, bool], list[tuple[int, Measure]]] = {}
    for channel in channels:
        told = measure(service.usage_point.commodity, channel.reading_type)
        # a number without a unit is comparable with its like alone
        power = None if told.unit else told.power
        found.setdefault((told.unit, power, told.received), []).append((channel.number, told))
    return tuple(way_of(like) for like in found.values())


def way_of(like: list[tuple[int, Measure]]) -> Way:
    """One way of channels that measure the same."""
    (number, told), powers = like[0], {of: one.power for of, one in like}
    finest = min(powers.values())
    factors = {of: 10 ** (powers[of] - finest) for of in first_to_last(like)}
    return Way(number=number, measure=replace(told, power=finest), channels=factors)


def first_to_last(channels: list[tuple[int, Measure]]) -> tuple[int, ...]:
    """Which channel counts before which: the closer readings, and of those the later meter's."""
    return tuple(number for number, told in sorted(channels, key=lambda one: (one[1].step or DAY, -one[0])))


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


def filled(span: Span, first: date, last: date, bars: Iterable[Bar], zone: ZoneInfo) -> Iterator[Bar]:
    """A bar a day or a month, with nothing in it where nothing was metered. A long reading is of the day it began."""
    found: dict[date, Bar] = {}
    day = first
    while day <= last:
        after = next_month(day) if span is Span.YEAR else day + timedelta(days=1)
        found[day] = Bar(start=midnight(day, zone), end=midnight(after, zone))
        day = after
    metered: set[date] = set()
    for bar in bars:
        began = day_of(bar.start, zone)
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
