"""Simple homes by the hundred thousand: what a large utility has beside its twelve households.

    generate(store, Town(seed=1, days=90, now=now, usage_points=100_000, profile=PGE), progress)

writes the households and then the homes. Each home is a customer with one account, one usage point and one channel,
number 1, of quarter hours. The ids of usage points follow one another, and so do those of customers and agreements.
Nobody of them signs in, and where there are more than `BILLED` of them there are no bills. A day of a home follows
from the seed, the home and the day, whatever else there is.

All intervals of a day are made at once: one long integer has a value in each 32 bits of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import groupby
from struct import pack

from wattshare.custodian.model.packing import unpack_values
from wattshare.custodian.model.premises import Account, Agreement, Customer, Service, ServiceLocation, UsagePoint
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.sandbox.billing import bill, issue, periods
from wattshare.custodian.sandbox.calendar import Calendar, LocalDay
from wattshare.custodian.sandbox.curves import HOME, HOUR, Load, dice
from wattshare.custodian.sandbox.households import QUARTER
from wattshare.custodian.sandbox.metering import FINER, Metered, by_code, metering_of, reading_type
from wattshare.custodian.sandbox.people import (
    CYCLES,
    Premise,
    Resident,
    account_number,
    agreement_number,
    meters_of,
    townsman,
)
from wattshare.custodian.store.channels import DELIVERED
from wattshare.custodian.store.customers import NewIds
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.profile import Profile

# homes that are written together, day by day, as their days would come
CHUNK = 1_000
# no more homes than that have bills: a home's take as long as a year of its readings
BILLED = 1_000
# bytes of a value; the largest fits, and no day is so small that fewer would do
WIDTH = 4
PARTS = HOUR // QUARTER
# bytes of chance that a day has: one an interval, and one for the weather
LONGEST = 25 * PARTS
DAY_BYTES = LONGEST + 1
# watt hours by which weather moves the use of a day, up or down, at most, and in which steps
WEATHER, STEP = 1_600, 100
# watt hours of a mean day below which chance has no more bits than that to say in each interval
NOISE = ((8_000, 5), (16_000, 6), (1_000_000, 7))

Days = Sequence[tuple[int, LocalDay]]


@dataclass(frozen=True, kw_only=True)
class Homes:
    """Writes homes into a store."""

    store: Store
    calendar: Calendar
    seed: int
    profile: Profile
    # how many accounts the town has before
    accounts: int

    def build(self, count: int) -> Iterator[int]:
        """Write as many homes; tells how many there are by the share of their days that is written.

        The homes are there first. Then comes one month after the other, for a chunk of homes at a time, by day.
        """
        if not count:
            return
        with self.store.begin(Purpose.INTAKE) as tx:
            ids = tx.customers.reserve(count)
        chunks = [range(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
        for chunk in chunks:
            with self.store.begin(Purpose.INTAKE) as tx:
                self._settle(tx, ids, chunk)
        written, every = 0, len(self.calendar.days)
        for _, month in groupby(enumerate(self.calendar.days), lambda pair: (pair[1].date.year, pair[1].date.month)):
            days = tuple(month)
            for chunk in chunks:
                with self.store.begin(Purpose.INTAKE) as tx:
                    tx.readings.load(self._blocks(ids.usage_point, chunk, days))
                written += len(chunk) * len(days)
                yield written // every
        if count <= BILLED:
            for number in range(count):
                self._bill(ids, number)

    def _settle(self, tx: Tx, ids: NewIds, chunk: range) -> None:
        premises = [self._premise(ids, number) for number in chunk]
        tx.customers.add_services(service for _, service in premises)
        metering = metering_of(premises[0][1].usage_point.commodity, self.profile)
        measured = reading_type(metering, self.profile, step=QUARTER, flow=DELIVERED)
        name = tx.readings.put_reading_type(measured)
        tx.readings.add_channels(
            Channel(
                usage_point_id=service.usage_point.id,
                number=1,
                reading_type_id=name,
                reading_type=measured,
                meter_serial=service.meters[0].serial,
            )
            for _, service in premises
        )

    def _premise(self, ids: NewIds, number: int) -> tuple[Resident, Service]:
        """A home and who lives there; the same whenever it is asked."""
        household, calendar = townsman(number, self.seed), self.calendar
        [home], [address] = household.homes, household.addresses
        chance, point = dice(self.seed, household.slug, "people"), ids.usage_point + number
        customer = Customer(id=ids.customer + number, name=household.name)
        account = Account(
            id=ids.account + number,
            customer_id=customer.id,
            number=str(account_number(self.seed, self.accounts + number)),
            phone=household.phone,
            mailing=address,
            bill_cycle=chance.choice(CYCLES),
        )
        location = ServiceLocation(id=ids.service_location + number, address=address)
        service = Service(
            customer=customer,
            account=account,
            agreement=Agreement(
                id=ids.agreement + number,
                usage_point_id=point,
                account_id=account.id,
                number=str(agreement_number(self.seed, point)),
                starts=calendar.midnight(-chance.randrange(120, 1500)),
                tariff=home.tariff.value,
            ),
            usage_point=UsagePoint(id=point, commodity=home.commodity, location_id=location.id),
            location=location,
            meters=meters_of(home, point, calendar, self.seed),
        )
        premise = Premise(
            home=home, usage_point=service.usage_point, agreement=service.agreement, meters=service.meters
        )
        return Resident(household=household, customer=customer, account=account, premises=(premise,)), service

    def load(self, tx: Tx, first_point: int, count: int, place: int) -> None:
        """Write one more day of homes that are there; their usage points follow one another."""
        days = ((place, self.calendar.days[place]),)
        for first in range(0, count, CHUNK):
            tx.readings.load(self._blocks(first_point, range(first, min(first + CHUNK, count)), days))

    def bills(self, tx: Tx, first_point: int, count: int, place: int) -> None:
        """Issue the bills that are dated the day after that one, of homes that are there and have bills."""
        # names, and what is drawn by them, follow from the number; of the ids a bill knows the usage point alone
        ids = NewIds(customer=0, account=0, service_location=0, usage_point=first_point, agreement=0)
        for number in range(count if count <= BILLED else 0):
            resident, service = self._premise(ids, number)
            [premise] = resident.premises
            chance = dice(self.seed, str(service.usage_point.id), "bills")
            for period in periods(premise, self.calendar, chance):
                if period.dated - 1 == place:
                    known = self._metered(resident, range(period.first, period.last + 1))
                    issue(tx, resident, premise, known, self.calendar, period, self.profile)

    # what they use

    def _blocks(self, first_point: int, chunk: range, days: Days) -> Iterator[Block]:
        sizes = [townsman(number, self.seed).homes[0].loads[0].daily for number in chunk]
        chances = [self._chance(first_point + number, days[0][1].date) for number in chunk]
        for place, day in days:
            template = self.calendar.template(place, QUARTER, day.quality)
            for number, size, chance in zip(chunk, sizes, chances, strict=True):
                yield replace(
                    template,
                    usage_point_id=first_point + number,
                    channel=1,
                    width=WIDTH,
                    values=day_values(size, day, chance),
                )

    def _chance(self, usage_point_id: int, day: date) -> bytes:
        """The chance of a whole month, a stretch a day."""
        return dice(self.seed, f"{usage_point_id}:{day:%Y-%m}", "use").randbytes(31 * DAY_BYTES)

    def _bill(self, ids: NewIds, number: int) -> None:
        resident, _ = self._premise(ids, number)
        known = self._metered(resident, range(len(self.calendar.days)))
        with self.store.begin(Purpose.INTAKE) as tx:
            bill(tx, resident, resident.premises[0], known, self.calendar, self.seed, self.profile)

    def _metered(self, resident: Resident, places: range) -> Metered:
        """What a home has used on some days."""
        known, [premise] = Metered(), resident.premises
        days = ((place, self.calendar.days[place]) for place in places)
        for month, those in groupby(days, lambda pair: pair[1].date.replace(day=1)):
            chance = self._chance(premise.usage_point.id, month)
            for place, day in those:
                values = unpack_values(WIDTH, day_values(premise.home.loads[0].daily, day, chance))
                known.delivered[place] = by_code(values, self.calendar, place, QUARTER)
        return known


def day_values(size: int, day: LocalDay, month: bytes) -> bytes:
    """The values of a day, packed: of a home that uses `size` watt hours in a mean day, by the chance of its month."""
    count, at = len(day.hours) * PARTS, (day.date.day - 1) * DAY_BYTES
    weather = month[at + LONGEST] * 2 * WEATHER // 255 // STEP * STEP - WEATHER
    chance = bytearray(WIDTH * count)
    chance[::WIDTH] = month[at : at + count]
    noise = next(bits for most, bits in NOISE if size < most)
    use, bits = usual(max(size + weather, 0), noise, day.date.month, day.date.weekday(), day.hours)
    values = (use + (int.from_bytes(chance, "little") & bits)) * FINER
    return values.to_bytes(WIDTH * count, "little")


@lru_cache(maxsize=32_768)
def usual(daily: int, noise: int, month: int, weekday: int, hours: tuple[int, ...]) -> tuple[int, int]:
    """What is used in each interval without chance, and the bits that chance may set; both side by side."""
    bits = (1 << noise) - 1
    # any day of that month and weekday
    some = next(found for day in range(1, 8) if (found := date(2000, month, day)).weekday() == weekday)
    mean = Load(daily=daily).day(some)
    by_hour = [max(0, mean * share // 1_000 // PARTS - bits // 2) for share in HOME]
    use = [by_hour[hour] for hour in hours for _ in range(PARTS)]
    return side_by_side(use), side_by_side([bits] * len(use))


def side_by_side(numbers: Sequence[int]) -> int:
    """One integer that has each of the numbers in as many bits."""
    return int.from_bytes(pack(f"<{len(numbers)}I", *numbers), "little")
