"""Objects of the standard as plain JSON values, and back: for keeping small ones. espi.xsd, customer.xsd.

The keys are the wire names of the newest generation; `@type` is the element's name, with `customer:` before
those of the customer schema. What is absent is left out. Decimal numbers are texts.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from wattshare.espi.atom import Resource
from wattshare.espi.fields import CUSTOMER, ELEMENTS, ESPI, Form, Part, Simple, element_of, parts
from wattshare.espi.leaves import refuse

_TYPE = "@type"
_CUSTOMER = "customer:"
_CLASSES = {Form.WHOLE: int, Form.TRUTH: bool, Form.TEXT: str, Form.URI: str, Form.HEX: str}


def to_plain(resource: Resource) -> dict[str, Any]:
    """A JSON-able dict that `from_plain` turns into the same object.

    Raises:
        ValueError: its type is no element of its own.
    """
    own = element_of(type(resource))
    name = own.name if own.namespace == ESPI else _CUSTOMER + own.name
    return {_TYPE: name, **_plain_structure(resource)}


def _plain_structure(value: Any) -> dict[str, Any]:
    plain = {}
    kind: type = type(value)
    for part in parts(kind):
        held = getattr(value, part.field)
        if part.wire.repeated:
            if held:
                plain[part.wire.name] = [_plain_value(part, one) for one in held]
        elif held is not None:
            plain[part.wire.name] = _plain_value(part, held)
    return plain


def _plain_value(part: Part, value: Any) -> Any:
    if not isinstance(part.wire.type, Simple):
        return _plain_structure(value)
    if part.wire.type.form is Form.DECIMAL:
        return str(value)
    # a member of an enumeration is kept as the number or word that it is
    return _CLASSES[part.wire.type.form](value)


def from_plain(plain: Mapping[str, Any]) -> Resource:
    """The object that `to_plain` was given.

    Ranges and lengths are the writer's and the reader's affair.

    Raises:
        ValueError: it is not what `to_plain` gives; the sentence names the element.
    """
    content = dict(plain)
    name = content.pop(_TYPE, None)
    bare = str(name).removeprefix(_CUSTOMER)
    declared = ELEMENTS.get((ESPI if bare == name else CUSTOMER, bare))
    if declared is None:
        raise refuse(_TYPE, "names no element of the standard")
    resource: Resource = _structure(declared.kind, content, declared.name)
    return resource


def _structure(kind: type, plain: Any, name: str) -> Any:
    if not isinstance(plain, Mapping):
        raise refuse(name, "is no structure")
    known = {part.wire.name: part for part in parts(kind)}
    if unknown := plain.keys() - known.keys():
        raise refuse(name, f"has no {min(unknown)}")
    values = {known[key].field: _field(known[key], held) for key, held in plain.items()}
    for part in parts(kind):
        if part.wire.least and not part.wire.repeated and part.field not in values:
            raise refuse(part.wire.name, "is missing")
    return kind(**values)


def _field(part: Part, held: Any) -> Any:
    if not part.wire.repeated:
        return _value(part, held)
    if not isinstance(held, list):
        raise refuse(part.wire.name, "is no list")
    return tuple(_value(part, one) for one in held)


def _value(part: Part, held: Any) -> Any:
    wire = part.wire
    if not isinstance(wire.type, Simple):
        return _structure(wire.type, held, wire.name)
    if wire.type.form is Form.DECIMAL:
        return _decimal(wire.name, held)
    if held.__class__ is not _CLASSES[wire.type.form]:
        raise refuse(wire.name, f"is no {wire.type.name}")
    return held


def _decimal(name: str, held: Any) -> Decimal:
    try:
        return Decimal(held if isinstance(held, str) else "")
    except InvalidOperation:
        raise refuse(name, "is no decimal number") from None
