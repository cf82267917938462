"""An answer before it is written."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wattshare.custodian.services.disclosure.render import ChannelItem, Item, PointItem
from wattshare.custodian.services.disclosure.view import View
from wattshare.espi.atom import Entry
from wattshare.espi.kinds import in_order


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is in an answer, and when that last changed."""

    # made anew from the view of the transaction in which the answer is written
    items: Callable[[View], Iterable[Item]]
    # blocks, summaries or entries: what the trail counts
    count: int
    updated: int
    # what a validator is made of beside the window; None: the answer is not to be kept
    mark: str | None = None
    # a windowed answer without any of what was asked for
    empty: bool = False


def simple(items: tuple[PointItem | ChannelItem, ...], otherwise: int = 0) -> Plan:
    """An answer of usage points or channels: what is known of each is its validator."""
    updated = max((item.times.updated for item in items), default=otherwise)
    mark = hashlib.sha256("\n".join(map(said, items)).encode()).hexdigest()[:16]
    return Plan(items=lambda _: items, count=len(items), updated=updated, mark=mark)


def said(item: PointItem | ChannelItem) -> str:
    """All that an entry depends on, beside whose it is and the forms of entries."""
    if isinstance(item, PointItem):
        return repr((item.point.id, item.point.commodity.value, item.point.extra, in_order(item.kinds), item.times))
    channel = item.channel
    return repr((channel.usage_point_id, channel.number, channel.reading_type_id, item.times))


def fixed(entries: tuple[Entry, ...], otherwise: int = 0) -> Plan:
    """An answer of a few entries, small enough to be its own validator; `otherwise` is the age of an empty one."""
    updated = max((entry.updated or 0 for entry in entries), default=otherwise)
    mark = hashlib.sha256(repr(entries).encode()).hexdigest()[:16]
    return Plan(items=lambda _: entries, count=len(entries), updated=updated, mark=mark)
