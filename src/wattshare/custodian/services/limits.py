"""How much a third party may ask: a second, an hour, a day that ends at five in the afternoon.

Counted in our own table, so that every process counts together; switched off, nothing is written.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from wattshare.custodian.model.budget import Budget
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import TooMany
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.settings import Settings
from wattshare.custodian.store.database import Store

HOUR = 3_600
# the local hour at which a day's count starts anew
RESET_HOUR = 17


class Span(StrEnum):
    """A stretch of time that is counted."""

    SECOND = "second"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The counters of third parties' requests."""

    store: Store
    now: Clock
    zone: ZoneInfo
    on: bool
    most: dict[Span, int]

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

        Raises:
            TooMany: it is one too many; it is not counted.
        """
        if not self.on:
            return ()
        left = list[Budget]()
        with self.store.begin() as tx:
            # not before: where one counts after the other, time passes until it is one's turn
            at = self.now()
            for span, most in self.most.items():
                starts, ends = self.bounds(span, at)
                counted = tx.rates.add(party.id, span.value, starts, at)
                if counted > most:
                    raise TooMany(
                        f"More than {most} requests in a {span.value}.",
                        retry_after=max(1, ends - at),
                        policy=(span.value, most, ends - starts),
                    )
                told = {"most": most, "seconds": ends - starts, "left": most - counted, "ends_in": max(1, ends - at)}
                left.append(Budget(name=span.value, **told))
        return tuple(left)

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
