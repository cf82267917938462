"""Rows that are kept already, found for many blocks that come, in one statement."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    FromClause,
    Integer,
    Select,
    Table,
    bindparam,
    column,
    func,
    select,
)

from wattshare.custodian.model.packing import LONGEST_DAY, identity, unpack
from wattshare.custodian.model.readings import Block
from wattshare.custodian.model.segments import Segment
from wattshare.custodian.store.blocks import BLOCK_COLUMNS, CORRECTION, INTERVAL_BLOCK, PACKED, read_block
from wattshare.custodian.store.history import SEGMENT, SEGMENT_COLUMNS, month_of, read_segment
from wattshare.custodian.store.underway import is_there

ARRAYS = {"points": BigInteger, "channels": Integer, "firsts": BigInteger, "lasts": BigInteger}


class Span(NamedTuple):
    """A stretch of one channel: from the first start to the last one, both in."""

    usage_point_id: int
    channel: int
    first: int
    last: int


def spans_of(blocks: Iterable[Block]) -> tuple[Span, ...]:
    """Where the days that blocks belong into can start: one span for each channel among them."""
    return spans_of_days((block.usage_point_id, block.channel, block.start, block.day_end) for block in blocks)


def spans_of_days(days: Iterable[tuple[int, int, int, int]]) -> tuple[Span, ...]:
    """The same of days by usage point, channel, start and the end of the day."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for point, channel, start, day_end in days:
        key = point, channel
        # a gas day starts a second after midnight until a reading of midnight comes
        first, last = min(start, day_end - LONGEST_DAY), day_end
        if key in found:
            first, last = min(first, found[key][0]), max(last, found[key][1])
        found[key] = first, last
    return tuple(Span(*key, *bounds) for key, bounds in found.items())


def channels_within(connection: Connection, spans: tuple[Span, ...]) -> set[tuple[int, int]]:
    """The usage points and channels that have blocks that start within one of some spans."""
    rows = connection.execute(CHANNELS[connection.dialect.name], _told(connection, spans))
    return {(point, channel) for point, channel in rows}


def blocks_within(connection: Connection, spans: tuple[Span, ...]) -> Iterator[Block]:
    """The blocks that start within one of some spans."""
    for row in connection.execute(BLOCKS[connection.dialect.name], _told(connection, spans)).mappings():
        yield read_block(row)


def segments_within(connection: Connection, spans: tuple[Span, ...]) -> Iterator[Segment]:
    """The segments that have months of some spans."""
    if not spans:
        return
    months = tuple(Span(span.usage_point_id, span.channel, month_of(span.first), span.last) for span in spans)
    for row in connection.execute(SEGMENTS[connection.dialect.name], _told(connection, months)).mappings():
        yield read_segment(row)


def entries_within(connection: Connection, spans: tuple[Span, ...], revision: int) -> dict[tuple[int, int, int], int]:
    """How many entries of the ledger a revision has made, by usage point, channel and start."""
    told = _told(connection, spans) | {"of_revision": revision}
    rows = connection.execute(ENTRIES[connection.dialect.name], told)
    return {(point, channel, start): count for point, channel, start, count in rows}


def corrected_within(connection: Connection, usage_point_id: int, channel: int, start: int) -> set[tuple[int, bool]]:
    """Which readings of a day the ledger has, by their identity."""
    kept, place = CORRECTION.c, {"usage_point_id": usage_point_id, "channel": channel, "start": start}
    columns = (kept.day_end, *(kept["old_" + name].label(name) for name in PACKED))
    rows = connection.execute(select(*columns).where(*(kept[name] == value for name, value in place.items())))
    blocks = (Block(**place, duration=0, **row) for row in rows.mappings())  # type: ignore[arg-type]  # as PACKED has it
    return {identity(reading) for block in blocks for reading in unpack(block)}


def _told(connection: Connection, spans: tuple[Span, ...]) -> dict[str, Any]:
    # which months can be concerned, before any is looked at
    told: dict[str, Any] = {"least": min(span.first for span in spans), "most": max(span.last for span in spans)}
    if connection.dialect.name == "postgresql":
        return told | dict(zip(ARRAYS, map(list, zip(*spans, strict=True)), strict=True))
    return told | {"spans": json.dumps(spans)}


def _arrays() -> tuple[FromClause, list[Any]]:
    given = (bindparam(name, type_=ARRAY(of)) for name, of in ARRAYS.items())
    span = func.unnest(*given).table_valued(*map(column, ARRAYS), name="span").render_derived()
    return span, [span.c[name] for name in ARRAYS]


def _json() -> tuple[FromClause, list[Any]]:
    span = func.json_each(bindparam("spans")).table_valued("value", name="span")
    return span, [func.json_extract(span.c.value, f"$[{place}]") for place in range(len(ARRAYS))]


# what the two databases call a table of what they are given
GIVEN = {"postgresql": _arrays(), "sqlite": _json()}


def _within(table: Table, *columns: Any, by: str = "start") -> dict[str, Select[Any]]:
    """The rows of a table that start within one of the spans, for each database."""
    begins = table.c[by]

    def found(span: FromClause, point: Any, channel: Any, first: Any, last: Any) -> Select[Any]:
        kept = table.c
        here = (kept.usage_point_id == point) & (kept.channel == channel) & begins.between(first, last)
        in_time = begins.between(bindparam("least"), bindparam("most"))
        seen = [is_there(table)] if table is INTERVAL_BLOCK else []
        return select(*columns).select_from(span).join(table, here).where(in_time, *seen)

    return {name: found(span, *parts) for name, (span, parts) in GIVEN.items()}


def _entries() -> dict[str, Select[Any]]:
    kept = CORRECTION.c
    day = (kept.usage_point_id, kept.channel, kept.start)
    statements = _within(CORRECTION, *day, func.count())
    return {
        name: statement.where(kept.revision == bindparam("of_revision")).group_by(*day)
        for name, statement in statements.items()
    }


BLOCKS = _within(INTERVAL_BLOCK, *(INTERVAL_BLOCK.c[name] for name in BLOCK_COLUMNS))
CHANNELS = {
    name: statement.distinct()
    for name, statement in _within(INTERVAL_BLOCK, INTERVAL_BLOCK.c.usage_point_id, INTERVAL_BLOCK.c.channel).items()
}
SEGMENTS = _within(SEGMENT, *(SEGMENT.c[name] for name in SEGMENT_COLUMNS), by="month")
ENTRIES = _entries()
