"""The types of the customer schema: who it is, what they agreed to, where and by which meter. customer.xsd.

All of this is personal. It is never sent in a usage feed. What the types are made of is in `parties`, and may
be had from here.
"""

# wire() makes a field of a dataclass, as field() does

from dataclasses import dataclass
from decimal import Decimal

from wattshare.espi.basics import CURRENCY
from wattshare.espi.fields import (
    BOOLEAN,
    CUSTOMER,
    FLOAT,
    HEX32,
    INT48,
    OFFSET,
    PERCENT,
    STRING32,
    STRING64,
    STRING256,
    STRING512,
    TEXT,
    TIME,
    UINT32,
    URI,
    SchemaSet,
    element,
    open_words,
    wire,
)
from wattshare.espi.parties import (
    Agreement,
    DateTimeInterval,
    Document,
    ElectronicAddress,
    IdentifiedObject,
    Location,
    Organisation,
    OrganisationRole,
    PositionPoint,
    Priority,
    Status,
    StreetAddress,
    StreetDetail,
    SummaryMeasurement,
    TelephoneNumber,
    TownDetail,
)
from wattshare.espi.words import (
    CustomerKind,
    EnrollmentStatus,
    MediaType,
    MeterMultiplierKind,
    NotificationMethodKind,
    ProgramDateKind,
    SupplierKind,
)

__all__ = [
    "AcceptanceTest",
    "AccountNotification",
    "Agreement",
    "Asset",
    "Customer",
    "CustomerAccount",
    "CustomerAgreement",
    "CustomerBatchList",
    "CustomerLocalTimeParameters",
    "DateTimeInterval",
    "DemandResponseProgram",
    "Document",
    "ElectronicAddress",
    "EndDevice",
    "IdentifiedObject",
    "LifecycleDate",
    "Location",
    "Meter",
    "MeterMultiplier",
    "Organisation",
    "OrganisationRole",
    "PositionPoint",
    "Priority",
    "ProgramDate",
    "ProgramDateIdMapping",
    "ProgramDateIdMappings",
    "ServiceLocation",
    "ServiceSupplier",
    "Statement",
    "StatementRef",
    "Status",
    "StreetAddress",
    "StreetDetail",
    "SummaryMeasurement",
    "TelephoneNumber",
    "TownDetail",
    "UsagePoints",
]


@element(CUSTOMER, "Customer")
@dataclass(frozen=True, kw_only=True, slots=True)
class Customer(OrganisationRole):
    """Who is supplied. customer.xsd Customer."""

    kind: str | None = wire("kind", open_words("CustomerKind", CustomerKind))
    special_need: str | None = wire("specialNeed", STRING256)
    vip: bool | None = wire("vip", BOOLEAN)
    puc_number: str | None = wire("pucNumber", STRING256)
    status: Status | None = wire("status", Status)
    priority: Priority | None = wire("priority", Priority)
    locale: str | None = wire("locale", STRING256)
    customer_name: str | None = wire("customerName", STRING256, since=SchemaSet.NAESB_3_3)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountNotification:
    """Something that a customer was told about the account. customer.xsd AccountNotification."""

    method_kind: str = wire("methodKind", open_words("NotificationMethodKind", NotificationMethodKind), required=True)
    time: int = wire("time", TIME, required=True)
    note: str = wire("note", STRING256, required=True)
    customer_notification_kind: str = wire("customerNotificationKind", STRING256, required=True)


@element(CUSTOMER, "CustomerAccount")
@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerAccount(Document):
    """What bills are written for. customer.xsd CustomerAccount."""

    billing_cycle: str | None = wire("billingCycle", STRING256)
    budget_bill: str | None = wire("budgetBill", STRING256)
    # in 1/100 000 of the currency
    last_bill_amount: int | None = wire("lastBillAmount", INT48)
    notifications: tuple[AccountNotification, ...] = wire("notifications", AccountNotification, many=True)
    contact_info: Organisation | None = wire("contactInfo", Organisation)
    account_id: str | None = wire("accountId", STRING256, since=SchemaSet.NAESB_3_3)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramDate:
    """A date in a programme, and which it is. customer.xsd ProgramDate."""

    program_date: int | None = wire("programDate", TIME)
    program_date_description: str | None = wire("programDateDescription", TEXT)


@dataclass(frozen=True, kw_only=True, slots=True)
class DemandResponseProgram:
    """A customer's part in a programme of less demand at times. customer.xsd DemandResponseProgram."""

    program_name: str | None = wire("programName", STRING256)
    enrollment_status: str | None = wire("enrollmentStatus", open_words("EnrollmentStatus", EnrollmentStatus))
    # address of the description
    program_description: str | None = wire("programDescription", URI)
    program_date: tuple[ProgramDate, ...] = wire("programDate", ProgramDate, many=True)
    capacity_reservation_level: SummaryMeasurement | None = wire("capacityReservationLevel", SummaryMeasurement)
    dr_program_nomination: SummaryMeasurement | None = wire("DRProgramNomination", SummaryMeasurement)


@element(CUSTOMER, "CustomerAgreement")
@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerAgreement(Agreement):
    """What a customer agreed to for one service. customer.xsd CustomerAgreement."""

    load_mgmt: str | None = wire("loadMgmt", STRING256)
    is_pre_pay: bool | None = wire("isPrePay", BOOLEAN)
    shut_off_date_time: int | None = wire("shutOffDateTime", TIME)
    demand_response_program: tuple[DemandResponseProgram, ...] = wire(
        "DemandResponseProgram", DemandResponseProgram, many=True
    )
    # addresses of tariffs
    pricing_structures: tuple[str, ...] = wire("PricingStructures", URI, many=True)
    currency: int | None = wire("currency", CURRENCY)
    future_status: tuple[Status, ...] = wire("futureStatus", Status, many=True)
    agreement_id: str | None = wire("agreementId", STRING256, since=SchemaSet.NAESB_3_3)


@dataclass(frozen=True, kw_only=True, slots=True)
class UsagePoints:
    """The addresses of usage points in the usage feed. customer.xsd UsagePoints."""

    usage_point: tuple[str, ...] = wire("UsagePoint", URI, many=True)


@element(CUSTOMER, "ServiceLocation")
@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceLocation(Location):
    """Where a service is delivered. customer.xsd ServiceLocation."""

    access_method: str | None = wire("accessMethod", STRING256)
    site_access_problem: str | None = wire("siteAccessProblem", STRING256)
    needs_inspection: bool | None = wire("needsInspection", BOOLEAN)
    usage_points: tuple[UsagePoints, ...] = wire("UsagePoints", UsagePoints, many=True)
    outage_block: str | None = wire("outageBlock", STRING32)


@element(CUSTOMER, "ServiceSupplier")
@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceSupplier(OrganisationRole):
    """Who supplies. customer.xsd ServiceSupplier."""

    kind: str | None = wire("kind", open_words("SupplierKind", SupplierKind))
    issuer_identification_number: str | None = wire("issuerIdentificationNumber", STRING256)
    effective_date: int | None = wire("effectiveDate", TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class LifecycleDate:
    """The dates in the life of a device. customer.xsd LifecycleDate."""

    manufactured_date: int | None = wire("manufacturedDate", TIME)
    purchase_date: int | None = wire("purchaseDate", TIME)
    received_date: int | None = wire("receivedDate", TIME)
    installation_date: int | None = wire("installationDate", TIME)
    removal_date: int | None = wire("removalDate", TIME)
    retired_date: int | None = wire("retiredDate", TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptanceTest:
    """How a device did in its first test. customer.xsd AcceptanceTest."""

    type: str | None = wire("type", STRING256)
    success: bool | None = wire("success", BOOLEAN)
    date_time: int | None = wire("dateTime", TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset(IdentifiedObject):
    """A thing of the utility's. customer.xsd Asset."""

    type: str | None = wire("type", STRING256)
    utc_number: str | None = wire("utcNumber", STRING256)
    serial_number: str | None = wire("serialNumber", STRING256)
    lot_number: str | None = wire("lotNumber", STRING256)
    # in 1/100 000 of the currency
    purchase_price: int | None = wire("purchasePrice", INT48)
    critical: bool | None = wire("critical", BOOLEAN)
    electronic_address: ElectronicAddress | None = wire("electronicAddress", ElectronicAddress)
    lifecycle: LifecycleDate | None = wire("lifecycle", LifecycleDate)
    acceptance_test: AcceptanceTest | None = wire("acceptanceTest", AcceptanceTest)
    initial_condition: str | None = wire("initialCondition", STRING256)
    initial_loss_of_life: int | None = wire("initialLossOfLife", PERCENT)
    status: Status | None = wire("status", Status)


@element(CUSTOMER, "EndDevice")
@dataclass(frozen=True, kw_only=True, slots=True)
class EndDevice(Asset):
    """A device at the end of the network. customer.xsd EndDevice."""

    is_virtual: bool | None = wire("isVirtual", BOOLEAN)
    is_pan: bool | None = wire("isPan", BOOLEAN)
    install_code: str | None = wire("installCode", STRING256)
    amr_system: str | None = wire("amrSystem", STRING256)


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterMultiplier:
    """What a meter's display is multiplied by. customer.xsd MeterMultiplier."""

    kind: str | None = wire("kind", open_words("MeterMultiplierKind", MeterMultiplierKind))
    value: Decimal | None = wire("value", FLOAT)


@element(CUSTOMER, "Meter")
@dataclass(frozen=True, kw_only=True, slots=True)
class Meter(EndDevice):
    """A meter. customer.xsd Meter."""

    form_number: str | None = wire("formNumber", STRING256)
    meter_multipliers: tuple[MeterMultiplier, ...] = wire("MeterMultipliers", MeterMultiplier, many=True)
    # seconds
    interval_length: int | None = wire("intervalLength", UINT32)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramDateIdMapping:
    """What the code of a programme's date means. customer.xsd ProgramDateIdMapping."""

    program_date_type: str = wire("programDateType", open_words("ProgramDateKind", ProgramDateKind, 64), required=True)
    code: str = wire("code", STRING64, required=True)
    name: str = wire("name", STRING256, required=True)
    note: str | None = wire("note", STRING256)


@element(CUSTOMER, "ProgramDateIdMappings")
@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramDateIdMappings(IdentifiedObject):
    """The dictionary of programme dates; unlike the usage schema's it has one word only. customer.xsd."""

    program_date_id_mapping: ProgramDateIdMapping | None = wire("programDateIdMapping", ProgramDateIdMapping)


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementRef:
    """The file of a statement. customer.xsd StatementRef."""

    file_name: str | None = wire("fileName", STRING512)
    media_type: str | None = wire("mediaType", open_words("MediaType", MediaType))
    statement_url: str = wire("statementURL", URI, required=True)


@element(CUSTOMER, "Statement", since=SchemaSet.ESPI_4_0)
@dataclass(frozen=True, kw_only=True, slots=True)
class Statement(IdentifiedObject):
    """A bill as it was sent to the customer. customer.xsd Statement."""

    issue_date_time: int | None = wire("issueDateTime", TIME)
    statement_ref: tuple[StatementRef, ...] = wire("statementRef", StatementRef, many=True)


@element(CUSTOMER, "LocalTimeParameters")
@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerLocalTimeParameters(IdentifiedObject):
    """A time zone, as `usage.LocalTimeParameters`. customer.xsd TimeConfiguration."""

    dst_end_rule: str = wire("dstEndRule", HEX32, required=True)
    dst_offset: int = wire("dstOffset", OFFSET, required=True)
    dst_start_rule: str = wire("dstStartRule", HEX32, required=True)
    tz_offset: int = wire("tzOffset", OFFSET, required=True)


@element(CUSTOMER, "BatchList")
@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerBatchList:
    """What a notice of customer data says, where its namespace is its own. customer.xsd BatchListType."""

    resources: tuple[str, ...] = wire("resources", URI, many=True)
