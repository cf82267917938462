"""Feeds, entries and lone objects: what stands around the values, in both manners."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.espi import specimens
from tests.espi.strategies import CHARACTERS, TIMES, feeds, objects
from wattshare.espi.atom import Entry, Feed, Link
from wattshare.espi.customer import Customer, CustomerBatchList
from wattshare.espi.profile import PGE, STANDARD, Profile
from wattshare.espi.usage import MeterReading, ServiceCategory, UsagePoint
from wattshare.espi.wire import entry, feed_head, feed_tail, write

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_an_entry_has_its_children_in_order() -> None:
    links = (
        Link(rel="related", href="/c"),
        Link(rel="alternate", href="/d", type="text/html"),
        Link(rel="self", href="/b/1"),
        Link(rel="up", href="/b"),
        Link(rel="related", href="/a"),
    )
    one = Entry(id="i", links=links, title="t", published=0, updated=1, content=(MeterReading(),))
    assert entry(one, PGE).decode() == (
        "<ns1:entry><ns1:id>i</ns1:id>"
        '<ns1:link href="/b" rel="up"/><ns1:link href="/b/1" rel="self"/>'
        '<ns1:link href="/c" rel="related"/><ns1:link href="/a" rel="related"/>'
        '<ns1:link href="/d" rel="alternate" type="text/html"/>'
        "<ns1:title>t</ns1:title>"
        "<ns1:published>1970-01-01T00:00:00Z</ns1:published><ns1:updated>1970-01-01T00:00:01Z</ns1:updated>"
        "<ns1:content><ns0:MeterReading/></ns1:content></ns1:entry>"
    )


def test_what_an_entry_lacks_is_left_out() -> None:
    assert entry(Entry(id="i"), STANDARD) == b"<entry><id>i</id></entry>"
    with pytest.raises(ValueError, match="id is missing"):
        entry(Entry(id=""), STANDARD)


@pytest.mark.parametrize("customer", [False, True])
@pytest.mark.parametrize("profile", [PGE, STANDARD], ids=lambda one: one.name)
def test_a_feed_is_its_head_its_entries_and_its_tail(profile: Profile, customer: bool) -> None:
    @given(feeds(objects(profile.schema)))
    @settings(unhurried, max_examples=20)
    def check(feed: Feed) -> None:
        pieces = [entry(one, profile, customer=customer) for one in feed.entries]
        whole = feed_head(feed, profile, customer=customer) + b"".join(pieces) + feed_tail(profile)
        assert write(feed, profile, customer=customer) == whole

    check()


ROOTS: list[tuple[Any, Profile, dict[str, Any], str]] = [
    (
        Feed(id="i"),
        PGE,
        {},
        '<ns1:feed xmlns:ns0="http://naesb.org/espi" xmlns:ns1="http://www.w3.org/2005/Atom">',
    ),
    (
        Feed(id="i"),
        PGE,
        {"customer": True},
        '<ns1:feed xmlns:ns1="http://www.w3.org/2005/Atom" xmlns="http://naesb.org/espi/customer">',
    ),
    (Feed(id="i"), STANDARD, {"customer": True}, '<feed xmlns="http://www.w3.org/2005/Atom">'),
    (MeterReading(), PGE, {}, '<ns0:MeterReading xmlns:ns0="http://naesb.org/espi"/>'),
    (MeterReading(), STANDARD, {}, '<MeterReading xmlns="http://naesb.org/espi"/>'),
    (Customer(), PGE, {}, '<Customer xmlns="http://naesb.org/espi/customer"/>'),
    (
        CustomerBatchList(),
        PGE,
        {},
        '<?xml version="1.0" encoding="UTF-8"?>\n<BatchList xmlns="http://naesb.org/espi/customer"/>',
    ),
]


@pytest.mark.parametrize(("value", "profile", "options", "start"), ROOTS)
def test_a_root_declares_its_namespaces(value: Any, profile: Profile, options: dict[str, Any], start: str) -> None:
    assert write(value, profile, **options).decode().startswith(start)


@pytest.mark.parametrize("document", [specimens.USAGE_FEED, specimens.CUSTOMER_FEED])
def test_with_prefixes_only_the_root_declares_and_only_links_have_attributes(document: Feed) -> None:
    root = etree.fromstring(write(document, PGE))
    assert write(document, PGE).count(b"xmlns") == 2
    for one in root.iter():
        assert not one.attrib or etree.QName(one).localname == "link"


def test_content_of_the_other_schema_declares_its_namespace_itself() -> None:
    one = Entry(id="i", content=(Customer(name="a"), UsagePoint(service_category=ServiceCategory(kind=0))))
    assert b'<Customer xmlns="http://naesb.org/espi/customer"><name>' in entry(one, PGE)
    assert b'<ns0:UsagePoint xmlns:ns0="http://naesb.org/espi">' in entry(one, PGE, customer=True)


def leaf(text: str) -> bytes:
    return write(UsagePoint(read_route=text), STANDARD)


def title(text: str) -> bytes:
    return write(Entry(id="i", title=text), STANDARD)


def relation(text: str) -> bytes:
    return write(Entry(id="i", links=(Link(rel=text, href="/"),)), STANDARD)


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        (leaf, lambda root: root[0].text),
        (title, lambda root: root[1].text),
        (relation, lambda root: root[1].get("rel")),
    ],
)
def test_any_text_arrives_as_it_was(told: Callable[[str], bytes], heard: Callable[[Any], str | None]) -> None:
    @given(st.text(CHARACTERS, min_size=1, max_size=60))
    @unhurried
    def check(text: str) -> None:
        assert heard(etree.fromstring(told(text))) == text

    check()


@given(TIMES)
def test_times_are_seconds_of_utc(seconds: int) -> None:
    written = etree.fromstring(write(Entry(id="i", updated=seconds), STANDARD))[1].text
    assert written is not None
    assert datetime.fromisoformat(written) == datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, b"1970-01-01T00:00:00Z"),
        (951_782_400, b"2000-02-29T00:00:00Z"),
        (1_709_971_200, b"2024-03-09T08:00:00Z"),
        (253_402_300_799, b"9999-12-31T23:59:59Z"),
    ],
)
def test_a_time_has_one_form(seconds: int, written: bytes) -> None:
    assert written in write(Entry(id="i", updated=seconds), PGE)


@pytest.mark.parametrize("seconds", [-1, 253_402_300_800, 1.5])
def test_a_time_that_has_no_form_is_refused(seconds: Any) -> None:
    with pytest.raises(ValueError, match="updated"):
        write(Entry(id="i", updated=seconds), PGE)
