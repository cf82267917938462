"""What the types of the usage schema are made of. espi.xsd."""

# wire() makes a field of a dataclass, as field() does

from dataclasses import dataclass

from wattshare.espi.fields import (
    HEX16,
    INT16,
    INT48,
    STRING256,
    TIME,
    UINT16,
    UINT32,
    URI,
    closed_words,
    open_numbers,
    wire,
)
from wattshare.espi.words import EnrollmentStatus

# numeric enumerations of more than one type
COMMODITY = open_numbers("CommodityKind", UINT16)
CURRENCY = open_numbers("Currency", UINT16)
PHASE = open_numbers("PhaseCodeKind", UINT16)
QUALITY = open_numbers("QualityOfReading", UINT16)
UNIT_MULTIPLIER = open_numbers("UnitMultiplierKind", INT16)
UNIT_SYMBOL = open_numbers("UnitSymbolKind", UINT16)


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchItemInfo:
    """What becomes, or became, of one entry of an upload. espi.xsd BatchItemInfo."""

    name: str | None = wire("name", HEX16)
    operation: int | None = wire("operation", open_numbers("CRUDOperation", UINT16))
    status_code: int | None = wire("statusCode", open_numbers("StatusCode", UINT16))
    status_reason: str | None = wire("statusReason", STRING256)


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentifiedObject:
    """What every type has that may be the content of an entry. espi.xsd IdentifiedObject.

    Before all else any type may hold `extension` elements of any content. No field keeps them: nobody has
    agreed on what they say, so they cannot be sent, and reading one is a named deviation.
    """

    batch_item_info: BatchItemInfo | None = wire("batchItemInfo", BatchItemInfo)


@dataclass(frozen=True, kw_only=True, slots=True)
class DateTimeInterval:
    """A stretch of time: `duration` in seconds from the second `start` on. espi.xsd DateTimeInterval."""

    duration: int = wire("duration", UINT32, required=True)
    start: int = wire("start", TIME, required=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryMeasurement:
    """A quantity: `value` × 10^`power_of_ten_multiplier` of the unit `uom`. espi.xsd SummaryMeasurement."""

    power_of_ten_multiplier: int | None = wire("powerOfTenMultiplier", UNIT_MULTIPLIER)
    time_stamp: int | None = wire("timeStamp", TIME)
    uom: int | None = wire("uom", UNIT_SYMBOL)
    value: int | None = wire("value", INT48)
    # href of the ReadingType that the value is of
    reading_type_ref: str | None = wire("readingTypeRef", URI)


@dataclass(frozen=True, kw_only=True, slots=True)
class TariffRiderRef:
    """A rider to a tariff, and whether the customer has it. espi.xsd TariffRiderRef."""

    rider_type: str = wire("riderType", STRING256, required=True)
    enrollment_status: str = wire("enrollmentStatus", closed_words("EnrollmentStatus", EnrollmentStatus), required=True)
    effective_date: int = wire("effectiveDate", TIME, required=True)
