"""Entries of the customer side: who the customer is, where the service is, and the programmes it is in.

What stands here is all that is ever told of a person; each entry names the kind of data that opens it.
"""

from collections.abc import Iterator

from wattshare.custodian.model.premises import Account, Address, Enrollment, Meter, ProgramEnrollment, Service
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.times import Times
from wattshare.custodian.services.disclosure.told import Told
from wattshare.custodian.services.disclosure.usage import entry
from wattshare.espi import customer
from wattshare.espi.atom import Entry
from wattshare.espi.kinds import Kind

WATT = 38
# customer.xsd ProgramDateKind, each with the name and the note that we give it
PROGRAM_DATES = (
    ("CUST_DR_PROGRAM_ENROLLMENT_DATE", "Enrollment", "The day on which the service joined the program"),
    (
        "CUST_DR_PROGRAM_DE_ENROLLMENT_DATE",
        "End of enrollment",
        "The day on which the service left the program",
    ),
    (
        "CUST_DR_PROGRAM_TERM_DATE_REGARDLESS_FINANCIAL",
        "Earliest end",
        "The first day on which the service may leave, whatever it costs",
    ),
    (
        "CUST_DR_PROGRAM_TERM_DATE_WITHOUT_FINANCIAL",
        "Earliest end without cost",
        "The first day on which the service may leave without a charge",
    ),
)


def information(
    addresses: Addresses,
    subscription: int,
    service: Service,
    kinds: frozenset[Kind],
    told: Told,
    times: Times,
) -> Iterator[Entry]:
    """One service agreement's entries, in the order that clients count on; shared ones once a feed."""
    basic, account = Kind.BASIC in kinds, Kind.ACCOUNT in kinds
    if basic and told.first(addresses.customer(subscription, service)):
        yield customer_entry(addresses, subscription, service, times)
    if basic and service.location and told.first(addresses.location(subscription, service, service.location.id)):
        yield location_entry(addresses, subscription, service, service.location.address, service.location.id, times)
    if account and told.first(addresses.account(subscription, service)):
        yield account_entry(addresses, subscription, service, times)
    if basic:
        yield agreement_entry(addresses, subscription, service, times)
    if basic and service.location:
        for meter in service.meters:
            if told.first(f"{addresses.meters(subscription, service, service.location.id)}/{meter.serial}"):
                yield meter_entry(addresses, subscription, service, meter, service.location.id, times)


def customer_entry(addresses: Addresses, subscription: int, service: Service, times: Times) -> Entry:
    """The customer's name."""
    return entry(
        addresses,
        addresses.customers(subscription),
        addresses.customer(subscription, service),
        "Customer",
        times,
        customer.Customer(name=service.customer.name),
        related=(addresses.accounts(subscription, service),),
    )


def location_entry(
    addresses: Addresses, subscription: int, service: Service, address: Address, location: int, times: Times
) -> Entry:
    """Where the service is."""
    href = addresses.location(subscription, service, location)
    content = customer.ServiceLocation(main_address=street_address(address))
    return entry(
        addresses,
        addresses.locations(subscription, service),
        href,
        "Service location",
        times,
        content,
        related=(f"{href}/Meter",),
    )


def street_address(address: Address) -> customer.StreetAddress:
    """An address as the standard writes it: the street as one line, the postal code as the town's code."""
    return customer.StreetAddress(
        street_detail=customer.StreetDetail(address_general=address.line),
        town_detail=customer.TownDetail(code=address.postal_code, name=address.city, state_or_province=address.state),
    )


def account_entry(addresses: Addresses, subscription: int, service: Service, times: Times) -> Entry:
    """The account number and where its mail goes."""
    return entry(
        addresses,
        addresses.accounts(subscription, service),
        addresses.account(subscription, service),
        "Customer account",
        times,
        account_content(service.account, service.customer.email),
        related=(addresses.agreements(subscription, service),),
    )


def account_content(account: Account, email: str | None) -> customer.CustomerAccount:
    """The espi element of an account."""
    contact = customer.Organisation(
        postal_address=street_address(account.mailing) if account.mailing else None,
        phone1=customer.TelephoneNumber(itu_phone=account.phone) if account.phone else None,
        electronic_address=customer.ElectronicAddress(email1=email) if email else None,
    )
    known = contact != customer.Organisation()
    return customer.CustomerAccount(
        name=account.number, billing_cycle=account.bill_cycle, contact_info=contact if known else None
    )


def agreement_entry(addresses: Addresses, subscription: int, service: Service, times: Times) -> Entry:
    """The service agreement: its number, class of customer, state and day of signing."""
    agreement = service.agreement
    content = customer.CustomerAgreement(
        name=agreement.number,
        type=service.customer.customer_class,
        doc_status=customer.Status(value="Active" if agreement.ends is None else "Closed"),
        sign_date=agreement.starts,
    )
    return entry(
        addresses,
        addresses.agreements(subscription, service),
        addresses.agreement(subscription, service),
        "Customer agreement",
        times,
        content,
    )


def meter_entry(
    addresses: Addresses, subscription: int, service: Service, meter: Meter, location: int, times: Times
) -> Entry:
    """A meter by its badge."""
    up = addresses.meters(subscription, service, location)
    content = customer.Meter(
        type=meter.type,
        utc_number=meter.utc_number,
        serial_number=meter.serial,
        interval_length=meter.interval_length,
    )
    return entry(addresses, up, f"{up}/{meter.serial}", "Meter", times, content)


def program_entry(
    addresses: Addresses,
    subscription: int,
    service: Service,
    programs: tuple[ProgramEnrollment, ...],
    times: Times,
) -> Entry:
    """A service agreement with the demand response programmes that it is in, current values only."""
    content = customer.CustomerAgreement(
        name=service.agreement.number,
        demand_response_program=tuple(program_content(program) for program in programs),
    )
    return entry(
        addresses,
        addresses.agreements(subscription, service),
        addresses.agreement(subscription, service),
        "Customer agreement",
        times,
        content,
    )


def program_content(program: ProgramEnrollment) -> customer.DemandResponseProgram:
    """The espi element of one enrolment."""

    def power(value: int | None) -> customer.SummaryMeasurement | None:
        if value is None:
            return None
        return customer.SummaryMeasurement(power_of_ten_multiplier=program.power_of_ten, uom=WATT, value=value)

    return customer.DemandResponseProgram(
        program_name=program.program,
        enrollment_status=Enrollment(program.status).value,
        program_description=program.description_uri,
        program_date=tuple(
            customer.ProgramDate(program_date=at, program_date_description=what) for what, at in program.dates
        ),
        capacity_reservation_level=power(program.capacity_reservation),
        dr_program_nomination=power(program.nomination),
    )


def program_date_entries(addresses: Addresses, times: Times) -> Iterator[Entry]:
    """The names of the programme dates: an entry each, since the standard allows one mapping in an entry."""
    up = addresses.program_dates()
    for number, (what, name, note) in enumerate(PROGRAM_DATES, start=1):
        mapping = customer.ProgramDateIdMapping(program_date_type=what, code=str(number), name=name, note=note)
        content = customer.ProgramDateIdMappings(program_date_id_mapping=mapping)
        yield entry(addresses, up, f"{up}/{number}", "Names of program dates", times, content)
