"""Reading from both tiers: whoever asks does not learn which of them answers.

Every statement goes the whole chain from the authorization to the block or to the segment, and is made once. Where a
segment is not wholly somebody's, or not wholly taken, the rules are applied to its marks here, with the bounds that
the same statement gave.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import CTE, ColumnElement, Connection, Select, and_, bindparam, case, func, select

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.changes import Extent
from wattshare.custodian.model.premises import Agreement
from wattshare.custodian.model.readings import Block
from wattshare.custodian.model.segments import marks_of, read_blocks
from wattshare.custodian.store.authorizations import AUTHORIZATION_USAGE_POINT, OPEN_SHARES, of_held
from wattshare.custodian.store.blocks import BLOCK_COLUMNS, INTERVAL_BLOCK, block_of, held_in, read_block
from wattshare.custodian.store.history import (
    EVER,
    NEVER,
    SEGMENT,
    Cut,
    compared,
    has_all,
    has_some,
    held_by,
    read_segment,
    takes_all,
    takes_block,
    takes_some,
)
from wattshare.custodian.store.long import Long
from wattshare.custodian.store.metadata import Big
from wattshare.custodian.store.prepared import Prepared
from wattshare.custodian.store.underway import is_there

# rows fetched at a time, and asked for at first: two months of days, and two years of months
CHUNK, SEGMENTS = 256, 16
DAYS, MONTHS = 64, 25
# bytes of values that are held at once
FEW_BYTES = 1 << 20
# every channel's number
CHANNELS = (-1, 1 << 30)

BLOCKS, KEPT = INTERVAL_BLOCK.c, SEGMENT.c
MINE = bindparam("of_usage_point", type_=Big)


def _share(opened: Select[tuple[int, int, int, int | None]]) -> CTE:
    """What is opened, found once a statement: PostgreSQL would go the chain again for every block that it looks at."""
    return opened.cte("share").prefix_with("MATERIALIZED", dialect="postgresql")


# of all usage points (False), or of the one that is asked about (True)
SHARES = {
    False: _share(OPEN_SHARES),
    True: _share(OPEN_SHARES.where(AUTHORIZATION_USAGE_POINT.c.usage_point_id == MINE)),
}


def _blocks(*columns: Any, one: bool) -> Select[Any]:
    """What is asked of the hot tier: of one usage point, or of all that are opened."""
    share = SHARES[one]
    place = BLOCKS.usage_point_id == MINE if one else BLOCKS.usage_point_id.in_(select(share.c.usage_point_id))
    channel = BLOCKS.channel.between(bindparam("first_channel"), bindparam("last_channel"))
    return select(*columns).where(place, channel, held_in(share, INTERVAL_BLOCK), takes_block())


def _segments(*columns: Any, one: bool) -> Select[Any]:
    """What is asked of the history tier; a row for each share that may have some of a segment."""
    share = SHARES[one].c
    found = (
        select(*columns, share.since, share.until)
        .select_from(SEGMENT)
        .join(SHARES[one], share.usage_point_id == KEPT.usage_point_id)
        .where(
            KEPT.channel.between(bindparam("first_channel"), bindparam("last_channel")),
            has_some(share.since, share.until),
            takes_some(),
        )
        # shares of one month in an order too
        .order_by(KEPT.usage_point_id, KEPT.channel, KEPT.month, share.since, share.until, share.agreement_id)
    )
    return found.where(KEPT.usage_point_id == MINE) if one else found


def _whole(*, one: bool) -> ColumnElement[bool]:
    """Whether all of a segment is taken, by one share."""
    share = SHARES[one].c
    return and_(has_all(share.since, share.until), takes_all())


def _summary(*, one: bool) -> tuple[ColumnElement[Any], ...]:
    """What a segment says of itself; and its marks, where they are to be looked at."""
    whole = _whole(one=one)
    facts = (KEPT.count, KEPT.least_published_at, KEPT.most_updated_at, KEPT.most_revision, KEPT.most_start)
    return (*PLACE, *facts, whole.label("whole"), case((~whole, KEPT.marks)).label("marks"))


FACTS = (func.count(), func.min(BLOCKS.published_at), func.max(BLOCKS.updated_at), func.max(BLOCKS.revision))
PLACE = (KEPT.usage_point_id, KEPT.channel, KEPT.month)
# each for one usage point (True) and for all that are opened (False)
ONE_AND_ALL = (True, False)
STREAM = Long(
    _blocks(*(BLOCKS[name] for name in BLOCK_COLUMNS), one=True).order_by(BLOCKS.channel, BLOCKS.start),
    chunk=CHUNK,
    beginning=DAYS,
)
SEGMENT_STREAM = Long(
    _segments(*PLACE, KEPT.marks, KEPT.body, _whole(one=True).label("whole"), one=True),
    chunk=SEGMENTS,
    beginning=MONTHS,
)
EXTENT = {one: Prepared(_blocks(*FACTS, one=one)) for one in ONE_AND_ALL}
SEGMENT_EXTENT = {
    one: Long(_segments(*_summary(one=one), one=one), chunk=SEGMENTS, beginning=MONTHS) for one in ONE_AND_ALL
}
LATEST = {
    one: _blocks(BLOCKS.usage_point_id, BLOCKS.channel, func.max(BLOCKS.start), one=one).group_by(
        BLOCKS.usage_point_id, BLOCKS.channel
    )
    for one in ONE_AND_ALL
}


OF_CHANNEL = bindparam("of_channel", type_=Big)
FIRST_START, AFTER_START = bindparam("first", type_=Big), bindparam("after", type_=Big)
OWN = (
    select(*(BLOCKS[name] for name in BLOCK_COLUMNS))
    .where(
        BLOCKS.usage_point_id == MINE,
        BLOCKS.channel == OF_CHANNEL,
        BLOCKS.start >= FIRST_START,
        BLOCKS.start < AFTER_START,
        BLOCKS.held_from > bindparam("since", type_=Big),
        BLOCKS.held_to <= bindparam("until", type_=Big),
        is_there(INTERVAL_BLOCK),
    )
    .order_by(BLOCKS.start)
)
OWN_MONTHS = (
    select(*PLACE, KEPT.marks, KEPT.body)
    .where(
        KEPT.usage_point_id == MINE,
        KEPT.channel == OF_CHANNEL,
        KEPT.most_start >= FIRST_START,
        KEPT.least_start < AFTER_START,
    )
    .order_by(KEPT.month)
)


def by_start(hot: Iterator[Block], history: Iterator[Block]) -> Iterator[Block]:
    """Blocks of both tiers in order; most channels have what is asked of them in one."""
    late = next(history, None)
    for block in hot:
        while late is not None and late.start < block.start:
            yield late
            late = next(history, None)
        yield block
    if late is not None:
        yield late
        yield from history


class Scope(NamedTuple):
    """What is asked about: a channel, all of a usage point, or all that is opened."""

    usage_point_id: int | None = None
    channel: int | None = None

    def told(self) -> dict[str, Any]:
        """What a statement is given."""
        first, last = CHANNELS if self.channel is None else (self.channel, self.channel)
        return {"of_usage_point": self.usage_point_id, "first_channel": first, "last_channel": last}


@dataclass(frozen=True, kw_only=True)
class Tiers:
    """Both tiers, as an authorization opens them at a second."""

    connection: Connection
    authorization: Authorization
    at: int

    def stream(self, usage_point_id: int, channel: int, cut: Cut) -> Iterator[Block]:
        """Blocks of one channel by start, as they are read."""
        told = self._told(Scope(usage_point_id, channel), cut)
        return by_start(self._hot(told), self._history(told, cut))

    def few(self, usage_point_id: int, channel: int, cut: Cut) -> list[Block] | None:
        """The same, read at once; None where it is much: that is to be read while it is told."""
        told = self._told(Scope(usage_point_id, channel), cut)
        months, days = SEGMENT_STREAM.few(self.connection, told), STREAM.few(self.connection, told)
        if months is None or days is None:
            return None
        hot, by_month = list(map(block_of, days)), list(self._by_segment(SEGMENT_STREAM, months))
        marks = (mark for rows in by_month for mark in marks_of(rows[0]["marks"]))
        if sum(mark.count * mark.width for mark in marks) + sum(len(block.values) for block in hot) > FEW_BYTES:
            return None
        return list(by_start(iter(hot), self._segments(by_month, cut)))

    def block(self, usage_point_id: int, channel: int, start: int) -> Block | None:
        """One block."""
        only = Cut(starts_from=start, starts_by=start)
        told = self._told(Scope(usage_point_id, channel), only)
        return next(self._hot(told), None) or next(self._history(told, only), None)

    def extent(self, scope: Scope, cut: Cut) -> Extent | None:
        """Count and revisions of what is taken; None: nothing."""
        one, told = scope.usage_point_id is not None, self._told(scope, cut)
        [(count, *times)] = EXTENT[one].rows(self.connection, told)
        parts = [Extent(count=count, published_at=times[0], updated_at=times[1], revision=times[2])] if count else []
        for rows in self._by_segment(SEGMENT_EXTENT[one], SEGMENT_EXTENT[one].rows(self.connection, told)):
            whole = next((row for row in rows if row["whole"]), None)
            if whole is not None:
                parts.append(
                    Extent(
                        count=whole["count"],
                        published_at=whole["least_published_at"],
                        updated_at=whole["most_updated_at"],
                        revision=whole["most_revision"],
                    )
                )
            elif taken := _taken(rows, cut):
                marks = marks_of(rows[0]["marks"])
                parts.append(
                    Extent(
                        count=len(taken),
                        published_at=min(marks[place].published_at for place in taken),
                        updated_at=max(marks[place].updated_at for place in taken),
                        revision=max(marks[place].revision for place in taken),
                    )
                )
        return sum_of(parts)

    def latest(self, scope: Scope, known_by: int) -> dict[tuple[int, int], int]:
        """The start of the latest block of every channel; blocks that came later are as if they were not there."""
        one, cut = scope.usage_point_id is not None, Cut(known_by=known_by)
        rows = self.connection.execute(LATEST[one], self._told(scope, cut))
        found = {(point, channel): start for point, channel, start in rows}
        # of a single channel, nothing is asked that cannot be later
        after = max(found.values(), default=NEVER) if scope.channel is not None else NEVER
        later = Cut(known_by=known_by, starts_from=after)
        rows_later = SEGMENT_EXTENT[one].rows(self.connection, self._told(scope, later))
        segments = list(self._by_segment(SEGMENT_EXTENT[one], rows_later))
        for rows_of in reversed(segments):
            row = rows_of[0]
            key = row["usage_point_id"], row["channel"]
            if row["most_start"] <= found.get(key, NEVER):
                continue
            if any(each["whole"] for each in rows_of):
                found[key] = row["most_start"]
            elif taken := _taken(rows_of, later):
                found[key] = max(found.get(key, NEVER), marks_of(row["marks"])[taken[-1]].start)
        return found

    def _told(self, scope: Scope, cut: Cut) -> dict[str, Any]:
        return scope.told() | cut.told() | of_held(self.authorization, self.at)

    def _hot(self, told: Mapping[str, Any]) -> Iterator[Block]:
        return map(block_of, STREAM.rows(self.connection, told))

    def _history(self, told: Mapping[str, Any], cut: Cut) -> Iterator[Block]:
        found = SEGMENT_STREAM.rows(self.connection, told)
        return self._segments(self._by_segment(SEGMENT_STREAM, found), cut)

    def _segments(self, by_segment: Iterable[list[Mapping[Any, Any]]], cut: Cut) -> Iterator[Block]:
        for rows in by_segment:
            # of a month that is wholly theirs, no block is looked at by itself
            whole = any(row["whole"] for row in rows)
            if whole or (taken := _taken(rows, cut)):
                segment = read_segment(rows[0])
                yield from read_blocks(segment, marks_of(segment.marks), None if whole else taken)

    def _by_segment(self, statement: Long, found: Iterable[tuple[Any, ...]]) -> Iterator[list[Mapping[Any, Any]]]:
        """The rows of each segment: one for each share that may have some of it."""
        columns = statement.columns
        rows = (dict(zip(columns, row, strict=True)) for row in found)
        for _, shares in groupby(rows, lambda row: tuple(row[column.name] for column in PLACE)):
            yield list(shares)


def own_blocks(connection: Connection, agreement: Agreement, channel: int, since: int, until: int) -> Iterator[Block]:
    """The blocks of an agreement's days that begin in [since, until), by start."""
    told = {"of_usage_point": agreement.usage_point_id, "of_channel": channel, "first": since, "after": until}
    held = {"since": agreement.starts, "until": EVER if agreement.ends is None else agreement.ends}
    starts, ends = agreement.starts, agreement.ends

    def rows() -> Iterator[Block]:
        for row in connection.execute(OWN, told | held).mappings():
            yield read_block(row)

    def months() -> Iterator[Block]:
        for row in connection.execute(OWN_MONTHS, told).mappings():
            marks = marks_of(row["marks"])
            facts = enumerate(map(compared, marks))
            mine = [at for at, fact in facts if since <= fact["start"] < until and held_by(starts, ends, fact)]
            if mine:
                yield from read_blocks(read_segment(row), marks, mine)

    return merge(rows(), months(), key=lambda block: block.start)


def _taken(rows: list[Mapping[Any, Any]], cut: Cut) -> list[int]:
    """The places of the blocks of a segment that some share has and the cut takes."""
    facts = [compared(mark) for mark in marks_of(next(row["marks"] for row in rows if row["marks"] is not None))]
    shares = [(row["since"], row["until"]) for row in rows]
    return [
        place
        for place, fact in enumerate(facts)
        if cut.takes(fact) and any(held_by(since, until, fact) for since, until in shares)
    ]


def sum_of(parts: list[Extent]) -> Extent | None:
    """Several extents as one."""
    if not parts:
        return None
    return Extent(
        count=sum(part.count for part in parts),
        published_at=min(part.published_at for part in parts),
        updated_at=max(part.updated_at for part in parts),
        revision=max(part.revision for part in parts),
    )
