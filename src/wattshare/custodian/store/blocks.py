"""Tables of readings, and which of their rows an authorization and a window take.

A block belongs, whole, to who held the agreement on its day. An agreement that ends in the middle of a day
ends, for its readings, with the midnight before; one that starts in the middle of a day starts with the same
midnight. So the day of a move is the newcomer's: it goes to one of the two, never to both. Two numbers are
kept beside the block so that this is a comparison, without a calendar:

    share.since < held_from and held_to <= share.until

Both are the end of the block's local day: the day that `since` is in ends after it, the day before does not.

- A reading longer than a day is seen only by who had the service for all of it, to the second: `held_from` is
  the second after its start, `held_to` the second before its end (a gas month ends a second after midnight).
- A day whose last reading reaches far into the next day, as one from noon to noon does, is held to that end.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    or_,
    select,
)

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.packing import estimated_in, is_long
from wattshare.custodian.model.readings import Block
from wattshare.custodian.store.authorizations import open_shares
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.underway import is_there
from wattshare.espi.profile import Profile
from wattshare.espi.window import Window

# what may stick out of a day: a gas day's second, and the hour that a 23-hour day of 24 hours has too much
SPILL = 3_601

READING_TYPE = Table(
    "reading_type",
    METADATA,
    Column("id", String, primary_key=True),
    # as espi.plain writes it
    Column("content", Text, nullable=False, unique=True),
)

CHANNEL = Table(
    "channel",
    METADATA,
    Column("usage_point_id", Big, ForeignKey("usage_point.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("reading_type_id", String, ForeignKey("reading_type.id"), nullable=False),
    Column("meter_serial", String),
)

# what is packed, in both tables below
NUMBERS = ("step", "count", "width")
SIDECARS = ("presence", "grid", "quality", "tou", "cost", "tier", "cpp", "valueless")
PACKED = (*NUMBERS, "values", *SIDECARS)
PACKED_OF = attrgetter(*PACKED)


def _packed_columns(prefix: str = "") -> list[Column[Any]]:
    return [
        Column(
            prefix + name,
            Big if name in NUMBERS else LargeBinary,
            nullable=name in SIDECARS,
        )
        for name in PACKED
    ]


INTERVAL_BLOCK = Table(
    "interval_block",
    METADATA,
    Column("usage_point_id", Big, primary_key=True, autoincrement=False),
    Column("channel", Integer, primary_key=True, autoincrement=False),
    Column("start", Big, primary_key=True, autoincrement=False),
    Column("duration", Big, nullable=False),
    Column("day_end", Big, nullable=False),
    Column("held_from", Big, nullable=False),
    Column("held_to", Big, nullable=False),
    *_packed_columns(),
    Column("first_revision", Big, nullable=False),
    Column("revision", Big, nullable=False),
    Column("published_at", Big, nullable=False),
    Column("updated_at", Big, nullable=False),
    # of the readings, for completeness
    Column("estimated", Integer, nullable=False, server_default="0"),
    Column("corrected", Integer, nullable=False, server_default="0"),
    Column("late", Integer, nullable=False, server_default="0"),
    # elsewhere its check would cost as much as all the rest of loading
    ForeignKeyConstraint(["usage_point_id", "channel"], ["channel.usage_point_id", "channel.number"]).ddl_if("sqlite"),
    # the delta goes by time of change
    Index("ix_interval_block_updated_at", "updated_at", "usage_point_id"),
    # rows of PostgreSQL lie in the order of their days
    Index("ix_interval_block_start", "start", postgresql_using="brin").ddl_if("postgresql"),
    postgresql_partition_by="RANGE (start)",
)

# only the readings that were replaced, and what replaced them; as blocks of their own
CORRECTION = Table(
    "correction",
    METADATA,
    Column("usage_point_id", Big, primary_key=True, autoincrement=False),
    Column("channel", Integer, primary_key=True, autoincrement=False),
    Column("start", Big, primary_key=True, autoincrement=False),
    Column("revision", Big, primary_key=True, autoincrement=False),
    # beside one another where one revision changes a block twice
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Big, nullable=False),
    Column("reason", String, nullable=False),
    Column("day_end", Big, nullable=False),
    *_packed_columns("old_"),
    *_packed_columns("new_"),
    ForeignKeyConstraint(["usage_point_id", "channel"], ["channel.usage_point_id", "channel.number"]),
    # what was corrected since somebody looked
    Index("ix_correction_revision", "revision", "usage_point_id"),
)


def holding(start: int, duration: int, day_end: int) -> tuple[int, int]:
    """The two numbers that say who may have a block: `held_from` and `held_to`."""
    end = start + duration
    if is_long(start, day_end):
        return start + 1, end - 1
    return day_end, end if end > day_end + SPILL else day_end


def block_row(block: Block) -> tuple[Any, ...]:
    """The row of a block, in the order of the columns."""
    return (
        block.usage_point_id,
        block.channel,
        block.start,
        block.duration,
        block.day_end,
        *holding(block.start, block.duration, block.day_end),
        *PACKED_OF(block),
        block.first_revision or block.revision,
        block.revision,
        block.published_at or block.updated_at,
        block.updated_at,
        estimated_in(block),
        block.corrected,
        block.late,
    )


def block_columns(block: Block) -> dict[str, Any]:
    """The same by the columns' names."""
    return dict(zip(ROW_COLUMNS, block_row(block), strict=True))


def packed_columns(block: Block, prefix: str = "") -> dict[str, Any]:
    """The packed part of a row."""
    return {prefix + name: part for name, part in zip(PACKED, PACKED_OF(block), strict=True)}


def read_block(row: Mapping[Any, Any]) -> Block:
    """The block of a row."""
    return block_of([row[name] for name in BLOCK_COLUMNS])


def block_of(values: Sequence[Any]) -> Block:
    """The block of `BLOCK_COLUMNS`, in their order.

    A frozen value sets each of its fields by a call; here all are set at once, as a year's blocks are many.
    """
    block = object.__new__(Block)
    block.__dict__.update(zip(BLOCK_COLUMNS, values, strict=True))
    return block


ROW_COLUMNS = tuple(column.name for column in INTERVAL_BLOCK.c)
BLOCK_COLUMNS = tuple(name for name in ROW_COLUMNS if name not in ("held_from", "held_to", "estimated"))


def held(authorization: Authorization, at: int, table: FromClause = INTERVAL_BLOCK) -> ColumnElement[bool]:
    """Whether a block is of a day that the authorization opens: the whole chain, inside the statement."""
    return held_in(open_shares(authorization, at).subquery("share"), table)


def held_in(share: FromClause, table: FromClause) -> ColumnElement[bool]:
    """Whether a block is of a day that a share opens."""
    mine = share.c.usage_point_id == table.c.usage_point_id
    return select(share.c.usage_point_id).where(mine, within(share, table)).exists()


def within(share: FromClause, table: FromClause) -> ColumnElement[bool]:
    """Whether a block is there, of a day that a share opens; of the same usage point, which the caller has to say."""
    blocks = table.c
    until = or_(share.c.until.is_(None), blocks.held_to <= share.c.until)
    return and_(share.c.since < blocks.held_from, until, is_there(table))


def covers(
    window: Window | None,
    profile: Profile,
    start: ColumnElement[int],
    day_end: ColumnElement[int],
    updated_at: ColumnElement[int],
) -> ColumnElement[bool]:
    """The rules of a window on three columns; a minimum inside a day takes that day."""
    return ruled(bounds_of(window), profile.half_open_windows, start, day_end, updated_at)


def bounds_of(window: Window | None) -> dict[str, int]:
    """The bounds that a window has, by name."""
    named = ((name, getattr(window, name)) for name in BOUNDS) if window is not None else ()
    return {name: bound for name, bound in named if bound is not None}


BOUNDS = ("published_min", "published_max", "updated_min", "updated_max")


def ruled(
    bounds: Mapping[str, Any],
    half_open: bool,
    start: ColumnElement[int],
    day_end: ColumnElement[int],
    updated_at: ColumnElement[int],
) -> ColumnElement[bool]:
    """The rules of bounds by name, which are numbers or what stands for them in a statement that is made once."""
    rules: list[ColumnElement[bool]] = []
    if (bound := bounds.get("published_min")) is not None:
        rules.append(day_end > bound)
    if (bound := bounds.get("published_max")) is not None:
        rules.append(start < bound if half_open else start <= bound)
    if (bound := bounds.get("updated_min")) is not None:
        rules.append(updated_at >= bound)
    if (bound := bounds.get("updated_max")) is not None:
        rules.append(updated_at <= bound)
    return and_(True, *rules)
