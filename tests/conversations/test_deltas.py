"""The daily delta: once a day what is new, by one notice; nothing where nothing is; never twice."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from tests.conversations.stage import Desk, days_of, desk, metered, points_in
from tests.custodian.houses import Home, TestHouse, built
from tests.custodian.servers import ENGINES, OpenStore
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.deltas import Delta, DeltaState
from wattshare.custodian.model.premises import Enrollment, ProgramEnrollment
from wattshare.custodian.model.work import BatchState, Job, NoticeKind, NoticeState
from wattshare.custodian.services.calendar import following
from wattshare.custodian.worker.loop import TRIES
from wattshare.espi.days import day_bounds
from wattshare.espi.kinds import Kind

DAY = 86_400
USAGE = frozenset({Kind.USAGE})
BULK = "/Batch/Bulk/"


@pytest.fixture
def daily(house: TestHouse) -> Desk:
    """A third party that wants to hear of usage each day."""
    return desk(house, "Daily Energy", notify_daily=True, kinds_optional=frozenset())


def taken_in(house: TestHouse, home: Home, *days_ago: int, value: int | None = None) -> None:
    """Days of readings come in, or come again with other values."""
    with house.store.read() as tx:
        [channel] = tx.readings.channels(home.usage_points[0])
    days = [house.day(one) for one in days_ago]
    metered(house, channel, days, lambda place: value if value is not None else 1000 + place)


def morning(house: TestHouse) -> None:
    """The next day, after the time at which deltas are made."""
    zone = house.house.profile.zone
    house.clock.at = following("0 8 * * *", house.clock(), zone)


def pass_day(house: TestHouse) -> None:
    """The chores of a morning, and what comes of them."""
    worker = house.house.worker("test")
    worker.sweep()
    worker.drain()


def deltas(house: TestHouse, party: Desk) -> list[Delta]:
    """All of a third party."""
    with house.store.read() as tx:
        return list(tx.daily.of_third_party(party.bulk_id))


def test_once_a_day_the_new_day_and_corrections_are_told(house: TestHouse, daily: Desk) -> None:
    home = house.home(days=5, bills=0)
    house.share(daily.registered, home, USAGE)
    daily.told()
    pass_day(house)
    morning(house)
    taken_in(house, home, 1)
    pass_day(house)
    [first] = daily.listen()
    # the first tells of the last day: what came in then
    [url] = first.urls
    assert BULK in url
    assert house.day(1) in days_of(house, daily.client.fetch(url))
    morning(house)
    taken_in(house, home, 1)
    taken_in(house, home, 4, value=7)
    pass_day(house)
    [second] = daily.listen()
    assert days_of(house, daily.client.fetch(second.urls[0])) == [house.day(4), house.day(1)]
    with house.store.read() as tx:
        told = [notice for notice in tx.notices.of_third_party(daily.bulk_id) if notice.kind is NoticeKind.DAILY]
    assert [notice.state for notice in told] == [NoticeState.TOLD] * 2


def test_where_nothing_is_new_nothing_is_told(house: TestHouse, daily: Desk) -> None:
    house.share(daily.registered, house.home(), USAGE)
    daily.told()
    pass_day(house)
    for _ in range(3):
        morning(house)
        pass_day(house)
    # the readings that were there before it began were taken in within the last day, and are told once
    assert len(daily.listen()) == 1
    assert [one.state for one in deltas(house, daily)] == [DeltaState.MADE, DeltaState.EMPTY, DeltaState.EMPTY]


def test_what_concerns_nobody_of_a_third_party_is_not_told_to_it(house: TestHouse, daily: Desk) -> None:
    stranger = house.home()
    house.share(desk(house, "Beta Solar").registered, stranger)
    pass_day(house)
    morning(house)
    taken_in(house, stranger, 1)
    pass_day(house)
    assert daily.listen() == []
    [made] = deltas(house, daily)
    assert made.state is DeltaState.EMPTY
    with house.store.read() as tx:
        batch = tx.batches.by_id(made.batch_id or "")
    assert batch is not None
    assert batch.state is BatchState.VOID
    folder = house.house.settings.home / "batches"
    assert not folder.exists() or list(folder.iterdir()) == []


def test_who_did_not_ask_for_it_gets_none(house: TestHouse, acme: Desk) -> None:
    house.share(acme.registered, house.home())
    pass_day(house)
    morning(house)
    pass_day(house)
    assert deltas(house, acme) == []


def test_one_file_holds_all_that_is_new_of_everybody(house: TestHouse, daily: Desk) -> None:
    homes = [house.home(bills=0) for _ in range(3)]
    for home in homes:
        house.share(daily.registered, home, USAGE)
    daily.told()
    pass_day(house)
    morning(house)
    pass_day(house)
    daily.listen()
    morning(house)
    taken_in(house, homes[0], 1)
    taken_in(house, homes[2], 1)
    pass_day(house)
    [notice] = daily.listen()
    [url] = notice.urls
    assert points_in(daily.client.fetch(url)) == [str(home.usage_points[0]) for home in (homes[0], homes[2])]


def test_intake_may_say_that_it_is_complete_and_the_schedule_does_not_do_it_again(
    house: TestHouse, daily: Desk
) -> None:
    home = house.home()
    house.share(daily.registered, home, USAGE)
    daily.told()
    pass_day(house)
    zone = house.house.profile.zone
    house.clock.at = following("0 4 * * *", house.clock(), zone)
    taken_in(house, home, 1)
    assert house.house.delivery.deltas.close() == 1
    house.work()
    assert len(daily.listen()) == 1
    assert house.house.delivery.deltas.close() == 0
    house.clock.at = following("0 8 * * *", house.clock(), zone)
    pass_day(house)
    assert daily.listen() == []


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_day_that_failed_is_caught_up_and_not_doubled(house: TestHouse, daily: Desk) -> None:
    home = house.home(bills=0)
    house.share(daily.registered, home, USAGE)
    daily.told()
    pass_day(house)
    morning(house)
    pass_day(house)
    daily.listen()
    # the disk is full all day: its delta is never made
    morning(house)
    taken_in(house, home, 1)
    worker = house.house.worker("test")
    worker.sweep()
    broken = replace(worker, steps={**worker.steps, "make_batch": lambda _: 1 // 0})
    for _ in range(TRIES * 2):
        broken.drain()
        house.clock.advance(1_800)
    with house.store.read() as tx:
        assert [job.kind for job in tx.jobs.waiting(dead=True)] == ["make_batch"]
    morning(house)
    taken_in(house, home, 1)
    pass_day(house)
    [notice] = daily.listen()
    assert days_of(house, daily.client.fetch(notice.urls[0])) == [house.day(2), house.day(1)]
    assert [one.state for one in deltas(house, daily)][-2:] == [DeltaState.FAILED, DeltaState.MADE]
    # nor does the one that failed come when it is tried again after all
    with house.store.begin() as tx:
        [dead] = tx.jobs.waiting(dead=True)
        tx.jobs.add(dead.kind, dead.subject, house.clock())
    house.work()
    assert daily.listen() == []


def test_days_without_a_worker_are_made_up_for_by_one_delta(house: TestHouse, daily: Desk) -> None:
    home = house.home(bills=0)
    house.share(daily.registered, home, USAGE)
    daily.told()
    pass_day(house)
    morning(house)
    pass_day(house)
    daily.listen()
    for _ in range(4):
        morning(house)
        taken_in(house, home, 1)
    pass_day(house)
    [notice] = daily.listen()
    assert days_of(house, daily.client.fetch(notice.urls[0])) == [house.day(one) for one in (4, 3, 2, 1)]
    assert deltas(house, daily)[-1].day == house.day(0).isoformat()


def test_who_withdraws_before_the_delta_is_made_is_not_in_it(house: TestHouse, daily: Desk) -> None:
    leaving, staying = house.home(bills=0), house.home(bills=0)
    held = house.share(daily.registered, leaving, USAGE)
    house.share(daily.registered, staying, USAGE)
    daily.told()
    pass_day(house)
    morning(house)
    house.house.worker("test").sweep()
    house.house.consent.withdraw(held.id, Ending.CUSTOMER)
    house.work()
    files = [url for notice in daily.listen() for url in notice.urls if BULK in url]
    assert [points_in(daily.client.fetch(url)) for url in files] == [[str(staying.usage_points[0])]]


def test_a_third_party_that_begins_anew_begins_with_the_last_day(house: TestHouse, daily: Desk) -> None:
    home = house.home(bills=0)
    house.share(daily.registered, home, USAGE)
    pass_day(house)
    morning(house)
    pass_day(house)
    registration = house.house.registration
    wish = registration.wish(daily.registered.party)
    registration.change(daily.name, replace(wish, notify_daily=False))
    for _ in range(5):
        morning(house)
        taken_in(house, home, 1)
        pass_day(house)
    daily.listen()
    registration.change(daily.name, wish)
    morning(house)
    taken_in(house, home, 1)
    pass_day(house)
    [notice] = daily.listen()
    assert days_of(house, daily.client.fetch(notice.urls[0])) == [house.day(2), house.day(1)]


def test_customers_and_programs_are_told_when_something_of_them_changed(house: TestHouse) -> None:
    everything = desk(house, "Everything Co", notify_daily=True)
    home = house.home()
    house.share(everything.registered, home)
    everything.told()
    pass_day(house)
    morning(house)
    pass_day(house)
    told = sorted(url.split("?")[0].rsplit("/", 2)[-2] for url in (one for n in everything.listen() for one in n.urls))
    assert told == ["Bulk", "BulkRetailCustomerInfo"]
    morning(house)
    pass_day(house)
    assert everything.listen() == []
    with house.store.begin() as tx:
        since = (("CUST_DR_PROGRAM_ENROLLMENT_DATE", house.midnight(100)),)
        point = home.usage_points[0]
        status = Enrollment.ENROLLED
        tx.programs.put(ProgramEnrollment(usage_point_id=point, program="Peak Rewards", status=status, dates=since))
    morning(house)
    pass_day(house)
    assert [url.split("?")[0].rsplit("/", 2)[-2] for n in everything.listen() for url in n.urls] == [
        "BulkRetailDRPrgInfo"
    ]


def test_a_delta_whose_file_is_gone_is_made_again_as_it_was(house: TestHouse, daily: Desk) -> None:
    home = house.home(bills=0)
    house.share(daily.registered, home, USAGE)
    daily.told()
    pass_day(house)
    morning(house)
    taken_in(house, home, 1)
    pass_day(house)
    [lost] = daily.listen()
    before = days_of(house, daily.client.fetch(lost.urls[0]))
    for _ in range(6):
        morning(house)
        pass_day(house)
    replayed = house.house.delivery.ledger.replay(lost.webhook_id or "", daily.bulk_id)
    assert replayed.outcome == "ordered"
    house.work()
    [again] = daily.listen()
    assert days_of(house, daily.client.fetch(again.urls[0])) == before


# what is decided here is a matter of the calendar, not of the engine
@pytest.mark.parametrize(("engine", "expression"), [("sqlite", "30 6 * * *"), ("sqlite", "30 2 * * *")])
def test_a_year_with_both_days_of_other_lengths_has_a_delta_for_each_day(
    house: TestHouse, daily: Desk, expression: str
) -> None:
    """At half past two as well, which there is never on one day and twice on another."""
    scheduled = replace(house.house.delivery.deltas, schedule=expression)
    zone = house.house.profile.zone
    scheduled.run_due()
    begins = house.clock()
    days: list[str] = []
    first = house.day(0) + timedelta(days=1)
    while house.clock() < begins + 366 * DAY:
        house.clock.advance(12 * 3_600)
        if scheduled.run_due():
            days.append(house.day(0).isoformat())
            [job] = claimed(house)
            with house.store.begin() as tx:
                tx.jobs.finish(job)
    assert days == [(first + timedelta(days=number)).isoformat() for number in range(366)]
    made = deltas(house, daily)
    assert [one.day for one in made] == days
    lengths = {day_length(date.fromisoformat(day), zone) for day in days}
    assert lengths == {82_800, 86_400, 90_000}


def claimed(house: TestHouse) -> list[Job]:
    """The delta that is due."""
    with house.store.begin() as tx:
        job = tx.jobs.claim("test", house.clock(), 60, ("delta",))
    return [] if job is None else [job]


def day_length(day: date, zone: tzinfo) -> int:
    """Seconds of a local day."""
    start, end = day_bounds(day, zone)
    return end - start


@pytest.mark.parametrize("engine", ENGINES)
def test_two_workers_make_it_once(engine: str, tmp_path: Path, open_store: OpenStore) -> None:
    with built(tmp_path, open_store(tmp_path, engine)) as house:
        daily = desk(house, "Daily Energy", notify_daily=True, kinds_optional=frozenset())
        house.share(daily.registered, house.home(), USAGE)
        house.house.delivery.deltas.run_due()
        house.work()
        daily.listen()
        morning(house)
        ready = threading.Barrier(4)
        faults: list[Exception] = []

        def work(name: str) -> None:
            worker = house.house.worker(name)
            ready.wait()
            try:
                house.house.delivery.deltas.run_due()
                house.house.delivery.deltas.close()
                worker.drain()
            except Exception as fault:
                faults.append(fault)

        threads = [threading.Thread(target=work, args=(f"worker-{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        house.work()
        assert faults == []
        assert [one.state for one in deltas(house, daily)] == [DeltaState.MADE]
        assert len(daily.listen()) == 1


def test_times_are_the_utility_s(house: TestHouse) -> None:
    zone = house.house.profile.zone

    def at(month: int, day: int, hour: int, minute: int = 0) -> int:
        return int(datetime(2024, month, day, hour, minute, tzinfo=zone).timestamp())

    assert following("30 6 * * *", at(3, 9, 7), zone) == at(3, 10, 6, 30)
    assert following("30 6 * * *", at(11, 3, 7), zone) == at(11, 4, 6, 30)
    # half past two is skipped, and made up for as the hour ends
    assert following("30 2 * * *", at(3, 9, 7), zone) == at(3, 10, 3)
    # half past one comes twice, and counts once
    first = following("30 1 * * *", at(11, 2, 7), zone)
    assert datetime.fromtimestamp(first, UTC) == datetime(2024, 11, 3, 8, 30, tzinfo=UTC)
    assert following("30 1 * * *", first, zone) == at(11, 4, 1, 30)
