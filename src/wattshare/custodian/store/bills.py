"""Bills and power quality summaries, as espi.plain writes them.

One is named by its bill date (the UsageSummaryID on the wire), which no other of its usage point has. A
period that is billed again is the same bill: it keeps its name, and what was issued last stands.
"""

from collections.abc import Iterator, Set
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    FromClause,
    Index,
    String,
    Table,
    Text,
    bindparam,
    func,
    or_,
    select,
    true,
    update,
)

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.changes import BillCorrection, Extent, Outcome
from wattshare.custodian.model.packing import LONGEST_DAY
from wattshare.custodian.model.premises import Agreement
from wattshare.custodian.store.authorizations import OPEN_SHARES, of_held
from wattshare.custodian.store.blocks import covers
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.plain import read_text, write_text
from wattshare.espi.days import day_bounds, day_of, midnight
from wattshare.espi.profile import Profile
from wattshare.espi.usage import ElectricPowerQualitySummary, UsageSummary
from wattshare.espi.window import Window


class SummaryKind(StrEnum):
    """What a summary tells of."""

    USAGE = "usage"
    QUALITY = "quality"


BILL = Table(
    "bill",
    METADATA,
    Column("usage_point_id", Big, ForeignKey("usage_point.id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("bill_date", Big, primary_key=True, autoincrement=False),
    # end of the bill date's local day, for windows
    Column("day_end", Big, nullable=False),
    Column("period_start", Big, nullable=False),
    Column("period_end", Big, nullable=False),
    # end of the local day in which the period starts: whose bill it is, as for blocks
    Column("held_from", Big, nullable=False),
    # when whoever made it says that it was issued
    Column("issued_at", Big),
    Column("content", Text, nullable=False),
    Column("first_revision", Big, nullable=False),
    Column("revision", Big, nullable=False),
    Column("published_at", Big, nullable=False),
    Column("updated_at", Big, nullable=False),
    Index("ix_bill_updated_at", "updated_at", "usage_point_id"),
)

BILL_CORRECTION = Table(
    "bill_correction",
    METADATA,
    Column("usage_point_id", Big, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("bill_date", Big, primary_key=True, autoincrement=False),
    Column("revision", Big, primary_key=True, autoincrement=False),
    # beside one another where one revision changes a bill twice
    Column("number", Big, primary_key=True, autoincrement=False),
    Column("at", Big, nullable=False),
    Column("reason", String, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Index("ix_bill_correction_revision", "revision", "usage_point_id"),
)

Summary = TypeVar("Summary", UsageSummary, ElectricPowerQualitySummary)


class Bill(NamedTuple):
    """A bill, its name, the times of its first and last revision, and the last one's number."""

    bill_date: int
    summary: UsageSummary
    published_at: int
    updated_at: int
    revision: int


class QualitySummary(NamedTuple):
    """A power quality summary, its name, the times of its first and last revision, and the last one's number."""

    date: int
    summary: ElectricPowerQualitySummary
    published_at: int
    updated_at: int
    revision: int


class Bills:
    """Bills and power quality summaries by usage point."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    # what comes

    def put(
        self,
        usage_point_id: int,
        summary: UsageSummary,
        bill_date: int,
        *,
        revision: int,
        at: int,
        profile: Profile,
        reason: str = "",
        issued_at: int | None = None,
        nth: int = 0,
    ) -> Outcome:
        """Keep a bill. One of the same period is the same bill; of two, the one issued later stands.

        `nth` is for who gives several bills of one period at once: which of them it is, from 0.

        A bill date that another bill of the usage point has moves on to the next local day that none has.
        """
        row = row_of(usage_point_id, summary, bill_date, issued_at)
        return self._put(row, revision, at, profile, reason, nth)

    def put_quality(
        self,
        usage_point_id: int,
        summary: ElectricPowerQualitySummary,
        *,
        revision: int,
        at: int,
        profile: Profile,
        reason: str = "",
        issued_at: int | None = None,
        nth: int = 0,
    ) -> Outcome:
        """Keep a power quality summary, named by the start of its interval."""
        interval = summary.summary_interval
        row = {"usage_point_id": usage_point_id, "kind": SummaryKind.QUALITY, "bill_date": interval.start}
        row |= {"period_start": interval.start, "period_end": interval.start + interval.duration}
        row |= {"issued_at": issued_at, "content": write_text(summary)}
        return self._put(row, revision, at, profile, reason, nth)

    # what is known

    def corrections(self, usage_point_id: int, *, after: int = 0) -> Iterator[BillCorrection]:
        """The summaries that revisions after `after` replaced, in the order in which it happened."""
        ledger = BILL_CORRECTION.c
        names = ("usage_point_id", "bill_date", "revision", "at", "reason", "old", "new")
        rows = self._connection.execute(
            select(*(ledger[name] for name in names))
            .where(ledger.usage_point_id == usage_point_id, ledger.revision > after)
            .order_by(ledger.revision, ledger.bill_date, ledger.number)
        )
        return (BillCorrection(**row) for row in rows.mappings())

    def first_day(self, usage_point_id: int) -> int | None:
        """The earliest start of a period that is billed."""
        earliest = select(func.min(BILL.c.period_start)).where(BILL.c.usage_point_id == usage_point_id)
        start: int | None = self._connection.execute(earliest).scalar_one()
        return start

    # what an authorization opens

    def of(
        self,
        authorization: Authorization,
        usage_point_id: int,
        window: Window | None,
        at: int,
        profile: Profile,
    ) -> tuple[Bill, ...]:
        """The bills of a usage point that the authorization opens and the window takes, by bill date."""
        told = opened_by(authorization, at, usage_point_id, SummaryKind.USAGE)
        return tuple(Bill(*_told(row, UsageSummary)) for row in self._opened(told, _taken(window, profile)))

    def one(self, authorization: Authorization, usage_point_id: int, bill_date: int, at: int) -> Bill | None:
        """One bill, if the authorization opens it."""
        told = opened_by(authorization, at, usage_point_id, SummaryKind.USAGE)
        found = self._opened(told, [BILL.c.bill_date == bill_date])
        return Bill(*_told(found[0], UsageSummary)) if found else None

    def latest(
        self,
        authorization: Authorization,
        usage_point_id: int,
        since: int | None,
        at: int,
        *,
        until: int | None = None,
    ) -> tuple[Bill, ...]:
        """The bills of a usage point that the authorization opens and that changed after `since`.

        Without a `since`: the last one. Of what was known at `until`, where that is given.
        """
        rules = [] if since is None else [BILL.c.updated_at > since]
        rules += [] if until is None else [BILL.c.published_at <= until]
        found = self._opened(opened_by(authorization, at, usage_point_id, SummaryKind.USAGE), rules)
        return tuple(Bill(*_told(row, UsageSummary)) for row in (found if since is not None else found[-1:]))

    def own(self, agreement: Agreement) -> Bill | None:
        """The last bill of an agreement, for its own customer's eyes."""
        bill = BILL.c
        ended = true() if agreement.ends is None else bill.period_end <= agreement.ends + LONGEST_DAY
        mine = self._of(agreement.usage_point_id, SummaryKind.USAGE) & (bill.held_from > agreement.starts)
        found = select(BILL).where(mine, ended).order_by(bill.bill_date.desc()).limit(1)
        row = self._connection.execute(found).mappings().one_or_none()
        return None if row is None else Bill(*_told(row, UsageSummary))

    def quality(
        self,
        authorization: Authorization,
        usage_point_id: int,
        window: Window | None,
        at: int,
        profile: Profile,
    ) -> tuple[QualitySummary, ...]:
        """The power quality summaries of a usage point that the authorization opens and the window takes."""
        told = opened_by(authorization, at, usage_point_id, SummaryKind.QUALITY)
        found = self._opened(told, _taken(window, profile))
        return tuple(QualitySummary(*_told(row, ElectricPowerQualitySummary)) for row in found)

    def extent(
        self,
        authorization: Authorization,
        window: Window | None,
        at: int,
        profile: Profile,
        *,
        usage_point_id: int | None = None,
    ) -> Extent | None:
        """Count and revisions of the bills that the window takes, of a usage point or all. None: nothing."""
        mine = [] if usage_point_id is None else [BILL.c.usage_point_id == usage_point_id]
        rules = [BILL.c.kind == SummaryKind.USAGE, HELD, *_taken(window, profile), *mine]
        row = self._connection.execute(EXTENT.where(*rules), of_held(authorization, at)).one()
        return Extent(**row._mapping) if row[0] else None

    # parts

    def _of(self, usage_point_id: int, kind: SummaryKind) -> ColumnElement[bool]:
        return (BILL.c.usage_point_id == usage_point_id) & (BILL.c.kind == kind)

    def _opened(self, told: Row, rules: list[ColumnElement[bool]]) -> list[Row]:
        """Of what an authorization opens, what these rules take."""
        return list(self._connection.execute(OPENED.where(*rules) if rules else OPENED, told).mappings())

    def _put(self, row: Row, revision: int, at: int, profile: Profile, reason: str, nth: int) -> Outcome:
        stored = self._stored(row, nth)
        if stored is None:
            fresh = dict(row) | {"bill_date": self._free(row, profile)}
            times = {"first_revision": revision, "published_at": at, "revision": revision, "updated_at": at}
            self._connection.execute(BILL.insert(), {**dated(fresh, profile), **times})
            return Outcome.NEW
        superseded = _after(stored["issued_at"], row["issued_at"])
        if superseded or stored["content"] == row["content"]:
            return Outcome.SAME
        kept = dict(row) | {"bill_date": stored["bill_date"], "revision": revision, "updated_at": at}
        # a row stays with its usage point: its key is not written, not even as it was
        values = {name: value for name, value in dated(kept, profile).items() if name not in BILL.primary_key}
        self._connection.execute(update(BILL).where(_named(stored)).values(**values))
        self._enter(stored, kept, reason)
        return Outcome.CHANGED

    def _stored(self, row: Row, nth: int) -> Row | None:
        """The nth bill of the same period, whatever its name."""
        period = (BILL.c.period_start == row["period_start"]) & (BILL.c.period_end == row["period_end"])
        which = select(BILL).where(self._of(row["usage_point_id"], row["kind"]), period).order_by(BILL.c.bill_date)
        found = list(self._connection.execute(which).mappings())
        return found[nth] if nth < len(found) else None

    def _free(self, row: Row, profile: Profile) -> int:
        """A bill date that no other bill of the usage point has."""
        taken = select(BILL.c.bill_date).where(self._of(row["usage_point_id"], row["kind"]))
        return free_date(set(self._connection.execute(taken).scalars()), int(row["bill_date"]), profile)

    def _enter(self, stored: Row, kept: Row, reason: str) -> None:
        ledger = BILL_CORRECTION.c
        place = {name: kept[name] for name in ("usage_point_id", "kind", "bill_date", "revision")}
        known = select(func.count()).where(*(ledger[name] == value for name, value in place.items()))
        self._connection.execute(
            BILL_CORRECTION.insert().values(
                **place,
                number=self._connection.execute(known).scalar_one(),
                at=kept["updated_at"],
                reason=reason,
                old=stored["content"],
                new=kept["content"],
            )
        )


def row_of(usage_point_id: int, summary: UsageSummary, bill_date: int, issued_at: int | None = None) -> dict[str, Any]:
    """A bill as it is kept, but for what its revision says."""
    period = summary.billing_period
    return {
        "usage_point_id": usage_point_id,
        "kind": SummaryKind.USAGE,
        "bill_date": bill_date,
        "period_start": bill_date if period is None else period.start,
        "period_end": bill_date if period is None else period.start + period.duration,
        "issued_at": issued_at,
        "content": write_text(summary),
    }


def free_date(taken: Set[int], date: int, profile: Profile) -> int:
    """The bill date, or the next local day that no other bill of the usage point has."""
    while date in taken:
        date = day_bounds(day_of(date, profile.zone), profile.zone)[1]
    return date


def local_bill_date(at: int, profile: Profile) -> int:
    """The local midnight of a second: what a bill that has no date of its own is named by."""
    return midnight(day_of(at, profile.zone), profile.zone)


def dated(row: Row, profile: Profile) -> dict[str, Any]:
    """A row with the ends of the local days that decide whose it is and which windows take it."""
    ends = [day_bounds(day_of(row[name], profile.zone), profile.zone)[1] for name in ("bill_date", "period_start")]
    return {**row, "day_end": ends[0], "held_from": ends[1]}


def _named(row: Row) -> ColumnElement[bool]:
    key: ColumnElement[bool] = (BILL.c.usage_point_id == row["usage_point_id"]) & (BILL.c.kind == row["kind"])
    key &= BILL.c.bill_date == row["bill_date"]
    return key


def _after(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one > other


def opened_by(authorization: Authorization, at: int, usage_point_id: int, kind: SummaryKind) -> dict[str, Any]:
    """What `OPENED` is given."""
    return of_held(authorization, at) | {"of_point": usage_point_id, "of_kind": kind}


def billed_within(share: FromClause, table: FromClause) -> ColumnElement[bool]:
    """Whether a bill is of days that a share opens; of the same usage point, which is for the caller to say."""
    bills = table.c
    ends = (bills.held_from <= share.c.until) & (bills.period_end <= share.c.until + LONGEST_DAY)
    return (share.c.since < bills.held_from) & or_(share.c.until.is_(None), ends)


def _held() -> ColumnElement[bool]:
    """Whether an authorization opens the day on which the period starts, and the period to its end.

    A period may end a day after the agreement: some custodians count the last day in.
    """
    share = OPEN_SHARES.subquery("share")
    mine = share.c.usage_point_id == BILL.c.usage_point_id
    return select(share.c.usage_point_id).where(mine, billed_within(share, BILL)).exists()


# made once: every feed asks for each of its usage points
HELD = _held()
OPENED = (
    select(BILL)
    .where(BILL.c.usage_point_id == bindparam("of_point", type_=Big), BILL.c.kind == bindparam("of_kind"), HELD)
    .order_by(BILL.c.bill_date)
)


EXTENT = select(
    func.count().label("count"),
    func.min(BILL.c.published_at).label("published_at"),
    func.max(BILL.c.updated_at).label("updated_at"),
    func.max(BILL.c.revision).label("revision"),
)


def _taken(window: Window | None, profile: Profile) -> list[ColumnElement[bool]]:
    columns = BILL.c.bill_date, BILL.c.day_end, BILL.c.updated_at
    return [] if window is None else [covers(window, profile, *columns)]


def read_bill(row: Row) -> Bill:
    """The bill of a row."""
    return Bill(*_told(row, UsageSummary))


def _told(row: Row, kind: type[Summary]) -> tuple[int, Summary, int, int, int]:
    summary = read_text(row["content"], kind)
    return row["bill_date"], summary, row["published_at"], row["updated_at"], row["revision"]
