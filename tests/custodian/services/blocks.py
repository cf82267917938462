"""Blocks of every kind that the store can hold, and the items that they are in feeds."""

import functools
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from wattshare.custodian.model.packing import LONGEST_DAY, identity, pack, pack_columns
from wattshare.custodian.model.readings import Block, Channel, Reading
from wattshare.custodian.services.disclosure.render import BlockItem
from wattshare.espi import ids
from wattshare.espi.atom import Feed
from wattshare.espi.days import day_bounds
from wattshare.espi.profile import PGE
from wattshare.espi.usage import ReadingType

BASE = "https://data.riverton.example:8443"
FEED = Feed(id="6f1c2d7e-0000-5000-8000-000000000001", title="Usage", updated=1_700_000_000)
START = 1_572_678_000
LAST = 4_102_444_800
# both clock changes and an ordinary day
DAYS = (date(2024, 3, 9), date(2024, 3, 10), date(2024, 11, 3))
T = TypeVar("T")
# how long an example takes says something of the machine only
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
INT16, INT48 = st.integers(-(2**15), 2**15 - 1), st.integers(-(2**47), 2**47)
# qualities that every generation of the schemas lists
QUALITIES = st.lists(st.sampled_from((0, 7, 8, 14, 17, 19)), max_size=3).map(tuple)
# what is repeated through a day; made once, as Hypothesis looks a strategy over before it first draws from it
QUALITY_CYCLES = st.lists(QUALITIES, min_size=1, max_size=3)
INT16_CYCLES, INT48_CYCLES = (
    st.none() | st.lists(st.none() | values, min_size=1, max_size=3) for values in (INT16, INT48)
)


def channel(number: int = 1, name: str = ids.reading_type_id(72, None, 900, 1)) -> Channel:
    """A channel of an invented usage point."""
    return Channel(usage_point_id=5_390_000_001, number=number, reading_type_id=name, reading_type=ReadingType())


def item(block: Block, *, subscription: int = 4_100_001, of: Channel | None = None) -> BlockItem:
    """A block on its way."""
    return BlockItem(subscription=subscription, channel=of or channel(), block=block)


def day(
    values: Sequence[int] = (),
    *,
    on: date = DAYS[0],
    step: int = 900,
    offset: int = 0,
    quality: Sequence[tuple[int, ...]] = (),
    cost: Sequence[int | None] = (),
    tou: Sequence[int | None] = (),
) -> Block:
    """A day without gaps."""
    start, end = day_bounds(on, PGE.zone)
    count = (end - start) // step
    return pack_columns(
        list(values or range(100, 100 + count))[:count],
        usage_point_id=5_390_000_001,
        channel=1,
        start=start + offset,
        day_end=end,
        step=step,
        quality=(list(quality) or [(17,)] * count)[:count],
        cost=list(cost)[:count] or None,
        tou=list(tou)[:count] or None,
        at=1_710_000_000,
    )


@st.composite
def regular(draw: st.DrawFn) -> Block:
    """A local day on the grid: electricity and gas, uniform or with runs of everything, all widths."""
    step = draw(st.sampled_from((900, 1_800, 3_600, 3_600, 86_400)))
    start, end = day_bounds(draw(st.sampled_from(DAYS)), PGE.zone)
    count = max(1, (end - start) // step)
    bits = draw(st.sampled_from((6, 14, 30, 46)))

    def column(cycles: st.SearchStrategy[list[int | None] | None]) -> list[int | None] | None:
        cycle = draw(cycles)
        return cycle and spread(cycle, count)

    return pack_columns(
        spread(draw(draw(st.sampled_from(runs(bits)))), count),
        usage_point_id=1,
        channel=1,
        start=start + draw(st.sampled_from((0, 1))),
        day_end=end,
        step=step,
        quality=spread(draw(QUALITY_CYCLES), count),
        tou=column(INT16_CYCLES),
        cost=column(INT48_CYCLES),
        tier=column(INT16_CYCLES),
        cpp=column(INT16_CYCLES),
        revision=1,
        at=draw(st.integers(0, LAST)),
    )


@functools.cache
def runs(bits: int) -> tuple[st.SearchStrategy[list[int]], ...]:
    """A few values of so many bits; more often some that are alike in kind."""
    some = st.integers(-(2**bits), 2**bits)
    # as many meters count: in thousands of what their values are given in
    thousands = st.integers(-1, 2 ** min(bits, 36)).map(lambda value: 1_000 * value)
    mixed = st.lists(some | thousands, min_size=1, max_size=5)
    return tuple(st.lists(one, min_size=1, max_size=5) | mixed for one in (some, thousands))


def spread(values: Sequence[T], count: int) -> list[T]:
    """Runs of the given values, as many in all."""
    return [values[place * len(values) // count] for place in range(count)]


@functools.cache
def readings_from(start: int) -> st.SearchStrategy[list[Reading]]:
    """Readings of a block that begins then, in any order."""
    optional = st.none() | INT16
    reading = st.builds(
        Reading,
        start=st.integers(start, start + 90_000) | st.integers(0, 95).map(lambda place: start + 900 * place),
        duration=st.sampled_from((900, 900, 900, 3_600, 0, 86_400, 2_592_000)) | st.integers(0, 2**32 - 1),
        value=st.none() | INT48 | st.integers(0, 200),
        quality=QUALITIES,
        cost=st.none() | INT48,
        tou=optional,
        tier=optional,
        cpp=optional,
    )
    return st.lists(reading, min_size=1, max_size=20, unique_by=identity)


@st.composite
def irregular(draw: st.DrawFn) -> Block:
    """Whatever else the store can hold: gaps, odd lengths, instants, no values, readings of months."""
    start = draw(st.sampled_from((START, 0, LAST - 200_000)))
    readings = draw(readings_from(start))
    readings.sort(key=identity)
    packed = pack(
        readings,
        usage_point_id=1,
        channel=1,
        start=start,
        day_end=start + draw(st.sampled_from((86_400, LONGEST_DAY, 2_678_400))),
        step=draw(st.sampled_from((0, 900, 3_600))),
        at=draw(st.integers(0, LAST)),
    )
    # more than that is refused
    return replace(packed, duration=min(packed.duration, 2**32 - 1))
