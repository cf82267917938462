"""What answers owe that were made in the loop itself: settled in a thread, for as many together as ask at a time.

To settle costs about the same for one as for many. Callers that are answered together ask again together; so who is
first waits until as many are there as were at work the last time, but not for long, and not if it was alone.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from wattshare.custodian.web.threads import Settle, Threads

log = structlog.get_logger()

# settled at a time, and how long the first of them waits for the others
MOST, WAIT_SECONDS = 32, 0.001

# told in the loop that a result is settled, or why it is not
Then = Callable[[BaseException | None], None]
Debts = list[tuple[Any, Then]]


@dataclass(kw_only=True)
class Settling:
    """Results of one loop; all of it is called there."""

    threads: Threads
    settle: Settle
    waiting: Debts = field(default_factory=list)
    # so many are waited for
    wanted: int = 1
    # some are being settled; the next ones are looked at when that is done
    under_way: bool = False
    timer: asyncio.TimerHandle | None = None
    # called when all of those were told that were settled together; raises nothing
    after: Callable[[], None] = lambda: None

    def owe(self, result: Any, then: Then) -> None:
        """See that what a result owes is settled. `then` is told."""
        self.waiting.append((result, then))
        self._look()

    def _look(self) -> None:
        if self.under_way or not self.waiting:
            return
        if len(self.waiting) >= self.wanted:
            self._begin()
        elif self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(WAIT_SECONDS, self._begin)

    def _begin(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        debts, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
        try:
            settled = self.threads.start(self.settle, [result for result, _ in debts])
        except RuntimeError as why:
            # there is no thread to be had
            self._tell(debts, why)
            return
        self.under_way = True
        settled.add_done_callback(partial(self._told, debts))

    def _told(self, debts: Debts, settled: "asyncio.Future[None]") -> None:
        self.under_way, fault = False, settled.exception()
        # those that are told now ask again soon, beside those that have come meanwhile
        self.wanted = min(len(debts) + len(self.waiting), MOST)
        if fault is not None:
            # who waits behind them would wait for the same
            debts, self.waiting = debts + self.waiting, []
        self._tell(debts, fault)
        self._look()

    def _tell(self, debts: Debts, fault: BaseException | None) -> None:
        """Tell each, whatever becomes of the others."""
        for _, then in debts:
            try:
                then(fault)
            except Exception:
                # where not even the log can be written, nobody is to wait for that
                with suppress(Exception):
                    log.exception("not_told")
        self.after()
