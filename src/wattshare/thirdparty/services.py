"""Customer feeds joined to usage points: one value for each service that a customer shares.

PG&E's key is used: the id of a CustomerAgreement is that of its usage point. What belongs together is told by
the addresses of the entries, in whatever order they come. All of it is personal: it is never logged, and its
`repr` says nothing of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wattshare.espi.customer import (
    Customer,
    CustomerAccount,
    CustomerAgreement,
    DemandResponseProgram,
    Meter,
    ProgramDate,
    ServiceLocation,
    StreetAddress,
    SummaryMeasurement,
)
from wattshare.thirdparty.bills import Quantity
from wattshare.thirdparty.feeds import Source, entries, segment
from wattshare.thirdparty.units import UNITS, quantity, word


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a service is delivered."""

    lines: tuple[str, ...] = ()
    town: str = ""
    state: str = ""
    postal_code: str = ""


@dataclass(frozen=True, kw_only=True)
class MeterShown:
    """A meter of a service."""

    serial_number: str
    utc_number: str = ""
    type: str = ""
    # seconds
    interval_length: int | None = None


@dataclass(frozen=True, kw_only=True)
class Enrollment:
    """A customer's part in a demand response programme."""

    program: str
    # unenrolled, enrolled, enrolledPending
    status: str
    # what the date is, and the date
    dates: tuple[tuple[str, datetime], ...] = ()
    capacity_reservation: Quantity | None = None
    nomination: Quantity | None = None


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service agreement of one customer; what was not shared is empty."""

    usage_point: str
    # RetailCustomerID, which is AuthorizationID and SubscriptionID too
    retail_customer: str
    # the number on the customer's paper
    agreement_number: str = field(default="", repr=False)
    # RES, COM, AGR, …
    customer_class: str = ""
    status: str = ""
    signed_at: datetime | None = None
    customer_name: str = field(default="", repr=False)
    account_number: str = field(default="", repr=False)
    address: Address | None = field(default=None, repr=False)
    meters: tuple[MeterShown, ...] = field(default=(), repr=False)
    programs: tuple[Enrollment, ...] = ()


@dataclass(kw_only=True)
class Feed:
    """The parts of customer feeds, by the addresses that they stand below."""

    customers: dict[str, Customer] = field(default_factory=dict)
    accounts: dict[str, CustomerAccount] = field(default_factory=dict)
    agreements: dict[str, CustomerAgreement] = field(default_factory=dict)
    programs: dict[str, tuple[DemandResponseProgram, ...]] = field(default_factory=dict)
    locations: dict[str, ServiceLocation] = field(default_factory=dict)
    meters: dict[str, dict[str, Meter]] = field(default_factory=dict)

    def learn(self, href: str, content: object) -> None:
        """Take in one part."""
        match content:
            case Customer():
                self.customers[upto(href, "Customer")] = content
            case CustomerAccount():
                self.accounts[upto(href, "CustomerAccount")] = content
            case CustomerAgreement():
                self._learn_agreement(upto(href, "CustomerAgreement"), content)
            case ServiceLocation():
                self.locations[upto(href, "CustomerAgreement")] = content
            case Meter():
                self.meters.setdefault(upto(href, "CustomerAgreement"), {})[href] = content

    def services(self) -> Iterator[Service]:
        """One for each agreement; one that only a place or a meter names counts too."""
        for href in dict.fromkeys((*self.agreements, *self.locations, *self.meters)):
            if href:
                yield self._service(href)

    def _learn_agreement(self, href: str, content: CustomerAgreement) -> None:
        """Enrolments come in a feed of their own, with an agreement that says little else."""
        if content.demand_response_program:
            self.programs[href] = content.demand_response_program
        if href not in self.agreements or not content.demand_response_program:
            self.agreements[href] = content

    def _service(self, href: str) -> Service:
        agreement = self.agreements.get(href, CustomerAgreement())
        customer = self.customers.get(upto(href, "Customer"))
        account = self.accounts.get(upto(href, "CustomerAccount"))
        location = self.locations.get(href)
        return Service(
            usage_point=segment(href, "CustomerAgreement"),
            retail_customer=segment(href, "RetailCustomer"),
            agreement_number=agreement.name or agreement.agreement_id or "",
            customer_class=agreement.type or "",
            status=(agreement.doc_status.value or "") if agreement.doc_status else "",
            signed_at=_instant(agreement.sign_date),
            customer_name=(customer.name or customer.customer_name or "") if customer else "",
            account_number=(account.name or account.account_id or "") if account else "",
            address=_address(location.main_address) if location else None,
            meters=tuple(_meter(each) for each in self.meters.get(href, {}).values()),
            programs=tuple(_enrollment(each) for each in self.programs.get(href, ())),
        )


def services(*sources: Source, lenient: bool = False) -> tuple[Service, ...]:
    """Every service in the customer feeds and enrolment feeds, joined.

    Raises:
        Malformed: a source is not what the standard says.
    """
    feed = Feed()
    for source in sources:
        for entry in entries(source, lenient=lenient):
            for content in entry.content:
                feed.learn((entry.self_href or "").rstrip("/"), content)
    return tuple(feed.services())


def upto(href: str, name: str) -> str:
    """An address up to the id that follows a resource's name; empty where it is not in it."""
    parts = href.split("/")
    if name not in parts[:-1]:
        return ""
    return "/".join(parts[: parts.index(name) + 2])


def _address(address: StreetAddress | None) -> Address | None:
    if address is None:
        return None
    street, town = address.street_detail, address.town_detail
    numbered = (street.number, street.prefix, street.name, street.type, street.suffix) if street else ()
    general = (street.address_general, street.address_general2, street.address_general3) if street else ()
    lines = (" ".join(part for part in numbered if part), *general, street.suite_number if street else None)
    return Address(
        lines=tuple(line for line in lines if line),
        town=(town.name or "") if town else "",
        state=(town.state_or_province or "") if town else "",
        # PG&E puts it into the town's code
        postal_code=address.postal_code or ((town.code or "") if town else ""),
    )


def _meter(meter: Meter) -> MeterShown:
    return MeterShown(
        serial_number=meter.serial_number or "",
        utc_number=meter.utc_number or "",
        type=meter.type or "",
        interval_length=meter.interval_length,
    )


def _enrollment(program: DemandResponseProgram) -> Enrollment:
    return Enrollment(
        program=program.program_name or "",
        status=program.enrollment_status or "",
        dates=tuple(_dates(program.program_date)),
        capacity_reservation=_quantity(program.capacity_reservation_level),
        nomination=_quantity(program.dr_program_nomination),
    )


def _dates(dates: tuple[ProgramDate, ...]) -> Iterator[tuple[str, datetime]]:
    for each in dates:
        if (at := _instant(each.program_date)) is not None:
            yield each.program_date_description or "", at


def _quantity(measured: SummaryMeasurement | None) -> Quantity | None:
    if measured is None or measured.value is None:
        return None
    value = quantity(measured.value, measured.power_of_ten_multiplier)
    return Quantity(value=value, unit=word(UNITS, measured.uom))


def _instant(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)
