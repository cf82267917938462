"""The database: transactions, and the noun classes that speak inside them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from wattshare.custodian.model.errors import BadRequest, Unavailable
from wattshare.custodian.settings import BadSettings
from wattshare.custodian.store import postgresql, sqlite
from wattshare.custodian.store.authorizations import Authorizations
from wattshare.custodian.store.batches import Batches
from wattshare.custodian.store.bills import Bills
from wattshare.custodian.store.customers import Customers
from wattshare.custodian.store.deltas import Deltas
from wattshare.custodian.store.imports import Imports
from wattshare.custodian.store.jobs import Jobs
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.notices import Notices
from wattshare.custodian.store.outages import Outages
from wattshare.custodian.store.parties import Parties
from wattshare.custodian.store.programs import Programs
from wattshare.custodian.store.rates import Rates
from wattshare.custodian.store.readings import Readings
from wattshare.custodian.store.receivers import Receivers
from wattshare.custodian.store.revisions import Revisions
from wattshare.custodian.store.roster import Roster
from wattshare.custodian.store.sessions import Sessions
from wattshare.custodian.store.signing import SigningKeys
from wattshare.custodian.store.statements import alone
from wattshare.custodian.store.tokens import Tokens
from wattshare.custodian.store.trail import Trail

MIGRATIONS = Path(__file__).parent / "migrations"
# seconds after which a statement is given up, and most connections of one process; on PostgreSQL
STATEMENT_SECONDS, CONNECTIONS = 30, 80
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
    """One transaction: an attribute for each noun."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the open connection."""
        self.parties = Parties(connection, keys)
        self.customers = Customers(connection, keys)
        self.programs = Programs(connection, keys)
        self.authorizations = Authorizations(connection, keys)
        self.tokens = Tokens(connection, keys)
        self.sessions = Sessions(connection, keys)
        self.rates = Rates(connection, keys)
        self.revisions = Revisions(connection, keys)
        self.readings = Readings(connection, keys)
        self.roster = Roster(connection, keys)
        self.bills = Bills(connection, keys)
        self.deltas = Deltas(connection, keys)
        self.imports = Imports(connection, keys)
        self.batches = Batches(connection, keys)
        self.notices = Notices(connection, keys)
        self.receivers = Receivers(connection, keys)
        self.signing = SigningKeys(connection, keys)
        self.outages = Outages(connection, keys)
        self.jobs = Jobs(connection, keys)
        self.trail = Trail(connection, keys)


@dataclass(frozen=True)
class Store:
    """A database and its keys, for any number of threads. Other processes may have the same one open."""

    engine: Engine
    keys: Keys = field(repr=False)

    @classmethod
    def connect(
        cls,
        url: str,
        keys: Keys,
        *,
        statement_seconds: int = STATEMENT_SECONDS,
        connections: int = CONNECTIONS,
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
                return cls(sqlite.connect(address), keys)
            case "postgresql":
                engine = postgresql.connect(address, statement_seconds=statement_seconds, connections=connections)
                return cls(engine, keys)
            case other:
                raise BadSettings(f"database_url: must be sqlite or postgresql, not {other}")

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction that may write: committed at the end, undone by any exception.

        On SQLite there is one writer at a time; elsewhere a writer keeps what it decides by to itself. So keep it
        short, and never open one inside another.

        Raises:
            Unavailable: the database cannot be reached, or others keep it for too long.
        """
        with _available(), self.engine.connect() as connection, connection.begin():
            yield Tx(connection, self.keys)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """One unchanging view of everything; writing in it is refused.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with self._reading() as connection:
            yield Tx(connection, self.keys)

    def upgrade(self) -> None:
        """Bring the tables to the newest form: all steps or none; another process waits for its turn."""
        if self.engine.dialect.name == "sqlite":
            sqlite.prepare(self.engine)
        # a step over many rows takes its time
        patient = self.engine.connect().execution_options(wattshare_deadlines=False)
        with _available(), patient as connection, connection.begin():
            alone(connection, "upgrade")
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            command.upgrade(config, "head")

    def upgraded(self) -> bool:
        """Whether the tables have their newest form."""
        with self._reading() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
        return present == ScriptDirectory(MIGRATIONS).get_current_head()

    def weak_settings(self) -> tuple[str, ...]:
        """What is set at the database so that it may lose what it said was done. To be said loudly."""
        if self.engine.dialect.name == "sqlite":
            # ours are set with every connection
            return ()
        with self._reading() as connection:
            return tuple(postgresql.weak_settings(connection))

    def close(self) -> None:
        """Let the database go."""
        self.engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        options = READING.get(self.engine.dialect.name, {})
        with (
            _available(),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
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
