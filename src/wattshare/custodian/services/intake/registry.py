"""Tables of customers and what is theirs, at the door: read to the end, drafted, then kept in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from wattshare.custodian.formats.tables.columns import Faults
from wattshare.custodian.formats.tables.faults import BadRow
from wattshare.custodian.formats.tables.records import Cell, Kind, Record, day, missing, money, records, unknown
from wattshare.custodian.formats.tables.text import CsvTable, Unreadable
from wattshare.custodian.model.changes import Tally
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.services.intake.agreements import Agreements
from wattshare.custodian.services.intake.aside import Aside
from wattshare.custodian.services.intake.bills import Bills
from wattshare.custodian.services.intake.records import Records
from wattshare.custodian.services.intake.report import Refused, Report, RowPreview, once_more
from wattshare.custodian.services.intake.telling import Tell, untold
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.drafts import PreparedDraft
from wattshare.custodian.store.taking import Taking
from wattshare.espi.days import day_of
from wattshare.espi.profile import Profile

# bad rows that are named, and rows that a trial shows
NAMED, SHOWN = 20, 10
# rows of one table that are held in memory
MOST = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Registry:
    """One table of records on its way in."""

    store: Store
    now: Clock
    profile: Profile
    name: str
    digest: str
    kind: Kind
    aside: Aside | None = None
    dry_run: bool = False
    # other than "": the same bytes are taken in once more
    again: str = ""
    tell: Tell = untold

    @property
    def manner(self) -> dict[str, Any]:
        """What makes the same bytes another import."""
        manner = {"kind": self.kind.name, "set_aside": self.aside is not None}
        return once_more(manner, self.again)

    def take(self, table: CsvTable) -> Report:
        """Read a table to its end, and keep it whole or not at all; or what is good of it.

        Raises:
            Unreadable: it is no table to its end, has too many rows, or lacks a column.
        """
        if lacking := missing(self.kind, table.header):
            raise Unreadable(f"A table of {self.kind.name} has a column {lacking[0]!r}, which is not there.")
        faults = Faults(most=self.aside.most if self.aside else NAMED)
        rows = list[Record]()
        for row in records(table, self.kind, self.profile.zone, faults):
            rows.append(row)
            if len(rows) > MOST:
                raise Unreadable(f"A table of {self.kind.name} has at most {MOST} rows; cut it into several.")
        return self._keep(table, rows, faults)

    def _keep(self, table: CsvTable, rows: list[Record], faults: Faults) -> Report:
        """Try the rows; without those that prove bad, again, where bad ones are set aside."""
        while True:
            good = [row for row in rows if row.row not in faults.numbers]
            known = len(faults.numbers)
            # where every row is bad there is nothing beside which they could be set aside
            if not known or (good and self.aside):
                try:
                    with self.store.taking() as taking:
                        return self._store(taking, table, good, faults)
                except _Undone as undone:
                    if undone.report:
                        return undone.report
            if self.aside is None or len(faults.numbers) > self.aside.most or not good:
                read = len({row.row for row in rows} | faults.numbers)
                return replace(self._refused(table, faults), rows=read)

    def _store(self, taking: Taking[Tx], table: CsvTable, rows: list[Record], faults: Faults) -> Report:
        with taking.view() as tx:
            if tx.imports.report(self.digest, self.manner) is not None:
                return Report(name=self.name, kind=self.kind.name, digest=self.digest, known=True, dry_run=self.dry_run)
            into, made = self._draft(tx, rows, faults)
        bad = self._bad_rows(table, faults)
        if self.dry_run:
            shown = self._preview(table, rows)
            raise _Undone(replace(self._report(into, rows, faults, table), bad_rows=bad, preview=shown))
        aside = str(self.aside.write(bad)) if self.aside and bad else None
        taking.put_aside(made.lots)
        with taking.once() as tx:
            while not tx.drafts.stands(made):
                into, made = self._draft(tx, rows, faults)
            at = tx.revisions.turn(self.now)
            revision = tx.revisions.begin("import", at)
            tx.drafts.keep(made, revision, at)
            report = replace(self._report(into, rows, faults, table), revision=revision, aside=aside)
            kept = report.kept(channels=0)
            tx.imports.add(self.digest, self.manner, revision=revision, at=at, report=kept.as_plain())
            tx.revisions.end(revision, self.now)
        return replace(report, bad_rows=bad)

    def _draft(self, tx: Tx, rows: list[Record], faults: Faults) -> tuple[Records, PreparedDraft]:
        """Decide what becomes of the rows.

        Raises:
            _Undone: some prove bad.
        """
        known = len(faults.numbers)
        into = Records(tx.drafts.begin(), self.profile, f"import {self.digest[:12]}", faults, self.tell)
        match self.kind.name:
            case "agreements":
                Agreements(into).take(rows)
            case "bills":
                Bills(into).take(rows)
            case _:
                into.take(self.kind, rows)
        if len(faults.numbers) > known:
            raise _Undone(None)
        return into, into.draft.prepared()

    def _report(self, into: Records, rows: list[Record], faults: Faults, table: CsvTable) -> Report:
        tally = Tally(new=into.counts["new"], changed=into.counts["changed"], same=into.counts["same"])
        return Report(
            name=self.name,
            kind=self.kind.name,
            digest=self.digest,
            dry_run=self.dry_run,
            rows=len(rows) + len(faults.numbers),
            rows_refused=len(faults.numbers),
            bills=tally if self.kind.name == "bills" else Tally(),
            records=Tally() if self.kind.name == "bills" else tally,
            usage_points=tuple(sorted(into.points)),
            names=dict(sorted(into.points.items())),
            unread=unknown(self.kind, table.header),
        )

    def _preview(self, table: CsvTable, rows: Sequence[Record]) -> tuple[RowPreview, ...]:
        """The first rows: as they stand in the file, and as they are understood."""
        first, zone = rows[:SHOWN], self.profile.zone
        raw = dict(table.raw(row.row for row in first)) if first else {}
        said = {cell.name: cell for cell in self.kind.cells}
        return tuple(
            RowPreview(
                row=row.row,
                read=raw.get(row.row, "").rstrip("\r\n"),
                kept={name: written(said[name], value, zone) for name, value in row.values.items()},
            )
            for row in first
        )

    def _bad_rows(self, table: CsvTable, faults: Faults) -> tuple[BadRow, ...]:
        numbers = sorted(faults.bad)
        raw = dict(table.raw(numbers)) if numbers else {}
        return tuple(replace(faults.bad[number], raw=raw.get(number, "")) for number in numbers)

    def _refused(self, table: CsvTable, faults: Faults) -> Report:
        bad = self._bad_rows(table, faults)
        more = "" if len(faults.numbers) == 1 else f" {len(faults.numbers)} rows are bad."
        return Report(
            name=self.name,
            kind=self.kind.name,
            digest=self.digest,
            dry_run=self.dry_run,
            rows_refused=len(faults.numbers),
            bad_rows=bad,
            refused=Refused(rule="rows", sentence=f"{bad[0]}{more}"),
        )


def written(cell: Cell, value: Any, zone: ZoneInfo) -> str:
    """A value of a cell as it would be written."""
    if cell.read is day:
        return day_of(value, zone).isoformat()
    # in 1/100 000 of the currency
    return f"{Decimal(value).scaleb(-5):f}" if cell.read is money else str(value)


class _Undone(Exception):
    """Nothing of a transaction is kept; with a report, where that was all that was wanted."""

    def __init__(self, report: Report | None) -> None:
        super().__init__("undone")
        self.report = report
