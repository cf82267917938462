"""What should be there and what is there, by channel and day, in either tier."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import event

from tests.custodian.servers import ENGINES
from tests.custodian.store.households import add_home
from tests.custodian.store.test_history import close_all, packed
from tests.custodian.store.test_readings import DELIVERED, RECEIVED, add_channel
from wattshare.custodian.model.completeness import Counts, Reach, expected_in, life_of
from wattshare.custodian.model.errors import BadRequest, Unknown
from wattshare.custodian.model.premises import Meter
from wattshare.custodian.model.readings import Block, Channel, Reading
from wattshare.custodian.services.completeness import Completeness
from wattshare.custodian.store.database import Store
from wattshare.espi.days import day_bounds
from wattshare.espi.profile import PGE

ZONE, HOUR, DAY = PGE.zone, 3_600, 86_400
FIRST = date(2024, 3, 8)
# days from the first: the clocks go on the tenth
SPRING = 2
NOW = day_bounds(date(2024, 5, 1), ZONE)[0]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["in rows", "in segments"])
def closed(request: pytest.FixtureRequest) -> bool:
    """Whether months are closed before it is asked."""
    return bool(request.param)


def day(
    channel: Channel,
    place: int,
    *,
    hours: range = range(24),
    quality: int = 17,
    came: int = 1,
    revision: int = 1,
    value: int = 1,
) -> Block:
    """Hours of a day, `came` days after its end."""
    start, end = day_bounds(FIRST + timedelta(days=place), ZONE)
    readings = [
        Reading(start=start + HOUR * hour, duration=HOUR, value=value, quality=(quality,))
        for hour in hours
        if start + HOUR * hour < end
    ]
    at = end + came * DAY - HOUR
    block = packed(channel, readings, start, end, HOUR)
    return replace(block, revision=revision, first_revision=revision, published_at=at, updated_at=at)


def asked(store: Store, point: int, last: int, first: int = 0) -> dict[int, list[Counts]]:
    """The counts of each channel's days."""
    completeness = Completeness(store=store, now=lambda: NOW, profile=PGE)
    days = (FIRST + timedelta(days=place) for place in (first, last))
    return {whole.channel.number: [counts for _, counts in whole.days] for whole in completeness.of((point,), *days)}


def counts(expected: int | None, received: int, **others: int) -> Counts:
    missing = 0 if expected is None else max(0, expected - received)
    return Counts(expected=expected, received=received, missing=missing, **others)


def test_each_day_has_what_was_expected_and_what_came(store: Store, closed: bool) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=0)
        channel = add_channel(tx, home)
        tx.readings.load([day(channel, 0), day(channel, 1, quality=8), day(channel, SPRING), day(channel, 4, came=5)])
        # the morning in time, the evening late; then two hours are corrected, one of them twice
        tx.readings.merge_blocks([day(channel, 5, hours=range(12)), day(channel, 5, hours=range(12, 24), came=9)], "")
        tx.readings.merge_blocks([day(channel, 5, hours=range(2), came=2, revision=2, value=7)], "")
        tx.readings.merge_blocks([day(channel, 5, hours=range(1), came=3, revision=3, value=8)], "")
    if closed:
        assert close_all(store)
        with store.begin() as tx:
            tx.readings.merge_blocks([day(channel, 0, hours=range(3), came=40, revision=4, value=9)], "")
    [found] = asked(store, home.usage_point.id, 6).values()
    assert found == [
        counts(24, 24, corrected=3 if closed else 0),
        counts(24, 24, estimated=24),
        counts(23, 23),
        counts(24, 0),
        counts(24, 24, late=24),
        counts(24, 24, late=12, corrected=2),
        counts(24, 0),
    ]


def test_a_year_is_one_statement(store: Store) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=0)
        channel = add_channel(tx, home)
        tx.readings.load(day(channel, place) for place in range(300))
    close_all(store, NOW)
    asked_of_readings: list[str] = []

    def heard(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "late" in statement and "segment" in statement:
            asked_of_readings.append(statement)

    event.listen(store.engine, "before_cursor_execute", heard)
    [found] = asked(store, home.usage_point.id, 364).values()
    assert sum(one.received for one in found) == 300 * 24 - 1 + 0
    assert len(asked_of_readings) == 1


def test_nothing_is_expected_of_who_is_not_there(store: Store, closed: bool) -> None:
    starts = day_bounds(FIRST + timedelta(days=1), ZONE)[0] + 12 * HOUR
    ends = day_bounds(FIRST + timedelta(days=6), ZONE)[0] + 12 * HOUR
    with store.begin() as tx:
        home = add_home(tx, starts=starts, ends=ends)
        channel = add_channel(tx, home)
        tx.readings.load(day(channel, place) for place in range(10))
    if closed:
        close_all(store)
    [found] = asked(store, home.usage_point.id, 9).values()
    # the day of the move is the newcomer's
    assert [one.expected for one in found] == [0, 24, 23, 24, 24, 24, 0, 0, 0, 0]


def test_a_channel_ends_when_another_takes_its_place(store: Store, closed: bool) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=0)
        hours, quarters = add_channel(tx, home), add_channel(tx, home, replace(DELIVERED, interval_length=900))
        back = add_channel(tx, home, RECEIVED)
        tx.readings.load(day(channel, place) for channel in (hours, back) for place in range(3))
        tx.readings.load(day(quarters, place) for place in range(4, 6))
    if closed:
        close_all(store)
    found = asked(store, home.usage_point.id, 6)
    assert [one.expected for one in found[hours.number]] == [24, 24, 23, 24, 0, 0, 0]
    assert [one.expected for one in found[quarters.number]] == [0, 0, 0, 0, 96, 96, 96]
    assert [one.expected for one in found[back.number]] == [24, 24, 23, 24, 24, 24, 24]


def test_within_the_day_of_a_change_each_channel_has_its_part(store: Store, closed: bool) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=0)
        hours, quarters = add_channel(tx, home), add_channel(tx, home, replace(DELIVERED, interval_length=900))
        tx.readings.load([day(hours, 0), day(hours, 1, hours=range(10))])
        # the meter that reads every quarter begins in the last hour of the former one
        start, end = day_bounds(FIRST + timedelta(days=1), ZONE)
        first = start + 9 * HOUR + 900
        readings = [Reading(start=at, duration=900, value=1) for at in range(first, end, 900)]
        tx.readings.load([packed(quarters, readings, start, end, 900)])
        tx.readings.load([day(quarters, place) for place in range(SPRING, 5)])
    if closed:
        close_all(store)
    found = asked(store, home.usage_point.id, 3)
    assert [(one.expected, one.missing) for one in found[hours.number]] == [(24, 0), (10, 0), (0, 0), (0, 0)]
    quarters_of = [(one.expected, one.received) for one in found[quarters.number]]
    assert quarters_of == [(0, 0), (4 * 14 + 3, 4 * 14 + 3), (92, 23), (96, 24)]


def test_two_channels_that_measure_side_by_side_do_not_end_each_other(store: Store, closed: bool) -> None:
    with store.begin() as tx:
        home = add_home(tx, starts=0)
        one, other = add_channel(tx, home), add_channel(tx, home, replace(DELIVERED, interval_length=900))
        tx.readings.load(day(one, place) for place in range(2))
        # it has come of the last day alone, so far
        tx.readings.load([day(other, 1)])
    if closed:
        close_all(store)
    found = asked(store, home.usage_point.id, 3)
    assert [each.expected for each in found[one.number]] == [24, 24, 23, 24]
    assert [each.expected for each in found[other.number]] == [0, 96, 92, 96]


def test_a_channel_ends_with_its_meter_and_begins_with_its_first_block() -> None:
    old = Channel(usage_point_id=1, number=1, reading_type_id="", reading_type=DELIVERED, meter_serial="A")
    meters = [Meter(usage_point_id=1, serial="A", removed=500), Meter(usage_point_id=1, serial="B", installed=500)]
    assert life_of(old, {}, [old], meters) is None
    life = life_of(old, {1: Reach(first=100, last=700)}, [old], meters)
    assert life is not None
    assert (life.begins, life.ends) == (100, 500)


@pytest.mark.parametrize(
    ("length", "of_23", "of_24", "of_25"),
    [(900, 92, 96, 100), (HOUR, 23, 24, 25), (DAY, 1, 1, 1), (0, None, None, None), (30 * DAY, None, None, None)],
)
def test_what_a_day_has_follows_from_its_length(
    length: int, of_23: int | None, of_24: int | None, of_25: int | None
) -> None:
    assert [expected_in(0, hours * HOUR, length) for hours in (23, 24, 25)] == [of_23, of_24, of_25]


def test_what_is_asked_is_thirty_days_up_to_yesterday_unless_it_is_said(store: Store) -> None:
    completeness = Completeness(store=store, now=lambda: NOW, profile=PGE)
    assert completeness.stretch(None, None) == (date(2024, 4, 1), date(2024, 4, 30))
    assert completeness.stretch(None, date(2024, 3, 1)) == (date(2024, 2, 1), date(2024, 3, 1))
    with pytest.raises(BadRequest):
        completeness.stretch(date(2024, 3, 2), date(2024, 3, 1))


def test_usage_points_are_one_an_accounts_or_all(store: Store) -> None:
    with store.begin() as tx:
        one, other = add_home(tx, "111"), add_home(tx, "222")
    completeness = Completeness(store=store, now=lambda: NOW, profile=PGE)
    assert completeness.points(other.usage_point.id, None) == (other.usage_point.id,)
    assert completeness.points(None, "111") == (one.usage_point.id,)
    assert completeness.points(None, None) == (one.usage_point.id, other.usage_point.id)
    with pytest.raises(Unknown):
        completeness.points(1, None)
    with pytest.raises(Unknown):
        completeness.points(None, "333")
