"""Plans of windowed rows: what of a usage point a window takes, and when it last changed."""

from collections.abc import Sequence

from wattshare.custodian.model.changes import Extent
from wattshare.custodian.model.premises import UsagePoint
from wattshare.custodian.model.readings import Block
from wattshare.custodian.services.disclosure import feeds
from wattshare.custodian.services.disclosure.plan import Plan, simple
from wattshare.custodian.services.disclosure.render import BlockItem
from wattshare.custodian.services.disclosure.selection import Selection
from wattshare.custodian.services.disclosure.view import View
from wattshare.custodian.store.bills import Bill, QualitySummary
from wattshare.espi.window import Window


def marked(*parts: object) -> str:
    """A validator's part from what an extent and bills say of themselves."""
    return "/".join(str(part) for part in parts)


def mark_of(extent: Extent | None, bills: tuple[Bill, ...]) -> str:
    """Changes whenever a block or a summary of the answer does."""
    blocks = "-" if extent is None else f"{extent.count}.{extent.revision}"
    return marked(blocks, *(f"{bill.bill_date}.{bill.revision}" for bill in bills))


def extent_of(blocks: Sequence[Block]) -> Extent | None:
    """What the store would say of these blocks. None: there are none."""
    if not blocks:
        return None
    return Extent(
        count=len(blocks),
        published_at=min(block.published_at for block in blocks),
        updated_at=max(block.updated_at for block in blocks),
        revision=max(block.revision for block in blocks),
    )


def latest(extent: Extent | None, bills: tuple[Bill, ...], otherwise: int) -> int:
    """The greatest time of change in an answer."""
    times = [bill.updated_at for bill in bills]
    if extent is not None:
        times.append(extent.updated_at)
    return max(times, default=otherwise)


def latest_of_batch(
    view: View, extent: Extent | None, bills: tuple[Bill, ...], quality: tuple[QualitySummary, ...]
) -> int:
    """The same of a batch, where the usage point and its channels stand too."""
    return max(view.times.updated, latest(extent, bills, 0), *(one.updated_at for one in quality))


def batch_plan(view: View, point: UsagePoint, selection: Selection) -> Plan:
    """All usage and billing of one usage point."""
    extent, bills = view.extent(selection, point), view.bills(point, selection)
    quality = view.quality(point, selection)
    beside = simple((feeds.point_item(view, point), *(feeds.channel_item(view, one) for one in view.channels(point))))
    return Plan(
        items=lambda live: feeds.batch(live, (point,), selection),
        count=(extent.count if extent else 0) + len(bills) + len(quality),
        updated=latest_of_batch(view, extent, bills, quality),
        mark=marked(
            mark_of(extent, bills),
            *(f"{one.summary.summary_interval.start}.{one.revision}" for one in quality),
            beside.mark,
            *feeds.codes(view),
        ),
        empty=extent is None and not bills and not quality,
    )


def blocks_plan(view: View, point: str, meter_reading: str, window: Window | None, *, read: bool) -> Plan:
    """The blocks of one channel. `read`: they will be told, and are read at once where they are not many."""
    channel = view.channel(point, meter_reading)
    few = view.few_blocks(channel, window) if read else None
    extent = view.extent(window, channel=channel) if few is None else extent_of(few)
    return Plan(
        items=lambda live: feeds.blocks(live, channel, window if few is None else few),
        count=extent.count if extent else 0,
        updated=latest(extent, (), view.times.updated),
        mark=mark_of(extent, ()),
        empty=extent is None,
    )


def block_plan(view: View, point: str, meter_reading: str, start: str, window: Window | None) -> Plan:
    """One block; nothing where the window does not take it."""
    channel = view.channel(point, meter_reading)
    block = view.block(channel, start)
    outside = window is not None and not (
        window.covers_block(block.start, block.day_end, view.profile) and window.covers_change(block.updated_at)
    )
    made = BlockItem(subscription=view.held.id, channel=channel, block=block)
    return Plan(
        items=lambda _: (made,),
        count=1,
        updated=block.updated_at,
        mark=str(block.revision),
        empty=outside,
    )


def summaries_plan(view: View, point: UsagePoint, window: Window | None) -> Plan:
    """The summaries of one usage point."""
    bills = view.bills(point, window)
    made = tuple(feeds.bill_entry(view, point, bill) for bill in bills)
    return Plan(
        items=lambda _: made,
        count=len(made),
        updated=latest(None, bills, view.times.updated),
        mark=mark_of(None, bills),
        empty=not bills,
    )


def summary_plan(view: View, point: UsagePoint, text: str, window: Window | None) -> Plan:
    """One summary; nothing where the window does not take it."""
    bill = view.bill(point, text)
    zone = view.profile.zone
    outside = window is not None and not (
        window.covers_time(bill.bill_date, zone, view.profile) and window.covers_change(bill.updated_at)
    )
    made = feeds.bill_entry(view, point, bill)
    return Plan(
        items=lambda _: (made,),
        count=1,
        updated=bill.updated_at,
        mark=str(bill.revision),
        empty=outside,
    )
