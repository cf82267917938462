"""Wrong tries, counted so that guessing ends and nobody is kept out by another's guesses.

Counted per name, per address, and per name from an address: that last count is the lowest, so that who guesses at a
name from elsewhere does not keep its owner out. All tries of one way in are counted together, too: where there are many
of them, the other counts stop earlier, and where there are very many, that way is closed for a while; the other ways in
stay open.
"""

from dataclasses import dataclass

import structlog

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import TooMany
from wattshare.custodian.store.database import Store, Tx

LOG = structlog.get_logger(__name__)
WINDOW_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class Limits:
    """After how many tries no further one is taken."""

    here: int
    address: int
    # from all addresses together
    name: int
    # of all names: from there on the others are a fifth, and from there on nothing is taken
    many: int
    stop: int


FAILURES = Limits(here=10, address=20, name=50, many=500, stop=5_000)
# of codes and links that are asked for: each of them is a message to somebody
ASKED = Limits(here=5, address=20, name=15, many=1_000, stop=10_000)
FIFTH = 5


@dataclass(frozen=True)
class Tries:
    """Under which keys a try at a name from an address is counted; a name begins with its way in."""

    name: str
    address: str
    most: Limits = FAILURES

    @property
    def here(self) -> str:
        """The name as tried from this address."""
        return f"{self.name} from {self.address}"

    @property
    def way(self) -> str:
        """All tries of the same way in."""
        return "all " + self.name.partition(":")[0]

    @property
    def limits(self) -> dict[str, int]:
        """The keys, and how many stop further ones."""
        # those at links and codes do not use up those at passwords
        kind = "" if self.most is FAILURES else "asked "
        return {
            self.here: self.most.here,
            f"{kind}address:{self.address}": self.most.address,
            self.name: self.most.name,
            self.way: self.most.stop,
        }


@dataclass(frozen=True, kw_only=True)
class Counting:
    """Counts tries."""

    store: Store
    now: Clock

    def slow_down(self, tries: Tries) -> None:
        """Let a try be made, unless there were too many.

        Raises:
            TooMany: there were.
        """
        since = self.now() - WINDOW_SECONDS
        with self.store.read() as tx:
            found = {key: tx.sessions.failures(key, since) for key in tries.limits}
        crowded = found[tries.way] >= tries.most.many
        for key, most in tries.limits.items():
            if found[key] >= (most // FIFTH if crowded and key != tries.way else most):
                if key == tries.way:
                    LOG.warning("way_in_closed", kind=tries.name.partition(":")[0], count=found[key])
                raise TooMany("Too many tries. Wait a quarter of an hour.", retry_after=WINDOW_SECONDS)

    def count(self, tx: Tx, tries: Tries) -> None:
        """Count one."""
        for key in tries.limits:
            tx.sessions.fail(key, self.now())
