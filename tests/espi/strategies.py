"""Any value of any type of the standard, made from the declarations.

Each strategy is made once: Hypothesis looks a strategy over before it first draws from it, which takes longer than to
draw.
"""

import functools
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from wattshare.espi.atom import Entry, Feed, Link
from wattshare.espi.fields import ELEMENTS, Element, Form, Part, SchemaSet, Simple, parts

# all that XML can hold
CHARACTERS = st.one_of(
    st.sampled_from("\t\n\r &<>\"']é€𝄞"),
    st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"),
)
URIS = st.builds(
    "https://dc.example/espi/1_1/resource/{}".format,
    st.text("abcXYZ019-._~!$&'()*+,;=:@/", max_size=20),
)
UUIDS = st.uuids().map(str)
TIMES = st.integers(0, 4_102_444_799)


def objects(schema: SchemaSet, elements: Sequence[Element] = ()) -> st.SearchStrategy[Any]:
    """Values of the types that may stand by themselves in one generation, or of some of them."""
    chosen = [one for one in elements or ELEMENTS.values() if schema.has(one.since)]
    return st.sampled_from(chosen).flatmap(lambda one: values(one.kind, schema))


@functools.cache
def values(kind: type, schema: SchemaSet) -> st.SearchStrategy[Any]:
    """Values of one type that one generation can hold as they are."""
    known = [part for part in parts(kind) if schema.has(part.wire.since)]
    return st.builds(kind, **{part.field: _field(part, schema) for part in known})


def _field(part: Part, schema: SchemaSet) -> st.SearchStrategy[Any]:
    wire = part.wire
    one = leaves(wire.type, schema) if isinstance(wire.type, Simple) else values(wire.type, schema)
    least, most = wire.least_in(schema), wire.most_in(schema)
    if wire.repeated:
        return st.lists(one, min_size=least, max_size=most or least + 2).map(tuple)
    # structures are rare, so that values do not grow without end
    return one if least else st.one_of(st.none(), one)


@functools.cache
def leaves(simple: Simple, schema: SchemaSet) -> st.SearchStrategy[Any]:
    """Values of a simple type."""
    if schema in simple.closed_in:
        return st.sampled_from(sorted(simple.listed, key=str))
    match simple.form:
        case Form.WHOLE:
            return st.integers(simple.low, simple.high)
        case Form.DECIMAL:
            return st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=5)
        case Form.TRUTH:
            return st.booleans()
        case Form.TEXT:
            return st.text(CHARACTERS, max_size=min(simple.longest or 40, 40))
        case Form.URI:
            return URIS
        case Form.HEX:
            return st.binary(min_size=1, max_size=simple.longest).map(lambda data: data.hex().upper())


@functools.cache
def links() -> st.SearchStrategy[tuple[Link, ...]]:
    """Links in the order in which they are written, with a self link."""
    related = st.lists(URIS.map(lambda href: Link(rel="related", href=href)), max_size=2, unique=True)
    return st.tuples(URIS, URIS, related).map(
        lambda found: (Link(rel="up", href=found[0]), Link(rel="self", href=found[1]), *found[2])
    )


@functools.cache
def entries(content: st.SearchStrategy[Any]) -> st.SearchStrategy[Entry]:
    """Entries around one object each."""
    return st.builds(
        Entry,
        id=UUIDS,
        links=links(),
        title=st.text(CHARACTERS, max_size=20),
        published=TIMES,
        updated=TIMES,
        content=content.map(lambda one: (one,)),
    )


@functools.cache
def feeds(content: st.SearchStrategy[Any]) -> st.SearchStrategy[Feed]:
    """Feeds of up to three entries."""
    return st.builds(
        Feed,
        id=UUIDS,
        title=st.text(CHARACTERS, max_size=20),
        updated=TIMES,
        links=URIS.map(lambda href: (Link(rel="self", href=href),)),
        entries=st.lists(entries(content), max_size=3).map(tuple),
    )
