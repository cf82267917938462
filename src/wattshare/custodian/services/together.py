"""Small things that many threads want written at the same time: by one transaction for all who wait.

A commit costs as much as a small answer does. Whoever finds nobody at it writes for all who wait by then; nobody goes
on before the own part is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

from wattshare.custodian.model.errors import Unavailable

T = TypeVar("T")
R = TypeVar("R")


@dataclass(kw_only=True, eq=False)
class Waiting(Generic[T, R]):
    """Something to be written, and what has become of it."""

    item: T
    # none until it is written
    result: tuple[R, ...] = ()
    # somebody else's fault in writing it
    fault: Exception | None = None


@dataclass(frozen=True, kw_only=True)
class Together(Generic[T, R]):
    """Any number of threads that have something to write."""

    # what the log says of those for whom another one failed
    logged: str
    # held by who writes
    turn: Lock = field(default_factory=Lock)
    # held for as long as the list below is looked at
    door: Lock = field(default_factory=Lock)
    waiting: list[Waiting[T, R]] = field(default_factory=list)

    def do(self, item: T, write: Callable[[Sequence[T]], Sequence[R]]) -> R:
        """Have something written, and give its result. `write`, the same for all, writes all that wait or none.

        It is not kept: with it, who is written for would keep itself, and its connections to the database.
        Not in a transaction of the caller's own, which would keep a connection meanwhile.

        Raises:
            Unavailable: another thread could not write it.
            Exception: this one could not, as `write` says.
        """
        mine = Waiting[T, R](item=item)
        with self.door:
            self.waiting.append(mine)
        with self.turn:
            if not mine.result and mine.fault is None:
                self._write(self._taken(), write)
        if mine.fault is not None:
            raise Unavailable(logged=self.logged) from mine.fault
        [result] = mine.result
        return result

    def _taken(self) -> list[Waiting[T, R]]:
        with self.door:
            taken = self.waiting[:]
            self.waiting.clear()
        return taken

    def _write(self, taken: list[Waiting[T, R]], write: Callable[[Sequence[T]], Sequence[R]]) -> None:
        try:
            results = write([one.item for one in taken])
        except Exception as fault:
            for one in taken:
                one.fault = fault
            raise
        for one, result in zip(taken, results, strict=True):
            one.result = (result,)
