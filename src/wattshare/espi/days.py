"""Local days of a zone, in UTC seconds. A day is 23, 24 or 25 hours long."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def midnight(day: date, zone: tzinfo) -> int:
    """The first second of a local day. Where the clock skips midnight, the second after the gap."""
    return (datetime.combine(day, time.min, tzinfo=zone) - EPOCH) // SECOND


def day_of(epoch: int, zone: tzinfo) -> date:
    """The local day that a second belongs to."""
    return (EPOCH + epoch * SECOND).astimezone(zone).date()


def day_bounds(day: date, zone: tzinfo) -> tuple[int, int]:
    """First second of a local day, and first second after it."""
    return midnight(day, zone), midnight(day + DAY, zone)


def days(start: int, end: int, zone: tzinfo) -> Iterator[date]:
    """The local days that [start, end) touches, in order."""
    if start >= end:
        return
    day, last = day_of(start, zone), day_of(end - 1, zone)
    while day <= last:
        yield day
        day += DAY
