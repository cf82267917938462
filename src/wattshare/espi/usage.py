"""The types of the usage schema: usage points, readings, and the documents beside them. espi.xsd.

Bills are in `bills`, registrations and authorizations in `registration`; both may be had from here.
"""

# wire() makes a field of a dataclass, as field() does

from collections.abc import Sequence
from dataclasses import dataclass

from wattshare.espi.basics import (
    COMMODITY,
    CURRENCY,
    PHASE,
    QUALITY,
    UNIT_MULTIPLIER,
    UNIT_SYMBOL,
    BatchItemInfo,
    DateTimeInterval,
    IdentifiedObject,
    SummaryMeasurement,
    TariffRiderRef,
)
from wattshare.espi.bills import (
    BillingChargeSource,
    ElectricPowerQualitySummary,
    ElectricPowerUsageSummary,
    LineItem,
    UsageSummary,
)
from wattshare.espi.fields import (
    BOOLEAN,
    ESPI,
    HEX16,
    HEX32,
    INT16,
    INT48,
    INTEGER,
    OFFSET,
    STRING32,
    STRING256,
    TEXT,
    TIME,
    UINT8,
    UINT16,
    UINT32,
    URI,
    SchemaSet,
    closed_words,
    element,
    open_numbers,
    wire,
)
from wattshare.espi.registration import ApplicationInformation, Authorization
from wattshare.espi.words import (
    AmiBillingReadyKind,
    AnodeType,
    ApnodeType,
    ProgramCodeKind,
    UsagePointConnectedKind,
)

__all__ = [
    "AggregateNodeRef",
    "ApplicationInformation",
    "Authorization",
    "BatchItemInfo",
    "BatchList",
    "BillingChargeSource",
    "DateTimeInterval",
    "ElectricPowerQualitySummary",
    "ElectricPowerUsageSummary",
    "IdentifiedObject",
    "IntervalBlock",
    "IntervalReading",
    "LineItem",
    "LocalTimeParameters",
    "MeterReading",
    "PnodeRef",
    "ProgramIdMapping",
    "ProgramIdMappings",
    "RationalNumber",
    "ReadingInterharmonic",
    "ReadingQuality",
    "ReadingType",
    "ServiceCategory",
    "ServiceDeliveryPoint",
    "ServiceStatus",
    "SummaryMeasurement",
    "TariffRiderRef",
    "UsagePoint",
    "UsageSummary",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceCategory:
    """Which service a usage point is for: 0 electricity, 1 gas, 2 water. espi.xsd ServiceCategory."""

    kind: int = wire("kind", open_numbers("ServiceKind", UINT16), required=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceDeliveryPoint:
    """Where a service is delivered, and under which tariff. espi.xsd ServiceDeliveryPoint."""

    name: str | None = wire("name", STRING256)
    tariff_profile: str | None = wire("tariffProfile", STRING256)
    customer_agreement: str | None = wire("customerAgreement", STRING256)
    tariff_rider_refs: tuple[TariffRiderRef, ...] = wire(
        "tariffRiderRefs",
        TariffRiderRef,
        many=True,
        items="tariffRiderRef",
        bare_in=frozenset({SchemaSet.PGE_2018}),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class PnodeRef:
    """A pricing node, and since when to when it is the usage point's. espi.xsd PnodeRef."""

    apnode_type: str = wire("apnodeType", closed_words("ApnodeType", ApnodeType), required=True)
    ref: str = wire("ref", STRING256, required=True)
    start_effective_date: int | None = wire("startEffectiveDate", TIME)
    end_effective_date: int | None = wire("endEffectiveDate", TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class AggregateNodeRef:
    """An aggregated node, and the pricing nodes in it. espi.xsd AggregateNodeRef."""

    anode_type: str = wire("anodeType", closed_words("AnodeType", AnodeType), required=True)
    ref: str = wire("ref", STRING256, required=True)
    start_effective_date: int | None = wire("startEffectiveDate", TIME)
    end_effective_date: int | None = wire("endEffectiveDate", TIME)
    pnode_ref: tuple[PnodeRef, ...] = wire("pnodeRef", PnodeRef, many=True)


@element(ESPI, "UsagePoint")
@dataclass(frozen=True, kw_only=True, slots=True)
class UsagePoint(IdentifiedObject):
    """One service agreement and one commodity. espi.xsd UsagePoint.

    Where it is and whose it is are told in the customer schema only.
    """

    role_flags: str | None = wire("roleFlags", HEX16)
    service_category: ServiceCategory | None = wire("ServiceCategory", ServiceCategory)
    # 0 off, 1 on
    status: int | None = wire("status", UINT8)
    service_delivery_point: ServiceDeliveryPoint | None = wire(
        "serviceDeliveryPoint",
        ServiceDeliveryPoint,
        names={SchemaSet.PGE_2018: "ServiceDeliveryPoint"},
    )
    ami_billing_ready: str | None = wire("amiBillingReady", closed_words("AmiBillingReadyKind", AmiBillingReadyKind))
    check_billing: bool | None = wire("checkBilling", BOOLEAN)
    connection_state: str | None = wire(
        "connectionState", closed_words("UsagePointConnectedKind", UsagePointConnectedKind)
    )
    estimated_load: SummaryMeasurement | None = wire("estimatedLoad", SummaryMeasurement)
    grounded: bool | None = wire("grounded", BOOLEAN)
    is_sdp: bool | None = wire("isSdp", BOOLEAN)
    is_virtual: bool | None = wire("isVirtual", BOOLEAN)
    minimal_usage_expected: bool | None = wire("minimalUsageExpected", BOOLEAN)
    nominal_service_voltage: SummaryMeasurement | None = wire("nominalServiceVoltage", SummaryMeasurement)
    outage_region: str | None = wire("outageRegion", STRING256)
    phase_code: int | None = wire("phaseCode", PHASE)
    rated_current: SummaryMeasurement | None = wire("ratedCurrent", SummaryMeasurement)
    rated_power: SummaryMeasurement | None = wire("ratedPower", SummaryMeasurement)
    read_cycle: str | None = wire("readCycle", STRING256)
    read_route: str | None = wire("readRoute", STRING256)
    service_delivery_remark: str | None = wire("serviceDeliveryRemark", STRING256)
    service_priority: str | None = wire("servicePriority", STRING32)
    pnode_refs: tuple[PnodeRef, ...] = wire("pnodeRefs", PnodeRef, many=True, items="pnodeRef")
    aggregate_node_refs: tuple[AggregateNodeRef, ...] = wire(
        "aggregateNodeRefs", AggregateNodeRef, many=True, items="aggregateNodeRef"
    )


@element(ESPI, "MeterReading")
@dataclass(frozen=True, kw_only=True, slots=True)
class MeterReading(IdentifiedObject):
    """One channel of a usage point, measured as its related ReadingType says. espi.xsd MeterReading."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingInterharmonic:
    """Which interharmonic is measured. espi.xsd ReadingInterharmonic."""

    numerator: int | None = wire("numerator", INTEGER)
    # untyped in the schema
    denominator: int | None = wire("denominator", INTEGER)


@dataclass(frozen=True, kw_only=True, slots=True)
class RationalNumber:
    """A fraction. espi.xsd RationalNumber."""

    numerator: int | None = wire("numerator", INTEGER)
    # untyped in the schema
    denominator: int | None = wire("denominator", INTEGER)


@element(ESPI, "ReadingType")
@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingType(IdentifiedObject):
    """What the values of a meter reading are. espi.xsd ReadingType.

    A quantity is the reading's value × 10^`power_of_ten_multiplier` of `uom`. The numbers' names stand in
    `enums`.
    """

    accumulation_behaviour: int | None = wire("accumulationBehaviour", open_numbers("AccumulationKind", UINT16))
    commodity: int | None = wire("commodity", COMMODITY)
    consumption_tier: int | None = wire("consumptionTier", INT16)
    # ISO 4217 number
    currency: int | None = wire("currency", CURRENCY)
    data_qualifier: int | None = wire("dataQualifier", open_numbers("DataQualifierKind", UINT16))
    default_quality: int | None = wire("defaultQuality", QUALITY)
    flow_direction: int | None = wire("flowDirection", open_numbers("FlowDirectionKind", UINT16))
    # seconds
    interval_length: int | None = wire("intervalLength", UINT32)
    kind: int | None = wire("kind", open_numbers("MeasurementKind", UINT16))
    phase: int | None = wire("phase", PHASE)
    power_of_ten_multiplier: int | None = wire("powerOfTenMultiplier", UNIT_MULTIPLIER)
    time_attribute: int | None = wire("timeAttribute", open_numbers("TimePeriodOfInterest", UINT16))
    tou: int | None = wire("tou", INT16)
    uom: int | None = wire("uom", UNIT_SYMBOL)
    cpp: int | None = wire("cpp", INT16)
    interharmonic: ReadingInterharmonic | None = wire("interharmonic", ReadingInterharmonic)
    measuring_period: int | None = wire("measuringPeriod", open_numbers("TimeAttributeKind", UINT16))
    argument: RationalNumber | None = wire("argument", RationalNumber)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingQuality:
    """How far a value may be trusted. espi.xsd ReadingQuality."""

    quality: int = wire("quality", QUALITY, required=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class IntervalReading:
    """One value of a meter over one stretch of time. espi.xsd IntervalReading.

    `value` is a bare integer: the ReadingType that the MeterReading links to says its unit and its power of
    ten.
    """

    # in 1/100 000 of the currency that the ReadingType names
    cost: int | None = wire("cost", INT48)
    # where it is empty, the ReadingType's default
    quality: tuple[ReadingQuality, ...] = wire("ReadingQuality", ReadingQuality, many=True)
    # where it is absent, readings follow each other by the ReadingType's interval length
    time_period: DateTimeInterval | None = wire("timePeriod", DateTimeInterval)
    value: int | None = wire("value", INT48)
    consumption_tier: int | None = wire("consumptionTier", INT16)
    tou: int | None = wire("tou", INT16)
    cpp: int | None = wire("cpp", INT16)


@element(ESPI, "IntervalBlock")
@dataclass(frozen=True, kw_only=True, slots=True)
class IntervalBlock(IdentifiedObject):
    """Readings of a meter reading one after the other; in our feeds a local day's. espi.xsd IntervalBlock."""

    interval: DateTimeInterval | None = wire("interval", DateTimeInterval)
    # a tuple, but for who reads them in columns
    reading: Sequence[IntervalReading] = wire("IntervalReading", IntervalReading, many=True)


@element(ESPI, "LocalTimeParameters")
@dataclass(frozen=True, kw_only=True, slots=True)
class LocalTimeParameters(IdentifiedObject):
    """A time zone: its offset, and when its clock is changed. espi.xsd TimeConfiguration.

    The rules are words of 32 bits, eight hexadecimal digits; `dst` reads and writes them.
    """

    dst_end_rule: str = wire("dstEndRule", HEX32, required=True)
    # seconds that are added while daylight saving time is kept
    dst_offset: int = wire("dstOffset", OFFSET, required=True)
    dst_start_rule: str = wire("dstStartRule", HEX32, required=True)
    # seconds east of UTC in standard time
    tz_offset: int = wire("tzOffset", OFFSET, required=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramIdMapping:
    """What one number in the readings' `tou`, `cpp` or `consumptionTier` means. espi.xsd ProgramIdMappings.

    The schema leaves code, name and note untyped; we hold them to be texts.
    """

    kind: str = wire(
        "tOUorCPPorConsumptionTier",
        closed_words("tOUorCPPorConsumptionTier", ProgramCodeKind),
        required=True,
    )
    code: str = wire("code", TEXT, required=True)
    name: str = wire("name", TEXT, required=True)
    note: str | None = wire("note", TEXT)


@element(ESPI, "ProgramIdMappings")
@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramIdMappings(IdentifiedObject):
    """The dictionary of the programme numbers in readings. espi.xsd ProgramIdMappings."""

    program_id_mapping: tuple[ProgramIdMapping, ...] = wire("programIdMapping", ProgramIdMapping, many=True, least=1)


@element(ESPI, "ServiceStatus")
@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceStatus:
    """Whether the service runs: 1 normal, 0 unavailable. espi.xsd ServiceStatus."""

    current_status: int = wire("currentStatus", open_numbers("ESPIServiceStatus", UINT16), required=True)


@element(ESPI, "BatchList")
@dataclass(frozen=True, kw_only=True, slots=True)
class BatchList:
    """What a notice says: the addresses of what is ready. espi.xsd BatchListType."""

    resources: tuple[str, ...] = wire("resources", URI, many=True)
