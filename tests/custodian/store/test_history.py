"""Two tiers are as one: whatever comes, is corrected and is closed in whatever order, nobody who reads can tell."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.custodian.store.households import Home, add_authorization, add_home, add_party
from tests.custodian.store.test_readings import DAY, DELIVERED, HOUR, LATER, RECEIVED, ZONE, add_channel, day_block
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.model.errors import Conflict
from wattshare.custodian.model.packing import pack
from wattshare.custodian.model.readings import Block, Channel, Reading
from wattshare.custodian.services.disclosure.windows import extent_of
from wattshare.custodian.store import tiers
from wattshare.custodian.store.compaction import FIRST
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.tiers import DAYS as HOT
from wattshare.espi.days import day_bounds, day_of, midnight
from wattshare.espi.profile import PGE, STANDARD
from wattshare.espi.window import Window

# three months with both changes of the clock near: the days are counted from here
BEGINS = date(2024, 2, 12)
DAYS = 80
NOON = 12 * HOUR
KNOWN = 1_710_000_000


def at(day: int) -> int:
    return midnight(BEGINS + timedelta(days=day), ZONE)


def close_all(store: Store, before: int = LATER) -> int:
    """Close every month that ends by then; how many days were moved."""
    moved = 0
    with store.read() as tx:
        months = tx.history.open_months(before)
    for month in months:
        done = FIRST
        while True:
            with store.begin() as tx:
                closed = tx.history.close(month, done, LATER, channels=2)
            if closed is None:
                break
            done, moved = closed.last, moved + closed.blocks
    return moved


def packed(channel: Channel, readings: list[Reading], start: int, day_end: int, step: int = 0) -> Block:
    place = {"usage_point_id": channel.usage_point_id, "channel": channel.number}
    return pack(readings, **place, start=start, day_end=day_end, step=step)


def any_block(channel: Channel, chance: random.Random) -> Block:
    """A day of hours, whole or in part; sometimes a gas day, a register, a long reading."""
    day = chance.randrange(DAYS)
    start, end = day_bounds(BEGINS + timedelta(days=day), ZONE)
    match chance.randrange(9):
        case 0:
            reading = Reading(start=start + 1, duration=end - start, value=chance.randrange(1000))
            return packed(channel, [reading], start + 1, end, end - start)
        case 1:
            return packed(channel, [Reading(start=start + 7, duration=0, value=2**40 + day)], start, end)
        case 2:
            # a start that no day has
            reading = Reading(start=start + NOON, duration=40 * DAY, value=chance.randrange(10**6))
            return packed(channel, [reading], start + NOON, start + NOON + 40 * DAY, 40 * DAY)
        case _:
            hours = range((end - start) // HOUR)
            if chance.random() < 0.5:
                hours = sorted(chance.sample(hours, chance.randrange(1, 20)))  # type: ignore[assignment]
            value, quality = chance.choice((-5, 70, 100_000)), chance.choice(((17,), (8,), ()))
            readings = [
                Reading(start=start + HOUR * hour, duration=HOUR, value=value * hour, quality=quality) for hour in hours
            ]
            return packed(channel, readings, start, end, HOUR)


WINDOWS = [
    None,
    Window(published_min=at(10)),
    Window(published_min=at(18), published_max=at(48)),
    Window(published_min=at(20) + NOON, published_max=at(20) + NOON),
    Window(published_max=at(49)),
    Window(updated_min=KNOWN + 40),
    Window(updated_min=KNOWN + 20, updated_max=KNOWN + 50, published_max=at(60)),
    Window(published_min=LATER),
]


def seen(tx: Tx, home: Home) -> Iterator[Any]:
    """All that can be asked about a home, as if it were the first usage point's."""
    point = home.usage_point.id
    yield tx.readings.first_day(point)
    yield [replace(entry, usage_point_id=1) for entry in tx.readings.corrections(point)]
    for number in (1, 2):
        for first, after in ((at(-5), LATER), (at(18) + NOON, at(48))):
            for last in (False, True):
                mine = tx.readings.own_blocks(home.agreement, number, first, after, last=last)
                yield [replace(block, usage_point_id=1) for block in mine]
        # who may see all of the agreement sees what the customer sees
        whole = tx.authorizations.by_id(3 * point)
        assert whole is not None
        told = list(tx.readings.blocks(whole, point, number, None, LATER, PGE))
        assert list(tx.readings.own_blocks(home.agreement, number, 0, LATER)) == told
    for which in (0, 1, 2):
        held = tx.authorizations.by_id(3 * point + which)
        assert held is not None
        yield [channel.number for channel in tx.readings.channels_shared(held, point, LATER)]
        for number in (1, 2):
            place = (held, point, number)
            for profile in (PGE, STANDARD):
                for window in WINDOWS:
                    every = list(tx.readings.blocks(*place, window, LATER, profile))
                    yield [replace(block, usage_point_id=1) for block in every]
                    extent = tx.readings.extent(held, window, LATER, profile, usage_point_id=point, channel=number)
                    yield extent
                    few = tx.readings.few_blocks(*place, window, LATER, profile)
                    assert few == every if few is not None else len(every) >= HOT
                    assert few is None or extent_of(few) == extent
                    yield tx.readings.extent(held, window, LATER, profile)
            for since in (None, KNOWN + 30):
                for until in (None, KNOWN + 45):
                    blocks = tx.readings.latest_blocks(*place, since, LATER, until=until)
                    yield [replace(block, usage_point_id=1) for block in blocks]
                    yield tx.readings.latest_extent(held, since, LATER, until=until)
                    yield tx.readings.latest_extent(held, since, LATER, until=until, usage_point_id=point)
            for day in (0, 17, 18, 19, 47, 79):
                block = tx.readings.block(*place, at(day), LATER)
                yield None if block is None else replace(block, usage_point_id=1)


def settle(tx: Tx, number: str) -> tuple[Home, list[Channel]]:
    """A home with two channels, seen by three third parties: all of it, some of it, and a stay within it."""
    home = add_home(tx, number, starts=at(-5), ends=at(55) + NOON)
    point = home.usage_point.id
    for which, floor in enumerate((at(-5), at(18), at(30))):
        known: dict[str, Any] = {"floor": floor, "starts": at(-5), "id": 3 * point + which}
        add_authorization(tx, add_party(tx, f"{point} {which}"), home, **known)
    return home, [add_channel(tx, home), add_channel(tx, home, RECEIVED)]


@pytest.mark.parametrize(
    ("engine", "seed"), [*(("sqlite", seed) for seed in range(4)), ("postgresql", 0), ("postgresql", 1)]
)
def test_closing_at_any_time_changes_nothing_that_can_be_seen(store: Store, seed: int) -> None:
    with store.begin() as tx:
        closed, never = settle(tx, f"{seed}-1"), settle(tx, f"{seed}-2")
    tallies = []
    for home, channels in (closed, never):
        chance, tally = random.Random(seed), Tally()
        for turn in range(12):
            with store.begin() as tx:
                blocks = [any_block(chance.choice(channels), chance) for _ in range(20)]
                coming = (
                    replace(block, revision=turn + 1, first_revision=turn + 1, updated_at=KNOWN + 5 * turn)
                    for block in blocks
                )
                tally += tx.readings.merge_blocks(coming, f"turn {turn}")
            if home is closed[0] and chance.random() < 0.6:
                # now and then a month later
                close_all(store, at(chance.choice((20, 50, 90))))
            elif home is never[0]:
                chance.random() < 0.6 and chance.choice((20, 50, 90))
        tallies.append(tally)
    assert tallies[0] == tallies[1]
    with store.read() as tx:
        for one, other in zip(seen(tx, closed[0]), seen(tx, never[0]), strict=True):
            assert one == other
    with store.read() as tx:
        connection = tx.trail._connection
        assert connection.scalar(
            text(f"SELECT count(*) FROM segment WHERE usage_point_id = {closed[0].usage_point.id}")
        )


def case_readings(name: str, start: int, end: int, day: int) -> list[Reading]:
    """The readings of a day, as a kind of meter has them."""
    match name:
        case "quarter hours":
            return [Reading(start=at, duration=900, value=1000 * (at % 97)) for at in range(start, end, 900)]
        case "minutes":
            return [Reading(start=at, duration=60, value=at % 13) for at in range(start, end, 60)]
        case "gas days":
            return [Reading(start=start + 1, duration=end - start, value=100 * day, quality=(8,))]
        case "registers":
            return [Reading(start=start + 30, duration=0, value=2**45 + 917 * day)]
        case "odd grids":
            return [Reading(start=start + 7 + 1000 * n, duration=999, value=n - 20) for n in range(50)]
        case "gaps":
            return [Reading(start=start + 900 * n, duration=900, value=n) for n in range(90) if (n * day) % 7]
        case "wide values":
            return [Reading(start=start + HOUR * n, duration=HOUR, value=(-1) ** n * (2**62 + n)) for n in range(23)]
        case "everything beside values":
            return [
                Reading(
                    start=start + HOUR * n,
                    duration=HOUR,
                    value=None if n % 5 == day % 5 else n,
                    quality=(17, n % 3),
                    cost=1234 * n,
                    tou=n // 8,
                    tier=n % 2,
                    cpp=None if n < 12 else 1,
                )
                for n in range(23)
            ]
        case "changed length":
            step = HOUR if day < 40 else 900
            return [Reading(start=at, duration=step, value=at % 31) for at in range(start, end, step)]
    raise LookupError(name)


CASES = (
    *("quarter hours", "minutes", "gas days", "registers", "odd grids", "gaps", "wide values"),
    *("everything beside values", "changed length"),
)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("first", [date(2024, 2, 27), date(2024, 10, 29)])
def test_what_meters_say_comes_out_as_it_came(store: Store, case: str, first: date) -> None:
    days = [day_bounds(first + timedelta(days=day), ZONE) for day in range(45)]
    assert {end - start for start, end in days} & {82_800, 90_000}
    with store.begin() as tx:
        home = add_home(tx, starts=days[0][0])
        held = add_authorization(tx, add_party(tx), home, floor=0, starts=0)
        channel = add_channel(tx, home)
        readings = [(case_readings(case, start, end, day), start, end) for day, (start, end) in enumerate(days)]
        offset = 1 if case == "gas days" else 0
        blocks = [packed(channel, day, start + offset, end) for day, start, end in readings if day]
        tx.readings.load([replace(block, revision=1, updated_at=KNOWN) for block in blocks])
        place = (held, channel.usage_point_id, channel.number, None, LATER, PGE)
        before = list(tx.readings.blocks(*place))
    assert close_all(store) == len(blocks)
    with store.read() as tx:
        assert list(tx.readings.blocks(*place)) == before
        assert [replace(block, late=0) for block in before] == [
            replace(block, revision=1, first_revision=1, published_at=KNOWN, updated_at=KNOWN) for block in blocks
        ]


def test_a_year_of_a_usage_point_is_twelve_rows(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=0)
        channel = add_channel(tx, home)
        days = (midnight(date(2024, 1, 1) + timedelta(days=day), ZONE) for day in range(366))
        tx.readings.load(
            packed(
                channel,
                [Reading(start=start, duration=HOUR, value=1)],
                start,
                day_bounds(day_of(start, ZONE), ZONE)[1],
            )
            for start in days
        )
    assert close_all(store) == 366
    with store.read() as tx:
        connection = tx.trail._connection
        assert connection.scalar(text("SELECT count(*) FROM segment")) == 12
        assert connection.scalar(text("SELECT count(*) FROM interval_block")) == 0
        assert connection.scalar(text("SELECT sum(count) FROM segment")) == 366


@pytest.mark.parametrize("closed", [False, True])
def test_what_is_much_is_not_held_at_once(store: Store, monkeypatch: pytest.MonkeyPatch, closed: bool) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=0)
        held = add_authorization(tx, add_party(tx), home, floor=0, starts=0)
        channel = add_channel(tx, home)
        blocks = [day_block(channel, day) for day in range(60)]
        tx.readings.load(blocks)
    if closed:
        close_all(store)
    place = (held, channel.usage_point_id, channel.number, None, LATER, PGE)
    size = sum(len(block.values) for block in blocks)
    with store.read() as tx:
        monkeypatch.setattr(tiers, "FEW_BYTES", size)
        few = tx.readings.few_blocks(*place)
        assert few is not None
        assert len(few) == len(blocks)
        monkeypatch.setattr(tiers, "FEW_BYTES", size - 1)
        assert tx.readings.few_blocks(*place) is None
        assert len(list(tx.readings.blocks(*place))) == len(blocks)


def test_late_days_join_the_segment_when_the_month_is_closed_again(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=0)
        channel = add_channel(tx, home)
        tx.readings.load(day_block(channel, day) for day in (0, 1, 3))
    assert close_all(store) == 3
    with store.begin() as tx:
        tx.readings.load([day_block(channel, 4)])
        assert tx.readings.merge_blocks([day_block(channel, 2), day_block(channel, 1)], "") == Tally(new=23, same=24)
    assert close_all(store) == 2
    assert close_all(store) == 0
    with store.read() as tx:
        connection = tx.trail._connection
        assert connection.scalars(text("SELECT count FROM segment")).all() == [5]


def test_channels_that_have_something_in_some_days_are_found_in_both_tiers(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx)
        hot, closed, empty = (add_channel(tx, home, of) for of in (DELIVERED, RECEIVED, DELIVERED))
        tx.readings.load([day_block(closed, 3)])
    close_all(store)
    with store.begin() as tx:
        tx.readings.load(day_block(hot, day) for day in (3, 8))

        def met(day: int) -> list[int]:
            blocks = [day_block(channel, day) for channel in (hot, closed, empty)]
            days = [(one.usage_point_id, one.channel, one.start, one.day_end) for one in blocks]
            return sorted(channel for _, channel in tx.readings.met(days))

        # of the history by the month
        assert met(3) == sorted((hot.number, closed.number))
        assert met(4) == [closed.number]
        assert met(40) == []


def test_a_day_of_the_history_is_not_loaded_a_second_time(store: Store) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, add_home(tx))
        tx.readings.load([day_block(channel, 0)])
    close_all(store)
    with pytest.raises(Conflict), store.begin() as tx:
        tx.readings.load([day_block(channel, 1), day_block(channel, 0)])
    with store.read() as tx:
        connection = tx.trail._connection
        assert connection.scalar(text("SELECT count(*) FROM interval_block")) == 0


def test_a_corrected_day_of_the_history_is_written_where_it_was(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=0)
        channel = add_channel(tx, home)
        held = add_authorization(tx, add_party(tx), home, floor=0, starts=0)
        tx.readings.load(day_block(channel, day) for day in range(5))
    close_all(store)
    with store.begin() as tx:
        again = replace(day_block(channel, 2, value=7, hours=[4], revision=9), updated_at=KNOWN + 900)
        assert tx.readings.merge_blocks([again], "read again") == Tally(changed=1)
        assert tx.readings.merge_blocks([replace(again, revision=10)], "read again") == Tally(same=1)
    with store.read() as tx:
        place = (held, channel.usage_point_id, channel.number)
        [changed] = tx.readings.blocks(*place, Window(updated_min=KNOWN + 100), LATER, PGE)
        assert (changed.revision, changed.first_revision, changed.corrected) == (9, 1, 1)
        [entry] = tx.readings.corrections(channel.usage_point_id)
        assert [(old.value, new.value) for old, new in zip(entry.old, entry.new, strict=True)] == [(104, 11)]
        delta = tx.readings.latest_blocks(*place, KNOWN + 100, LATER)
        assert [block.start for block in delta] == [day_block(channel, day).start for day in (2, 4)]
    with store.read() as tx:
        connection = tx.trail._connection
        assert connection.scalar(text("SELECT count(*) FROM interval_block")) == 0


def test_nothing_is_closed_before_its_month_is_over(store: Store) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, add_home(tx), DELIVERED)
        # the last of March, and the first of April
        tx.readings.load(day_block(channel, day) for day in (23, 24))
    assert close_all(store, 1_711_929_599) == 0
    assert close_all(store, 1_711_929_600) == 1
    with store.read() as tx:
        connection = tx.trail._connection
        assert connection.scalar(text("SELECT count(*) FROM interval_block")) == 1
