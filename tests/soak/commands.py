"""The real commands of an installation, each in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.custodian.servers import HOW, Server, started
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.purposes import Purpose

COMMAND = (sys.executable, "-c", "from wattshare.command import main; main()")


@dataclass(frozen=True)
class Utility:
    """An installation on one engine."""

    home: Path
    # where it is not in the home
    url: str | None = None
    # for who owns the tables, where that is somebody else
    owner_url: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Of its processes."""
        urls = {"WATTSHARE_DATABASE_URL": self.url, "WATTSHARE_DATABASE_OWNER_URL": self.owner_url}
        given = {"WATTSHARE_HOME": str(self.home), **{name: url for name, url in urls.items() if url}}
        # each start would compile everything anew where nothing may be written beside the source
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, "PYTHONPYCACHEPREFIX": str(self.home.parent / "bytecode"), **given}

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """A command of it."""
        return subprocess.Popen(
            [*COMMAND, *words], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def digest(self) -> str:
        """What `db hash` prints, looked up here: no process is started for it."""
        store = Store.connect(self.url or f"sqlite:///{self.home / 'wattshare.db'}", Keys.read(self.home / "keys.json"))
        with closing(store), store.read(Purpose.UPKEEP) as tx:
            return tx.content.digest()

    def do(self, *words: str) -> str:
        """What a command prints.

        Raises:
            AssertionError: it fails.
        """
        running = self.start(*words)
        said, error = running.communicate()
        if running.returncode:
            raise AssertionError(f"{words[0]} ended with {running.returncode}: {said}{error}")
        return said.strip()


@contextmanager
def served(engine: str) -> Iterator[Server | None]:
    """The server that an engine needs, for as long as the block runs."""
    if engine == "sqlite":
        yield None
        return
    with started() as server:
        if server is None:
            raise SystemExit(f"a PostgreSQL is needed: {HOW}")
        yield server
