"""From entries and packed blocks to the bytes of a feed, a piece at a time.

The one place where readings become XML. `pieces` is the feed as it is; `GzipPieces` the same feed as one gzip
member. With an encoder, days stay packed in both until somebody wants their bytes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.times import Times
from wattshare.custodian.services.disclosure.usage import interval_block, meter_reading, usage_point
from wattshare.custodian.services.disclosure.wirepath.blocks import blocks_of
from wattshare.custodian.services.disclosure.wirepath.direct import Encoder
from wattshare.custodian.services.disclosure.wirepath.flow import LONGEST, Flow, Piece, Run
from wattshare.custodian.services.disclosure.wirepath.headed import HeadedMember
from wattshare.custodian.services.disclosure.wirepath.stencils import Stencil
from wattshare.espi import wire
from wattshare.espi.atom import Entry, Feed
from wattshare.espi.kinds import Kind
from wattshare.espi.usage import ReadingType

# kinds of usage points and of channels that are kept
STENCILS = 4_096


class BlockItem(NamedTuple):
    """A block on its way into a feed, still packed. A tuple, as a year of one channel has hundreds."""

    subscription: int
    channel: Channel
    block: Block


class PointItem(NamedTuple):
    """A usage point on its way into a feed."""

    subscription: int
    point: UsagePoint
    kinds: frozenset[Kind]
    times: Times


class ChannelItem(NamedTuple):
    """A channel on its way into a feed."""

    subscription: int
    channel: Channel
    times: Times


Item = Entry | BlockItem | PointItem | ChannelItem
# asked about again and again: a union is made anew each time
STENCILLED = (PointItem, ChannelItem)


def pieces(
    feed: Feed, items: Iterable[Item], addresses: Addresses, *, customer: bool = False, encoder: Encoder | None = None
) -> Flow:
    """The bytes of a feed: its head, each item, its tail. `feed` has no entries of its own."""

    def parts() -> Iterator[Piece]:
        yield wire.feed_head(feed, addresses.profile, customer=customer)
        yield from body(items, addresses, customer=customer, encoder=encoder)

    return Flow(parts(), packed=encoder is not None)


def body(
    items: Iterable[Item], addresses: Addresses, *, customer: bool = False, encoder: Encoder | None = None
) -> Iterator[Piece]:
    """The same without the head, and with days as the encoder takes them, where there is one."""
    profile = addresses.profile
    if customer:
        yield from (wire.entry(entry_of(item, addresses), profile, customer=True) for item in items)
    elif encoder is None:
        yield from written(items, addresses)
    else:
        yield from packed(items, addresses, encoder)
    yield wire.feed_tail(profile)


def written(items: Iterable[Item], addresses: Addresses) -> Iterator[bytes]:
    """The bytes of items, one by one."""
    blocks = blocks_of(addresses)
    subscription, channel, write = 0, None, None
    for item in items:
        if isinstance(item, BlockItem):
            if write is None or item[1] is not channel or item[0] != subscription:
                subscription, channel, _ = item
                write = blocks.writer(blocks.place(subscription, channel))
            yield write(item[2])
        elif isinstance(item, STENCILLED):
            yield stencilled(item, addresses)
        else:
            yield wire.entry(entry_of(item, addresses), addresses.profile)


def packed(items: Iterable[Item], addresses: Addresses, encoder: Encoder) -> Iterator[Piece]:
    """The same, with days as the encoder takes them: those of a channel that follow each other in one run."""
    blocks = blocks_of(addresses, encoder)
    fill, run = blocks.filler(), None
    subscription, channel = 0, None
    for item in items:
        if isinstance(item, BlockItem):
            if run is None or item[1] is not channel or item[0] != subscription:
                if run:
                    yield run
                subscription, channel, _ = item
                run = Run(encoder, blocks.place(subscription, channel))
            elif len(run) == LONGEST:
                yield run
                run = Run(encoder, run.place)
            entry = fill(run, item[2])
            if entry is None:
                continue
        elif isinstance(item, STENCILLED):
            entry = stencilled(item, addresses)
        else:
            entry = wire.entry(entry_of(item, addresses), addresses.profile)
        if run:
            yield run
        run = None
        yield entry
    if run:
        yield run


@dataclass(kw_only=True)
class GzipPieces:
    """A feed as one gzip member, for a file. Goes once; then `head` is to be written over what is at `AT`."""

    # asked twice: what it says of the last change is settled at the end
    feed: Callable[[], Feed]
    items: Iterable[Item]
    addresses: Addresses
    customer: bool = False
    encoder: Encoder | None = None
    # bytes of the feed itself, as far as they have been written
    identity_bytes: int = 0
    head: bytes = b""

    def __iter__(self) -> Iterator[bytes]:
        """The member, as its bytes get ready."""
        member = HeadedMember()
        yield member.begin(self._head())
        for piece in body(self.items, self.addresses, customer=self.customer, encoder=self.encoder):
            if ready := member.add(piece):
                yield ready
        self.head = self._head()
        rest = member.finish(self.head)
        self.identity_bytes = len(self.head) + member.size
        yield rest

    def _head(self) -> bytes:
        return wire.feed_head(self.feed(), self.addresses.profile, customer=self.customer)


def document_of(item: Item, addresses: Addresses) -> bytes:
    """An item as a document of its own."""
    if isinstance(item, STENCILLED):
        return stencilled(item, addresses, alone=True)
    if not isinstance(item, BlockItem):
        return wire.write(entry_of(item, addresses), addresses.profile)
    blocks = blocks_of(addresses)
    return blocks.alone(blocks.place(item.subscription, item.channel), item.block)


def entry_of(item: Item, addresses: Addresses) -> Entry:
    """An item as the typed entry that stands for it."""
    match item:
        case BlockItem():
            return interval_block(addresses, item.subscription, item.channel, item.block)
        case PointItem():
            return usage_point(addresses, item.subscription, item.point, item.kinds, item.times)
        case ChannelItem():
            return meter_reading(addresses, item.subscription, item.channel, item.times)
        case _:
            return item


def stencilled(item: PointItem | ChannelItem, addresses: Addresses, *, alone: bool = False) -> bytes:
    """The entry of a usage point or a channel in a feed, or `alone`.

    Raises:
        ValueError: it says what the profile's schemas refuse.
    """
    stamp = blocks_of(addresses).stamp
    if isinstance(item, PointItem):
        stencil, point = point_stencil(addresses, item.point.commodity, item.point.extra, item.kinds), item.point.id
    else:
        stencil = channel_stencil(addresses, item.channel.reading_type_id, item.channel.number)
        point = item.channel.usage_point_id
    published, updated = stamp(item.times.published), stamp(item.times.updated)
    return stencil.fill(item.subscription, point, published, updated, alone=alone)


@lru_cache(maxsize=STENCILS)
def point_stencil(addresses: Addresses, commodity: Commodity, extra: str | None, kinds: frozenset[Kind]) -> Stencil:
    """Of usage points of which the same is known and shared."""

    def make(subscription: int, point: int, times: Times) -> Entry:
        specimen = UsagePoint(id=point, commodity=commodity, extra=extra)
        return usage_point(addresses, subscription, specimen, kinds, times)

    return Stencil.of(make, addresses)


@lru_cache(maxsize=STENCILS)
def channel_stencil(addresses: Addresses, reading_type_id: str, number: int) -> Stencil:
    """Of channels of one kind."""

    def make(subscription: int, point: int, times: Times) -> Entry:
        channel = Channel(
            usage_point_id=point, number=number, reading_type_id=reading_type_id, reading_type=ReadingType()
        )
        return meter_reading(addresses, subscription, channel, times)

    return Stencil.of(make, addresses)
