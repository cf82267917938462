"""The types of the usage schema that tell of a period as a whole: bills and power quality. espi.xsd.

Amounts are integers in 1/100 000 of the currency.
"""

# wire() makes a field of a dataclass, as field() does

import dataclasses
from dataclasses import dataclass

from wattshare.espi.basics import (
    COMMODITY,
    CURRENCY,
    QUALITY,
    DateTimeInterval,
    IdentifiedObject,
    SummaryMeasurement,
    TariffRiderRef,
)
from wattshare.espi.fields import (
    ESPI,
    INT48,
    STRING256,
    TIME,
    UINT8,
    UINT16,
    SchemaSet,
    element,
    open_numbers,
    wire,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LineItem:
    """One line of a bill. espi.xsd LineItem."""

    amount: int | None = wire("amount", INT48)
    rounding: int | None = wire("rounding", INT48)
    date_time: int | None = wire("dateTime", TIME)
    note: str = wire("note", STRING256, required=True)
    # the quantity that is billed
    measurement: SummaryMeasurement | None = wire("measurement", SummaryMeasurement)
    item_kind: int = wire("itemKind", open_numbers("ItemKind", UINT16), required=True)
    unit_cost: int | None = wire("unitCost", INT48)
    item_period: DateTimeInterval | None = wire("itemPeriod", DateTimeInterval)


@dataclass(frozen=True, kw_only=True, slots=True)
class BillingChargeSource:
    """Who charges, where it is not the custodian. espi.xsd BillingChargeSource."""

    agency_name: str | None = wire("agencyName", STRING256)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill(IdentifiedObject):
    """What both summaries of usage have alike, from billingPeriod to commodity. espi.xsd UsageSummary.

    `bill_last_period`, the additional cost and its details are of `billing_period`; `bill_to_date` and what
    is current are of the period that runs.
    """

    billing_period: DateTimeInterval | None = wire("billingPeriod", DateTimeInterval)
    bill_last_period: int | None = wire("billLastPeriod", INT48)
    bill_to_date: int | None = wire("billToDate", INT48)
    cost_additional_last_period: int | None = wire("costAdditionalLastPeriod", INT48)
    cost_additional_detail_last_period: tuple[LineItem, ...] = wire(
        "costAdditionalDetailLastPeriod", LineItem, many=True
    )
    # ISO 4217 number, of all amounts
    currency: int | None = wire("currency", CURRENCY)
    overall_consumption_last_period: SummaryMeasurement | None = wire(
        "overallConsumptionLastPeriod", SummaryMeasurement
    )
    current_billing_period_over_all_consumption: SummaryMeasurement | None = wire(
        "currentBillingPeriodOverAllConsumption", SummaryMeasurement
    )
    current_day_last_year_net_consumption: SummaryMeasurement | None = wire(
        "currentDayLastYearNetConsumption", SummaryMeasurement
    )
    current_day_net_consumption: SummaryMeasurement | None = wire("currentDayNetConsumption", SummaryMeasurement)
    current_day_overall_consumption: SummaryMeasurement | None = wire(
        "currentDayOverallConsumption", SummaryMeasurement
    )
    peak_demand: SummaryMeasurement | None = wire("peakDemand", SummaryMeasurement)
    previous_day_last_year_overall_consumption: SummaryMeasurement | None = wire(
        "previousDayLastYearOverallConsumption", SummaryMeasurement
    )
    previous_day_net_consumption: SummaryMeasurement | None = wire("previousDayNetConsumption", SummaryMeasurement)
    previous_day_overall_consumption: SummaryMeasurement | None = wire(
        "previousDayOverallConsumption", SummaryMeasurement
    )
    quality_of_reading: int | None = wire("qualityOfReading", QUALITY)
    ratchet_demand: SummaryMeasurement | None = wire("ratchetDemand", SummaryMeasurement)
    ratchet_demand_period: DateTimeInterval | None = wire("ratchetDemandPeriod", DateTimeInterval)
    status_time_stamp: int = wire("statusTimeStamp", TIME, required=True)
    commodity: int | None = wire("commodity", COMMODITY)


@element(ESPI, "UsageSummary")
@dataclass(frozen=True, kw_only=True, slots=True)
class UsageSummary(Bill):
    """The bill of a period. espi.xsd UsageSummary."""

    tariff_profile: str | None = wire("tariffProfile", STRING256)
    read_cycle: str | None = wire("readCycle", STRING256)
    tariff_rider_refs: tuple[TariffRiderRef, ...] = wire(
        "tariffRiderRefs",
        TariffRiderRef,
        many=True,
        items="tariffRiderRef",
        bare_in=frozenset({SchemaSet.PGE_2018}),
    )
    billing_charge_source: BillingChargeSource | None = wire("billingChargeSource", BillingChargeSource)


@element(ESPI, "ElectricPowerUsageSummary")
@dataclass(frozen=True, kw_only=True, slots=True)
class ElectricPowerUsageSummary(Bill):
    """A bill as older custodians tell it; read, never sent. espi.xsd ElectricPowerUsageSummary."""

    def as_usage_summary(self) -> UsageSummary:
        """The same bill as the type that took its place."""
        return UsageSummary(**{one.name: getattr(self, one.name) for one in dataclasses.fields(self)})


@element(ESPI, "ElectricPowerQualitySummary")
@dataclass(frozen=True, kw_only=True, slots=True)
class ElectricPowerQualitySummary(IdentifiedObject):
    """Events and worst values over a stretch of time. espi.xsd ElectricPowerQualitySummary.

    Voltages are in µV, frequencies in µHz, flicker is in hundredths of a volt.
    """

    flicker_plt: int | None = wire("flickerPlt", INT48)
    flicker_pst: int | None = wire("flickerPst", INT48)
    harmonic_voltage: int | None = wire("harmonicVoltage", INT48)
    long_interruptions: int | None = wire("longInterruptions", INT48)
    mains_voltage: int | None = wire("mainsVoltage", INT48)
    # 0 IEEE 1519-2009, 1 EN 50160
    measurement_protocol: int | None = wire("measurementProtocol", UINT8)
    power_frequency: int | None = wire("powerFrequency", INT48)
    rapid_voltage_changes: int | None = wire("rapidVoltageChanges", INT48)
    short_interruptions: int | None = wire("shortInterruptions", INT48)
    summary_interval: DateTimeInterval = wire("summaryInterval", DateTimeInterval, required=True)
    supply_voltage_dips: int | None = wire("supplyVoltageDips", INT48)
    supply_voltage_imbalance: int | None = wire("supplyVoltageImbalance", INT48)
    supply_voltage_variations: int | None = wire("supplyVoltageVariations", INT48)
    temp_overvoltage: int | None = wire("tempOvervoltage", INT48)
