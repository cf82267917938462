"""From days as people say them to the window of a row."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from wattshare.espi.profile import Profile
from wattshare.espi.window import Window

# a day of the utility's calendar, or an instant with its offset
Moment = date | datetime


def usage_days(since: Moment | None, until: Moment | None, profile: Profile) -> Window | None:
    """The window of the usage days from `since` to `until`, both in; None without bounds.

    Its end is the last second before the next midnight: a utility that counts `published-max` in would
    otherwise send a day more.

    Raises:
        ValueError: an instant has no offset, or the days end before they begin.
    """
    if since is None and until is None:
        return None
    low = None if since is None else _instant(since, profile)
    high = None if until is None else _last_instant(until, profile)
    if low is not None and high is not None and high < low:
        raise ValueError(f"the days end before they begin: {since} to {until}")
    return Window(published_min=low, published_max=high)


def spans(since: date, until: date, *, days: int) -> Iterator[tuple[date, date]]:
    """The days from `since` to `until` in stretches of at most so many, both ends in."""
    start = since
    while start <= until:
        end = min(until, start + timedelta(days=days - 1))
        yield start, end
        start = end + timedelta(days=1)


def _instant(moment: Moment, profile: Profile) -> int:
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no offset")
        return int(moment.timestamp())
    return int(datetime.combine(moment, time(), profile.zone).timestamp())


def _last_instant(moment: Moment, profile: Profile) -> int:
    if isinstance(moment, datetime):
        return _instant(moment, profile)
    return _instant(moment + timedelta(days=1), profile) - 1
