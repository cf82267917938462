"""Plain readings in columns: for who takes many of them in, and wants no object of each. espi.xsd IntervalReading."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import SupportsIndex, overload

from wattshare.espi.usage import DateTimeInterval, IntervalReading, ReadingQuality

# what a plain reading may say, in the schema's order
FIELDS = ("cost", "quality", "duration", "start", "value", "consumption_tier", "tou", "cpp")


@dataclass(frozen=True, eq=False)
class PlainReadings(Sequence[IntervalReading]):
    """Plain readings in columns, a list for each field that any of them says. As a tuple of them would be."""

    size: int
    columns: Mapping[str, list[int | None]]

    @classmethod
    def of(cls, readings: Iterable[IntervalReading]) -> "PlainReadings | None":
        """Readings in columns; None where one of them says more than a plain one can."""
        rows = []
        for reading in readings:
            if len(reading.quality) > 1:
                return None
            quality = reading.quality[0].quality if reading.quality else None
            period = reading.time_period
            time = (period.duration, period.start) if period else (None, None)
            rows.append(
                (reading.cost, quality, *time, reading.value, reading.consumption_tier, reading.tou, reading.cpp)
            )
        said = {name: list(column) for name, column in zip(FIELDS, zip(*rows, strict=True), strict=False)}
        return cls(len(rows), {name: column for name, column in said.items() if column.count(None) != len(column)})

    @classmethod
    def joined(cls, parts: Sequence["PlainReadings"]) -> "PlainReadings":
        """Readings that follow each other as one."""
        if len(parts) == 1:
            return parts[0]
        columns: dict[str, list[int | None]] = {
            name: [
                number
                for part in parts
                for number in (part.columns[name] if name in part.columns else [None] * part.size)
            ]
            for name in FIELDS
            if any(name in part.columns for part in parts)
        }
        return cls(sum(part.size for part in parts), columns)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[IntervalReading]:
        empty = [None] * self.size
        return map(_reading, *(self.columns.get(name, empty) for name in FIELDS))

    @overload
    def __getitem__(self, place: SupportsIndex) -> IntervalReading: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[IntervalReading, ...]: ...

    def __getitem__(self, place: SupportsIndex | slice) -> IntervalReading | tuple[IntervalReading, ...]:
        return tuple(self)[place]

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, PlainReadings | tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))


def _reading(
    cost: int | None,
    quality: int | None,
    duration: int | None,
    start: int | None,
    value: int | None,
    tier: int | None,
    tou: int | None,
    cpp: int | None,
) -> IntervalReading:
    period = None if start is None or duration is None else DateTimeInterval(duration=duration, start=start)
    return IntervalReading(
        cost=cost,
        quality=_quality(quality),
        time_period=period,
        value=value,
        consumption_tier=tier,
        tou=tou,
        cpp=cpp,
    )


@lru_cache(maxsize=64)
def _quality(code: int | None) -> tuple[ReadingQuality, ...]:
    return () if code is None else (ReadingQuality(quality=code),)


def gathered(
    parts: Iterable[IntervalReading | PlainReadings], *, columns: bool
) -> tuple[IntervalReading, ...] | PlainReadings:
    """Readings that came in runs and one by one: in columns, where that is wanted and all are plain, or a tuple."""
    runs, singly = list[PlainReadings | tuple[IntervalReading, ...]](), list[IntervalReading]()
    for part in parts:
        if isinstance(part, IntervalReading):
            singly.append(part)
            continue
        if singly:
            runs.append(tuple(singly))
            singly.clear()
        runs.append(part)
    if singly:
        runs.append(tuple(singly))
    if columns:
        plain = [run if isinstance(run, PlainReadings) else PlainReadings.of(run) for run in runs]
        if None not in plain:
            return PlainReadings.joined([run for run in plain if run])
    return tuple(chain.from_iterable(runs))
