"""Readings: channels, their packed blocks, and what was corrected.

Whoever reads for a third party gives the authorization, and the statement itself goes the whole chain from it
to the block. Blocks leave by one method, `_stream`: where a block is kept is nobody else's business.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, func, or_, select, true, update

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.changes import Correction, Extent, Outcome, Tally
from wattshare.custodian.model.packing import LONGEST_DAY, identity, is_long, merge, pack, unpack
from wattshare.custodian.model.readings import Block, Reading
from wattshare.custodian.store.arrivals import Arrivals
from wattshare.custodian.store.authorizations import open_shares
from wattshare.custodian.store.blocks import (
    BLOCK_COLUMNS,
    CORRECTION,
    INTERVAL_BLOCK,
    PACKED,
    block_columns,
    held,
    in_window,
    packed_columns,
    read_block,
)
from wattshare.custodian.store.channels import Channels
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import Row
from wattshare.espi.profile import Profile
from wattshare.espi.window import Window

# rows fetched at a time
CHUNK = 256

# made once, for every block that is put; a gas day starts a second after midnight until a reading of midnight comes
DAY_OF = select(*(INTERVAL_BLOCK.c[name] for name in BLOCK_COLUMNS)).where(
    INTERVAL_BLOCK.c.usage_point_id == bindparam("of_usage_point"),
    INTERVAL_BLOCK.c.channel == bindparam("of_channel"),
    or_(
        INTERVAL_BLOCK.c.start == bindparam("of_start"),
        and_(
            INTERVAL_BLOCK.c.start.between(bindparam("earliest"), bindparam("of_day_end")),
            INTERVAL_BLOCK.c.day_end == bindparam("of_day_end"),
        ),
    ),
)


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
        stored = self._day_of(block)
        tally = self._merge(stored, block, reason)
        if tally.same == tally.all:
            return Outcome.SAME
        return Outcome.NEW if stored is None else Outcome.CHANGED

    def merge_block(self, block: Block, reason: str) -> Tally:
        """The same, counting readings."""
        return self._merge(self._day_of(block), block, reason)

    def load(self, blocks: Iterable[Block]) -> None:
        """Keep blocks of days that have none yet, many at once. A day that has one fails the transaction."""
        self._arrivals.load(block_columns(block) for block in blocks)

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
        return self._stream(_of(usage_point_id, channel), held(authorization, at), in_window(window, profile))

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
        return self._stream(_of(usage_point_id, channel), *rules)

    def block(
        self, authorization: Authorization, usage_point_id: int, channel: int, start: int, at: int
    ) -> Block | None:
        """One block, if the authorization opens it."""
        mine = (_of(usage_point_id, channel), INTERVAL_BLOCK.c.start == start, held(authorization, at))
        return next(self._stream(*mine), None)

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
        rules = (held(authorization, at), in_window(window, profile))
        return self._extent(authorization, at, usage_point_id, channel, *rules)

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
        row = self._connection.execute(
            select(
                func.count().label("count"),
                func.min(blocks.published_at).label("published_at"),
                func.max(blocks.updated_at).label("updated_at"),
                func.max(blocks.revision).label("revision"),
            ).where(*rules)
        ).one()
        return Extent(**row._mapping) if row[0] else None

    def _stream(self, *rules: ColumnElement[bool]) -> Iterator[Block]:
        """Blocks by start, a chunk of rows at a time. The one way out of where blocks are kept."""
        found: Select[tuple[object, ...]] = (
            select(*(INTERVAL_BLOCK.c[name] for name in BLOCK_COLUMNS))
            .where(*rules)
            .order_by(INTERVAL_BLOCK.c.usage_point_id, INTERVAL_BLOCK.c.channel, INTERVAL_BLOCK.c.start)
        )
        with self._connection.execute(found, execution_options={"yield_per": CHUNK}) as rows:
            for row in rows.mappings():
                yield read_block(row)

    def _merge(self, stored: Block | None, block: Block, reason: str) -> Tally:
        """Write what is new in a block; what is replaced goes to the ledger."""
        if stored is None:
            self._arrivals.add(block_columns(block))
            return Tally(new=block.count)
        if packed_columns(stored) == packed_columns(block) and stored.start == block.start:
            return Tally(same=block.count)
        before = {identity(reading): reading for reading in unpack(stored)}
        given = unpack(block)
        met = [(before.get(identity(reading)), reading) for reading in given]
        replaced = [(old, new) for old, new in met if old is not None and old != new]
        added = sum(old is None for old, _ in met)
        if added or replaced:
            self._replace(stored, _merged(stored, block, merge(before.values(), given)))
        if replaced:
            self._enter(block, stored.start, reason, replaced)
        return Tally(new=added, changed=len(replaced), same=block.count - added - len(replaced))

    def _day_of(self, block: Block) -> Block | None:
        """The stored block that a given one belongs into: of the same start, or of the same local day."""
        long = is_long(block.start, block.day_end)
        place = {
            "of_usage_point": block.usage_point_id,
            "of_channel": block.channel,
            "of_start": block.start,
            "of_day_end": block.day_end,
            # no day has a long reading's name but its own
            "earliest": block.day_end + 1 if long else block.day_end - LONGEST_DAY,
        }
        found = [read_block(row) for row in self._connection.execute(DAY_OF, place).mappings()]
        exact = [stored for stored in found if stored.start == block.start]
        return next(iter(exact or found), None)

    def _replace(self, stored: Block, merged: Block) -> None:
        at = _of(stored.usage_point_id, stored.channel) & (INTERVAL_BLOCK.c.start == stored.start)
        if merged.start == stored.start:
            self._connection.execute(update(INTERVAL_BLOCK).where(at).values(**block_columns(merged)))
        else:
            self._connection.execute(delete(INTERVAL_BLOCK).where(at))
            self._arrivals.add(block_columns(merged))

    def _enter(self, block: Block, start: int, reason: str, replaced: list[tuple[Reading, Reading]]) -> None:
        """Write down what was replaced, and by what."""
        ledger, of = CORRECTION.c, {"usage_point_id": block.usage_point_id, "channel": block.channel}
        place = of | {"start": start, "revision": block.revision}
        known = select(func.count()).where(*(ledger[name] == value for name, value in place.items()))
        old, new = (
            pack(side, **of, start=start, day_end=block.day_end, step=block.step)
            for side in ([pair[0] for pair in replaced], [pair[1] for pair in replaced])
        )
        self._connection.execute(
            CORRECTION.insert().values(
                **place,
                number=self._connection.scalar(known),
                at=block.updated_at,
                reason=reason,
                day_end=block.day_end,
                **packed_columns(old, "old_"),
                **packed_columns(new, "new_"),
            )
        )


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


def _merged(stored: Block, given: Block, readings: tuple[Reading, ...]) -> Block:
    """Both blocks as one; it was there first when the stored one was, and changed when the given one came."""
    merged = pack(
        readings,
        usage_point_id=stored.usage_point_id,
        channel=stored.channel,
        start=min(stored.start, given.start),
        day_end=max(stored.day_end, given.day_end) if len(readings) > 1 else given.day_end,
        step=given.step or stored.step,
        revision=given.revision,
        at=given.updated_at,
    )
    return replace(merged, first_revision=stored.first_revision, published_at=stored.published_at)


def _correction(row: Row) -> Correction:
    place = {name: row[name] for name in ("usage_point_id", "channel", "start")}
    old, new = (
        unpack(Block(**place, duration=0, day_end=row["day_end"], **{name: row[side + name] for name in PACKED}))
        for side in ("old_", "new_")
    )
    named = {name: row[name] for name in ("revision", "at", "reason")}
    return Correction(**place, **named, old=old, new=new)
