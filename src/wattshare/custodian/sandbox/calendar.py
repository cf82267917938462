"""The local days of the sandbox's history, and the daily revisions by which they became known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from wattshare.custodian.model.packing import pack_columns
from wattshare.custodian.model.readings import Block
from wattshare.custodian.sandbox import tariffs
from wattshare.custodian.sandbox.curves import HOUR, local_hours
from wattshare.espi.days import day_bounds, day_of, midnight

# when in the morning a day's readings are loaded, and its bills are issued
LOADED_AFTER = 3 * HOUR
# readings older than that are revenue quality, younger ones validated
REVENUE_DAYS = 40
VALIDATED, REVENUE = 17, 19

# the code, the first and the one after the last interval of each run of alike hours
Runs = tuple[tuple[int, int, int], ...]
# gives the number of a new revision, from its reason and its time
Begin = Callable[[str, int], int]


@dataclass(frozen=True, kw_only=True)
class LocalDay:
    """One local day: 23, 24 or 25 hours."""

    date: date
    start: int
    end: int
    # what the wall clock shows at each hour
    hours: tuple[int, ...]
    # the load that brought it
    revision: int
    loaded_at: int
    quality: int

    def codes(self, step: int) -> list[int]:
        """The time-of-use code of each interval."""
        return tariffs.codes(self.date, self.hours, HOUR // step)


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Consecutive local days, the last one yesterday. A day is named by its place, the first is 0."""

    days: tuple[LocalDay, ...]
    zone: ZoneInfo
    _templates: dict[tuple[int, int, int], Block] = field(default_factory=dict, compare=False, repr=False)
    _runs: dict[tuple[int, int], Runs] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def made(cls, count: int, now: int, zone: ZoneInfo, begin: Begin) -> "Calendar":
        """The `count` days before today, each with its revision."""
        today = day_of(now, zone)
        dates = [today - timedelta(days=count - place) for place in range(count)]
        return cls(days=tuple(_day(each, today, now, zone, begin) for each in dates), zone=zone)

    @property
    def last(self) -> int:
        """The place of yesterday."""
        return len(self.days) - 1

    def before(self, days: int) -> int:
        """The place of the day that many days before the last; negative where it is before all."""
        return self.last - days

    def midnight(self, place: int) -> int:
        """The start of a day, which may be one outside."""
        first = self.days[0].date
        return midnight(first + timedelta(days=place), self.zone)

    def runs(self, place: int, step: int) -> Runs:
        """The runs of alike time-of-use codes of a day."""
        known = self._runs.get((place, step))
        if known is None:
            known = self._runs[place, step] = tuple(_runs(self.days[place].codes(step)))
        return known

    def template(self, place: int, step: int, quality: int) -> Block:
        """A day's block of electricity with everything but its values: it is alike for all usage points."""
        known = self._templates.get((place, step, quality))
        if known is None:
            day = self.days[place]
            codes = day.codes(step)
            known = self._templates[place, step, quality] = pack_columns(
                [0] * len(codes),
                usage_point_id=0,
                channel=0,
                start=day.start,
                day_end=day.end,
                step=step,
                quality=[(quality,)] * len(codes),
                tou=codes,
                revision=day.revision,
                at=day.loaded_at,
            )
        return known


def _day(day: date, today: date, now: int, zone: ZoneInfo, begin: Begin) -> LocalDay:
    start, end = day_bounds(day, zone)
    loaded_at = min(end + LOADED_AFTER, now)
    return LocalDay(
        date=day,
        start=start,
        end=end,
        hours=local_hours(start, end, zone),
        revision=begin(f"readings of {day}", loaded_at),
        loaded_at=loaded_at,
        quality=REVENUE if (today - day).days > REVENUE_DAYS else VALIDATED,
    )


def _runs(codes: list[int]) -> list[tuple[int, int, int]]:
    found, at = [], 0
    for code, run in groupby(codes):
        length = sum(1 for _ in run)
        found.append((code, at, at + length))
        at += length
    return found
