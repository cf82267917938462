"""A Green Button feed, read to its end and laid out for intake: small things in memory, readings on disk.

Nothing is stored here. What the feed says is kept as it says it; which usage point and which channel it means
in this house is for the intake to find out.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import lt
from typing import Any, BinaryIO

from wattshare.custodian.formats import hrefs
from wattshare.custodian.formats.kin import Links, Parents
from wattshare.custodian.formats.remarks import Remark, Warnings
from wattshare.custodian.formats.spool import Spool, SummaryRow
from wattshare.custodian.model.packing import LONGEST_DAY, identity, unpack
from wattshare.custodian.model.readings import Block, Reading
from wattshare.espi import customer, usage, wire
from wattshare.espi.atom import Entry, Feed, Resource
from wattshare.espi.days import day_bounds, day_of
from wattshare.espi.plain import to_plain
from wattshare.espi.plain_readings import PlainReadings
from wattshare.espi.profile import Profile
from wattshare.espi.wire import Deviation, Limits

Summary = usage.UsageSummary | usage.ElectricPowerUsageSummary | usage.ElectricPowerQualitySummary
CustomerPart = (
    customer.Customer
    | customer.CustomerAccount
    | customer.CustomerAgreement
    | customer.ServiceLocation
    | customer.Meter
)
LocalTimes = usage.LocalTimeParameters | customer.CustomerLocalTimeParameters
# what a feed of registrations and notices is made of
NO_METERING = (
    usage.ApplicationInformation,
    usage.Authorization,
    usage.BatchList,
    usage.ServiceStatus,
    customer.CustomerBatchList,
)

# what a day is packed from, beside times and values, by what the readings call it
COLUMNS = {"quality": "quality", "cost": "cost", "consumption_tier": "tier", "tou": "tou", "cpp": "cpp"}


class Unplaceable(Exception):
    """A part of the file that cannot be placed; `element` and `place` say which."""

    def __init__(self, sentence: str, *, element: str, place: str = "") -> None:
        """Take what is wrong, with what, and where."""
        super().__init__(f"{element} {place}: {sentence}" if place else f"{element}: {sentence}")
        self.sentence = sentence
        self.element = element
        self.place = place


@dataclass(frozen=True, kw_only=True)
class PointEntry:
    """A usage point of the file."""

    key: str
    links: Links
    # the id of its entry
    name: str = ""
    # None: the file only speaks of it
    element: usage.UsagePoint | None = None


@dataclass(frozen=True, kw_only=True)
class ChannelEntry:
    """A meter reading of the file."""

    key: str
    links: Links
    # ReadingTypes that stood inside it
    embedded: tuple[usage.ReadingType, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CustomerEntry:
    """A part of a customer feed."""

    links: Links
    name: str
    content: CustomerPart


@dataclass
class Staged:
    """Everything that a file says."""

    spool: Spool
    warnings: Warnings = field(default_factory=Warnings)
    counts: Counter[str] = field(default_factory=Counter)
    readings: int = 0
    repeated: int = 0
    points: dict[str, PointEntry] = field(default_factory=dict)
    channels: dict[str, ChannelEntry] = field(default_factory=dict)
    reading_types: dict[str, list[usage.ReadingType]] = field(default_factory=dict)
    customer_parts: list[CustomerEntry] = field(default_factory=list)
    program_codes: list[usage.ProgramIdMapping] = field(default_factory=list)
    local_times: list[LocalTimes] = field(default_factory=list)

    def point_of(self, child: Links, parents: Parents, element: str) -> str:
        """The key of the usage point that a part belongs to; one that the file only names is made up.

        Raises:
            Unplaceable: there is none.
        """
        found = parents.find(child)
        path = next(filter(None, (hrefs.point_of(href) for href in (child.up, child.self_href) if href)), None)
        if found and not (found[1] is Remark.LINK_BY_PLACE and path and path not in found[0]):
            if found[1]:
                self.warnings.remark(found[1], child.self_href or child.up or "")
            return found[0]
        if path is None:
            raise Unplaceable("no usage point in the file is its own.", element=element, place=child.self_href or "")
        self.warnings.remark(Remark.PARENT_ABSENT, path)
        href = hrefs.cut(child.up or child.self_href or "", path)
        self.points.setdefault(path, PointEntry(key=path, links=Links(self_href=href)))
        return path


def stage(
    source: bytes | BinaryIO, spool: Spool, profile: Profile, *, lenient: bool, limits: Limits | None = None
) -> Staged:
    """Read a file to its end.

    Raises:
        Malformed: it breaks a rule that this manner of reading does not waive.
        Unplaceable: readings have no time.
    """
    staged, cut = Staged(spool=spool), _Cut(spool, profile)
    for item in wire.stream(source, lenient=lenient, limits=limits, columns=True):
        match item:
            case Deviation():
                staged.warnings.deviation(item)
            case Feed():
                pass
            case Entry():
                _take(item, staged, cut)
            case _:
                _take(Entry(id="", content=(item,)), staged, cut)
    return staged


def _take(entry: Entry, staged: Staged, cut: "_Cut") -> None:
    links = Links(self_href=entry.self_href, up=entry.up, related=entry.related)
    inside = tuple(part for part in entry.content if isinstance(part, usage.ReadingType))
    for resource in entry.content:
        staged.counts[type(resource).__name__] += 1
        match resource:
            case usage.IntervalBlock():
                cut.block(resource, links, staged)
            case usage.UsagePoint():
                _take_point(resource, entry, links, staged)
            case usage.MeterReading():
                key = _key(links, len(staged.channels))
                staged.channels.setdefault(key, ChannelEntry(key=key, links=links, embedded=inside))
            case usage.ReadingType():
                known = staged.reading_types.setdefault(links.self_href or "", [])
                if resource not in known:
                    known.append(resource)
            case _:
                _take_other(resource, entry, links, staged)


def _take_point(element: usage.UsagePoint, entry: Entry, links: Links, staged: Staged) -> None:
    key = _key(links, len(staged.points))
    staged.points[key] = PointEntry(key=key, links=links, name=entry.id, element=element)


def _take_other(resource: Resource, entry: Entry, links: Links, staged: Staged) -> None:
    if isinstance(resource, Summary):
        if isinstance(resource, usage.ElectricPowerUsageSummary):
            resource = resource.as_usage_summary()
        content = to_plain(resource)
        staged.spool.put_summary(SummaryRow(links.self_href, links.up, entry.published, content))
    elif isinstance(resource, CustomerPart):
        staged.customer_parts.append(CustomerEntry(links=links, name=entry.id, content=resource))
    elif isinstance(resource, usage.ProgramIdMappings):
        staged.program_codes += resource.program_id_mapping
    elif isinstance(resource, LocalTimes):
        staged.local_times.append(resource)
    else:
        remark = Remark.NO_METERING if isinstance(resource, NO_METERING) else Remark.NOT_KEPT
        staged.warnings.remark(remark, type(resource).__name__)


def _key(links: Links, number: int) -> str:
    return hrefs.path_of(links.self_href) if links.self_href else f"#{number}"


def _collection(links: Links, staged: Staged) -> str:
    """The address of the collection that a block is in."""
    up, own = links.up or "", links.self_href or ""
    named, placed = hrefs.channel_of(up), hrefs.channel_of(own)
    if named and placed and named != placed:
        staged.warnings.remark(Remark.LINK_CONTRADICTS, own)
        return own.rpartition("/")[0]
    return up or own


class _Cut:
    """Blocks of the file, cut into local days."""

    def __init__(self, spool: Spool, profile: Profile) -> None:
        self._spool, self._zone = spool, profile.zone
        self._day = (0, 0)

    def block(self, block: usage.IntervalBlock, links: Links, staged: Staged) -> None:
        """Spool a block's readings by day; long ones alone; those without a time by their place."""
        parent = self._spool.parent(_collection(links, staged))
        staged.readings += len(block.reading)
        if self._whole_day(parent, block.reading):
            return
        timed, untimed = list[Reading](), list[Reading]()
        for place, reading in enumerate(block.reading):
            (timed if reading.time_period else untimed).append(_reading(reading, place))
        if untimed:
            if block.interval is None:
                raise Unplaceable("neither the readings nor the block say when.", element="IntervalBlock")
            self._spool.put_unplaced(parent, block.interval.start, untimed)
        self.place(parent, timed, staged)

    def _whole_day(self, parent: int, readings: Sequence[usage.IntervalReading]) -> bool:
        """Spool readings that follow each other from a midnight on, within the day, column by column; else do nothing.

        The usual block, with as little of Python's own doing as may be.
        """
        if not isinstance(readings, PlainReadings):
            return False
        said = dict(readings.columns)
        starts, durations, values = (said.pop(name, [None]) for name in ("start", "duration", "value"))
        first, step, count = starts[0], durations[0], readings.size
        if first is None or not step or durations.count(step) != count or values.count(None):
            return False
        day, long = self._day_at(first, step)
        if long or starts != list(range(day, day + count * step, step)) or day + (count - 1) * step >= self._day[1]:
            return False
        columns: dict[str, list[Any]] = {COLUMNS[name]: column for name, column in said.items()}
        if quality := said.get("quality"):
            columns["quality"] = [() if code is None else (code,) for code in quality]
        self._spool.put_columns(parent, day, step, values, columns)  # type: ignore[arg-type]  # none is None
        return True

    def place(self, parent: int, readings: list[Reading], staged: Staged) -> None:
        """Spool readings of known times."""
        if readings and self._one_day(readings):
            self._spool.put(parent, self._day[0], once(readings, staged))
            return
        for (day, long), group in groupby(readings, self._day_of):
            self._spool.put(parent, day, once(list(group), staged), long=long)

    def _one_day(self, readings: list[Reading]) -> bool:
        """Whether all readings are of one local day, and none is longer."""
        day, long = self._day_of(readings[0])
        starts = [reading.start for reading in readings]
        longest = max(reading.duration for reading in readings)
        return not long and longest <= LONGEST_DAY and min(starts) >= day and max(starts) < self._day[1]

    def _day_of(self, reading: Reading) -> tuple[int, bool]:
        return self._day_at(reading.start, reading.duration)

    def _day_at(self, start: int, duration: int) -> tuple[int, bool]:
        if duration > LONGEST_DAY:
            return start, True
        if not self._day[0] <= start < self._day[1]:
            self._day = day_bounds(day_of(start, self._zone), self._zone)
        return self._day[0], False


def place_untimed(staged: Staged, profile: Profile, parent: int, step: int) -> None:
    """Give the readings of a parent that have no time the one that their place in the block says.

    Raises:
        Unplaceable: nothing says how long they are.
    """
    cut = _Cut(staged.spool, profile)
    for start, readings in staged.spool.unplaced(parent):
        if not step:
            raise Unplaceable("neither the readings nor their type say how long.", element="IntervalBlock")
        timed = [replace(reading, start=start + reading.start * step, duration=step) for reading in readings]
        cut.place(parent, timed, staged)


def once(readings: list[Reading], staged: Staged) -> list[Reading]:
    """The readings in order, each start once: of two that differ the later in the file, which is noted.

    Raises:
        Unplaceable: of readings that start together some are longer, so that their times cannot be right.
    """
    starts = [reading.start for reading in readings]
    if all(map(lt, starts, starts[1:])):
        return readings
    kept: dict[tuple[int, bool], Reading] = {}
    for reading in readings:
        before = kept.get(identity(reading))
        if before is not None:
            if before.duration != reading.duration:
                raise _start_together(before, reading)
            staged.repeated += 1
            if before != reading:
                staged.warnings.remark(Remark.CONFLICTING_READINGS, str(reading.start))
        kept[identity(reading)] = reading
    return [kept[key] for key in sorted(kept)]


def _start_together(one: Reading, other: Reading) -> Unplaceable:
    return Unplaceable(
        f"readings of one channel start together, and last {one.duration} and {other.duration} seconds: "
        "one of the times is wrong, and nothing says which.",
        element="IntervalReading",
        place=str(one.start),
    )


def _reading(reading: usage.IntervalReading, place: int) -> Reading:
    """A reading of the file; one without a time has its place in the block for a start."""
    period = reading.time_period
    return Reading(
        start=period.start if period else place,
        duration=period.duration if period else 1,
        value=reading.value,
        quality=_codes(reading.quality),
        cost=reading.cost,
        tou=reading.tou,
        tier=reading.consumption_tier,
        cpp=reading.cpp,
    )


def _codes(qualities: tuple[usage.ReadingQuality, ...]) -> tuple[int, ...]:
    if len(qualities) == 1:
        return (qualities[0].quality,)
    return tuple(one.quality for one in qualities)


def days_of(staged: Staged, channel: int) -> Iterator[tuple[int, bool, list[Reading] | Block]]:
    """The readings of a channel, day by day: local midnight, whether it is one long reading, and they.

    A day that one block of the file has whole comes as it was packed.
    """
    end = 0
    for (day, long), packed in groupby(staged.spool.packed(channel), lambda chunk: chunk[:2]):
        blocks = [block for _, _, block in packed]
        if len(blocks) == 1 and _whole(blocks[0], day, end, long=long):
            end = day + blocks[0].count * blocks[0].step
            yield day, long, blocks[0]
            continue
        readings = once([reading for block in blocks for reading in unpack(block)], staged)
        for reading in readings:
            if reading.start < end and reading.duration:
                staged.warnings.remark(Remark.OVERLAPPING_READINGS, str(reading.start))
            end = max(end, reading.start + reading.duration)
        yield day, long, readings


def _whole(block: Block, day: int, end: int, *, long: bool) -> bool:
    """Whether a block has readings that follow each other from midnight on, and begins after another's end."""
    return not long and block.step > 0 and block.presence is None and block.grid is None and day >= end
