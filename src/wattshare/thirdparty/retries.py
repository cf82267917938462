"""How long to insist: which failures pass by themselves, and what Retry-After says of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import httpx2
import stamina

from wattshare.thirdparty.errors import CustodianFault, HandshakeFailed, TooMany, Unavailable, Unreachable

# gateways say these of a custodian that is being restarted
PASSING_FAULTS = frozenset({502, 504})

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How often and how long a call is tried. `tries=1` never tries again."""

    tries: int = 5
    # seconds, over all tries
    within: int = 120
    # seconds; a longer Retry-After is not waited for but raised
    longest_wait: int = 60
    # seconds of one try: to connect, and between two pieces of an answer
    connect: int = 10
    pause: int = 60

    @property
    def timeout(self) -> httpx2.Timeout:
        """The limits of one try."""
        return httpx2.Timeout(self.pause, connect=self.connect)

    def insist(self, call: Callable[[], T], *, once: bool = False) -> T:
        """What `call` gives in the end. `once`: never again if it may have arrived."""
        trying = stamina.RetryingCaller(attempts=self.tries, timeout=self.within, wait_max=20)
        return trying(self._wait_if_unsent if once else self._wait, call)

    def _wait(self, error: Exception) -> bool | timedelta:
        if isinstance(error, CustodianFault):
            return error.status in PASSING_FAULTS
        if isinstance(error, Unreachable):
            return not isinstance(error, HandshakeFailed)
        return self._wait_if_told(error)

    def _wait_if_unsent(self, error: Exception) -> bool | timedelta:
        if isinstance(error, Unreachable):
            return not error.sent and not isinstance(error, HandshakeFailed)
        return self._wait_if_told(error)

    def _wait_if_told(self, error: Exception) -> bool | timedelta:
        if not isinstance(error, (TooMany, Unavailable)):
            return False
        if (seconds := error.cause.retry_after) is None:
            return True
        return timedelta(seconds=seconds) if seconds <= self.longest_wait else False
