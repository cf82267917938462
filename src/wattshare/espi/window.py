"""The window of a request: which days of data, and which changes, it asks for. FB 37."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from urllib.parse import parse_qsl, urlencode

from wattshare.espi.days import EPOCH, SECOND, day_bounds, day_of
from wattshare.espi.profile import Profile

# the last second of 2100
LATEST = 4_133_980_799

# a fraction of a second is read and dropped: data has whole seconds. A blank is a plus sign that was decoded
INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?"
    r"(Z|[+ -][0-9]{2}:[0-9]{2})"
)
EPOCH_SECONDS = re.compile(r"[0-9]{1,11}")
EPOCH_MILLISECONDS = re.compile(r"[0-9]{13}")

FORMATS = "2024-05-01T07:00:00Z, 2024-05-01T00:00:00-07:00, epoch seconds or epoch milliseconds"


class BadWindow(Exception):
    """A window that cannot be read, with the parameter at fault."""

    def __init__(self, parameter: str, sentence: str) -> None:
        """Take the parameter's name on the wire, and what is wrong with it."""
        super().__init__(sentence)
        self.parameter = parameter
        self.sentence = sentence


@dataclass(frozen=True, kw_only=True)
class Window:
    """Bounds on usage time (`published`) and on the time of change (`updated`), UTC epoch seconds.

    None is no bound. Where both kinds are given, both must hold.
    """

    published_min: int | None = None
    published_max: int | None = None
    updated_min: int | None = None
    updated_max: int | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Window":
        """The window that a query asks for; other parameters are nothing to it.

        Raises:
            BadWindow: a bound is no time between 1970 and 2100, or a minimum is after its maximum.
        """
        bounds = {field: read_time(name, query[name]) for name, field in NAMES.items() if name in query}
        window = cls(**bounds)
        _refuse_backwards("published", window.published_min, window.published_max)
        _refuse_backwards("updated", window.updated_min, window.updated_max)
        return window

    @classmethod
    def of_key(cls, key: str) -> "Window":
        """The window of which `key` is the normal form.

        Raises:
            BadWindow: `key` is not one that `Window.key` gave.
        """
        return cls.read(dict(parse_qsl(key, keep_blank_values=True)))

    @property
    def unbounded(self) -> bool:
        """Whether it asks for everything."""
        return self == Window()

    def key(self) -> str:
        """Its normal form: equal windows, however they were written, have one key. Empty without bounds."""
        return urlencode({name: str(value) for name, value in self._bounds()})

    def query(self) -> dict[str, str]:
        """The query parameters that ask for it."""
        return {name: f"{EPOCH + value * SECOND:%Y-%m-%dT%H:%M:%SZ}" for name, value in self._bounds()}

    def days(self, zone: tzinfo, profile: Profile) -> tuple[date | None, date | None]:
        """The first and the last local day that the published bounds take; None is no bound.

        Blocks that start after midnight, as gas days do, are asked by `covers_block`.
        """
        first = None if self.published_min is None else day_of(self.published_min, zone)
        if self.published_max is None:
            return first, None
        return first, day_of(self.published_max - (1 if profile.half_open_windows else 0), zone)

    def covers_block(self, start: int, day_end: int, profile: Profile) -> bool:
        """Whether a block is within the published bounds.

        `day_end` is the end of the block's local day: a minimum inside a day takes that day. A block that
        starts at the maximum is in, but for profiles whose windows are half open.
        """
        if self.published_min is not None and day_end <= self.published_min:
            return False
        if self.published_max is None:
            return True
        return start < self.published_max or (start == self.published_max and not profile.half_open_windows)

    def covers_time(self, at: int, zone: tzinfo, profile: Profile) -> bool:
        """Whether a thing of one moment, such as a bill by its date, is within the published bounds.

        It counts as a block that starts then and ends with the local day.
        """
        return self.covers_block(at, day_bounds(day_of(at, zone), zone)[1], profile)

    def covers_change(self, at: int) -> bool:
        """Whether a change at that second is within the updated bounds, both included."""
        late_enough = self.updated_min is None or self.updated_min <= at
        return late_enough and (self.updated_max is None or at <= self.updated_max)

    def since(self, reach: Callable[[int], int]) -> "Window":
        """The same, from when `reach` says that changes of its least time may bear."""
        return self if self.updated_min is None else replace(self, updated_min=reach(self.updated_min))

    def _bounds(self) -> list[tuple[str, int]]:
        """The bounds that it has, by their names on the wire."""
        named = ((name, getattr(self, field)) for name, field in NAMES.items())
        return [(name, value) for name, value in named if value is not None]


NAMES = {
    "published-min": "published_min",
    "published-max": "published_max",
    "updated-min": "updated_min",
    "updated-max": "updated_max",
}


def _refuse_backwards(stem: str, least: int | None, most: int | None) -> None:
    if least is not None and most is not None and least > most:
        raise BadWindow(f"{stem}-min", f"{stem}-min is after {stem}-max.")


def read_time(name: str, text: str) -> int:
    """The second that a parameter names."""
    try:
        seconds = _seconds(text)
    except ValueError:
        raise BadWindow(name, f"{name} has an impossible date or time.") from None
    if seconds is None:
        raise BadWindow(name, f"{name} is not a time. Write it as {FORMATS}.")
    if not 0 <= seconds <= LATEST:
        raise BadWindow(name, f"{name} is not between the years 1970 and 2100.")
    return seconds


def _seconds(text: str) -> int | None:
    """Epoch seconds; None where the text has none of the forms."""
    if EPOCH_SECONDS.fullmatch(text):
        return int(text)
    if EPOCH_MILLISECONDS.fullmatch(text):
        return int(text) // 1000
    if found := INSTANT.fullmatch(text):
        *parts, zone = found.groups()
        year, month, day, hour, minute, second = (int(part) for part in parts)
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return (local - EPOCH) // SECOND - _offset(zone)
    return None


def _offset(zone: str) -> int:
    """Seconds east of UTC that `Z` or `±hh:mm` says.

    Raises:
        ValueError: no clock is that far off.
    """
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
