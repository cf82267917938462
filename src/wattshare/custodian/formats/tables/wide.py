"""Tables with a row a day: which columns hold values, and the time of each on each day."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from wattshare.custodian.formats.tables.amounts import NOTHING, shown
from wattshare.custodian.formats.tables.faults import Fault
from wattshare.custodian.formats.tables.mapping import BadMapping
from wattshare.custodian.formats.tables.moments import DAY, EPOCH, SECOND, Moments, Skipped, Twice, first_of, settle
from wattshare.custodian.formats.tables.stage import Stage
from wattshare.custodian.formats.tables.text import Rows
from wattshare.espi.days import day_bounds

# 00:15, 1:00, 24:00, "01:00 AM", "01:00 (2)", "02:00-03:00"; and HE01, Interval 7, "Hour 1 kWh", V_96, 0015, kwh_2400
CLOCK = re.compile(r"(?:\D*?\s)?(\d{1,2}):(\d\d)(?::00)?\s*([AaPp][Mm])?(?:\s*[-–]\s*\d{1,2}:\d\d)?(?:\s*[*(].{0,8})?")
NUMBERED = re.compile(r"(\D{0,24})(\d{1,4})(\D{0,12})")
# names of columns that say something about the values beside them
BESIDE = re.compile(r"^(?:q|qc|s|st|f|c)[ _.#-]*$|qual|stat|flag|code|cost|price|valid|note")
HOUR = 3600
# as many columns as that make a table wide
FEWEST = 12
# columns of a day by their number, and those of a day of 25 hours
USUAL = {24: 3600, 25: 3600, 48: 1800, 50: 1800, 96: 900, 100: 900, 288: 300, 300: 300}
# days whose columns' times are remembered
DAYS = 2_000
ONCE = "A column for each of both hours is needed, or time.ambiguous = “first” or “second”."


@dataclass(frozen=True)
class Cells:
    """The columns of values: where they stand, and what each says of its time."""

    places: tuple[int, ...]
    # seconds of a clock's day, or counted from 1
    times: tuple[int, ...]
    counted: bool
    # the second column of one name
    again: tuple[bool, ...]

    @property
    def step(self) -> int | None:
        """The length that the columns are apart; None where they are so unevenly or are counted."""
        if self.counted:
            return USUAL.get(len(self.places))
        steps = {later - sooner for sooner, later in pairwise(sorted(set(self.times)))}
        return steps.pop() if len(steps) == 1 else None


def cells_of(header: Sequence[str]) -> Cells | None:
    """The columns of values of a header; None where it has none."""
    clocks = [(at, second) for at, name in enumerate(header) if (second := clock_of(name)) is not None]
    if len(clocks) >= FEWEST:
        seconds = [second for _, second in clocks]
        again = tuple(second in seconds[:at] for at, second in enumerate(seconds))
        return Cells(tuple(at for at, _ in clocks), tuple(seconds), False, again)
    families: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for at, name in enumerate(header):
        if found := NUMBERED.fullmatch(name.strip()):
            families.setdefault((found[1].casefold(), found[3].casefold()), []).append((at, found[2]))
    fits = {"".join(family): cells for family, columns in families.items() if (cells := _numbered(columns))}
    if len(fits) > 1:
        # V1, Q1, V2, Q2, …
        fits = {name: cells for name, cells in fits.items() if not BESIDE.search(name)}
    return next(iter(fits.values())) if len(fits) == 1 else None


def _numbered(columns: Sequence[tuple[int, str]]) -> Cells | None:
    """Columns of one name but for their numbers: counted from 1 or 0, or hours and minutes without a colon."""
    places, numbers = tuple(at for at, _ in columns), [int(digits) for _, digits in columns]
    many = len(columns)
    if many < FEWEST:
        return None
    first = numbers[0]
    if numbers == list(range(first, first + many)) and (first == 1 or (first == 0 and many in USUAL)):
        return Cells(places, tuple(range(1, many + 1)), True, (False,) * many)
    times = tuple(number // 100 * HOUR + number % 100 * 60 for number in numbers)
    cells = Cells(places, times, False, (False,) * many)
    fit = max(times) <= DAY and all(number % 100 < 60 for number in numbers) and len(set(times)) == many
    return cells if fit and (cells.step or 0) * many == DAY else None


def clock_of(name: str) -> int | None:
    """The second of a clock's day that the name of a column says."""
    found = CLOCK.fullmatch(name.strip())
    if found is None:
        return None
    hour, minute, half = int(found[1]), int(found[2]), (found[3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour * 3600 + minute * 60 if hour * 60 + minute <= 1440 and minute < 60 else None


@dataclass
class WideStage:
    """A table with a row a day on its way to the disk."""

    stage: Stage
    cells: Cells
    header: Sequence[str]
    # the times of a day's columns, by the text that names the day
    _days: dict[str, list[Any] | Fault] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make ready what reads days.

        Raises:
            BadMapping: the columns do not fit the mapping.
        """
        meaning, profile = self.stage.meaning, self.stage.profile
        self._zone = self.stage.zone or profile.zone
        self._moments = Moments(meaning.columns["date"], meaning.time.format or "iso", self._zone)
        length = meaning.interval.length
        if not isinstance(length, int):
            raise BadMapping("interval.length: must be seconds in a table with a row a day")
        self._check(length)
        self._length = length
        self._shift = -length if meaning.time.stamp == "end" else 0
        self._elapsed = self.cells.counted and meaning.wide.columns == "elapsed"

    def _check(self, length: int) -> None:
        """Refuse a length that the columns of a day contradict.

        Raises:
            BadMapping: it does.
        """
        count, step = len(self.cells.places), self.cells.step
        if self.cells.counted and count * length < DAY:
            raise BadMapping(f"interval.length: {count} columns of {length} seconds each make no day")
        if not self.cells.counted and step is not None and step != length:
            raise BadMapping(f"interval.length: is {length}, and the columns are {step} seconds apart")

    def take(self, batch: Rows) -> None:
        """Stage rows, a day each."""
        numbers, rows = self.stage.even(batch)
        every: dict[str, list[Any]] = {role: [] for role in self.stage.places}
        flat: dict[str, list[Any]] = {"number": [], "time": [], "value": [], "name": []}
        at = self.stage.places["date"]
        for number, row in zip(numbers, rows, strict=True):
            times = self._times(row[at])
            if isinstance(times, Fault):
                self.stage.faults.note(number, times, self.stage.of_row(row))
                continue
            self._take_day(number, row, times, every, flat)
        if flat["number"]:
            self.stage.put(flat["number"], every, flat["time"], flat["value"], flat["name"])

    def _take_day(
        self, number: int, row: list[str], times: list[Any], every: dict[str, list[Any]], flat: dict[str, list[Any]]
    ) -> None:
        present = [
            (place, time) for place, time in zip(self.cells.places, times, strict=True) if self._is(row[place], time)
        ]
        flat["number"] += [number] * len(present)
        flat["time"] += [
            Fault(self.header[place], f"{shown(row[place])} stands where that day has no time.")
            if time is None
            else time
            for place, time in present
        ]
        flat["value"] += [row[place] for place, _ in present]
        flat["name"] += [self.header[place] for place, _ in present]
        for role, place in self.stage.places.items():
            every[role] += [row[place]] * len(present)

    def _is(self, cell: str, time: Any) -> bool:
        """Whether a cell is to be looked at: an empty one where the day has no such time is not."""
        if not (time is None or isinstance(time, Skipped)):
            return True
        text = cell.strip()
        return bool(text) and not (self.stage.meaning.values.empty == "gap" and NOTHING.fullmatch(text))

    def _times(self, text: str) -> list[Any] | Fault:
        if text not in self._days:
            naive = self._moments.naive(text)
            if len(self._days) >= DAYS:
                self._days.clear()
            self._days[text] = naive if isinstance(naive, Fault) else self._of_day(naive)
        return self._days[text]

    def _of_day(self, naive: int) -> list[Any]:
        if self._elapsed:
            day = (EPOCH + naive * SECOND).date()
            first, end = first_of(day, self._zone), day_bounds(day, self._zone)[1]
            starts = (first + (number - 1) * self._length for number in self.cells.times)
            return [start if start < end else None for start in starts]
        seconds = self.cells.times
        if self.cells.counted:
            seconds = tuple((number - 1) * self._length - self._shift for number in seconds)
        # the last moment of a day may be called its first
        ends = [second or DAY for second in seconds] if self._shift else seconds
        # a clock has no 25th hour: counted columns beyond its day have no time
        return [
            self._settled(settle(naive + second + self._shift, self._zone), later)
            if second + self._shift < DAY
            else None
            for second, later in zip(ends, self.cells.again, strict=True)
        ]

    def _settled(self, moment: int | Twice | Skipped, later: bool) -> Any:
        """The time of one column on one day; None: that day has none."""
        if not isinstance(moment, Twice):
            return None if later else moment
        if any(self.cells.again):
            return moment.second if later else moment.first
        match self.stage.meaning.time.ambiguous:
            case "first":
                return moment.first
            case "second":
                return moment.second
        return Fault(self.stage.meaning.columns["date"], f"An hour of this day comes twice. {ONCE}")
