"""From entries and packed blocks to the bytes of a feed, a piece at a time.

The one place where readings become XML: a faster way for blocks goes behind `pieces` and nowhere else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.usage import interval_block
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
    profile = addresses.profile
    yield wire.feed_head(feed, profile, customer=customer)
    for item in items:
        yield wire.entry(entry_of(item, addresses), profile, customer=customer)
    yield wire.feed_tail(profile)


def entry_of(item: Item, addresses: Addresses) -> Entry:
    """An item as the typed entry that stands for it."""
    if isinstance(item, Entry):
        return item
    return interval_block(addresses, item.subscription, item.channel, item.block)
