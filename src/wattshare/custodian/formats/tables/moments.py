"""Texts of times as seconds. UTC, with an offset, or on a wall clock that skips an hour and has another twice."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wattshare.custodian.formats.tables.amounts import shown
from wattshare.custodian.formats.tables.faults import Fault

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE = datetime(1970, 1, 1)  # noqa: DTZ001 a wall clock's
SECOND = timedelta(seconds=1)
DAY = 86_400
LAST = 4_102_444_800  # 2100
# as many texts as are remembered at a time, none longer than that
MEMORY, LONGEST = 200_000, 64
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_MIDNIGHT = re.compile(r"\b24:00(:00)?(?!\d)")
# how many digits the parts of a pattern have that stand without a sign between them
_WIDE = {"Y": 4, "j": 3, **dict.fromkeys("mdHIMSyUW", 2)}
_RUN = re.compile(rf"(?:%[{''.join(_WIDE)}]){{2,}}")
_PIECE = re.compile(rf"{_RUN.pattern}|%.|\s+|.", re.DOTALL)
# hours and minutes from whose beginning a spreadsheet took the noughts
_BARE = re.compile(r"(?<=\s)[0-9]{1,3}$")
# the same at the end of patterns without a colon
_LATE = {"%H": re.compile(r"24()$"), "%H%M": re.compile(r"24(00)$")}
_DIGITS = re.compile(r"\d{1,13}")
EMPTY = "It is empty. A row of totals is none of readings; leave it out, or set it aside."
ISO, EPOCH_SECONDS, EPOCH_MILLISECONDS, EXCEL = "iso", "epoch", "epoch-ms", "excel"
# days that a spreadsheet counts, from the day that makes those after February 1900 right; and how far from a whole
# second what stands for one may be
_SERIAL = re.compile(r"\d{1,6}(?:\.\d{1,18})?")
SERIALS, NEARLY = datetime(1899, 12, 30), Decimal("0.1")  # noqa: DTZ001 a wall clock's


@dataclass(frozen=True, slots=True)
class Twice:
    """A wall clock's time that comes twice, and both seconds that it may be."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A wall clock's time that does not come, and the second at which a clock not put forward would show it."""

    at: int
    # whether it is the moment at which the clock is put forward
    first: bool


Moment = int | Twice | Skipped | Fault


class BadZone(ValueError):
    """No time zone is called so."""


def zone_of(name: str) -> tzinfo | None:
    """A zone by its name, by an offset from UTC that it always has (`-08:00`), or `UTC`; None for `offset`.

    Raises:
        BadZone: there is none.
    """
    if name == "offset":
        return None
    if name.upper() in ("UTC", "Z"):
        return UTC
    if found := _OFFSET.fullmatch(name):
        shift = timedelta(hours=int(found[2]), minutes=int(found[3]))
        if shift < timedelta(days=1) and found[3] < "60":
            return timezone(-shift if found[1] == "-" else shift)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadZone(f"{name!r} is no time zone: name one as America/Los_Angeles, UTC, -08:00 or offset") from None


def settle(naive: int, zone: tzinfo) -> int | Twice | Skipped:
    """The second of a wall clock's time, which is given in seconds as if it were UTC."""
    wall = NAIVE + naive * SECOND
    before, after = (_east(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if before == after:
        return naive - before
    if before > after:
        return Twice(naive - before, naive - after)
    at = naive - before
    return Skipped(at, east(at - 1, zone) == before)


def east(at: int, zone: tzinfo) -> int:
    """By how many seconds a zone's clock is ahead of UTC at a time."""
    return _east((EPOCH + at * SECOND).astimezone(zone))


def _east(at: datetime) -> int:
    return (at.utcoffset() or timedelta()) // SECOND


class Moments(dict[str, Moment]):
    """Texts of one column as seconds. Remembers what it has read: every meter has the same times."""

    def __init__(
        self, column: str, form: str, zone: tzinfo | None, *, starts: bool = False, ends: bool = False
    ) -> None:
        """Take the column's name, its format, and the zone of its wall clock; None: each has its offset.

        `starts`: the mapping says that they are starts, which a 24th hour never is. `ends`: 00:00 is 24:00.
        """
        super().__init__()
        self._ends = ends
        self._column, self._form, self._zone, self._starts = column, form, zone, starts
        self._midnight = next((late for end, late in _LATE.items() if form.endswith(end)), _MIDNIGHT)
        self._even = _even(form)
        self._bare_hours = _BARE if form.endswith(" %H%M") else None

    def __missing__(self, text: str) -> Moment:
        """Read a text that was not met before."""
        read = self._read(text.strip())
        if len(text) <= LONGEST:
            if len(self) >= MEMORY:
                self.clear()
            self[text] = read
        return read

    def naive(self, text: str) -> int | Fault:
        """A text without an offset as seconds of its wall clock, as if that were UTC."""
        if not text.strip():
            return Fault(self._column, EMPTY)
        at = self.parsed(text.strip())
        if at is None or at.tzinfo is not None:
            return Fault(self._column, f"{shown(text)} is no time as {self._form} has it.")
        return (at - NAIVE) // SECOND

    def plain(self, text: str) -> int | None:
        """A text as seconds of its own clock, for comparing; None: it is no time."""
        if self._form in (EPOCH_SECONDS, EPOCH_MILLISECONDS):
            found = self._number(text.strip())
            return found if isinstance(found, int) else None
        at = self.parsed(text.strip())
        if at is None:
            return None
        return (at - (NAIVE if at.tzinfo is None else EPOCH)) // SECOND

    def _read(self, text: str) -> Moment:
        if not text:
            return Fault(self._column, EMPTY)
        if self._form in (EPOCH_SECONDS, EPOCH_MILLISECONDS):
            return self._number(text)
        at = self.parsed(text)
        if at is None:
            return Fault(self._column, f"{shown(text)} is no time as time.format = {self._form!r} has it.")
        if self._starts and self._form != EXCEL and self._midnight.search(text):
            return Fault(self._column, f"{shown(text)} ends a day, and starts none; then time.stamp is “end”.")
        if at.tzinfo is not None:
            if self._zone is not None and at.utcoffset() != at.astimezone(self._zone).utcoffset():
                return Fault(self._column, f"{shown(text)} has an offset of its own; then time.zone is “offset”.")
            return self._checked(text, (at - EPOCH) // SECOND)
        if self._zone is None:
            return Fault(self._column, f"{shown(text)} has no offset, and time.zone says that each has one.")
        found = settle((at - NAIVE) // SECOND, self._zone)
        return self._checked(text, found) if isinstance(found, int) else found

    def _number(self, text: str) -> int | Fault:
        if not _DIGITS.fullmatch(text):
            return Fault(self._column, f"{shown(text)} is no count of seconds since 1970.")
        number = int(text)
        if self._form == EPOCH_MILLISECONDS:
            if number % 1000:
                return Fault(self._column, f"{shown(text)} is no whole second.")
            number //= 1000
        return self._checked(text, number)

    def _checked(self, text: str, at: int) -> int | Fault:
        return at if 0 <= at < LAST else Fault(self._column, f"{shown(text)} is not between 1970 and 2100.")

    def parsed(self, text: str) -> datetime | None:
        """A time; 24:00 is the next day's first moment. None: it is none."""
        if self._form == EXCEL:
            return _serial(text)
        later = self._midnight.search(text)
        if later:
            text = text[: later.start()] + later[0].replace("24", "00", 1) + text[later.end() :]
        if self._bare_hours:
            text = self._bare_hours.sub(lambda found: found[0].zfill(4), text)
        if self._even and not self._even.fullmatch(text):
            return None
        try:
            at = datetime.fromisoformat(text) if self._form == ISO else datetime.strptime(text, self._form)  # noqa: DTZ007
            # a date stands for its first moment
            at += timedelta(days=1 if later or (self._ends and not (at.hour or at.minute or at.second)) else 0)
        except (ValueError, OverflowError):
            return None
        return None if at.microsecond or not 1900 < at.year < 2200 else at


def _even(form: str) -> re.Pattern[str] | None:
    """What a text must be like where parts of its pattern stand side by side: each as wide as it can be.

    Else 100 by `%H%M` was ten o'clock, and 2024111 by `%Y%m%d` the first of November.
    """
    if not _RUN.search(form):
        return None
    pieces = _PIECE.sub(lambda piece: _like(piece[0]), form)
    return re.compile(pieces, re.IGNORECASE)


def _like(piece: str) -> str:
    """What stands for a piece of a pattern: a run of numbers, another part, blanks, or itself."""
    if _RUN.fullmatch(piece):
        return "".join(f"[0-9]{{{_WIDE[part]}}}" for part in piece[1::2])
    if piece.startswith("%"):
        return "%" if piece == "%%" else ".+?"
    return r"\s+" if piece.isspace() else re.escape(piece)


def _serial(text: str) -> datetime | None:
    """A time as a spreadsheet counts it, in days; None: it is none, or no second is near."""
    if not _SERIAL.fullmatch(text):
        return None
    seconds = Decimal(text) * DAY
    whole = seconds.to_integral_value()
    at = SERIALS + int(whole) * SECOND
    return at if abs(seconds - whole) <= NEARLY and 1900 < at.year < 2200 else None


def day_after(at: int, zone: tzinfo) -> int:
    """The first second of the local day after the one that a second is in."""
    day = (EPOCH + at * SECOND).astimezone(zone).date() + timedelta(days=1)
    return first_of(day, zone)


def day_before(at: int, zone: tzinfo) -> int:
    """The first second of the local day that a second ends, or is in."""
    return first_of((EPOCH + (at - 1) * SECOND).astimezone(zone).date(), zone)


def first_of(day: date, zone: tzinfo) -> int:
    """The first second of a local day."""
    return (datetime(day.year, day.month, day.day, tzinfo=zone) - EPOCH) // SECOND
