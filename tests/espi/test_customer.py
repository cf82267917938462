"""The types of the customer schema are what the official schemas say that they are."""

from pathlib import Path

import pytest

from tests.espi.declared import case_id, cases, check_lists, check_order_and_number
from tests.espi.schemas import Generation
from wattshare.espi import customer, usage
from wattshare.espi.fields import CUSTOMER, ELEMENTS, ESPI, Element, SchemaSet, Simple, parts

every_element = pytest.mark.parametrize(("own", "schema"), cases(CUSTOMER), ids=case_id)


@every_element
def test_names_order_and_numbers_are_the_official_ones(own: Element, schema: SchemaSet, fixtures: Path) -> None:
    check_order_and_number(own, schema, fixtures)


@every_element
def test_closed_lists_are_the_official_ones(own: Element, schema: SchemaSet, fixtures: Path) -> None:
    check_lists(own, schema, fixtures)


@pytest.mark.parametrize("schema", SchemaSet)
def test_an_element_is_in_no_generation_before_its_first(schema: SchemaSet, fixtures: Path) -> None:
    official = Generation(fixtures, schema, CUSTOMER)
    for own in ELEMENTS.values():
        if own.namespace == CUSTOMER:
            assert (official.element_type(own.name) is not None) == schema.has(own.since), own.name


def test_every_type_is_reached_from_an_element() -> None:
    reached: set[type] = set()
    waiting = [one.kind for one in ELEMENTS.values() if one.namespace == CUSTOMER]
    while waiting:
        kind = waiting.pop()
        reached |= {one for one in kind.__mro__ if one is not object}
        waiting += [p.wire.type for p in parts(kind) if not isinstance(p.wire.type, Simple)]
    assert {getattr(customer, name) for name in customer.__all__} <= reached


def test_types_that_both_schemas_have_are_two() -> None:
    for name in ("BatchList", "LocalTimeParameters"):
        assert ELEMENTS[CUSTOMER, name].kind is getattr(customer, f"Customer{name}")
        assert ELEMENTS[ESPI, name].kind is getattr(usage, name)


def test_an_interval_of_the_customer_schema_may_be_open() -> None:
    assert customer.DateTimeInterval(start=0).duration is None
    with pytest.raises(TypeError, match="duration"):
        usage.DateTimeInterval(start=0)


@pytest.mark.parametrize(
    ("kind", "field", "old", "new"),
    [
        (customer.TelephoneNumber, "ext", "extension", "ext"),
        (customer.Location, "position_points", "PositionPoints", "positionPoints"),
    ],
)
def test_a_field_has_the_name_of_its_generation(kind: type, field: str, old: str, new: str) -> None:
    [found] = [part.wire for part in parts(kind) if part.field == field]
    assert found.name_in(SchemaSet.PGE_2018) == old
    assert {found.name_in(schema) for schema in SchemaSet} == {old, new}
