"""The history tier: closed months as segments, and the rules by which blocks are chosen in either tier.

A day of a channel is in one tier only. `interval_block`, the hot tier, has a row a day. `segment` has a row a month,
with the month's blocks packed and, beside them, the least and the most of everything that a rule compares: so most
months are taken or left whole by their row, and only of those that a bound cuts through are the marks looked at.
"""

from calendar import timegm
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    Table,
    and_,
    bindparam,
    or_,
)

from wattshare.custodian.model.readings import Block
from wattshare.custodian.model.segments import Mark, Segment, mark_of, pack_segment
from wattshare.custodian.store.blocks import INTERVAL_BLOCK, holding
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.espi.profile import Profile
from wattshare.espi.window import Window

# before and after every second
NEVER, EVER = -(1 << 62), 1 << 62
# no month is longer, and no start of a month is further from a start in it
LONGEST_MONTH = 31 * 86_400
# what rules compare
COMPARED = ("start", "day_end", "held_from", "held_to", "published_at", "updated_at")

SEGMENT = Table(
    "segment",
    METADATA,
    Column("usage_point_id", Big, primary_key=True, autoincrement=False),
    Column("channel", Integer, primary_key=True, autoincrement=False),
    # its first second, of UTC: blocks are in the month in which they start
    Column("month", Big, primary_key=True, autoincrement=False),
    # how many blocks
    Column("count", Integer, nullable=False),
    *(Column(f"{side}_{name}", Big, nullable=False) for name in COMPARED for side in ("least", "most")),
    Column("most_revision", Big, nullable=False),
    Column("marks", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    ForeignKeyConstraint(["usage_point_id", "channel"], ["channel.usage_point_id", "channel.number"]).ddl_if("sqlite"),
    # the delta goes by time of change
    Index("ix_segment_most_updated_at", "most_updated_at", "usage_point_id"),
)

SEGMENT_COLUMNS = ("usage_point_id", "channel", "month", "marks", "body")

# months of which there are segments
CLOSED_MONTH = Table(
    "closed_month",
    METADATA,
    Column("month", Big, primary_key=True, autoincrement=False),
    # when the first of them was written
    Column("at", Big, nullable=False),
)


@lru_cache(maxsize=4_096)
def month_of(start: int) -> int:
    """The month of a block that starts at a second: the month's first second."""
    day = datetime.fromtimestamp(start, UTC)
    return timegm((day.year, day.month, 1, 0, 0, 0))


def month_after(month: int) -> int:
    """The month that follows."""
    return month_of(month + LONGEST_MONTH)


def segment_row(blocks: Iterable[Block], month: int) -> dict[str, Any]:
    """The row of the blocks of one channel that start in a month, in any order."""
    ordered = sorted(blocks, key=lambda block: block.start)
    segment, facts = pack_segment(ordered, month), [compared(mark_of(block)) for block in ordered]
    row: dict[str, Any] = {
        "usage_point_id": segment.usage_point_id,
        "channel": segment.channel,
        "month": month,
        "count": len(ordered),
        "most_revision": max(block.revision for block in ordered),
        "marks": segment.marks,
        "body": segment.body,
    }
    for name in COMPARED:
        row |= {f"least_{name}": min(fact[name] for fact in facts), f"most_{name}": max(fact[name] for fact in facts)}
    return row


def read_segment(row: Mapping[Any, Any]) -> Segment:
    """The segment of a row."""
    return Segment(**{name: row[name] for name in SEGMENT_COLUMNS})


def compared(mark: Mark) -> dict[str, int]:
    """What rules compare of a block."""
    held_from, held_to = holding(mark.start, mark.duration, mark.day_end)
    return {
        "start": mark.start,
        "day_end": mark.day_end,
        "held_from": held_from,
        "held_to": held_to,
        "published_at": mark.published_at,
        "updated_at": mark.updated_at,
    }


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Which blocks of what is opened are taken. Every bound is there, most of them far away.

    So every statement with it is made once, and given the bounds.
    """

    # the day ends after it
    ends_after: int = NEVER
    # starts then or before, from then on or later
    starts_by: int = EVER
    starts_from: int = NEVER
    changed_from: int = NEVER
    changed_by: int = EVER
    # was there then
    known_by: int = EVER
    # and, whatever the bounds say, the block that starts then
    also: int = NEVER

    @classmethod
    def of(cls, window: Window | None, profile: Profile) -> "Cut":
        """`Window.covers_block` and `Window.covers_change`."""
        if window is None or window.unbounded:
            return cls()
        last = window.published_max
        if last is not None and profile.half_open_windows:
            last -= 1
        return cls(
            ends_after=NEVER if window.published_min is None else window.published_min,
            starts_by=EVER if last is None else last,
            changed_from=NEVER if window.updated_min is None else window.updated_min,
            changed_by=EVER if window.updated_max is None else window.updated_max,
        )

    def told(self) -> dict[str, int]:
        """What a statement with it is given."""
        return {f"cut_{name}": bound for name, bound in vars(self).items()}

    def takes(self, fact: Mapping[str, int]) -> bool:
        """Whether it takes a block."""
        return fact["start"] == self.also or (
            fact["day_end"] > self.ends_after
            and self.starts_from <= fact["start"] <= self.starts_by
            and self.changed_from <= fact["updated_at"] <= self.changed_by
            and fact["published_at"] <= self.known_by
        )


def held_by(since: int, until: int | None, fact: Mapping[str, int]) -> bool:
    """Whether a share has a block, as `blocks.held` says it."""
    return since < fact["held_from"] and (until is None or fact["held_to"] <= until)


def _bound(name: str) -> ColumnElement[int]:
    return bindparam(f"cut_{name}", type_=Big)


def takes_block() -> ColumnElement[bool]:
    """`Cut.takes` of a row of the hot tier."""
    blocks = INTERVAL_BLOCK.c
    return or_(
        blocks.start == _bound("also"),
        and_(
            blocks.day_end > _bound("ends_after"),
            blocks.start.between(_bound("starts_from"), _bound("starts_by")),
            blocks.updated_at.between(_bound("changed_from"), _bound("changed_by")),
            blocks.published_at <= _bound("known_by"),
        ),
    )


def takes_some() -> ColumnElement[bool]:
    """Whether it may take a block of a segment."""
    segments = SEGMENT.c
    return or_(
        and_(segments.least_start <= _bound("also"), _bound("also") <= segments.most_start),
        and_(
            segments.most_day_end > _bound("ends_after"),
            segments.most_start >= _bound("starts_from"),
            segments.least_start <= _bound("starts_by"),
            segments.most_updated_at >= _bound("changed_from"),
            segments.least_updated_at <= _bound("changed_by"),
            segments.least_published_at <= _bound("known_by"),
        ),
    )


def takes_all() -> ColumnElement[bool]:
    """Whether it takes every block of a segment."""
    segments = SEGMENT.c
    return and_(
        segments.least_day_end > _bound("ends_after"),
        segments.least_start >= _bound("starts_from"),
        segments.most_start <= _bound("starts_by"),
        segments.least_updated_at >= _bound("changed_from"),
        segments.most_updated_at <= _bound("changed_by"),
        segments.most_published_at <= _bound("known_by"),
    )


def has_some(since: ColumnElement[int], until: ColumnElement[int], table: FromClause = SEGMENT) -> ColumnElement[bool]:
    """Whether a share may have a block of a segment."""
    return and_(since < table.c.most_held_from, or_(until.is_(None), table.c.least_held_to <= until))


def has_all(since: ColumnElement[int], until: ColumnElement[int], table: FromClause = SEGMENT) -> ColumnElement[bool]:
    """Whether a share has every block of a segment."""
    return and_(since < table.c.least_held_from, or_(until.is_(None), table.c.most_held_to <= until))
