"""The households, as they stand in the store: customers, accounts, places, agreements, meters, programmes."""

from collections.abc import Iterable
from dataclasses import dataclass

from wattshare.custodian.model.premises import (
    Account,
    Agreement,
    Commodity,
    Customer,
    Enrollment,
    Meter,
    ProgramEnrollment,
    ServiceLocation,
    UsagePoint,
)
from wattshare.custodian.sandbox.calendar import Calendar
from wattshare.custodian.sandbox.curves import Load, dice
from wattshare.custodian.sandbox.households import Home, Household, street
from wattshare.custodian.store.database import Tx

METER_TYPES = {Commodity.ELECTRICITY: "Electric smart meter", Commodity.GAS: "Gas meter"}
# the letters of bill cycles
CYCLES = "BCDFGHJKLMNPQRSTVW"
PROGRAMS_AT = "https://rivertonpower.example/programs/"
LIVED_DAYS = 400
# watts times a thousand
CAPACITY, NOMINATION = 3, 2

FIRST_NAMES = ("Ada", "Ben", "Cleo", "Dov", "Ella", "Finn", "Gina", "Hugo", "Iris", "Jon", "Kaya", "Luis")
LAST_NAMES = ("Arden", "Birch", "Calder", "Dunne", "Esposito", "Frost", "Glenn", "Hartley", "Imai", "Jensen")
STREETS = ("Meadow Ln", "Mill St", "North Rd", "Orchard Way", "Pine Ave", "Quarry Rd", "River St", "Spring Ct")


@dataclass(frozen=True, kw_only=True)
class Premise:
    """One service of a household. Two meters where one took the other's place."""

    home: Home
    usage_point: UsagePoint
    agreement: Agreement
    meters: tuple[Meter, ...]


@dataclass(frozen=True, kw_only=True)
class Resident:
    """A household that has moved in."""

    household: Household
    customer: Customer
    account: Account
    premises: tuple[Premise, ...]
    # who holds the account too
    partner: Customer | None = None


def settle(tx: Tx, household: Household, number: int, calendar: Calendar, seed: int) -> Resident:
    """Write a household down. `number` is its own in the town, from 0."""
    customers, chance = tx.customers, dice(seed, household.slug, "people")
    customer = customers.add_customer(household.name, household.login or None, customer_class=household.customer_class)
    account = customers.add_account(
        customer.id,
        str(account_number(seed, number)),
        phone=household.phone,
        mailing=household.addresses[0],
        bill_cycle=chance.choice(CYCLES),
    )
    locations = tuple(customers.add_location(address) for address in household.addresses)
    signed = calendar.midnight(-chance.randrange(120, 1500))
    premises = tuple(
        _premise(tx, home, account, locations[home.address], calendar, seed, signed) for home in household.homes
    )
    partner = None
    if (told := household.partner) is not None:
        partner = customers.add_customer(told.name, told.login)
        tx.holders.put(account.id, partner.id, starts=calendar.midnight(calendar.before(told.since)))
    return Resident(household=household, customer=customer, account=account, premises=premises, partner=partner)


def let_see(tx: Tx, residents: Iterable[Resident], calendar: Calendar) -> None:
    """Let households see accounts of others, as far back as there is something to see."""
    accounts = {one.household.slug: one.account for one in residents}
    for one in residents:
        for slug in one.household.sees:
            tx.viewers.put(accounts[slug].id, one.customer.id, starts=calendar.midnight(0))


def townsman(number: int, seed: int) -> Household:
    """A simple electric home beside the households; nobody of it signs in."""
    chance = dice(seed, f"home {number}", "town")
    return Household(
        slug=f"home-{number}",
        name=f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}",
        login="",
        phone=str(5_306_000_000 + number),
        homes=(Home(loads=(Load(daily=6_000 + 100 * chance.randrange(180)),)),),
        addresses=(street(f"{number + 1} {chance.choice(STREETS)}", "95992"),),
    )


def account_number(seed: int, number: int) -> int:
    """Eleven digits; no two in a town are alike, and neighbours are far apart."""
    return 10_000_000_000 + (seed * 31_415_926_537 + number * 12_345_678_907) % 90_000_000_000


def agreement_number(seed: int, usage_point_id: int) -> int:
    """Ten digits, likewise."""
    return 1_000_000_000 + (seed * 271_828_183 + usage_point_id * 1_234_567_891) % 9_000_000_000


def _premise(
    tx: Tx,
    home: Home,
    account: Account,
    location: ServiceLocation,
    calendar: Calendar,
    seed: int,
    signed: int,
) -> Premise:
    point = UsagePoint(id=tx.customers.next_usage_point_id(), commodity=home.commodity, location_id=location.id)
    tx.customers.add_usage_point(point)
    starts = signed if home.since is None else calendar.midnight(calendar.before(home.since))
    # the day of the move is the newcomer's
    ends = None if home.until is None else calendar.midnight(calendar.before(home.until))
    if home.until is not None and ends is not None and starts >= ends:
        # who moved out long before the few days that there are had lived there for a while
        starts = calendar.midnight(calendar.before(home.until) - LIVED_DAYS)
    agreement = tx.customers.add_agreement(
        point.id,
        account.id,
        str(agreement_number(seed, point.id)),
        starts=starts,
        ends=ends,
        tariff=home.tariff.value,
    )
    meters = meters_of(home, point.id, calendar, seed)
    for meter in meters:
        tx.customers.add_meter(meter)
    for program, status in home.programs:
        tx.programs.put(_enrollment(point.id, program, status, calendar))
    return Premise(home=home, usage_point=point, agreement=agreement, meters=meters)


def meters_of(home: Home, usage_point_id: int, calendar: Calendar, seed: int) -> tuple[Meter, ...]:
    """The meter, or the old one and the one that took its place."""
    chance = dice(seed, str(usage_point_id), "meters")
    installed = calendar.midnight(-chance.randrange(1500, 3500))
    swapped = None if home.meter_swapped is None else calendar.midnight(calendar.before(home.meter_swapped))
    lives = [(installed, swapped)] if swapped is None else [(installed, swapped), (swapped, None)]
    return tuple(
        Meter(
            usage_point_id=usage_point_id,
            serial=str(1_000_000_000 + chance.randrange(9_000_000_000)),
            utc_number=str(chance.randrange(10**11, 10**12)),
            type=METER_TYPES[home.commodity],
            interval_length=home.step,
            installed=begins,
            removed=ends,
        )
        for begins, ends in lives
    )


def _enrollment(usage_point_id: int, program: str, status: Enrollment, calendar: Calendar) -> ProgramEnrollment:
    """A place in a programme: taken half a year ago, or asked for and to be had in a month."""
    first = calendar.last + (30 if status is Enrollment.PENDING else -180)
    enrolled = status is Enrollment.ENROLLED
    term = (
        ("CUST_DR_PROGRAM_TERM_DATE_REGARDLESS_FINANCIAL", calendar.midnight(first + 210)),
        ("CUST_DR_PROGRAM_TERM_DATE_WITHOUT_FINANCIAL", calendar.midnight(first + 365)),
    )
    return ProgramEnrollment(
        usage_point_id=usage_point_id,
        program=program,
        status=status,
        description_uri=PROGRAMS_AT + program.lower().replace(" ", "-"),
        dates=(("CUST_DR_PROGRAM_ENROLLMENT_DATE", calendar.midnight(first)), *(term if enrolled else ())),
        capacity_reservation=CAPACITY if enrolled else None,
        nomination=NOMINATION if enrolled else None,
    )
