"""A file's readings on their way in, so that nobody waits for them; and records, which are few and drafted before.

On PostgreSQL a file is one transaction: others read and write beside it. On SQLite, which has one writer, it is many
small ones, whose blocks are there for nobody before the last (`underway`). That one changes the days that were there
before and differ, and writes all else that the file brings. What a killed process leaves is thrown away by whoever
takes something in next.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from wattshare.custodian.model.changes import Tally
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.readings import Block
from wattshare.custodian.store.blocks import BLOCK_COLUMNS, block_of
from wattshare.custodian.store.lots import Lot, put_aside
from wattshare.custodian.store.plain_days import DayAt, Laid, PlainDay, PlainDays
from wattshare.custodian.store.prepared import wrapped
from wattshare.custodian.store.revisions import REVISION
from wattshare.custodian.store.short import READS, driver_of
from wattshare.custodian.store.sqlite import LOGGED
from wattshare.custodian.store.statements import chunks

# others write after so long, and for as long; how many blocks are written between two looks at the clock
SLICE_SECONDS, PORTION = 0.004, 100
# blocks that are looked up at a time; and that are thrown away at first, then as many as take so long
MOST, FIRST_SLICE = 2_000, 200
REASON = "import"

QUOTED = ", ".join(f'"{name}"' for name in BLOCK_COLUMNS)
# days that were there, on disk and for this connection only, until they are changed
MET = f"CREATE TEMP TABLE met ({QUOTED})"
PUT_MET = f"INSERT INTO met VALUES ({', '.join('?' * len(BLOCK_COLUMNS))})"  # noqa: S608  our own names
# who takes in sees what is under way, as statements look into an empty table of that name then
SEES_ALL = "CREATE TEMP TABLE under_way (revision INTEGER, at INTEGER)"
LEFT = "SELECT revision, at FROM main.under_way"
BEGUN = "INSERT INTO main.under_way (revision, at) VALUES (?, ?)"
OVER = "DELETE FROM main.under_way"
# by the index of the time of change
THROWN = """
DELETE FROM interval_block WHERE rowid IN
    (SELECT rowid FROM interval_block WHERE updated_at = ? AND revision = ? LIMIT ?)
"""
T_co = TypeVar("T_co", covariant=True)
Item = TypeVar("Item")


class Taking(Protocol[T_co]):
    """A file on its way in; a noun class for every part of it that is read or written."""

    def view(self) -> AbstractContextManager[T_co]:
        """What is there."""

    def begin(self, now: Clock) -> tuple[int, int]:
        """Begin to write: the number of the revision, and its second."""

    def load(self, blocks: Iterable[Block]) -> None:
        """As `Readings.load`."""

    def load_plain(self, days: Iterable[PlainDay], revision: int, at: int) -> None:
        """As `Readings.load_plain`."""

    def lay_out(self, days: PlainDays, revision: int, at: int) -> Laid:
        """As `Readings.lay_out`."""

    def load_laid(self, many: Iterable[Laid], revision: int, at: int) -> None:
        """As `Readings.load_laid`."""

    def met(self, days: Iterable[DayAt]) -> frozenset[tuple[int, int]]:
        """As `Readings.met`."""

    def merge_each(self, blocks: Iterable[Block], reason: str) -> list[Tally]:
        """As `Readings.merge_each`."""

    def last(self) -> AbstractContextManager[T_co]:
        """For all else that the file brings: at its end everything is there, or, where it fails, nothing."""

    def put_aside(self, lots: Iterable[Lot]) -> None:
        """Have rows at hand, so that it takes less time to write them."""

    def once(self) -> AbstractContextManager[T_co]:
        """For all that a file brings which is not begun: in one transaction, which decides by what is there now."""


@dataclass(frozen=True)
class AtOnce(Taking[T_co]):
    """In one transaction."""

    tx: Any

    @contextmanager
    def view(self) -> Iterator[T_co]:
        """The transaction."""
        yield self.tx

    def begin(self, now: Clock) -> tuple[int, int]:
        """The number of the revision, and its second."""
        at = self.tx.revisions.turn(now)
        return self.tx.revisions.begin(REASON, at), at

    def load(self, blocks: Iterable[Block]) -> None:
        """Keep days that are new."""
        self.tx.readings.load(blocks)

    def load_plain(self, days: Iterable[PlainDay], revision: int, at: int) -> None:
        """The same of days of nothing but values."""
        self.tx.readings.load_plain(days, revision, at)

    def lay_out(self, days: PlainDays, revision: int, at: int) -> Laid:
        """Make days in columns ready."""
        laid: Laid = self.tx.readings.lay_out(days, revision, at)
        return laid

    def load_laid(self, many: Iterable[Laid], revision: int, at: int) -> None:
        """The same of such days."""
        self.tx.readings.load_laid(many, revision, at)

    def met(self, days: Iterable[DayAt]) -> frozenset[tuple[int, int]]:
        """The channels that have something there."""
        return frozenset(self.tx.readings.met(days))

    def merge_each(self, blocks: Iterable[Block], reason: str) -> list[Tally]:
        """Merge days with what is there."""
        return list(self.tx.readings.merge_each(blocks, reason))

    @contextmanager
    def last(self) -> Iterator[T_co]:
        """The transaction."""
        yield self.tx

    def put_aside(self, lots: Iterable[Lot]) -> None:
        """Leave them where they are."""

    @contextmanager
    def once(self) -> Iterator[T_co]:
        """The transaction."""
        yield self.tx


@dataclass
class Pace:
    """How much is thrown away at a time."""

    size: int = FIRST_SLICE

    def wait(self, gone: int, took: float) -> None:
        """Let others write, after so many went in so many seconds."""
        self.size = max(1, min(MOST, int(gone * SLICE_SECONDS / max(took, 1e-6)), 2 * self.size))
        rest(took)


def rest(took: float) -> None:
    """Let others write for as long as something took."""
    time.sleep(min(took, 1))


@dataclass
class InSlices(Taking[T_co]):
    """In many small transactions of SQLite's."""

    connection: Connection
    # the nouns of a transaction on a connection
    nouns: Callable[[Connection], Any]
    # revision and second, once it has begun
    begun: tuple[int, int] | None = None
    # why days are changed that were there
    reason: str = ""

    @contextmanager
    def view(self) -> Iterator[T_co]:
        """One view of what is there."""
        with self._transaction(reads=True) as connection:
            yield self.nouns(connection)

    def begin(self, now: Clock) -> tuple[int, int]:
        """The number of the revision: the next one, as nobody else takes anything in meanwhile. And its second."""
        with self._transaction() as connection:
            # who orders something from now on knows of it, see `Revisions.known`
            revisions = self.nouns(connection).revisions
            begun = revisions.last() + 1, revisions.turn(now)
            connection.exec_driver_sql(BEGUN, begun)
        self.begun = begun
        return begun

    def load(self, blocks: Iterable[Block]) -> None:
        """Write days that are new."""
        self._put(blocks, lambda tx, some: tx.readings.load(some))

    def load_plain(self, days: Iterable[PlainDay], revision: int, at: int) -> None:
        """The same of days of nothing but values."""
        self._put(days, lambda tx, some: tx.readings.load_plain(some, revision, at))

    def lay_out(self, days: PlainDays, revision: int, at: int) -> Laid:  # noqa: ARG002  as elsewhere
        """Leave days in columns as they are."""
        return Laid(days, {})

    def load_laid(self, many: Iterable[Laid], revision: int, at: int) -> None:
        """The same of such days, a row each."""
        for laid in many:
            self.load_plain(laid.days.rows(), revision, at)

    def met(self, days: Iterable[DayAt]) -> frozenset[tuple[int, int]]:
        """The channels that have something there."""
        with self.view() as tx:
            return frozenset(tx.readings.met(days))  # type: ignore[attr-defined]  # a noun

    def merge_each(self, blocks: Iterable[Block], reason: str) -> list[Tally]:
        """Write days that are new; keep those for later that change what is there."""
        self.reason, tallies, coming = reason, list[Tally](), iter(blocks)
        while chunk := tuple(islice(coming, MOST)):
            with self.view() as tx:
                sorted_out = list(tx.readings.sort_out(chunk, reason))  # type: ignore[attr-defined]  # a noun
            for each, first, met in sorted_out:
                tallies += each
                self.load(first)
                rows = [[getattr(block, name) for name in BLOCK_COLUMNS] for block in met]
                _told(self.connection, PUT_MET, rows) if rows else None
        return tallies

    @contextmanager
    def last(self) -> Iterator[T_co]:
        """Change what is to be changed, and let everything be there."""
        if self.begun is None:
            raise LookupError("it was not begun")
        with self._durable() as connection:
            revision, at = self.begun
            connection.exec_driver_sql(OVER)
            connection.execute(REVISION.insert().values(number=revision, reason=REASON, at=at))
            tx = self.nouns(connection)
            met = connection.exec_driver_sql("SELECT * FROM met ORDER BY rowid")
            tx.readings.merge_each(map(block_of, met), self.reason)
            yield tx
        self.begun = None

    def put_aside(self, lots: Iterable[Lot]) -> None:
        """Put them where SQLite finds them."""
        self.connection.info.pop(READS, None)
        try:
            put_aside(self.connection, lots)
        except Exception as why:
            raise wrapped(self.connection.dialect, why) from why

    @contextmanager
    def once(self) -> Iterator[T_co]:
        """One transaction."""
        with self._durable() as connection:
            yield self.nouns(connection)

    def _put(self, items: Iterable[Item], put: Callable[[Any, Sequence[Item]], None]) -> None:
        """Write items in slices: whatever they are, and whoever computes meanwhile, others wait for little longer."""
        portions = chunks(items, PORTION)
        some = next(portions, None)
        while some is not None:
            with self._transaction() as connection:
                tx, began = self.nouns(connection), time.monotonic()
                while some is not None:
                    put(tx, some)
                    some = next(portions, None)
                    if time.monotonic() - began >= SLICE_SECONDS:
                        break
            rest(time.monotonic() - began)

    @contextmanager
    def _durable(self) -> Iterator[Connection]:
        """A transaction that is checked, and outlasts a power cut."""
        _told(self.connection, "PRAGMA foreign_keys = ON")
        _told(self.connection, "PRAGMA synchronous = FULL")
        with self._transaction() as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, reads: bool = False) -> Iterator[Connection]:
        self.connection.execution_options(wattshare_reads=reads)
        with self.connection.begin():
            yield self.connection


@contextmanager
def in_slices(engine: Engine, nouns: Callable[[Connection], Any]) -> Iterator[InSlices[Any]]:
    """A file on its way into SQLite, whose turn it is."""
    with engine.connect() as connection:
        # channels come last; and what is not there yet need not outlast a power cut
        logged = f"PRAGMA wal_autocheckpoint = {LOGGED // 2}"
        for statement in ("PRAGMA foreign_keys = OFF", "PRAGMA synchronous = NORMAL", logged, SEES_ALL, MET):
            _told(connection, statement)
        taking = InSlices[Any](connection, nouns)
        try:
            yield taking
        finally:
            if taking.begun is not None:
                clear(connection)
            # nobody else gets such a connection
            connection.invalidate()


def clear(connection: Connection) -> None:
    """Throw away what was under way and will not be over; by who is alone at taking in."""
    for revision, at in _told(connection, LEFT).fetchall():
        pace, gone = Pace(), 1
        while gone:
            began = time.monotonic()
            gone = _told(connection, THROWN, (at, revision, pace.size)).rowcount
            pace.wait(gone or 1, time.monotonic() - began)
        _told(connection, OVER)


def _told(connection: Connection, statement: str, given: Sequence[Any] = ()) -> Any:
    """One statement by itself, outside any transaction; of many rows, with each."""
    driver = driver_of(connection)
    connection.info.pop(READS, None)
    try:
        driver.execute("PRAGMA query_only = OFF")
        many = bool(given) and isinstance(given[0], list)
        return driver.executemany(statement, given) if many else driver.execute(statement, given)
    except Exception as why:
        raise wrapped(connection.dialect, why) from why
