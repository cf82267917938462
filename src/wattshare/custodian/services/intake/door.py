"""The one door for documents of any kind: what it is is found out, and who takes it in."""

import codecs
import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from wattshare.custodian.formats.tables.asking import places_of, questions
from wattshare.custodian.formats.tables.days import Columns
from wattshare.custodian.formats.tables.faults import Question, Unmapped
from wattshare.custodian.formats.tables.guess import Sample, guess, names_readings, open_words, shown_times
from wattshare.custodian.formats.tables.headings import heading_of
from wattshare.custodian.formats.tables.mapping import BadMapping, Mapping
from wattshare.custodian.formats.tables.records import BY_NAME, Kind, kind_of, misspelt, nearly, unknown
from wattshare.custodian.formats.tables.text import CsvTable, Table, Unreadable
from wattshare.custodian.formats.tables.wide import cells_of
from wattshare.custodian.services.intake.aside import Aside
from wattshare.custodian.services.intake.intake import Intake
from wattshare.custodian.services.intake.registry import Registry
from wattshare.custodian.services.intake.report import Refused, Report
from wattshare.custodian.services.intake.tables import Readings
from wattshare.custodian.services.intake.telling import Tell, Watched, untold
from wattshare.custodian.store.purposes import Purpose

CHUNK = 1 << 20
PARQUET = b"PAR1"
FLOATS = Question(
    key="values.floats",
    sentence="The values are binary fractions, which most decimals are not; each can be read as its shortest decimal.",
    choices=("shortest",),
)
# bad rows that are kept of a refusal
NAMED = 20


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How documents are to be taken in."""

    # where a Green Button file of one usage point lands, and whose its usage points are
    usage_point: int | None = None
    account: str | None = None
    lenient: bool = False
    # of tables: readings, customers, accounts, holders, agreements, meters, programs or bills; None: by the header
    kind: str | None = None
    mapping: Mapping | None = None
    set_aside: Path | None = None
    dry_run: bool = False
    # say what is thought of a table, and read no more; or do so where no mapping is given
    explain: bool = False
    confirm: bool = False
    # other than "": what was taken in before is taken in once more
    again: str = ""
    tell: Tell = untold


@dataclass(frozen=True)
class Door:
    """Where documents come in."""

    intake: Intake

    def take(self, file: BinaryIO, name: str, wanted: Wanted) -> Report:
        """Take one document in, whole or not at all; the same again changes nothing. It can be read twice."""
        report = self._take(file, name, wanted)
        # what brought something said so in its own transaction
        if not (report.dry_run or report.explained) and report.revision is None:
            self.note(report)
        return report

    def note(self, report: Report) -> None:
        """Write down what became of a document of which nothing new was kept."""
        kept = replace(report, bad_rows=report.bad_rows[:NAMED]).kept(channels=0)
        with self.intake.store.begin() as tx:
            state = "refused" if report.refused else "known" if report.known else "taken"
            tx.imports.note(kept.as_plain(), state=state, at=self.intake.now())

    def _take(self, file: BinaryIO, name: str, wanted: Wanted) -> Report:
        size = file.seek(0, 2)
        watched = cast(BinaryIO, Watched(file, size, "reading", wanted.tell))
        digest = digest_of(cast(BinaryIO, Watched(file, size, "looking", wanted.tell)))
        file.seek(0)
        head = file.read(4096)
        file.seek(0)
        try:
            if not head.startswith(PARQUET) and (is_xml(head) or name.casefold().endswith(".xml")):
                return self._take_xml(watched, name, digest, wanted)
            self._check(wanted)
            if head.startswith(PARQUET):
                return self._take_parquet(watched, name, digest, wanted)
            return self._take_table(watched, name, digest, wanted)
        except Unreadable as why:
            return self._refused(name, "unreadable", str(why), digest, wanted)
        except Unmapped as why:
            return replace(self._refused(name, "mapping", str(why), digest, wanted), questions=why.questions)
        except BadMapping as why:
            return self._refused(name, "mapping", str(why), digest, wanted)

    @staticmethod
    def _refused(name: str, rule: str, sentence: str, digest: str, wanted: Wanted) -> Report:
        return replace(refused(name, rule, sentence, digest), kind="table", dry_run=wanted.dry_run or wanted.explain)

    def _take_xml(self, file: BinaryIO, name: str, digest: str, wanted: Wanted) -> Report:
        known = self._known(
            name, digest, self.intake.manner(wanted.usage_point, wanted.account, wanted.lenient, wanted.again), wanted
        )
        return known or self.intake.take(
            file,
            name=name,
            usage_point=wanted.usage_point,
            account=wanted.account,
            lenient=wanted.lenient,
            # it says what it is by itself; what only asks for that takes nothing in
            dry_run=wanted.dry_run or wanted.explain,
            again=wanted.again,
            tell=wanted.tell,
        )

    @staticmethod
    def _check(wanted: Wanted) -> None:
        """Refuse a table for which something is asked that only Green Button has.

        Raises:
            Unreadable: it is.
        """
        asked = "--usage-point" if wanted.usage_point is not None else "--account" if wanted.account else None
        if asked:
            raise Unreadable(f"{asked} is for Green Button; a table has a column that says whose each row is.")

    def _take_parquet(self, file: BinaryIO, name: str, digest: str, wanted: Wanted) -> Report:
        if importlib.util.find_spec("pyarrow") is None:
            raise Unreadable("Parquet needs pyarrow: pip install 'wattshare[parquet]'.")
        # an extra that not every installation has
        from wattshare.custodian.formats.tables.column_days import ColumnDays  # noqa: PLC0415
        from wattshare.custodian.formats.tables.parquet import ParquetTable, has_floats  # noqa: PLC0415

        table = ParquetTable.open(file)
        places_of(table.header, wanted.mapping or Mapping())
        mapping = guess(Sample(table.header, table.sample()), wanted.mapping or Mapping())
        if has_floats(table, mapping) and mapping.values.floats == "refuse":
            raise Unmapped((FLOATS,))
        columns = ColumnDays(table, mapping, self.intake.profile)
        return self._take_readings(table, mapping, name, digest, wanted, columns if columns.plain() else None)

    def _take_table(self, file: BinaryIO, name: str, digest: str, wanted: Wanted) -> Report:
        given = wanted.mapping or Mapping()
        heading = heading_of(file, given)
        if heading:
            raise Unmapped((heading,))
        table = CsvTable.open(file, given.file)
        # a mapping that names columns of this very table is about it
        named = set(given.columns.values())
        guessed = None if named and named <= set(table.header) else kind_of(table.header)
        kind = BY_NAME.get(wanted.kind) if wanted.kind else guessed
        if kind is not None:
            return self._take_records(table, kind, name, digest, wanted)
        strange = not wanted.kind and named.isdisjoint(table.header) and not names_readings(table.header)
        if strange and (meant := nearly(table.header)):
            raise Unreadable(misspelt(meant, table.header))
        places_of(table.header, given)
        mapping = guess(Sample(table.header, table.sample()), given)
        return self._take_readings(table, mapping, name, digest, wanted)

    def _take_readings(
        self, table: Table, mapping: Mapping, name: str, digest: str, wanted: Wanted, columns: Columns | None = None
    ) -> Report:
        places = places_of(table.header, mapping)
        if wanted.explain or (wanted.mapping is None and wanted.confirm and table.sample()):
            return self._explained(name, digest, table, mapping)
        if asked := tuple(self._questions(table, mapping, words=wanted.mapping is None)):
            if table.sample() or not mapping.columns:
                raise Unmapped(asked)
            # what no row shows need not be known
            unread = _unread(table.header, mapping, places)
            return Report(name=name, kind="readings", digest=digest, dry_run=wanted.dry_run, unread=unread)
        readings = Readings(
            store=self.intake.store,
            now=self.intake.now,
            profile=self.intake.profile,
            name=name,
            digest=digest,
            meaning=mapping,
            aside=Aside(wanted.set_aside) if wanted.set_aside else None,
            dry_run=wanted.dry_run,
            again=wanted.again,
            tell=wanted.tell,
        )
        known = self._known(name, digest, readings.manner, wanted)
        return known or replace(readings.take(table, places, columns), unread=_unread(table.header, mapping, places))

    def _take_records(self, table: CsvTable, kind: Kind, name: str, digest: str, wanted: Wanted) -> Report:
        registry = Registry(
            store=self.intake.store,
            now=self.intake.now,
            profile=self.intake.profile,
            name=name,
            digest=digest,
            kind=kind,
            aside=Aside(wanted.set_aside) if wanted.set_aside else None,
            dry_run=wanted.dry_run,
            again=wanted.again,
            tell=wanted.tell,
        )
        if wanted.explain:
            return Report(name=name, kind=kind.name, digest=digest, explained=True, unread=unknown(kind, table.header))
        return self._known(name, digest, registry.manner, wanted) or registry.take(table)

    def _questions(self, table: Table, mapping: Mapping, *, words: bool = True) -> Iterator[Question]:
        cells = cells_of(table.header) if mapping.form == "wide" else None
        counted = cells is not None and cells.counted
        asked = questions(mapping, self.intake.profile.time_zone, counted=counted, header=table.header)
        sample = Sample(table.header, table.sample())
        yield from (shown_times(sample, mapping, one) if one.key == "time.format" else one for one in asked)
        if words:
            # by a mapping that was given, a word that it does not know makes a bad row
            yield from open_words(sample, mapping)

    def _explained(self, name: str, digest: str, table: Table, mapping: Mapping) -> Report:
        """What is thought of a table, and what is asked; nothing is read beyond its first rows."""
        asked = tuple(self._questions(table, mapping))
        return Report(name=name, kind="readings", digest=digest, mapping=mapping, questions=asked, explained=True)

    def _known(self, name: str, digest: str, manner: dict[str, Any] | None, wanted: Wanted) -> Report | None:
        """What is told of a document that was taken in before, in the same manner."""
        if manner is None:
            return None
        with self.intake.store.read(Purpose.INTAKE) as tx:
            before = tx.imports.seen(digest, manner)
        if before is None:
            return None
        points = tuple(before["usage_points"])
        return Report(
            name=name,
            kind=before.get("kind", Report.kind),
            digest=digest,
            known=True,
            dry_run=wanted.dry_run,
            usage_points=points,
            rows_refused=before.get("rows_refused", 0),
        )


def _unread(header: Sequence[str], mapping: Mapping, places: dict[str, int]) -> tuple[str, ...]:
    """The columns that a mapping says nothing of: a quality among them would be lost unseen."""
    cells = cells_of(header) if mapping.form == "wide" else None
    read = {*places.values(), *(cells.places if cells else ())}
    return tuple(name for at, name in enumerate(header) if name and at not in read)


def digest_of(file: BinaryIO) -> str:
    """The SHA-256 of a file."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def is_xml(head: bytes) -> bool:
    """Whether a document is XML, or wants to be: junk may stand before it."""
    text = head.removeprefix(codecs.BOM_UTF8)
    return text.lstrip()[:1] == b"<" or b"<?xml" in text or b"<feed" in text or b"\x00<" in head or b"<\x00" in head


def refused(name: str, rule: str, sentence: str, digest: str = "") -> Report:
    """The report of a document that is not taken."""
    return Report(name=name, digest=digest, refused=Refused(rule=rule, sentence=sentence))
