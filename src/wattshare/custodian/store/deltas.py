"""What is new for a third party, over all its authorizations: a fixed number of statements, however many there are.

Blocks and authorizations are each one statement, read as they come, in the same order; usage points, channels and
bills are read for a page of authorizations at a time. So nothing here grows with their number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable, Select, String, and_, bindparam, cast, or_, select, text, union_all

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.model.segments import marks_of, read_blocks
from wattshare.custodian.store.authorizations import (
    AUTHORIZATION,
    AUTHORIZATION_USAGE_POINT,
    alive,
    every_share,
    read_authorization,
)
from wattshare.custodian.store.bills import BILL, Bill, SummaryKind, billed_within, read_bill
from wattshare.custodian.store.blocks import (
    BLOCK_COLUMNS,
    CHANNEL,
    INTERVAL_BLOCK,
    READING_TYPE,
    block_of,
    within,
)
from wattshare.custodian.store.channels import channel_rank, read_channel
from wattshare.custodian.store.history import (
    SEGMENT,
    SEGMENT_COLUMNS,
    compared,
    has_all,
    has_some,
    held_by,
    read_segment,
)
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import Big, Row
from wattshare.custodian.store.premises import USAGE_POINT, read_usage_point
from wattshare.custodian.store.underway import is_there
from wattshare.espi.kinds import METERED, Kind

# authorizations of a page, and rows fetched at a time
PAGE, CHUNK = 250, 500
# later than everything
LAST = 1 << 62
HOT = INTERVAL_BLOCK.alias("hot")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whose news, and since when."""

    third_party_id: int
    # one authorization of it; None: all
    only: int | None
    commodity: Commodity
    at: int
    # the second of an earlier answer; None: there was none
    since: int | None
    # what came later is as if it were not there
    until: int | None
    # the latest is left out where it did not change
    changes_only: bool = False
    # authorizations of smaller ids are left out
    least: int = 0

    @property
    def given(self) -> dict[str, Any]:
        """What the statements are given."""
        return {
            "third_party": self.third_party_id,
            "only": self.only or 0,
            "least": self.least,
            "commodity": self.commodity.value,
            "held_at": self.at,
            "since": self.since,
            "until": LAST if self.until is None else self.until,
        }


class News(NamedTuple):
    """What is new of one usage point of one authorization; its channels whether new or not."""

    held: Authorization
    point: UsagePoint
    channels: tuple[Channel, ...]
    blocks: tuple[Block, ...]
    bills: tuple[Bill, ...]


# authorization, usage point, channel and start of a block, and the block
Candidate = tuple[tuple[int, int, int, int], Block]


def _channel_of(candidate: Candidate) -> tuple[int, int, int]:
    return candidate[0][:3]


class Deltas:
    """News by third party."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def authorizations(
        self, third_party_id: int, only: int | None, at: int, *, least: int = 0
    ) -> Iterator[Authorization]:
        """Its customers' authorizations that are alive, or one of them, from an id on; by id, as they are read."""
        given = {"third_party": third_party_id, "only": only or 0, "least": least, "held_at": at}
        return (
            read_authorization(dict(zip(AUTHORIZATION_COLUMNS, row, strict=True))) for row in self._rows(ALIVE, given)
        )

    def commodities(self, third_party_id: int, only: int | None, at: int) -> frozenset[Commodity]:
        """What the usage points of these authorizations supply."""
        given = {"third_party": third_party_id, "only": only or 0, "least": 0, "held_at": at}
        return frozenset(map(Commodity, self._connection.execute(SUPPLIED, given).scalars()))

    def news(self, asked: Asked) -> Iterator[News]:
        """What is new, by authorization and usage point; those without news are left out."""
        blocks = Ahead(self.blocks(asked))
        authorizations = self.authorizations(asked.third_party_id, asked.only, asked.at, least=asked.least)
        while page := list(islice(authorizations, PAGE)):
            yield from self._news(asked, page, blocks)

    def blocks(self, asked: Asked) -> Iterator[tuple[int, Block]]:
        """The latest block of each channel, and those that changed since, with their authorization; in order."""
        candidates = merge(self._hot(asked), self._history(asked), key=itemgetter(0))
        for (held_id, *_), channel in groupby(candidates, key=_channel_of):
            by_start = {place[3]: block for place, block in channel}
            last = max(by_start)
            for start, block in by_start.items():
                # a former agreement's last day is not the latest
                changed = asked.since is not None and block.updated_at > asked.since
                if changed or (start == last and not asked.changes_only):
                    yield held_id, block

    def rows(self, asked: Asked) -> Iterator[Any]:
        """The rows of the hot tier behind `blocks` as they come: the authorization's id and `BLOCK_COLUMNS`.

        Some are there twice.
        """
        if asked.changes_only:
            return self._rows(CHANGES, asked.given)
        return self._rows(LATEST if asked.since is None else CHANGED, asked.given)

    # parts

    def _hot(self, asked: Asked) -> Iterator[Candidate]:
        """The latest block that the hot tier has for each share of a channel, and those that changed; in order."""
        last = None
        for row in self.rows(asked):
            place = row[:4]
            # the latest and a changed one are often the same, side by side
            if place != last:
                last = place
                yield place, block_of(row[1:])

    def _history(self, asked: Asked) -> Iterator[Candidate]:
        """The same of the history: of months that something changed in, and of last ones that nothing came after."""
        since = LAST if asked.since is None else asked.since
        until = LAST if asked.until is None else asked.until
        for row in self._rows(HISTORY_CHANGES if asked.changes_only else HISTORY, asked.given | {"since": since}):
            marks = marks_of(row.marks)
            mine = [
                place
                for place, mark in enumerate(marks)
                if mark.published_at <= until and held_by(row.share_since, row.share_until, compared(mark))
            ]
            taken = [place for place in mine if marks[place].updated_at > since or place == mine[-1]]
            if taken:
                for block in read_blocks(read_segment(row._mapping), marks, taken):
                    yield (row.held_id, block.usage_point_id, block.channel, block.start), block

    def _measured(self, rows: list[Row]) -> Iterator[Channel]:
        """The channels of rows that have one for each share: those that measured on a day of some share, or never."""
        for _, shares in groupby(rows, key=itemgetter("number")):
            told = list(shares)
            if any(row["sure"] for row in told) or any(self._had(row) for row in told):
                yield read_channel(told[0])

    def _had(self, row: Row) -> bool:
        """Whether a share that cuts through a month has a day of it."""
        since, until = row["share_since"], row["share_until"]
        told = {"of_point": row["point_id"], "of_channel": row["number"], "since": since, "until": until}
        return any(
            held_by(since, until, compared(mark))
            for marks in self._connection.execute(CUT_MONTHS, told).scalars()
            for mark in marks_of(marks)
        )

    def _news(self, asked: Asked, page: list[Authorization], blocks: "Ahead") -> Iterator[News]:
        held = {one.id: one for one in page}
        given = asked.given | {"first": page[0].id, "last": page[-1].id}
        points, channels = self._grouped(POINTS, given), self._grouped(CHANNELS, given)
        bills = self._grouped(LAST_BILLS if asked.since is None else BILLS_SINCE, given)
        for key, [point] in points.items():
            mine = tuple(blocks.of(key))
            billed = tuple(map(read_bill, bills.get(key, ())))
            if mine or billed:
                yield News(
                    held[key[0]],
                    read_usage_point(point),
                    tuple(sorted(self._measured(channels.get(key, [])), key=channel_rank)),
                    mine,
                    billed if asked.since is not None else billed[-1:],
                )

    def _grouped(self, statement: Select[Any], given: dict[str, Any]) -> dict[tuple[int, int], list[Row]]:
        """Rows by authorization and usage point, in the order of the statement."""
        found: dict[tuple[int, int], list[Row]] = {}
        for row in self._connection.execute(statement, given).mappings():
            found.setdefault((row["held_id"], row["point_id"]), []).append(row)
        return found

    def _rows(self, statement: Executable, given: dict[str, Any]) -> Iterator[Any]:
        with self._connection.execute(statement, given, execution_options={"yield_per": CHUNK}) as rows:
            yield from rows


@dataclass
class Ahead:
    """Blocks that are read in the order in which they are asked for."""

    blocks: Iterator[tuple[int, Block]]
    next: tuple[int, Block] | None = field(init=False)

    def __post_init__(self) -> None:
        """Read the first one."""
        self.next = next(self.blocks, None)

    def of(self, key: tuple[int, int]) -> Iterator[Block]:
        """Those of an authorization and a usage point; nothing that comes before them is left.

        Raises:
            LookupError: there is something before them, which nobody asked for.
        """
        while self.next is not None:
            held_id, block = self.next
            place = held_id, block.usage_point_id
            if place > key:
                return
            if place < key:
                raise LookupError(f"a block of {place} is asked for after {key}")
            yield block
            self.next = next(self.blocks, None)


# statements, made once

BY_THIRD_PARTY = and_(
    AUTHORIZATION.c.third_party_id == bindparam("third_party", type_=Big),
    AUTHORIZATION.c.id >= bindparam("least", type_=Big),
    or_(bindparam("only", type_=Big) == 0, AUTHORIZATION.c.id == bindparam("only", type_=Big)),
)
OF_PAGE = BY_THIRD_PARTY & AUTHORIZATION.c.id.between(bindparam("first", type_=Big), bindparam("last", type_=Big))
# kinds are written as JSON, so that a name between quotes is a whole name
SHARES = {kind: cast(AUTHORIZATION.c.kinds, String).like(f'%"{kind.value}"%') for kind in sorted(METERED)}
SHARES_USAGE, SHARES_METERED = SHARES[Kind.USAGE], or_(*SHARES.values())
AUTHORIZATION_COLUMNS = tuple(column.name for column in AUTHORIZATION.c)
ALIVE = (
    select(AUTHORIZATION)
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
        select(share.c.held_id, USAGE_POINT.c.id.label("point_id"), USAGE_POINT)
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
    columns = (share.c.held_id, CHANNEL.c.usage_point_id.label("point_id"), CHANNEL, READING_TYPE.c.content)
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
