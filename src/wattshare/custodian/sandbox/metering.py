"""What the meters measure: channels, a block a day, and what of it changed afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from wattshare.custodian.model.packing import pack_columns, pack_values
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.sandbox.calendar import Calendar
from wattshare.custodian.sandbox.curves import chance_of, spread
from wattshare.custodian.sandbox.households import HOUR, Home
from wattshare.custodian.sandbox.people import Premise
from wattshare.custodian.store.channels import DELIVERED, RECEIVED
from wattshare.custodian.store.database import Tx
from wattshare.espi.profile import Metering, Profile
from wattshare.espi.usage import ReadingType

# ReadingType/measuringPeriod of an interval length: TimeAttributeKind
MEASURING_PERIODS = {900: 2, 3_600: 7, 86_400: 4}
# AccumulationKind delta data, DataQualifierKind normal
DELTA, NORMAL = 4, 12
ESTIMATED = 8
# days after the last estimated one on which the meter is reached again: when a bill has been made of estimates
REACHED_AFTER = 35
CORRECTED = "the meter was read after all: its values in the place of estimates"
# values are thousandths of a watt hour, and hundred-millionths of a therm: what the curves give, times this
FINER = 1_000
# a gas meter counts thousandths of a therm; the curves give hundred-thousandths
GAS_COUNT = 100
# no time-of-use code
NO_CODE = 0

# quantity of a day by time-of-use code, in the power of ten of the reading type
ByCode = dict[int, int]


@dataclass(kw_only=True)
class Metered:
    """What is known of one usage point, by place of the day, to be billed from."""

    delivered: dict[int, ByCode] = field(default_factory=dict)
    received: dict[int, int] = field(default_factory=dict)
    # what the estimated days were thought to be until the day at `corrected`
    estimates: dict[int, ByCode] = field(default_factory=dict)
    corrected: int | None = None

    def used(self, first: int, last: int, known: int) -> ByCode:
        """Delivered from one day to another, both in, as it was known on the morning after the day `known`."""
        total: ByCode = {}
        still_estimated = self.corrected is None or known < self.corrected
        for place in range(first, last + 1):
            day = self.estimates.get(place) if still_estimated else None
            for code, quantity in (day or self.delivered.get(place, {})).items():
                total[code] = total.get(code, 0) + quantity
        return total

    def sent_back(self, first: int, last: int) -> int:
        """Received from one day to another, both in."""
        return sum(self.received.get(place, 0) for place in range(first, last + 1))


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Days on which one meter measures in intervals of one length."""

    first: int
    last: int
    step: int
    serial: str


def reading_type(metering: Metering, profile: Profile, *, step: int, flow: int) -> ReadingType:
    """What the values of a channel are, as the profile's utility tells it."""
    return ReadingType(
        accumulation_behaviour=DELTA,
        commodity=metering.commodity,
        currency=profile.currency,
        data_qualifier=NORMAL,
        default_quality=profile.default_quality,
        flow_direction=flow,
        interval_length=step,
        kind=metering.kind,
        phase=metering.phase,
        power_of_ten_multiplier=metering.power_of_ten_multiplier,
        time_attribute=metering.time_attribute,
        uom=metering.uom,
        measuring_period=MEASURING_PERIODS[step],
    )


def metering_of(commodity: Commodity, profile: Profile) -> Metering:
    """How a commodity is metered.

    Raises:
        LookupError: the profile has no manner for it.
    """
    metering = profile.metering(commodity.service_kind)
    if metering is None:
        raise LookupError(f"{profile.name} has no metering of {commodity}")
    return metering


def measure(tx: Tx, premise: Premise, calendar: Calendar, seed: int, profile: Profile) -> Metered:
    """Write down all that a premise's meters measured, whoever lived there."""
    known = Metered()
    for stretch in stretches(premise, calendar):
        if premise.home.commodity is Commodity.GAS:
            _gas(tx, premise, stretch, calendar, seed, profile, known)
        else:
            _electricity(tx, premise, stretch, calendar, seed, profile, known)
    return known


def stretches(premise: Premise, calendar: Calendar) -> Iterator[Stretch]:
    """A meter's time, and the time after it; hours, and the shorter intervals after them."""
    home = premise.home
    swapped = _from(home.meter_swapped, calendar)
    shortened = _from(home.shortened, calendar)
    cuts = sorted({0, len(calendar.days), *(cut for cut in (swapped, shortened) if cut > 0)})
    for first, after in pairwise(cuts):
        yield Stretch(
            first=first,
            last=after - 1,
            step=HOUR if first < shortened else home.step,
            serial=premise.meters[-1 if first >= swapped else 0].serial,
        )


def _from(days_before: int | None, calendar: Calendar) -> int:
    """The place of a day counted from the last; before all where nothing happened."""
    return -1 if days_before is None else calendar.before(days_before)


def _electricity(
    tx: Tx,
    premise: Premise,
    stretch: Stretch,
    calendar: Calendar,
    seed: int,
    profile: Profile,
    known: Metered,
) -> None:
    home, point = premise.home, premise.usage_point.id
    delivered = _channel(tx, premise, stretch, profile, DELIVERED)
    received = _channel(tx, premise, stretch, profile, RECEIVED) if home.sun else None
    blocks: list[Block] = []
    for place in _measured(home, stretch, calendar):
        taken, given = electricity(home, point, calendar, place, stretch.step, seed)
        known.delivered[place] = by_code(taken, calendar, place, stretch.step)
        if delivered is not None:
            blocks.append(block_of(delivered, taken, calendar, place, stretch.step))
        if received is not None:
            known.received[place] = sum(given)
            blocks.append(block_of(received, given, calendar, place, stretch.step))
    late = _late(home, stretch, calendar)
    if delivered is None or not late:
        tx.readings.load(blocks)
        return
    _estimate(tx, delivered, blocks, late, calendar, stretch.step, known)


def _gas(
    tx: Tx,
    premise: Premise,
    stretch: Stretch,
    calendar: Calendar,
    seed: int,
    profile: Profile,
    known: Metered,
) -> None:
    home, point = premise.home, premise.usage_point.id
    channel = _channel(tx, premise, stretch, profile, DELIVERED)
    offset = metering_of(Commodity.GAS, profile).day_offset
    blocks: list[Block] = []
    for place in _measured(home, stretch, calendar):
        quantity = gas(home, point, calendar, place, seed)
        known.delivered[place] = {NO_CODE: quantity}
        day = calendar.days[place]
        if channel is not None:
            blocks.append(
                pack_columns(
                    [quantity],
                    usage_point_id=point,
                    channel=channel.number,
                    start=day.start + offset,
                    day_end=day.end,
                    # one reading, as long as the day
                    step=day.end - day.start,
                    quality=[(day.quality,)],
                    revision=day.revision,
                    at=day.loaded_at,
                )
            )
    tx.readings.load(blocks)


def electricity(
    home: Home, usage_point_id: int, calendar: Calendar, place: int, step: int, seed: int
) -> tuple[list[int], list[int]]:
    """What a home takes from the grid in each interval of a day, and what it gives back."""
    day = calendar.days[place]
    used = spread(home.loads, day.date, day.hours, step, chance_of(seed, usage_point_id, day.date, "use"))
    if not home.sun:
        return [quantity * FINER for quantity in used], []
    made = spread(home.sun, day.date, day.hours, step, chance_of(seed, usage_point_id, day.date, "sun"))
    net = [one - other for one, other in zip(used, made, strict=True)]
    return [max(0, each) * FINER for each in net], [max(0, -each) * FINER for each in net]


def gas(home: Home, usage_point_id: int, calendar: Calendar, place: int, seed: int) -> int:
    """What a home burns in a day."""
    day = calendar.days[place]
    chance = chance_of(seed, usage_point_id, day.date, "gas")
    mean = sum(load.day(day.date) for load in home.loads)
    return mean * (850 + chance.randrange(301)) // 1_000 // GAS_COUNT * GAS_COUNT * FINER


def by_code(values: Sequence[int], calendar: Calendar, place: int, step: int) -> ByCode:
    """A day's quantity by time-of-use code."""
    total: ByCode = {}
    for code, first, after in calendar.runs(place, step):
        total[code] = total.get(code, 0) + sum(values[first:after])
    return total


def _channel(tx: Tx, premise: Premise, stretch: Stretch, profile: Profile, flow: int) -> Channel | None:
    """A new channel; None where bills are all that is known of a home."""
    if not premise.home.metered:
        return None
    metering = metering_of(premise.home.commodity, profile)
    return tx.readings.add_channel(
        Channel(
            usage_point_id=premise.usage_point.id,
            number=0,
            reading_type_id="",
            reading_type=reading_type(metering, profile, step=stretch.step, flow=flow),
            meter_serial=stretch.serial,
        )
    )


def _measured(home: Home, stretch: Stretch, calendar: Calendar) -> Iterator[int]:
    """The days of a stretch that are not missing."""
    missing = _days(home.missing, calendar)
    return (place for place in range(stretch.first, stretch.last + 1) if place not in missing)


def _days(span: tuple[int, int] | None, calendar: Calendar) -> range:
    """The days of a span that is counted from the last day."""
    if span is None:
        return range(0)
    return range(max(0, calendar.before(span[0])), calendar.before(span[1]) + 1)


def _late(home: Home, stretch: Stretch, calendar: Calendar) -> list[int]:
    """The days of a stretch that were estimated first."""
    return [place for place in _days(home.estimated, calendar) if stretch.first <= place <= stretch.last]


def block_of(channel: Channel, values: list[int], calendar: Calendar, place: int, step: int) -> Block:
    """The readings of a day, packed."""
    quality = calendar.days[place].quality
    return _filled(calendar.template(place, step, quality), channel, values)


def _filled(template: Block, channel: Channel, values: Sequence[int]) -> Block:
    width, packed = pack_values(values)
    return replace(
        template,
        usage_point_id=channel.usage_point_id,
        channel=channel.number,
        width=width,
        values=packed,
    )


def _estimate(
    tx: Tx,
    channel: Channel,
    blocks: list[Block],
    late: list[int],
    calendar: Calendar,
    step: int,
    known: Metered,
) -> None:
    """Load estimates in the place of some days, and let the readings correct them when the meter is reached."""
    starts = {calendar.days[place].start: place for place in late}
    read = [block for block in blocks if block.start in starts]
    tx.readings.load(block for block in blocks if block.start not in starts)
    for block in read:
        place = starts[block.start]
        values = _guess(known, place, block.count)
        known.estimates[place] = by_code(values, calendar, place, step)
        tx.readings.load([_filled(calendar.template(place, step, ESTIMATED), channel, values)])
    reached = late[-1] + REACHED_AFTER
    if reached > calendar.last:
        return
    known.corrected, day = reached, calendar.days[reached]
    for block in read:
        tx.readings.put_block(replace(block, revision=day.revision, updated_at=day.loaded_at), CORRECTED)


def _guess(known: Metered, place: int, count: int) -> list[int]:
    """The same in each interval: a mean one of the week before, or of the day itself where there is none."""
    week = known.delivered.get(place - 7) or known.delivered[place]
    return [sum(week.values()) // count // FINER * FINER] * count
