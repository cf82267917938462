"""The usage side as items of feeds: what stands in which order. contract: entry order of a usage batch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wattshare.custodian.model.premises import ProgramCode, UsagePoint
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.services.disclosure import usage
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.render import BlockItem, ChannelItem, Item, PointItem
from wattshare.custodian.services.disclosure.selection import Selection
from wattshare.custodian.services.disclosure.times import Times
from wattshare.custodian.services.disclosure.view import View
from wattshare.custodian.store.bills import Bill, QualitySummary
from wattshare.espi import ids
from wattshare.espi.atom import Entry
from wattshare.espi.dst import parameters
from wattshare.espi.usage import ReadingType

# things of the utility's own that no intake brings: as old as the rules that they state
FOUNDED = Times(1_173_600_000, 1_173_600_000)
ENERGY, SUMMED, ELECTRICITY = 12, 4, 1


def local_time(addresses: Addresses, at: int) -> Entry:
    """The utility's zone, with the rules of the year."""
    year = datetime.fromtimestamp(at, UTC).year
    return usage.local_time(addresses, parameters(addresses.profile.zone, year), FOUNDED)


def total_type(addresses: Addresses) -> tuple[str, ReadingType]:
    """The reading type that a bill's total refers to: net watt hours over no fixed time."""
    content = ReadingType(
        accumulation_behaviour=SUMMED,
        commodity=ELECTRICITY,
        currency=addresses.profile.currency,
        data_qualifier=12,
        default_quality=addresses.profile.default_quality,
        flow_direction=usage.NET,
        kind=ENERGY,
        power_of_ten_multiplier=-3,
        uom=usage.WATT_HOUR,
    )
    return ids.reading_type_id(usage.WATT_HOUR, None, None, usage.NET), content


def reading_types(view: View) -> Iterator[Entry]:
    """Every reading type that the utility uses; none says anything of anybody."""
    known = dict([total_type(view.addresses), *view.tx.readings.reading_types()])
    for name in sorted(known):
        yield usage.reading_type(view.addresses, name, known[name], FOUNDED)


def point_item(view: View, point: UsagePoint) -> PointItem:
    """One usage point."""
    return PointItem(subscription=view.held.id, point=point, kinds=view.held.kinds, times=view.times)


def channel_item(view: View, channel: Channel) -> ChannelItem:
    """One channel."""
    return ChannelItem(subscription=view.held.id, channel=channel, times=view.times)


def bill_entry(view: View, point: UsagePoint, bill: Bill) -> Entry:
    """One summary, built from what is shared."""
    return usage.usage_summary(
        view.addresses,
        view.held.id,
        point.id,
        bill.bill_date,
        usage.narrowed(bill.summary, view.held.kinds, addresses=view.addresses),
        Times(bill.published_at, bill.updated_at),
    )


def batch(view: View, points: tuple[UsagePoint, ...], selection: Selection) -> Iterator[Item]:
    """A usage batch: the zone, each usage point with its channels and summaries, the names of the codes."""
    yield from opening(view)
    for point in points:
        yield from of_point(view, point, selection)
    yield from closing(view)


def opening(view: View) -> Iterator[Entry]:
    """What a batch starts with, once a feed."""
    if view.told.first(view.addresses.local_time()):
        yield local_time(view.addresses, view.at)


def closing(view: View) -> Iterator[Entry]:
    """What a batch ends with: the names of the codes that readings carry."""
    if named := codes(view):
        yield usage.program_codes(view.addresses, named, FOUNDED)


def codes(view: View) -> tuple[ProgramCode, ...]:
    """The names of codes that a batch ends with."""
    return view.tx.programs.codes() if view.usage else ()


@dataclass(frozen=True, kw_only=True)
class Known:
    """A usage point with what a batch tells of it."""

    view: View
    point: UsagePoint
    channels: tuple[Channel, ...]
    # of a channel, by start
    blocks: Callable[[Channel], Iterable[Block]]
    bills: tuple[Bill, ...]
    quality: tuple[QualitySummary, ...] = ()

    def items(self) -> Iterator[Item]:
        """The first channel's type stands before the usage point, the others' before their channels."""
        view = self.view
        for channel in self.channels[:1]:
            yield from type_entry(view, channel)
        yield point_item(view, self.point)
        for place, channel in enumerate(self.channels):
            if place:
                yield from type_entry(view, channel)
            yield channel_item(view, channel)
            for block in self.blocks(channel):
                yield BlockItem(subscription=view.held.id, channel=channel, block=block)
        for bill in self.bills:
            yield bill_entry(view, self.point, bill)
        for one in self.quality:
            times = Times(one.published_at, one.updated_at)
            yield usage.quality_summary(view.addresses, view.held.id, self.point.id, one.summary, times)


def of_point(view: View, point: UsagePoint, selection: Selection) -> Iterator[Item]:
    """One usage point, as it is read."""
    known = Known(
        view=view,
        point=point,
        channels=view.channels(point),
        blocks=lambda channel: view.blocks(channel, selection),
        bills=view.bills(point, selection),
        quality=view.quality(point, selection),
    )
    return known.items()


def type_entry(view: View, channel: Channel) -> Iterator[Entry]:
    """A channel's reading type, the first time that the feed needs it."""
    if view.told.first(view.addresses.reading_type(channel.reading_type_id)):
        yield usage.reading_type(view.addresses, channel.reading_type_id, channel.reading_type, FOUNDED)


def blocks(view: View, channel: Channel, of: Selection | Sequence[Block]) -> Iterator[BlockItem]:
    """The blocks of a channel, still packed: those of a selection, or these."""
    for block in of if isinstance(of, Sequence) else view.blocks(channel, of):
        yield BlockItem(view.held.id, channel, block)
