"""How much a third party may ask: a second, an hour, a day that ends at five in the afternoon.

Counted in our own table, so that every process counts together; switched off, nothing is written.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from wattshare.custodian.model.budget import Budget
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import TooMany
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.services.together import Together
from wattshare.custodian.settings import Settings
from wattshare.custodian.store.database import Store, Tx

HOUR = 3_600
# the local hour at which a day's count starts anew
RESET_HOUR = 17


class Span(StrEnum):
    """A stretch of time that is counted."""

    SECOND = "second"
    HOUR = "hour"
    DAY = "day"


# what a request is told: what is left, or that it is too many
Told = tuple[Budget, ...] | TooMany
FAILED = "a request could not be counted with others"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The counters of third parties' requests."""

    store: Store
    now: Clock
    zone: ZoneInfo
    on: bool
    most: dict[Span, int]
    together: Together[int, Told] = field(default_factory=partial(Together, logged=FAILED))

    @classmethod
    def of(cls, settings: Settings, store: Store, now: Clock, zone: ZoneInfo) -> "Limits":
        """As the settings have it."""
        most = {
            Span.SECOND: settings.rate_per_second,
            Span.HOUR: settings.rate_per_hour,
            Span.DAY: settings.rate_per_day,
        }
        return cls(store=store, now=now, zone=zone, on=settings.rate_limits, most=most)

    def count(self, party: ThirdParty) -> tuple[Budget, ...]:
        """Count one request. What is left; nothing where nothing is counted.

        Not in a transaction of the caller's own: it is written with those of others that come at the same time.

        Raises:
            TooMany: it is one too many; it is not counted.
            Unavailable: the database cannot be reached, or others keep it for too long.
        """
        if not self.on:
            return ()
        told = self.together.do(party.id, self._count)
        if isinstance(told, TooMany):
            raise told
        return told

    def _count(self, parties: Sequence[int]) -> list[Told]:
        """Count a request of each, in their order."""
        told: dict[int, Iterator[Told]] = {}
        with self.store.note() as tx:
            # not before: where one counts after the other, time passes until it is one's turn
            at = self.now()
            # in one order, so that no two processes wait for each other
            for party, count in sorted(Counter(parties).items()):
                told[party] = iter(self._counted(tx, party, count, at))
        return [next(told[party]) for party in parties]

    def _counted(self, tx: Tx, party: int, count: int, at: int) -> list[Told]:
        """Count so many requests of one; those that are too many are taken back."""
        stretches = {span: self.bounds(span, at) for span in self.most}
        counted = {span: tx.rates.add(party, span.value, starts, at, count) for span, (starts, _) in stretches.items()}
        free = {span: max(0, most - counted[span] + count) for span, most in self.most.items()}
        may = min(count, *free.values())
        if may < count:
            for span in self.most:
                tx.rates.take_back(party, span.value, count - may)
        told: list[Told] = []
        for place in range(1, may + 1):
            told.append(
                tuple(
                    Budget(
                        name=span.value,
                        most=most,
                        seconds=stretches[span][1] - stretches[span][0],
                        left=free[span] - place,
                        ends_in=max(1, stretches[span][1] - at),
                    )
                    for span, most in self.most.items()
                )
            )
        for _ in range(count - may):
            span = next(span for span in self.most if free[span] == may)
            starts, ends = stretches[span]
            told.append(
                TooMany(
                    f"More than {self.most[span]} requests in a {span.value}.",
                    retry_after=max(1, ends - at),
                    policy=(span.value, self.most[span], ends - starts),
                )
            )
        return told

    def bounds(self, span: Span, at: int) -> tuple[int, int]:
        """The stretch that a second is in: its first second, and the first after it."""
        if span is Span.SECOND:
            return at, at + 1
        if span is Span.HOUR:
            return at - at % HOUR, at - at % HOUR + HOUR
        local = datetime.fromtimestamp(at, UTC).astimezone(self.zone)
        reset = local.replace(hour=RESET_HOUR, minute=0, second=0, microsecond=0)
        first = reset if local >= reset else reset - timedelta(days=1)
        # wall clock arithmetic: a day over a change of the clocks has 23 or 25 hours
        return int(first.timestamp()), int((first + timedelta(days=1)).timestamp())

    def forget(self) -> int:
        """Drop counters that count no more."""
        if not self.on:
            return 0
        with self.store.begin() as tx:
            return tx.rates.forget(self.now() - 2 * 86_400)
