"""The receiver of a third party's notices, as its last answers show it: a circuit that all workers share.

Closed, everything is sent. After some failures in a row it opens: nothing is sent until a moment comes at which one
notice is tried, and no other (half open). If that one is taken, the circuit closes and all that waits is due.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

# failures in a row after which the circuit opens
FAILURES = 3
# seconds for which it stays open: doubling from the first to the last, with full jitter
FIRST_PAUSE, LAST_PAUSE = 30, 900
# where another try changes nothing until somebody does
LONG_PAUSE = 21_600
# longer than a try takes
PROBE_SECONDS = 60


class Circuit(StrEnum):
    """State of a receiver."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    # it answered 410: nothing is sent until its address changes or somebody asks for a notice
    GONE = "gone"


MOVES = {
    Circuit.CLOSED: {Circuit.OPEN, Circuit.GONE},
    Circuit.OPEN: {Circuit.HALF_OPEN, Circuit.CLOSED, Circuit.GONE},
    Circuit.HALF_OPEN: {Circuit.OPEN, Circuit.CLOSED, Circuit.GONE},
    # by what somebody does
    Circuit.GONE: {Circuit.CLOSED, Circuit.OPEN},
}


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """What is known of a receiver."""

    third_party_id: int
    state: Circuit = Circuit.CLOSED
    # in a row
    failures: int = 0
    # the first of them
    failing_since: int | None = None
    # nothing is sent before; half open: the one try is given up then
    shut_until: int = 0
    # why the last try failed: a cause of `outbound`
    cause: str | None = None
    # when the alarm was given for this row of failures
    alarmed_at: int | None = None

    def admitted(self, at: int) -> "Receiver | None":
        """The receiver while a notice is being tried; None where none may be tried now."""
        match self.state:
            case Circuit.CLOSED:
                return self
            case Circuit.GONE:
                return None
        if at < self.shut_until:
            return None
        return replace(self, state=Circuit.HALF_OPEN, shut_until=at + PROBE_SECONDS)

    def failed(self, at: int, cause: str, *, permanent: bool, gone: bool, chance: Callable[[], float]) -> "Receiver":
        """After one more failure."""
        failures = self.failures + 1
        if self.state is Circuit.GONE:
            # it was sent before that was known
            return self
        failed = replace(self, failures=failures, failing_since=self.failing_since or at, cause=cause)
        if gone:
            return replace(failed, state=Circuit.GONE, shut_until=0)
        if permanent:
            return replace(failed, state=Circuit.OPEN, shut_until=at + LONG_PAUSE)
        if self.state is Circuit.CLOSED and failures < FAILURES:
            return failed
        return replace(failed, state=Circuit.OPEN, shut_until=at + pause(failures, chance))

    def succeeded(self) -> "Receiver":
        """After a notice was taken."""
        return Receiver(third_party_id=self.third_party_id)

    def is_dead(self, at: int, seconds: int) -> bool:
        """Whether it has taken nothing for so long, or said that it never will."""
        if self.failing_since is None:
            return False
        return self.state is Circuit.GONE or self.failing_since + seconds <= at


def pause(failures: int, chance: Callable[[], float]) -> int:
    """Seconds for which a circuit stays open after so many failures."""
    doublings = min(max(failures - FAILURES, 0), 10)
    return 1 + int(min(LAST_PAUSE, FIRST_PAUSE << doublings) * chance())
