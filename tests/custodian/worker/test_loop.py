"""The worker: what becomes of jobs that fail, of chores that fail, and of a store that is away."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import structlog

from tests.custodian.houses import StoppedClock
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.model.work import Job
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.worker.loop import TRIES, Worker, backoff


def ordered(store: Store, clock: StoppedClock, subject: str = "one") -> None:
    """A job that is due."""
    with store.begin() as tx:
        tx.jobs.add("work", subject, clock())


def test_a_job_that_is_done_is_not_done_again(store: Store) -> None:
    clock, done = StoppedClock(), list[str]()
    ordered(store, clock)
    worker = Worker(store=store, now=clock, name="a", steps={"work": lambda job: done.append(job.subject)})
    assert worker.drain() == 1
    clock.advance(3_600)
    assert worker.drain() == 0
    assert done == ["one"]


def test_a_step_may_ask_to_be_done_again_later(store: Store) -> None:
    clock, times = StoppedClock(), list[int]()

    def step(_: Job) -> int | None:
        times.append(clock())
        return clock() + 60 if len(times) < 3 else None

    ordered(store, clock)
    worker = Worker(store=store, now=clock, name="a", steps={"work": step})
    for _ in range(10):
        worker.drain()
        clock.advance(30)
    assert [at - times[0] for at in times] == [0, 60, 120]


def test_a_job_that_fails_is_tried_again_and_at_last_put_aside(store: Store) -> None:
    clock, tries = StoppedClock(), list[int]()

    def broken(_: Job) -> int | None:
        tries.append(clock())
        raise RuntimeError("out of ink")

    ordered(store, clock)
    worker = Worker(store=store, now=clock, name="a", steps={"work": broken}, chance=lambda: 0.999)
    for _ in range(200):
        worker.drain()
        clock.advance(600)
    assert len(tries) == TRIES
    with store.read() as tx:
        [dead] = tx.jobs.waiting(dead=True)
    assert dead.last_error == "RuntimeError: out of ink"


def test_a_store_that_is_away_is_no_fault_of_the_job(store: Store) -> None:
    clock, tries = StoppedClock(), list[int]()

    def cut_off(_: Job) -> int | None:
        tries.append(clock())
        if len(tries) <= 2 * TRIES:
            raise Unavailable
        return None

    ordered(store, clock)
    worker = Worker(store=store, now=clock, name="a", steps={"work": cut_off}, chance=lambda: 0.999)
    for _ in range(3 * TRIES):
        worker.drain()
        # it is not put off for longer and longer
        clock.advance(10)
    assert len(tries) == 2 * TRIES + 1
    with store.read() as tx:
        assert tx.jobs.waiting() == tx.jobs.waiting(dead=True) == ()


def test_pauses_grow_and_are_capped() -> None:
    assert [backoff(tries, lambda: 0.0) for tries in (1, 5, 30)] == [1, 1, 1]
    assert [backoff(tries, lambda: 0.999) for tries in (1, 3, 6, 12, 30)] == [2, 8, 64, 3_597, 3_597]


def test_a_chore_that_fails_keeps_no_other_from_being_done(store: Store) -> None:
    done = list[str]()

    def broken() -> None:
        raise RuntimeError

    worker = Worker(store=store, now=StoppedClock(), name="a", steps={}, chores=(broken, lambda: done.append("second")))
    worker.sweep()
    assert done == ["second"]


def test_a_store_that_is_away_is_asked_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker goes on where it was when the store is back, and has said once that it was away."""
    clock, done = StoppedClock(), list[str]()
    ordered(store, clock)
    away = Away(store, times=2)
    said = io.StringIO()
    monkeypatch.setattr("wattshare.custodian.worker.loop.LOG", structlog.wrap_logger(structlog.PrintLogger(said)))
    worker = Worker(store=away, now=clock, name="a", steps={"work": lambda job: done.append(job.subject)})  # type: ignore[arg-type]
    stopping = replace(worker, chores=())
    attempts = 0
    while not done and attempts < 10:
        attempts += 1
        if job := stopping._claimed(stopping.all_lanes[0]):
            stopping._finish(job)
    assert (done, attempts) == (["one"], 3)
    assert said.getvalue().count("store_unavailable") == 1


class Away:
    """A store that cannot be reached so many times."""

    def __init__(self, store: Store, times: int) -> None:
        """Take the store behind it."""
        self.store, self.times = store, times

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """Refuse, then let through."""
        if self.times:
            self.times -= 1
            raise Unavailable
        with self.store.begin() as tx:
            yield tx
