from itertools import pairwise

import pytest

from tests.custodian.sandbox.towns import TODAY, Built
from wattshare.custodian.model.packing import unpack
from wattshare.espi.days import day_of
from wattshare.espi.profile import PGE

ELECTRICITY = "NzI6bnVsbDo5MDA6MQ=="
DAY = 86_400
REASON = "the meter was read after all: its values in the place of estimates"


@pytest.mark.parametrize(
    ("slug", "number", "channels"),
    [
        ("flat", 0, [(1, 1, 900)]),
        ("solar", 0, [(1, 1, 900), (2, 19, 900)]),
        ("gas_and_electric", 1, [(1, 1, DAY)]),
        ("business", 7, [(1, 1, DAY)]),
        ("meter_swap", 0, [(1, 1, 900), (2, 1, 900)]),
        ("interval_switch", 0, [(1, 1, 3600), (2, 1, 900)]),
        ("billing_only", 0, []),
    ],
)
def test_each_household_has_its_channels(
    built: Built, slug: str, number: int, channels: list[tuple[int, int, int]]
) -> None:
    found = [
        (each.number, each.reading_type.flow_direction, each.reading_type.interval_length)
        for each in built.channels(slug, number)
    ]
    assert found == channels


def test_electricity_is_told_as_the_profile_tells_it(built: Built) -> None:
    (channel,) = built.channels("flat")
    told = channel.reading_type
    assert channel.reading_type_id == ELECTRICITY
    assert (told.commodity, told.uom, told.kind, told.power_of_ten_multiplier) == (1, 72, 12, -3)
    assert (told.accumulation_behaviour, told.data_qualifier, told.default_quality) == (4, 12, 17)
    assert (told.time_attribute, told.measuring_period, told.phase, told.currency) == (0, 2, 769, 840)


def test_gas_is_told_as_the_profile_tells_it(built: Built) -> None:
    told = built.channels("gas_and_electric", 1)[0].reading_type
    assert (told.commodity, told.uom, told.power_of_ten_multiplier) == (7, 169, -8)
    assert (told.time_attribute, told.measuring_period, told.phase) == (11, 4, None)


def test_days_follow_one_another_with_23_24_and_25_hours(built: Built) -> None:
    blocks = built.blocks("flat")
    assert all(one.day_end == other.start for one, other in pairwise(blocks))
    assert {(block.duration, block.count) for block in blocks} == {(82_800, 92), (86_400, 96), (90_000, 100)}


def test_gas_days_start_a_second_late_and_last_the_local_day(built: Built) -> None:
    blocks = built.blocks("gas_and_electric", number=1)
    assert {block.duration for block in blocks} == {82_800, 86_400, 90_000}
    for block in blocks:
        (reading,) = unpack(block)
        assert (reading.start, reading.duration) == (block.start, block.duration)
        assert block.start + block.duration == block.day_end + 1
        assert reading.tou is None


def test_every_electric_reading_says_its_time_of_use(built: Built) -> None:
    codes = {reading.tou for reading in built.readings("electric_car")}
    assert codes == {1, 2, 3, 5, 6}


def test_readings_older_than_forty_days_are_of_revenue_quality(built: Built) -> None:
    qualities = {block.start: {each.quality for each in unpack(block)} for block in built.blocks("flat")}
    for start, found in qualities.items():
        age = (day_of(TODAY, PGE.zone) - day_of(start, PGE.zone)).days
        assert found == {(19,) if age > 40 else (17,)}


def test_a_roof_gives_back_what_it_has_left_over_in_an_interval(built: Built) -> None:
    delivered = {reading.start: reading.value or 0 for reading in built.readings("solar", 1)}
    received = {reading.start: reading.value or 0 for reading in built.readings("solar", 2)}
    assert delivered.keys() == received.keys()
    assert all(not (delivered[start] and received[start]) for start in delivered)
    assert sum(received.values()) > 0 < sum(delivered.values())


def test_another_meter_is_another_channel_of_the_same_reading_type(built: Built) -> None:
    old, new = built.channels("meter_swap")
    before, after = built.blocks("meter_swap", 1), built.blocks("meter_swap", 2)
    first, second = built.premise("meter_swap").meters
    assert old.reading_type_id == new.reading_type_id
    assert (old.meter_serial, new.meter_serial) == (first.serial, second.serial)
    assert before[-1].day_end == after[0].start == first.removed == second.installed


def test_hours_become_quarters_from_one_day_on(built: Built) -> None:
    before, after = built.blocks("interval_switch", 1), built.blocks("interval_switch", 2)
    assert before[-1].day_end == after[0].start
    assert ({block.step for block in before}, {block.step for block in after}) == ({3600}, {900})
    assert len({each.meter_serial for each in built.channels("interval_switch")}) == 1


def test_one_week_is_missing(built: Built) -> None:
    gaps = [
        (day_of(other.start, PGE.zone) - day_of(one.start, PGE.zone)).days - 1
        for one, other in pairwise(built.blocks("missing_week"))
        if one.day_end != other.start
    ]
    assert gaps == [7]


def test_estimates_were_corrected_by_a_later_revision_and_stand_in_the_ledger(built: Built) -> None:
    point = built.premise("corrected").usage_point.id
    with built.store.read() as tx:
        corrections = list(tx.readings.corrections(point))
    assert len(corrections) == 3
    assert {each.reason for each in corrections} == {REASON}
    blocks = {block.start: block for block in built.blocks("corrected")}
    for each in corrections:
        block = blocks[each.start]
        assert {reading.quality for reading in each.old} == {(8,)}
        assert unpack(block) == each.new
        assert block.first_revision < block.revision == each.revision
        assert block.published_at < block.updated_at == each.at


def test_the_meter_goes_on_where_somebody_moved_out_but_not_for_her(built: Built) -> None:
    for number, agreement in enumerate(each.agreement for each in built.resident("moved").premises):
        blocks = built.blocks("moved", number=number)
        assert blocks[0].start >= agreement.starts
        assert blocks[-1].day_end <= (agreement.ends or TODAY)
        # all that her authorization opens is less than what was metered
        assert 0 < len(blocks) < 340
