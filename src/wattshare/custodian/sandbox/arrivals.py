"""What comes to a sandbox as its time goes on: every morning the readings of the day before, and bills that close.

The households' curves go on as they were: a day follows from the seed, the usage point and the day, so that it does not
matter in how many steps the time has come there, nor in which process.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.packing import pack_columns
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.readings import Block, Channel
from wattshare.custodian.sandbox.billing import issue, periods
from wattshare.custodian.sandbox.calendar import LOADED_AFTER, Calendar
from wattshare.custodian.sandbox.curves import dice
from wattshare.custodian.sandbox.home import Home as Folder
from wattshare.custodian.sandbox.home import Made
from wattshare.custodian.sandbox.homes import Homes
from wattshare.custodian.sandbox.households import HOUSEHOLDS, Home, Household, with_services
from wattshare.custodian.sandbox.metering import (
    FINER,
    NO_CODE,
    Metered,
    block_of,
    by_code,
    electricity,
    gas,
    metering_of,
)
from wattshare.custodian.sandbox.people import Premise, Resident
from wattshare.custodian.sandbox.telling import Secrets
from wattshare.custodian.store.channels import DELIVERED, RECEIVED
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.days import day_bounds
from wattshare.espi.profile import Profile

READINGS, ABSENT, LATE = "readings of ", "no readings of ", "late readings of "
# an arrival is of its own time where it comes about then, else of the time at which it comes
PUNCTUAL_SECONDS = 3_600
CORRECTIONS = "correction of "
CORRECTED = "what was loaded first was too little"


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How the meters' readings come."""

    # nothing comes
    missing: bool = False
    # the day before comes once more, with other values
    corrected: bool = False


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """Brings what is due, once, whichever process asks."""

    store: Store
    now: Clock
    home: Folder
    profile: Profile

    def bring(self, manners: Manners | None = None) -> int:
        """Load every day that is due and has not been loaded. How many."""
        brought = 0
        while (day := self._due()) is not None:
            with self.store.begin(Purpose.INTAKE) as tx:
                if Town.opened(tx, self).next != day:
                    # another process was faster
                    continue
                self._load(tx, day, manners or Manners())
            brought += 1
        return brought

    def _due(self) -> date | None:
        """The next day, where its readings are due."""
        with self.store.read() as tx:
            day = Town.opened(tx, self).next
        return day if day_bounds(day, self.profile.zone)[1] + LOADED_AFTER <= self.now() else None

    def _load(self, tx: Tx, day: date, manners: Manners) -> None:
        town = Town.opened(tx, self)
        due = day_bounds(day, self.profile.zone)[1] + LOADED_AFTER
        at = due if self.now() - due < PUNCTUAL_SECONDS else self.now()
        if manners.missing:
            tx.revisions.begin(f"{READINGS}{day}", at)
            tx.revisions.begin(f"{ABSENT}{day}", at)
            return
        for late in sorted(town.absent):
            Morning.of(tx, town, late, tx.revisions.begin(f"{LATE}{late}", at), at).load()
        if manners.corrected and town.last not in town.absent:
            again = tx.revisions.begin(f"{CORRECTIONS}{town.last}", at)
            Morning.of(tx, town, town.last, again, at).load(more=1, reason=CORRECTED)
        morning = Morning.of(tx, town, day, tx.revisions.begin(f"{READINGS}{day}", at), at)
        morning.load()
        morning.bill()


@dataclass(frozen=True, kw_only=True)
class Town:
    """What has come so far."""

    store: Store
    made: Made
    secrets: Secrets
    profile: Profile
    first: date
    last: date
    # days that did not come
    absent: frozenset[date]

    @classmethod
    def opened(cls, tx: Tx, arrivals: Arrivals) -> "Town":
        """As the store and the home have it.

        Raises:
            LookupError: the home is not made.
        """
        made = arrivals.home.made
        days = days_of(tx, READINGS)
        if made is None or not days:
            raise LookupError("the home is not made")
        absent = frozenset(days_of(tx, ABSENT)) - frozenset(days_of(tx, LATE))
        return cls(
            store=arrivals.store,
            made=made,
            secrets=Secrets.read(arrivals.home),
            profile=arrivals.profile,
            first=days[0],
            last=days[-1],
            absent=absent,
        )

    @property
    def next(self) -> date:
        """The day that comes next."""
        return self.last + timedelta(days=1)

    def since_made(self, day: date) -> int:
        """How many days after the last one that the town was made with."""
        return (day - self.first).days - self.made.days + 1


def days_of(tx: Tx, beginning: str) -> list[date]:
    """The days that revisions are named for."""
    return [date.fromisoformat(reason.removeprefix(beginning)) for reason in tx.revisions.reasons(beginning)]


@dataclass(frozen=True, kw_only=True)
class Morning:
    """One load."""

    tx: Tx
    town: Town
    calendar: Calendar

    @classmethod
    def of(cls, tx: Tx, town: Town, day: date, revision: int, at: int) -> "Morning":
        """The load that brings a day."""
        zone = town.profile.zone
        after = day_bounds(day, zone)[1] + LOADED_AFTER
        calendar = Calendar.made((day - town.first).days + 1, after, zone, lambda _reason, _at: 0)
        *days, last = calendar.days
        loaded = replace(last, revision=revision, loaded_at=at)
        return cls(tx=tx, town=town, calendar=Calendar(days=(*days, loaded), zone=zone))

    @property
    def place(self) -> int:
        """Of the day that is brought."""
        return self.calendar.last

    def load(self, *, more: int = 0, reason: str = "") -> None:
        """The day's readings of everybody; where they are a correction, by so many quarters larger, and why."""
        for resident in self.residents():
            for premise in resident.premises:
                if premise.agreement.covers(self.calendar.days[self.place].start):
                    self.tx.readings.merge_blocks(self.blocks(premise, more), reason)
        if self.town.made.usage_points and not more:
            homes, first = self._homes()
            homes.load(self.tx, first, self.town.made.usage_points, self.place)

    def _homes(self) -> tuple[Homes, int]:
        """The simple homes, and the first of their usage points, which follow the households'."""
        accounts = self.town.secrets.accounts
        homes = Homes(
            store=self.town.store,
            calendar=self.calendar,
            seed=self.town.made.seed,
            profile=self.town.profile,
            accounts=len(accounts),
        )
        return homes, 1 + max(point for account in accounts.values() for point in account["usage_points"])

    def bill(self) -> None:
        """The bills that are dated the day after this one."""
        for resident in self.residents():
            for premise in resident.premises:
                chance = dice(self.town.made.seed, str(premise.usage_point.id), "bills")
                for period in periods(premise, self.calendar, chance):
                    if period.dated - 1 == self.place:
                        known = self._metered(premise, period.first, period.last)
                        issue(self.tx, resident, premise, known, self.calendar, period, self.town.profile)
        if self.town.made.usage_points:
            homes, first = self._homes()
            homes.bills(self.tx, first, self.town.made.usage_points, self.place)

    def _metered(self, premise: Premise, first: int, last: int) -> Metered:
        """What was measured from one day to another."""
        known, home, point = Metered(), premise.home, premise.usage_point.id
        for place in range(first, last + 1):
            if home.commodity is Commodity.GAS:
                known.delivered[place] = {NO_CODE: gas(home, point, self.calendar, place, self.town.made.seed)}
                continue
            taken, given = electricity(home, point, self.calendar, place, home.step, self.town.made.seed)
            known.delivered[place] = by_code(taken, self.calendar, place, home.step)
            known.received[place] = sum(given)
        return known

    def blocks(self, premise: Premise, more: int = 0) -> Iterator[Block]:
        """A premise's day."""
        home, point, seed = premise.home, premise.usage_point.id, self.town.made.seed
        channels = {one.reading_type.flow_direction: one for one in self.tx.readings.channels(point)}
        delivered, received = channels.get(DELIVERED), channels.get(RECEIVED)
        if delivered is None:
            return
        if home.commodity is Commodity.GAS:
            [burnt] = larger([gas(home, point, self.calendar, self.place, seed)], more)
            yield self._gas(delivered, burnt)
            return
        taken, given = electricity(home, point, self.calendar, self.place, home.step, seed)
        yield block_of(delivered, larger(taken, more), self.calendar, self.place, home.step)
        if received is not None:
            yield block_of(received, given, self.calendar, self.place, home.step)

    def _gas(self, channel: Channel, quantity: int) -> Block:
        day, offset = self.calendar.days[self.place], metering_of(Commodity.GAS, self.town.profile).day_offset
        return pack_columns(
            [quantity],
            usage_point_id=channel.usage_point_id,
            channel=channel.number,
            start=day.start + offset,
            day_end=day.end,
            step=day.end - day.start,
            quality=[(day.quality,)],
            revision=day.revision,
            at=day.loaded_at,
        )

    def residents(self) -> Iterator[Resident]:
        """The households, as they stand in the store."""
        for household in HOUSEHOLDS:
            known = self.town.secrets.accounts[household.slug]
            account = self.tx.customers.by_account_number(known["account_number"])
            customer = None if account is None else self.tx.customers.customer(account.customer_id)
            if account is None or customer is None:
                # somebody took it out
                continue
            points = known["usage_points"]
            told = with_services(household, len(points))
            premises = tuple(self._premises(told, points))
            yield Resident(household=told, customer=customer, account=account, premises=premises)

    def _premises(self, household: Household, points: list[int]) -> Iterator[Premise]:
        for home, point in zip(household.homes, points, strict=True):
            usage_point = self.tx.customers.usage_point(point)
            agreements = self.tx.customers.agreements_of(point)
            if usage_point is not None and agreements:
                meters = self.tx.customers.meters_at(point)
                yield Premise(home=self._aged(home), usage_point=usage_point, agreement=agreements[-1], meters=meters)

    def _aged(self, home: Home) -> Home:
        """What happened so many days before the last day happened longer ago now."""
        more = self.town.since_made(self.calendar.days[self.place].date)

        def span(of: tuple[int, int] | None) -> tuple[int, int] | None:
            return None if of is None else (of[0] + more, of[1] + more)

        def day(of: int | None) -> int | None:
            return None if of is None else of + more

        return replace(
            home,
            since=day(home.since),
            until=day(home.until),
            meter_swapped=day(home.meter_swapped),
            shortened=day(home.shortened),
            estimated=span(home.estimated),
            missing=span(home.missing),
        )


def larger(values: list[int], more: int) -> list[int]:
    """Values that are so many quarters of themselves larger, in whole counts of the meter."""
    return [value + value // FINER * more // 4 * FINER for value in values]
