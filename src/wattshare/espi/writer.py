"""Values of the standard as XML: objects, entries, feeds. espi.xsd, customer.xsd; RFC 4287.

For each type, generation and prefix a plan is made once from the declarations: a function that appends the
pieces of an element. Nothing is looked up by name while values are written, and nothing is written that the
profile's schemas would refuse.
"""

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

from wattshare.espi.atom import Entry, Feed, Link, Resource
from wattshare.espi.customer import CustomerBatchList
from wattshare.espi.fields import (
    ATOM,
    CUSTOMER,
    ESPI,
    Form,
    Part,
    SchemaSet,
    Simple,
    element_of,
    parts,
)
from wattshare.espi.leaves import check_uri, escape, escape_attribute, printer, refuse
from wattshare.espi.profile import Profile
from wattshare.espi.usage import BatchList, ServiceStatus

# Writes a value, or a field of a value, to the pieces of a document.
_Write = Callable[[Any, list[str]], None]

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
# the bodies of notices, which stand by themselves outside of any feed
_DECLARED = (BatchList, CustomerBatchList)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# the first second of the year 10000, which RFC 3339 cannot write
_END_OF_TIME = 253_402_300_800
# the order of an entry's links; others follow as they come
_RELS = {"up": 0, "self": 1, "related": 2}


def write(document: Feed | Entry | Resource, profile: Profile, *, customer: bool | None = None) -> bytes:
    """A whole document in UTF-8.

    `customer` says whether a feed's root is that of a customer feed; without it, the contents do.

    Raises:
        ValueError: a value is outside of the profile's schemas; the sentence names the element.
    """
    if isinstance(document, Feed):
        customer = _all_customer(document) if customer is None else customer
        entries = (entry(one, profile, customer=customer) for one in document.entries)
        return feed_head(document, profile, customer=customer) + b"".join(entries) + feed_tail(profile)
    out: list[str] = []
    if isinstance(document, Entry):
        customer = _all_customer(Feed(id="", entries=(document,))) if customer is None else customer
        _write_entry(document, profile, customer, out, f"entry{_namespaces(profile, customer)}")
    else:
        _write_alone(document, profile, out)
    return "".join(out).encode()


def feed_head(feed: Feed, profile: Profile, *, customer: bool = False) -> bytes:
    """A feed up to its first entry: the root's tag, id, title, updated, links.

    Raises:
        ValueError: a value cannot be written; the sentence names the element.
    """
    atom = _atom(profile)
    out = [f"<{atom}feed{_namespaces(profile, customer)}>"]
    _write_id(feed.id, atom, out)
    _write_title(feed.title, atom, out)
    _write_time("updated", feed.updated, atom, out)
    _write_links(feed.links, atom, out)
    return "".join(out).encode()


def feed_tail(profile: Profile) -> bytes:
    """A feed after its last entry."""
    return f"</{_atom(profile)}feed>".encode()


def entry(entry: Entry, profile: Profile, *, customer: bool = False) -> bytes:
    """An entry as it stands in a feed with the head that `feed_head` gives for the same `customer`.

    Raises:
        ValueError: a value is outside of the profile's schemas; the sentence names the element.
    """
    out: list[str] = []
    _write_entry(entry, profile, customer, out, "entry")
    return "".join(out).encode()


def _all_customer(feed: Feed) -> bool:
    contents = [element_of(type(one)).namespace for held in feed.entries for one in held.content]
    return bool(contents) and all(namespace == CUSTOMER for namespace in contents)


def _atom(profile: Profile) -> str:
    return "ns1:" if profile.prefixed else ""


def _namespaces(profile: Profile, customer: bool) -> str:
    """What the root declares: everything, where names have prefixes; else each content declares its own."""
    if not profile.prefixed:
        return f' xmlns="{ATOM}"'
    if customer:
        return f' xmlns:ns1="{ATOM}" xmlns="{CUSTOMER}"'
    return f' xmlns:ns0="{ESPI}" xmlns:ns1="{ATOM}"'


def _write_entry(entry: Entry, profile: Profile, customer: bool, out: list[str], tag: str) -> None:
    atom = _atom(profile)
    out.append(f"<{atom}{tag}>")
    _write_id(entry.id, atom, out)
    _write_links(entry.links, atom, out)
    _write_title(entry.title, atom, out)
    _write_time("published", entry.published, atom, out)
    _write_time("updated", entry.updated, atom, out)
    if entry.content:
        at_root = (CUSTOMER if customer else ESPI) if profile.prefixed else ATOM
        out.append(f"<{atom}content>")
        for one in entry.content:
            kind: type = type(one)
            _object(kind, profile.schema, profile.prefixed, at_root)(one, out)
        out.append(f"</{atom}content>")
    out.append(f"</{atom}entry>")


def _write_alone(resource: Resource, profile: Profile, out: list[str]) -> None:
    if isinstance(resource, _DECLARED):
        out.append(_DECLARATION)
    # clients take the first child of a service status by place, with an eye to the default namespace
    prefixed = profile.prefixed and not isinstance(resource, ServiceStatus)
    kind: type = type(resource)
    _object(kind, profile.schema, prefixed, ATOM)(resource, out)


def _write_id(identifier: str, atom: str, out: list[str]) -> None:
    if not identifier:
        raise refuse("id", "is missing")
    out.append(f"<{atom}id>{escape(check_uri(identifier, 'id'), 'id')}</{atom}id>")


def _write_title(title: str | None, atom: str, out: list[str]) -> None:
    if title is not None:
        out.append(f"<{atom}title>{escape(title, 'title')}</{atom}title>")


def _write_time(name: str, seconds: int | None, atom: str, out: list[str]) -> None:
    if seconds is not None:
        out.append(f"<{atom}{name}>{_time(seconds, name)}</{atom}{name}>")


def _write_links(links: tuple[Link, ...], atom: str, out: list[str]) -> None:
    for link in sorted(links, key=lambda one: _RELS.get(one.rel, len(_RELS))):
        href = escape_attribute(check_uri(link.href, "link/@href"), "link/@href")
        kind = "" if link.type is None else f' type="{escape_attribute(link.type, "link/@type")}"'
        out.append(f'<{atom}link href="{href}" rel="{escape_attribute(link.rel, "link/@rel")}"{kind}/>')


@functools.lru_cache(maxsize=4096)
def _time(seconds: Any, name: str) -> str:
    if not isinstance(seconds, int) or not 0 <= seconds < _END_OF_TIME:
        raise refuse(name, "is no time that can be written")
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@functools.cache
def _object(kind: type, schema: SchemaSet, prefixed: bool, declared: str) -> _Write:
    """The plan of an element of its own, where the namespace `declared` needs no declaration."""
    own = element_of(kind)
    if not schema.has(own.since):
        raise refuse(own.name, f"is not in {schema}")
    prefix = "ns0:" if prefixed and own.namespace == ESPI else ""
    attribute = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    declaration = "" if declared == own.namespace else f' {attribute}="{own.namespace}"'
    return _structure(kind, own.name, schema, prefix, declaration)


def _structure(kind: type, name: str, schema: SchemaSet, prefix: str, declaration: str = "") -> _Write:
    """Writes a value of a type as the element `name`."""
    start, end = f"<{prefix}{name}{declaration}>", f"</{prefix}{name}>"
    empty = f"<{prefix}{name}{declaration}/>"
    steps = _steps(kind, schema, prefix)

    def write_structure(value: Any, out: list[str]) -> None:
        if value.__class__ is not kind:
            raise refuse(name, f"is no {kind.__name__}")
        place = len(out)
        out.append(start)
        for step in steps:
            step(value, out)
        if len(out) == place + 1:
            out[place] = empty
        else:
            out.append(end)

    return write_structure


@functools.cache
def _steps(kind: type, schema: SchemaSet, prefix: str) -> tuple[_Write, ...]:
    """Writes the fields of a type that a generation has, one step each."""
    return tuple(_step(part, schema, prefix) for part in parts(kind) if schema.has(part.wire.since))


def _step(part: Part, schema: SchemaSet, prefix: str) -> _Write:
    wire = part.wire
    outer = wire.name_in(schema)
    items = wire.items_in(schema)
    name = items or outer
    if isinstance(wire.type, Simple):
        write_one = _leaf(wire.type, name, schema, prefix)
    else:
        write_one = _structure(wire.type, name, schema, prefix)
    if not wire.repeated:
        return _one(part.field, name, write_one, required=wire.least_in(schema) > 0)
    several = _several(part.field, name, write_one, wire.least_in(schema), wire.most_in(schema))
    return _wrapped(part.field, f"{prefix}{outer}", several) if items else several


def _leaf(simple: Simple, name: str, schema: SchemaSet, prefix: str) -> _Write:
    start, end = f"<{prefix}{name}>", f"</{prefix}{name}>"
    text = printer(simple, schema, name)

    def write_leaf(value: Any, out: list[str]) -> None:
        out.append(f"{start}{text(value)}{end}")

    if simple.form is not Form.WHOLE or schema in simple.closed_in:
        return write_leaf
    # nearly all leaves are whole numbers that fit: they need no printer
    low, high = simple.low or 0, simple.high or 0

    def write_number(value: Any, out: list[str]) -> None:
        if value.__class__ is int and low <= value <= high:
            out.append(f"{start}{value}{end}")
        else:
            write_leaf(value, out)

    return write_number


def _one(field: str, name: str, write_one: _Write, *, required: bool) -> _Write:
    value_of = attrgetter(field)

    def write_field(holder: Any, out: list[str]) -> None:
        value = value_of(holder)
        if value is not None:
            write_one(value, out)
        elif required:
            raise refuse(name, "is missing")

    return write_field


def _several(field: str, name: str, write_one: _Write, least: int, most: int | None) -> _Write:
    values_of = attrgetter(field)

    def write_field(holder: Any, out: list[str]) -> None:
        values = values_of(holder)
        if len(values) < least:
            raise refuse(name, f"stands less often than {least} times")
        if most is not None and len(values) > most:
            raise refuse(name, f"stands more often than {most} times")
        for value in values:
            write_one(value, out)

    return write_field


def _wrapped(field: str, outer: str, several: _Write) -> _Write:
    values_of = attrgetter(field)

    def write_field(holder: Any, out: list[str]) -> None:
        if values_of(holder):
            out.append(f"<{outer}>")
            several(holder, out)
            out.append(f"</{outer}>")

    return write_field
