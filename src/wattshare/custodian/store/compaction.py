"""Months on their way from the hot tier into the history, some channels at a time.

One transaction takes the days of some channels out of the hot tier and writes their segments. So whoever reads finds
each day once, before and after, and what is killed in between has done nothing. Where a channel has a segment of the
month already, the days that came since join it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, select, text, tuple_

from wattshare.custodian.model.readings import Block
from wattshare.custodian.model.segments import read_blocks, read_marks
from wattshare.custodian.store.blocks import BLOCK_COLUMNS, INTERVAL_BLOCK, read_block
from wattshare.custodian.store.history import CLOSED_MONTH, EVER, SEGMENT, month_after, month_of, read_segment
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import Big
from wattshare.custodian.store.revisions import TAKING_IN
from wattshare.custodian.store.segments import write_segments
from wattshare.custodian.store.statements import alone, insert

# channels of one transaction: a few megabytes, and less than a second
CHANNELS = 200
# before every channel
FIRST = (-1, -1)

BLOCKS, PLACE = INTERVAL_BLOCK.c, tuple_(INTERVAL_BLOCK.c.usage_point_id, INTERVAL_BLOCK.c.channel)
IN_MONTH = and_(BLOCKS.start >= bindparam("month", type_=Big), BLOCKS.start < bindparam("after_month", type_=Big))


def _from(name: str) -> Any:
    return tuple_(bindparam(f"{name}_point", type_=Big), bindparam(f"{name}_channel", type_=Big))


NEXT = (
    select(BLOCKS.usage_point_id, BLOCKS.channel)
    .where(IN_MONTH, _from("done") < PLACE)
    .distinct()
    .order_by(BLOCKS.usage_point_id, BLOCKS.channel)
    .limit(bindparam("channels"))
)
THESE = and_(IN_MONTH, _from("done") < PLACE, _from("last") >= PLACE)
HOT = (
    select(*(BLOCKS[name] for name in BLOCK_COLUMNS))
    .where(THESE)
    .order_by(BLOCKS.usage_point_id, BLOCKS.channel, BLOCKS.start)
)
HISTORY = select(SEGMENT).where(
    SEGMENT.c.month == bindparam("month", type_=Big),
    tuple_(SEGMENT.c.usage_point_id, SEGMENT.c.channel) > _from("done"),
    tuple_(SEGMENT.c.usage_point_id, SEGMENT.c.channel) <= _from("last"),
)
REMOVE = delete(INTERVAL_BLOCK).where(THESE)
SOME = select(BLOCKS.start).where(IN_MONTH).limit(1)
DROP_MONTH = text("SELECT drop_month(:month)").bindparams(bindparam("month", type_=Big))

# PostgreSQL's partitions, by name
PARTITIONS = text(
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'interval_block'::regclass ORDER BY 1"
)
# what still sees what was there before a transaction
LOOKING_BACK = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_xmin IS NOT NULL AND age(backend_xmin) > age(CAST(:seen AS xid))"
)


@dataclass(frozen=True, kw_only=True)
class Closed:
    """What one step has moved."""

    channels: int
    blocks: int
    # the last channel, to go on after
    last: tuple[int, int]


class History:
    """The way into the history."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def open_months(self, before: int) -> tuple[int, ...]:
        """The months that end at `before` or earlier and have days in the hot tier, the earliest first."""
        if self._connection.dialect.name == "postgresql":
            return tuple(month for month in self._months(before) if not self._is_empty(month))
        # one look at everything that is old enough, whichever months it is of
        last = month_of(before)
        day = BLOCKS.start - BLOCKS.start % 86_400
        found = self._connection.execute(select(day).where(BLOCKS.start < last).distinct()).scalars()
        return tuple(sorted({month_of(start) for start in found}))

    def empty_months(self, before: int) -> tuple[int, ...]:
        """The months that end by then and have a partition with nothing in it."""
        if self._connection.dialect.name != "postgresql":
            return ()
        return tuple(month for month in self._months(before) if self._is_empty(month))

    def close(self, month: int, done: tuple[int, int], at: int, channels: int = CHANNELS) -> Closed | None:
        """Move the days of the next channels after `done` into their segments; None: there are no more."""
        alone(self._connection, TAKING_IN)
        told: dict[str, Any] = {"month": month, "after_month": month_after(month)}
        told |= {"done_point": done[0], "done_channel": done[1]}
        found = self._connection.execute(NEXT, told | {"channels": channels}).all()
        if not found:
            return None
        told |= {"last_point": found[-1][0], "last_channel": found[-1][1]}
        hot = [read_block(row) for row in self._connection.execute(HOT, told).mappings()]
        kept = self._kept(told)
        segments = []
        for place, days in groupby(hot, lambda block: (block.usage_point_id, block.channel)):
            segments.append((month, [*kept.get(place, ()), *days]))
        closed = insert(self._connection, CLOSED_MONTH).values(month=month, at=at)
        self._connection.execute(closed.on_conflict_do_nothing(index_elements=["month"]))
        write_segments(self._connection, segments)
        self._connection.execute(REMOVE, told)
        return Closed(channels=len(segments), blocks=len(hot), last=(found[-1][0], found[-1][1]))

    def _kept(self, told: dict[str, Any]) -> dict[tuple[int, int], list[Block]]:
        """What the history has of these channels and this month already."""
        segments = map(read_segment, self._connection.execute(HISTORY, told).mappings())
        return {
            (segment.usage_point_id, segment.channel): list(read_blocks(segment, read_marks(segment)))
            for segment in segments
        }

    # partitions

    def emptied(self, month: int) -> str | None:
        """What a partition of nothing can be dropped by, once nobody looks back to before it; None: there is none.

        SQLite has no partitions.
        """
        if self._connection.dialect.name != "postgresql":
            return None
        if month not in self._months(EVER) or not self._is_empty(month):
            return None
        seen: str = self._connection.execute(text("SELECT CAST(pg_current_xact_id()::xid AS text)")).scalar_one()
        return seen

    def drop(self, month: int, seen: str) -> bool:
        """Drop a partition that was empty at `seen`. Not while somebody reads, or sees what was in it before.

        Raises:
            Unavailable: somebody reads.
        """
        alone(self._connection, TAKING_IN)
        # readers queue behind whoever waits for this
        self._connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
        self._connection.execute(text("LOCK TABLE interval_block IN ACCESS EXCLUSIVE MODE"))
        if self._connection.scalar(LOOKING_BACK, {"seen": seen}):
            return False
        return bool(self._connection.scalar(DROP_MONTH, {"month": month}))

    def _months(self, before: int) -> tuple[int, ...]:
        """The months that have partitions and end by then."""
        named = map(month_named, self._connection.execute(PARTITIONS).scalars())
        return tuple(month for month in sorted(named) if month_after(month) <= before)

    def _is_empty(self, month: int) -> bool:
        told = {"month": month, "after_month": month_after(month)}
        return self._connection.execute(SOME, told).first() is None


def month_named(partition: str) -> int:
    """The month of a partition."""
    return int(datetime.strptime(partition.rpartition("interval_block_")[2], "%Y_%m").replace(tzinfo=UTC).timestamp())
