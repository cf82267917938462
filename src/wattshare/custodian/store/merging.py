"""Blocks that come into what is kept: reading by reading, many days with few statements.

What was kept is fetched once for all that come; what they make of it is decided here, in the order in which they
come, and written at the end. A day that was not there goes to the hot tier, whatever its month; a day that a segment
has is written into it again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace

from sqlalchemy import bindparam, delete, update

from wattshare.custodian.model.changes import Overlapping, Tally
from wattshare.custodian.model.packing import LONGEST_DAY, alike, differing, identity, is_long, merge, pack, unpack
from wattshare.custodian.model.readings import Block, Reading
from wattshare.custodian.model.segments import read_blocks, read_marks
from wattshare.custodian.store.arrivals import Arrivals
from wattshare.custodian.store.blocks import CORRECTION, INTERVAL_BLOCK, block_columns, packed_columns
from wattshare.custodian.store.history import month_after, month_of
from wattshare.custodian.store.kept import (
    Span,
    blocks_within,
    corrected_within,
    entries_within,
    segments_within,
    spans_of,
)
from wattshare.custodian.store.metadata import Row
from wattshare.custodian.store.segments import remove_segment, write_segments

# a start, and nothing before or after it
HERE = (
    (INTERVAL_BLOCK.c.usage_point_id == bindparam("of_usage_point"))
    & (INTERVAL_BLOCK.c.channel == bindparam("of_channel"))
    & (INTERVAL_BLOCK.c.start == bindparam("of_start"))
)
REPLACE = (
    update(INTERVAL_BLOCK)
    .where(HERE)
    .values({column.name: bindparam(column.name) for column in INTERVAL_BLOCK.c if not column.primary_key})
)
REMOVE = delete(INTERVAL_BLOCK).where(HERE)

Replaced = list[tuple[Reading, Reading]]
# as `packing.identity` has it
Identity = tuple[int, bool]


@dataclass(kw_only=True)
class Days:
    """The days of one channel: as they are kept, and as they will be."""

    by_start: dict[int, Block] = field(default_factory=dict)
    # the start that a local day is kept under, by its end
    by_day: dict[int, int] = field(default_factory=dict)
    # starts as they are kept: in rows, and in segments by month
    rows: set[int] = field(default_factory=set)
    segments: dict[int, set[int]] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)

    def know(self, block: Block) -> None:
        """Take a block that is kept in a row."""
        self.rows.add(block.start)
        self._put(block)

    def know_segment(self, month: int, blocks: Iterable[Block]) -> None:
        """Take the blocks that are kept in a segment."""
        starts = self.segments[month] = set()
        for block in blocks:
            starts.add(block.start)
            self._put(block)

    def find(self, block: Block) -> Block | None:
        """The day that a block belongs into: of the same start, or of the same local day."""
        if found := self.by_start.get(block.start):
            return found
        # no day has a long reading's name but its own
        start = None if is_long(block.start, block.day_end) else self.by_day.get(block.day_end)
        return None if start is None else self.by_start[start]

    def put(self, block: Block, stored: Block | None) -> None:
        """Take a block in the place of a stored one, or beside the others."""
        if stored is not None and self.by_day.get(stored.day_end) == stored.start:
            del self.by_day[stored.day_end]
        if stored is not None and stored.start != block.start:
            del self.by_start[stored.start]
            self.changed.discard(stored.start)
            self.gone.add(stored.start)
        self.gone.discard(block.start)
        self.changed.add(block.start)
        self._put(block)

    def touched(self) -> Iterator[tuple[int, list[Block]]]:
        """The segments of which something is changed or gone: the month, and the blocks that are left."""
        for month, starts in self.segments.items():
            if starts & (self.changed | self.gone):
                yield month, [self.by_start[start] for start in sorted(starts - self.gone)]

    def _put(self, block: Block) -> None:
        self.by_start[block.start] = block
        if block.day_end - block.start <= LONGEST_DAY:
            self.by_day[block.day_end] = block.start


@dataclass(kw_only=True)
class Merging:
    """Blocks of one chunk on their way in."""

    arrivals: Arrivals
    reason: str
    channels: defaultdict[tuple[int, int], Days] = field(default_factory=lambda: defaultdict(Days))
    ledger: list[Row] = field(default_factory=list)
    # the readings of days that were corrected at any time
    corrected: dict[tuple[int, int, int], set[tuple[int, bool]]] = field(default_factory=dict)
    # those that were the first of their day, and those that changed one
    first: list[Block] = field(default_factory=list)
    met: list[Block] = field(default_factory=list)
    # what became of each block
    each: list[Tally] = field(default_factory=list)

    def take(self, blocks: Sequence[Block]) -> Tally:
        """Merge blocks in the order in which they come, and write what is new."""
        self.look(blocks)
        self._write()
        return sum(self.each, Tally())

    def look(self, blocks: Sequence[Block]) -> None:
        """The same without writing."""
        self._fetch(spans_of(blocks))
        for block in blocks:
            self.each.append(self._merge(block))

    def _fetch(self, spans: tuple[Span, ...]) -> None:
        """Fetch what is kept."""
        closed, connection = self.arrivals.closed_months, self.arrivals.connection
        for kept in blocks_within(connection, spans):
            self.channels[kept.usage_point_id, kept.channel].know(kept)
        old = tuple(span for span in spans if any(month in closed for month in _months(span)))
        for segment in segments_within(connection, old):
            blocks = read_blocks(segment, read_marks(segment))
            self.channels[segment.usage_point_id, segment.channel].know_segment(segment.month, blocks)

    def _merge(self, block: Block) -> Tally:
        """What is new in a block joins its day; what is replaced goes to the ledger."""
        days = self.channels[block.usage_point_id, block.channel]
        stored = days.find(block)
        if stored is None:
            begun = self.arrivals.begun(block)
            days.put(begun, None)
            self.first.append(begun)
            return Tally(new=block.count)
        if alike(stored, block):
            return self._merge_values(days, stored, block)
        before = {identity(reading): reading for reading in unpack(stored)}
        given = unpack(block)
        met = [(before.get(identity(reading)), reading) for reading in given]
        replaced = [(old, new) for old, new in met if old is not None and old != new]
        added = sum(old is None for old, _ in met)
        overlapping = 0
        if added or replaced:
            every = merge(before.values(), given)
            self._keep(days, stored, _merged(stored, block, every), block, replaced, added)
            overlapping = _overlapping(every, before.keys(), {identity(reading) for reading in given}) if added else 0
        counts = {"new": added, "changed": len(replaced), "same": block.count - added - len(replaced)}
        return Overlapping(**counts, overlapping=overlapping) if overlapping else Tally(**counts)

    def _merge_values(self, days: Days, stored: Block, block: Block) -> Tally:
        """The same where nothing but values can differ."""
        places = [] if stored.values == block.values else differing(stored, block)
        if places:
            replaced = list(zip(unpack(stored, places), unpack(block, places), strict=True))
            self._keep(days, stored, block, block, replaced, 0)
        return Tally(changed=len(places), same=block.count - len(places))

    def _keep(self, days: Days, stored: Block, merged: Block, block: Block, replaced: Replaced, added: int) -> None:
        """Take what a stored block has become by a given one."""
        if replaced:
            self.ledger.append(_entry(block, stored.start, self.reason, replaced))
        kept = replace(
            merged,
            first_revision=stored.first_revision,
            published_at=stored.published_at,
            corrected=self._corrected(stored, replaced),
            late=stored.late + (added if self.arrivals.is_late(block) else 0),
        )
        days.put(kept, stored)
        self.met.append(block)

    def _corrected(self, stored: Block, replaced: Replaced) -> int:
        """How many readings of a day are not the first ones, with these."""
        if not replaced:
            return stored.corrected
        day = stored.usage_point_id, stored.channel, stored.start
        if day not in self.corrected:
            before = corrected_within(self.arrivals.connection, *day) if stored.corrected else ()
            self.corrected[day] = set(before)
        self.corrected[day] |= {identity(old) for old, _ in replaced}
        # a gas day that began at midnight after all was in the ledger under its former start
        return max(stored.corrected, len(self.corrected[day]))

    def _write(self) -> None:
        fresh, changed, gone, segments = list[Block](), list[Row](), list[Row](), list[tuple[int, list[Block]]]()
        for (point, channel), days in self.channels.items():
            place = {"of_usage_point": point, "of_channel": channel}
            gone += [place | {"of_start": start} for start in days.gone & days.rows]
            changed += [_kept(days.by_start[start]) | place | {"of_start": start} for start in days.changed & days.rows]
            kept = days.rows.union(*days.segments.values())
            fresh += [days.by_start[start] for start in sorted(days.changed - kept)]
            for month, left in days.touched():
                if left:
                    segments.append((month, left))
                else:
                    remove_segment(self.arrivals.connection, point, channel, month)
        connection = self.arrivals.connection
        if gone:
            connection.execute(REMOVE, gone)
        if changed:
            connection.execute(REPLACE, changed)
        if fresh:
            self.arrivals.add(fresh)
        write_segments(connection, segments)
        self._enter()

    def _enter(self) -> None:
        """Write down what was replaced, and by what; one revision may change a day more than once."""
        connection = self.arrivals.connection
        for revision in {entry["revision"] for entry in self.ledger}:
            entries = [entry for entry in self.ledger if entry["revision"] == revision]
            places = [(entry["usage_point_id"], entry["channel"], entry["start"]) for entry in entries]
            spans = tuple(Span(*place, place[-1]) for place in set(places))
            numbers = Counter(entries_within(connection, spans, revision))
            rows = []
            for place, entry in zip(places, entries, strict=True):
                rows.append({**entry, "number": numbers[place]})
                numbers[place] += 1
            connection.execute(CORRECTION.insert(), rows)


def _kept(block: Block) -> dict[str, object]:
    """What changes of a row: its key is not written, not even as it was. A row stays with its usage point."""
    return {name: value for name, value in block_columns(block).items() if name not in INTERVAL_BLOCK.primary_key}


def _months(span: Span) -> Iterator[int]:
    """The months in which a span's blocks can start."""
    month = month_of(span.first)
    while month <= span.last:
        yield month
        month = month_after(month)


def _merged(stored: Block, given: Block, readings: tuple[Reading, ...]) -> Block:
    """Both blocks as one, changed when the given one came."""
    return pack(
        readings,
        usage_point_id=stored.usage_point_id,
        channel=stored.channel,
        start=min(stored.start, given.start),
        day_end=max(stored.day_end, given.day_end) if len(readings) > 1 else given.day_end,
        step=given.step or stored.step,
        revision=given.revision,
        at=given.updated_at,
    )


def _overlapping(every: Sequence[Reading], before: Set[Identity], given: Set[Identity]) -> int:
    """How many new readings overlap one that was there and does not come again."""
    found, end, new_end = set[Identity](), 0, 0
    last: Identity | None = None
    for reading in every:
        this, ends = identity(reading), reading.start + reading.duration
        if this not in before:
            # what was there reaches into it
            if reading.start < end and reading.duration:
                found.add(this)
            if ends > new_end:
                new_end, last = ends, this
        elif this not in given and reading.duration:
            # it reaches into what was there
            if last is not None and reading.start < new_end:
                found.add(last)
            end = max(end, ends)
    return len(found)


def _entry(block: Block, start: int, reason: str, replaced: Replaced) -> Row:
    """The readings of a day that a block replaced, and those that took their place."""
    of = {"usage_point_id": block.usage_point_id, "channel": block.channel, "start": start}
    old, new = (
        pack(side, **of, day_end=block.day_end, step=block.step)
        for side in ([pair[0] for pair in replaced], [pair[1] for pair in replaced])
    )
    return {
        **of,
        "revision": block.revision,
        "at": block.updated_at,
        "reason": reason,
        "day_end": block.day_end,
        **packed_columns(old, "old_"),
        **packed_columns(new, "new_"),
    }
