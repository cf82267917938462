"""A table of bills taken in: a row for each line of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from wattshare.custodian.formats.tables.amounts import Amounts
from wattshare.custodian.formats.tables.moments import first_of
from wattshare.custodian.formats.tables.records import Record
from wattshare.custodian.formats.tables.units import stored_power, unit_of
from wattshare.custodian.model.changes import Outcome
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.services.intake.records import CHUNK, BadRecord, Records
from wattshare.custodian.store.statements import chunks
from wattshare.espi.basics import SummaryMeasurement
from wattshare.espi.bills import LineItem, UsageSummary
from wattshare.espi.enums import ItemKind
from wattshare.espi.usage import DateTimeInterval

KEY = ("usage_point", "first_day", "last_day")
# what each row of a bill says alike
WHOLE = ("bill_date", "total", "quantity", "unit", "tariff")


@dataclass
class Bills:
    """The bills of one table."""

    records: Records

    def take(self, rows: Sequence[Record]) -> None:
        """Keep bills; of one whose rows contradict each other, the rows are noted as faults."""
        ordered = self.records.counted(sorted(rows, key=lambda row: (*map(row.get, KEY), row.row)))
        bills = (list(lines) for _, lines in groupby(ordered, key=lambda row: tuple(map(row.get, KEY))))
        for some in chunks(bills, CHUNK):
            self.records.draft.bills.look_up(self.records.look_up_points([bill[0] for bill in some]))
            for bill in some:
                try:
                    self._put(bill)
                except BadRecord as why:
                    for row in bill:
                        self.records.faults.note(row.row, why.fault)

    def _put(self, bill: list[Record]) -> None:
        head = bill[0]
        for name in WHOLE:
            if len({row.get(name) for row in bill}) > 1:
                raise BadRecord(name, f"The rows of one bill differ in {name}, which is the whole bill's.")
        here, zone = self.records.point_of(head), self.records.profile.zone
        if head.get("last_day") < head.get("first_day"):
            raise BadRecord("last_day", "The bill ends before it begins.")
        start, end = first_of(head.get("first_day"), zone), first_of(head.get("last_day") + timedelta(days=1), zone)
        bill_date = head.get("bill_date") or end
        summary = self._summary(here, bill, start, end, bill_date)
        outcome = self.records.draft.bills.put(here, summary, bill_date, self.records.profile, self.records.reason)
        self.records.counts[{Outcome.NEW: "new", Outcome.CHANGED: "changed", Outcome.SAME: "same"}[outcome]] += 1

    def _summary(self, here: int, bill: list[Record], start: int, end: int, bill_date: int) -> UsageSummary:
        """The bill. espi.xsd UsageSummary."""
        head, profile = bill[0], self.records.profile
        point = self.records.draft.points.get(here)
        commodity = point.commodity if point else Commodity.ELECTRICITY
        metering = profile.metering(commodity.service_kind)
        items = tuple(self._item(row, commodity) for row in bill if row.get("item"))
        beside = [one.amount or 0 for one in items if one.item_kind != ItemKind.USAGE_FEE]
        return UsageSummary(
            billing_period=DateTimeInterval(start=start, duration=end - start),
            bill_last_period=head.get("total"),
            # what is charged beside energy
            cost_additional_last_period=sum(beside) if beside else None,
            cost_additional_detail_last_period=items,
            currency=profile.currency,
            overall_consumption_last_period=self._quantity(head, "quantity", commodity),
            status_time_stamp=bill_date,
            commodity=metering.commodity if metering else None,
            tariff_profile=head.get("tariff"),
        )

    def _item(self, row: Record, commodity: Commodity) -> LineItem:
        return LineItem(
            amount=row.get("item_amount"),
            note=row.get("item"),
            measurement=self._quantity(row, "item_quantity", commodity),
            item_kind=row.get("item_kind") or ItemKind.INFORMATION,
            unit_cost=row.get("item_unit_cost"),
        )

    def _quantity(self, row: Record, column: str, commodity: Commodity) -> SummaryMeasurement | None:
        """A quantity as the profile keeps readings of that service.

        Raises:
            BadRecord: its unit is not said, measures another service, or cannot hold it.
        """
        number, unit = row.get(column), unit_of(row.get("unit") or "")
        if number is None:
            return None
        if unit is None or (unit.commodity or commodity) is not commodity:
            raise BadRecord("unit", f"Say in which unit of {commodity} the quantities are.")
        power = stored_power(unit, commodity, self.records.profile)
        value = Amounts(column, unit.power - power)[number]
        if not isinstance(value, int):
            raise BadRecord(column, value.sentence if value else "It is empty.")
        return SummaryMeasurement(power_of_ten_multiplier=power, uom=unit.symbol, value=value)
