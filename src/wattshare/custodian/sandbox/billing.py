"""The bills of an agreement, made of what was measured: integers throughout, money in 1/100 000 of a dollar."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.sandbox.calendar import VALIDATED, Calendar
from wattshare.custodian.sandbox.curves import dice
from wattshare.custodian.sandbox.metering import ByCode, Metered, metering_of
from wattshare.custodian.sandbox.people import Premise, Resident
from wattshare.custodian.sandbox.tariffs import NOTES, PRICES, SOLAR_CREDIT, Price
from wattshare.custodian.store.database import Tx
from wattshare.espi.basics import DateTimeInterval, SummaryMeasurement
from wattshare.espi.bills import LineItem, UsageSummary
from wattshare.espi.enums import ItemKind
from wattshare.espi.profile import Metering, Profile

CENT = 1_000
# a bill's quantities are thousandths of a watt hour, or of a therm
MILLI = -3
# the power of ten of what has a price: a kilowatt hour, a therm
PRICED = {Commodity.ELECTRICITY: 3, Commodity.GAS: 0}
REBILLED = "billed again after the meter was read"


@dataclass(frozen=True, kw_only=True)
class Period:
    """The days of a bill, from the first to the last by place, and the place of the day of its date."""

    first: int
    last: int
    dated: int


def bill(
    tx: Tx, resident: Resident, premise: Premise, known: Metered, calendar: Calendar, seed: int, profile: Profile
) -> None:
    """Issue every bill of an agreement up to today; one that was made of estimates, twice."""
    for period in periods(premise, calendar, dice(seed, str(premise.usage_point.id), "bills")):
        issue(tx, resident, premise, known, calendar, period, profile)
        corrected = known.corrected
        estimated = any(period.first <= place <= period.last for place in known.estimates)
        if corrected is not None and estimated and period.dated - 1 < corrected:
            again = summary(resident, premise, known, calendar, period, profile, known_on=corrected)
            _issue(tx, premise, again, period, calendar, profile, on=corrected, reason=REBILLED)


def issue(
    tx: Tx,
    resident: Resident,
    premise: Premise,
    known: Metered,
    calendar: Calendar,
    period: Period,
    profile: Profile,
) -> None:
    """Issue one bill by what was known when it was made: the loads up to the day before its date."""
    told = summary(resident, premise, known, calendar, period, profile, known_on=period.dated - 1)
    _issue(tx, premise, told, period, calendar, profile, on=period.dated - 1, reason="")


def periods(premise: Premise, calendar: Calendar, chance: random.Random) -> Iterator[Period]:
    """29 to 32 days each, the last one up to the agreement's end; dated one or two days later."""
    agreement, today = premise.agreement, calendar.last + 1
    after = _place(agreement.ends, calendar)
    first = _place(agreement.starts, calendar)
    if first is None or first < 0:
        # the days before the first whole period are on a bill of earlier times
        first = chance.randrange(28)
    while True:
        until = first + chance.randrange(29, 33)
        until = until if after is None else min(until, after)
        dated = until + chance.randrange(1, 3)
        if dated > today or until <= first:
            return
        yield Period(first=first, last=until - 1, dated=dated)
        first = until


def summary(
    resident: Resident,
    premise: Premise,
    known: Metered,
    calendar: Calendar,
    period: Period,
    profile: Profile,
    *,
    known_on: int,
) -> UsageSummary:
    """The bill of a period. espi.xsd UsageSummary."""
    metering = metering_of(premise.home.commodity, profile)
    price = PRICES[premise.home.tariff]
    start, end = calendar.days[period.first].start, calendar.midnight(period.last + 1)
    interval = DateTimeInterval(duration=end - start, start=start)
    used = known.used(period.first, period.last, known_on)
    lines = Lines(premise=premise, price=price, metering=metering, interval=interval)
    energy = list(lines.energy(used))
    credit = list(lines.credit(known.sent_back(period.first, period.last)))
    besides = list(lines.besides(period.last - period.first + 1, energy))
    items = (*energy, *credit, *besides)
    return UsageSummary(
        billing_period=interval,
        bill_last_period=sum(item.amount or 0 for item in items),
        # what is charged beside energy
        cost_additional_last_period=sum(item.amount or 0 for item in besides),
        cost_additional_detail_last_period=items,
        currency=profile.currency,
        overall_consumption_last_period=lines.quantity(sum(used.values())),
        quality_of_reading=VALIDATED,
        status_time_stamp=calendar.days[known_on].loaded_at,
        commodity=metering.commodity,
        tariff_profile=premise.home.tariff.value,
        read_cycle=resident.account.bill_cycle,
    )


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Writes the lines of one bill."""

    premise: Premise
    price: Price
    metering: Metering
    interval: DateTimeInterval

    def energy(self, used: ByCode) -> Iterator[LineItem]:
        """A line for each price: by time of use, or one for all."""
        if not self.price.by_code:
            yield self._fee("Energy charge", sum(used.values()), self.price.otherwise)
            return
        for code, quantity in sorted(used.items()):
            cost = self.price.by_code.get(code, self.price.otherwise)
            yield self._fee(f"{NOTES[code]} energy charge", quantity, cost)

    def credit(self, sent_back: int) -> Iterator[LineItem]:
        """What was given to the grid, where something was."""
        if sent_back:
            yield LineItem(
                amount=-self._amount(sent_back, SOLAR_CREDIT),
                note="Solar generation credit",
                measurement=self.quantity(sent_back),
                item_kind=ItemKind.GENERATION_CREDIT,
                unit_cost=SOLAR_CREDIT,
                item_period=self.interval,
            )

    def besides(self, days: int, energy: list[LineItem]) -> Iterator[LineItem]:
        """The fixed charge, and the tax on it and on energy."""
        fixed = cents(days * self.price.daily)
        yield LineItem(
            amount=fixed,
            note="Customer charge",
            item_kind=ItemKind.ADMINISTRATIVE_FEE,
            unit_cost=self.price.daily,
            item_period=self.interval,
        )
        taxed = fixed + sum(item.amount or 0 for item in energy)
        yield LineItem(
            amount=cents(taxed * self.price.tax_per_mille, 1_000),
            note="Utility users' tax",
            item_kind=ItemKind.TAX,
            item_period=self.interval,
        )

    def quantity(self, value: int) -> SummaryMeasurement:
        """What was metered, in thousandths of the unit; meters count no less than that."""
        finer = MILLI - self.metering.power_of_ten_multiplier
        return SummaryMeasurement(power_of_ten_multiplier=MILLI, uom=self.metering.uom, value=value // 10**finer)

    def _fee(self, note: str, quantity: int, cost: int) -> LineItem:
        return LineItem(
            amount=self._amount(quantity, cost),
            note=note,
            measurement=self.quantity(quantity),
            item_kind=ItemKind.USAGE_FEE,
            unit_cost=cost,
            item_period=self.interval,
        )

    def _amount(self, quantity: int, cost: int) -> int:
        finer = PRICED[self.premise.home.commodity] - self.metering.power_of_ten_multiplier
        return cents(quantity * cost, 10**finer)


def cents(amount: int, parts: int = 1) -> int:
    """A `parts`-th of an amount, rounded to whole cents, halves up."""
    whole = CENT * parts
    return (2 * amount + whole) // (2 * whole) * CENT


def _place(at: int | None, calendar: Calendar) -> int | None:
    """The place of the day that starts at a midnight; negative for one before all."""
    if at is None:
        return None
    starts = (place for place, day in enumerate(calendar.days) if day.start >= at)
    return -1 if at < calendar.days[0].start else next(starts, len(calendar.days))


def _issue(
    tx: Tx,
    premise: Premise,
    told: UsageSummary,
    period: Period,
    calendar: Calendar,
    profile: Profile,
    *,
    on: int,
    reason: str,
) -> None:
    """Keep a bill, known by the load that followed the day `on`."""
    day = calendar.days[on]
    tx.bills.put(
        premise.usage_point.id,
        told,
        calendar.midnight(period.dated),
        revision=day.revision,
        at=day.loaded_at,
        profile=profile,
        reason=reason,
        issued_at=told.status_time_stamp,
    )
