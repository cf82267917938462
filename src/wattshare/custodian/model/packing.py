"""Readings into packed blocks and back: the exact inverse for whatever the readings of a block can say.

What varies from reading to reading beside the value is kept in sidecars. A sidecar is a sequence of runs: how
many readings, how many numbers each of them has, and those numbers. All are varints, signed ones in zigzag.
"""

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import compress, groupby, pairwise
from operator import attrgetter
from typing import Any

from wattshare.custodian.model.readings import Block, Reading
from wattshare.custodian.model.varints import read, signed, write, zigzag

# a local day when the clocks go back; whatever lasts longer is a block of its own
LONGEST_DAY = 90_000
# signed integers by their width in bytes, as `array` names them
WIDTHS = {1: "b", 2: "h", 4: "i", 8: "q"}
# a bitmap with more than so many places a reading costs more than naming the readings' places
SPARSE = 64

# espi.xsd QualityOfReading: estimated by a reference day, and by going straight from one reading to another
ESTIMATED = frozenset({8, 9})

Item = tuple[int, ...]
ALIKE_OF = attrgetter(
    *("start", "day_end", "step", "count", "presence", "grid"),
    *("quality", "tou", "cost", "tier", "cpp", "valueless"),
)


def pack(
    readings: Sequence[Reading],
    *,
    usage_point_id: int,
    channel: int,
    start: int,
    day_end: int,
    step: int = 0,
    duration: int | None = None,
    revision: int = 0,
    at: int = 0,
) -> Block:
    """The block of these readings: in order of start, at most one interval and one instant at each.

    `step` is the interval length that they should have; where they have none or another, their own is found.
    `duration` is the block's, by default the day's or what its readings need.

    Raises:
        ValueError: there are no readings, or they are not in that order.
    """
    if not readings:
        raise ValueError("a block has at least one reading")
    if (regular := _regular(readings, start)) is not None:
        last_end = start + len(readings) * readings[0].duration
        return pack_columns(
            **regular,
            usage_point_id=usage_point_id,
            channel=channel,
            start=start,
            day_end=day_end,
            step=readings[0].duration,
            duration=max(day_length(start, day_end), last_end - start) if duration is None else duration,
            revision=revision,
            at=at,
        )
    order = [identity(reading) for reading in readings]
    if any(first >= second for first, second in pairwise(order)):
        raise ValueError("the readings of a block are in order and each stands once")
    fitting = _fitting_step(readings, start, step)
    last_end = max(reading.start + reading.duration for reading in readings)
    block = pack_columns(
        [reading.value or 0 for reading in readings],
        usage_point_id=usage_point_id,
        channel=channel,
        start=start,
        day_end=day_end,
        step=fitting,
        quality=[reading.quality for reading in readings],
        tou=[reading.tou for reading in readings],
        cost=[reading.cost for reading in readings],
        tier=[reading.tier for reading in readings],
        cpp=[reading.cpp for reading in readings],
        duration=max(day_length(start, day_end), last_end - start) if duration is None else duration,
        revision=revision,
        at=at,
    )
    return replace(
        block,
        presence=_bitmap([(reading.start - start) // fitting for reading in readings]) if fitting else None,
        grid=None if fitting else _runs(_grid(readings, start)),
        valueless=_indexes([place for place, reading in enumerate(readings) if reading.value is None]),
    )


def pack_columns(
    values: Sequence[int],
    *,
    usage_point_id: int,
    channel: int,
    start: int,
    day_end: int,
    step: int,
    quality: Iterable[Item] | None = None,
    tou: Iterable[int | None] | None = None,
    cost: Iterable[int | None] | None = None,
    tier: Iterable[int | None] | None = None,
    cpp: Iterable[int | None] | None = None,
    duration: int | None = None,
    revision: int = 0,
    at: int = 0,
) -> Block:
    """The block of a day without gaps, from columns: value i is of the step from `start + i * step` on.

    For who makes many days at once; `pack` takes whatever comes.
    """
    width, packed = pack_values(values)
    return Block(
        usage_point_id=usage_point_id,
        channel=channel,
        start=start,
        duration=day_length(start, day_end) if duration is None else duration,
        day_end=day_end,
        step=step,
        count=len(values),
        width=width,
        values=packed,
        quality=None if quality is None else _runs(quality),
        tou=_optional(tou),
        cost=_optional(cost),
        tier=_optional(tier),
        cpp=_optional(cpp),
        first_revision=revision,
        revision=revision,
        published_at=at,
        updated_at=at,
    )


def unpack(block: Block, places: Iterable[int] | None = None) -> tuple[Reading, ...]:
    """The readings of a block, in order; or those at some places among them."""
    starts, durations = _times(block)
    qualities = _items(block.quality, block.count)
    tou, cost, tier, cpp = (
        unpack_column(column, block.count) for column in (block.tou, block.cost, block.tier, block.cpp)
    )
    values: list[int | None] = list(unpack_values(block.width, block.values))
    for place in read(block.valueless or b""):
        values[place] = None
    return tuple(
        Reading(
            start=starts[place],
            duration=durations[place],
            value=values[place],
            quality=qualities[place],
            cost=cost[place],
            tou=tou[place],
            tier=tier[place],
            cpp=cpp[place],
        )
        for place in (range(block.count) if places is None else places)
    )


def alike(one: Block, other: Block) -> bool:
    """Whether two blocks have readings at the same times that differ in nothing but their values."""
    return ALIKE_OF(one) == ALIKE_OF(other)


def differing(one: Block, other: Block) -> list[int]:
    """The places at which two blocks that are alike have other values."""
    pairs = zip(unpack_values(one.width, one.values), unpack_values(other.width, other.values), strict=True)
    return [place for place, (first, second) in enumerate(pairs) if first != second]


def identity(reading: Reading) -> tuple[int, bool]:
    """What makes two readings of a channel the same one: the start. An instant is none with an interval."""
    return reading.start, reading.duration > 0


def merge(stored: Iterable[Reading], given: Iterable[Reading]) -> tuple[Reading, ...]:
    """Both, in order; where both have a reading, the given one."""
    by_identity = {identity(reading): reading for reading in stored}
    by_identity.update((identity(reading), reading) for reading in given)
    return tuple(by_identity[key] for key in sorted(by_identity))


def is_long(start: int, day_end: int) -> bool:
    """Whether a block is one reading longer than a day rather than a local day."""
    return day_end - start > LONGEST_DAY


def day_length(start: int, day_end: int) -> int:
    """Seconds of the local day (of the long reading) that ends at `day_end`.

    A day that starts a second after midnight, as a gas day does, is a whole day all the same.
    """
    length = day_end - start
    return length if length % 60 == 0 or is_long(start, day_end) else length + (-length) % 60


def pack_values(values: Sequence[int]) -> tuple[int, bytes]:
    """The narrowest width that holds all values, and the values in it, little end first."""
    least, most = min(values), max(values)
    width = next(size for size in WIDTHS if -(1 << (8 * size - 1)) <= least and most < 1 << (8 * size - 1))
    return width, pack_width(values, width)


def pack_width(values: Iterable[int], width: int) -> bytes:
    """Values in a width that holds them, little end first."""
    packed = array(WIDTHS[width], values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack_values(width: int, packed: bytes) -> "array[int]":
    """The values again, one a present reading."""
    values = array(WIDTHS[width], packed)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def unpack_column(column: bytes | None, count: int) -> list[int | None]:
    """The numbers of a sidecar that has at most one for a reading, one a present reading."""
    return [item[0] if item else None for item in _items(column, count)]


def _regular(readings: Sequence[Reading], start: int) -> dict[str, Any] | None:
    """The columns of readings that begin with the block and follow each other; None where they do not.

    The usual case, with as little of Python's own doing as may be.
    """
    step, count = readings[0].duration, len(readings)
    starts = [reading.start for reading in readings]
    if step <= 0 or starts != list(range(start, start + count * step, step)):
        return None
    values = [reading.value for reading in readings]
    if None in values or [reading.duration for reading in readings].count(step) != count:
        return None
    quality = [reading.quality for reading in readings]
    found: dict[str, Any] = {"values": values, "quality": None if quality.count(()) == count else quality}
    columns = {
        "tou": [reading.tou for reading in readings],
        "cost": [reading.cost for reading in readings],
        "tier": [reading.tier for reading in readings],
        "cpp": [reading.cpp for reading in readings],
    }
    return found | {name: None if column.count(None) == count else column for name, column in columns.items()}


def estimated_in(block: Block) -> int:
    """How many readings of a block say themselves that they were estimated."""
    return 0 if block.quality is None else estimated_of(block.quality)


@lru_cache(maxsize=1024)
def estimated_of(quality: bytes) -> int:
    """How many readings a sidecar of quality says to be estimated."""
    numbers, found = read(quality), 0
    for run in numbers:
        codes = {signed(next(numbers)) for _ in range(next(numbers))}
        found += run if codes & ESTIMATED else 0
    return found


def _fitting_step(readings: Sequence[Reading], start: int, wanted: int) -> int:
    """The step of a grid on which all readings stand, each as long as the step; 0 where there is none."""
    step = wanted or readings[0].duration
    if step <= 0 or any(reading.duration != step for reading in readings):
        step = readings[0].duration
        if step <= 0 or any(reading.duration != step for reading in readings):
            return 0
    if any((reading.start - start) % step for reading in readings) or readings[0].start < start:
        return 0
    places = (readings[-1].start - start) // step + 1
    return step if places <= SPARSE * len(readings) else 0


def _grid(readings: Sequence[Reading], start: int) -> Iterator[Item]:
    """How far each reading starts after the one before, and its duration: regular ones are one run."""
    before = start
    for reading in readings:
        yield reading.start - before, reading.duration
        before = reading.start


def _times(block: Block) -> tuple[Sequence[int], Sequence[int]]:
    """Starts and durations of the present readings."""
    if block.grid is not None:
        starts, durations, at = [], [], block.start
        for delta, duration in _items(block.grid, block.count):
            at += delta
            starts.append(at)
            durations.append(duration)
        return starts, durations
    durations = [block.step] * block.count
    if block.presence is None:
        return range(block.start, block.start + block.count * block.step, block.step), durations
    bits = (byte >> bit & 1 for byte in block.presence for bit in range(8))
    grid = range(block.start, block.start + 8 * len(block.presence) * block.step, block.step)
    return list(compress(grid, bits)), durations


def _bitmap(places: Sequence[int]) -> bytes | None:
    """The lowest bit of the first byte is the first place; None where no place is missing."""
    if places[-1] == len(places) - 1:
        return None
    bitmap = bytearray(places[-1] // 8 + 1)
    for place in places:
        bitmap[place // 8] |= 1 << place % 8
    return bytes(bitmap)


def _optional(column: Iterable[int | None] | None) -> bytes | None:
    return None if column is None else _runs(() if number is None else (number,) for number in column)


def _runs(items: Iterable[Item]) -> bytes | None:
    """Items as runs; None where all are empty."""
    packed, something = bytearray(), False
    for item, run in groupby(items):
        write(packed, len(list(run)))
        write(packed, len(item))
        for number in item:
            write(packed, zigzag(number))
        something = something or bool(item)
    return bytes(packed) if something else None


def _items(packed: bytes | None, count: int) -> list[Item]:
    """The items again."""
    if packed is None:
        return [()] * count
    numbers, items = read(packed), list[Item]()
    for run in numbers:
        size = next(numbers)
        item = tuple(signed(next(numbers)) for _ in range(size))
        items.extend([item] * run)
    return items


def _indexes(places: Sequence[int]) -> bytes | None:
    if not places:
        return None
    packed = bytearray()
    for place in places:
        write(packed, place)
    return bytes(packed)
