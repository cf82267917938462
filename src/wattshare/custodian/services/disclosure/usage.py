"""Entries of the usage side: one function a kind of entry. contract: the shapes of a usage batch.

Link order is fixed, `up`, `self`, then `related`: clients take links by their place.
"""

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from wattshare.custodian.model.packing import unpack
from wattshare.custodian.model.premises import ProgramCode, UsagePoint
from wattshare.custodian.model.readings import Block, Channel, Reading
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.times import Times
from wattshare.custodian.store.plain import read_text
from wattshare.espi import ids
from wattshare.espi.atom import Entry, Link, Resource
from wattshare.espi.kinds import Kind
from wattshare.espi.usage import (
    DateTimeInterval,
    ElectricPowerQualitySummary,
    IntervalBlock,
    IntervalReading,
    LocalTimeParameters,
    MeterReading,
    ProgramIdMapping,
    ProgramIdMappings,
    ReadingQuality,
    ReadingType,
    ServiceCategory,
    UsageSummary,
)
from wattshare.espi.usage import UsagePoint as UsagePointElement


def entry(
    addresses: Addresses,
    up: str,
    href: str,
    title: str,
    times: Times,
    content: Resource,
    *,
    related: Iterable[str] = (),
) -> Entry:
    """An entry with its links in the order that clients count on."""
    named = (("up", up), ("self", href), *(("related", other) for other in related))
    return Entry(
        id=ids.atom_id(href, addresses.profile),
        links=tuple(Link(rel=rel, href=to) for rel, to in named),
        title=title,
        published=times.published,
        updated=times.updated,
        content=(content,),
    )


def local_time(addresses: Addresses, parameters: LocalTimeParameters, times: Times) -> Entry:
    """The utility's zone. espi.xsd TimeConfiguration."""
    return entry(
        addresses,
        addresses.local_times(),
        addresses.local_time(),
        "Local time of the utility",
        times,
        parameters,
    )


def reading_type(addresses: Addresses, name: str, content: ReadingType, times: Times) -> Entry:
    """What the readings of a channel mean."""
    href = addresses.reading_type(name)
    return entry(addresses, addresses.reading_types(), href, "Type of meter reading", times, content)


def usage_point(
    addresses: Addresses, subscription: int, point: UsagePoint, kinds: frozenset[Kind], times: Times
) -> Entry:
    """One service; its related links lead only to what the authorization opens."""
    related = []
    if Kind.USAGE in kinds:
        related.append(addresses.meter_readings(subscription, point.id))
    related += [addresses.summaries(subscription, point.id), addresses.local_time()]
    return entry(
        addresses,
        addresses.usage_points(subscription),
        addresses.usage_point(subscription, point.id),
        "Usage point",
        times,
        described(point),
        related=related,
    )


def described(point: UsagePoint) -> UsagePointElement:
    """The espi element of a usage point: what was imported of it, else its service alone."""
    if point.extra is not None:
        return read_text(point.extra, UsagePointElement)
    return UsagePointElement(service_category=ServiceCategory(kind=point.commodity.service_kind))


def meter_reading(addresses: Addresses, subscription: int, channel: Channel, times: Times) -> Entry:
    """One channel: an empty element whose links say everything."""
    href = addresses.meter_reading(subscription, channel.usage_point_id, channel.reading_type_id, channel.number)
    return entry(
        addresses,
        addresses.meter_readings(subscription, channel.usage_point_id),
        href,
        "Meter reading",
        times,
        MeterReading(),
        related=(
            f"{href}/IntervalBlock",
            addresses.reading_type(channel.reading_type_id),
            addresses.local_time(),
        ),
    )


def interval_blocks(addresses: Addresses, subscription: int, channel: Channel) -> str:
    """The address of a channel's blocks."""
    channels = (subscription, channel.usage_point_id, channel.reading_type_id, channel.number)
    return f"{addresses.meter_reading(*channels)}/IntervalBlock"


def interval_block(addresses: Addresses, subscription: int, channel: Channel, block: Block) -> Entry:
    """One local day of a channel."""
    up = interval_blocks(addresses, subscription, channel)
    return entry(
        addresses,
        up,
        f"{up}/{block.start}",
        f"IntervalBlock_{block.start}",
        Times(block.published_at, block.updated_at),
        interval_block_content(block),
    )


def interval_block_content(block: Block) -> IntervalBlock:
    """The espi element of a packed block."""
    return IntervalBlock(
        interval=DateTimeInterval(duration=block.duration, start=block.start),
        reading=tuple(interval_reading(reading) for reading in unpack(block)),
    )


def interval_reading(reading: Reading) -> IntervalReading:
    """The espi element of a reading."""
    return IntervalReading(
        cost=reading.cost,
        quality=tuple(ReadingQuality(quality=code) for code in reading.quality),
        time_period=DateTimeInterval(duration=reading.duration, start=reading.start),
        value=reading.value,
        consumption_tier=reading.tier,
        tou=reading.tou,
        cpp=reading.cpp,
    )


# what a summary says without a bill; everything else of it is told with Billing only
USAGE_ELEMENTS = (
    "billing_period",
    "overall_consumption_last_period",
    "current_billing_period_over_all_consumption",
    "current_day_last_year_net_consumption",
    "current_day_net_consumption",
    "current_day_overall_consumption",
    "peak_demand",
    "previous_day_last_year_overall_consumption",
    "previous_day_net_consumption",
    "previous_day_overall_consumption",
    "quality_of_reading",
    "ratchet_demand",
    "ratchet_demand_period",
    "status_time_stamp",
    "commodity",
)
ALL_ELEMENTS = tuple(element.name for element in fields(UsageSummary))
WATT_HOUR, NET = 72, 4


def narrowed(summary: UsageSummary, kinds: frozenset[Kind], *, addresses: Addresses) -> UsageSummary:
    """The part of a summary that these kinds open, built up from nothing."""
    open_elements = ALL_ELEMENTS if Kind.BILLING in kinds else USAGE_ELEMENTS
    told: dict[str, Any] = {name: getattr(summary, name) for name in open_elements}
    total = summary.overall_consumption_last_period
    if total is not None and total.uom == WATT_HOUR:
        # whatever it referred to where it came from, here it refers to ours
        net = addresses.reading_type(ids.reading_type_id(WATT_HOUR, None, None, NET))
        told["overall_consumption_last_period"] = replace(total, reading_type_ref=net)
    return UsageSummary(**told)


def usage_summary(
    addresses: Addresses, subscription: int, point: int, bill_date: int, summary: UsageSummary, times: Times
) -> Entry:
    """One bill, or what it says of usage."""
    return entry(
        addresses,
        addresses.summaries(subscription, point),
        addresses.summary(subscription, point, bill_date),
        f"UsageSummary_{ids.summary_id(bill_date)}",
        times,
        summary,
    )


def quality_summary(
    addresses: Addresses,
    subscription: int,
    point: int,
    summary: ElectricPowerQualitySummary,
    times: Times,
) -> Entry:
    """What was measured of the quality of supply, by the second in which it begins."""
    up = addresses.quality_summaries(subscription, point)
    href = f"{up}/{summary.summary_interval.start}"
    return entry(addresses, up, href, "Power quality", times, summary)


def program_codes(addresses: Addresses, codes: Iterable[ProgramCode], times: Times) -> Entry:
    """The names of the numbers in `tou`, `cpp` and `consumptionTier`. Stands last in a batch."""
    mappings = tuple(
        ProgramIdMapping(kind=code.what, code=str(code.code), name=code.name, note=code.note) for code in codes
    )
    up = addresses.program_codes()
    return entry(
        addresses,
        up,
        f"{up}/1",
        "Names of time-of-use codes",
        times,
        ProgramIdMappings(program_id_mapping=mappings),
    )
