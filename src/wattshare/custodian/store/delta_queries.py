"""The statements of what is new for a third party, made once. See `deltas`, which reads them."""

from typing import Any

from sqlalchemy import Select, String, and_, bindparam, cast, or_, select, text, union_all

from wattshare.custodian.store.authorizations import (
    AUTHORIZATION,
    AUTHORIZATION_USAGE_POINT,
    alive,
    every_share,
)
from wattshare.custodian.store.bills import BILL, SummaryKind, billed_within
from wattshare.custodian.store.blocks import (
    BLOCK_COLUMNS,
    CHANNEL,
    INTERVAL_BLOCK,
    READING_TYPE,
    within,
)
from wattshare.custodian.store.history import (
    SEGMENT,
    SEGMENT_COLUMNS,
    has_all,
    has_some,
)
from wattshare.custodian.store.metadata import Big
from wattshare.custodian.store.premises import USAGE_POINT
from wattshare.custodian.store.prepared import plain
from wattshare.custodian.store.underway import is_there
from wattshare.espi.kinds import METERED, Kind

# later than everything
LAST = 1 << 62
HOT = INTERVAL_BLOCK.alias("hot")
# what is read of a usage point and of a channel
POINT_COLUMNS = ("id", "commodity", "location_id", "extra")
CHANNEL_COLUMNS = ("usage_point_id", "number", "reading_type_id", "meter_serial")

BY_THIRD_PARTY = and_(
    AUTHORIZATION.c.third_party_id == bindparam("third_party", type_=Big),
    AUTHORIZATION.c.id >= bindparam("least", type_=Big),
    or_(bindparam("only", type_=Big) == 0, AUTHORIZATION.c.id == bindparam("only", type_=Big)),
)
OF_PAGE = BY_THIRD_PARTY & AUTHORIZATION.c.id.between(bindparam("first", type_=Big), bindparam("last", type_=Big))
# kinds are written as JSON, so that a name between quotes is a whole name
SHARES = {kind: cast(AUTHORIZATION.c.kinds, String).like(f'%"{kind.value}"%') for kind in sorted(METERED)}
SHARES_USAGE, SHARES_METERED = SHARES[Kind.USAGE], or_(*SHARES.values())
ALIVE = (
    select(*plain(AUTHORIZATION))
    .where(BY_THIRD_PARTY, AUTHORIZATION.c.customer_id.is_not(None), alive(bindparam("held_at", type_=Big)))
    .order_by(AUTHORIZATION.c.id)
)
SUPPLIED = (
    select(USAGE_POINT.c.commodity)
    .distinct()
    .select_from(AUTHORIZATION)
    .join(AUTHORIZATION_USAGE_POINT, AUTHORIZATION_USAGE_POINT.c.authorization_id == AUTHORIZATION.c.id)
    .join(USAGE_POINT, USAGE_POINT.c.id == AUTHORIZATION_USAGE_POINT.c.usage_point_id)
    .where(BY_THIRD_PARTY, alive(bindparam("held_at", type_=Big)))
)
SINCE, UNTIL = bindparam("since", type_=Big), bindparam("until", type_=Big)
OF_COMMODITY = USAGE_POINT.c.commodity == bindparam("commodity")


def _blocks(*, latest: bool, since: bool) -> Any:
    """The latest block of each channel, those that changed since, or both."""
    share = every_share(BY_THIRD_PARTY & SHARES_USAGE).subquery("share")
    blocks, other = INTERVAL_BLOCK.c, INTERVAL_BLOCK.alias("other")
    last_start = (
        select(other.c.start)
        .where(
            other.c.usage_point_id == CHANNEL.c.usage_point_id,
            other.c.channel == CHANNEL.c.number,
            within(share, other),
            other.c.published_at <= UNTIL,
        )
        .order_by(other.c.start.desc())
        .limit(1)
        .correlate(share, CHANNEL)
        .scalar_subquery()
    )
    columns = (share.c.held_id, *(blocks[name] for name in BLOCK_COLUMNS))
    points = share.join(USAGE_POINT, (USAGE_POINT.c.id == share.c.usage_point_id) & OF_COMMODITY)
    here = (blocks.usage_point_id == CHANNEL.c.usage_point_id) & (blocks.channel == CHANNEL.c.number)
    last = select(*columns).select_from(
        points.join(CHANNEL, CHANNEL.c.usage_point_id == share.c.usage_point_id).join(
            INTERVAL_BLOCK, here & (blocks.start == last_start)
        )
    )
    # authorization, usage point, channel, start: columns of a union have no other name on every database
    order = text("1, 2, 3, 4")
    if not since:
        return last.order_by(order)
    changed = (
        select(*columns)
        .select_from(points.join(INTERVAL_BLOCK, blocks.usage_point_id == share.c.usage_point_id))
        .where(within(share, INTERVAL_BLOCK), blocks.updated_at > SINCE, blocks.published_at <= UNTIL)
    )
    return (union_all(last, changed) if latest else changed).order_by(order)


def _bills(*, since: bool) -> Select[Any]:
    share, other = every_share(OF_PAGE & SHARES_METERED).subquery("share"), BILL.alias("other")
    bills = BILL.c
    found = (
        select(share.c.held_id, bills.usage_point_id.label("point_id"), BILL)
        .distinct()
        .select_from(share.join(USAGE_POINT, (USAGE_POINT.c.id == share.c.usage_point_id) & OF_COMMODITY))
        .join(BILL, (bills.usage_point_id == share.c.usage_point_id) & (bills.kind == SummaryKind.USAGE))
        .where(billed_within(share, BILL), bills.published_at <= UNTIL)
        .order_by(share.c.held_id, bills.usage_point_id, bills.bill_date)
    )
    if since:
        return found.where(bills.updated_at > SINCE)
    mine = (other.c.usage_point_id == share.c.usage_point_id) & (other.c.kind == SummaryKind.USAGE)
    last = (
        select(other.c.bill_date)
        .where(mine, billed_within(share, other), other.c.published_at <= UNTIL)
        .order_by(other.c.bill_date.desc())
        .limit(1)
        .correlate(share)
        .scalar_subquery()
    )
    return found.where(bills.bill_date == last)


def _points() -> Select[Any]:
    share = every_share(OF_PAGE & SHARES_METERED).subquery("share")
    return (
        select(share.c.held_id, *(USAGE_POINT.c[name] for name in POINT_COLUMNS))
        .distinct()
        .join(share, share.c.usage_point_id == USAGE_POINT.c.id)
        .where(OF_COMMODITY)
        .order_by(share.c.held_id, USAGE_POINT.c.id)
    )


def _history(*, latest: bool) -> Select[Any]:
    """Segments that may have news for a share: changed since, or with nothing after them that it is sure to have."""
    share, later, blocks = every_share(BY_THIRD_PARTY & SHARES_USAGE).subquery("share"), SEGMENT.alias("later"), HOT.c
    segments, since, until = SEGMENT.c, share.c.since, share.c.until
    hot_after = select(blocks.start).where(
        blocks.usage_point_id == segments.usage_point_id,
        blocks.channel == segments.channel,
        blocks.start > segments.most_start,
        within(share, HOT),
        blocks.published_at <= UNTIL,
    )
    month_after = select(later.c.month).where(
        later.c.usage_point_id == segments.usage_point_id,
        later.c.channel == segments.channel,
        later.c.month > segments.month,
        has_all(since, until, later),
        later.c.most_published_at <= UNTIL,
    )
    last = ~hot_after.correlate(share, SEGMENT).exists() & ~month_after.correlate(share, SEGMENT).exists()
    columns = (*(segments[name] for name in SEGMENT_COLUMNS), since.label("share_since"), until.label("share_until"))
    return (
        select(share.c.held_id, *columns)
        .select_from(
            share.join(USAGE_POINT, (USAGE_POINT.c.id == share.c.usage_point_id) & OF_COMMODITY).join(
                SEGMENT, segments.usage_point_id == share.c.usage_point_id
            )
        )
        .where(has_some(since, until), segments.least_published_at <= UNTIL)
        .where(or_(segments.most_updated_at > SINCE, last) if latest else segments.most_updated_at > SINCE)
        .order_by(share.c.held_id, segments.usage_point_id, segments.channel, segments.month)
    )


def _channels() -> Select[Any]:
    share, blocks, segments = every_share(OF_PAGE & SHARES_USAGE).subquery("share"), INTERVAL_BLOCK.c, SEGMENT.c
    since, until = share.c.since, share.c.until
    here = and_(
        blocks.usage_point_id == CHANNEL.c.usage_point_id,
        blocks.channel == CHANNEL.c.number,
        is_there(INTERVAL_BLOCK),
    )
    closed = (segments.usage_point_id == CHANNEL.c.usage_point_id) & (segments.channel == CHANNEL.c.number)
    sure = or_(
        select(blocks.start).where(here, within(share, INTERVAL_BLOCK)).exists(),
        select(segments.month).where(closed, has_all(since, until)).exists(),
        ~select(blocks.start).where(here).exists() & ~select(segments.month).where(closed).exists(),
    )
    columns = (share.c.held_id, *(CHANNEL.c[name] for name in CHANNEL_COLUMNS), READING_TYPE.c.content)
    return (
        select(*columns, sure.label("sure"), since.label("share_since"), until.label("share_until"))
        .select_from(share.join(USAGE_POINT, (USAGE_POINT.c.id == share.c.usage_point_id) & OF_COMMODITY))
        .join(CHANNEL, CHANNEL.c.usage_point_id == share.c.usage_point_id)
        .join(READING_TYPE, READING_TYPE.c.id == CHANNEL.c.reading_type_id)
        .where(or_(sure, select(segments.month).where(closed, has_some(since, until)).exists()))
        .order_by(share.c.held_id, CHANNEL.c.usage_point_id, CHANNEL.c.number)
    )


# the months of a channel that a share may have some of
CUT_MONTHS = select(SEGMENT.c.marks).where(
    SEGMENT.c.usage_point_id == bindparam("of_point", type_=Big),
    SEGMENT.c.channel == bindparam("of_channel"),
    has_some(SINCE, UNTIL),
)
HISTORY, HISTORY_CHANGES = _history(latest=True), _history(latest=False)
LATEST, CHANGED = _blocks(latest=True, since=False), _blocks(latest=True, since=True)
CHANGES = _blocks(latest=False, since=True)
LAST_BILLS, BILLS_SINCE = _bills(since=False), _bills(since=True)
POINTS, CHANNELS = _points(), _channels()
