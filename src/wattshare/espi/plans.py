"""The declarations of types made ready for reading: what each child is looked up in.

All generations of the schemas are read: a name that any of them has is known, and an element may stand as
seldom and as often as the most generous of them lets it.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# importing both fills `ELEMENTS`
from wattshare.espi import customer, usage
from wattshare.espi.fields import ELEMENTS, ESPI, Part, SchemaSet, Simple, Wire, parts
from wattshare.espi.scalars import parser

# what may begin any structure of the schemas, and is kept by no field
_EXTENSION = "extension"
# the types that some exporters put into a MeterReading instead of linking to them
_EMBEDDED: dict[type, frozenset[str]] = {usage.MeterReading: frozenset({f"{{{ESPI}}}ReadingType"})}
# the structures that some exporters write as a bare text, and the field that the text is
_BARE: dict[type, str] = {customer.Status: "value"}
# what older exporters leave out, and what is read in its place: ItemKind 10 is information
_STAND_INS: dict[tuple[type, str], int] = {(usage.LineItem, "item_kind"): 10}


class Absent:
    """Where a value would be, and is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What the name of a child stands for."""

    # its place in the schema's order
    index: int
    attribute: str
    name: str
    many: bool
    least: int
    most: int | None
    # of a leaf
    simple: Simple | None
    parse: Callable[[str], Any]
    # of a structure
    plan: "Plan | None"
    # of a wrapper around structures
    wrapper: "Plan | None"
    stand_in: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A type, ready to be read."""

    build: Callable[..., Any]
    # by qualified name
    slots: Mapping[str, Slot]
    required: tuple[Slot, ...]
    many: tuple[Slot, ...]
    # qualified names
    passed_over: frozenset[str]
    embeds: frozenset[str]
    # the field that a bare text is, where a lenient reading may find one
    bare: str | None


@functools.cache
def plan_of(kind: type, namespace: str) -> Plan:
    """The plan of a type whose elements are of a namespace."""
    slots = {
        f"{{{namespace}}}{name}": _slot(kind, index, part, namespace, name)
        for index, part in enumerate(parts(kind))
        for name in part.wire.all_names
    }
    return Plan(
        build=kind,
        slots=slots,
        required=tuple(slot for slot in slots.values() if slot.least),
        many=tuple(slot for slot in slots.values() if slot.many),
        passed_over=frozenset({f"{{{namespace}}}{_EXTENSION}"}),
        embeds=_EMBEDDED.get(kind, frozenset()),
        bare=_BARE.get(kind),
    )


def _slot(kind: type, index: int, part: Part, namespace: str, name: str) -> Slot:
    wire = part.wire
    simple = wire.type if isinstance(wire.type, Simple) else None
    inner = None if isinstance(wire.type, Simple) else plan_of(wire.type, namespace)
    most = [wire.most_in(schema) for schema in SchemaSet]
    return Slot(
        index=index,
        attribute=part.field,
        name=name,
        many=wire.repeated,
        least=min(wire.least_in(schema) for schema in SchemaSet),
        most=None if None in most else max(count for count in most if count is not None),
        simple=simple,
        parse=parser(simple) if simple else _no_leaf,
        plan=inner,
        wrapper=_wrapper(wire, namespace) if wire.items else None,
        stand_in=_STAND_INS.get((kind, part.field)),
    )


def _no_leaf(_: str) -> Any:
    raise TypeError("A structure has no text.")


def _wrapper(wire: Wire, namespace: str) -> Plan:
    """The plan of an element that stands around all items of a field."""
    if isinstance(wire.type, Simple) or wire.items is None:
        raise TypeError(f"{wire.name} wraps no structures.")
    item = Slot(
        index=0,
        attribute="items",
        name=wire.items,
        many=True,
        least=1,
        most=None,
        simple=None,
        parse=_no_leaf,
        plan=plan_of(wire.type, namespace),
        wrapper=None,
        stand_in=None,
    )
    return Plan(
        build=_unwrap,
        slots={f"{{{namespace}}}{wire.items}": item},
        required=(item,),
        many=(item,),
        passed_over=frozenset({f"{{{namespace}}}{_EXTENSION}"}),
        embeds=frozenset(),
        bare=None,
    )


def _unwrap(*, items: tuple[Any, ...]) -> tuple[Any, ...]:
    return items


RESOURCES: Mapping[str, Plan] = {
    f"{{{one.namespace}}}{one.name}": plan_of(one.kind, one.namespace) for one in ELEMENTS.values()
}
