"""Simple homes: as many as are asked for, each with its days, all in the form that everything else has."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.custodian.sandbox.conftest import empty
from tests.custodian.sandbox.towns import NOW, TODAY
from wattshare.custodian.model.packing import pack_values, unpack, unpack_values
from wattshare.custodian.sandbox.calendar import Calendar
from wattshare.custodian.sandbox.generate import Town, generate
from wattshare.custodian.sandbox.homes import BILLED, DAY_BYTES, WIDTH, Homes, day_values
from wattshare.custodian.store.bills import BILL
from wattshare.custodian.store.blocks import INTERVAL_BLOCK, read_block
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

# usage points of the twelve households
HOUSEHOLD_POINTS = 53
FIRST_HOME = 5_390_000_001 + HOUSEHOLD_POINTS


def kept(store: Store, point: int) -> list[tuple[int, bytes]]:
    """Starts and values of a home's days."""
    blocks = INTERVAL_BLOCK.c
    found = select(blocks.start, blocks["values"]).where(blocks.usage_point_id == point).order_by(blocks.start)
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(found)]


def town(folder: Path, *, days: int, usage_points: int, seed: int = 1) -> Store:
    folder.mkdir()
    store = empty(folder)
    generate(store, Town(seed=seed, days=days, now=NOW, usage_points=usage_points, profile=PGE), lambda *_: None)
    return store


def test_a_home_has_every_day_and_each_is_whole(tmp_path: Path) -> None:
    store = town(tmp_path / "town", days=40, usage_points=3)
    with store.engine.connect() as connection:
        rows = connection.execute(select(INTERVAL_BLOCK).where(INTERVAL_BLOCK.c.usage_point_id == FIRST_HOME + 2))
        blocks = [read_block(row) for row in rows.mappings()]
    assert len(blocks) == 40
    assert blocks[-1].day_end == TODAY
    for block in blocks:
        readings = unpack(block)
        assert sum(reading.duration for reading in readings) == block.day_end - block.start
        assert pack_values([reading.value or 0 for reading in readings]) == (block.width, block.values)
        # a plausible day of a home, in thousandths of a watt hour
        assert 3_000_000 < sum(reading.value or 0 for reading in readings) < 60_000_000
    # October's 25 hours among them
    assert sorted({block.count for block in blocks}) == [96, 100]


def test_a_day_of_a_home_does_not_depend_on_how_many_there_are_or_how_long_the_history_is(tmp_path: Path) -> None:
    few, many = (town(tmp_path / str(count), days=days, usage_points=count) for count, days in ((2, 35), (5, 3)))
    assert kept(few, FIRST_HOME + 1)[-3:] == kept(many, FIRST_HOME + 1)
    other = town(tmp_path / "other", days=3, usage_points=2, seed=2)
    assert kept(other, FIRST_HOME + 1) != kept(many, FIRST_HOME + 1)
    assert kept(many, FIRST_HOME) != kept(many, FIRST_HOME + 1)


@pytest.mark.parametrize("size", [6_000, 11_900, 23_900])
@pytest.mark.parametrize("chance", [0, 1, 255])
def test_whatever_chance_says_a_day_is_packed_as_narrow_as_it_can_be(size: int, chance: int) -> None:
    calendar = Calendar.made(370, NOW, PGE.zone, lambda _reason, _at: 1)
    for day in calendar.days:
        packed = day_values(size, day, bytes([chance]) * 31 * DAY_BYTES)
        assert pack_values(unpack_values(WIDTH, packed)) == (WIDTH, packed)


def test_only_a_small_town_has_bills(tmp_path: Path) -> None:
    store = empty(tmp_path)
    with store.begin() as tx:
        calendar = Calendar.made(2, NOW, PGE.zone, tx.revisions.begin)
    homes = Homes(store=store, calendar=calendar, seed=1, profile=PGE, accounts=0)
    assert list(homes.build(BILLED + 1))[-1] == BILLED + 1
    with store.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(BILL)) == 0
        assert connection.scalar(select(func.count()).select_from(INTERVAL_BLOCK)) == 2 * (BILLED + 1)
