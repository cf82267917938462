"""The sandbox's people, as data: who they are, what they have, and what happens to them.

Invented throughout. Days are counted back from the last day of the data.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from wattshare.custodian.model.premises import Address, Commodity, Enrollment
from wattshare.custodian.sandbox.curves import (
    HEAT_MONTHS,
    NIGHT,
    SHOP,
    SHOP_WEEK,
    SUN,
    SUN_MONTHS,
    Load,
)

QUARTER, HOUR, DAY = 900, 3_600, 86_400
# days before any that there are
EVER = 100_000


class Tariff(StrEnum):
    """Rates of the invented utility."""

    FLAT = "R-1"
    TIME_OF_USE = "R-TOU"
    ELECTRIC_CAR = "R-EV"
    SOLAR = "R-NEM"
    BUSINESS = "B-6"
    GAS = "G-1"


@dataclass(frozen=True, kw_only=True)
class Home:
    """One service of a household."""

    commodity: Commodity = Commodity.ELECTRICITY
    tariff: Tariff = Tariff.FLAT
    loads: tuple[Load, ...]
    # what is made on the roof; the surplus of each interval is the received channel
    sun: tuple[Load, ...] = ()
    step: int = QUARTER
    # the agreement, in days before the last day; `until` None: still running
    since: int | None = None
    until: int | None = None
    # what happens, in days before the last day
    meter_swapped: int | None = None
    # before that day the intervals were an hour long
    shortened: int | None = None
    estimated: tuple[int, int] | None = None
    missing: tuple[int, int] | None = None
    metered: bool = True
    programs: tuple[tuple[str, Enrollment], ...] = ()
    address: int = 0


@dataclass(frozen=True, kw_only=True)
class Partner:
    """Who holds the household's account too, since so many days before the last day; has no services beside it."""

    slug: str
    name: str
    login: str
    since: int


@dataclass(frozen=True, kw_only=True)
class Household:
    """A customer of the sandbox."""

    slug: str
    name: str
    login: str
    phone: str
    homes: tuple[Home, ...]
    addresses: tuple[Address, ...]
    customer_class: str = "RES"
    partner: Partner | None = None
    # slugs of households whose accounts they see, and may share nothing of
    sees: tuple[str, ...] = ()


def street(line: str, postal_code: str = "95990", city: str = "Riverton") -> Address:
    """An address in the invented town."""
    return Address(line=line, city=city, state="CA", postal_code=postal_code)


FLAT_LOAD = (Load(daily=14_500),)
GAS_LOAD = (Load(daily=112_000, months=HEAT_MONTHS),)
CAR = (Load(daily=12_500), Load(daily=9_000, hours=NIGHT))
SHOP_LOAD = (Load(daily=86_000, hours=SHOP, week=SHOP_WEEK),)


def shop(number: int) -> Home:
    """One of the forty shops of the business: mostly electricity, every eighth one gas."""
    if number % 8 == 7:
        return Home(
            commodity=Commodity.GAS,
            tariff=Tariff.GAS,
            loads=(Load(daily=240_000 + 9_000 * number, months=HEAT_MONTHS, week=SHOP_WEEK),),
            step=DAY,
            address=number,
        )
    load = Load(daily=60_000 + 2_700 * number, hours=SHOP, week=SHOP_WEEK)
    return Home(tariff=Tariff.BUSINESS, loads=(load,), address=number)


def kiosk(number: int) -> Home:
    """One of the business's small places: newly taken on, so that many of them are quick to make.

    Every tenth one is gas, and every fiftieth was given up again.
    """
    tenth, given_up = number % 10 == 8, number % 50 == 49
    load = Load(daily=4_000 + 45 * number, hours=SHOP, week=SHOP_WEEK)
    heat = Load(daily=30_000 + 100 * number, months=HEAT_MONTHS)
    return Home(
        commodity=Commodity.GAS if tenth else Commodity.ELECTRICITY,
        tariff=Tariff.GAS if tenth else Tariff.BUSINESS,
        loads=(heat if tenth else load,),
        step=DAY if tenth else HOUR,
        since=400 if given_up else 20,
        missing=(EVER, 0 if given_up else 21),
        until=310 if given_up else None,
        address=SHOPS + number,
    )


# the business, its shops, and where its small places are
BUSINESS, SHOPS = "business", 40
KIOSK_STREETS = (
    "Station Rd",
    "Harbor St",
    "Mill Ln",
    "Orchard Ave",
    "Quarry Rd",
    "River Walk",
    "School St",
    "Tower Sq",
)


def with_services(household: Household, services: int) -> Household:
    """The business with so many services; any other household as it is."""
    if household.slug != BUSINESS or services <= SHOPS:
        return household
    added = range(services - SHOPS)
    streets = len(KIOSK_STREETS)
    places = (street(f"{3 + 2 * (one // streets)} {KIOSK_STREETS[one % streets]}", "95993") for one in added)
    return replace(household, homes=(*household.homes, *map(kiosk, added)), addresses=(*household.addresses, *places))


HOUSEHOLDS = (
    Household(
        slug="flat",
        name="Fern Adler",
        login="fern@example.com",
        phone="5305550101",
        homes=(Home(loads=FLAT_LOAD),),
        addresses=(street("12 Alder St"),),
    ),
    Household(
        slug="solar",
        name="Sol Whitaker",
        login="sol@example.com",
        phone="5305550102",
        homes=(
            Home(
                tariff=Tariff.SOLAR,
                loads=(Load(daily=16_800),),
                sun=(Load(daily=15_900, hours=SUN, months=SUN_MONTHS, week=(1000,) * 7),),
            ),
        ),
        addresses=(street("40 Bayberry Ct"),),
    ),
    Household(
        slug="gas_and_electric",
        name="Gale Okafor",
        login="gale@example.com",
        phone="5305550103",
        homes=(
            Home(loads=FLAT_LOAD),
            Home(commodity=Commodity.GAS, tariff=Tariff.GAS, loads=GAS_LOAD, step=DAY),
        ),
        addresses=(street("7 Cedar Ln"),),
        partner=Partner(slug="gas_and_electric_partner", name="Amara Okafor", login="amara@example.com", since=100),
    ),
    Household(
        slug="electric_car",
        name="Evan Castillo",
        login="evan@example.com",
        phone="5305550104",
        homes=(Home(tariff=Tariff.ELECTRIC_CAR, loads=CAR),),
        addresses=(street("88 Dogwood Ave"),),
    ),
    Household(
        slug=BUSINESS,
        name="Brightwater Markets",
        login="facilities@example.com",
        phone="5305550105",
        customer_class="COM",
        homes=tuple(shop(number) for number in range(SHOPS)),
        addresses=tuple(street(f"{100 + 20 * number} Market Sq", "95991") for number in range(SHOPS)),
    ),
    Household(
        slug="moved",
        name="Mona Petrov",
        login="mona@example.com",
        phone="5305550106",
        homes=(
            Home(loads=(Load(daily=11_200),), until=310, address=0),
            Home(tariff=Tariff.TIME_OF_USE, loads=(Load(daily=15_300),), since=309, address=1),
        ),
        addresses=(street("5 Elm Way"), street("61 Fir St")),
    ),
    Household(
        slug="meter_swap",
        name="Milo Tanaka",
        login="milo@example.com",
        phone="5305550107",
        homes=(Home(loads=(Load(daily=13_300),), meter_swapped=200),),
        addresses=(street("23 Grove Rd"),),
    ),
    Household(
        slug="interval_switch",
        name="Ines Holm",
        login="ines@example.com",
        phone="5305550108",
        homes=(Home(tariff=Tariff.TIME_OF_USE, loads=(Load(daily=17_500),), shortened=260),),
        addresses=(street("9 Hazel Dr"),),
    ),
    Household(
        slug="corrected",
        name="Cora Lindqvist",
        login="cora@example.com",
        phone="5305550109",
        homes=(Home(loads=(Load(daily=12_700),), estimated=(45, 43)),),
        addresses=(street("31 Ivy Pl"),),
    ),
    Household(
        slug="missing_week",
        name="Wes Moreno",
        login="wes@example.com",
        phone="5305550110",
        homes=(Home(loads=(Load(daily=15_900),), missing=(96, 90)),),
        addresses=(street("74 Juniper St"),),
        # looks after the neighbour's
        sees=("corrected",),
    ),
    Household(
        slug="demand_response",
        name="Dara Nwosu",
        login="dara@example.com",
        phone="5305550111",
        homes=(
            Home(
                tariff=Tariff.TIME_OF_USE,
                loads=(Load(daily=21_000),),
                programs=(("Peak Day Saver", Enrollment.ENROLLED), ("Cool Hours", Enrollment.PENDING)),
            ),
        ),
        addresses=(street("50 Kestrel Ct"),),
    ),
    Household(
        slug="billing_only",
        name="Bill Ferreira",
        login="bill@example.com",
        phone="5305550112",
        homes=(Home(loads=(Load(daily=10_400),), metered=False),),
        addresses=(street("2 Laurel Ave"),),
    ),
)
