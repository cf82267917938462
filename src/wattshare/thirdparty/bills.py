"""Usage summaries as bills: amounts in their currency, quantities in their units. espi.xsd UsageSummary."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from wattshare.espi.atom import Entry
from wattshare.espi.usage import DateTimeInterval, LineItem, SummaryMeasurement, UsageSummary
from wattshare.thirdparty.feeds import Source, entries, segment
from wattshare.thirdparty.units import COMMODITIES, CURRENCIES, ITEMS, QUALITIES, UNITS, money, quantity, word


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number with its unit."""

    value: Decimal
    unit: str


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """One line of a bill; usage-only lines have no amount."""

    note: str
    # usage fee, tax, …
    kind: str = ""
    amount: Decimal | None = None
    quantity: Quantity | None = None
    # an amount for one unit
    unit_cost: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Bill:
    """One billing period of one usage point."""

    usage_point: str
    # UsageSummaryID
    id: str
    # UTC
    start: datetime | None
    end: datetime | None
    commodity: str = ""
    consumption: Quantity | None = None
    # where billing is shared
    amount: Decimal | None = None
    currency: str = ""
    lines: tuple[BillLine, ...] = ()
    tariff: str = ""
    quality: str = ""
    # when this version of the bill was published; a re-issue is later
    published_at: datetime | None = None


def bills(*sources: Source, lenient: bool = False) -> Iterator[Bill]:
    """Every usage summary of the sources, in their order, re-issues included: see `newest`.

    Raises:
        Malformed: a source is not what the standard says.
    """
    for source in sources:
        for entry in entries(source, lenient=lenient):
            for content in entry.content:
                if isinstance(content, UsageSummary):
                    yield _bill(entry, content)


def newest(issued: Iterable[Bill]) -> tuple[Bill, ...]:
    """One bill for each usage point and period: a corrected one takes the place of the former."""
    chosen: dict[tuple[str, datetime | None, datetime | None], Bill] = {}
    for bill in issued:
        key = (bill.usage_point, bill.start, bill.end)
        if key not in chosen or _at(bill) >= _at(chosen[key]):
            chosen[key] = bill
    return tuple(chosen.values())


def _bill(entry: Entry, summary: UsageSummary) -> Bill:
    start, end = _bounds(summary.billing_period)
    last = summary.bill_last_period
    return Bill(
        usage_point=segment(entry.self_href, "UsagePoint"),
        # an old fault printed it with thousands separators
        id=segment(entry.self_href, "UsageSummary").replace(",", ""),
        start=start,
        end=end,
        commodity=word(COMMODITIES, summary.commodity),
        consumption=_quantity(summary.overall_consumption_last_period),
        amount=None if last is None else money(last),
        currency=word(CURRENCIES, summary.currency),
        lines=tuple(_line(item) for item in summary.cost_additional_detail_last_period),
        tariff=summary.tariff_profile or "",
        quality=word(QUALITIES, summary.quality_of_reading),
        published_at=None if entry.published is None else datetime.fromtimestamp(entry.published, UTC),
    )


def _line(item: LineItem) -> BillLine:
    return BillLine(
        note=item.note or "",
        kind=word(ITEMS, item.item_kind),
        amount=None if item.amount is None else money(item.amount),
        quantity=_quantity(item.measurement),
        unit_cost=None if item.unit_cost is None else money(item.unit_cost),
    )


def _quantity(measured: SummaryMeasurement | None) -> Quantity | None:
    if measured is None or measured.value is None:
        return None
    value = quantity(measured.value, measured.power_of_ten_multiplier)
    return Quantity(value=value, unit=word(UNITS, measured.uom))


def _bounds(period: DateTimeInterval | None) -> tuple[datetime | None, datetime | None]:
    if period is None:
        return None, None
    start = datetime.fromtimestamp(period.start, UTC)
    return start, datetime.fromtimestamp(period.start + period.duration, UTC)


def _at(bill: Bill) -> datetime:
    return bill.published_at or datetime.fromtimestamp(0, UTC)
