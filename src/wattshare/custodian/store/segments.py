"""Segments on their way in: written in the place of what a channel had of the month."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete

from wattshare.custodian.model.readings import Block
from wattshare.custodian.store.history import SEGMENT, segment_row
from wattshare.custodian.store.statements import insert

KEY = [column.name for column in SEGMENT.primary_key]


def write_segments(connection: Connection, segments: Iterable[tuple[int, list[Block]]]) -> None:
    """Keep segments: of each the month, and all its blocks."""
    rows = [segment_row(blocks, month) for month, blocks in segments]
    if not rows:
        return
    statement = insert(connection, SEGMENT)
    others = {column.name: statement.excluded[column.name] for column in SEGMENT.c if not column.primary_key}
    connection.execute(statement.on_conflict_do_update(index_elements=KEY, set_=others), rows)


def remove_segment(connection: Connection, usage_point_id: int, channel: int, month: int) -> None:
    """Drop a segment of which nothing is left."""
    here = zip(SEGMENT.primary_key, (usage_point_id, channel, month), strict=True)
    connection.execute(delete(SEGMENT).where(*(column == value for column, value in here)))
