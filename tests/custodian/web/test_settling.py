"""Debts of answers that were made in the loop are settled together, and each is told of its own."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from wattshare.custodian.web.settling import MOST, Settling
from wattshare.custodian.web.threads import Threads


class Book:
    """What is settled, and in which lots."""

    def __init__(self) -> None:
        self.lots: list[list[Any]] = []
        self.opened = threading.Event()
        self.opened.set()
        self.fault: Exception | None = None

    def settle(self, results: list[Any]) -> None:
        assert self.opened.wait(30)
        self.lots.append(results)
        if self.fault is not None:
            raise self.fault


def run(story: Callable[[Settling, Book], Any]) -> Book:
    """In a loop."""
    book = Book()

    async def main() -> None:
        await story(Settling(threads=Threads(most=4), settle=book.settle), book)

    asyncio.run(main())
    return book


def owe(settling: Settling, names: range) -> "list[asyncio.Future[BaseException | None]]":
    """So many at once."""
    told: list[asyncio.Future[BaseException | None]] = []
    for name in names:
        future: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        settling.owe(name, future.set_result)
        told.append(future)
    return told


def test_who_is_alone_does_not_wait_for_others() -> None:
    async def story(settling: Settling, _: Book) -> None:
        for name in range(3):
            assert settling.wanted == 1
            [told] = owe(settling, range(name, name + 1))
            assert await told is None
            assert settling.timer is None

    assert run(story).lots == [[0], [1], [2]]


def test_who_comes_meanwhile_is_settled_with_those_who_come_again() -> None:
    async def story(settling: Settling, book: Book) -> None:
        book.opened.clear()
        first = owe(settling, range(1))
        others = owe(settling, range(1, 8))
        book.opened.set()
        await asyncio.gather(*first)
        # seven wait, and the first of them is about to ask again
        assert settling.wanted == 8
        again = owe(settling, range(8, 9))
        await asyncio.gather(*others, *again)

    assert run(story).lots == [[0], list(range(1, 9))]


def test_who_is_waited_for_in_vain_is_not_waited_for_for_long() -> None:
    async def story(settling: Settling, _: Book) -> None:
        settling.wanted = 5
        await asyncio.gather(*owe(settling, range(2)))
        assert settling.wanted == 2

    assert run(story).lots == [[0, 1]]


def test_there_is_an_end_to_what_is_settled_at_a_time() -> None:
    async def story(settling: Settling, book: Book) -> None:
        book.opened.clear()
        told = owe(settling, range(2 * MOST + 1))
        book.opened.set()
        await asyncio.gather(*told)

    lots = run(story).lots
    assert [len(lot) for lot in lots] == [1, MOST, MOST]
    assert [name for lot in lots for name in lot] == list(range(2 * MOST + 1))


def test_a_fault_is_told_to_each_and_the_next_are_settled() -> None:
    async def story(settling: Settling, book: Book) -> None:
        book.fault = LookupError("away")
        assert [type(await told) for told in owe(settling, range(1))] == [LookupError]
        book.fault = None
        assert [await told for told in owe(settling, range(1, 2))] == [None]

    run(story)


def test_who_cannot_be_told_keeps_nobody_else_from_it() -> None:
    async def story(settling: Settling, book: Book) -> None:
        def broken(_: BaseException | None) -> None:
            raise LookupError

        book.opened.clear()
        settling.owe("gone", broken)
        settling.owe("gone too", broken)
        told = owe(settling, range(1))
        book.opened.set()
        await asyncio.gather(*told)

    assert run(story).lots == [["gone"], ["gone too", 0]]


def test_where_no_thread_is_to_be_had_each_is_told_and_later_ones_are_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def story(settling: Settling, _: Book) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", none_left)
            assert [type(await told) for told in owe(settling, range(3))] == [RuntimeError] * 3
        assert [await told for told in owe(settling, range(3, 4))] == [None]
        assert settling.threads.started == 1

    assert run(story).lots == [[3]]
