"""Revisions: a number that grows with everything that changes what is metered or billed."""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Index, String, Table, column, func, select, table, update

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.store import sqlite
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.statements import alone, begun_at, is_free, tell_begun
from wattshare.custodian.store.underway import UNDER_WAY

REVISION = Table(
    "revision",
    METADATA,
    Column("number", Big, primary_key=True),
    Column("reason", String, nullable=False),
    # all that it brings bears this second
    Column("at", Big, nullable=False),
    # the second by which that is there for everybody; null: the same
    Column("there_at", Big),
    Index("ix_revision_at", "at"),
)

# orders of files, as far as revisions have to do with them: `batches` has them whole, and needs this module
ORDER = table("batch", column("window", String), column("ordered_at", Big))

# who takes something in is alone at it, so that numbers grow in the order of the commits
TAKING_IN = "taking in"


@dataclass(frozen=True, kw_only=True)
class Span:
    """Some revisions: the number of the last, and the seconds of the earliest and the latest."""

    last: int
    earliest: int
    latest: int


class Revisions:
    """Revisions, the first is 1."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def turn(self, now: Clock) -> int:
        """The second of what is about to be taken in, once nobody else takes something in: none is before theirs.

        It is later than that of every order without bounds: the file of one may be made before this is there, and the
        next such order begins with the second after.
        """
        alone(self._connection, TAKING_IN)
        at = now()
        ordered = select(func.max(ORDER.c.ordered_at)).where(ORDER.c.window == "", ORDER.c.ordered_at >= at)
        latest = self._connection.scalar(ordered)
        return at if latest is None else latest + 1

    def begin(self, reason: str, at: int) -> int:
        """The number of a new revision; it counts with the transaction's commit. One begins after the other.

        Raises:
            Unavailable: another one is under way.
        """
        alone(self._connection, TAKING_IN)
        if self._under_way() is not None:
            raise Unavailable(logged="something else is being taken in")
        tell_begun(self._connection, TAKING_IN, at)
        made = self._connection.execute(REVISION.insert(), {"reason": reason, "at": at})
        key = made.inserted_primary_key
        if key is None:
            raise LookupError("the database gave no number")
        return int(key[0])

    def end(self, number: int, now: Clock) -> None:
        """Say that what a revision brings is there with the commit that comes now, if it has taken a while."""
        there = now()
        mine = (REVISION.c.number == number) & (REVISION.c.at < there)
        # that takes a moment
        self._connection.execute(update(REVISION).where(mine).values(there_at=there + 1))

    def reach(self, least: int) -> int:
        """The second from which on to look for changes, for who looked before `least` and saw all that was there.

        It is earlier where something was being taken in at that time: what that brought bears the second at which it
        began. What takes in is alone, so there is one such at most.
        """
        found = select(REVISION.c.at, REVISION.c.there_at).where(REVISION.c.at < least)
        row = self._connection.execute(found.order_by(REVISION.c.at.desc(), REVISION.c.number.desc()).limit(1)).first()
        return row.at if row is not None and row.there_at is not None and row.there_at >= least else least

    def known(self, at: int) -> int:
        """The last second of which all that will ever bear it is there: `at`, or the one before what is under way.

        On PostgreSQL nothing new begins from then on until this transaction ends.
        """
        if self._connection.dialect.name != "sqlite":
            if is_free(self._connection, TAKING_IN):
                return at
            begun = begun_at(self._connection, TAKING_IN)
            # who has its turn and did not begin yet begins in this second or later
            return min(at, at if begun is None else begun) - 1
        begun = self._under_way()
        if begun is None or begun > at or not sqlite.is_taking_in(self._connection.engine):
            return at
        return begun - 1

    def _under_way(self) -> int | None:
        """The second of what is being taken in by many transactions."""
        if self._connection.dialect.name != "sqlite":
            return None
        return self._connection.scalar(select(UNDER_WAY.c.at))

    def span(self, after: int) -> "Span | None":
        """The revisions after a number, all that are committed; None: there are none."""
        columns = REVISION.c
        found = select(func.max(columns.number), func.min(columns.at), func.max(columns.at))
        row = self._connection.execute(found.where(columns.number > after)).one()
        return None if row[0] is None else Span(last=row[0], earliest=row[1], latest=row[2])

    def before(self, at: int) -> int:
        """The number of the last revision of an earlier second; 0 where there is none."""
        found = select(func.max(REVISION.c.number)).where(REVISION.c.at < at)
        return int(self._connection.execute(found).scalar_one() or 0)

    def reasons(self, beginning: str) -> tuple[str, ...]:
        """Every reason that begins so, once and in order. Whoever asks for writing is alone at it."""
        alone(self._connection, TAKING_IN)
        begun = select(REVISION.c.reason).where(REVISION.c.reason.startswith(beginning, autoescape=True))
        return tuple(sorted(set(self._connection.execute(begun).scalars())))

    def last(self) -> int:
        """The number of the last revision; 0 before the first."""
        return int(self._connection.execute(select(func.max(REVISION.c.number))).scalar_one() or 0)
