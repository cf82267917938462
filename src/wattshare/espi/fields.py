"""How the types of the standard are declared: one declaration an element, read by reader, writer and `plain`.

A type is a frozen dataclass whose fields stand in the schema's order, each made by `wire()` with the
element's name written out. Nothing is derived from the names of fields. What differs from one generation of
the schemas to the next stands in the declaration too: on output the profile's generation decides, on input
all are known.

    for part in parts(UsagePoint):
        part.field, part.wire.name, part.wire.type
"""

import dataclasses
import enum
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

ATOM = "http://www.w3.org/2005/Atom"
ESPI = "http://naesb.org/espi"
CUSTOMER = "http://naesb.org/espi/customer"

_KEY = "wire"
T = TypeVar("T")


class SchemaSet(enum.StrEnum):
    """A generation of the official schemas, oldest first."""

    PGE_2018 = "pge-2018"
    CERT_2019 = "cert-2019"
    NAESB_3_3 = "naesb-3.3"
    ESPI_4_0 = "espi-4.0"

    def has(self, since: "SchemaSet") -> bool:
        """Whether what came with `since` is in this generation."""
        return _GENERATIONS.index(self) >= _GENERATIONS.index(since)


_GENERATIONS = tuple(SchemaSet)


class Form(enum.Enum):
    """What a leaf's text is, and so which Python type holds it."""

    # int; blanks around it do not count
    WHOLE = enum.auto()
    # decimal.Decimal
    DECIMAL = enum.auto()
    # bool
    TRUTH = enum.auto()
    # str, kept to the blank
    TEXT = enum.auto()
    # str; blanks around it do not count. RFC 3986
    URI = enum.auto()
    # str of pairs of hexadecimal digits, kept as written
    HEX = enum.auto()


@dataclass(frozen=True, kw_only=True)
class Simple:
    """A simple type: what the text of a leaf may be."""

    # as in the schema
    name: str
    form: Form
    # of a number, both in
    low: int | None = None
    high: int | None = None
    # characters of a text, bytes of a hexadecimal number
    longest: int | None = None
    # what the type lists
    listed: frozenset[int | str] = frozenset()
    # the generations in which it is one of these or invalid; elsewhere others pass
    closed_in: frozenset[SchemaSet] = frozenset()

    def closed(self) -> bool:
        """Whether no generation lets an unlisted value pass."""
        return len(self.closed_in) == len(SchemaSet)


def whole(name: str, low: int, high: int) -> Simple:
    """A type of whole numbers."""
    return Simple(name=name, form=Form.WHOLE, low=low, high=high)


def text(name: str, longest: int | None) -> Simple:
    """A type of texts."""
    return Simple(name=name, form=Form.TEXT, longest=longest)


def open_numbers(name: str, base: Simple) -> Simple:
    """A numeric enumeration: the numbers that it lists are names only, any other of `base` is valid, too."""
    return dataclasses.replace(base, name=name)


def closed_numbers(name: str, base: Simple, listed: type[enum.IntEnum]) -> Simple:
    """A numeric enumeration that PG&E's schema closes and the later ones open."""
    values: frozenset[int | str] = frozenset(int(value) for value in listed)
    return dataclasses.replace(base, name=name, listed=values, closed_in=frozenset({SchemaSet.PGE_2018}))


def closed_words(name: str, listed: type[enum.StrEnum]) -> Simple:
    """An enumeration of words, closed in every generation."""
    return _words(name, listed, frozenset(SchemaSet), None)


def open_words(name: str, listed: type[enum.StrEnum], longest: int | None = None) -> Simple:
    """An enumeration of words that PG&E's schema closes and the later ones open."""
    return _words(name, listed, frozenset({SchemaSet.PGE_2018}), longest)


def _words(name: str, listed: type[enum.StrEnum], closed_in: frozenset[SchemaSet], longest: int | None) -> Simple:
    values: frozenset[int | str] = frozenset(value.value for value in listed)
    return Simple(name=name, form=Form.TEXT, longest=longest, listed=values, closed_in=closed_in)


INT16 = whole("Int16", -(2**15), 2**15 - 1)
INT48 = whole("Int48", -(2**47), 2**47)
UINT8 = whole("UInt8", 0, 2**8 - 1)
UINT16 = whole("UInt16", 0, 2**16 - 1)
UINT32 = whole("UInt32", 0, 2**32 - 1)
# xs:integer has no bounds; a number of more digits is no count of anything here
INTEGER = whole("integer", -(2**63), 2**63 - 1)
PERCENT = whole("PerCent", 0, 100)
# xs:long in the schema. A time before 1970 or after 2099 is a fault, mostly milliseconds
TIME = whole("TimeType", 0, 4_102_444_800)
# the same type where it is a difference: seconds east of UTC, seconds that a clock is put forward
OFFSET = whole("TimeType", -86_400, 86_400)
TEXT = text("string", None)
STRING32 = text("String32", 32)
STRING64 = text("String64", 64)
STRING256 = text("String256", 256)
STRING512 = text("String512", 512)
URI = Simple(name="anyURI", form=Form.URI)
BOOLEAN = Simple(name="boolean", form=Form.TRUTH)
FLOAT = Simple(name="float", form=Form.DECIMAL)
HEX16 = Simple(name="HexBinary16", form=Form.HEX, longest=2)
HEX32 = Simple(name="HexBinary32", form=Form.HEX, longest=4)

_NOWHERE: Mapping[SchemaSet, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Wire:
    """One child element of a type, as the schemas have it.

    `name`, `least` and `most` are those of the newest generation; `names`, `leasts` and `mosts` hold what
    differs in older ones. `most` None is any number. A field with `most` other than 1 holds a tuple.
    """

    name: str
    # a leaf's simple type, or the dataclass of a structure
    type: Simple | type
    least: int
    most: int | None
    names: Mapping[SchemaSet, str]
    leasts: Mapping[SchemaSet, int]
    mosts: Mapping[SchemaSet, int]
    # the first generation that knows it; older ones are sent without
    since: SchemaSet
    # the name of the items, where `name` is a wrapper around all of them that stands once, or not at all …
    items: str | None
    # … except in the generations where there is no wrapper and `name` itself is repeated
    bare_in: frozenset[SchemaSet]

    @property
    def repeated(self) -> bool:
        """Whether the field holds a tuple."""
        return self.most != 1

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every name that it has had, the newest first."""
        return tuple(dict.fromkeys((self.name, *self.names.values())))

    def name_in(self, schema: SchemaSet) -> str:
        """Its name in one generation."""
        return self.names.get(schema, self.name)

    def least_in(self, schema: SchemaSet) -> int:
        """How often it must stand in one generation."""
        return self.leasts.get(schema, self.least)

    def most_in(self, schema: SchemaSet) -> int | None:
        """How often it may stand in one generation; None is any number."""
        return self.mosts.get(schema, self.most)

    def items_in(self, schema: SchemaSet) -> str | None:
        """The name of what its wrapper holds, None where there is no wrapper."""
        return None if schema in self.bare_in else self.items


def wire(
    name: str,
    kind: Simple | type,
    *,
    required: bool = False,
    many: bool = False,
    least: int = 0,
    names: Mapping[SchemaSet, str] = _NOWHERE,
    leasts: Mapping[SchemaSet, int] = _NOWHERE,
    mosts: Mapping[SchemaSet, int] = _NOWHERE,
    since: SchemaSet = SchemaSet.PGE_2018,
    items: str | None = None,
    bare_in: frozenset[SchemaSet] = frozenset(),
) -> Any:
    """A field that is one child element: optional unless `required`, a tuple if `many`."""
    described = Wire(
        name=name,
        type=kind,
        least=1 if required else least,
        most=None if many else 1,
        names=names,
        leasts=leasts,
        mosts=mosts,
        since=since,
        items=items,
        bare_in=bare_in,
    )
    metadata = {_KEY: described}
    if required:
        return field(metadata=metadata)
    return field(default=() if many else None, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A field of a type, and the element that it is."""

    field: str
    wire: Wire


@functools.cache
def parts(kind: type) -> tuple[Part, ...]:
    """The fields of a type, in the order in which their elements must stand."""
    return tuple(Part(field=one.name, wire=one.metadata[_KEY]) for one in dataclasses.fields(kind))


@dataclass(frozen=True, kw_only=True)
class Element:
    """An element that may stand in an atom:content or be a document of its own."""

    namespace: str
    name: str
    kind: type
    since: SchemaSet


# by namespace and name; filled by the modules that declare the types
ELEMENTS: dict[tuple[str, str], Element] = {}
_BY_KIND: dict[type, Element] = {}


def element(namespace: str, name: str, *, since: SchemaSet = SchemaSet.PGE_2018) -> Callable[[type[T]], type[T]]:
    """Declare that a type is an element of the schemas that may stand by itself.

    All that is below it is of the same namespace.
    """

    def declare(kind: type[T]) -> type[T]:
        declared = Element(namespace=namespace, name=name, kind=kind, since=since)
        ELEMENTS[namespace, name] = _BY_KIND[kind] = declared
        return kind

    return declare


def element_of(kind: type) -> Element:
    """The element that a type is, when it stands by itself.

    Raises:
        ValueError: it never does.
    """
    found = _BY_KIND.get(kind)
    if found is None:
        raise ValueError(f"{kind.__name__} is no element of its own.")
    return found
