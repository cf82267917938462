"""What taking a file in did."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from wattshare.custodian.formats.remarks import Warned
from wattshare.custodian.formats.tables.faults import BadRow, Question
from wattshare.custodian.formats.tables.mapping import Mapping as Meaning
from wattshare.custodian.formats.tables.mapping import to_plain
from wattshare.custodian.model.changes import Outcome, Tally
from wattshare.custodian.store.imports import AGAIN


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Why a file was not taken; nothing of it is kept."""

    # a rule of the reader, a deviation that this manner of reading refuses, or `placing` or `conflict`
    rule: str
    sentence: str
    line: int | None = None
    element: str = ""

    def __str__(self) -> str:
        """One line for whoever sent the file."""
        line = f"line {self.line}" if self.line else ""
        where = ", ".join(filter(None, (line, self.element)))
        return f"{where}: {self.sentence} ({self.rule})" if where else f"{self.sentence} ({self.rule})"


@dataclass(frozen=True, kw_only=True)
class ChannelReport:
    """What became of the readings of one channel; without numbers where nothing of it is kept."""

    # what the file calls the usage point, the meter or the account
    named: str
    usage_point_id: int | None = None
    channel: int | None = None
    reading_type_id: str | None = None
    # FlowDirection, 0: by the sign; the unit's word; and what tells channels apart. None: the file is no table
    flow: int | None = None
    unit: str | None = None
    apart: str | None = None
    readings: Tally = field(default_factory=Tally)
    # rows of it that were refused or set aside
    rows_refused: int = 0


def once_more(manner: dict[str, Any], again: str) -> dict[str, Any]:
    """A manner of reading with the word that tells one more reading of the same bytes from those before."""
    return {**manner, AGAIN: again} if again else manner


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One reading of a trial: as it stands in the file, and as it would be kept."""

    # of Green Button, which has no rows, the place among those that are shown, and nothing as it was read
    row: int
    read: str
    named: str
    # FlowDirection; 0: by the sign; None: nothing says it
    flow: int | None
    start: int
    duration: int
    # None: it has none, but a cost or a quality
    value: int | None
    power_of_ten: int
    unit: str
    quality: int | None


@dataclass(frozen=True, kw_only=True)
class RowPreview:
    """One row of a trial of customers or what is theirs: as it stands in the file, and what it says by column."""

    row: int
    read: str
    kept: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of one file."""

    name: str
    # green button, readings, customers, …
    kind: str = "green button"
    # SHA-256 of its bytes
    digest: str = ""
    # None: refused, nothing new, or only tried
    revision: int | None = None
    dry_run: bool = False
    # the same bytes had been taken in before, in the same manner: nothing was done
    known: bool = False
    refused: Refused | None = None
    # objects of the standard that were read, by name
    entries: Mapping[str, int] = field(default_factory=dict)
    # rows of a table: read, set aside or refused (where it is known: then), passed over
    rows: int = 0
    rows_refused: int = 0
    # of the refused ones those that do not say which channel they are of
    rows_refused_unknown: int = 0
    rows_skipped: int = 0
    bad_rows: tuple[BadRow, ...] = ()
    # the file that bad rows were set aside in
    aside: str | None = None
    preview: tuple[Preview | RowPreview, ...] = ()
    # readings that were read, and those among them that stood more than once
    read: int = 0
    repeated: int = 0
    readings: Tally = field(default_factory=Tally)
    bills: Tally = field(default_factory=Tally)
    # rows of a table of customers, accounts, holders, agreements, meters or programmes
    records: Tally = field(default_factory=Tally)
    # columns that are not read
    unread: tuple[str, ...] = ()
    usage_points: tuple[int, ...] = ()
    # what the file calls them
    names: Mapping[int, str] = field(default_factory=dict)
    channels: tuple[ChannelReport, ...] = ()
    # customers, accounts, agreements, locations and meters that were added or changed
    customers: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()
    # what must be answered in the mapping before the file can be read
    questions: tuple[Question, ...] = ()
    # the mapping by which a table was read, or would be
    mapping: Meaning | None = None
    # only looked at
    explained: bool = False

    def kept(self, channels: int) -> "Report":
        """The report as it is kept: with so many channels, and without names, some of which are accounts' numbers."""
        few = tuple(replace(one, named="") for one in self.channels[:channels])
        warnings = self.warnings
        if self.kind == "readings":
            # places in a table name what the file does
            warnings = tuple(replace(one, places=()) for one in warnings)
        return replace(self, names={}, channels=few, warnings=warnings)

    def as_plain(self) -> dict[str, Any]:
        """The report as JSON values."""
        plain = asdict(self)
        plain["names"] = {str(here): name for here, name in self.names.items()}
        plain["mapping"] = to_plain(self.mapping) if self.mapping else None
        plain["entries"], plain["customers"] = dict(self.entries), dict(self.customers)
        return plain


@dataclass
class Progress:
    """A report in the making."""

    channels: list[ChannelReport] = field(default_factory=list)
    bills: Counter[Outcome] = field(default_factory=Counter)
    customers: Counter[str] = field(default_factory=Counter)
    # by key in the file
    usage_points: dict[str, int] = field(default_factory=dict)
    # by customers' agreements
    spoken_of: set[int] = field(default_factory=set)
    # the first readings
    shown: tuple[Preview, ...] = ()

    @property
    def names(self) -> dict[int, str]:
        """What the file calls usage points."""
        return {here: key for key, here in sorted(self.usage_points.items(), reverse=True)}

    @property
    def readings(self) -> Tally:
        """The readings of all channels."""
        return sum((channel.readings for channel in self.channels), Tally())

    @property
    def billed(self) -> Tally:
        """What became of the summaries."""
        return Tally(new=self.bills[Outcome.NEW], changed=self.bills[Outcome.CHANGED], same=self.bills[Outcome.SAME])
