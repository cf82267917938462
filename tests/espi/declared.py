"""The declarations of types, laid out as `schemas` lays out the official ones, and where both must agree."""

from collections.abc import Iterator
from pathlib import Path

from tests.espi.schemas import Generation, Row
from wattshare.espi.fields import ELEMENTS, Element, SchemaSet, Simple, Wire, parts

# types that restrict nothing, or nothing but their names
ALIASES = {
    "DstRuleType": "HexBinary32",
    "PricingStructure": "anyURI",
    "name": "String64",
}
# what has no type in the official schema, by the last step of its path, and what it is held to be
UNTYPED = {
    "UsagePoint": "anyURI",
    "code": "string",
    "dataCustodianScopeSelectionScreenURI": "string",
    "denominator": "integer",
    "name": "string",
    "note": "string",
    "registration_access_token": "string",
    "registration_client_uri": "string",
}


def cases(namespace: str) -> list[tuple[Element, SchemaSet]]:
    """Every element of a namespace in every generation that has it."""
    known = [one for one in ELEMENTS.values() if one.namespace == namespace]
    return [(one, schema) for one in known for schema in SchemaSet if schema.has(one.since)]


def case_id(value: object) -> str:
    """The name of half a case."""
    return value.name if isinstance(value, Element) else str(value)


def check_order_and_number(own: Element, schema: SchemaSet, folder: Path) -> None:
    """Names, order, numbers and types of all that is below an element are the official ones."""
    official = Generation(folder, schema, own.namespace)
    kind = official.element_type(own.name)
    assert kind is not None
    assert list(rows(own.kind, schema)) == [_official(row) for row in official.rows(kind)]


def check_lists(own: Element, schema: SchemaSet, folder: Path) -> None:
    """A leaf is closed where its official type is, and lists what that one lists."""
    official = Generation(folder, schema, own.namespace)
    for simple in leaves(own.kind, schema):
        values, closed = official.listed(simple.name)
        assert (schema in simple.closed_in) == closed, simple.name
        assert not simple.listed or {str(value) for value in simple.listed} == values, simple.name


def rows(kind: type, schema: SchemaSet, path: str = "") -> Iterator[Row]:
    """All that is below a type in one generation, in order."""
    for part in parts(kind):
        wire = part.wire
        if not schema.has(wire.since):
            continue
        name, items = wire.name_in(schema), wire.items_in(schema)
        least, most = wire.least_in(schema), wire.most_in(schema)
        if items:
            yield f"{path}/{name}", 0, 1, ""
            yield from _row(wire, f"{path}/{name}/{items}", 1, None, schema)
        else:
            yield from _row(wire, f"{path}/{name}", least, most, schema)


def _row(wire: Wire, path: str, least: int, most: int | None, schema: SchemaSet) -> Iterator[Row]:
    if isinstance(wire.type, Simple):
        yield path, least, most, wire.type.name
    else:
        yield path, least, most, ""
        yield from rows(wire.type, schema, path)


def leaves(kind: type, schema: SchemaSet) -> Iterator[Simple]:
    """The types of all leaves below a type in one generation."""
    for part in parts(kind):
        if not schema.has(part.wire.since):
            continue
        if isinstance(part.wire.type, Simple):
            yield part.wire.type
        else:
            yield from leaves(part.wire.type, schema)


def _official(row: Row) -> Row:
    path, least, most, kind = row
    last = path.rpartition("/")[2]
    if last == "tariffRiderRef":
        # 3.3 lets a wrapper be empty; we never write one
        least = 1
    return path, least, most, ALIASES.get(kind) or kind or UNTYPED.get(last, "")
