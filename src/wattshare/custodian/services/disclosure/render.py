"""From entries and packed blocks to the bytes of a feed, a piece at a time.

The one place where readings become XML. `pieces` is the feed as it is; `GzipPieces` the same feed as one gzip
member: an encoder that writes a block's gzip bits without writing its XML goes behind it, and nowhere else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.usage import interval_block
from wattshare.custodian.services.disclosure.wirepath.blocks import blocks_of
from wattshare.custodian.services.disclosure.wirepath.member import Counted, compressing
from wattshare.espi import wire
from wattshare.espi.atom import Entry, Feed


@dataclass(frozen=True, kw_only=True)
class BlockItem:
    """A block on its way into a feed, still packed."""

    subscription: int
    channel: Channel
    block: Block


Item = Entry | BlockItem


def pieces(feed: Feed, items: Iterable[Item], addresses: Addresses, *, customer: bool = False) -> Iterator[bytes]:
    """The bytes of a feed: its head, each item, its tail. `feed` has no entries of its own."""
    profile, blocks = addresses.profile, blocks_of(addresses)
    subscription, channel, place = None, None, None
    yield wire.feed_head(feed, profile, customer=customer)
    for item in items:
        if isinstance(item, Entry) or customer:
            yield wire.entry(entry_of(item, addresses), profile, customer=customer)
            continue
        if place is None or item.channel is not channel or item.subscription != subscription:
            subscription, channel = item.subscription, item.channel
            place = blocks.place(subscription, channel)
        yield blocks.entry(place, item.block)
    yield wire.feed_tail(profile)


@dataclass(kw_only=True)
class GzipPieces:
    """A feed as one gzip member. Goes once; the count is whole at its end."""

    feed: Feed
    items: Iterable[Item]
    addresses: Addresses
    customer: bool = False
    # bytes of the feed itself, as far as they have been written
    identity_bytes: int = 0

    def __iter__(self) -> Iterator[bytes]:
        """The member, as its bytes get ready."""
        written = Counted(pieces(self.feed, self.items, self.addresses, customer=self.customer))
        for piece in compressing(written):
            self.identity_bytes = written.size
            yield piece


def document_of(item: Item, addresses: Addresses) -> bytes:
    """An item as a document of its own."""
    if isinstance(item, Entry):
        return wire.write(item, addresses.profile)
    blocks = blocks_of(addresses)
    return blocks.alone(blocks.place(item.subscription, item.channel), item.block)


def entry_of(item: Item, addresses: Addresses) -> Entry:
    """An item as the typed entry that stands for it."""
    if isinstance(item, Entry):
        return item
    return interval_block(addresses, item.subscription, item.channel, item.block)
