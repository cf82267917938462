"""What blocks goes on in threads, and the loop goes on beside it."""

import asyncio
import threading
import time

import pytest

from wattshare.custodian.web.threads import Threads


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
    threads = Threads(most=2, idle_seconds=0.01)

    def work(_: int) -> threading.Thread:
        time.sleep(0.002)
        return threading.current_thread()

    async def story() -> list[threading.Thread]:
        return await asyncio.gather(*(threads.run(work, number) for number in range(5)))

    for _ in range(3):
        served = set(asyncio.run(story()))
        assert len(served) <= 2
        for thread in served:
            thread.join(10)
            assert not thread.is_alive()
        assert (threads.started, threads.idle) == (0, 0)


def test_a_fault_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(Threads(most=1).run(lambda: 1 // 0))


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
