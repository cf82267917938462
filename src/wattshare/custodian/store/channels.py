"""Channels of usage points, and what their readings mean."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy import ColumnElement, Connection, Result, Select, and_, bindparam, case, func, or_, select

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.premises import Commodity, UsagePoint
from wattshare.custodian.model.readings import Channel
from wattshare.custodian.store.authorizations import OPEN_SHARES, of_held, open_shares
from wattshare.custodian.store.blocks import CHANNEL, INTERVAL_BLOCK, READING_TYPE, held_in
from wattshare.custodian.store.history import SEGMENT, Cut, has_all, has_some
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import Row
from wattshare.custodian.store.plain import known_text, write_text
from wattshare.custodian.store.premises import USAGE_POINT, read_usage_point
from wattshare.custodian.store.prepared import Prepared
from wattshare.custodian.store.tiers import SHARES, Scope, Tiers
from wattshare.custodian.store.underway import is_there
from wattshare.espi import ids
from wattshare.espi.usage import ReadingType

# the phase of residential electricity, which a ReadingTypeID prints as absent
RESIDENTIAL_PHASE = 769
DELIVERED, RECEIVED = 1, 19


# usage points that are asked for again and again
KEPT = 4_096
SHARE = OPEN_SHARES.subquery("share")
# made once, for every call of the API
USAGE_POINTS = Prepared(
    select(USAGE_POINT)
    .where(USAGE_POINT.c.id.in_(select(SHARE.c.usage_point_id)))
    .order_by(
        case({kind.value: kind.service_kind for kind in Commodity}, value=USAGE_POINT.c.commodity), USAGE_POINT.c.id
    )
)


def _told(*which: ColumnElement[bool]) -> Select[tuple[Any, ...]]:
    return (
        select(CHANNEL, READING_TYPE.c.content)
        .join(READING_TYPE, READING_TYPE.c.id == CHANNEL.c.reading_type_id)
        .where(*which)
        .order_by(CHANNEL.c.number)
    )


HERE = and_(
    INTERVAL_BLOCK.c.usage_point_id == CHANNEL.c.usage_point_id,
    INTERVAL_BLOCK.c.channel == CHANNEL.c.number,
    is_there(INTERVAL_BLOCK),
)
# what is opened of the one usage point
OPENED = SHARES[True]
CLOSED = (SEGMENT.c.usage_point_id == CHANNEL.c.usage_point_id) & (SEGMENT.c.channel == CHANNEL.c.number)
SHARED_MONTHS = select(SEGMENT.c.month).join(OPENED, OPENED.c.usage_point_id == SEGMENT.c.usage_point_id).where(CLOSED)
# measured on a day that is opened; or never at all
SURE = or_(
    select(INTERVAL_BLOCK.c.start).where(HERE, held_in(OPENED, INTERVAL_BLOCK)).exists(),
    SHARED_MONTHS.where(has_all(OPENED.c.since, OPENED.c.until)).correlate(CHANNEL).exists(),
    ~select(INTERVAL_BLOCK.c.start).where(HERE).exists() & ~select(SEGMENT.c.month).where(CLOSED).exists(),
)
CHANNELS_SHARED = Prepared(
    _told(
        CHANNEL.c.usage_point_id == bindparam("of_usage_point"),
        CHANNEL.c.usage_point_id.in_(select(OPENED.c.usage_point_id)),
        or_(SURE, SHARED_MONTHS.where(has_some(OPENED.c.since, OPENED.c.until)).correlate(CHANNEL).exists()),
    ).add_columns(SURE.label("sure"))
)


class Channels:
    """Channels and reading types, by usage point and by authorization."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    # what comes

    def put_reading_type(self, reading_type: ReadingType) -> str:
        """Keep a reading type; its id. Equal ones are one, different ones never have the same id."""
        name, known = self.name_reading_type(reading_type)
        if not known:
            self.keep_reading_type(name, reading_type)
        return name

    def name_reading_type(self, reading_type: ReadingType, taken: Collection[str] = ()) -> tuple[str, bool]:
        """The id of a reading type, and whether it is kept already; a new one is none that is taken."""
        content = write_text(reading_type)
        known = self._connection.scalar(select(READING_TYPE.c.id).where(READING_TYPE.c.content == content))
        if known is not None:
            return str(known), True
        phase = None if reading_type.phase == RESIDENTIAL_PHASE else reading_type.phase
        for variant in count(1):
            name = ids.reading_type_id(
                reading_type.uom, phase, reading_type.interval_length, reading_type.flow_direction, variant
            )
            if name not in taken and self.reading_type(name) is None:
                break
        return name, False

    def keep_reading_type(self, name: str, reading_type: ReadingType) -> None:
        """Keep a new reading type under its id."""
        self._connection.execute(READING_TYPE.insert(), {"id": name, "content": write_text(reading_type)})

    def add_channel(self, channel: Channel) -> Channel:
        """Keep a new channel; with the id of its reading type, and a number where it has none (0)."""
        number = channel.number
        if not number:
            greatest = select(func.max(CHANNEL.c.number)).where(CHANNEL.c.usage_point_id == channel.usage_point_id)
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

    def add_channels(self, channels: Iterable[Channel]) -> None:
        """Keep many new channels, whose numbers and reading types are known, in one statement."""
        rows = [
            {
                "usage_point_id": channel.usage_point_id,
                "number": channel.number,
                "reading_type_id": channel.reading_type_id,
                "meter_serial": channel.meter_serial,
            }
            for channel in channels
        ]
        self._connection.execute(CHANNEL.insert(), rows)

    # what is known

    def channels(self, usage_point_id: int) -> tuple[Channel, ...]:
        """Every channel of a usage point, delivered first."""
        return self._channels(CHANNEL.c.usage_point_id == usage_point_id)

    def reading_type(self, reading_type_id: str) -> ReadingType | None:
        """The reading type of that id."""
        found = select(READING_TYPE.c.content).where(READING_TYPE.c.id == reading_type_id)
        content = self._connection.scalar(found)
        return None if content is None else known_text(content, ReadingType)

    def reading_types(self) -> tuple[tuple[str, ReadingType], ...]:
        """Every reading type that there is, with its id. None of them says anything of anybody."""
        rows = self._connection.execute(select(READING_TYPE).order_by(READING_TYPE.c.id))
        return tuple((row.id, known_text(row.content, ReadingType)) for row in rows)

    # what an authorization opens

    def usage_points(self, authorization: Authorization, at: int) -> tuple[UsagePoint, ...]:
        """The usage points of an authorization: electricity before gas, then by id; each once."""
        rows = USAGE_POINTS.rows(self._connection, of_held(authorization, at))
        return tuple(map(_known_point, rows))

    def channels_shared(self, authorization: Authorization, usage_point_id: int, at: int) -> tuple[Channel, ...]:
        """The channels of one usage point, if the authorization opens it; delivered first.

        A channel that measured on other people's days only, such as a former tenant's solar, is not there.
        """
        place = {"of_usage_point": usage_point_id, **of_held(authorization, at)}
        columns = CHANNELS_SHARED.columns
        rows = [dict(zip(columns, row, strict=True)) for row in CHANNELS_SHARED.rows(self._connection, place)]
        tiers = Tiers(connection=self._connection, authorization=authorization, at=at)
        # where an agreement begins or ends within a month, the month's days are looked at
        seen = (row for row in rows if row["sure"] or tiers.extent(Scope(usage_point_id, row["number"]), Cut()))
        return tuple(sorted(map(read_channel, seen), key=channel_rank))

    def reading_types_shared(self, authorization: Authorization, at: int) -> tuple[tuple[str, ReadingType], ...]:
        """The reading types of the usage points that an authorization opens, with their ids."""
        share = open_shares(authorization, at).subquery("share")
        used = select(CHANNEL.c.reading_type_id).where(CHANNEL.c.usage_point_id.in_(select(share.c.usage_point_id)))
        rows = self._connection.execute(
            select(READING_TYPE).where(READING_TYPE.c.id.in_(used)).order_by(READING_TYPE.c.id)
        )
        return tuple((row.id, known_text(row.content, ReadingType)) for row in rows)

    # parts

    def _channels(self, which: ColumnElement[bool]) -> tuple[Channel, ...]:
        return _read(self._connection.execute(_told(which)))


@lru_cache(maxsize=KEPT)
def _known_point(row: tuple[Any, ...]) -> UsagePoint:
    """The usage point of a row of `USAGE_POINTS`: what is equal is read once."""
    return read_usage_point(dict(zip(USAGE_POINTS.columns, row, strict=True)))


def channel_rank(channel: Channel) -> tuple[int, int]:
    """Delivered, received, everything else; then by number."""
    flow = channel.reading_type.flow_direction
    return {None: 0, DELIVERED: 0, RECEIVED: 1}.get(flow, 2), channel.number


def _read(rows: Result[Any]) -> tuple[Channel, ...]:
    return tuple(sorted(map(read_channel, rows.mappings()), key=channel_rank))


def read_channel(row: Row) -> Channel:
    """The channel of a row, which has its type's content."""
    return Channel(
        usage_point_id=row["usage_point_id"],
        number=row["number"],
        reading_type_id=row["reading_type_id"],
        reading_type=known_text(row["content"], ReadingType),
        meter_serial=row["meter_serial"],
    )
