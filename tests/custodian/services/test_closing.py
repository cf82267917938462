"""Months are closed in steps: killed anywhere, nothing is lost or there twice, and what is left is done later."""

from dataclasses import replace

import pytest
from sqlalchemy import event, text

from tests.custodian.servers import ENGINES
from tests.custodian.store.households import Home, add_authorization, add_home, add_party
from tests.custodian.store.test_readings import LATER, add_channel, day_block
from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.model.work import Job
from wattshare.custodian.services.closing import CLOSE, HISTORY, Closing
from wattshare.custodian.store.compaction import FIRST
from wattshare.custodian.store.database import Store
from wattshare.espi.profile import PGE

Homes = list[tuple[Home, Channel, Authorization]]

APRIL, MAY = 1_711_929_600, 1_714_521_600
DAY = 86_400
# days of March and of April, counted from the eighth of March
DAYS = (0, 1, 2, 22, 23, 24, 25, 40)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


@pytest.fixture
def homes(store: Store) -> Homes:
    """Five homes with some days each."""
    made = []
    with store.begin() as tx:
        party = add_party(tx)
        for number in range(5):
            home = add_home(tx, f"{number}", starts=0)
            held = add_authorization(tx, party, home, floor=0, starts=0)
            made.append((home, add_channel(tx, home), held))
        tx.readings.load(day_block(channel, day) for _, channel, _ in made for day in DAYS)
    return made


def content(store: Store, homes: Homes) -> list[list[Block]]:
    """What everybody sees."""
    with store.read() as tx:
        return [
            list(tx.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE))
            for _, channel, held in homes
        ]


def rows(store: Store) -> tuple[int, int]:
    """How many days are in rows, and how many in segments."""
    with store.read() as tx:
        connection = tx.trail._connection
        hot = connection.scalar(text("SELECT count(*) FROM interval_block"))
        return int(hot or 0), int(connection.scalar(text("SELECT sum(count) FROM segment")) or 0)


def closing(store: Store, now: int, close_days: int = 10) -> Closing:
    return Closing(store=store, now=lambda: now, close_days=close_days)


class Killed(BaseException):
    """As if the process had died."""


def test_a_month_is_due_some_days_after_its_end(store: Store, homes: Homes) -> None:
    assert homes
    assert closing(store, APRIL + 10 * DAY - 1).due() == ()
    [march] = closing(store, APRIL + 10 * DAY).due()
    assert len(closing(store, MAY, close_days=0).due()) == 2
    steps = list(closing(store, APRIL + 10 * DAY).close((march,)))
    assert [(step.name, step.channels, step.blocks) for step in steps] == [("2024-03", 5, 25)]
    assert closing(store, APRIL + 10 * DAY).due() == ()
    assert rows(store) == (15, 25)


def test_killed_at_any_statement_nothing_is_lost_and_nothing_is_there_twice(store: Store, homes: Homes) -> None:
    before, left = content(store, homes), 0

    def dying(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    event.listen(store.engine, "before_cursor_execute", dying)
    killed = 0
    for statement in range(1, 60):
        left = statement
        try:
            assert list(closing(store, MAY).close(closing(store, MAY, close_days=0).due()))
        except Killed:
            killed += 1
        left = 0
        assert content(store, homes) == before
        if rows(store)[0] == 0:
            break
        # as much as there was before this try
        assert sum(rows(store)) == 40
    assert rows(store) == (0, 40)
    assert killed > 8


def test_who_began_to_read_before_reads_on_as_it_was(store: Store, homes: Homes) -> None:
    before = content(store, homes)
    _, channel, held = homes[-1]
    with store.read() as tx:
        blocks = tx.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE)
        first = next(blocks)
        assert list(closing(store, MAY, close_days=0).close(closing(store, MAY, close_days=0).due()))
        assert [first, *blocks] == before[-1]
        # another question of the same reader
        again = tx.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE)
        assert list(again) == before[-1]
    assert content(store, homes) == before
    assert rows(store) == (0, 40)


def test_the_worker_closes_what_is_due_and_puts_it_down_for_others(store: Store, homes: Homes) -> None:
    ticks = iter([0.0, 100.0, 0.0, 1.0])
    hasty = replace(closing(store, MAY, close_days=0), monotonic=lambda: next(ticks))
    hasty.plan()
    with store.read() as tx:
        [job] = tx.jobs.waiting()
    assert (job.kind, job.subject) == (CLOSE, HISTORY)
    assert hasty.work(job) == MAY
    assert len(hasty.due()) == 1
    assert hasty.work(job) is None
    assert hasty.due() == ()
    hasty.plan()
    with store.read() as tx:
        assert tx.jobs.waiting() == (job,)


def job() -> Job:
    return Job(id=1, kind=CLOSE, subject=HISTORY, due_at=0, attempts=1, fence=1)


@pytest.mark.parametrize("engine", ["postgresql"])
class TestPartitions:
    """PostgreSQL's partitions go when their months are closed."""

    def months(self, store: Store) -> list[str]:
        found = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'interval_block'::regclass")
        with store.engine.connect() as connection:
            return sorted(connection.execute(found).scalars())

    def test_a_closed_month_has_no_partition(self, store: Store, homes: Homes) -> None:
        assert self.months(store) == ["interval_block_2024_03", "interval_block_2024_04"]
        assert closing(store, APRIL, close_days=0).work(job()) is None
        assert self.months(store) == ["interval_block_2024_04"]
        with store.begin() as tx:
            tx.readings.load([day_block(homes[0][1], 5)])
        assert self.months(store) == ["interval_block_2024_03", "interval_block_2024_04"]
        assert len(content(store, homes)[0]) == len(DAYS) + 1

    def test_it_stays_while_somebody_looks_back_to_what_was_in_it(self, store: Store, homes: Homes) -> None:
        before, (_, channel, held) = content(store, homes), homes[0]
        with store.read() as tx:
            # a snapshot, and nothing of the readings touched
            tx.parties.every()
            assert closing(store, APRIL, close_days=0).work(job()) is None
            assert "interval_block_2024_03" in self.months(store)
            found = tx.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE)
            assert list(found) == before[0]
        later = closing(store, APRIL, close_days=0)
        later.plan()
        with store.read() as tx:
            [planned] = tx.jobs.waiting()
        assert later.work(planned) is None
        assert "interval_block_2024_03" not in self.months(store)

    def test_it_stays_while_somebody_reads(self, store: Store, homes: Homes) -> None:
        _, channel, held = homes[0]
        with store.begin() as tx:
            closed = tx.history.close(1_709_251_200, FIRST, MAY)
            assert closed is not None
        with store.begin() as tx:
            seen = tx.history.emptied(1_709_251_200)
            assert seen is not None
        with store.read() as reading:
            blocks = reading.readings.blocks(held, channel.usage_point_id, channel.number, None, LATER, PGE)
            next(blocks)
            with pytest.raises(Unavailable), store.begin() as tx:
                tx.history.drop(1_709_251_200, seen)
            assert sum(1 for _ in blocks) == len(DAYS) - 1
        with store.begin() as tx:
            assert tx.history.drop(1_709_251_200, seen)


def test_a_month_that_something_is_taken_into_waits(store: Store, engine: str, homes: Homes) -> None:
    if engine == "sqlite":
        pytest.skip("its writers wait for each other in any case")
    impatient = Store.connect(store.engine.url.render_as_string(), store.keys, statement_seconds=1)
    with store.begin() as tx:
        tx.revisions.begin("import", MAY)
        assert closing(impatient, MAY, close_days=0).work(job()) == MAY + 60
    assert rows(store) == (40, 0)
    assert closing(impatient, MAY, close_days=0).work(job()) is None
    impatient.close()
