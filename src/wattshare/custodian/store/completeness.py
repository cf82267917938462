"""What is received of each day, from both tiers in one statement. It is counted with every block that comes."""

from collections.abc import Collection, Iterator
from itertools import chain
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    LargeBinary,
    Select,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    text,
    union_all,
)

from wattshare.custodian.model.completeness import Received
from wattshare.custodian.model.packing import unpack
from wattshare.custodian.model.readings import Reading
from wattshare.custodian.model.segments import marks_of, read_blocks, read_marks
from wattshare.custodian.store.blocks import INTERVAL_BLOCK
from wattshare.custodian.store.history import SEGMENT
from wattshare.custodian.store.kept import Span, blocks_within, segments_within
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import Big
from wattshare.custodian.store.underway import is_there

BLOCKS, MONTHS = INTERVAL_BLOCK.c, SEGMENT.c
POINTS = bindparam("points", type_=Big, expanding=True)
FIRST, AFTER = bindparam("first", type_=Big), bindparam("after", type_=Big)
COUNTS = ("count", "estimated", "corrected", "late")


def _received() -> Executable:
    rows = select(
        BLOCKS.usage_point_id,
        BLOCKS.channel,
        BLOCKS.start,
        *(BLOCKS[name] for name in COUNTS),
        cast(null(), LargeBinary).label("marks"),
    ).where(BLOCKS.usage_point_id.in_(POINTS), BLOCKS.start >= FIRST, BLOCKS.start < AFTER, is_there(INTERVAL_BLOCK))
    months = select(
        MONTHS.usage_point_id, MONTHS.channel, MONTHS.month, *(literal(0) for _ in COUNTS), MONTHS.marks
    ).where(MONTHS.usage_point_id.in_(POINTS), MONTHS.most_start >= FIRST, MONTHS.least_start < AFTER)
    # usage point, channel, start or month
    return union_all(rows, months).order_by(text("1, 2, 3"))


def _spans() -> Select[Any]:
    rows = select(BLOCKS.usage_point_id, BLOCKS.channel, BLOCKS.start.label("first"), BLOCKS.start.label("last")).where(
        BLOCKS.usage_point_id.in_(POINTS), is_there(INTERVAL_BLOCK)
    )
    months = select(MONTHS.usage_point_id, MONTHS.channel, MONTHS.least_start, MONTHS.most_start).where(
        MONTHS.usage_point_id.in_(POINTS)
    )
    both = union_all(rows, months).subquery("both")
    place = (both.c.usage_point_id, both.c.channel)
    return select(*place, func.min(both.c.first), func.max(both.c.last)).group_by(*place)


RECEIVED, SPANS = _received(), _spans()


class Completeness:
    """Counts of readings."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def received(self, usage_point_ids: Collection[int], first: int, after: int) -> Iterator[Received]:
        """What there is of blocks that start in [first, after), by usage point and channel."""
        told = {"points": list(usage_point_ids), "first": first, "after": after}
        for point, channel, start, *counts, marks in self._connection.execute(RECEIVED, told):
            if marks is None:
                yield _received_of(point, channel, start, counts)
                continue
            for mark in marks_of(marks):
                if first <= mark.start < after:
                    yield _received_of(point, channel, mark.start, [getattr(mark, name) for name in COUNTS])

    def spans(self, usage_point_ids: Collection[int]) -> dict[tuple[int, int], tuple[int, int]]:
        """The starts of the first and of the last block of each channel that has any."""
        rows = self._connection.execute(SPANS, {"points": list(usage_point_ids)})
        return {(point, channel): (first, last) for point, channel, first, last in rows}

    def readings_at(self, usage_point_id: int, channel: int, start: int) -> tuple[Reading, ...]:
        """The readings of one block by its start, in order."""
        here = (Span(usage_point_id, channel, start, start),)
        closed = (read_blocks(segment, read_marks(segment)) for segment in segments_within(self._connection, here))
        for block in chain(blocks_within(self._connection, here), *closed):
            if block.start == start:
                return unpack(block)
        return ()


def _received_of(point: int, channel: int, start: int, counts: list[int]) -> Received:
    readings, estimated, corrected, late = counts
    return Received(
        usage_point_id=point,
        channel=channel,
        start=start,
        readings=readings,
        estimated=estimated,
        corrected=corrected,
        late=late,
    )
