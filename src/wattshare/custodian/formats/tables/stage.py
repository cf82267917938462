"""Rows of a table of readings, staged: every cell checked, every reading on disk, nothing stored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from itertools import compress, repeat
from typing import Any

from wattshare.custodian.formats.tables import columns as cells
from wattshare.custodian.formats.tables.amounts import shown
from wattshare.custodian.formats.tables.columns import BY_SIGN, ByUnit, Faults, Named, Series, Words, unnamed
from wattshare.custodian.formats.tables.faults import BadRow, Fault
from wattshare.custodian.formats.tables.mapping import FLOWS, NAMES
from wattshare.custodian.formats.tables.mapping import Mapping as Meaning
from wattshare.custodian.formats.tables.moments import DAY, Twice, east, settle
from wattshare.custodian.formats.tables.spool import TableSpool, Uncertain
from wattshare.custodian.formats.tables.text import Rows, ragged
from wattshare.custodian.formats.tables.times import Stamps
from wattshare.custodian.formats.tables.twins import Twins
from wattshare.custodian.model.packing import LONGEST_DAY
from wattshare.espi.profile import Profile

SIDE = ("quality", "tou", "tier", "cpp", "cost")
# a local day of 23 or 25 hours is a day, or where the clock is put on by half an hour
DAYS = dict.fromkeys((82_800, 84_600, 88_200, 90_000), DAY)
DELIVERED, RECEIVED, NET = FLOWS["delivered"], FLOWS["received"], FLOWS["net"]
CLEAN = {int, type(None)}


@dataclass
class Stage:
    """One table on its way to the disk."""

    # index by role of the mapping
    places: Mapping[str, int]
    width: int
    meaning: Meaning
    profile: Profile
    spool: TableSpool
    faults: Faults
    # each with its number, in the order of appearance
    series: dict[Series, int] = field(default_factory=dict)
    rows: int = 0
    readings: int = 0
    # later than that no reading may start; None: any may
    latest: int | None = None
    # the start of the last one
    last: int = 0
    # whether some may start at another second
    _twice: bool = False
    # series with a reading of their very length; and what series have alike of which one may be shorter, numbered
    _sure: set[int] = field(default_factory=set)
    _kin: dict[Series, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make ready what reads the cells."""
        names, meaning = self.meaning.columns, self.meaning
        self._role = next(role for role in NAMES if role in names)
        # where no column says it
        self._flow = DELIVERED if "received" in names else FLOWS.get(meaning.flow.all or "", BY_SIGN)
        self._stamps = Stamps(meaning, self.profile)
        self._names, self._channels = (Words(self._short(one)) for one in (self._role, "channel"))
        self._names[""] = Fault(names[self._role], "It is empty.")
        self._flows = cells.flows(names.get("flow", ""), meaning)
        self._units = ByUnit(names.get("value", "value"), names.get("unit", "values.unit"), meaning, self.profile)
        self._side: dict[str, dict[str, Any]] = {
            "quality": cells.qualities(names.get("quality", ""), meaning),
            "cost": cells.costs(names.get("cost", ""), meaning),
            **{role: cells.small_numbers(names.get(role, "")) for role in ("tou", "tier", "cpp")},
        }

    def _short(self, role: str) -> Callable[[str], str | Fault]:
        column = self.meaning.columns.get(role, role)

        def read(text: str) -> str | Fault:
            wrong = unnamed(text)
            return Fault(column, f"{shown(text)} {wrong}.") if wrong else text

        return read

    @property
    def zone(self) -> tzinfo | None:
        """The clock that the table goes by; None: each time has its offset."""
        return self._stamps.zone

    def chosen(self, start: int, duration: int) -> bool:
        """Whether the time of such a reading comes twice, and the mapping says which it is of all of them."""
        zone = self.zone
        if zone is None or self.meaning.time.ambiguous not in ("first", "second"):
            return False
        at = start + duration if self._stamps.at_end else start
        return isinstance(settle(at + east(at, zone), zone), Twice)

    def take(self, batch: Rows) -> None:
        """Stage rows, a reading each."""
        numbers, rows = self.even(batch)
        if rows:
            columns = list(zip(*rows, strict=True))
            by_role = {role: columns[at] for role, at in self.places.items()}
            stamps = self._stamps.of(by_role)
            if "received" in by_role:
                self._put_both(numbers, by_role, stamps)
            else:
                self.put(numbers, by_role, stamps, by_role["value"])

    def _put_both(self, numbers: Sequence[int], columns: Mapping[str, Sequence[str]], stamps: Sequence[Any]) -> None:
        """Stage two readings a row, what was delivered and what was received: where one is bad, neither is kept."""
        names, count = self.meaning.columns, len(numbers)
        self.put(
            _twice_each(numbers),
            {role: _twice_each(cells) for role, cells in columns.items()},
            _twice_each(stamps),
            [cell for pair in zip(columns["value"], columns["received"], strict=True) for cell in pair],
            [names["value"], names["received"]] * count,
            [DELIVERED, RECEIVED] * count,
        )

    def even(self, batch: Rows) -> tuple[list[int], list[list[str]]]:
        """The rows that have as many cells as the header; blank ones say nothing."""
        numbers, rows = list[int](), list[list[str]]()
        for number, row in enumerate(batch.rows, batch.first):
            if not any(row):
                continue
            self.rows += 1
            even = ragged(number, row, self.width) if len(row) != self.width else row
            if isinstance(even, BadRow):
                self.faults.note(number, Fault(even.column, even.sentence))
            else:
                numbers.append(number)
                rows.append(even)
        return numbers, rows

    def put(
        self,
        numbers: Sequence[int],
        columns: Mapping[str, Sequence[str]],
        stamps: Sequence[Any],
        values: Sequence[str],
        names: Sequence[str] = (),
        flows: Sequence[int] = (),
    ) -> None:
        """Stage readings: of each its row, its cells by role, its time, its value, and the value's column and flow."""
        count = len(numbers)
        units = columns.get("unit") or [self.meaning.values.unit or ""] * count
        starts, others = self._stamps.settled(stamps, columns)
        apart = next((role for role in ("channel", "meter") if role in columns), None)
        found: dict[str, Sequence[Any]] = {
            "name": self._looked_up(self._names, columns[self._role]),
            "start": starts,
            "other": others or [None] * count,
            "value": _named_after(self._filled(self._units.read(units, values)), names),
            "flow": flows or self._flows_of(columns, count),
            "length": self._stamps.lengths(columns, count),
            "unit": units,
            "channel": self._looked_up(self._channels, columns[apart]) if apart else [""] * count,
            "number": numbers,
        }
        for role in SIDE:
            given = columns.get(role)
            found[role] = self._looked_up(self._side[role], given) if given else [None] * count
        found = self._sifted(found)
        if found["number"]:
            self._add(self._timed(found))

    def _flows_of(self, columns: Mapping[str, Sequence[str]], count: int) -> list[Any]:
        return self._looked_up(self._flows, columns["flow"]) if "flow" in columns else [self._flow] * count

    def _looked_up(self, words: Mapping[str, Any], texts: Sequence[str]) -> list[Any]:
        return list(map(words.__getitem__, texts))

    def of_row(self, row: Sequence[str]) -> Named | None:
        """The channel that a row is of; None where it does not say so."""
        texts = {role: row[at] for role, at in self.places.items()}
        unit = texts.get("unit") or self.meaning.values.unit or ""
        flow = self._flows[texts["flow"]] if "flow" in texts else self._flow
        apart = texts.get("channel") or texts.get("meter") or ""
        return _named(self._names[texts[self._role]], flow, unit, self._channels[apart])

    def _filled(self, values: list[Any]) -> list[Any]:
        """Values, an empty one being a fault unless it is a gap."""
        if self.meaning.values.empty == "gap" or None not in values:
            return values
        empty = Fault(self.meaning.columns.get("value", "value"), "It is empty; values.empty = “gap” leaves it out.")
        return [empty if value is None else value for value in values]

    def _sifted(self, found: dict[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """The columns without rows that are bad and readings that are not there."""
        numbers, met = found["number"], False
        for role, column in found.items():
            if role not in ("unit", "number") and not self._clean(role, column):
                met = True
                for place, cell in enumerate(column):
                    if isinstance(cell, Fault):
                        self.faults.note(numbers[place], cell, _of(found, place))
        self.faults.skipped += found["start"].count(None)
        met = met or None in found["value"] or None in found["start"]
        if not met:
            return found
        bad = self.faults.numbers
        keep = [
            number not in bad and start is not None and value is not None
            for number, start, value in zip(numbers, found["start"], found["value"], strict=True)
        ]
        return {role: list(compress(column, keep)) for role, column in found.items()}

    @staticmethod
    def _clean(role: str, column: Sequence[Any]) -> bool:
        kinds = set(map(type, column))
        return kinds <= {str} if role in ("name", "channel") else kinds <= CLEAN

    def _timed(self, found: dict[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """The columns with starts, durations and the signs of values as they are kept."""
        starts, durations = self._stamps.spans(found["start"], found["length"], found["other"])
        shorter = self._stamps.shorter(starts, found["length"], found["other"], durations)
        if shorter:
            durations = [one.long if one else usual for one, usual in zip(shorter, durations, strict=True)]
        others = self._stamps.others(found["other"], durations)
        found = {**found, "start": starts, "other": others, "duration": durations}
        found["shorter"] = shorter or [None] * len(starts)
        faulty = {
            place: self._fault_of(duration, said, flow)
            for place, (value, flow, duration, said) in enumerate(
                zip(found["value"], found["flow"], durations, self._said(found, starts, durations), strict=True)
            )
            if duration <= 0 or (value < 0 and flow not in (BY_SIGN, NET)) or said is not None
        }
        self.last = max((self.last, *starts))
        if self.latest is not None and self.last > self.latest:
            late = Fault(self._stamps.column, "It starts more than a day from now, and time.future is “refuse”.")
            faulty = {place: late for place, start in enumerate(starts) if start > self.latest} | faulty
        if not faulty:
            return found
        for place, fault in faulty.items():
            self.faults.note(found["number"][place], fault, _of(found, place))
        bad = {found["number"][place] for place in faulty}
        keep = [number not in bad for number in found["number"]]
        return {role: list(compress(column, keep)) for role, column in found.items()}

    def _said(
        self, found: dict[str, Sequence[Any]], starts: Sequence[int], durations: Sequence[int]
    ) -> Sequence[int | None]:
        """The durations by each row's own end that are not those by the one length that every row is said to have."""
        if self._stamps.by_row or "end" not in self.meaning.columns or self._stamps.at_end:
            return [None] * len(starts)
        agree = self._stamps.agree
        return [
            None if end is None or end - start == duration or agree(start, end, duration) else end - start
            for end, start, duration in zip(found["length"], starts, durations, strict=True)
        ]

    def _fault_of(self, duration: int, said: int | None, flow: int) -> Fault:
        names = self.meaning.columns
        if said is not None:
            sentence = (
                f"The interval ends {said} seconds after its start, and interval.length says {duration}; "
                "“row” takes what each row says."
            )
            return Fault(names["end"], sentence)
        if duration <= 0:
            return Fault(names.get("end", names.get("duration", "end")), "The interval does not end after its start.")
        if "received" in names:
            column = names["received" if flow == RECEIVED else "value"]
            return Fault(column, "It is below zero, which a flow of one way never is.")
        advice = "name its word under flow.net" if "flow" in names else "say flow.all = “net”, or “split” for received"
        return Fault(names.get("value", "value"), f"It is below zero, which a flow of one way never is; {advice}.")

    def _add(self, found: dict[str, Sequence[Any]]) -> None:
        flows = found["flow"]
        self._twice = self._twice or any(found["other"])
        if BY_SIGN not in flows:
            self._insert(found, flows, found["value"])
            return
        # two channels of the same intervals: where one has something, the other has nothing
        self._insert(found, [flow or DELIVERED for flow in flows], [max(value, 0) for value in found["value"]])
        self._insert(found, [flow or RECEIVED for flow in flows], [max(-value, 0) for value in found["value"]])

    def _insert(self, found: dict[str, Sequence[Any]], flows: Sequence[int], values: Sequence[int]) -> None:
        numbers = self._numbered(found, flows)
        self.readings += len(numbers)
        parts = (found[role] for role in ("start", "number", "other", "duration"))
        side = (found[role] for role in ("quality", "tou", "tier", "cpp", "cost"))
        first = self.spool.add(zip(numbers, *parts, values, *side, strict=True))
        if self._stamps.by_row:
            self._doubt(first, numbers, found, flows)

    def _doubt(
        self, first: int, numbers: Sequence[int], found: Mapping[str, Sequence[Any]], flows: Sequence[int]
    ) -> None:
        """Note readings that may be shorter, and series of those that may not; `first`: the id of the first of all."""
        shorter, kin = found["shorter"], self._kin
        self._sure.update(compress(numbers, (one is None for one in shorter)))
        rows = list[Uncertain]()
        for place, one in enumerate(shorter):
            if one:
                name, unit, channel = (found[role][place] for role in ("name", "unit", "channel"))
                key = Series(self._role, name, flows[place], unit, channel, None)
                number = kin.setdefault(key, len(kin))
                start, (short, long, clear) = found["start"][place], one
                rows.append(Uncertain(first + place, number, start, short, long, clear, numbers[place]))
        self.spool.doubt(rows)

    def finish(self) -> Twins:
        """Once every row is staged, settle what others say of lengths; what tells both hours apart is given back."""
        long = tuple(self._shorten()) if self._kin else ()
        by_order = self.meaning.time.ambiguous == "order"
        return Twins(self.spool, self.faults, by_order, self._stamps.by_clock, met=self._twice, long=long)

    def _shorten(self) -> Iterator[tuple[int, int]]:
        """Give readings that may be shorter the length that others say: those behind them, or as long as they.

        Of those that are left long though others are as long as they would be short: series and start.
        """
        every = tuple(self.series)
        kins = (self._kin.get(one._replace(length=None)) for one in every)
        kin_of = {at: kin for at, kin in enumerate(kins) if kin is not None}
        lengths = {(kin_of[at], every[at].length) for at in self._sure & kin_of.keys()}
        changed = []
        for one, followed in self.spool.doubted(kin_of):
            short, long = ((one.kin, _length(length)) in lengths for length in (one.short, one.long))
            if followed or (one.clear and (short or not long)):
                key = every[one.series]._replace(length=_length(one.short))
                changed.append((self.series.setdefault(key, len(self.series)), one.short, one.id))
            elif short and not long:
                yield one.series, one.start
        self.spool.shorten(changed)

    def _numbered(self, found: dict[str, Sequence[Any]], flows: Sequence[int]) -> list[int]:
        """The series of each reading, by number."""
        series, role = self.series, self._role
        lengths = map(_length, found["duration"]) if self._stamps.by_row else repeat(self._stamps.length)
        keys = zip(repeat(role), found["name"], flows, found["unit"], found["channel"], lengths)
        numbers = []
        for key in keys:
            number = series.get(key)  # type: ignore[call-overload]  # a Series is a tuple
            if number is None:
                number = series[Series(*key)] = len(series)
            numbers.append(number)
        return numbers


def _twice_each(items: Sequence[Any]) -> list[Any]:
    return [item for item in items for _ in range(2)]


def _named_after(values: list[Any], names: Sequence[str]) -> list[Any]:
    """Values of which each stands in a column of its own, where one is bad."""
    if not names or set(map(type, values)) <= CLEAN:
        return values
    return [
        replace(value, column=name) if isinstance(value, Fault) else value
        for value, name in zip(values, names, strict=True)
    ]


def _of(found: Mapping[str, Sequence[Any]], place: int) -> Named | None:
    """The channel of a reading, by its columns."""
    name, flow, unit, channel = (found[role][place] for role in ("name", "flow", "unit", "channel"))
    return _named(name, flow, unit, channel)


def _named(name: str | Fault, flow: int | Fault, unit: str, channel: str | Fault) -> Named | None:
    if isinstance(name, Fault) or isinstance(flow, Fault) or isinstance(channel, Fault):
        return None
    return Named(name, flow, unit, channel)


def _length(duration: int) -> int | None:
    """The interval length of a channel that has a reading of so many seconds."""
    return None if duration > LONGEST_DAY else DAYS.get(duration, duration)
