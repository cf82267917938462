"""Packing is exactly undone by unpacking."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshare.custodian.model.packing import (
    day_length,
    identity,
    is_long,
    merge,
    pack,
    pack_columns,
    pack_values,
    unpack,
    unpack_values,
)
from wattshare.custodian.model.readings import Reading
from wattshare.espi.days import day_bounds, day_of

START = 1_572_678_000
DAY = 86_400
INT48 = st.integers(-(2**47), 2**47)
INT16 = st.integers(-(2**15), 2**15 - 1)


def readings_strategy() -> st.SearchStrategy[list[Reading]]:
    """Whatever the readings of a block can say: on a grid, off it, with gaps, instants, no values."""
    optional = st.none() | INT16
    reading = st.builds(
        Reading,
        start=st.integers(START - 3_600, START + 90_000) | st.integers(0, 95).map(lambda n: START + 900 * n),
        duration=st.sampled_from((900, 900, 900, 3_600, 0, 7_200, 86_400)) | st.integers(0, 2**32 - 1),
        value=st.none() | INT48 | st.integers(0, 200),
        quality=st.lists(st.integers(0, 2**16 - 1), max_size=3).map(tuple),
        cost=st.none() | INT48,
        tou=optional,
        tier=optional,
        cpp=optional,
    )
    return st.lists(reading, min_size=1, max_size=120, unique_by=identity).map(
        lambda given: sorted(given, key=identity)
    )


@given(readings=readings_strategy(), step=st.sampled_from((0, 900, 3_600)))
def test_what_is_packed_is_unpacked_as_it_was(readings: list[Reading], step: int) -> None:
    block = pack(readings, usage_point_id=5_390_000_001, channel=1, start=START, day_end=START + DAY, step=step)
    assert list(unpack(block)) == readings
    assert block.count == len(readings)
    # it can be taken apart and put together again without a difference
    again = pack(
        unpack(block),
        usage_point_id=5_390_000_001,
        channel=1,
        start=START,
        day_end=START + DAY,
        step=block.step,
    )
    assert again == block


@given(
    present=st.lists(st.booleans(), min_size=1, max_size=100).filter(any),
    values=st.lists(INT48, min_size=100, max_size=100),
)
def test_gaps_of_a_grid_are_a_bitmap(present: list[bool], values: list[int]) -> None:
    readings = [
        Reading(start=START + 900 * place, duration=900, value=values[place])
        for place, there in enumerate(present)
        if there
    ]
    block = pack(readings, usage_point_id=1, channel=1, start=START, day_end=START + DAY, step=900)
    assert list(unpack(block)) == readings
    if block.step:
        assert (block.presence is None) == all(present[: len(readings)])


@given(values=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_values_take_the_narrowest_width(values: list[int]) -> None:
    width, packed = pack_values(values)
    assert list(unpack_values(width, packed)) == values
    assert len(packed) == width * len(values)
    if width > 1:
        half = 1 << (4 * width - 1)
        assert any(not -half <= value < half for value in values)


@pytest.mark.parametrize(
    ("value", "width"),
    [(0, 1), (127, 1), (128, 2), (-128, 1), (-129, 2), (32_767, 2), (32_768, 4), (2**31, 8), (-(2**47), 8)],
)
def test_the_width_grows_at_its_bounds(value: int, width: int) -> None:
    assert pack_values([0, value])[0] == width


def test_a_uniform_day_costs_its_values_and_next_to_nothing_else() -> None:
    readings = [
        Reading(start=START + 900 * place, duration=900, value=250 + place, quality=(17,), tou=6) for place in range(96)
    ]
    block = pack(readings, usage_point_id=1, channel=1, start=START, day_end=START + DAY, step=900)
    assert (block.step, block.width, len(block.values)) == (900, 2, 192)
    assert (block.presence, block.grid, block.cost, block.valueless) == (None, None, None, None)
    assert len(block.quality or b"") <= 4
    assert len(block.tou or b"") <= 4


def test_instants_a_minute_apart_are_one_run() -> None:
    readings = [Reading(start=START + 60 * place, duration=0, value=9_000 + place) for place in range(1440)]
    block = pack(readings, usage_point_id=1, channel=1, start=START, day_end=START + DAY, step=60)
    assert block.step == 0
    assert len(block.grid or b"") < 12
    assert list(unpack(block)) == readings


def test_an_interval_and_an_instant_may_start_together() -> None:
    readings = [
        Reading(start=START, duration=0, value=462),
        Reading(start=START, duration=3_600, value=441),
    ]
    block = pack(readings, usage_point_id=1, channel=1, start=START, day_end=START + DAY, step=3_600)
    assert list(unpack(block)) == readings


@pytest.mark.parametrize(
    "readings",
    [
        [],
        [Reading(start=START, duration=900, value=1), Reading(start=START, duration=900, value=1)],
        [Reading(start=START + 900, duration=900, value=1), Reading(start=START, duration=900, value=1)],
    ],
    ids=["none", "twice", "backwards"],
)
def test_what_is_no_sequence_of_readings_is_not_packed(readings: list[Reading]) -> None:
    with pytest.raises(ValueError, match=r"at least one reading|in order"):
        pack(readings, usage_point_id=1, channel=1, start=START, day_end=START + DAY)


@pytest.mark.parametrize(
    ("day", "quarters", "seconds"),
    [("2024-03-10", 92, 82_800), ("2024-07-01", 96, 86_400), ("2024-11-03", 100, 90_000)],
)
def test_a_local_day_is_as_long_as_its_clock(day: str, quarters: int, seconds: int) -> None:
    zone = ZoneInfo("America/Los_Angeles")
    start, end = day_bounds(date.fromisoformat(day), zone)
    readings = [Reading(start=at, duration=900, value=1) for at in range(start, end, 900)]
    block = pack(readings, usage_point_id=1, channel=1, start=start, day_end=end, step=900)
    assert (block.count, block.duration, len(readings)) == (quarters, seconds, quarters)
    assert {day_of(reading.start, zone).isoformat() for reading in unpack(block)} == {day}


@pytest.mark.parametrize("length", [82_800, 86_400, 90_000])
def test_a_gas_day_starts_a_second_late_and_is_a_whole_day(length: int) -> None:
    readings = [Reading(start=START + 1, duration=length, value=103_659_540)]
    block = pack(readings, usage_point_id=1, channel=1, start=START + 1, day_end=START + length, step=length)
    assert (block.start, block.duration, block.step) == (START + 1, length, length)
    assert list(unpack(block)) == readings


def test_a_reading_of_a_month_is_a_block_of_its_own() -> None:
    month = 31 * DAY
    reading = Reading(start=START, duration=month, value=7)
    block = pack([reading], usage_point_id=1, channel=1, start=START, day_end=START + month, step=month)
    assert is_long(block.start, block.day_end)
    assert day_length(block.start, block.day_end) == block.duration == month
    assert unpack(block) == (reading,)


@given(readings=readings_strategy(), others=readings_strategy())
def test_merging_keeps_everything_and_prefers_what_is_given(readings: list[Reading], others: list[Reading]) -> None:
    merged = merge(readings, others)
    by_identity = {identity(reading): reading for reading in merged}
    assert len(by_identity) == len(merged)
    assert [identity(reading) for reading in merged] == sorted(by_identity)
    assert all(by_identity[identity(other)] == other for other in others)
    assert by_identity.keys() == {identity(reading) for reading in (*readings, *others)}
    assert merge(merged, others) == merged


@given(values=st.lists(INT48, min_size=1, max_size=100), tou=INT16)
def test_columns_pack_as_readings_do(values: list[int], tou: int) -> None:
    readings = [
        Reading(start=START + 900 * place, duration=900, value=value, quality=(8,), tou=tou)
        for place, value in enumerate(values)
    ]
    columns = pack_columns(
        values,
        usage_point_id=1,
        channel=1,
        start=START,
        day_end=START + DAY,
        step=900,
        quality=[(8,)] * len(values),
        tou=[tou] * len(values),
    )
    packed = pack(readings, usage_point_id=1, channel=1, start=START, day_end=START + DAY, step=900)
    assert replace(columns, duration=0) == replace(packed, duration=0)
