"""Readings: channels, their packed blocks, and what was corrected.

Whoever reads for a third party gives the authorization, and the statement itself goes the whole chain from it to the
block. Blocks leave by one method, `_stream`: where a block is kept is nobody else's business.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count

from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, func, or_, select, update

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.changes import Correction, Extent, Outcome, Tally
from wattshare.custodian.model.packing import LONGEST_DAY, identity, is_long, merge, pack, unpack
from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.model.readings import Block, Channel, Reading
from wattshare.custodian.store.authorizations import open_shares
from wattshare.custodian.store.blocks import (
    BLOCK_COLUMNS,
    CHANNEL,
    CORRECTION,
    INTERVAL_BLOCK,
    PACKED,
    READING_TYPE,
    block_columns,
    held,
    in_window,
    packed_columns,
    read_block,
)
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import Row
from wattshare.custodian.store.plain import read_text, write_text
from wattshare.custodian.store.premises import USAGE_POINT, read_usage_point
from wattshare.espi import ids
from wattshare.espi.profile import Profile
from wattshare.espi.usage import ReadingType
from wattshare.espi.window import Window

# the phase of residential electricity, which a ReadingTypeID prints as absent
RESIDENTIAL_PHASE = 769
DELIVERED, RECEIVED = 1, 19
# rows fetched at a time
CHUNK = 256


class Readings:
    """Channels and blocks."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    # what comes

    def put_reading_type(self, reading_type: ReadingType) -> str:
        """Keep a reading type; its id. Equal ones are one, different ones never have the same id."""
        content = write_text(reading_type)
        known = self._connection.scalar(select(READING_TYPE.c.id).where(READING_TYPE.c.content == content))
        if known is not None:
            return str(known)
        phase = None if reading_type.phase == RESIDENTIAL_PHASE else reading_type.phase
        for variant in count(1):
            name = ids.reading_type_id(
                reading_type.uom, phase, reading_type.interval_length, reading_type.flow_direction, variant
            )
            if self.reading_type(name) is None:
                break
        self._connection.execute(READING_TYPE.insert().values(id=name, content=content))
        return name

    def add_channel(self, channel: Channel) -> Channel:
        """Keep a new channel; with the id of its reading type, and a number where it has none (0)."""
        number = channel.number
        if not number:
            greatest = select(func.max(CHANNEL.c.number)).where(
                CHANNEL.c.usage_point_id == channel.usage_point_id
            )
            number = (self._connection.scalar(greatest) or 0) + 1
        name = self.put_reading_type(channel.reading_type)
        added = replace(channel, number=number, reading_type_id=name)
        self._connection.execute(
            CHANNEL.insert().values(
                usage_point_id=added.usage_point_id,
                number=number,
                reading_type_id=name,
                meter_serial=added.meter_serial,
            )
        )
        return added

    def put_block(self, block: Block, reason: str) -> Outcome:
        """Merge a block into its day, reading by reading: new ones are added, different ones replace.

        The block brings its revision and that revision's time.
        """
        tally = self.merge_block(block, reason)
        if tally.same == tally.all:
            return Outcome.SAME
        return Outcome.NEW if tally.new == block.count and not self._grew(block) else Outcome.CHANGED

    def merge_block(self, block: Block, reason: str) -> Tally:
        """As `put_block`, counting readings. What is replaced goes to the ledger, what is the same is not written."""
        stored = self._day_of(block)
        if stored is None:
            self._connection.execute(INTERVAL_BLOCK.insert().values(**block_columns(block)))
            return Tally(new=block.count)
        if packed_columns(stored) == packed_columns(block) and stored.start == block.start:
            return Tally(same=block.count)
        before = {identity(reading): reading for reading in unpack(stored)}
        given = unpack(block)
        replaced = [
            (before[identity(reading)], reading)
            for reading in given
            if before.get(identity(reading), reading) != reading
        ]
        added = sum(identity(reading) not in before for reading in given)
        if added or replaced:
            merged = _merged(stored, block, merge(before.values(), given))
            self._replace(stored, merged)
        if replaced:
            self._enter(block, stored.start, reason, replaced)
        return Tally(new=added, changed=len(replaced), same=block.count - added - len(replaced))

    def load(self, blocks: Iterable[Block]) -> None:
        """Keep blocks of days that have none yet, many at once. A day that has one fails the transaction."""
        rows = [block_columns(block) for block in blocks]
        if rows:
            self._connection.execute(INTERVAL_BLOCK.insert(), rows)

    # what is known

    def channels(self, usage_point_id: int) -> tuple[Channel, ...]:
        """Every channel of a usage point, delivered first."""
        return self._channels(CHANNEL.c.usage_point_id == usage_point_id)

    def reading_type(self, reading_type_id: str) -> ReadingType | None:
        """The reading type of that id."""
        found = select(READING_TYPE.c.content).where(READING_TYPE.c.id == reading_type_id)
        content = self._connection.scalar(found)
        return None if content is None else read_text(content, ReadingType)

    def reading_types(self) -> tuple[tuple[str, ReadingType], ...]:
        """Every reading type that there is, with its id. None of them says anything of anybody."""
        rows = self._connection.execute(select(READING_TYPE).order_by(READING_TYPE.c.id))
        return tuple((row.id, read_text(row.content, ReadingType)) for row in rows)

    def first_day(self, usage_point_id: int) -> int | None:
        """The start of the earliest block of a usage point."""
        blocks = INTERVAL_BLOCK.c
        return self._connection.scalar(
            select(func.min(blocks.start)).where(blocks.usage_point_id == usage_point_id)
        )

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

    def usage_points(self, authorization: Authorization, at: int) -> tuple[UsagePoint, ...]:
        """The usage points of an authorization: electricity before gas, then by id; each once."""
        share = open_shares(authorization, at).subquery("share")
        rank = case({kind.value: kind.service_kind for kind in Commodity}, value=USAGE_POINT.c.commodity)
        rows = self._connection.execute(
            select(USAGE_POINT)
            .where(USAGE_POINT.c.id.in_(select(share.c.usage_point_id)))
            .order_by(rank, USAGE_POINT.c.id)
        )
        return tuple(read_usage_point(row) for row in rows.mappings())

    def channels_shared(
        self, authorization: Authorization, usage_point_id: int, at: int
    ) -> tuple[Channel, ...]:
        """The channels of one usage point, if the authorization opens it; delivered first.

        A channel that measured on other people's days only, such as a former tenant's solar, is not among them.
        """
        share = open_shares(authorization, at).subquery("share")
        blocks = INTERVAL_BLOCK.c
        here = (blocks.usage_point_id == CHANNEL.c.usage_point_id) & (blocks.channel == CHANNEL.c.number)
        return self._channels(
            and_(
                CHANNEL.c.usage_point_id == usage_point_id,
                CHANNEL.c.usage_point_id.in_(select(share.c.usage_point_id)),
                or_(
                    select(blocks.start).where(here, held(authorization, at)).exists(),
                    ~select(blocks.start).where(here).exists(),
                ),
            )
        )

    def reading_types_shared(self, authorization: Authorization, at: int) -> tuple[tuple[str, ReadingType], ...]:
        """The reading types of the usage points that an authorization opens, with their ids."""
        share = open_shares(authorization, at).subquery("share")
        used = select(CHANNEL.c.reading_type_id).where(
            CHANNEL.c.usage_point_id.in_(select(share.c.usage_point_id))
        )
        rows = self._connection.execute(
            select(READING_TYPE).where(READING_TYPE.c.id.in_(used)).order_by(READING_TYPE.c.id)
        )
        return tuple((row.id, read_text(row.content, ReadingType)) for row in rows)

    def blocks(
        self,
        authorization: Authorization,
        usage_point_id: int,
        channel: int,
        window: Window | None,
        at: int,
        profile: Profile,
    ) -> Iterator[Block]:
        """The blocks of one channel that the authorization opens and the window takes, by start, as they are read."""
        return self._stream(
            _of(usage_point_id, channel), held(authorization, at), in_window(window, profile)
        )

    def latest_blocks(
        self, authorization: Authorization, usage_point_id: int, channel: int, since: int | None, at: int
    ) -> Iterator[Block]:
        """The latest block of one channel that the authorization opens, and those changed after `since`."""
        mine = and_(_of(usage_point_id, channel), held(authorization, at))
        latest = select(func.max(INTERVAL_BLOCK.c.start)).where(mine).scalar_subquery()
        new = INTERVAL_BLOCK.c.start == latest
        if since is not None:
            new |= INTERVAL_BLOCK.c.updated_at > since
        return self._stream(mine, new)

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
        found = self.extent(
            authorization, window, at, profile, usage_point_id=usage_point_id, channel=channel
        )
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
        """Count and revisions of what the window takes, of one channel, one usage point or the whole authorization.

        None: nothing.
        """
        rules = [held(authorization, at), in_window(window, profile)]
        if usage_point_id is None:
            share = open_shares(authorization, at).subquery("opened")
            rules.append(INTERVAL_BLOCK.c.usage_point_id.in_(select(share.c.usage_point_id)))
        else:
            rules.append(INTERVAL_BLOCK.c.usage_point_id == usage_point_id)
        if channel is not None:
            rules.append(INTERVAL_BLOCK.c.channel == channel)
        blocks = INTERVAL_BLOCK.c
        row = self._connection.execute(
            select(
                func.count().label("count"),
                func.min(blocks.published_at).label("published_at"),
                func.max(blocks.updated_at).label("updated_at"),
                func.max(blocks.revision).label("revision"),
            ).where(*rules)
        ).one()
        if not row[0]:
            return None
        return Extent(**row._mapping)

    # parts

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

    def _channels(self, which: ColumnElement[bool]) -> tuple[Channel, ...]:
        rows = self._connection.execute(
            select(CHANNEL, READING_TYPE.c.content)
            .join(READING_TYPE, READING_TYPE.c.id == CHANNEL.c.reading_type_id)
            .where(which)
            .order_by(CHANNEL.c.number)
        )
        return tuple(sorted(map(_channel, rows.mappings()), key=channel_rank))

    def _day_of(self, block: Block) -> Block | None:
        """The stored block that a given one belongs into: of the same start, or of the same local day."""
        blocks = INTERVAL_BLOCK.c
        same = blocks.start == block.start
        if not is_long(block.start, block.day_end):
            # a gas day starts a second after midnight until a reading of midnight comes
            first = block.day_end - LONGEST_DAY
            same |= (blocks.day_end == block.day_end) & blocks.start.between(first, block.day_end)
        found = list(self._stream(_of(block.usage_point_id, block.channel), same))
        exact = [stored for stored in found if stored.start == block.start]
        return next(iter(exact or found), None)

    def _grew(self, block: Block) -> bool:
        stored = self._day_of(block)
        return stored is not None and stored.count > block.count

    def _replace(self, stored: Block, merged: Block) -> None:
        at = _of(stored.usage_point_id, stored.channel) & (INTERVAL_BLOCK.c.start == stored.start)
        if merged.start == stored.start:
            self._connection.execute(update(INTERVAL_BLOCK).where(at).values(**block_columns(merged)))
        else:
            self._connection.execute(delete(INTERVAL_BLOCK).where(at))
            self._connection.execute(INTERVAL_BLOCK.insert().values(**block_columns(merged)))

    def _enter(
        self, block: Block, start: int, reason: str, replaced: list[tuple[Reading, Reading]]
    ) -> None:
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


def channel_rank(channel: Channel) -> tuple[int, int]:
    """Delivered, received, everything else; then by number."""
    flow = channel.reading_type.flow_direction
    return {None: 0, DELIVERED: 0, RECEIVED: 1}.get(flow, 2), channel.number


def _of(usage_point_id: int, channel: int) -> ColumnElement[bool]:
    return (INTERVAL_BLOCK.c.usage_point_id == usage_point_id) & (INTERVAL_BLOCK.c.channel == channel)


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


def _channel(row: Row) -> Channel:
    return Channel(
        usage_point_id=row["usage_point_id"],
        number=row["number"],
        reading_type_id=row["reading_type_id"],
        reading_type=read_text(row["content"], ReadingType),
        meter_serial=row["meter_serial"],
    )


def _correction(row: Row) -> Correction:
    place = {name: row[name] for name in ("usage_point_id", "channel", "start")}
    old, new = (
        unpack(Block(**place, duration=0, day_end=row["day_end"], **{name: row[side + name] for name in PACKED}))
        for side in ("old_", "new_")
    )
    named = {name: row[name] for name in ("revision", "at", "reason")}
    return Correction(**place, **named, old=old, new=new)
