"""The database: transactions, and the noun classes that speak inside them."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, get_type_hints

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from wattshare.custodian.model.errors import BadRequest, Unavailable
from wattshare.custodian.settings import BadSettings
from wattshare.custodian.store import postgresql, sqlite, steps, taking
from wattshare.custodian.store.access_changes import AccessChanges
from wattshare.custodian.store.authorizations import Authorizations
from wattshare.custodian.store.batches import Batches
from wattshare.custodian.store.bearers import Bearers
from wattshare.custodian.store.bills import Bills
from wattshare.custodian.store.compaction import History
from wattshare.custodian.store.completeness import Completeness
from wattshare.custodian.store.content import Content
from wattshare.custodian.store.corrections import Corrections
from wattshare.custodian.store.customers import Customers
from wattshare.custodian.store.daily import DailyDeltas
from wattshare.custodian.store.delegations import Delegations
from wattshare.custodian.store.deltas import Deltas
from wattshare.custodian.store.distribution import Distribution, NoCitus
from wattshare.custodian.store.drafts import Drafts
from wattshare.custodian.store.expiries import Expiries
from wattshare.custodian.store.figures import Figures
from wattshare.custodian.store.funnel import Funnel
from wattshare.custodian.store.guards import WRITERS
from wattshare.custodian.store.holders import Holders
from wattshare.custodian.store.homes import Homes
from wattshare.custodian.store.imports import Imports
from wattshare.custodian.store.jobs import Jobs
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.messages import Messages
from wattshare.custodian.store.notices import Notices
from wattshare.custodian.store.outages import Outages
from wattshare.custodian.store.parties import Parties
from wattshare.custodian.store.prepared import KNOWN
from wattshare.custodian.store.programs import Programs
from wattshare.custodian.store.proofs import Proofs
from wattshare.custodian.store.purposes import For, Purpose
from wattshare.custodian.store.rates import Rates
from wattshare.custodian.store.readings import LATE, Readings
from wattshare.custodian.store.receipts import Receipts
from wattshare.custodian.store.receivers import Receivers
from wattshare.custodian.store.reminders import Reminders
from wattshare.custodian.store.revisions import Revisions
from wattshare.custodian.store.roster import Roster
from wattshare.custodian.store.sessions import Sessions
from wattshare.custodian.store.short import Kept
from wattshare.custodian.store.signing import SigningKeys
from wattshare.custodian.store.statements import alone
from wattshare.custodian.store.steps import Tell, silent
from wattshare.custodian.store.taking import AtOnce, Taking
from wattshare.custodian.store.tokens import Tokens
from wattshare.custodian.store.trail import Trail
from wattshare.custodian.store.viewers import Viewers

# seconds after which a statement is given up, and most connections of one process; on PostgreSQL
STATEMENT_SECONDS, CONNECTIONS = 30, 80
# how often an upgrade comes back for tables that others keep
TRIES = 100
# what a transaction that only reads asks of its connection
READING: dict[str, dict[str, Any]] = {
    "sqlite": {"wattshare_reads": True},
    "postgresql": {
        "wattshare_reads": True,
        "isolation_level": "REPEATABLE READ",
        "postgresql_readonly": True,
    },
}


class Tx:
    """One transaction: an attribute for each noun, made when it is first asked for."""

    parties: Parties
    customers: Customers
    holders: Holders
    viewers: Viewers
    programs: Programs
    authorizations: Authorizations
    tokens: Tokens
    bearers: Bearers
    access_changes: AccessChanges
    sessions: Sessions
    proofs: Proofs
    rates: Rates
    funnel: Funnel
    receipts: Receipts
    delegations: Delegations
    reminders: Reminders
    homes: Homes
    revisions: Revisions
    readings: Readings
    history: History
    completeness: Completeness
    roster: Roster
    bills: Bills
    deltas: Deltas
    imports: Imports
    drafts: Drafts
    batches: Batches
    notices: Notices
    messages: Messages
    receivers: Receivers
    signing: SigningKeys
    outages: Outages
    daily: DailyDeltas
    corrections: Corrections
    expiries: Expiries
    jobs: Jobs
    trail: Trail
    content: Content
    figures: Figures

    def __init__(
        self, connection: Connection, keys: Keys, late: int = LATE, narrow: Callable[[int], None] | None = None
    ) -> None:
        """Take the open connection, how long after its day a reading is late, and what narrows the view."""
        self._connection, self._keys, self._late, self._narrow = connection, keys, late, narrow

    def __getattr__(self, name: str) -> Any:
        """Make a noun."""
        kind = NOUNS.get(name)
        if kind is None:
            raise AttributeError(name)
        more = (self._late,) if kind is Readings else ()
        noun = kind(self._connection, self._keys, *more)
        setattr(self, name, noun)
        return noun

    def narrow(self, authorization_id: int) -> None:
        """Let the rest of a view be for one authorization, as if it had begun so.

        Raises:
            LookupError: the transaction is no view.
        """
        if self._narrow is None:
            raise LookupError("only a view is narrowed")
        self._narrow(authorization_id)


NOUNS: Mapping[str, type[Any]] = get_type_hints(Tx)


@dataclass(frozen=True)
class Store:
    """A database and its keys, for any number of threads. Other processes may have the same one open."""

    engine: Engine
    keys: Keys = field(repr=False)
    # what a transaction is for that does not say so
    purpose: Purpose = Purpose.HOUSE
    # seconds after the end of its day from which on a reading is late
    late: int = LATE
    # what views are on
    views: Kept = field(init=False, repr=False, compare=False)
    # what is written in few statements
    notes: Kept = field(init=False, repr=False, compare=False)

    # what `watched` has found
    watching: list[bool] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        """Keep no connection yet."""
        kept = sqlite.kept if self.engine.dialect.name == "sqlite" else postgresql.kept
        object.__setattr__(self, "views", kept(self.engine, writes=False))
        object.__setattr__(self, "notes", kept(self.engine, writes=True))

    @classmethod
    def connect(
        cls,
        url: str,
        keys: Keys,
        *,
        statement_seconds: int = STATEMENT_SECONDS,
        connections: int = CONNECTIONS,
        prepared: bool = True,
        late: int = LATE,
    ) -> "Store":
        """The store at an address as SQLAlchemy writes it. Nothing is opened yet.

        Raises:
            BadSettings: there is no such database, or no driver for it.
        """
        try:
            address = make_url(url)
        except ArgumentError:
            raise BadSettings("database_url: is not an address as SQLAlchemy writes it") from None
        match address.get_backend_name():
            case "sqlite":
                return cls(sqlite.connect(address), keys, late=late)
            case "postgresql":
                told = {"statement_seconds": statement_seconds, "connections": connections}
                return cls(postgresql.connect(address, **told, prepared=prepared), keys, late=late)
            case other:
                raise BadSettings(f"database_url: must be sqlite or postgresql, not {other}")

    @contextmanager
    def begin(self, for_: Purpose | None = None) -> Iterator[Tx]:
        """A transaction that may write: committed at the end, undone by any exception.

        On SQLite there is one writer at a time; elsewhere a writer keeps what it decides by to itself. So keep it
        short, and never open one inside another. `for_`: see `purposes`.

        Raises:
            Unavailable: the database cannot be reached, or others keep it for too long.
        """
        with _available(), self._turn(for_), self._connected(for_) as connection, connection.begin():
            yield Tx(connection, self.keys, self.late)

    @contextmanager
    def taking(self) -> Iterator[Taking[Tx]]:
        """A file of readings or records on its way in: whole, or not at all, and others read and write meanwhile.

        Raises:
            Unavailable: as `begin`; or something else is being taken in for too long.
        """
        if self.engine.dialect.name != "sqlite":
            with self.begin(Purpose.INTAKE) as tx:
                yield AtOnce(tx)
            return

        def nouns(connection: Connection) -> Tx:
            return Tx(connection, self.keys, self.late)

        with _available(), self._turn(Purpose.INTAKE), taking.in_slices(self.engine, nouns) as slices:
            yield slices

    @contextmanager
    def note(self) -> Iterator[Tx]:
        """The same as `begin`, for what is written with every answer: it costs less.

        Raises:
            Unavailable: as `begin`.
        """
        with _available(), self.notes.transaction(self.purpose) as connection:
            yield Tx(connection, self.keys, self.late)

    @contextmanager
    def single_note(self) -> Iterator[Tx | None]:
        """For one statement that writes, and that is a transaction by itself; None where there is none such.

        Raises:
            Unavailable: as `begin`.
            Outlived: the connection is older than the server; whether it was written is not known.
        """
        if self.engine.dialect.name == "sqlite":
            yield None
            return
        with _available(), self.notes.single() as connection:
            # where nothing is prepared on it, its deadlines are those of a transaction
            yield None if connection.info.get(KNOWN) is None else Tx(connection, self.keys, self.late)

    @contextmanager
    def read(self, for_: For | None = None) -> Iterator[Tx]:
        """One unchanging view of everything that `for_` opens, see `purposes`; writing in it is refused.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with _available(), self.views.transaction(self.purpose if for_ is None else for_) as connection:
            yield Tx(connection, self.keys, self.late, partial(self.views.narrow, connection))

    def upgrade(self, *, for_role: str | None = None, tell: Tell = silent) -> None:
        """Bring the tables to the newest form: all steps or none; another process waits for its turn.

        Others go on working meanwhile: where they keep a table, it is tried again. `for_role`: the role of
        PostgreSQL that works with the tables, where it is not their owner.
        `tell`: hears of each step, and why it waits.

        Raises:
            Unavailable: the database cannot be reached, or others keep it for too long.
            LaterRelease: they have a form that this release does not know.
        """
        if self.engine.dialect.name == "sqlite":
            sqlite.prepare(self.engine)
            if self.newest():
                return None
        with _available():
            for _ in range(TRIES):
                try:
                    return self._upgrade(for_role, tell)
                except OperationalError as why:
                    if not postgresql.was_locked(why):
                        raise
                    tell("Others keep a table; all of it is undone, and tried again.")
                    time.sleep(1)
        raise Unavailable(logged="others keep the tables; try again when they do less")

    def _upgrade(self, for_role: str | None, tell: Tell) -> None:
        patient = self.engine.connect().execution_options(wattshare_patient=True)
        with patient as connection, connection.begin():
            alone(connection, "upgrade")
            if connection.dialect.name == "postgresql":
                connection.execute(postgresql.UPKEEP)
            steps.make(connection, tell)
            if for_role is not None and self.engine.dialect.name == "postgresql":
                postgresql.grant(connection, for_role)

    def upgraded(self) -> bool:
        """Whether the tables have the form of this release, or that of a later one, on which this one still runs.

        What a later release no longer has, it takes away only when the one before no longer needs it.
        """
        with self._plain() as connection:
            made = steps.made(connection)
        return made is not None and made not in steps.STEPS[:-1]

    def begun(self) -> bool:
        """Whether there are tables of ours, of whatever form."""
        with self._plain() as connection:
            return steps.made(connection) is not None

    def newest(self) -> bool:
        """Whether the tables have just the form of this release."""
        with self._plain() as connection:
            return steps.made(connection) == steps.STEPS[-1]

    def weak_settings(self) -> tuple[str, ...]:
        """What is set at the database so that it may lose what it said was done. To be said loudly."""
        if self.engine.dialect.name == "sqlite":
            # ours are set with every connection
            return ()
        with self._plain() as connection:
            return tuple(postgresql.weak_settings(connection))

    def forgets(self) -> bool:
        """Whether we prepare statements, and something between us and the database forgets them."""
        if self.engine.dialect.name == "sqlite":
            return False
        with _available():
            return postgresql.forgets(self.engine)

    def distribute(self, *, show: bool = False) -> Iterator[str]:
        """Put the tables of meter data on several machines, with Citus: each statement before it is run.

        `show`: none is run. Run again, it does what is left.

        Raises:
            NoCitus: there is no Citus here, or not yet.
        """
        if self.engine.dialect.name != "postgresql":
            raise NoCitus("SQLite is one file on one machine. Nothing was changed.")
        by_itself = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with _available(), by_itself as connection:
            for statement in tuple(Distribution.read(connection).statements(connection.dialect)):
                yield statement
                if not show:
                    connection.exec_driver_sql(statement.replace("%", "%%"))

    def watched(self) -> bool:
        """Whether what changes rights is written down where it is made; as it was when this was first asked.

        Raises:
            Unavailable: the database cannot be reached.
        """
        if not self.watching:
            with self.read() as tx:
                self.watching.append(tx.access_changes.are_written())
        return self.watching[0]

    def close(self) -> None:
        """Let the database go."""
        self.views.close()
        self.notes.close()
        self.engine.dispose()

    @contextmanager
    def _turn(self, for_: For | None) -> Iterator[None]:
        """Where one writer after the other takes something in, be that one; what a dead one left is thrown away."""
        if self.engine.dialect.name != "sqlite" or for_ not in WRITERS:
            yield
            return
        with sqlite.turn(self.engine):
            with self.engine.connect() as connection:
                taking.clear(connection)
            yield

    def _connected(self, for_: For | None, **options: Any) -> Connection:
        told = self.purpose if for_ is None else for_
        return self.engine.connect().execution_options(wattshare_for=told, **options)

    @contextmanager
    def _plain(self) -> Iterator[Connection]:
        """For what the database says of itself, tables or no tables."""
        options = READING.get(self.engine.dialect.name, {})
        with _available(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except NoConnection as why:
        raise Unavailable(logged=f"no free connection: {why}") from why
    except OperationalError as why:
        if sqlite.is_ours(why):
            raise
        raise Unavailable(logged=f"database: {str(why.orig).partition(chr(10))[0]}") from why
    except DataError as why:
        if postgresql.has_nul(why):
            raise BadRequest("A text has a character that no text may have.") from why
        raise
