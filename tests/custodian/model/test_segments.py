"""A segment gives back every block as it was, whatever the blocks hold."""

from dataclasses import fields, replace
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.custodian.model.test_packing import readings_strategy
from wattshare.custodian.model.packing import pack, pack_columns
from wattshare.custodian.model.readings import Block, Reading
from wattshare.custodian.model.segments import SIDECARS, mark_of, pack_segment, read_blocks, read_marks

MONTH = 1_572_566_400
DAY = 86_400
PLACE: dict[str, Any] = {"usage_point_id": 5_390_000_001, "channel": 3}


@st.composite
def blocks_strategy(draw: st.DrawFn) -> list[Block]:
    """A few blocks of one channel, in order of start."""
    starts = draw(st.lists(st.integers(MONTH, MONTH + 31 * DAY), min_size=1, max_size=5, unique=True).map(sorted))
    return [draw(block_strategy(start)) for start in starts]


@st.composite
def block_strategy(draw: st.DrawFn, start: int) -> Block:
    shift = start - 1_572_678_000
    readings = [replace(each, start=each.start + shift) for each in draw(readings_strategy())]
    number = st.integers(0, 2**40)
    return replace(
        pack(readings, **PLACE, start=start, day_end=start + draw(st.integers(1, 40 * DAY)), step=900),
        first_revision=draw(number),
        revision=draw(number),
        published_at=draw(number),
        updated_at=draw(number),
        corrected=draw(st.integers(0, 100)),
        late=draw(st.integers(0, 100)),
    )


def columns(values: list[int], start: int = MONTH) -> Block:
    return pack_columns(values, **PLACE, start=start, day_end=start + DAY, step=DAY // len(values))


def there_and_back(blocks: list[Block]) -> list[Block]:
    segment = pack_segment(blocks, MONTH)
    return list(read_blocks(segment, read_marks(segment)))


@given(blocks=blocks_strategy())
def test_every_block_comes_out_as_it_went_in(blocks: list[Block]) -> None:
    assert there_and_back(blocks) == blocks
    segment = pack_segment(blocks, MONTH)
    assert read_marks(segment) == tuple(map(mark_of, blocks))


@given(blocks=blocks_strategy(), chosen=st.sets(st.integers(0, 4)))
def test_some_blocks_can_be_taken_out_alone(blocks: list[Block], chosen: set[int]) -> None:
    segment, places = pack_segment(blocks, MONTH), sorted(place for place in chosen if place < len(blocks))
    assert list(read_blocks(segment, read_marks(segment), places)) == [blocks[place] for place in places]


@given(
    days=st.lists(
        st.lists(st.integers(0, 2**31 - 1) | st.integers(-200, 200), min_size=4, max_size=4), min_size=1, max_size=8
    ),
    factor=st.sampled_from((1, 1_000, 2**20)),
)
def test_values_with_a_common_divisor_come_out_as_they_were(days: list[list[int]], factor: int) -> None:
    blocks = [columns([value * factor for value in day], MONTH + DAY * place) for place, day in enumerate(days)]
    assert there_and_back(blocks) == blocks


@pytest.mark.parametrize("least", [0, -5, 2**62])
def test_a_register_that_only_grows_is_kept_as_differences(least: int) -> None:
    count, values = 24, list(accumulate([least, *(1_003 + 7 * (n % 11) for n in range(24 * 31 - 1))]))
    blocks = [columns(values[at : at + count], MONTH + DAY * (at // count)) for at in range(0, len(values), count)]
    assert there_and_back(blocks) == blocks
    # less than a byte a value, where each of them has five and more
    assert len(pack_segment(blocks, MONTH).body) < len(values)


def test_days_of_different_widths_stand_side_by_side() -> None:
    days = [[0, 0], [-128, 127], [-129, 5], [2**15, -1], [-(2**31), 1], [2**63 - 1, -(2**63)]]
    blocks = [columns(values, MONTH + DAY * place) for place, values in enumerate(days)]
    assert {block.width for block in blocks} == {1, 2, 4, 8}
    assert there_and_back(blocks) == blocks
    assert there_and_back(blocks[:-1]) == blocks[:-1]


def test_a_month_of_quarter_hours_takes_little_room() -> None:
    # ten bits of chance in a value of thousandths
    chance = [1_000 * (997 * n * n % 1_021) for n in range(96 * 30)]
    quality, tou = [(17,)] * 96, [1] * 64 + [2] * 20 + [1] * 12
    blocks = [
        pack_columns(
            chance[96 * day : 96 * day + 96],
            **PLACE,
            start=MONTH + DAY * day,
            day_end=MONTH + DAY * (day + 1),
            step=900,
            quality=quality,
            tou=tou,
            revision=100 + day,
            at=MONTH + DAY * (day + 1) + 10_800,
        )
        for day in range(30)
    ]
    segment = pack_segment(blocks, MONTH)
    assert there_and_back(blocks) == blocks
    assert len(segment.marks) < 64
    assert len(segment.body) < 1.5 * 96 * 30


def test_blocks_of_a_segment_are_in_order() -> None:
    with pytest.raises(ValueError, match="in order"):
        pack_segment([columns([1], MONTH + DAY), columns([1], MONTH)], MONTH)


def test_a_segment_of_a_later_form_is_not_guessed_at() -> None:
    segment = pack_segment([columns([1])], MONTH)
    with pytest.raises(ValueError, match="later release"):
        read_marks(replace(segment, marks=b"\x02" + segment.marks[1:]))


def test_every_field_of_a_block_has_its_place() -> None:
    of_marks = {each.name for each in fields(mark_of(columns([1])))} - {"estimated"}
    of_segment = {"usage_point_id", "channel"}
    assert {each.name for each in fields(Block)} == of_marks | of_segment | {"values", *SIDECARS}


def test_an_empty_sidecar_is_not_the_same_as_none() -> None:
    block = replace(columns([1]), presence=b"")
    assert there_and_back([block]) == [block]


def test_readings_without_a_value_keep_their_places() -> None:
    readings = [Reading(start=MONTH + 900 * n, duration=900, value=None if n % 5 else n) for n in range(96)]
    block = pack(readings, **PLACE, start=MONTH, day_end=MONTH + DAY, step=900)
    assert there_and_back([block]) == [block]
