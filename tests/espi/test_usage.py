"""The types of the usage schema are what the official schemas say that they are."""

import enum
import inspect
from pathlib import Path
from typing import Any

import pytest

from tests.espi.declared import case_id, cases, check_lists, check_order_and_number
from tests.espi.schemas import Generation
from wattshare.espi import enums, usage
from wattshare.espi.fields import ELEMENTS, ESPI, Element, Part, SchemaSet, Simple, element_of, parts
from wattshare.espi.usage import (
    BatchList,
    DateTimeInterval,
    ElectricPowerUsageSummary,
    IntervalReading,
    LineItem,
    UsageSummary,
)

every_element = pytest.mark.parametrize(("own", "schema"), cases(ESPI), ids=case_id)

# the names of numbers whose type in the schema is called otherwise
NUMBERS = {
    "AccumulationBehaviour": "AccumulationKind",
    "DataQualifier": "DataQualifierKind",
    "FlowDirection": "FlowDirectionKind",
    "MeasuringPeriod": "TimeAttributeKind",
    "PhaseCode": "PhaseCodeKind",
    "ServiceStatusKind": "ESPIServiceStatus",
    "ThirdPartyApplicationStatus": "ThirdPartyApplicatonStatus",
    "TimeAttribute": "TimePeriodOfInterest",
    "UnitMultiplier": "UnitMultiplierKind",
    "UnitSymbol": "UnitSymbolKind",
}
NUMERIC = [
    one
    for one in vars(enums).values()
    if inspect.isclass(one) and issubclass(one, enum.IntEnum) and one is not enum.IntEnum
]


@every_element
def test_names_order_and_numbers_are_the_official_ones(own: Element, schema: SchemaSet, fixtures: Path) -> None:
    check_order_and_number(own, schema, fixtures)


@every_element
def test_closed_lists_are_the_official_ones(own: Element, schema: SchemaSet, fixtures: Path) -> None:
    check_lists(own, schema, fixtures)


@pytest.mark.parametrize("named", NUMERIC, ids=lambda named: named.__name__)
def test_the_numbers_that_have_names_are_the_official_ones(named: type[enum.IntEnum], fixtures: Path) -> None:
    # the one number that 3.3 lists and 4.0 does not is the weather service
    generation = Generation(fixtures, SchemaSet.NAESB_3_3, ESPI)
    values, _ = generation.listed(NUMBERS.get(named.__name__, named.__name__))
    assert {str(int(one)) for one in named} == values


def test_every_type_is_reached_from_an_element() -> None:
    reached: set[type] = set()
    waiting = [one.kind for one in ELEMENTS.values() if one.namespace == ESPI]
    while waiting:
        kind = waiting.pop()
        reached.add(kind)
        waiting += [p.wire.type for p in parts(kind) if not isinstance(p.wire.type, Simple)]
    named = {getattr(usage, name) for name in usage.__all__}
    assert named - reached == {usage.IdentifiedObject}


def part_of(kind: type, field: str) -> Part:
    return next(part for part in parts(kind) if part.field == field)


def test_a_field_knows_its_name_in_every_generation() -> None:
    point = part_of(usage.UsagePoint, "service_delivery_point").wire
    assert point.name_in(SchemaSet.PGE_2018) == "ServiceDeliveryPoint"
    assert point.name_in(SchemaSet.CERT_2019) == "serviceDeliveryPoint"
    assert point.all_names == ("serviceDeliveryPoint", "ServiceDeliveryPoint")


def test_tariff_riders_have_a_wrapper_but_for_the_oldest_generation() -> None:
    riders = part_of(UsageSummary, "tariff_rider_refs").wire
    assert riders.items_in(SchemaSet.PGE_2018) is None
    assert riders.items_in(SchemaSet.CERT_2019) == "tariffRiderRef"
    assert riders.repeated


def test_generations_know_what_came_before_them() -> None:
    assert SchemaSet.ESPI_4_0.has(SchemaSet.PGE_2018)
    assert SchemaSet.PGE_2018.has(SchemaSet.PGE_2018)
    assert not SchemaSet.CERT_2019.has(SchemaSet.NAESB_3_3)


def test_a_helper_type_is_no_element_of_its_own() -> None:
    assert element_of(BatchList).name == "BatchList"
    with pytest.raises(ValueError, match="DateTimeInterval"):
        element_of(DateTimeInterval)


def test_an_old_summary_is_the_same_bill_in_the_new_type() -> None:
    line = LineItem(note="Base", item_kind=enums.ItemKind.USAGE_FEE, amount=1)
    period = DateTimeInterval(duration=2_592_000, start=1_709_280_000)
    told: dict[str, Any] = {
        "billing_period": period,
        "bill_last_period": 12_345_678,
        "cost_additional_detail_last_period": (line,),
        "status_time_stamp": 1_712_000_000,
        "commodity": 1,
    }
    assert ElectricPowerUsageSummary(**told).as_usage_summary() == UsageSummary(**told)


def test_values_cannot_be_changed() -> None:
    reading = IntervalReading(value=1)
    with pytest.raises(AttributeError):
        reading.value = 2  # type: ignore[misc]
