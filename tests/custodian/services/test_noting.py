"""Entries of the trail that are written together: each before its answer leaves, all or none."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.services.disclosure.noting import Noting
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.trail import TrailEntry


@dataclass(kw_only=True)
class Gate:
    """A store whose first writer waits until it is let in; how often it was written to."""

    store: Store
    opened: threading.Event = field(default_factory=threading.Event)
    closed_for: set[int] = field(default_factory=set)
    transactions: int = 0

    @contextmanager
    def single_note(self) -> Iterator[None]:
        # by transactions alone, which can be kept waiting
        yield None

    @contextmanager
    def note(self) -> Iterator[Tx]:
        number = self.transactions
        self.transactions += 1
        if number == 0:
            assert self.opened.wait(30)
        if number in self.closed_for:
            raise Unavailable
        with self.store.note() as tx:
            yield tx


def entry(number: int) -> TrailEntry:
    return TrailEntry(event="disclosed", at=number, endpoint="block", count=1)


def queued(gate: Gate, noting: Noting, pool: ThreadPoolExecutor, count: int) -> list[bool]:
    """Let one entry wait at the gate and the others behind it; which of them were kept, as their writers heard it."""

    def note(number: int) -> bool:
        try:
            noting.note([entry(number)])
        except Unavailable:
            return False
        # nobody goes on before the own entry is there
        with gate.store.read() as tx:
            return number in {one.at for one in tx.trail.since(0)}

    first = pool.submit(note, 0)
    while not gate.transactions:
        threading.Event().wait(0.01)
    others = [pool.submit(note, number) for number in range(1, count)]
    while len(noting.together.waiting) < count - 1:
        threading.Event().wait(0.01)
    gate.opened.set()
    return [one.result() for one in (first, *others)]


def test_those_who_wait_are_written_by_one_commit(store: Store) -> None:
    gate = Gate(store=store)
    with ThreadPoolExecutor(9) as pool:
        kept = queued(gate, Noting(store=gate), pool, 9)  # type: ignore[arg-type]
    assert all(kept)
    assert gate.transactions == 2
    with store.read() as tx:
        assert sorted(one.at for one in tx.trail.since(0)) == list(range(9))


@pytest.mark.parametrize(("closed_for", "kept"), [({0}, [False, True, True]), ({1}, [True, False, False])])
def test_who_could_not_be_written_is_told_so(store: Store, closed_for: set[int], kept: list[bool]) -> None:
    gate = Gate(store=store, closed_for=closed_for)
    with ThreadPoolExecutor(3) as pool:
        assert queued(gate, Noting(store=gate), pool, 3) == kept  # type: ignore[arg-type]
    with store.read() as tx:
        assert len(tx.trail.since(0)) == sum(kept)


def test_after_a_fault_the_next_entry_is_written(store: Store) -> None:
    gate = Gate(store=store, closed_for={0})
    gate.opened.set()
    noting = Noting(store=gate)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        noting.note([entry(1)])
    noting.note([entry(2)])
    with store.read() as tx:
        assert [one.at for one in tx.trail.since(0)] == [2]
