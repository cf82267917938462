"""A customer's own readings and bills, as the customer may look at them: of the days of their own agreements."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.packing import unpack
from wattshare.custodian.model.premises import Commodity, ProgramEnrollment, Service
from wattshare.custodian.model.readings import Block, Channel, Reading
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.days import day_of
from wattshare.espi.units import UnitSymbol
from wattshare.espi.usage import ReadingType, UsageSummary

# how a person reads a unit: its name, and the power of ten in which it is shown
SHOWN = {
    UnitSymbol.WH: ("kWh", 3),
    UnitSymbol.THERM: ("therms", 0),
    UnitSymbol.FT3: ("ft³", 0),
    UnitSymbol.M3: ("m³", 0),
    UnitSymbol.US_GAL: ("gal", 0),
}
# espi.xsd FlowDirectionKind: what the home gives
RECEIVED = 19
DAY = 86_400
# a sample is looked for in so many days
SAMPLE_DAYS = 60
# so many services show what the others would
SAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What the readings of a channel are, for a person."""

    commodity: Commodity
    # "kWh"; the bare number of the standard where nobody has a name for it
    unit: str
    # of one unit of a reading's value, in that unit
    power: int
    received: bool
    # seconds between readings, where they are regular
    step: int | None

    def amount(self, value: int) -> Decimal:
        """A reading's value in the unit."""
        return Decimal(value).scaleb(self.power)


@dataclass(frozen=True, kw_only=True)
class Day:
    """One local day of a channel."""

    measure: Measure
    day: date
    start: int
    end: int
    readings: tuple[Reading, ...]

    @property
    def total(self) -> Decimal:
        """Of the whole day."""
        return self.measure.amount(sum(reading.value or 0 for reading in self.readings))


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The little of a service that shows what would be shared."""

    service: Service
    days: tuple[Day, ...] = ()
    bill: UsageSummary | None = None
    billed: date | None = None
    # while the service is the customer's: they are as they are now
    programs: tuple[ProgramEnrollment, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OwnData:
    """A customer's own view."""

    store: Store
    now: Clock
    zone: ZoneInfo

    def samples(self, customer_id: int, agreement_ids: tuple[int, ...]) -> tuple[Sample, ...]:
        """The last day and the last bill of the first of these services, as far as they are the customer's."""
        with self.store.read(Purpose.OWN) as tx:
            mine = tx.customers.services(customer_id)
            chosen = [service for service in mine if service.agreement.id in set(agreement_ids)]
            return tuple(self._sample(tx, service) for service in chosen[:SAMPLES])

    # parts

    def _sample(self, tx: Tx, service: Service) -> Sample:
        bill = tx.bills.own(service.agreement)
        return Sample(
            service=service,
            days=tuple(self._last_days(tx, service)),
            bill=bill.summary if bill else None,
            billed=day_of(bill.bill_date, self.zone) if bill else None,
            programs=tx.programs.of([service.usage_point.id]) if service.agreement.covers(self.now()) else (),
        )

    def _last_days(self, tx: Tx, service: Service) -> Iterator[Day]:
        now = self.now()
        for channel in tx.readings.channels(service.usage_point.id):
            since = now - SAMPLE_DAYS * DAY
            for block in tx.readings.own_blocks(service.agreement, channel.number, since, now, last=True):
                yield self._day(service, channel, block)

    def _day(self, service: Service, channel: Channel, block: Block) -> Day:
        return Day(
            measure=measure(service.usage_point.commodity, channel.reading_type),
            day=day_of(block.start, self.zone),
            start=block.start,
            end=block.day_end,
            readings=unpack(block),
        )


def measure(commodity: Commodity, reading_type: ReadingType) -> Measure:
    """A reading type as a person reads it."""
    uom = reading_type.uom or 0
    unit, shown = SHOWN.get(UnitSymbol(uom), ("", 0)) if uom in set(UnitSymbol) else ("", 0)
    return Measure(
        commodity=commodity,
        unit=unit,
        power=(reading_type.power_of_ten_multiplier or 0) - shown,
        received=reading_type.flow_direction == RECEIVED,
        step=reading_type.interval_length,
    )
