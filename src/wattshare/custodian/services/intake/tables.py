"""Tables of readings taken in: staged on disk, checked to the end, then stored in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from types import MappingProxyType
from typing import Any

from wattshare.custodian.formats.remarks import Remark, Warned, warned
from wattshare.custodian.formats.tables.columns import BY_SIGN, Faults, Named, Series
from wattshare.custodian.formats.tables.days import Columns, Days, NotPlain, PlainDays
from wattshare.custodian.formats.tables.faults import BadRow, Fault, TooManyBad
from wattshare.custodian.formats.tables.mapping import FLOWS, to_plain
from wattshare.custodian.formats.tables.mapping import Mapping as Meaning
from wattshare.custodian.formats.tables.registers import Registers
from wattshare.custodian.formats.tables.spool import Row, TableSpool, open_table_spool
from wattshare.custodian.formats.tables.stage import Stage
from wattshare.custodian.formats.tables.text import Table
from wattshare.custodian.formats.tables.twins import Twins
from wattshare.custodian.formats.tables.wide import WideStage, cells_of
from wattshare.custodian.model.changes import Tally, sum_of
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.readings import Block
from wattshare.custodian.services.intake.ahead import ahead
from wattshare.custodian.services.intake.aside import Aside
from wattshare.custodian.services.intake.future import Future, latest
from wattshare.custodian.services.intake.in_columns import Storing, block_at
from wattshare.custodian.services.intake.overlaps import Overlaps, Spaced
from wattshare.custodian.services.intake.placing import Place, Placing, Plan, every_point
from wattshare.custodian.services.intake.report import ChannelReport, Preview, Refused, Report, once_more
from wattshare.custodian.services.intake.telling import Tell, untold
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.store.taking import Taking
from wattshare.espi.days import day_of
from wattshare.espi.profile import Profile

# where nothing lands
NOWHERE: Mapping[int, Place] = MappingProxyType({})
# days that are stored at a time, and readings in them
DAYS, READINGS = 5_000, 500_000
# rows of a trial that are shown, and bad rows that a refusal names
SHOWN, NAMED = 10, 20


@dataclass(frozen=True, kw_only=True)
class Readings:
    """One table of readings on its way in."""

    store: Store
    now: Clock
    profile: Profile
    name: str
    digest: str
    meaning: Meaning
    aside: Aside | None = None
    dry_run: bool = False
    # other than "": the same bytes are taken in once more
    again: str = ""
    tell: Tell = untold

    def _future(self) -> Future:
        return Future(latest(self.now()), refused=self.meaning.time.future == "refuse")

    @property
    def manner(self) -> dict[str, Any]:
        """What makes the same bytes another import."""
        manner = {"kind": "readings", "mapping": to_plain(self.meaning), "set_aside": self.aside is not None}
        return once_more(manner, self.again)

    def take(self, table: Table, places: Mapping[str, int], columns: Columns | None = None) -> Report:
        """Stage a table, check it, and store it whole or not at all; or what is good of it.

        Raises:
            Unreadable: it is no table to its end.
        """
        if columns and not self.dry_run and (report := self._take_columns(table, columns)):
            return report
        future = self._future()
        with open_table_spool() as spool:
            faults = Faults(most=self.aside.most if self.aside else NAMED)
            bound = future.latest if future.refused else None
            stage = Stage(places, len(table.header), self.meaning, self.profile, spool, faults, latest=bound)
            cells = cells_of(table.header) if self.meaning.form == "wide" else None
            take = stage.take if cells is None else WideStage(stage, cells, table.header).take
            try:
                for batch in table.batches():
                    take(batch)
                twins = stage.finish()
                task = _Task(self, table, spool, faults, tuple(stage.series), stage.rows, stage.readings, future=future)
                return task.run(stage, twins)
            except TooManyBad:
                # what else is in it need not be read
                return _Task(self, table, spool, faults, (), stage.rows, stage.readings).refused(more=True)

    def _take_columns(self, table: Table, columns: Columns) -> Report | None:
        """The same of a table that is read in columns; None where it is not plain enough, and nothing was kept."""
        try:
            columns.number()
            series, total = tuple(columns.series), columns.days
            # the first of them are packed while it is seen where they belong
            with ahead(columns.packed()) as packed, self.store.taking() as taking, open_table_spool() as spool:
                future = self._future()
                task = _Task(self, table, spool, Faults(), series, future=future)
                coming = task.registers.noticed(future.noticed(packed))
                task.packed = Packed(columns, coming, total)
                return task.store(taking, ())
        except NotPlain:
            return None


@dataclass(frozen=True)
class Packed:
    """The days of a table that is read in columns, as they come, and about how many they are."""

    columns: Columns
    coming: Iterator[PlainDays]
    total: int


@dataclass
class _Task:
    """A table that is staged."""

    intake: Readings
    table: Table
    spool: TableSpool
    faults: Faults
    series: Sequence[Series]
    rows: int = 0
    readings: int = 0
    # its days, where they need not be made
    packed: "Packed | None" = None
    repeated: int = 0
    # where bad rows were set aside
    aside: str | None = None
    future: Future | None = None
    twins: Twins | None = None

    def __post_init__(self) -> None:
        """Nothing was seen of its values yet."""
        self.registers = Registers(self._kind)
        self.overlaps, self.spaced = Overlaps(), Spaced()

    def run(self, stage: Stage, twins: Twins) -> Report:
        """Check everything; store everything, or nothing."""
        self._check_places()
        twins.settle(self._of)
        self._make_days(stage)
        self.twins = twins
        if self.future and stage.last > self.future.latest:
            self.future.count, self.future.first = self.spool.later(self.future.latest)
        bad, aside = len(self.faults.numbers), self.intake.aside
        # where nothing is good there is nothing beside which bad rows could be set aside
        if bad and (aside is None or bad > aside.most or not self.spool.series()):
            return self.refused()
        rows = self._bad_rows()
        if aside and rows and not self.intake.dry_run:
            self.aside = str(aside.write(rows))
        try:
            with self.intake.store.taking() as taking:
                return self.store(taking, rows)
        except Tried as tried:
            return tried.report

    def _check_places(self) -> None:
        """Note every row of a series that has no place."""
        with self.intake.store.read(Purpose.INTAKE) as tx:
            why = self._placing(tx).unplaceable()
        for number, sentence in why.items():
            column = self.intake.meaning.columns[self.series[number].role]
            for row in self.spool.numbers_of(number):
                self.faults.note(row, Fault(column, sentence), self._of(number))

    def _make_days(self, stage: Stage) -> None:
        """Pack what is good; rows that contradict each other take their whole rows with them."""
        days = Days(self.spool, self.intake.profile, self.faults, self._offset, self._of, stage.chosen)
        days.made = lambda rows: self.intake.tell("packing", rows, self.readings)
        known = -1
        while known != len(self.faults.numbers):
            if self.faults.numbers:
                self.spool.drop(self.faults.numbers)
            known = len(self.faults.numbers)
            self.registers, self.spaced = Registers(self._kind), Spaced()
            days.seen, days.apart = self.registers.see, self.spaced.see
            days.make()
            if not self.intake.aside:
                break
        self.repeated = days.repeated

    def _offset(self, series: int) -> int:
        """Seconds after midnight at which the profile begins a day of a series that is told by the day."""
        if self.intake.meaning.interval.length != "day":
            return 0
        measure = self._placing(None).measure(self.series[series])
        metering = self.intake.profile.metering(measure.commodity.service_kind)
        return metering.day_offset if metering else 0

    def _placing(self, tx: Tx | None, series: Sequence[Series] | None = None) -> Placing:
        return Placing(tx, self.intake.profile, self.intake.meaning, series or self.series)  # type: ignore[arg-type]

    def _of(self, number: int) -> Named:
        """The channel that the rows of a series are of."""
        one, meaning = self.series[number], self.intake.meaning
        split = "flow" not in meaning.columns and meaning.flow.all not in FLOWS
        return Named(one.name, BY_SIGN if split else one.flow, one.unit, one.channel)

    def _bad_rows(self) -> tuple[BadRow, ...]:
        """The bad rows as they stand in the file; of a trial or a refusal the first few."""
        numbers = sorted(self.faults.bad)
        raw = dict(self.table.raw(numbers)) if numbers else {}
        return tuple(replace(self.faults.bad[number], raw=raw.get(number, "")) for number in numbers)

    def refused(self, *, more: bool = False) -> Report:
        """The report of a table with bad rows; or with more of them than are looked for."""
        bad, count = self._bad_rows(), len(self.faults.numbers)
        first = bad[0]
        sentence = f"{first}" if count == 1 else f"{first} {'More than ' * more}{count} rows are bad."
        refused = Refused(rule="rows", sentence=sentence)
        return replace(self._report({}, None), refused=refused, bad_rows=bad)

    def store(self, taking: Taking[Tx], bad: tuple[BadRow, ...]) -> Report:
        """Write everything, as the next revision.

        Raises:
            NotPlain: it cannot be read in columns after all.
        """
        intake = self.intake
        with taking.view() as tx:
            if tx.imports.report(intake.digest, intake.manner) is not None:
                return Report(name=intake.name, digest=intake.digest, known=True, dry_run=intake.dry_run)
            if self.packed and self._placing(tx).unplaceable():
                raise NotPlain
            # of what only bad rows name nothing is made
            numbers = range(len(self.series)) if self.packed else self.spool.series()
            plan = self._placing(tx, [self.series[one] for one in numbers]).plan() if numbers else Plan()
            lots = plan.lots(tx)
        places = dict(zip(numbers, plan.places, strict=True))
        revision, at = taking.begin(intake.now)
        tallies = self._put(taking, places, revision, at)
        report = replace(self._report(tallies, None if intake.dry_run else revision, places), bad_rows=bad)
        if intake.dry_run:
            raise Tried(replace(report, preview=self._preview()))
        kept = replace(report, bad_rows=(), mapping=None).kept(channels=NAMED).as_plain()
        taking.put_aside(lots)
        with taking.last() as tx:
            plan.keep(tx, lots)
            tx.imports.add(intake.digest, intake.manner, revision=revision, at=at, report=kept)
            tx.revisions.end(revision, intake.now)
        return report

    def _put(self, taking: Taking[Tx], places: Mapping[int, Place], revision: int, at: int) -> dict[int, Tally]:
        """Store the days, many at a time; what became of each series' readings."""
        reason = f"import {self.intake.digest[:12]}"
        if days := self.packed:
            storing = Storing(taking, places, revision, at, reason, self.intake.tell, self.overlaps)
            tallies = storing.store(days.coming, days.total)
            self.rows = self.readings = days.columns.rows
            return tallies
        total = self.spool.count()
        done, tallies = 0, dict[int, Tally]()
        for chunk in self._chunks(places, revision, at):
            fresh, late = list[tuple[int, Block]](), list[tuple[int, Block]]()
            for series, block in chunk:
                (fresh if places[series].fresh else late).append((series, block))
            taking.load(block for _, block in fresh)
            met = taking.merge_each([block for _, block in late], reason)
            self.overlaps.note(zip(((series, block.start) for series, block in late), met, strict=True))
            merged = [(series, tally) for (series, _), tally in zip(late, met, strict=True)]
            new = [(series, Tally(new=block.count)) for series, block in fresh]
            for series, tally in (*new, *merged):
                tallies[series] = tallies.get(series, Tally()) + tally
            done += len(chunk)
            self.intake.tell("storing", done, total)
        return tallies

    def _chunks(self, places: Mapping[int, Place], revision: int, at: int) -> Iterator[list[tuple[int, Block]]]:
        chunk, readings = list[tuple[int, Block]](), 0
        for series, *packed in self.spool.blocks():
            block = block_at(places[int(str(series))], packed, revision, at)
            chunk.append((int(str(series)), block))
            readings += block.count
            if len(chunk) == DAYS or readings >= READINGS:
                yield chunk
                chunk, readings = [], 0
        if chunk:
            yield chunk

    def _report(
        self, tallies: Mapping[int, Tally], revision: int | None, places: Mapping[int, Place] = NOWHERE
    ) -> Report:
        intake = self.intake
        channels = (*self._channels(tallies, places), *self._refused_channels(places))
        return Report(
            name=intake.name,
            kind="readings",
            mapping=intake.meaning,
            digest=intake.digest,
            revision=revision,
            dry_run=intake.dry_run,
            rows=self.rows,
            rows_refused=len(self.faults.numbers),
            rows_refused_unknown=self.faults.of[None],
            rows_skipped=self.faults.skipped,
            aside=self.aside,
            read=self.readings,
            repeated=self.repeated,
            readings=sum_of(channel.readings for channel in channels),
            usage_points=every_point(places.values()),
            names={place.usage_point_id: self.series[one].name for one, place in reversed(list(places.items()))},
            channels=channels,
            warnings=self._warned(),
        )

    def _warned(self) -> tuple[Warned, ...]:
        future, twins = self.future, self.twins
        told = list(future.warned(self.series[future.first[1]].name)) if future and future.first else []
        told += twins.warned(self._at) if twins else ()
        told += (*self.overlaps.warned(self._at), *self.spaced.warned(self._at))
        if found := self.registers.found():
            told.append(warned(Remark.LIKE_REGISTERS, sum(found.values()), tuple(sorted(found))))
        return tuple(told)

    def _kind(self, number: int) -> str:
        """What a channel measures, and what the file calls it, where it has a column of channels."""
        one = self.series[number]
        apart = one.channel if "channel" in self.intake.meaning.columns else ""
        return " ".join(filter(None, (_flow(one), one.unit, apart)))

    def _at(self, number: int, start: int) -> str:
        """A channel and a day, for whoever sent the file."""
        one, day = self.series[number], day_of(start, self.intake.profile.zone)
        return f"{' '.join(filter(None, (one.name, _flow(one), one.unit, one.channel)))}, {day}"

    def _channels(self, tallies: Mapping[int, Tally], places: Mapping[int, Place]) -> Iterator[ChannelReport]:
        """What became of the rows of each channel that something is kept of."""
        numbers = sorted(tallies, key=lambda one: (places[one].usage_point_id, places[one].channel, one))
        for key, group in groupby(numbers, lambda one: places[one][:3]):
            several = list(group)
            one = self.series[several[0]]
            yield ChannelReport(
                named=one.name,
                usage_point_id=key[0],
                channel=key[1],
                reading_type_id=key[2],
                flow=one.flow,
                unit=one.unit,
                apart=one.channel or None,
                readings=sum_of(tallies[number] for number in several),
                # nobody is told apart where nothing was refused
                rows_refused=sum(self.faults.of[of] for of in set(map(self._of, several))) if self.faults.of else 0,
            )

    def _refused_channels(self, places: Mapping[int, Place]) -> Iterator[ChannelReport]:
        """The channels of which nothing is kept, as the file names them."""
        kept = map(self._of, places) if self.faults.of else ()
        for of in sorted(set(self.faults.of) - {None, *kept}, key=str):
            if of is not None:
                yield ChannelReport(
                    named=of.name,
                    flow=of.flow,
                    unit=of.unit,
                    apart=of.channel or None,
                    rows_refused=self.faults.of[of],
                )

    def _preview(self) -> tuple[Preview, ...]:
        """The first readings: as they stand in the file, and as they are kept."""
        first = self.spool.first(SHOWN)
        raw = dict(self.table.raw({row.number for row in first}))
        placing = self._placing(None)
        return tuple(_previewed(row, self.series[row.series], placing, raw.get(row.number, "")) for row in first)


def _flow(one: Series) -> str:
    return next((word for word, code in FLOWS.items() if code == one.flow), "")


class Tried(Exception):
    """A trial is over: undo it."""

    def __init__(self, report: Report) -> None:
        """Take what would have become of the file."""
        super().__init__("tried")
        self.report = report


def _previewed(row: Row, series: Series, placing: Placing, raw: str) -> Preview:
    measure = placing.measure(series)
    return Preview(
        row=row.number,
        read=raw.rstrip("\r\n"),
        named=series.name,
        flow=series.flow,
        start=row.start,
        duration=row.duration,
        value=row.value,
        power_of_ten=measure.power,
        unit=measure.unit.symbol.name.lower(),
        quality=row.quality,
    )
