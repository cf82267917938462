"""Closing months: from a while after its end on, a month's readings are kept as segments."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.model.work import Job
from wattshare.custodian.store.compaction import FIRST
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.purposes import Purpose

CLOSE, HISTORY = "close_months", "history"
DAY = 86_400
# seconds after which a worker's job is put down for a moment, and those until it is taken up again where others write
SLICE_SECONDS, WAIT_SECONDS = 20.0, 60


@dataclass(frozen=True, kw_only=True)
class Step:
    """What has been moved by now, of one month."""

    # its first second
    month: int
    channels: int
    blocks: int

    @property
    def name(self) -> str:
        """The month, 2026-03."""
        return f"{datetime.fromtimestamp(self.month, UTC):%Y-%m}"


@dataclass(frozen=True, kw_only=True)
class Closing:
    """The story of a month that is over. What is interrupted is taken up where it was: what is moved, is moved."""

    store: Store
    now: Clock
    # days after the end of a month
    close_days: int
    monotonic: Callable[[], float] = field(default=time.monotonic)

    def due(self) -> tuple[int, ...]:
        """The months that are to be closed by now."""
        return self.open_months(self.now() - self.close_days * DAY)

    def open_months(self, before: int) -> tuple[int, ...]:
        """The months that end by then and are not closed, or had something late since."""
        with self.store.read(Purpose.UPKEEP) as tx:
            return tx.history.open_months(before)

    def close(self, months: tuple[int, ...]) -> Iterator[Step]:
        """Close months; tells what is moved of each after every transaction.

        Raises:
            Unavailable: somebody takes something in, for too long.
        """
        for month in months:
            done, channels, blocks = FIRST, 0, 0
            while True:
                with self.store.begin(Purpose.UPKEEP) as tx:
                    closed = tx.history.close(month, done, self.now())
                if closed is None:
                    break
                done, channels, blocks = closed.last, channels + closed.channels, blocks + closed.blocks
                yield Step(month=month, channels=channels, blocks=blocks)
            self._let_go(month)

    def _left(self) -> tuple[int, ...]:
        with self.store.read(Purpose.UPKEEP) as tx:
            return tx.history.empty_months(self.now() - self.close_days * DAY)

    def _let_go(self, month: int) -> None:
        """Drop what the hot tier had of a month; if somebody is at it, with a later look."""
        with self.store.begin(Purpose.UPKEEP) as tx:
            seen = tx.history.emptied(month)
        if seen is None:
            return
        try:
            with self.store.begin(Purpose.UPKEEP) as tx:
                tx.history.drop(month, seen)
        # an empty partition costs nothing
        except Unavailable:
            return

    # the worker's

    def plan(self) -> None:
        """Let due months be closed, and what is left of closed ones be dropped."""
        if self.due() or self._left():
            with self.store.begin() as tx:
                tx.jobs.add(CLOSE, HISTORY, self.now())

    def work(self, _: Job) -> int | None:
        """Close what is due, for a while; the second of the next run, or None when all is closed."""
        ends = self.monotonic() + SLICE_SECONDS
        try:
            for _step in self.close(self.due()):
                if self.monotonic() > ends:
                    return self.now()
            for month in self._left():
                self._let_go(month)
        except Unavailable:
            return self.now() + WAIT_SECONDS
        return None
