"""Addresses, organisations, documents: what the types of the customer schema are made of. customer.xsd."""

# wire() makes a field of a dataclass, as field() does

from dataclasses import dataclass

from wattshare.espi.basics import BatchItemInfo
from wattshare.espi.fields import (
    BOOLEAN,
    INT16,
    INT48,
    INTEGER,
    STRING64,
    STRING256,
    TIME,
    UINT16,
    UINT32,
    URI,
    SchemaSet,
    closed_numbers,
    wire,
)
from wattshare.espi.units import UnitMultiplier, UnitSymbol


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentifiedObject:
    """What every type has that may be the content of an entry. customer.xsd IdentifiedObject."""

    batch_item_info: BatchItemInfo | None = wire("batchItemInfo", BatchItemInfo)
    # deprecated since 3.3; holds the number of an account or agreement, or the name of a customer
    name: str | None = wire("name", STRING64)


@dataclass(frozen=True, kw_only=True, slots=True)
class DateTimeInterval:
    """A stretch of time in seconds; here it may be open. customer.xsd DateTimeInterval."""

    duration: int | None = wire("duration", UINT32)
    start: int | None = wire("start", TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryMeasurement:
    """A quantity and its unit, as the usage schema has it. customer.xsd SummaryMeasurement."""

    power_of_ten_multiplier: int | None = wire(
        "powerOfTenMultiplier", closed_numbers("UnitMultiplierKind", INT16, UnitMultiplier)
    )
    time_stamp: int | None = wire("timeStamp", TIME)
    uom: int | None = wire("uom", closed_numbers("UnitSymbolKind", UINT16, UnitSymbol))
    value: int | None = wire("value", INT48)
    reading_type_ref: str | None = wire("readingTypeRef", URI)


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """A state, since when, and why. customer.xsd Status."""

    value: str | None = wire("value", STRING256)
    date_time: int | None = wire("dateTime", TIME)
    remark: str | None = wire("remark", STRING256)
    reason: str | None = wire("reason", STRING256)


@dataclass(frozen=True, kw_only=True, slots=True)
class Priority:
    """How important a customer's supply is. customer.xsd Priority."""

    rank: int = wire("rank", INTEGER, required=True)
    type: str | None = wire("type", STRING256)
    justification: str | None = wire("justification", STRING256)


@dataclass(frozen=True, kw_only=True, slots=True)
class StreetDetail:
    """The first lines of an address. customer.xsd StreetDetail."""

    number: str | None = wire("number", STRING256)
    name: str | None = wire("name", STRING256)
    suffix: str | None = wire("suffix", STRING256)
    prefix: str | None = wire("prefix", STRING256)
    type: str | None = wire("type", STRING256)
    code: str | None = wire("code", STRING256)
    building_name: str | None = wire("buildingName", STRING256)
    suite_number: str | None = wire("suiteNumber", STRING256)
    address_general: str | None = wire("addressGeneral", STRING256)
    address_general2: str | None = wire("addressGeneral2", STRING256)
    address_general3: str | None = wire("addressGeneral3", STRING256)
    within_town_limits: bool | None = wire("withinTownLimits", BOOLEAN)


@dataclass(frozen=True, kw_only=True, slots=True)
class TownDetail:
    """The last line of an address. customer.xsd TownDetail."""

    code: str | None = wire("code", STRING256)
    section: str | None = wire("section", STRING256)
    name: str | None = wire("name", STRING256)
    county: str | None = wire("county", STRING256)
    state_or_province: str | None = wire("stateOrProvince", STRING256)
    country: str | None = wire("country", STRING256)


@dataclass(frozen=True, kw_only=True, slots=True)
class StreetAddress:
    """An address. customer.xsd StreetAddress."""

    street_detail: StreetDetail | None = wire("streetDetail", StreetDetail)
    town_detail: TownDetail | None = wire("townDetail", TownDetail)
    status: Status | None = wire("status", Status)
    postal_code: str | None = wire("postalCode", STRING256)
    po_box: str | None = wire("poBox", STRING256)


@dataclass(frozen=True, kw_only=True, slots=True)
class TelephoneNumber:
    """A telephone number in its parts. customer.xsd TelephoneNumber."""

    country_code: str | None = wire("countryCode", STRING256)
    area_code: str | None = wire("areaCode", STRING256)
    city_code: str | None = wire("cityCode", STRING256)
    local_number: str | None = wire("localNumber", STRING256)
    # the element that now is `ext` had the name that belongs to the open `extension` of every type
    ext: str | None = wire("ext", STRING256, names={SchemaSet.PGE_2018: "extension"})
    dial_out: str | None = wire("dialOut", STRING256)
    international_prefix: str | None = wire("internationalPrefix", STRING256)
    itu_phone: str | None = wire("ituPhone", STRING256)


@dataclass(frozen=True, kw_only=True, slots=True)
class ElectronicAddress:
    """Mail, web and the like. customer.xsd ElectronicAddress."""

    lan: str | None = wire("lan", STRING256)
    mac: str | None = wire("mac", STRING256)
    email1: str | None = wire("email1", STRING256)
    email2: str | None = wire("email2", STRING256)
    web: str | None = wire("web", STRING256)
    radio: str | None = wire("radio", STRING256)
    user_id: str | None = wire("userID", STRING256)
    password: str | None = wire("password", STRING256)


@dataclass(frozen=True, kw_only=True, slots=True)
class Organisation(IdentifiedObject):
    """Someone with addresses. customer.xsd Organisation."""

    street_address: StreetAddress | None = wire("streetAddress", StreetAddress)
    postal_address: StreetAddress | None = wire("postalAddress", StreetAddress)
    phone1: TelephoneNumber | None = wire("phone1", TelephoneNumber)
    phone2: TelephoneNumber | None = wire("phone2", TelephoneNumber)
    electronic_address: ElectronicAddress | None = wire("electronicAddress", ElectronicAddress)
    organisation_name: str | None = wire("organisationName", STRING256, since=SchemaSet.NAESB_3_3)


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationRole(IdentifiedObject):
    """What an organisation is to the utility. customer.xsd OrganisationRole."""

    organisation: Organisation | None = wire("Organisation", Organisation)


@dataclass(frozen=True, kw_only=True, slots=True)
class Document(IdentifiedObject):
    """A paper, and how it stands with it. customer.xsd Document."""

    type: str | None = wire("type", STRING256)
    author_name: str | None = wire("authorName", STRING256)
    created_date_time: int | None = wire("createdDateTime", TIME)
    last_modified_date_time: int | None = wire("lastModifiedDateTime", TIME)
    revision_number: str | None = wire("revisionNumber", STRING256)
    electronic_address: ElectronicAddress | None = wire("electronicAddress", ElectronicAddress)
    subject: str | None = wire("subject", STRING256)
    title: str | None = wire("title", STRING256)
    doc_status: Status | None = wire("docStatus", Status)
    status: Status | None = wire("status", Status)
    comment: str | None = wire("comment", STRING256)


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement(Document):
    """A paper with signature. customer.xsd Agreement."""

    sign_date: int | None = wire("signDate", TIME)
    validity_interval: DateTimeInterval | None = wire("validityInterval", DateTimeInterval)


@dataclass(frozen=True, kw_only=True, slots=True)
class PositionPoint:
    """A place in coordinates. customer.xsd PositionPoint."""

    x_position: str | None = wire("xPosition", STRING256)
    y_position: str | None = wire("yPosition", STRING256)
    z_position: str | None = wire("zPosition", STRING256)


@dataclass(frozen=True, kw_only=True, slots=True)
class Location(IdentifiedObject):
    """A place. customer.xsd Location."""

    type: str | None = wire("type", STRING256)
    main_address: StreetAddress | None = wire("mainAddress", StreetAddress)
    secondary_address: StreetAddress | None = wire("secondaryAddress", StreetAddress)
    phone1: TelephoneNumber | None = wire("phone1", TelephoneNumber)
    phone2: TelephoneNumber | None = wire("phone2", TelephoneNumber)
    electronic_address: ElectronicAddress | None = wire("electronicAddress", ElectronicAddress)
    geo_info_reference: str | None = wire("geoInfoReference", STRING256)
    direction: str | None = wire("direction", STRING256)
    status: Status | None = wire("status", Status)
    position_points: tuple[PositionPoint, ...] = wire(
        "positionPoints", PositionPoint, many=True, names={SchemaSet.PGE_2018: "PositionPoints"}
    )
