"""`wattshare sandbox advance`: moves a sandbox's clock on, and lets happen what would have happened meanwhile.

It stops at every full hour on its way. What is due there is done before the clock goes on: readings and bills arrive,
periods end, files are made, notices are told. The sandbox may be running or not; notices wait for one that is not.
"""

import fcntl
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from wattshare.custodian.app import opened
from wattshare.custodian.clocks import FILE as CLOCK
from wattshare.custodian.clocks import ShiftedClock
from wattshare.custodian.house import House
from wattshare.custodian.model.clock import system_clock
from wattshare.custodian.sandbox.arrivals import Arrivals
from wattshare.custodian.sandbox.faults import Faults
from wattshare.custodian.sandbox.home import LOCK, Home
from wattshare.custodian.sandbox.unruly import hand, manners_of, unruly
from wattshare.custodian.services.notices import TELL
from wattshare.custodian.settings import BadSettings
from wattshare.custodian.worker.loop import Worker

HOUR = 3_600
UNITS = {"m": 60, "h": HOUR, "d": 86_400, "w": 7 * 86_400}
AMOUNT = re.compile(r"([1-9][0-9]{0,5})([mhdw])", re.ASCII)
LONGEST = 366 * 86_400
ONE_AT_A_TIME = "advancing"
# for what another process has in hand; it goes on afterwards too
PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.05

# the second at which the clock is now, and the last one
Moved = Callable[[int, int], None]


def seconds_of(amount: str) -> int:
    """An amount of time such as 15m, 1h or 1d.

    Raises:
        BadSettings: it is none, or more than a year.
    """
    found = AMOUNT.fullmatch(amount)
    seconds = int(found[1]) * UNITS[found[2]] if found else 0
    if not 0 < seconds <= LONGEST:
        raise BadSettings(f"{amount!r} is no amount of time such as 15m, 1h or 1d, of at most a year.")
    return seconds


def advance(path: Path, amount: str, moved: Moved = lambda _at, _end: None) -> int:
    """Move a sandbox's clock on. The second at which it is afterwards.

    Raises:
        BadSettings: there is no sandbox, or the amount makes no sense.
    """
    by, home = seconds_of(amount), Home(path=path.absolute())
    if home.made is None:
        raise BadSettings(f"{path} is no sandbox: start one with `wattshare sandbox --home {path}`.")
    with alone(home), opened(home.path) as plain:
        house = unruly(plain, Faults(home.path))
        clock = ShiftedClock(home / CLOCK)
        journey = Journey(house=house, home=home, clock=clock, running=runs(home))
        return journey.go(by, moved)


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """One advance after the other."""
    with (home / ONE_AT_A_TIME).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def runs(home: Home) -> bool:
    """Whether a process serves this home."""
    with (home / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


@dataclass(frozen=True, kw_only=True)
class Journey:
    """One way from now to later."""

    house: House
    home: Home
    clock: ShiftedClock
    running: bool
    wait: Callable[[float], object] = field(default=time.sleep)

    def go(self, by: int, moved: Moved) -> int:
        """Stop at every full hour, and at the end."""
        begun = self.clock.offset()
        last = begun + by
        worker = self.worker()
        while (offset := self.clock.offset()) < last:
            hour = (self.clock() // HOUR + 1) * HOUR
            # never back, and never too far
            self.clock.shift(min(last, max(offset, hour - system_clock())))
            self.stop(worker)
            moved(self.clock(), system_clock() + last)
        return self.clock()

    def worker(self) -> Worker:
        """A worker of our own; where nobody listens, without what has to be told."""
        worker = hand(self.house.worker(), self.house, Faults(self.home.path))
        if self.running:
            return worker
        lanes = tuple(lane for lane in worker.lanes if TELL not in lane.kinds)
        return replace(worker, lanes=lanes)

    def stop(self, worker: Worker) -> None:
        """Let everything happen that is due by now."""
        Arrivals(store=self.house.store, now=self.clock, home=self.home, profile=self.house.profile).bring(
            manners_of(Faults(self.home.path))
        )
        worker.sweep()
        began = time.monotonic()
        while worker.drain() or self._in_hand():
            if time.monotonic() - began > PATIENCE_SECONDS:
                return
            self.wait(LOOK_SECONDS)

    def _in_hand(self) -> bool:
        """Whether another process is at something: its lease would end with the time that passes."""
        with self.house.store.read() as tx:
            at = self.clock()
            return any(job.owner is not None and (job.lease_until or 0) > at for job in tx.jobs.waiting())
