"""Blocks that come into what is kept: reading by reading, many days with few statements.

What was kept is fetched once for all that come; what they make of it is decided here, in the order in which they
come, and written at the end.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, bindparam, delete, update

from wattshare.custodian.model.changes import Tally
from wattshare.custodian.model.packing import LONGEST_DAY, alike, differing, identity, is_long, merge, pack, unpack
from wattshare.custodian.model.readings import Block, Reading
from wattshare.custodian.store.arrivals import Arrivals
from wattshare.custodian.store.blocks import CORRECTION, INTERVAL_BLOCK, block_columns, packed_columns
from wattshare.custodian.store.kept import Span, blocks_within, entries_within, spans_of
from wattshare.custodian.store.metadata import Row

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


@dataclass(kw_only=True)
class Days:
    """The days of one channel: as they are kept, and as they will be."""

    by_start: dict[int, Block] = field(default_factory=dict)
    # the start that a local day is kept under, by its end
    by_day: dict[int, int] = field(default_factory=dict)
    # starts as they are kept
    kept: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)

    def know(self, block: Block) -> None:
        """Take a block that is kept."""
        self.kept.add(block.start)
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
            if stored.start in self.kept:
                self.kept.remove(stored.start)
                self.moved.add(stored.start)
        self.changed.add(block.start)
        self._put(block)

    def _put(self, block: Block) -> None:
        self.by_start[block.start] = block
        if block.day_end - block.start <= LONGEST_DAY:
            self.by_day[block.day_end] = block.start


@dataclass(kw_only=True)
class Merging:
    """Blocks of one chunk on their way in."""

    connection: Connection
    arrivals: Arrivals
    reason: str
    channels: defaultdict[tuple[int, int], Days] = field(default_factory=lambda: defaultdict(Days))
    ledger: list[Row] = field(default_factory=list)
    # days that were not there
    fresh: int = 0
    # what became of each block
    each: list[Tally] = field(default_factory=list)

    def take(self, blocks: Sequence[Block]) -> Tally:
        """Merge blocks in the order in which they come, and write what is new."""
        for kept in blocks_within(self.connection, spans_of(blocks)):
            self.channels[kept.usage_point_id, kept.channel].know(kept)
        tally = Tally()
        for block in blocks:
            merged = self._merge(block)
            self.each.append(merged)
            tally += merged
        self._write()
        return tally

    def _merge(self, block: Block) -> Tally:
        """What is new in a block joins its day; what is replaced goes to the ledger."""
        days = self.channels[block.usage_point_id, block.channel]
        stored = days.find(block)
        if stored is None:
            days.put(_begun(block), None)
            self.fresh += 1
            return Tally(new=block.count)
        if alike(stored, block):
            return self._merge_values(days, stored, block)
        before = {identity(reading): reading for reading in unpack(stored)}
        given = unpack(block)
        met = [(before.get(identity(reading)), reading) for reading in given]
        replaced = [(old, new) for old, new in met if old is not None and old != new]
        added = sum(old is None for old, _ in met)
        if added or replaced:
            days.put(_merged(stored, block, merge(before.values(), given)), stored)
        if replaced:
            self.ledger.append(_entry(block, stored.start, self.reason, replaced))
        return Tally(new=added, changed=len(replaced), same=block.count - added - len(replaced))

    def _merge_values(self, days: Days, stored: Block, block: Block) -> Tally:
        """The same where nothing but values can differ."""
        if stored.values == block.values:
            return Tally(same=block.count)
        places = differing(stored, block)
        if not places:
            return Tally(same=block.count)
        fresh = replace(block, first_revision=stored.first_revision, published_at=stored.published_at)
        days.put(fresh, stored)
        replaced = list(zip(unpack(stored, places), unpack(block, places), strict=True))
        self.ledger.append(_entry(block, stored.start, self.reason, replaced))
        return Tally(changed=len(places), same=block.count - len(places))

    def _write(self) -> None:
        fresh, changed, moved = list[Block](), list[Row](), list[Row]()
        for (point, channel), days in self.channels.items():
            place = {"of_usage_point": point, "of_channel": channel}
            moved += [place | {"of_start": start} for start in days.moved]
            for start in days.changed:
                block = days.by_start[start]
                if start in days.kept:
                    changed.append(_kept(block) | place | {"of_start": start})
                else:
                    fresh.append(block)
        if moved:
            self.connection.execute(REMOVE, moved)
        if changed:
            self.connection.execute(REPLACE, changed)
        self.arrivals.load(fresh)
        self._enter()

    def _enter(self) -> None:
        """Write down what was replaced, and by what; one revision may change a day more than once."""
        for revision in {entry["revision"] for entry in self.ledger}:
            entries = [entry for entry in self.ledger if entry["revision"] == revision]
            places = [(entry["usage_point_id"], entry["channel"], entry["start"]) for entry in entries]
            spans = tuple(Span(*place, place[-1]) for place in set(places))
            numbers = Counter(entries_within(self.connection, spans, revision))
            rows = []
            for place, entry in zip(places, entries, strict=True):
                rows.append({**entry, "number": numbers[place]})
                numbers[place] += 1
            self.connection.execute(CORRECTION.insert(), rows)


def _kept(block: Block) -> dict[str, object]:
    """What changes of a row: its key is not written, not even as it was. A row stays with its usage point."""
    return {name: value for name, value in block_columns(block).items() if name not in INTERVAL_BLOCK.primary_key}


def _begun(block: Block) -> Block:
    """A block that is the first of its day, as it will be read again."""
    return replace(
        block,
        first_revision=block.first_revision or block.revision,
        published_at=block.published_at or block.updated_at,
    )


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


def _entry(block: Block, start: int, reason: str, replaced: list[tuple[Reading, Reading]]) -> Row:
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
