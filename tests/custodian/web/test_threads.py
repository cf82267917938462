"""What blocks goes on in threads, and the loop goes on beside it."""

import asyncio
import gc
import threading
import time
import weakref
from collections import deque
from dataclasses import dataclass
from functools import partial

import pytest

from wattshare.custodian.web import threads as module
from wattshare.custodian.web.threads import Owing, Threads


@dataclass(kw_only=True)
class Told(Owing):
    """A result with its number."""

    number: int


def test_so_many_at_a_time_and_no_thread_more() -> None:
    threads, gate, at_work = Threads(most=2), threading.Event(), list[str]()

    def work(number: int) -> int:
        at_work.append(threading.current_thread().name)
        gate.wait(10)
        return number

    async def story() -> list[int]:
        asked = [asyncio.create_task(threads.run(work, number)) for number in range(5)]
        while len(at_work) < 2:
            await asyncio.sleep(0)
        assert threads.started == 2
        gate.set()
        return await asyncio.gather(*asked)

    assert asyncio.run(story()) == list(range(5))
    assert threads.started == 2, "later work was done by the same"


def test_who_has_nothing_to_do_ends_and_is_followed_by_another() -> None:
    threads, at_work, together = Threads(most=2, idle_seconds=0.01), set[threading.Thread](), list[int]()

    def work(_: int) -> threading.Thread:
        thread = threading.current_thread()
        at_work.add(thread)
        together.append(len(at_work))
        time.sleep(0.002)
        at_work.remove(thread)
        return thread

    async def story() -> list[threading.Thread]:
        return await asyncio.gather(*(threads.run(work, number) for number in range(5)))

    for _ in range(3):
        # on a busy machine one of the two may have ended before the last is served, and been followed by a third
        served = set(asyncio.run(story()))
        assert max(together) <= 2
        for thread in served:
            thread.join(10)
            assert not thread.is_alive()
        assert (threads.started, threads.asleep, threads.woken, threads.begun) == (0, 0, deque(), {})


def test_a_fault_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(Threads(most=1).run(lambda: 1 // 0))


def test_a_fault_goes_when_its_caller_lets_go_of_it() -> None:
    class Fault(Exception):
        pass

    def fail() -> None:
        raise Fault

    async def story() -> "weakref.ref[Exception]":
        try:
            await Threads(most=1).run(fail)
        except Fault as fault:
            return weakref.ref(fault)
        raise LookupError

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(story())() is None
    finally:
        gc.enable()


def test_the_last_one_to_end_says_that_it_is_quiet() -> None:
    quiet, told = threading.Event(), list[int]()

    def fall_quiet() -> None:
        told.append(threads.started)
        quiet.set()

    threads = Threads(most=2, idle_seconds=0.01, quiet=fall_quiet)

    async def story() -> None:
        await asyncio.gather(*(threads.run(time.sleep, 0.002) for _ in range(5)))

    asyncio.run(story())
    assert quiet.wait(30)
    assert told == [0]


def test_who_is_called_off_waits_for_what_cannot_be_stopped() -> None:
    threads, begun, gate, done = Threads(most=1), threading.Event(), threading.Event(), list[bool]()

    def work() -> None:
        begun.set()
        gate.wait(10)
        done.append(True)

    async def story() -> None:
        task = asyncio.create_task(threads.run(work))
        while not begun.is_set():
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done

    asyncio.run(story())


def test_one_thread_does_what_is_soon_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS", 60)
    threads = Threads(most=8)

    async def story() -> set[str]:
        asked = (threads.run(lambda: threading.current_thread().name) for _ in range(50))
        return set(await asyncio.gather(*asked))

    assert len(asyncio.run(story())) == threads.started == 1


def test_who_waits_behind_something_long_is_done_by_another() -> None:
    threads, gate = Threads(most=2), threading.Event()

    async def story() -> None:
        long = asyncio.create_task(threads.run(gate.wait, 30))
        assert await threads.run(lambda: "done") == "done"
        assert not long.done()
        gate.set()
        await long

    asyncio.run(story())


def test_what_is_owed_by_several_is_settled_at_once_and_before_anybody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS", 60)
    monkeypatch.setattr(module, "SETTLED_SECONDS", 60)
    settled, asked = list[list[int]](), list["asyncio.Task[Told]"]()

    def settle(every: list[Told]) -> None:
        assert not any(task.done() for task in asked)
        settled.append([one.number for one in every])

    threads, gate = Threads(most=8, settle=settle), threading.Event()

    async def story() -> None:
        first = asyncio.create_task(threads.run(gate.wait, 30))
        asked.extend(asyncio.create_task(threads.run(partial(Told, number=n, owed=n))) for n in range(5))
        nothing = asyncio.create_task(threads.run(lambda: Told(number=9)))
        await asyncio.sleep(0)
        gate.set()
        assert [task.number for task in await asyncio.gather(*asked, nothing)] == [0, 1, 2, 3, 4, 9]
        await first

    asyncio.run(story())
    assert settled == [[0, 1, 2, 3, 4]]


def test_what_is_done_does_not_wait_for_something_long_that_the_same_thread_does_next() -> None:
    threads, gate = Threads(most=2), threading.Event()

    async def story() -> None:
        first = asyncio.create_task(threads.run(time.sleep, 0.001))
        done = asyncio.create_task(threads.run(lambda: Told(number=1, owed=1)))
        long = asyncio.create_task(threads.run(gate.wait, 30))
        assert (await done).number == 1
        assert not long.done()
        gate.set()
        await asyncio.gather(first, long)

    asyncio.run(story())


def test_not_too_many_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS", 60)
    monkeypatch.setattr(module, "SETTLED_SECONDS", 60)
    settled = list[int]()
    threads = Threads(most=8, settle=lambda every: settled.append(len(every)))

    async def story() -> None:
        await asyncio.gather(*(threads.run(lambda: Told(number=1, owed=1)) for _ in range(40)))

    asyncio.run(story())
    assert sum(settled) == 40
    assert max(settled) <= module.TOGETHER


def test_what_cannot_be_settled_is_given_to_nobody() -> None:
    def settle(_: list[Told]) -> None:
        raise ZeroDivisionError

    threads = Threads(most=2, settle=settle)

    async def story() -> None:
        owing = [threads.run(lambda: Told(number=1, owed=1)) for _ in range(3)]
        free = threads.run(lambda: Told(number=2))
        *faults, kept = await asyncio.gather(*owing, free, return_exceptions=True)
        assert [type(fault) for fault in faults] == [ZeroDivisionError] * 3
        assert isinstance(kept, Told)
        assert (await threads.run(lambda: Told(number=3))).number == 3

    asyncio.run(story())
