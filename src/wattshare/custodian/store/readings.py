"""Readings: channels, their packed blocks, and what was corrected.

Whoever reads for a third party gives the authorization, and the statement itself goes the whole chain from it
to the block. Blocks leave by one method, `_stream`: where a block is kept is nobody else's business.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, true

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.changes import Correction, Extent, Outcome, Tally
from wattshare.custodian.model.packing import unpack
from wattshare.custodian.model.premises import Agreement
from wattshare.custodian.model.readings import Block
from wattshare.custodian.store.arrivals import Arrivals, PlainDay
from wattshare.custodian.store.authorizations import OPEN_SHARES, of_held, open_shares
from wattshare.custodian.store.blocks import (
    BLOCK_COLUMNS,
    CORRECTION,
    HELD,
    INTERVAL_BLOCK,
    PACKED,
    block_of,
    bounds_of,
    held,
    ruled,
)
from wattshare.custodian.store.channels import Channels
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.merging import Merging
from wattshare.custodian.store.metadata import Big, Row
from wattshare.espi.profile import Profile
from wattshare.espi.window import Window

# rows fetched at a time
CHUNK = 256

# blocks that are merged with one look at what is kept
MERGED = 512


def told_blocks(*rules: ColumnElement[bool]) -> Select[Any]:
    """Blocks by start."""
    return (
        select(*(INTERVAL_BLOCK.c[name] for name in BLOCK_COLUMNS))
        .where(*rules)
        .order_by(INTERVAL_BLOCK.c.usage_point_id, INTERVAL_BLOCK.c.channel, INTERVAL_BLOCK.c.start)
    )


def extents(*rules: ColumnElement[bool]) -> Select[int, Any, Any, Any]:
    """How many blocks there are, and when they changed."""
    blocks = INTERVAL_BLOCK.c
    return select(
        func.count().label("count"),
        func.min(blocks.published_at).label("published_at"),
        func.max(blocks.updated_at).label("updated_at"),
        func.max(blocks.revision).label("revision"),
    ).where(*rules)


# what every call of the API asks is made once for each set of bounds, and given their values
PLACE = {
    "of_point": INTERVAL_BLOCK.c.usage_point_id == bindparam("of_point", type_=Big),
    "of_channel": INTERVAL_BLOCK.c.channel == bindparam("of_channel", type_=Big),
    "of_start": INTERVAL_BLOCK.c.start == bindparam("of_start", type_=Big),
}
BLOCK = told_blocks(*PLACE.values(), HELD)
OPENED = INTERVAL_BLOCK.c.usage_point_id.in_(select(OPEN_SHARES.subquery("opened").c.usage_point_id))


def bound_rules(bounds: tuple[str, ...], half_open: bool) -> ColumnElement[bool]:
    """The rules of a window with these bounds."""
    blocks, named = INTERVAL_BLOCK.c, {name: bindparam(name, type_=Big) for name in bounds}
    return ruled(named, half_open, blocks.start, blocks.day_end, blocks.updated_at)


@cache
def blocks_within(bounds: tuple[str, ...], half_open: bool) -> Select[Any]:
    """The blocks of a channel that an authorization opens and a window takes."""
    return told_blocks(PLACE["of_point"], PLACE["of_channel"], HELD, bound_rules(bounds, half_open))


@cache
def extent_within(bounds: tuple[str, ...], half_open: bool, place: tuple[str, ...]) -> Select[int, Any, Any, Any]:
    """The extent of what an authorization opens and a window takes: all of it, a usage point's or a channel's."""
    where = [PLACE[name] for name in place]
    return extents(*(where if "of_point" in place else [OPENED, *where]), HELD, bound_rules(bounds, half_open))


class Readings(Channels):
    """Channels and their blocks."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        super().__init__(connection, keys)
        self._arrivals = Arrivals(connection)

    # what comes

    def put_block(self, block: Block, reason: str) -> Outcome:
        """Merge a block into its day, reading by reading: new ones are added, different ones replace.

        The block brings its revision and that revision's time. What is the same is not written.
        """
        merging = Merging(connection=self._connection, arrivals=self._arrivals, reason=reason)
        tally = merging.take((block,))
        if tally.same == tally.all:
            return Outcome.SAME
        return Outcome.NEW if merging.fresh else Outcome.CHANGED

    def merge_block(self, block: Block, reason: str) -> Tally:
        """The same, counting readings."""
        return self.merge_blocks((block,), reason)

    def merge_blocks(self, blocks: Iterable[Block], reason: str) -> Tally:
        """The same of many blocks, one after the other in the order given, with few statements for all of them."""
        tally, coming = Tally(), iter(blocks)
        while chunk := tuple(islice(coming, MERGED)):
            merging = Merging(connection=self._connection, arrivals=self._arrivals, reason=reason)
            tally += merging.take(chunk)
        return tally

    def merge_each(self, blocks: Iterable[Block], reason: str) -> list[Tally]:
        """The same, counting each block by itself."""
        tallies, coming = list[Tally](), iter(blocks)
        while chunk := tuple(islice(coming, MERGED)):
            merging = Merging(connection=self._connection, arrivals=self._arrivals, reason=reason)
            merging.take(chunk)
            tallies += merging.each
        return tallies

    def load(self, blocks: Iterable[Block]) -> None:
        """Keep blocks of days that have none yet, many at once. A day that has one fails the transaction."""
        self._arrivals.load(blocks)

    def load_plain(self, days: Iterable[PlainDay], revision: int, at: int) -> None:
        """The same of days that are nothing but values: for who brings a whole utility's."""
        self._arrivals.load_plain(days, revision, at)

    # what is known

    def first_day(self, usage_point_id: int) -> int | None:
        """The start of the earliest block of a usage point."""
        blocks = INTERVAL_BLOCK.c
        earliest = select(func.min(blocks.start)).where(blocks.usage_point_id == usage_point_id)
        start: int | None = self._connection.execute(earliest).scalar_one()
        return start

    def corrections(self, usage_point_id: int, *, after: int = 0) -> Iterator[Correction]:
        """What revisions after `after` replaced, in the order in which it happened."""
        ledger = CORRECTION.c
        rows = self._connection.execute(
            select(CORRECTION)
            .where(ledger.usage_point_id == usage_point_id, ledger.revision > after)
            .order_by(ledger.revision, ledger.channel, ledger.start, ledger.number)
        )
        return (_correction(row) for row in rows.mappings())

    # what an authorization opens

    def blocks(
        self,
        authorization: Authorization,
        usage_point_id: int,
        channel: int,
        window: Window | None,
        at: int,
        profile: Profile,
    ) -> Iterator[Block]:
        """What the authorization opens and the window takes of one channel, by start, as it is read."""
        bounds = bounds_of(window)
        given = bounds | {"of_point": usage_point_id, "of_channel": channel} | of_held(authorization, at)
        return self._stream(blocks_within(tuple(bounds), profile.half_open_windows), given)

    def latest_blocks(
        self,
        authorization: Authorization,
        usage_point_id: int,
        channel: int,
        since: int | None,
        at: int,
        *,
        until: int | None = None,
    ) -> Iterator[Block]:
        """The latest block of one channel that the authorization opens, and those changed after `since`.

        Of what was known at `until`, where that is given.
        """
        rules = (held(authorization, at), _latest(authorization, since, at, until))
        return self._stream(told_blocks(_of(usage_point_id, channel), *rules))

    def own_blocks(
        self, agreement: Agreement, channel: int, since: int, until: int, *, last: bool = False
    ) -> Iterator[Block]:
        """What was metered while an agreement was its customer's, for that customer's own eyes.

        Blocks that begin in [since, until), by start; with `last` the last of them alone.
        """
        blocks = INTERVAL_BLOCK.c
        found = told_blocks(
            _of(agreement.usage_point_id, channel),
            blocks.start >= since,
            blocks.start < until,
            blocks.held_from > agreement.starts,
            true() if agreement.ends is None else blocks.held_to <= agreement.ends,
        )
        return self._stream(found.order_by(None).order_by(blocks.start.desc()).limit(1) if last else found)

    def block(
        self, authorization: Authorization, usage_point_id: int, channel: int, start: int, at: int
    ) -> Block | None:
        """One block, if the authorization opens it."""
        given = {"of_point": usage_point_id, "of_channel": channel, "of_start": start} | of_held(authorization, at)
        return next(self._stream(BLOCK, given), None)

    def count_blocks(
        self,
        authorization: Authorization,
        usage_point_id: int,
        channel: int,
        window: Window | None,
        at: int,
        profile: Profile,
    ) -> int:
        """How many `blocks` would give."""
        found = self.extent(authorization, window, at, profile, usage_point_id=usage_point_id, channel=channel)
        return found.count if found else 0

    def extent(
        self,
        authorization: Authorization,
        window: Window | None,
        at: int,
        profile: Profile,
        *,
        usage_point_id: int | None = None,
        channel: int | None = None,
    ) -> Extent | None:
        """Count and revisions of what the window takes: of a channel, a usage point, or all that is opened.

        None: nothing.
        """
        bounds, place = bounds_of(window), {"of_point": usage_point_id, "of_channel": channel}
        named = tuple(name for name, number in place.items() if number is not None)
        statement = extent_within(tuple(bounds), profile.half_open_windows, named)
        return self._told(statement, bounds | {name: place[name] for name in named} | of_held(authorization, at))

    def latest_extent(
        self,
        authorization: Authorization,
        since: int | None,
        at: int,
        *,
        until: int | None = None,
        usage_point_id: int | None = None,
        channel: int | None = None,
    ) -> Extent | None:
        """The same of what `latest_blocks` gives."""
        rules = (held(authorization, at), _latest(authorization, since, at, until))
        return self._extent(authorization, at, usage_point_id, channel, *rules)

    # parts

    def _extent(
        self,
        authorization: Authorization,
        at: int,
        usage_point_id: int | None,
        channel: int | None,
        *rules: ColumnElement[bool],
    ) -> Extent | None:
        blocks = INTERVAL_BLOCK.c
        if usage_point_id is None:
            opened = open_shares(authorization, at).subquery("opened")
            rules += (blocks.usage_point_id.in_(select(opened.c.usage_point_id)),)
        else:
            rules += (blocks.usage_point_id == usage_point_id,)
        if channel is not None:
            rules += (blocks.channel == channel,)
        return self._told(extents(*rules), {})

    def _told(self, statement: Select[int, Any, Any, Any], given: Mapping[str, Any]) -> Extent | None:
        row = self._connection.execute(statement, given).one()
        return Extent(**row._mapping) if row[0] else None

    def _stream(self, found: Select[Any], given: Mapping[str, Any] | None = None) -> Iterator[Block]:
        """Blocks by start, a chunk of rows at a time. The one way out of where blocks are kept."""
        with self._connection.execute(found, given or {}, execution_options={"yield_per": CHUNK}) as rows:
            for row in rows:
                yield block_of(row)


def _of(usage_point_id: int, channel: int) -> ColumnElement[bool]:
    return (INTERVAL_BLOCK.c.usage_point_id == usage_point_id) & (INTERVAL_BLOCK.c.channel == channel)


def _latest(authorization: Authorization, since: int | None, at: int, until: int | None) -> ColumnElement[bool]:
    """Whether a block is the latest of its channel that the authorization opens, or changed after `since`.

    Blocks that came after `until` are as if they were not there.
    """
    blocks, others = INTERVAL_BLOCK.c, INTERVAL_BLOCK.alias("other")
    latest = (
        select(func.max(others.c.start))
        .where(
            others.c.usage_point_id == blocks.usage_point_id,
            others.c.channel == blocks.channel,
            held(authorization, at, others),
            true() if until is None else others.c.published_at <= until,
        )
        .correlate(INTERVAL_BLOCK)
        .scalar_subquery()
    )
    last: ColumnElement[bool] = blocks.start == latest
    if since is None:
        return last
    return last | ((blocks.updated_at > since) & (true() if until is None else blocks.published_at <= until))


def _correction(row: Row) -> Correction:
    place = {name: row[name] for name in ("usage_point_id", "channel", "start")}
    old, new = (
        unpack(Block(**place, duration=0, day_end=row["day_end"], **{name: row[side + name] for name in PACKED}))
        for side in ("old_", "new_")
    )
    named = {name: row[name] for name in ("revision", "at", "reason")}
    return Correction(**place, **named, old=old, new=new)
