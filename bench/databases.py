"""The two engines: a file, or a PostgreSQL server of our own that keeps what it has between runs."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.custodian.servers import (
    APPLICATION,
    HOW,
    KEEPER,
    OWNER,
    Programs,
    Server,
    find_programs,
    somebody,
    wait_for,
)

from bench.machine import family
from bench.outcome import NotMeasured

# what a server of a custodian would have, on a small machine
SETTINGS = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "4GB",
    "min_wal_size": "1GB",
    "listen_addresses": "",
}
# a role that is there already stays
MADE = """
DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$
"""


@dataclass(kw_only=True)
class Databases:
    """Where utilities are kept."""

    engine: str
    # of PostgreSQL
    server: Server | None = None
    programs: Programs | None = None
    process: "subprocess.Popen[bytes] | None" = None

    def fresh(self, home: Path, name: str) -> dict[str, str]:
        """The settings of a new database: its address as its owner and as a role that row security holds.

        None are needed for the file that an installation has by itself.
        """
        if self.server is None:
            return {}
        self.forget(name)
        self.server.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {OWNER}")
        (home.parent).mkdir(parents=True, exist_ok=True)
        return {"database_owner_url": self.server.url(name, OWNER), "database_url": self.server.url(name)}

    def forget(self, name: str) -> None:
        """Remove a database of a server, if it is there."""
        if self.server is not None:
            self.server.execute(f"DROP DATABASE IF EXISTS {name}")

    def pids(self) -> tuple[int, ...]:
        """The server's processes."""
        return () if self.process is None else family(self.process.pid)

    # of a server

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if self.server is None or self.programs is None:
            return
        told = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        place = self.server.folder
        self.process = self.programs.start("-D", str(place / "data"), "-k", str(place), *told)
        wait_for(self.server)

    def stop(self) -> None:
        """Stop it: what it had in memory is gone."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
            self.process = None

    def rested(self) -> None:
        """Have what was changed written where it belongs, and the log begun anew: not while something is measured."""
        if self.server is not None:
            self.server.execute("CHECKPOINT")

    def psql(self, database: str, statement: str) -> None:
        """Let psql do something as the one who may do everything.

        Raises:
            NotMeasured: there is no server, or no psql beside it.
        """
        if self.server is None or self.programs is None:
            raise NotMeasured("it is a bar of PostgreSQL's: --engine postgresql")
        program = self.programs.folder / "psql"
        if not program.exists():
            raise NotMeasured(f"no psql in {self.programs.folder}")
        told = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(self.server.folder), "-U", KEEPER, "-d", database)
        subprocess.run([str(program), *told, "-c", statement], check=True, cwd="/", user=self.programs.user)


@contextmanager
def databases(engine: str, folder: Path) -> Iterator[Databases]:
    """The engine, running for as long as the block.

    Raises:
        NotMeasured: there is no PostgreSQL.
    """
    if engine == "sqlite":
        yield Databases(engine=engine)
        return
    scratch = tempfile.mkdtemp(prefix="wattshare-bench-")
    try:
        user = somebody()
        if user is not None:
            # it is looked into by the server's user
            shutil.chown(scratch, user)
        programs = find_programs(Path(scratch), user)
        if programs is None:
            raise NotMeasured(f"no PostgreSQL: {HOW}")
        server = Server(placed(folder, programs))
        kept = Databases(engine=engine, server=server, programs=programs)
        try:
            kept.start()
            for role in (OWNER, APPLICATION):
                server.execute(MADE.format(role=role))
            yield kept
        finally:
            kept.stop()
    finally:
        shutil.rmtree(scratch)


def placed(folder: Path, programs: Programs) -> Path:
    """Where the server has its data: made when it is not there yet, or was not finished."""
    place, ready = folder / "server", folder / "server" / "ready"
    place.mkdir(parents=True, exist_ok=True)
    if not ready.exists():
        shutil.rmtree(place / "data", ignore_errors=True)
        if programs.user is not None:
            shutil.chown(place, programs.user)
        programs.run("initdb", "-D", str(place / "data"), "-U", KEEPER, "-A", "trust", "-E", "UTF8", "--locale=C")
        ready.touch()
    return place


def open_to_all(folder: Path) -> None:
    """Let the server's user reach a folder that we make."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        folder.chmod(0o755)
