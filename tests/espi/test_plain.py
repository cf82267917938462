"""Objects of the standard become JSON and come back the same."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from tests.espi import specimens
from tests.espi.strategies import objects
from wattshare.espi.customer import CustomerBatchList, Meter, MeterMultiplier
from wattshare.espi.enums import CustomerKind, UnitSymbol
from wattshare.espi.fields import ELEMENTS, Element, SchemaSet
from wattshare.espi.plain import from_plain, to_plain
from wattshare.espi.usage import BatchList, DateTimeInterval, MeterReading, ReadingType, UsagePoint, UsageSummary


@pytest.mark.parametrize("own", ELEMENTS.values(), ids=lambda one: f"{one.namespace[-8:]}-{one.name}")
def test_any_object_comes_back_the_same(own: Element) -> None:
    @given(objects(SchemaSet.ESPI_4_0, [own]))
    @settings(deadline=None, max_examples=25)
    def check(value: Any) -> None:
        assert from_plain(json.loads(json.dumps(to_plain(value)))) == value

    check()


def test_keys_are_wire_names_and_what_is_absent_is_left_out() -> None:
    assert to_plain(specimens.USAGE_SUMMARY.content[0])["tariffRiderRefs"] == [
        {"riderType": "Low income", "enrollmentStatus": "enrolled", "effectiveDate": specimens.DAY},
        {"riderType": "Solar", "enrollmentStatus": "unenrolled", "effectiveDate": specimens.DAY},
    ]
    assert to_plain(MeterReading()) == {"@type": "MeterReading"}
    assert to_plain(UsageSummary(status_time_stamp=0)) == {"@type": "UsageSummary", "statusTimeStamp": 0}


def test_elements_of_the_customer_schema_are_marked() -> None:
    assert to_plain(BatchList()) == {"@type": "BatchList"}
    assert to_plain(CustomerBatchList()) == {"@type": "customer:BatchList"}
    assert isinstance(from_plain({"@type": "customer:BatchList"}), CustomerBatchList)


def test_members_of_enumerations_become_their_values() -> None:
    plain = to_plain(ReadingType(uom=UnitSymbol.WH))
    assert type(plain["uom"]) is int
    meter = Meter(type=CustomerKind.OTHER, meter_multipliers=(MeterMultiplier(value=Decimal("1.50")),))
    assert type(to_plain(meter)["type"]) is str
    assert to_plain(meter)["MeterMultipliers"] == [{"value": "1.50"}]


@pytest.mark.parametrize(
    ("plain", "sentence"),
    [
        ({}, "@type names no element"),
        ({"@type": "IntervalReading"}, "@type names no element"),
        ({"@type": "Customer"}, "@type names no element"),
        ({"@type": 7}, "@type names no element"),
        ({"@type": "ReadingType", "unit": 72}, "ReadingType has no unit"),
        ({"@type": "ReadingType", "uom": "72"}, "uom is no UnitSymbolKind"),
        ({"@type": "ReadingType", "uom": True}, "uom is no UnitSymbolKind"),
        ({"@type": "ReadingType", "uom": None}, "uom is no UnitSymbolKind"),
        ({"@type": "UsageSummary"}, "statusTimeStamp is missing"),
        ({"@type": "UsagePoint", "ServiceCategory": 0}, "ServiceCategory is no structure"),
        ({"@type": "UsagePoint", "ServiceCategory": {}}, "kind is missing"),
        ({"@type": "BatchList", "resources": "a"}, "resources is no list"),
        ({"@type": "customer:Meter", "MeterMultipliers": [{"value": 1.5}]}, "value is no decimal number"),
        ({"@type": "customer:Meter", "MeterMultipliers": [{"value": "x"}]}, "value is no decimal number"),
    ],
)
def test_what_is_no_such_object_is_refused_by_name(plain: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        from_plain(plain)


def test_a_helper_type_does_not_stand_alone() -> None:
    with pytest.raises(ValueError, match="DateTimeInterval"):
        to_plain(DateTimeInterval(duration=1, start=0))  # type: ignore[arg-type]


def test_the_old_name_of_an_element_is_none_of_the_keys() -> None:
    with pytest.raises(ValueError, match="UsagePoint has no ServiceDeliveryPoint"):
        from_plain({"@type": "UsagePoint", "ServiceDeliveryPoint": {}})
    assert from_plain({"@type": "UsagePoint", "serviceDeliveryPoint": {}}) != UsagePoint()
