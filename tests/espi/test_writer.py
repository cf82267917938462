"""What is sent is valid by the official schemas, and to the byte what it is agreed to be."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.espi import specimens
from tests.espi.schemas import faults
from tests.espi.strategies import feeds, objects
from wattshare.espi.atom import Entry, Feed, Link
from wattshare.espi.customer import (
    Customer,
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
    ProgramIdMappings,
    ReadingType,
    ServiceDeliveryPoint,
    SummaryMeasurement,
    UsagePoint,
    UsageSummary,
)
from wattshare.espi.wire import write

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


EVERY_ELEMENT = [
    pytest.param(own, profile, id=f"{profile.schema}-{own.namespace[-8:]}-{own.name}")
    for profile in MANNERS
    for own in ELEMENTS.values()
    if profile.schema.has(own.since)
]


@pytest.mark.parametrize(("own", "profile"), EVERY_ELEMENT)
def test_any_object_is_written_valid(own: Element, profile: Profile, fixtures: Path) -> None:
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
        assert b"<customerName" not in document
        assert b"<organisationName" not in document
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


def test_members_of_enumerations_are_written_as_their_values() -> None:
    assert b"<ns0:uom>72</ns0:uom>" in write(ReadingType(uom=UnitSymbol.WH), PGE)
    assert b"<kind>residential</kind>" in write(Customer(kind=CustomerKind.RESIDENTIAL), PGE)


def test_an_empty_structure_is_an_empty_element() -> None:
    empty = UsageSummary(status_time_stamp=0, peak_demand=SummaryMeasurement())
    assert b"<peakDemand/>" in write(empty, STANDARD)
