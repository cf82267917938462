"""When readings start and how long they last, from the columns of a table that say so."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from wattshare.custodian.formats.tables.amounts import shown
from wattshare.custodian.formats.tables.columns import Words
from wattshare.custodian.formats.tables.faults import Fault
from wattshare.custodian.formats.tables.mapping import BY_ROW, DAILY
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
    settle,
    zone_of,
)
from wattshare.espi.profile import Profile

SECONDS = {"s": 1, "min": 60, "h": 3600}
AGAIN = (
    "comes twice on that day; say time.ambiguous: “order” where the file has both in order, “column” with "
    "columns.fold, or “first” or “second”."
)
NEVER = "does not come on that day, as the clock skips it; time.missing = “skip” passes such rows over."


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
        self._moments = Moments(self.column, meaning.time.format or ISO, self.zone)
        self._ends = Moments(names.get("end", ""), meaning.time.format or ISO, self.zone)
        self.daily = meaning.interval.length == DAILY
        # the interval length of every channel, or each row has its own
        self.length = {DAILY: DAY, BY_ROW: None}.get(str(meaning.interval.length), meaning.interval.length)
        self.by_row = self.length is None
        self._seconds = SECONDS[meaning.interval.unit or "s"]
        self._lengths = Words(self._duration)
        self._folds = Words(self._fold)
        self._spans: dict[int, tuple[int, int]] = {}
        # starts that were settled as those of the first of two hours, and what they would be in the second
        self._early: dict[int, int] = {}
        # whether a column may tell ends apart that the clock shows once
        self._labelled = self.at_end and not self.daily and meaning.time.ambiguous == "column"

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
        return list(map(self._moments.__getitem__, texts))

    def settled(
        self, stamps: Sequence[Any], columns: Mapping[str, Sequence[str]]
    ) -> tuple[list[Any], list[Any] | None]:
        """Each time as a second, and the other one that it may be; a fault, or None where it is passed over."""
        folds = columns.get("fold")
        lengths: list[Any] = []
        if self._labelled and folds:
            by_row = self.by_row and "duration" in columns
            lengths = self.lengths(columns, len(stamps)) if by_row else [self.length] * len(stamps)
        firsts = self._firsts(stamps, lengths) if lengths else {}
        if set(map(type, stamps)) <= {int, type(None)} and not firsts:
            return list(stamps), None
        settled = [
            self._settle(stamp, folds[at] if folds else None)
            if isinstance(stamp, Twice | Skipped)
            else (stamp, firsts.get((stamp, lengths[at])) if firsts and folds and self._folds[folds[at]] == 0 else None)
            for at, stamp in enumerate(stamps)
        ]
        return [first for first, _ in settled], [other for _, other in settled]

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
        self._early[stamp.first] = stamp.second
        return stamp.first

    def _firsts(self, ends: Sequence[Any], lengths: Sequence[Any]) -> dict[tuple[int, int], int]:
        """Of ends that the clock shows once, those of the second of two hours, and the ends of the first; by length.

        Both are 02:00 where an end is as the clock of the start would show it; which it is, others of the table say.
        """
        zone, found = self.zone, dict[tuple[int, int], int]()
        if zone is None:
            return found
        for end, length in {pair for pair in zip(ends, lengths, strict=True) if tuple(map(type, pair)) == (int, int)}:
            start = settle(end + east(end, zone) - length, zone)
            if isinstance(start, Twice) and start.second + length == end:
                found[end, length] = start.first + length
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
        durations = list(map(_lasting, starts, lengths, others))
        if self._early:
            self._shorten(starts, lengths, durations)
        return starts, durations

    def _shorten(self, starts: Sequence[int], ends: Sequence[Any], durations: list[int]) -> None:
        """Make readings of the first of two hours end with it where their end is as their start's clock shows it.

        From 01:00 to 02:00 is one hour, and two where other rows are that long and none is as short.
        """
        early = {at for at, start in enumerate(starts) if start in self._early and self._closes(start, ends[at])}
        if not early:
            return
        known = {duration for at, duration in enumerate(durations) if at not in early}
        for at in early:
            short = durations[at] - (self._early[starts[at]] - starts[at])
            if short in known or durations[at] not in known:
                durations[at] = short

    def _closes(self, start: int, end: Any) -> bool:
        """Whether an end is the first moment after both of the hours of which a start is in the first."""
        if self.zone is None or not isinstance(end, int):
            return False
        second = self._early[start]
        if not second < end <= 2 * second - start:
            return False
        last = settle(end - 1 + east(end - 1, self.zone), self.zone)
        return isinstance(last, Twice) and last.second == end - 1

    def others(self, others: Sequence[int | None], durations: Sequence[int]) -> Sequence[int | None]:
        """The other starts that times may mean: of a time that is an end it lies before that, too."""
        if not self.at_end or not any(others):
            return others
        return [
            None if at is None else self._day(at)[0] if self.daily else at - duration
            for at, duration in zip(others, durations, strict=True)
        ]

    def agree(self, start: int, end: int, duration: int) -> bool:
        """Whether a start and an end are so far apart on the clock that shows them, which may be put back between."""
        return self.zone is not None and end + east(end, self.zone) - start - east(start, self.zone) == duration

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
