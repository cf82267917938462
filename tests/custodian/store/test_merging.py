"""Many blocks at once: the same as one after the other, whatever they hold."""

import random
from dataclasses import replace

import pytest

from tests.custodian.store.households import Home, add_authorization, add_home, add_party
from tests.custodian.store.test_readings import (
    DAY,
    HOUR,
    LATER,
    RECEIVED,
    add_channel,
    day_block,
    long_block,
    midnight,
)
from wattshare.custodian.model.changes import Correction, Tally
from wattshare.custodian.model.packing import pack, unpack
from wattshare.custodian.model.readings import Block, Channel, Reading
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.profile import PGE


def see(tx: Tx, home: Home) -> None:
    """An authorization that is found by the usage point."""
    point = home.usage_point.id
    add_authorization(tx, add_party(tx, f"Party {point}"), home, id=point, floor=midnight(-5), starts=midnight(-5))


def coming(channel: Channel, chance: random.Random) -> list[Block]:
    """Days whole and in part, again and otherwise, gas days, long readings and instants, in any order."""
    found = []
    for turn in range(30):
        revision = 1 + turn // 3
        day = chance.randrange(6)
        match chance.randrange(6):
            case 0:
                block = long_block(channel, midnight(day), 3 * DAY)
            case 1:
                gas = Reading(start=midnight(day) + 1, duration=DAY, value=turn)
                block = packed([gas], channel, midnight(day) + 1, midnight(day + 1), DAY)
            case 2:
                register = Reading(start=midnight(day) + 5, duration=0, value=2**40 + turn)
                block = packed([register], channel, midnight(day), midnight(day + 1), 0)
            case _:
                hours = sorted(chance.sample(range(23), chance.randrange(1, 23)))
                block = day_block(channel, day, value=chance.choice((100, -7, 70_000)), hours=hours)
        found.append(replace(block, revision=revision, first_revision=revision, updated_at=1000 + revision))
    return found


def packed(readings: list[Reading], channel: Channel, start: int, day_end: int, step: int) -> Block:
    place = {"usage_point_id": channel.usage_point_id, "channel": channel.number}
    return pack(readings, **place, start=start, day_end=day_end, step=step)


def content(tx: Tx, channel: Channel) -> tuple[list[Block], list[Correction]]:
    """What is kept of a channel, as if it were the first usage point's."""
    held = tx.authorizations.by_id(channel.usage_point_id)
    assert held is not None
    blocks = tx.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE)
    corrections = tx.readings.corrections(channel.usage_point_id)
    return (
        [replace(block, usage_point_id=1) for block in blocks],
        [replace(entry, usage_point_id=1) for entry in corrections if entry.channel == channel.number],
    )


@pytest.mark.parametrize("seed", range(8))
def test_many_blocks_at_once_are_the_same_as_one_after_the_other(store: Store, seed: int) -> None:
    told = []
    for bulk in (True, False):
        with store.begin() as tx:
            home = add_home(tx, f"{seed}-{bulk}", starts=midnight(-5))
            see(tx, home)
            channels = [add_channel(tx, home), add_channel(tx, home, RECEIVED)]
            chance = random.Random(seed)
            blocks = [block for channel in channels for block in coming(channel, chance)]
            chance.shuffle(blocks)
            if bulk:
                tally = tx.readings.merge_blocks(blocks, "came")
            else:
                tally = sum((tx.readings.merge_block(block, "came") for block in blocks), Tally())
            told.append((tally, [content(tx, channel) for channel in channels]))
    assert told[0] == told[1]
    [(blocks, corrections), _] = told[0][1]
    assert blocks
    assert corrections


def test_a_day_that_comes_twice_in_one_batch_is_one_day(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=midnight(-5))
        see(tx, home)
        channel = add_channel(tx, home)
        morning, evening = (day_block(channel, 0, hours=hours) for hours in (range(12), range(10, 24)))
        assert tx.readings.merge_blocks([morning, evening], "") == Tally(new=24, same=2)
        [(stored,), corrections] = content(tx, channel)
        assert stored.values == day_block(channel, 0).values
        assert corrections == []


def test_the_values_of_a_day_that_was_read_again_are_the_only_thing_that_is_replaced(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=midnight(-5))
        see(tx, home)
        channel = add_channel(tx, home)
        first = day_block(channel, 0)
        readings = [
            replace(reading, value=9) if place in (3, 4) else reading for place, reading in enumerate(unpack(first))
        ]
        again = packed(readings, channel, first.start, first.day_end, HOUR)
        tx.readings.merge_blocks([first], "")
        assert tx.readings.merge_blocks([replace(again, revision=2, updated_at=2_000_000_000)], "") == Tally(
            changed=2, same=22
        )
        [(stored,), [entry]] = content(tx, channel)
        assert (stored.first_revision, stored.revision, stored.published_at) == (1, 2, first.published_at)
        assert unpack(stored) == tuple(readings)
        assert [reading.value for reading in entry.old] == [103, 104]
        assert [reading.value for reading in entry.new] == [9, 9]
