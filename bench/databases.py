"""The two engines: a file, or a PostgreSQL server of our own that keeps what it has between runs."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.custodian.servers import APPLICATION, HOW, KEEPER, OWNER, Server, find_programs, somebody, wait_for

from bench.machine import family
from bench.outcome import NotMeasured

# what a server of a custodian would have, on a small machine
SETTINGS = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "4GB",
    "listen_addresses": "",
}


@dataclass(frozen=True, kw_only=True)
class Databases:
    """Where utilities are kept."""

    engine: str
    # of PostgreSQL
    server: Server | None = None
    pid: int | None = None

    def fresh(self, home: Path, name: str) -> dict[str, str]:
        """The settings of a new database: its address as its owner and as a role that row security holds.

        None are needed for the file that an installation has by itself.
        """
        if self.server is None:
            return {}
        self.server.execute(f"DROP DATABASE IF EXISTS {name}")
        self.server.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {OWNER}")
        (home.parent).mkdir(parents=True, exist_ok=True)
        return {"database_owner_url": self.server.url(name, OWNER), "database_url": self.server.url(name)}

    def pids(self) -> tuple[int, ...]:
        """The server's processes."""
        return () if self.pid is None else family(self.pid)


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
    user = somebody()
    if user is not None:
        # it is looked into by the server's user
        shutil.chown(scratch, user)
    programs = find_programs(Path(scratch), user)
    if programs is None:
        raise NotMeasured(f"no PostgreSQL: {HOW}")
    place = folder / "server"
    place.mkdir(parents=True, exist_ok=True)
    if programs.user is not None:
        shutil.chown(place, programs.user)
    fresh = not (place / "data" / "PG_VERSION").exists()
    if fresh:
        programs.run("initdb", "-D", str(place / "data"), "-U", KEEPER, "-A", "trust", "-E", "UTF8", "--locale=C")
    told = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    process = programs.start("-D", str(place / "data"), "-k", str(place), *told)
    try:
        server = Server(place)
        wait_for(server)
        for role in (OWNER, APPLICATION) if fresh else ():
            server.execute(f"CREATE ROLE {role} LOGIN")
        yield Databases(engine=engine, server=server, pid=process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        shutil.rmtree(scratch)


def open_to_all(folder: Path) -> None:
    """Let the server's user reach a folder that we make."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        folder.chmod(0o755)
