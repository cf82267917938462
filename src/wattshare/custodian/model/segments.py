"""A month of a channel in one piece: blocks into a segment and back, to the byte.

A segment has two parts. *Marks* say of each block when it is, what it has and when it changed: columns of numbers in
runs. *Body* has the sidecars, each different one once, and all values, in a zstd frame. Values are divided by their
greatest common divisor, a meter's count, and their bytes are split by weight: the low ones of all, then the next ones.
What only grows, as registers do, is kept as differences.

Whatever is in a block is in both tiers, or it is lost when its month closes: a new field of `Block` needs its place
here, and a test asks for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice, pairwise
from math import gcd

import zstandard

from wattshare.custodian.model.packing import estimated_in, pack_width, unpack_values
from wattshare.custodian.model.readings import Block
from wattshare.custodian.model.varints import read, read_runs, write, write_runs

# the form of what follows, the first number of both parts
FORM = 1
LEVEL = 3
SIDECARS = ("presence", "grid", "quality", "tou", "cost", "tier", "cpp", "valueless")
MARKS = (
    *("start", "duration", "day_end", "step", "count", "width"),
    *("first_revision", "revision", "published_at", "updated_at"),
    *("estimated", "corrected", "late"),
)
# bytes that say how long the sidecars are
LENGTH = 4
# how many values are looked at to see whether they only grow
LOOKED_AT = 64


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What a segment says of a block without its readings."""

    start: int
    duration: int
    day_end: int
    step: int
    count: int
    width: int
    first_revision: int
    revision: int
    published_at: int
    updated_at: int
    # how many readings are marked as estimated, were corrected, came late
    estimated: int
    corrected: int
    late: int


@dataclass(frozen=True, kw_only=True)
class Segment:
    """The blocks of one channel that start in one month of UTC, named by its first second."""

    usage_point_id: int
    channel: int
    month: int
    marks: bytes
    body: bytes


def mark_of(block: Block) -> Mark:
    """What a segment will say of a block."""
    return Mark(
        start=block.start,
        duration=block.duration,
        day_end=block.day_end,
        step=block.step,
        count=block.count,
        width=block.width,
        first_revision=block.first_revision,
        revision=block.revision,
        published_at=block.published_at,
        updated_at=block.updated_at,
        estimated=estimated_in(block),
        corrected=block.corrected,
        late=block.late,
    )


def pack_segment(blocks: Sequence[Block], month: int) -> Segment:
    """The segment of the blocks of one channel and month, in order of start."""
    if any(first.start >= second.start for first, second in pairwise(blocks)):
        raise ValueError("the blocks of a segment are in order and each stands once")
    return Segment(
        usage_point_id=blocks[0].usage_point_id,
        channel=blocks[0].channel,
        month=month,
        marks=_pack_marks([mark_of(block) for block in blocks]),
        body=zstandard.ZstdCompressor(level=LEVEL).compress(_pack_sidecars(blocks) + _pack_values(blocks)),
    )


def read_marks(segment: Segment) -> tuple[Mark, ...]:
    """What a segment says of its blocks, without their readings."""
    return marks_of(segment.marks)


def read_blocks(segment: Segment, marks: Sequence[Mark], chosen: Iterable[int] | None = None) -> Iterator[Block]:
    """The blocks of a segment whose marks are read, or those at some places."""
    places = range(len(marks)) if chosen is None else tuple(chosen)
    body = zstandard.ZstdDecompressor().decompress(segment.body)
    after = LENGTH + int.from_bytes(body[:LENGTH], "little")
    sidecars = _read_sidecars(body[LENGTH:after], len(marks))
    whose = {"usage_point_id": segment.usage_point_id, "channel": segment.channel}
    for place, values in zip(places, _read_values(body[after:], marks, places), strict=True):
        # a year has hundreds, and what `Block` itself does for each of its fields takes longer than all else here
        block = object.__new__(Block)
        fields = block.__dict__
        fields.update(marks[place].__dict__)
        fields.update(sidecars[place])
        fields.update(whose)
        fields["values"] = values
        # what only marks have
        del fields["estimated"]
        yield block


# marks


def _pack_marks(marks: Sequence[Mark]) -> bytes:
    """Columns, each told from what it mostly follows from, so that an ordinary month is a few runs."""
    packed = bytearray()
    write(packed, FORM)
    write(packed, len(marks))
    for column in _told(marks):
        write_runs(packed, column)
    return bytes(packed)


def _told(marks: Sequence[Mark]) -> Iterator[Iterable[int]]:
    yield (second - first for first, second in pairwise([0, *(mark.start for mark in marks)]))
    yield (mark.duration for mark in marks)
    yield (mark.day_end - mark.start for mark in marks)
    yield (mark.step for mark in marks)
    yield (mark.count for mark in marks)
    yield (mark.width for mark in marks)
    yield (second - first for first, second in pairwise([0, *(mark.first_revision for mark in marks)]))
    yield (mark.revision - mark.first_revision for mark in marks)
    yield (mark.published_at - mark.day_end for mark in marks)
    yield (mark.updated_at - mark.published_at for mark in marks)
    yield (mark.estimated for mark in marks)
    yield (mark.corrected for mark in marks)
    yield (mark.late for mark in marks)


@lru_cache(maxsize=256)
def marks_of(packed: bytes) -> tuple[Mark, ...]:
    """Marks again. Neighbours often have the same ones: they are remembered."""
    coming = read(packed)
    if (form := next(coming)) != FORM:
        raise ValueError(f"a segment of form {form} is of a later release")
    count = next(coming)
    columns = [read_runs(coming, count) for _ in MARKS]
    starts, durations, lengths, *others = columns
    starts = list(accumulate(starts))
    step, counts, width, first, since, published, updated, *kept = others
    first = list(accumulate(first))
    ends = [start + length for start, length in zip(starts, lengths, strict=True)]
    published = [end + after for end, after in zip(ends, published, strict=True)]
    rows = zip(
        *(starts, durations, ends, step, counts, width, first),
        *([one + more for one, more in zip(first, since, strict=True)], published),
        *([one + more for one, more in zip(published, updated, strict=True)], *kept),
        strict=True,
    )
    return tuple(Mark(**dict(zip(MARKS, row, strict=True))) for row in rows)


# sidecars


def _pack_sidecars(blocks: Sequence[Block]) -> bytes:
    """Of each sidecar every different one once, then which of them each block has; 0 is none."""
    packed = bytearray()
    for name in SIDECARS:
        column: list[bytes | None] = [getattr(block, name) for block in blocks]
        places = {one: place for place, one in enumerate(dict.fromkeys(one for one in column if one is not None), 1)}
        write(packed, len(places))
        for one in places:
            write(packed, len(one))
            packed += one
        write_runs(packed, (0 if one is None else places[one] for one in column))
    return len(packed).to_bytes(LENGTH, "little") + bytes(packed)


@lru_cache(maxsize=256)
def _read_sidecars(packed: bytes, count: int) -> tuple[dict[str, bytes | None], ...]:
    """Them again by name, block by block. Most months of most channels have the same ones: they are remembered."""
    coming = iter(packed)
    numbers = read(coming)
    columns = []
    for _ in SIDECARS:
        different: list[bytes | None] = [None]
        for _ in range(next(numbers)):
            different.append(bytes(islice(coming, next(numbers))))
        columns.append([different[place] for place in read_runs(numbers, count)])
    return tuple(dict(zip(SIDECARS, row, strict=True)) for row in zip(*columns, strict=True))


# values


def _pack_values(blocks: Sequence[Block]) -> bytes:
    """All values in the widest width among them, made small, and their bytes split by weight."""
    width = max(block.width for block in blocks)
    lanes = b"".join(block.values if block.width == width else _widened(block, width) for block in blocks)
    values = unpack_values(width, lanes)
    # of what is not negative, every lane can be divided by dividing all of them as one number
    divisor = gcd(*values) if min(values) >= 0 else 1
    if divisor > 1:
        lanes = (int.from_bytes(lanes, "little") // divisor).to_bytes(len(lanes), "little")
    grows = all(first <= second for first, second in pairwise(values[:LOOKED_AT])) and values[0] < values[-1]
    if grows:
        lanes = _differences(lanes, width)
    packed = bytearray()
    for number in (width, max(divisor, 1), int(grows)):
        write(packed, number)
    for place in range(width):
        packed += lanes[place::width]
    return bytes(packed)


def _read_values(packed: bytes, marks: Sequence[Mark], chosen: Iterable[int]) -> Iterator[bytes]:
    """The values of some blocks, each in its own width."""
    coming = iter(packed)
    numbers = read(coming)
    width, divisor, grows = next(numbers), next(numbers), next(numbers)
    count = sum(mark.count for mark in marks)
    first = len(packed) - width * count
    lanes = bytearray(width * count)
    for place in range(width):
        lanes[place::width] = packed[first + place * count : first + (place + 1) * count]
    if grows:
        lanes = bytearray(_sums(lanes, width))
    if divisor > 1:
        lanes = bytearray((int.from_bytes(lanes, "little") * divisor).to_bytes(len(lanes), "little"))
    ends, whole = list(accumulate(mark.count for mark in marks)), bytes(lanes)
    for place in chosen:
        mark = marks[place]
        lane = whole[width * (ends[place] - mark.count) : width * ends[place]]
        yield lane if mark.width == width else _narrowed(lane, width, mark.width)


def _widened(block: Block, width: int) -> bytes:
    return pack_width(unpack_values(block.width, block.values), width)


def _narrowed(lanes: bytes, width: int, narrow: int) -> bytes:
    """The low bytes of every lane: nothing else is in the others."""
    packed = bytearray(len(lanes) // width * narrow)
    for place in range(narrow):
        packed[place::narrow] = lanes[place::width]
    return bytes(packed)


def _differences(lanes: bytes, width: int) -> bytes:
    """How much each lane is more than the one before, round about."""
    values, whole = unpack_values(width, lanes), 1 << 8 * width
    return b"".join(((two - one) % whole).to_bytes(width, "little") for one, two in pairwise([0, *values]))


def _sums(lanes: bytes | bytearray, width: int) -> bytes:
    whole = 1 << 8 * width
    totals = accumulate(unpack_values(width, bytes(lanes)))
    return b"".join((total % whole).to_bytes(width, "little") for total in totals)
