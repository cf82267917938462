"""When readings start and how long they last, from the columns of a table that say so."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from wattshare.custodian.formats.tables.amounts import shown
from wattshare.custodian.formats.tables.columns import Words
from wattshare.custodian.formats.tables.faults import Fault
from wattshare.custodian.formats.tables.mapping import BY_ROW, DAILY, NAMES
from wattshare.custodian.formats.tables.mapping import Mapping as Meaning
from wattshare.custodian.formats.tables.moments import (
    DAY,
    EPOCH_MILLISECONDS,
    EPOCH_SECONDS,
    ISO,
    MEMORY,
    Moments,
    Skipped,
    Twice,
    day_after,
    day_before,
    east,
    zone_of,
)
from wattshare.espi.profile import Profile

MINUTE, HOUR = 60, 3600
SECONDS = {"s": 1, "min": 60, "h": 3600}
AGAIN = (
    "comes twice on that day; say time.ambiguous: “order” where the file has both in order, “column” with "
    "columns.fold, or “first” or “second”."
)
MIDNIGHT = (
    "stands behind the last time of its day: say time.midnight = “end” where it ends that day, “start” where it is "
    "the day's beginning, which ends the day before."
)
ZERO = re.compile(r"0{1,4}|0?0:00(?::00)?|12:00(?::00)? ?[Aa][Mm]")
NEVER = "does not come on that day, as the clock skips it; time.missing = “skip” passes such rows over."


class Shorter(NamedTuple):
    """How long a reading may be: so long, or longer."""

    short: int
    long: int
    # whether it is short where no other row says, but that others are as long
    clear: bool


class Stamps:
    """The times of one table."""

    def __init__(self, meaning: Meaning, profile: Profile) -> None:
        """Take what the columns mean."""
        names = meaning.columns
        self._meaning, self._names = meaning, names
        zone = meaning.time.zone
        epoch = meaning.time.format in (EPOCH_SECONDS, EPOCH_MILLISECONDS)
        self.zone: tzinfo | None = None if epoch else profile.zone if zone in (None, "local") else zone_of(zone)
        # days are those of the clock that the table goes by
        self._days = self.zone or profile.zone
        self.at_end = self.stamp_role == "end"
        starts = meaning.time.stamp == "start" and self.column == names.get("date") and meaning.form == "long"
        # 23:45 and then 00:00 of one day, which may be its end
        self._split = self.at_end and meaning.form == "long" and "end" not in names and "time" in names
        ends = self._split and meaning.time.midnight == "end"
        self._moments = Moments(self.column, meaning.time.format or ISO, self.zone, starts=starts, ends=ends)
        self._ends = Moments(names.get("end", ""), meaning.time.format or ISO, self.zone)
        self.daily = meaning.interval.length == DAILY
        # the interval length of every channel, or each row has its own
        self.length = {DAILY: DAY, BY_ROW: None}.get(str(meaning.interval.length), meaning.interval.length)
        self.by_row = self.length is None
        self._seconds = SECONDS[meaning.interval.unit or "s"]
        self._lengths = Words(self._duration)
        self._folds = Words(self._fold)
        self._spans: dict[int, tuple[int, int]] = {}
        # starts that were settled as those of the first of two hours
        self._early = set[int]()
        # days, by their number, near which the clock is put back
        self._changes: dict[int, bool] = {}
        self.by_order = meaning.time.ambiguous == "order"
        # whether the words of the column that tells hours apart were seen to go by the clock, as PDT and PST
        self.by_clock = False
        # whether ends may be told apart that the clock shows once
        self._labelled = self.at_end and not self.daily and meaning.time.ambiguous in ("column", "order")

    @property
    def stamp_role(self) -> str:
        """Whether a row's time is its start or its end."""
        if self._meaning.form == "wide":
            # the columns' names are made starts
            return "start"
        if "start" in self._names:
            return "start"
        if "end" in self._names:
            return "end"
        return self._meaning.time.stamp or "start"

    @property
    def column(self) -> str:
        """The column that says when a reading is."""
        return self._names.get("start") or self._names.get("end") or self._names.get("date") or ""

    def of(self, columns: Mapping[str, Sequence[str]]) -> list[Any]:
        """The time of each row, as it is read."""
        texts = columns.get("start") or columns.get("end") or columns["date"]
        if "time" in columns and "date" in columns:
            texts = list(map(" ".join, zip(columns["date"], columns["time"], strict=True)))
        found = list(map(self._moments.__getitem__, texts))
        if self._split and self._meaning.time.midnight is None:
            for at in self._midnights(texts, columns):
                found[at] = Fault(self._names["time"], f"{shown(columns['time'][at].strip())} {MIDNIGHT}")
        return found

    def _midnights(self, texts: Sequence[str], columns: Mapping[str, Sequence[str]]) -> Iterator[int]:
        """The places of midnights that stand behind the last end before midnight of the very same day."""
        days, times, length = columns["date"], columns["time"], self.length
        if not isinstance(length, int):
            return
        whose = [columns[role] for role in (*NAMES, "channel", "flow", "unit") if role in columns]
        for at in range(1, len(times)):
            if days[at] != days[at - 1] or not ZERO.fullmatch(times[at].strip()):
                continue
            before, here = (self._moments.plain(texts[one]) for one in (at - 1, at))
            follows = before is not None and here is not None and before == here + DAY - length
            if follows and all(column[at] == column[at - 1] for column in whose):
                yield at

    def settled(
        self, stamps: Sequence[Any], columns: Mapping[str, Sequence[str]]
    ) -> tuple[list[Any], list[Any] | None]:
        """Each time as a second, and the other one that it may be; a fault, or None where it is passed over."""
        folds = columns.get("fold")
        lengths: list[Any] = []
        if self._labelled and (folds or self.by_order):
            by_row = self.by_row and "duration" in columns
            lengths = self.lengths(columns, len(stamps)) if by_row else [self.length] * len(stamps)
        firsts = self._firsts(stamps, lengths) if lengths else {}
        if lengths and folds and not self.by_clock:
            self.by_clock = self._clock_words(stamps, lengths, folds, firsts)
        if set(map(type, stamps)) <= {int, type(None)} and not firsts:
            return list(stamps), None
        settled = [
            self._settle(stamp, folds[at] if folds else None)
            if isinstance(stamp, Twice | Skipped)
            else (stamp, self._earlier(firsts, (stamp, lengths[at]), folds[at] if folds else None) if firsts else None)
            for at, stamp in enumerate(stamps)
        ]
        return [first for first, _ in settled], [other for _, other in settled]

    def _earlier(self, firsts: Mapping[Any, int], end: Any, fold: str | None) -> int | None:
        """The other end that an end may mean which the clock shows once."""
        return firsts.get(end) if self.by_order or (fold is not None and self._folds[fold] == 0) else None

    def _clock_words(
        self, stamps: Sequence[Any], lengths: Sequence[Any], folds: Sequence[str], firsts: Mapping[Any, int]
    ) -> bool:
        """Whether words of the second hour stand beside times that are none of it: then they are the clock's."""
        second = self._meaning.time.second
        return any(
            fold.strip() in second and type(stamp) is int and (stamp, length) not in firsts
            for stamp, length, fold in set(zip(stamps, lengths, folds, strict=True))
        )

    def _settle(self, stamp: Twice | Skipped, fold: str | None) -> tuple[Any, int | None]:
        if isinstance(stamp, Skipped):
            # the moment of the change itself ends the last interval before it
            if self.at_end and stamp.first:
                return stamp.at, None
            return (None if self._meaning.time.missing == "skip" else Fault(self.column, f"The time {NEVER}")), None
        match self._meaning.time.ambiguous:
            case "first":
                return self._first(stamp), None
            case "second":
                return stamp.second, None
            case "order":
                return stamp.first, stamp.second
            case "column" if fold is not None:
                word = self._folds[fold]
                return (word if isinstance(word, Fault) else (stamp.second if word else self._first(stamp))), None
        return Fault(self.column, f"The time {AGAIN}"), None

    def _first(self, stamp: Twice) -> int:
        self._early.add(stamp.first)
        return stamp.first

    def _firsts(self, ends: Sequence[Any], lengths: Sequence[Any]) -> dict[tuple[int, int], int]:
        """Of ends that the clock shows once, those of the second of two hours, and the ends of the first; by length.

        Both are 02:00 where an end is as the clock of the start would show it; which it is, others of the table say.
        """
        zone, found = self.zone, dict[tuple[int, int], int]()
        if zone is None:
            return found
        for end, length in set(zip(ends, lengths, strict=True)):
            if type(end) is int and type(length) is int and length <= 2 * HOUR and self._near(end):
                put_back = east(end - length - 2 * HOUR, zone) - east(end, zone)
                first = end - put_back
                # it begins before the clock is put back, and ends when it is or later
                if put_back > 0 and east(first - length, zone) > east(first, zone) == east(end, zone):
                    found[end, length] = first
        return found

    def _near(self, at: int) -> bool:
        """Whether the clock is put back a few days before or after."""
        day = at // DAY
        found = self._changes.get(day)
        if found is None:
            zone = self.zone
            found = zone is not None and east(max(day - 1, 0) * DAY, zone) > east((day + 2) * DAY, zone)
            self._changes[day] = found
        return found

    def _fold(self, text: str) -> int | Fault:
        times = self._meaning.time
        if text in times.first or text in times.second:
            return int(text in times.second)
        return Fault(self._names["fold"], f"{shown(text)} is neither in time.first nor in time.second.")

    def _duration(self, text: str) -> int | Fault:
        if not (text.isascii() and text.isdigit()) or len(text) > 9:
            return Fault(self._names["duration"], f"{shown(text)} is no whole number.")
        return int(text) * self._seconds

    def lengths(self, columns: Mapping[str, Sequence[str]], count: int) -> list[Any]:
        """What each row says of its length: seconds, its end where it has one, or nothing."""
        if not self.by_row and (self.at_end or "end" not in columns):
            return [None] * count
        if self.by_row and "duration" in columns:
            return list(map(self._lengths.__getitem__, columns["duration"]))
        ends = list(map(self._ends.__getitem__, columns["end"]))
        return [self._end(end) for end in ends]

    def _end(self, end: Any) -> Any:
        if isinstance(end, Skipped) and end.first:
            return end.at
        if isinstance(end, Twice | Skipped):
            if not self.by_row:
                # the start and the length say it all
                return None
            if isinstance(end, Twice) and self._meaning.time.ambiguous != "refuse":
                # the start tells which
                return end
            return Fault(self._names["end"], f"The time {AGAIN if isinstance(end, Twice) else NEVER}")
        return end

    def spans(
        self, starts: Sequence[int], lengths: Sequence[Any], others: Sequence[int | None]
    ) -> tuple[Sequence[int], list[int]]:
        """Starts and durations of readings."""
        if self.daily:
            found = list(map(self._day, starts))
            return [start for start, _ in found], [end - start for start, end in found]
        if not self.by_row:
            length = int(self.length or 0)
            return ([at - length for at in starts] if self.at_end else starts), [length] * len(starts)
        if "duration" in self._names:
            durations = [length or 0 for length in lengths]
            if self.at_end:
                starts = [at - length for at, length in zip(starts, durations, strict=True)]
            return starts, durations
        return starts, list(map(_lasting, starts, lengths, others))

    def shorter(
        self, starts: Sequence[int], ends: Sequence[Any], others: Sequence[int | None], durations: Sequence[int]
    ) -> list[Shorter | None] | None:
        """Of readings that may end in or behind either of two hours how long they are then; others of the table say."""
        if not self.by_row or "duration" in self._names or self.zone is None:
            return None
        found = [
            self._shorter(start, end, duration) if other is None and self._near(start) else None
            for start, end, other, duration in zip(starts, ends, others, durations, strict=True)
        ]
        return found if any(found) else None

    def _shorter(self, start: int, end: Any, duration: int) -> Shorter | None:
        """From 01:00 to 02:00 is an hour, or two; and what ends at a time that comes twice may end at either."""
        zone = self.zone
        if zone is None or duration <= 0:
            return None
        if isinstance(end, Twice):
            short, long = end.first - start, end.second - start
            return None if short <= 0 or start in self._early else Shorter(short, long, True)
        put_back = east(start, zone) - east(end, zone)
        short = duration - put_back
        if put_back <= 0 or not 0 < short <= HOUR or east(start + short, zone) != east(end, zone):
            return None
        return Shorter(short, duration, start in self._early)

    def others(self, others: Sequence[int | None], durations: Sequence[int]) -> Sequence[int | None]:
        """The other starts that times may mean: of a time that is an end it lies before that, too."""
        if not self.at_end or not any(others):
            return others
        return [
            None if at is None else self._day(at)[0] if self.daily else at - duration
            for at, duration in zip(others, durations, strict=True)
        ]

    def agree(self, start: int, end: int, duration: int) -> bool:
        """Whether a start and an end are so far apart, or so on the clock that shows them, if that is put back between.

        An end may be the last second, minute or day that is in, too: 00:14:59, 00:14, or the day itself.
        """
        lasts = end - start
        if (duration > MINUTE and duration - lasts in (1, MINUTE)) or (self.daily and not lasts):
            return True
        return self.zone is not None and lasts + east(end, self.zone) - east(start, self.zone) == duration

    def _day(self, at: int) -> tuple[int, int]:
        """The local day that a time begins or ends."""
        span = self._spans.get(at)
        if span is None:
            span = (day_before(at, self._days), at) if self.at_end else (at, day_after(at, self._days))
            if len(self._spans) >= MEMORY:
                self._spans.clear()
            self._spans[at] = span
        return span


def _lasting(start: int, end: int | Twice | None, other: int | None) -> int:
    """How long a reading lasts whose end may come twice, as its start may: of both hours each ends within itself."""
    if isinstance(end, Twice):
        return (end.first if end.first > start else end.second) - start
    end = end or 0
    return end - other if other is not None and end > other else end - start
