"""Readings in the store: merged by reading, cut by authorization and window, corrected with a ledger."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.custodian.store.households import Home, add_authorization, add_home, add_party
from wattshare.custodian.model.authorization import Authorization, Ending, State
from wattshare.custodian.model.changes import Outcome, Tally
from wattshare.custodian.model.packing import pack, unpack
from wattshare.custodian.model.readings import Block, Channel, Reading
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi import ids
from wattshare.espi.days import day_bounds
from wattshare.espi.profile import PGE, STANDARD
from wattshare.espi.usage import ReadingType
from wattshare.espi.window import Window

ZONE = PGE.zone
FIRST = date(2024, 3, 8)
HOUR = 3_600
DAY = 86_400
NOON = 12 * HOUR
LATER = 1_800_000_000
DELIVERED = ReadingType(
    commodity=1, flow_direction=1, interval_length=HOUR, kind=12, phase=769, power_of_ten_multiplier=-3, uom=72
)
RECEIVED = replace(DELIVERED, flow_direction=19)


def midnight(day: int) -> int:
    """The first second of a day, counted from the first."""
    return day_bounds(FIRST + timedelta(days=day), ZONE)[0]


def day_block(
    channel: Channel, day: int, *, value: int = 100, hours: Iterable[int] | None = None, revision: int = 1
) -> Block:
    """A day of hours, or some of its hours."""
    start, end = day_bounds(FIRST + timedelta(days=day), ZONE)
    every = range((end - start) // HOUR)
    readings = [
        Reading(start=start + HOUR * hour, duration=HOUR, value=value + hour, quality=(17,))
        for hour in (every if hours is None else hours)
    ]
    return pack(
        readings,
        usage_point_id=channel.usage_point_id,
        channel=channel.number,
        start=start,
        day_end=end,
        step=HOUR,
        revision=revision,
        at=1_710_000_000 + revision,
    )


def add_channel(tx: Tx, home: Home, reading_type: ReadingType = DELIVERED) -> Channel:
    """A channel of a home."""
    return tx.readings.add_channel(
        Channel(usage_point_id=home.usage_point.id, number=0, reading_type_id="", reading_type=reading_type)
    )


def days_seen(tx: Tx, held: Authorization, channel: Channel, window: Window | None = None) -> list[int]:
    """The days that an authorization opens, counted from the first."""
    blocks = tx.readings.blocks(held, channel.usage_point_id, channel.number, window, LATER, PGE)
    by_start = {midnight(day): day for day in range(-5, 40)}
    return [by_start[block.start - block.start % 60] for block in blocks]


@pytest.fixture
def home(store: Store) -> Home:
    """A home with an agreement from the first day on."""
    with store.begin() as tx:
        return add_home(tx, starts=midnight(0))


def authorize(tx: Tx, home: Home, **told: object) -> Authorization:
    """An authorization of everything that the home has."""
    known: dict[str, object] = {"floor": midnight(-5), "starts": midnight(-5)}
    return add_authorization(tx, add_party(tx), home, **(known | told))


def test_equal_reading_types_are_one_and_different_ones_never_share_an_id(store: Store) -> None:
    types = [
        DELIVERED,
        replace(DELIVERED, phase=None),
        replace(DELIVERED, power_of_ten_multiplier=0),
        replace(DELIVERED, accumulation_behaviour=1),
        RECEIVED,
    ]
    with store.begin() as tx:
        names = [tx.readings.put_reading_type(one) for one in types]
        assert names == [tx.readings.put_reading_type(one) for one in types]
        assert len(set(names)) == len(names)
        assert names[0] == ids.reading_type_id(72, None, HOUR, 1)
        # the variant stands in the phase: the length stays third and the flow last
        assert [ids.read_reading_type_id(name) for name in names] == [(72, None, HOUR, 1)] * 4 + [(72, None, HOUR, 19)]
        assert [tx.readings.reading_type(name) for name in names] == types
        meter_reading = ids.meter_reading_id(names[2], 1)
        assert ids.read_meter_reading_id(meter_reading) == (names[2], 1)


def test_delivered_comes_first_whatever_came_first(store: Store, home: Home) -> None:
    with store.begin() as tx:
        received, delivered = add_channel(tx, home, RECEIVED), add_channel(tx, home)
        assert (received.number, delivered.number) == (1, 2)
        assert tx.readings.channels(home.usage_point.id) == (delivered, received)


@pytest.mark.parametrize(
    ("second", "outcome", "tally", "replaced"),
    [
        ({}, Outcome.SAME, Tally(same=24), 0),
        ({"hours": range(6)}, Outcome.SAME, Tally(same=6), 0),
        ({"value": 101}, Outcome.CHANGED, Tally(changed=24), 24),
        ({"value": 101, "hours": range(3)}, Outcome.CHANGED, Tally(changed=3), 3),
    ],
    ids=["the same", "a part of the same", "another day", "a part of another"],
)
def test_a_day_that_comes_again_changes_only_what_differs(
    store: Store, home: Home, second: dict[str, object], outcome: Outcome, tally: Tally, replaced: int
) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, home)
        before = day_block(channel, 0)
        assert tx.readings.put_block(before, "first") is Outcome.NEW
        given = day_block(channel, 0, revision=2, **second)  # type: ignore[arg-type]  # as day_block has them
        assert tx.readings.put_block(given, "second") is outcome
        held = authorize(tx, home)
        [stored] = tx.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE)
        assert stored.first_revision == 1
        assert stored.revision == (2 if tally.changed else 1)
        assert stored.published_at == before.published_at
        assert {reading.start: reading for reading in unpack(stored)} == (
            {reading.start: reading for reading in unpack(before)}
            | {reading.start: reading for reading in unpack(given)}
        )
        corrections = list(tx.readings.corrections(channel.usage_point_id))
        assert sum(len(correction.new) for correction in corrections) == replaced
        if replaced:
            [correction] = corrections
            assert (correction.reason, correction.revision) == ("second", 2)
            assert [old.value for old in correction.old] == [100 + hour for hour in range(replaced)]
            assert [new.value for new in correction.new] == [101 + hour for hour in range(replaced)]


def test_late_readings_join_their_day_and_correct_nothing(store: Store, home: Home) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, home)
        assert tx.readings.merge_block(day_block(channel, 0, hours=range(20)), "") == Tally(new=20)
        late = day_block(channel, 0, hours=range(18, 24), revision=2)
        assert tx.readings.merge_block(late, "") == Tally(new=4, same=2)
        held = authorize(tx, home)
        [stored] = tx.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE)
        whole = day_block(channel, 0)
        assert (stored.values, stored.presence, stored.revision) == (whole.values, None, 2)
        assert list(tx.readings.corrections(channel.usage_point_id)) == []


def test_two_changes_by_one_revision_are_two_entries_of_the_ledger(store: Store, home: Home) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, home)
        for value in (100, 200, 300):
            tx.readings.put_block(day_block(channel, 0, value=value, hours=[0]), "again")
        entries = list(tx.readings.corrections(channel.usage_point_id))
        assert [(entry.old[0].value, entry.new[0].value) for entry in entries] == [(100, 200), (200, 300)]
        assert list(tx.readings.corrections(channel.usage_point_id, after=1)) == []


@pytest.mark.parametrize(("day", "hours"), [(1, 24), (2, 23), (240, 25)])
def test_days_of_a_changing_clock_come_out_whole(store: Store, home: Home, day: int, hours: int) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, home)
        tx.readings.put_block(day_block(channel, day), "")
        held = authorize(tx, home)
        [stored] = tx.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE)
        assert (stored.count, stored.duration) == (hours, hours * HOUR)
        assert stored.day_end == midnight(day + 1)


def test_a_gas_day_that_gets_a_reading_of_midnight_stays_one_day(store: Store, home: Home) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, home)
        place = {"usage_point_id": channel.usage_point_id, "channel": channel.number}
        start, end = midnight(0), midnight(1)
        late = pack([Reading(start=start + 1, duration=DAY, value=5)], **place, start=start + 1, day_end=end, step=DAY)
        early = pack([Reading(start=start, duration=0, value=9)], **place, start=start, day_end=end)
        assert tx.readings.put_block(late, "") is Outcome.NEW
        assert tx.readings.put_block(early, "") is Outcome.CHANGED
        held = authorize(tx, home)
        [stored] = tx.readings.blocks(held, **place, window=None, at=LATER, profile=PGE)
        assert stored.start == start
        assert [reading.value for reading in unpack(stored)] == [9, 5]
        assert tx.readings.put_block(late, "") is Outcome.SAME


MOVES = [
    # end of the first agreement, start of the second; days of the first, days of the second
    (midnight(3), midnight(3), [0, 1, 2], [3, 4, 5]),
    (midnight(3) + NOON, midnight(3) + NOON, [0, 1, 2], [3, 4, 5]),
    (midnight(3) + 1, midnight(3) + 1, [0, 1, 2], [3, 4, 5]),
    (midnight(4) - 1, midnight(4) - 1, [0, 1, 2], [3, 4, 5]),
    # out in the morning, in in the evening of one day, and of two
    (midnight(3) + 9 * HOUR, midnight(3) + 20 * HOUR, [0, 1, 2], [3, 4, 5]),
    (midnight(3) + 9 * HOUR, midnight(4) + NOON, [0, 1, 2], [4, 5]),
    # nobody for a day
    (midnight(2), midnight(4), [0, 1], [4, 5]),
    # the day on which the clock goes forward
    (midnight(2) + NOON, midnight(2) + NOON, [0, 1], [2, 3, 4, 5]),
]


@pytest.mark.parametrize(("out", "into", "first", "second"), MOVES)
def test_a_day_is_never_seen_by_two_and_the_day_of_the_move_is_the_newcomers(
    store: Store, out: int, into: int, first: list[int], second: list[int]
) -> None:
    with store.begin() as tx:
        former = add_home(tx, starts=midnight(0), ends=out)
        other = add_home(tx, "9999999999-9", starts=midnight(-5))
        agreement = tx.customers.add_agreement(former.usage_point.id, other.account.id, "SA-2", starts=into)
        newcomer = replace(other, usage_point=former.usage_point, agreement=agreement)
        channel = add_channel(tx, former)
        for day in range(6):
            tx.readings.put_block(day_block(channel, day), "")
        party = add_party(tx)
        told = {"floor": midnight(-5), "starts": midnight(-5)}
        held = [add_authorization(tx, party, home, **told) for home in (former, newcomer)]
        assert [days_seen(tx, one, channel) for one in held] == [first, second]
        for day in range(6):
            found = [
                tx.readings.block(one, channel.usage_point_id, channel.number, midnight(day), LATER) for one in held
            ]
            assert [block is not None for block in found] == [day in first, day in second]


def long_block(channel: Channel, start: int, duration: int) -> Block:
    return pack(
        [Reading(start=start, duration=duration, value=1)],
        usage_point_id=channel.usage_point_id,
        channel=channel.number,
        start=start,
        day_end=start + duration,
        step=duration,
    )


@pytest.mark.parametrize(
    ("start", "end", "seen"),
    [
        (midnight(0), midnight(4), True),
        (midnight(1), midnight(5), True),
        # a gas month ends a second after midnight
        (midnight(0) + 1, midnight(5) + 1, True),
        (midnight(0), midnight(5) + 2, False),
        (midnight(0) - 1, midnight(4), False),
        (midnight(-1), midnight(4), False),
        (midnight(4), midnight(8), False),
        (midnight(5), midnight(9), False),
    ],
)
def test_a_reading_longer_than_a_day_is_seen_by_who_was_there_for_all_of_it(
    store: Store, start: int, end: int, seen: bool
) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=midnight(0), ends=midnight(5))
        channel = add_channel(tx, home)
        tx.readings.put_block(long_block(channel, start, end - start), "")
        held = authorize(tx, home)
        found = tx.readings.block(held, channel.usage_point_id, channel.number, start, LATER)
        assert (found is not None) is seen


def test_a_day_that_reaches_into_the_next_is_held_to_its_end(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=midnight(0), ends=midnight(3))
        channel = add_channel(tx, home)
        for day in range(3):
            reading = Reading(start=midnight(day) + NOON, duration=DAY, value=1)
            place = {"usage_point_id": channel.usage_point_id, "channel": channel.number}
            tx.readings.put_block(
                pack([reading], **place, start=midnight(day), day_end=midnight(day + 1), step=DAY), ""
            )
        # the third day's noon to noon is half the newcomer's
        assert days_seen(tx, authorize(tx, home), channel) == [0, 1]


def test_the_floor_of_an_authorization_and_its_end_cut_whole_days(store: Store, home: Home) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, home)
        for day in range(6):
            tx.readings.put_block(day_block(channel, day), "")
        held = authorize(tx, home, floor=midnight(2), ends=LATER + 1)
        assert days_seen(tx, held, channel) == [2, 3, 4, 5]
        cut = authorize_again(tx, home, ends=midnight(4) + NOON)
        blocks = tx.readings.blocks(cut, channel.usage_point_id, channel.number, None, midnight(4), PGE)
        assert [block.start for block in blocks] == [midnight(day) for day in range(4)]


def authorize_again(tx: Tx, home: Home, **told: object) -> Authorization:
    known: dict[str, object] = {"floor": midnight(-5), "starts": midnight(-5)}
    return add_authorization(tx, add_party(tx, "Bright Bills"), home, **(known | told))


def test_nothing_is_read_by_who_may_not(store: Store, home: Home) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, home)
        tx.readings.put_block(day_block(channel, 0), "")
        stranger = add_home(tx, "5555555555-5", starts=midnight(0))
        foreign = authorize(tx, stranger)
        ended = authorize_again(tx, home)
        tx.authorizations.change(ended.moved(State.ENDED, at=LATER, why=Ending.CUSTOMER))
        consented = add_authorization(tx, add_party(tx, "Third"), home, state=State.CONSENTED)
        # a value that claims more than the database says
        forged = replace(foreign, customer_id=home.customer.id, state=State.ACTIVE, floor=0)
        for held in (foreign, ended, replace(ended, state=State.ACTIVE), consented, forged):
            place = (held, channel.usage_point_id, channel.number)
            assert list(tx.readings.blocks(*place, None, LATER, PGE)) == []
            assert tx.readings.block(*place, midnight(0), LATER) is None
            assert tx.readings.count_blocks(*place, None, LATER, PGE) == 0
            assert list(tx.readings.latest_blocks(*place, None, LATER)) == []
            assert tx.readings.extent(held, None, LATER, PGE) is None
            assert tx.readings.channels_shared(held, channel.usage_point_id, LATER) == ()
            assert home.usage_point not in tx.readings.usage_points(held, LATER)


def test_a_channel_of_former_days_only_is_not_shown(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=midnight(3))
        delivered, solar, silent = (
            add_channel(tx, home),
            add_channel(tx, home, RECEIVED),
            add_channel(tx, home, replace(DELIVERED, interval_length=900)),
        )
        for day in range(6):
            tx.readings.put_block(day_block(delivered, day), "")
        tx.readings.put_block(day_block(solar, 1), "")
        shown = tx.readings.channels_shared(authorize(tx, home), home.usage_point.id, LATER)
        assert shown == (delivered, silent)


WINDOWS = [
    (Window(), [0, 1, 2, 3, 4, 5]),
    (Window(published_min=midnight(2)), [2, 3, 4, 5]),
    (Window(published_min=midnight(2) - 1), [1, 2, 3, 4, 5]),
    (Window(published_min=midnight(2) + NOON), [2, 3, 4, 5]),
    (Window(published_max=midnight(2)), [0, 1, 2]),
    (Window(published_max=midnight(2) - 1), [0, 1]),
    (Window(published_min=midnight(1), published_max=midnight(1) + 82_800), [1]),
    (Window(published_min=midnight(1), published_max=midnight(2)), [1, 2]),
    (Window(updated_min=1_710_000_004), [3, 4, 5]),
    (Window(updated_max=1_710_000_003), [0, 1, 2]),
    (Window(updated_min=1_710_000_002, published_max=midnight(3)), [1, 2, 3]),
    (Window(published_min=LATER), []),
]


@pytest.mark.parametrize(("window", "days"), WINDOWS)
def test_a_window_takes_what_its_rule_says(store: Store, home: Home, window: Window, days: list[int]) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, home)
        blocks = [day_block(channel, day, revision=day + 1) for day in range(6)]
        tx.readings.load(blocks)
        held = authorize(tx, home)
        assert days_seen(tx, held, channel, window) == days
        for profile in (PGE, STANDARD):
            # SQL and the value agree
            found = tx.readings.blocks(held, channel.usage_point_id, channel.number, window, LATER, profile)
            assert [block.start for block in found] == [
                block.start
                for block in blocks
                if window.covers_block(block.start, block.day_end, profile) and window.covers_change(block.updated_at)
            ]
        extent = tx.readings.extent(held, window, LATER, PGE, channel=channel.number)
        if not days:
            assert extent is None
            return
        assert extent is not None
        assert (extent.count, extent.revision) == (len(days), days[-1] + 1)
        assert (extent.published_at, extent.updated_at) == (1_710_000_001 + days[0], 1_710_000_001 + days[-1])


def test_the_delta_is_the_latest_day_and_what_changed_since(store: Store, home: Home) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, home)
        for day in range(6):
            tx.readings.put_block(day_block(channel, day), "")
        tx.readings.put_block(day_block(channel, 2, value=7, hours=[4], revision=9), "corrected")
        held = authorize(tx, home)
        place = (held, channel.usage_point_id, channel.number)
        told = {
            since: [block.start for block in tx.readings.latest_blocks(*place, since, LATER)]
            for since in (None, 1_710_000_001, 1_710_000_009)
        }
        assert told == {
            None: [midnight(5)],
            1_710_000_001: [midnight(2), midnight(5)],
            1_710_000_009: [midnight(5)],
        }
        extent = tx.readings.latest_extent(held, 1_710_000_001, LATER)
        assert extent is not None
        assert (extent.count, extent.revision) == (2, 9)


def test_blocks_come_as_they_are_read(store: Store, home: Home) -> None:
    with store.begin() as tx:
        channel = add_channel(tx, home)
        tx.readings.load(day_block(channel, day) for day in range(1, 600))
        held = authorize(tx, home)
    with store.read() as tx:
        blocks = tx.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE)
        assert next(blocks).start == midnight(1)
        # another question in the middle of the answer
        assert tx.readings.count_blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE) == 599
        assert sum(1 for _ in blocks) == 598
