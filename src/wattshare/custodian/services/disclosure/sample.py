"""A usage feed of nobody's: two days of an invented home, the same for everybody."""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from wattshare.custodian.model.packing import pack_columns
from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.services.disclosure import feeds, usage
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.plan import Plan
from wattshare.custodian.services.disclosure.render import BlockItem, Item
from wattshare.custodian.services.disclosure.times import Times
from wattshare.espi import ids
from wattshare.espi.days import day_bounds
from wattshare.espi.kinds import Kind
from wattshare.espi.usage import ReadingType

# no authorization has the number 0, no usage point this one
NOBODY, NOWHERE = 0, 5_380_000_000
# Saturday 2 and Sunday 3 March 2024, local days of the utility
DAYS = (date(2024, 3, 2), date(2024, 3, 3))
QUARTER = 900
# thousandths of the unit in one of its watt hours
UNITS = 1_000
# watt hours in each quarter of an hour of its day
HOURS = (
    60,
    55,
    52,
    51,
    54,
    70,
    110,
    140,
    120,
    95,
    90,
    92,
    96,
    94,
    90,
    100,
    130,
    180,
    210,
    205,
    180,
    140,
    100,
    75,
)


def plan(addresses: Addresses) -> Plan:
    """The sample as an answer."""
    items = sample(addresses)
    return Plan(items=lambda _: items, count=len(items), updated=feeds.FOUNDED.updated, mark="sample")


def sample(addresses: Addresses) -> tuple[Item, ...]:
    """The items of the sample feed: what a usage batch of one electric usage point has."""
    zone, metering = addresses.profile.zone, addresses.profile.meterings[0]
    content = ReadingType(
        accumulation_behaviour=4,
        commodity=metering.commodity,
        currency=addresses.profile.currency,
        data_qualifier=12,
        default_quality=addresses.profile.default_quality,
        flow_direction=1,
        interval_length=QUARTER,
        kind=metering.kind,
        phase=metering.phase,
        power_of_ten_multiplier=metering.power_of_ten_multiplier,
        time_attribute=metering.time_attribute,
        uom=metering.uom,
        measuring_period=2,
    )
    name = ids.reading_type_id(metering.uom, None, QUARTER, 1)
    channel = Channel(usage_point_id=NOWHERE, number=1, reading_type_id=name, reading_type=content)
    point = UsagePoint(id=NOWHERE, commodity=Commodity.ELECTRICITY)
    times = feeds.FOUNDED
    return (
        feeds.local_time(addresses, times.updated),
        usage.reading_type(addresses, name, content, times),
        usage.usage_point(addresses, NOBODY, point, frozenset({Kind.USAGE}), times),
        usage.meter_reading(addresses, NOBODY, channel, times),
        *(BlockItem(subscription=NOBODY, channel=channel, block=block) for block in blocks(zone, times)),
    )


def blocks(zone: ZoneInfo, times: Times) -> Iterator[Block]:
    """Both days."""
    for day in DAYS:
        start, end = day_bounds(day, zone)
        yield pack_columns(
            [watt_hours * UNITS for watt_hours in HOURS for _ in range(4)],
            usage_point_id=NOWHERE,
            channel=1,
            start=start,
            day_end=end,
            step=QUARTER,
            quality=[(17,)] * 96,
            at=times.published,
        )
