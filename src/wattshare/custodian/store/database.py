"""The database: transactions, and the noun classes that speak inside them.

The only module that knows what is special to SQLite.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.pool import ConnectionPoolEntry

from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.store.authorizations import Authorizations
from wattshare.custodian.store.batches import Batches
from wattshare.custodian.store.bills import Bills
from wattshare.custodian.store.customers import Customers
from wattshare.custodian.store.imports import Imports
from wattshare.custodian.store.jobs import Jobs
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.notices import Notices
from wattshare.custodian.store.parties import Parties
from wattshare.custodian.store.programs import Programs
from wattshare.custodian.store.rates import Rates
from wattshare.custodian.store.readings import Readings
from wattshare.custodian.store.revisions import Revisions
from wattshare.custodian.store.sessions import Sessions
from wattshare.custodian.store.tokens import Tokens
from wattshare.custodian.store.trail import Trail

MIGRATIONS = Path(__file__).parent / "migrations"
WAIT_SECONDS = 30
# what a transaction that only reads asks of its connection
READING: dict[str, dict[str, Any]] = {
    "sqlite": {"wattshare_reads": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
# a wrong statement, and writing where only reading was asked for
OUR_FAULTS = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY)
# connections kept, and how many more a crowd may open
POOL, CROWD = 10, 90


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
        self.bills = Bills(connection, keys)
        self.imports = Imports(connection, keys)
        self.batches = Batches(connection, keys)
        self.notices = Notices(connection, keys)
        self.jobs = Jobs(connection, keys)
        self.trail = Trail(connection, keys)


@dataclass(frozen=True)
class Store:
    """A database and its keys, for any number of threads. Other processes may have the same one open."""

    engine: Engine
    keys: Keys = field(repr=False)

    @classmethod
    def connect(cls, url: str, keys: Keys) -> "Store":
        """The store at an address as SQLAlchemy writes it. Nothing is opened yet."""
        # what a statement was given stays out of error texts
        engine = create_engine(
            make_url(url),
            hide_parameters=True,
            pool_size=POOL,
            max_overflow=CROWD,
            pool_timeout=WAIT_SECONDS,
            pool_pre_ping=not url.startswith("sqlite"),
        )
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _set_up_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        return cls(engine, keys)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction that may write: committed at the end, undone by any exception.

        On SQLite there is one writer at a time: keep it short, and never open one inside another.

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
            _make_file(Path(str(self.engine.url.database)))
        with _available(), self.engine.connect() as connection, connection.begin():
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            command.upgrade(config, "head")

    def upgraded(self) -> bool:
        """Whether the tables have their newest form."""
        with self._reading() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
        return present == ScriptDirectory(MIGRATIONS).get_current_head()

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
        if isinstance(why.orig, sqlite3.Error) and why.orig.sqlite_errorcode in OUR_FAULTS:
            raise
        raise Unavailable(logged=f"database: {why.orig}") from why


def _make_file(path: Path) -> None:
    # before SQLite makes it for everybody to read
    path.touch(mode=0o600)
    path.chmod(0o600)
    with closing(sqlite3.connect(path)) as connection:
        for _ in range(WAIT_SECONDS * 10):
            try:
                # readers and the writer do not wait for each other; the file stays so
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                # SQLite does not queue for this: another process is at it
                time.sleep(0.1)
            else:
                return
    raise Unavailable(logged=f"{path}: others keep it")


def _set_up_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # transactions are begun by _begin_sqlite, not by the driver
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")
    # what was said to be done survives a power cut
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("wattshare_reads", False)
    connection.exec_driver_sql(f"PRAGMA query_only = {reads:d}")
    # a writer queues at the start: one that began as a reader cannot wait for its turn
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
