"""What is sent is valid by the official schemas, and to the byte what it is agreed to be."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.espi import specimens
from tests.espi.schemas import faults
from tests.espi.strategies import CHARACTERS, TIMES, feeds, objects
from wattshare.espi.atom import Entry, Feed, Link
from wattshare.espi.customer import (
    Customer,
    CustomerBatchList,
    Meter,
    MeterMultiplier,
    Statement,
)
from wattshare.espi.customer import SummaryMeasurement as CustomerMeasurement
from wattshare.espi.enums import CustomerKind, UnitSymbol
from wattshare.espi.fields import ELEMENTS, Element, SchemaSet
from wattshare.espi.profile import PGE, STANDARD, Profile
from wattshare.espi.usage import (
    ApplicationInformation,
    BatchList,
    DateTimeInterval,
    IntervalBlock,
    IntervalReading,
    LineItem,
    MeterReading,
    ProgramIdMappings,
    ReadingType,
    ServiceCategory,
    ServiceDeliveryPoint,
    SummaryMeasurement,
    UsagePoint,
    UsageSummary,
)
from wattshare.espi.wire import entry, feed_head, feed_tail, write

WIRE = Path(__file__).parent.parent / "wire"
CERTIFIED = replace(STANDARD, schema=SchemaSet.CERT_2019)
MIDDLE = replace(STANDARD, schema=SchemaSet.NAESB_3_3)
MANNERS = (PGE, CERTIFIED, MIDDLE, STANDARD)

every_manner = pytest.mark.parametrize("profile", MANNERS, ids=lambda one: one.schema.value)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


# what is sent, to the byte

SPECIMENS: dict[str, tuple[Any, Profile]] = {
    "interval-block-entry.xml": (specimens.INTERVAL_BLOCK, PGE),
    "interval-block-entry-standard.xml": (specimens.INTERVAL_BLOCK, STANDARD),
    "usage-summary-entry.xml": (specimens.USAGE_SUMMARY, PGE),
    "usage-summary-entry-standard.xml": (specimens.USAGE_SUMMARY, STANDARD),
    "usage-feed.xml": (specimens.USAGE_FEED, PGE),
    "usage-feed-standard.xml": (specimens.USAGE_FEED, STANDARD),
    "customer-feed.xml": (specimens.CUSTOMER_FEED, PGE),
    "customer-feed-standard.xml": (specimens.CUSTOMER_FEED, STANDARD),
    "batchlist.xml": (specimens.BATCH_LIST, PGE),
    "batchlist-standard.xml": (specimens.BATCH_LIST, STANDARD),
    "service-status.xml": (specimens.SERVICE_STATUS, PGE),
}


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_document_is_to_the_byte_what_was_agreed(name: str) -> None:
    document, profile = SPECIMENS[name]
    assert write(document, profile) == (WIRE / name).read_bytes().removesuffix(b"\n")


@pytest.mark.parametrize("name", SPECIMENS)
def test_the_agreed_documents_are_valid(name: str, fixtures: Path) -> None:
    assert faults((WIRE / name).read_bytes(), fixtures, SPECIMENS[name][1].schema) == []


# whatever is written is valid


@every_manner
@pytest.mark.parametrize("own", ELEMENTS.values(), ids=lambda one: f"{one.namespace[-8:]}-{one.name}")
def test_any_object_is_written_valid(own: Element, profile: Profile, fixtures: Path) -> None:
    if not profile.schema.has(own.since):
        pytest.skip("not in this generation")

    @given(objects(profile.schema, [own]))
    @settings(unhurried, max_examples=12)
    def check(value: Any) -> None:
        assert faults(write(value, profile), fixtures, profile.schema) == []

    check()


@every_manner
def test_any_feed_is_written_valid(profile: Profile, fixtures: Path) -> None:
    @given(feeds(objects(profile.schema)))
    @settings(unhurried, max_examples=20)
    def check(feed: Feed) -> None:
        assert faults(write(feed, profile), fixtures, profile.schema) == []

    check()


@pytest.mark.parametrize("profile", [PGE, CERTIFIED], ids=lambda one: one.schema.value)
def test_what_an_older_generation_lacks_is_left_out(profile: Profile, fixtures: Path) -> None:
    @given(objects(SchemaSet.ESPI_4_0, [one for one in ELEMENTS.values() if one.kind is Customer]))
    @settings(unhurried, max_examples=12)
    def check(value: Customer) -> None:
        old = replace(value, kind="other")
        document = write(old, profile)
        assert b"customerName" not in document
        assert b"organisationName" not in document
        assert faults(document, fixtures, profile.schema) == []

    check()


# what would be invalid is refused

PERIOD = DateTimeInterval(duration=1, start=0)
OUTSIDE: dict[str, tuple[Any, str]] = {
    "a value beyond Int48": (IntervalBlock(reading=(IntervalReading(value=2**47 + 1),)), "value"),
    "a value below Int48": (IntervalBlock(reading=(IntervalReading(value=-(2**47) - 1),)), "value"),
    "a negative duration": (IntervalBlock(interval=replace(PERIOD, duration=-1)), "duration"),
    "a duration beyond UInt32": (IntervalBlock(interval=replace(PERIOD, duration=2**32)), "duration"),
    "milliseconds": (UsageSummary(status_time_stamp=1_709_971_200_000), "statusTimeStamp"),
    "a time before 1970": (UsageSummary(status_time_stamp=-1), "statusTimeStamp"),
    "a tier beyond Int16": (IntervalBlock(reading=(IntervalReading(tou=2**15),)), "tou"),
    "a unit beyond UInt16": (ReadingType(uom=2**16), "uom"),
    "a status beyond UInt8": (UsagePoint(status=256), "status"),
    "truth for a number": (ReadingType(uom=True), "uom"),
    "a number for truth": (UsagePoint(is_virtual=1), "isVirtual"),  # type: ignore[arg-type]
    "a fraction": (ReadingType(uom=7.5), "uom"),  # type: ignore[arg-type]
    "a number for text": (UsagePoint(read_route=7), "readRoute"),  # type: ignore[arg-type]
    "a text too long": (UsagePoint(read_route="r" * 257), "readRoute"),
    "a character that XML lacks": (UsagePoint(read_route="a\x00"), "readRoute"),
    "half a character": (UsagePoint(read_route="\ud83d"), "readRoute"),
    "odd digits": (UsagePoint(role_flags="ABC"), "roleFlags"),
    "too many digits": (UsagePoint(role_flags="ABCDEF"), "roleFlags"),
    "no digits": (UsagePoint(role_flags="XY"), "roleFlags"),
    "an unlisted word": (UsagePoint(ami_billing_ready="perhaps"), "amiBillingReady"),
    "no address": (BatchList(resources=("https://a.example/ b",)), "resources"),
    "no programme": (ProgramIdMappings(program_id_mapping=()), "programIdMapping"),
    "nothing where something must be": (
        UsageSummary(
            status_time_stamp=0,
            cost_additional_detail_last_period=(LineItem(note=None, item_kind=1),),  # type: ignore[arg-type]
        ),
        "note",
    ),
    "the type of the other schema": (
        UsageSummary(status_time_stamp=0, peak_demand=CustomerMeasurement()),  # type: ignore[arg-type]
        "peakDemand",
    ),
    "no number": (Meter(meter_multipliers=(MeterMultiplier(value=Decimal("NaN")),)), "value"),
    "a number beyond a float": (Meter(meter_multipliers=(MeterMultiplier(value=Decimal("1e99")),)), "value"),
}


@every_manner
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_value_outside_of_its_type_is_refused_by_name(name: str, profile: Profile) -> None:
    value, at_fault = OUTSIDE[name]
    with pytest.raises(ValueError, match=rf"^{at_fault} "):
        write(value, profile)


def test_a_refusal_does_not_tell_the_value() -> None:
    with pytest.raises(ValueError, match="readRoute") as caught:
        write(UsagePoint(read_route="1 Mill Lane\x00"), PGE)
    assert "Mill" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "at_fault"),
    [
        (Customer(kind="unheard of"), "kind"),
        (Meter(meter_multipliers=(MeterMultiplier(kind="kX"),)), "kind"),
    ],
)
def test_lists_of_the_customer_schema_are_closed_for_the_oldest_generation_only(
    value: Any, at_fault: str, fixtures: Path
) -> None:
    with pytest.raises(ValueError, match=at_fault):
        write(value, PGE)
    assert faults(write(value, CERTIFIED), fixtures, SchemaSet.CERT_2019) == []


def application(redirects: int, *, screen: str | None) -> ApplicationInformation:
    address = "https://acme.example/x"
    return ApplicationInformation(
        data_custodian_id="RIV",
        data_custodian_application_status=2,
        third_party_notify_uri=address,
        authorization_server_authorization_endpoint=address,
        authorization_server_token_endpoint=address,
        data_custodian_bulk_request_uri=address,
        data_custodian_resource_endpoint=address,
        third_party_scope_selection_screen_uri=screen,
        client_secret="s",
        client_name="Acme",
        redirect_uri=(address,) * redirects,
        client_id="c",
        software_id="NA",
        software_version="NA",
        client_id_issued_at=0,
        client_secret_expires_at=0,
        token_endpoint_auth_method="client_secret_basic",
        scope=("FB=1",),
        grant_types=("authorization_code", "refresh_token"),
        response_types="code",
        registration_client_uri=address,
        registration_access_token="t",
        data_custodian_scope_selection_screen_uri=screen,
    )


@pytest.mark.parametrize(
    ("redirects", "screen", "refused_by"),
    [
        (1, "https://acme.example/", ()),
        (2, "https://acme.example/", (PGE,)),
        (0, "https://acme.example/", MANNERS),
        (1, None, (PGE, CERTIFIED)),
    ],
)
def test_a_registration_is_held_to_what_its_generation_demands(
    redirects: int, screen: str | None, refused_by: tuple[Profile, ...], fixtures: Path
) -> None:
    for profile in MANNERS:
        if profile in refused_by:
            with pytest.raises(ValueError, match=r"stands|missing"):
                write(application(redirects, screen=screen), profile)
        else:
            document = write(application(redirects, screen=screen), profile)
            assert faults(document, fixtures, profile.schema) == []


def test_a_statement_is_sent_in_the_newest_generation_only() -> None:
    assert write(Statement(), STANDARD) == b'<Statement xmlns="http://naesb.org/espi/customer"/>'
    with pytest.raises(ValueError, match="Statement"):
        write(Statement(), PGE)


# addresses

GOOD = [
    "",
    "urn:uuid:0a0b0c0d-0000-5000-8000-000000000001",
    "0a0b0c0d-0000-5000-8000-000000000001",
    "https://dc.example",
    "https://dc.example:8443/a//b/NzI6bnVsbDo5MDA6MQ==:1?a=b&c=%C3%A9#d?e",
    "https://user:word@dc.example/",
    "https://[::1]:8443/",
    "/relative/a:b",
    "mailto:help@dc.example",
]
BAD = [
    " https://dc.example",
    "https://dc.example/a b",
    "https://dc.example/é",
    "https://dc.example/%zz",
    "https://dc.example/%4",
    "https://dc.example/{id}",
    'https://dc.example/"',
    "https://dc.example/<a>",
    "https://dc.example/[1]",
    "https://dc.example/a#b#c",
    "https://dc.example:port/",
    "https://dc.example:/",
    "https://dc.example/\n",
    "1:2",
    "https://dc.example\\a",
]


@pytest.mark.parametrize("address", GOOD)
def test_an_address_is_written_and_valid(address: str, fixtures: Path) -> None:
    assert faults(write(BatchList(resources=(address,)), PGE), fixtures, PGE.schema) == []


@pytest.mark.parametrize("address", BAD)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="resources is no URI"):
        write(BatchList(resources=(address,)), PGE)
    with pytest.raises(ValueError, match="link/@href is no URI"):
        write(Entry(id="a", links=(Link(rel="self", href=address),)), PGE)


@given(st.text(st.sampled_from("ab:/?#[]@!$&'()*+,;=%0Fé <>\"-._~"), max_size=30))
@unhurried
def test_whatever_passes_for_an_address_is_valid(fixtures: Path, address: str) -> None:
    try:
        document = write(BatchList(resources=(address,)), PGE)
    except ValueError:
        return
    assert faults(document, fixtures, PGE.schema) == []


# the shapes that generations differ in

SHAPES: list[tuple[Any, bytes, bytes]] = [
    (
        UsagePoint(service_delivery_point=ServiceDeliveryPoint(name="a")),
        b"<ns0:ServiceDeliveryPoint><ns0:name>a</ns0:name></ns0:ServiceDeliveryPoint>",
        b"<serviceDeliveryPoint><name>a</name></serviceDeliveryPoint>",
    ),
    (
        specimens.USAGE_SUMMARY,
        b"</ns0:tariffRiderRefs><ns0:tariffRiderRefs><ns0:riderType>",
        b"</tariffRiderRef><tariffRiderRef><riderType>",
    ),
    (
        specimens.CUSTOMER_FEED,
        b"<extension>7</extension>",
        b"<ext>7</ext>",
    ),
    (
        specimens.CUSTOMER_FEED,
        b"<PositionPoints><xPosition>",
        b"<positionPoints><xPosition>",
    ),
]


@pytest.mark.parametrize(("value", "old", "new"), SHAPES)
def test_a_shape_is_that_of_the_profile(value: Any, old: bytes, new: bytes) -> None:
    for profile in MANNERS:
        document = write(value, profile)
        assert (old in document) == (profile is PGE)
        assert (new in document) == (profile is not PGE)


# the envelope


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


def test_members_of_enumerations_are_written_as_their_values() -> None:
    assert b"<ns0:uom>72</ns0:uom>" in write(ReadingType(uom=UnitSymbol.WH), PGE)
    assert b"<kind>residential</kind>" in write(Customer(kind=CustomerKind.RESIDENTIAL), PGE)


def test_an_empty_structure_is_an_empty_element() -> None:
    empty = UsageSummary(status_time_stamp=0, peak_demand=SummaryMeasurement())
    assert b"<peakDemand/>" in write(empty, STANDARD)
