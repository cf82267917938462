"""Readings as they are kept: one packed block a local day of a channel."""

from dataclasses import dataclass

from wattshare.espi.usage import ReadingType


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A meter reading: one flow, unit and interval length of a usage point. espi.xsd MeterReading.

    `number` is what MeterReadingID ends with: 1 for delivered, 2 for received, more after a meter swap or a change
    of interval length.
    """

    usage_point_id: int
    number: int
    # ReadingTypeID on the wire
    reading_type_id: str
    reading_type: ReadingType
    meter_serial: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One reading, unpacked. Value in the unit and the power of ten of the channel's reading type."""

    start: int
    duration: int
    value: int | None
    # none: the reading type's default holds
    quality: tuple[int, ...] = ()
    cost: int | None = None
    tou: int | None = None
    tier: int | None = None
    cpp: int | None = None


@dataclass(frozen=True, kw_only=True)
class Block:
    """One local day of a channel, or one reading longer than a day, as the store keeps it.

    On the grid: reading i starts at start + i * step and lasts `step`; `presence` (a bitmap, lowest bit first)
    is None when none is missing. Off the grid (step 0): `grid` holds (offset, duration) pairs.
    `values` are little-endian signed integers of `width` bytes, one a present reading.
    Sidecars are run lengths (see model/packing.py), None where uniform absence.
    """

    usage_point_id: int
    channel: int
    # IntervalBlockID: epoch seconds, local midnight (gas: one second later), or a long reading's own start
    start: int
    duration: int
    # what the day is for windows: the end of the block's local day (or of the long reading)
    day_end: int
    step: int
    count: int
    width: int
    values: bytes
    presence: bytes | None = None
    grid: bytes | None = None
    quality: bytes | None = None
    tou: bytes | None = None
    cost: bytes | None = None
    tier: bytes | None = None
    cpp: bytes | None = None
    # indexes of present readings that have no value
    valueless: bytes | None = None
    # how many of the readings are not the first that came, and how many came late
    corrected: int = 0
    late: int = 0
    # first and last revision, and their times
    first_revision: int = 0
    revision: int = 0
    published_at: int = 0
    updated_at: int = 0
