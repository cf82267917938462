"""Usage feeds as values with units. Entries may come in any order; memory stays flat.

A feed is read twice: once for what gives the readings their meaning (reading types, links, and the names of
TOU codes, which PG&E sends last), once for the readings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from wattshare.espi import wire
from wattshare.espi.atom import Entry
from wattshare.espi.usage import (
    IntervalBlock,
    IntervalReading,
    MeterReading,
    ProgramIdMappings,
    ReadingType,
    UsagePoint,
)
from wattshare.espi.words import ProgramCodeKind
from wattshare.thirdparty.errors import Unreadable
from wattshare.thirdparty.reply import Reply
from wattshare.thirdparty.units import COMMODITIES, CURRENCIES, FLOWS, QUALITIES, UNITS, money, quantity, word

# an answer, a file, or the bytes of one
Source = Reply | Path | bytes
CODE = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One reading, understood. espi.xsd IntervalReading with the ReadingType that says what it is."""

    usage_point: str
    meter_reading: str
    # electricity, natural gas, …
    commodity: str
    # delivered (to the customer), received (from the customer), net, …
    flow: str
    # UTC
    start: datetime
    duration: timedelta
    # in `unit`; no power of ten is left over
    value: Decimal
    # Wh, therm, W, m3, …
    unit: str
    # validated, revenue quality, …; what the reading type says where the reading says nothing
    quality: tuple[str, ...] = ()
    # the code of the time of use, and its name where the feed tells it
    tou: int | None = None
    tou_name: str | None = None
    cost: Decimal | None = None
    currency: str = ""


@dataclass(kw_only=True)
class Context:
    """What a feed says beside its readings."""

    # by the address of the reading type
    types: dict[str, ReadingType] = field(default_factory=dict)
    # by the address of the meter reading: that of its reading type
    type_of: dict[str, str] = field(default_factory=dict)
    # by the address of a list of blocks, or of one: that of the meter reading
    blocks_of: dict[str, str] = field(default_factory=dict)
    # names of time-of-use codes
    tou: dict[int, str] = field(default_factory=dict)
    # ServiceKind by the address of the usage point
    services: dict[str, int] = field(default_factory=dict)

    def learn(self, entry: Entry) -> None:
        """Take in what an entry says; blocks say nothing here."""
        for content in entry.content:
            match content:
                case ReadingType():
                    self.types[_key(entry.self_href)] = content
                case MeterReading():
                    self._learn_channel(entry)
                case UsagePoint():
                    if content.service_category is not None:
                        self.services[_key(entry.self_href)] = content.service_category.kind
                case ProgramIdMappings():
                    self._learn_codes(content)

    def _learn_channel(self, entry: Entry) -> None:
        here = _key(entry.self_href)
        for href in entry.related:
            words = _key(href).split("/")
            if "ReadingType" in words:
                self.type_of[here] = _key(href)
            elif "IntervalBlock" in words:
                # the list of its blocks; older files name each block instead
                self.blocks_of[_key(href)] = here

    def _learn_codes(self, mappings: ProgramIdMappings) -> None:
        for mapping in mappings.program_id_mapping:
            code = mapping.code.strip()
            if mapping.kind == ProgramCodeKind.TOU and CODE.fullmatch(code):
                self.tou[int(code)] = mapping.name

    def channel(self, entry: Entry) -> tuple[str, ReadingType]:
        """The address of the meter reading that a block belongs to, and what it measures.

        Raises:
            Unreadable: the feed does not say.
        """
        listed, here = _key(entry.up), _key(entry.self_href)
        named = self.blocks_of.get(listed) or self.blocks_of.get(here)
        meter_reading = named or (listed or here).partition("/IntervalBlock")[0]
        kind = self.types.get(self.type_of.get(meter_reading, ""))
        if kind is None and len(self.types) == 1 and self.type_of.keys() <= {meter_reading}:
            # one channel, and the one reading type beside it, whatever its address
            kind = next(iter(self.types.values()))
        if kind is None:
            raise Unreadable(f"The feed does not say what {meter_reading or 'a block without address'} measures.")
        if kind.uom is None:
            raise Unreadable(f"The reading type of {meter_reading} names no unit.")
        return meter_reading, kind


def readings(*sources: Source, lenient: bool = False) -> Iterator[Measured]:
    """Every reading of the sources, in their order.

    A batch stands for itself. Blocks that were asked for alone need their meter readings and reading types
    beside them: `readings(blocks, meter_readings, reading_types)`.

    Raises:
        Malformed: a source is not what the standard says.
        Unreadable: a block's reading type is in none of the sources.
    """
    context = Context()
    for source in sources:
        for entry in entries(source, lenient=lenient):
            context.learn(entry)
    for source in sources:
        for entry in entries(source, lenient=lenient):
            for content in entry.content:
                if isinstance(content, IntervalBlock):
                    yield from _measured(entry, content, context)


def entries(source: Source, *, lenient: bool = False) -> Iterator[Entry]:
    """The entries of a source, one at a time."""
    if isinstance(source, Reply):
        yield from source.entries(lenient=lenient)
        return
    with _opened(source) as file:
        for item in wire.stream(file, lenient=lenient):
            if isinstance(item, Entry):
                yield item


def segment(href: str | None, name: str) -> str:
    """The id that follows a resource's name in an address; empty where it is not there."""
    parts = urlsplit(href or "").path.strip("/").split("/")
    return unquote(parts[parts.index(name) + 1]) if name in parts[:-1] else ""


def _measured(entry: Entry, block: IntervalBlock, context: Context) -> Iterator[Measured]:
    meter_reading, kind = context.channel(entry)
    usage_point = segment(meter_reading, "UsagePoint")
    # the usage point's service is asked only where the reading type is silent: the two may contradict
    commodity = word(COMMODITIES, kind.commodity) or _service(meter_reading, context)
    flow, unit = word(FLOWS, kind.flow_direction), word(UNITS, kind.uom)
    follows = block.interval.start if block.interval else None
    for reading in block.reading:
        start, seconds = _time(reading, kind, follows)
        follows = None if start is None else start + seconds
        # a reading without a value says that one is missing
        if reading.value is None:
            continue
        if start is None:
            raise Unreadable(f"A reading of {meter_reading} does not say when it was.")
        yield Measured(
            usage_point=usage_point,
            meter_reading=segment(meter_reading, "MeterReading"),
            commodity=commodity,
            flow=flow,
            start=datetime.fromtimestamp(start, UTC),
            duration=timedelta(seconds=seconds),
            value=quantity(reading.value, kind.power_of_ten_multiplier),
            unit=unit,
            quality=_qualities(reading, kind),
            tou=reading.tou,
            tou_name=None if reading.tou is None else context.tou.get(reading.tou),
            cost=None if reading.cost is None else money(reading.cost),
            currency=word(CURRENCIES, kind.currency),
        )


def _time(reading: IntervalReading, kind: ReadingType, follows: int | None) -> tuple[int | None, int]:
    """Start and length in seconds. Without a time it follows the one before, as long as the type says."""
    if reading.time_period is not None:
        return reading.time_period.start, reading.time_period.duration
    return follows, kind.interval_length or 0


def _qualities(reading: IntervalReading, kind: ReadingType) -> tuple[str, ...]:
    said = [each.quality for each in reading.quality]
    if not said and kind.default_quality is not None:
        said = [kind.default_quality]
    return tuple(word(QUALITIES, number) for number in said)


def _service(meter_reading: str, context: Context) -> str:
    services = {0: "electricity", 1: "natural gas", 2: "potable water"}
    usage_point = meter_reading.rpartition("/MeterReading/")[0]
    return services.get(context.services.get(usage_point, -1), "")


def _key(href: str | None) -> str:
    """An address as a name: no query, no trailing slash, `%3D` as `=`."""
    return unquote((href or "").partition("?")[0]).rstrip("/")


def _opened(source: Path | bytes) -> BinaryIO:
    return source.open("rb") if isinstance(source, Path) else BytesIO(source)
