"""The sandbox's town into a store: the same seed, days and time give the same content."""

from collections.abc import Callable
from dataclasses import dataclass

from wattshare.custodian.sandbox import tariffs
from wattshare.custodian.sandbox.billing import bill
from wattshare.custodian.sandbox.calendar import Calendar
from wattshare.custodian.sandbox.homes import Homes
from wattshare.custodian.sandbox.households import HOUSEHOLDS, SHOPS, Household, with_services
from wattshare.custodian.sandbox.metering import measure
from wattshare.custodian.sandbox.people import Resident, let_see, settle
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.profile import Profile

# usage points that are there, all that will be
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Town:
    """What there is to be."""

    seed: int
    # of history; the last one is yesterday
    days: int
    # the second at which the sandbox's clock starts
    now: int
    # simple homes beside the households
    usage_points: int = 0
    # of the business, with its small places
    services: int = SHOPS
    profile: Profile

    @property
    def all(self) -> int:
        """How many usage points there will be."""
        return sum(len(household.homes) for household in self.households) + self.usage_points

    @property
    def households(self) -> tuple[Household, ...]:
        """Who lives there, beside those of the simple homes."""
        return tuple(with_services(household, self.services) for household in HOUSEHOLDS)


def generate(store: Store, town: Town, progress: Progress) -> tuple[Resident, ...]:
    """Write the town into an empty store; the households are given back."""
    with store.begin(Purpose.INTAKE) as tx:
        calendar = Calendar.made(town.days, town.now, town.profile.zone, tx.revisions.begin)
        for code in tariffs.CODES:
            tx.programs.put_code(code)
        builder = Builder(town=town, calendar=calendar, progress=progress)
        residents = tuple(builder.move_in(tx, household) for household in town.households)
        let_see(tx, residents, calendar)
    homes = Homes(store=store, calendar=calendar, seed=town.seed, profile=town.profile, accounts=builder.households)
    for built in homes.build(town.usage_points):
        builder.tell(built)
    return residents


@dataclass(kw_only=True)
class Builder:
    """Lets one household after the other move in."""

    town: Town
    calendar: Calendar
    progress: Progress
    households: int = 0
    usage_points: int = 0
    told: int = 0

    def move_in(self, tx: Tx, household: Household) -> Resident:
        """Write a household down, with all that was measured and billed."""
        town, calendar = self.town, self.calendar
        resident = settle(tx, household, self.households, calendar, town.seed)
        self.households += 1
        for premise in resident.premises:
            known = measure(tx, premise, calendar, town.seed, town.profile)
            bill(tx, resident, premise, known, calendar, town.seed, town.profile)
            self.usage_points += 1
            self.tell(0)
        return resident

    def tell(self, homes: int) -> None:
        """Say how far it is, where it is further than before."""
        if (built := self.usage_points + homes) > self.told:
            self.told = built
            self.progress(built, self.town.all)
