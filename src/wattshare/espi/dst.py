"""Daylight saving rules as one word of eight hexadecimal digits. espi.xsd DstRuleType."""

import calendar
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import takewhile
from zoneinfo import ZoneInfo

from wattshare.espi.usage import LocalTimeParameters

# the word that says: no such change
OFF = "FFFFFFFF"
WORD = re.compile(r"[0-9A-Fa-f]{8}")

# operators: what picks the day in the month
ON_DAY, ON_OR_AFTER, FIRST, SECOND, THIRD, FOURTH, FIFTH, LAST = range(8)
ORDINALS = (FIRST, SECOND, THIRD, FOURTH, FIFTH)

# rules are found by looking at so many years; eleven show every weekday under every date
YEARS = 12
# the year whose rules are told where none is named
USUAL_YEAR = 2025


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When the clock changes each year, on the wall clock that holds until then.

    Weekdays count from 1, Monday, to 7, Sunday; 0 is not used, as with `day_of_month`.
    """

    month: int
    operator: int
    day_of_month: int = 0
    weekday: int = 0
    hour: int = 0
    # seconds of the hour, 0 to 3599
    second: int = 0

    def __post_init__(self) -> None:
        """Refuse what eight digits cannot say, or what picks no day.

        Raises:
            ValueError: a part is out of its range, or a part that the operator needs is missing.
        """
        ranges = (
            ("month", self.month, 1, 12),
            ("operator", self.operator, 0, 7),
            ("day of month", self.day_of_month, 1 if self.operator <= ON_OR_AFTER else 0, 31),
            ("weekday", self.weekday, 0 if self.operator == ON_DAY else 1, 7),
            ("hour", self.hour, 0, 23),
            ("second", self.second, 0, 3599),
        )
        for name, value, least, most in ranges:
            if not least <= value <= most:
                raise ValueError(f"a rule's {name} is {least} to {most}, not {value}")

    def at(self, year: int) -> datetime:
        """The wall-clock time of the change in that year, without a zone.

        Raises:
            ValueError: that year has no such day.
        """
        day = self._day(year)
        return datetime(day.year, day.month, day.day) + timedelta(hours=self.hour, seconds=self.second)  # noqa: DTZ001

    def _day(self, year: int) -> date:
        if self.operator == ON_DAY:
            return date(year, self.month, self.day_of_month)
        if self.operator == ON_OR_AFTER:
            return self._from(date(year, self.month, self.day_of_month))
        if self.operator == LAST:
            end = date(year, self.month, calendar.monthrange(year, self.month)[1])
            return end - timedelta(days=(end.isoweekday() - self.weekday) % 7)
        first = self._from(date(year, self.month, 1))
        return first.replace(day=first.day + 7 * (self.operator - FIRST))

    def _from(self, day: date) -> date:
        """The first of its weekdays on or after `day`."""
        return day + timedelta(days=(self.weekday - day.isoweekday()) % 7)


def read_rule(word: str) -> Rule | None:
    """The rule that a word says; None where it says that there is no change.

    Raises:
        ValueError: it is not eight hexadecimal digits (shorter words occur and mean nothing), or no rule.
    """
    if not WORD.fullmatch(word):
        raise ValueError(f"a rule is eight hexadecimal digits, not {word[:20]!r}")
    if word.upper() == OFF:
        return None
    bits = int(word, 16)
    return Rule(
        month=bits >> 28,
        operator=bits >> 25 & 7,
        day_of_month=bits >> 20 & 31,
        weekday=bits >> 17 & 7,
        hour=bits >> 12 & 31,
        second=bits & 4095,
    )


def write_rule(rule: Rule | None) -> str:
    """The word that says a rule, in upper case; `FFFFFFFF` for none."""
    if rule is None:
        return OFF
    bits = rule.month << 28 | rule.operator << 25 | rule.day_of_month << 20
    return f"{bits | rule.weekday << 17 | rule.hour << 12 | rule.second:08X}"


@cache
def parameters(zone: ZoneInfo, year: int = USUAL_YEAR) -> LocalTimeParameters:
    """What the standard says of a zone, by its rules in that year. espi.xsd LocalTimeParameters.

    Raises:
        ValueError: the zone changes its clock in that year as no two rules say.
    """
    changes = _changes(zone, year)
    offsets = {offset for change in changes for offset in (change.before, change.after)}
    if not changes:
        return LocalTimeParameters(
            dst_end_rule=OFF,
            dst_offset=0,
            dst_start_rule=OFF,
            tz_offset=_offset(zone, datetime(year, 1, 1, tzinfo=UTC)),
        )
    if len(changes) != 2 or len(offsets) != 2:
        raise ValueError(f"two rules cannot say what {zone.key} does in {year}")
    return LocalTimeParameters(
        dst_end_rule=write_rule(_rule(zone, year, forward=False)),
        dst_offset=max(offsets) - min(offsets),
        dst_start_rule=write_rule(_rule(zone, year, forward=True)),
        tz_offset=min(offsets),
    )


@dataclass(frozen=True, kw_only=True)
class _Change:
    """One change of a zone's offset: the wall clock that it ends, and both offsets in seconds."""

    wall: datetime
    before: int
    after: int


def _changes(zone: ZoneInfo, year: int) -> list[_Change]:
    """Every change of the offset in a year. Two within one week would pass unseen."""
    found = []
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while start < end:
        following = min(start + timedelta(days=7), end)
        if _offset(zone, start) != _offset(zone, following):
            found.append(_change_between(zone, start, following))
        start = following
    return found


def _change_between(zone: ZoneInfo, low: datetime, high: datetime) -> _Change:
    """The change between two instants, found by halving."""
    before, after = _offset(zone, low), _offset(zone, high)
    while (high - low) > timedelta(seconds=1):
        middle = low + (high - low) // timedelta(seconds=2) * timedelta(seconds=1)
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return _Change(wall=high.replace(tzinfo=None) + timedelta(seconds=before), before=before, after=after)


def _rule(zone: ZoneInfo, year: int, *, forward: bool) -> Rule:
    """The rule that fits the change of that year and the most years around it; of equals, the plainest.

    Raises:
        ValueError: no rule fits as much as the year before or after.
    """
    years = range(year - YEARS, year + YEARS + 1)
    walls = {other: _walls(zone, other, forward=forward) for other in years}
    fits = {rule: _years_fitted(rule, walls, year) for rule in _candidates(walls[year][0])}
    best = max(fits, key=fits.__getitem__)
    if fits[best] == 1:
        raise ValueError(f"no rule says what {zone.key} does in {year}")
    return best


def _years_fitted(rule: Rule, walls: Mapping[int, Sequence[datetime]], year: int) -> int:
    """How many years in a row, with that one among them, a rule names the change."""
    ahead = (other for other in sorted(walls) if other > year)
    back = (other for other in sorted(walls, reverse=True) if other < year)
    return 1 + sum(
        1
        for direction in (ahead, back)
        for _ in takewhile(lambda other: any(_falls_on(rule, wall) for wall in walls[other]), direction)
    )


def _walls(zone: ZoneInfo, year: int, *, forward: bool) -> list[datetime]:
    return [change.wall for change in _changes(zone, year) if (change.after > change.before) == forward]


def _candidates(wall: datetime) -> Iterator[Rule]:
    """Every rule that names that moment of its year, the plainest first."""
    within = range(max(1, wall.day - 6), wall.day + 1)
    ways = [
        *((operator, 0, wall.isoweekday()) for operator in (*ORDINALS, LAST)),
        *((ON_OR_AFTER, day, wall.isoweekday()) for day in within),
        (ON_DAY, wall.day, 0),
    ]
    for operator, day, weekday in ways:
        rule = Rule(
            month=wall.month,
            operator=operator,
            day_of_month=day,
            weekday=weekday,
            hour=wall.hour,
            second=wall.minute * 60 + wall.second,
        )
        if _falls_on(rule, wall):
            yield rule


def _falls_on(rule: Rule, wall: datetime) -> bool:
    """Whether the rule names that moment; a rule without a day in that year does not."""
    try:
        return rule.at(wall.year) == wall
    except ValueError:
        return False


def _offset(zone: ZoneInfo, at: datetime) -> int:
    """Seconds east of UTC at an instant."""
    return (at.astimezone(zone).utcoffset() or timedelta()) // timedelta(seconds=1)
