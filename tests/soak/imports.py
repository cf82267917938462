"""Imports that are killed at any moment: after each kill all or nothing is there, and after going on, all.

Both engines, by the command itself, with SIGKILL after a time that chance gives.
"""

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.custodian.servers import ENGINES, OWNER, Server
from tests.soak.commands import Utility, served
from tests.soak.tables import MAPPING, write_table


@contextmanager
def utilities(engine: str, folder: Path) -> Iterator[Iterator[Utility]]:
    """Fresh installations, one after the other, with the same keys."""
    with served(engine) as server:
        yield _fresh(folder, server)


def _fresh(folder: Path, server: Server | None) -> Iterator[Utility]:
    number = 0
    while True:
        number += 1
        home = folder / f"home-{number}"
        name = server.make_database() if server else ""
        made = Utility(home, server.url(name), server.url(name, OWNER)) if server else Utility(home)
        made.do("init")
        yield made
        shutil.rmtree(home)


def run(*, kills: int, readings: int, seed: int, engines: tuple[str, ...] = ENGINES) -> int:
    """Kill so many imports on each engine; 0 where every one held."""
    chance, failed = random.Random(seed), 0
    with TemporaryDirectory(prefix="wattshare-soak-") as name:
        folder = Path(name)
        file, mapping = folder / "readings.csv", folder / "mapping.toml"
        count = write_table(file, readings)
        mapping.write_text(MAPPING)
        words = ("import", "--mapping", str(mapping), str(file))
        for engine in engines:
            failed += _soak(engine, folder / engine, words, kills, chance, count)
    return 1 if failed else 0


def _soak(engine: str, folder: Path, words: tuple[str, ...], kills: int, chance: random.Random, count: int) -> int:
    folder.mkdir()
    failed = done = 0
    with utilities(engine, folder) as fresh:
        first = next(fresh)
        nothing = first.do("db", "hash")
        began = time.monotonic()
        first.do(*words)
        took, whole = time.monotonic() - began, first.do("db", "hash")
        print(f"{engine}: {count} readings undisturbed in {took:.1f} s, content {whole[:12]}", flush=True)
        while done < kills:
            utility = next(fresh)
            killed = _kill(utility.start(*words), chance.uniform(0, took))
            left = utility.do("db", "hash")
            utility.do(*words)
            held = left in (nothing, whole) and utility.do("db", "hash") == whole
            done += killed
            failed += not held
            state = "nothing" if left == nothing else "all" if left == whole else "SOMETHING ELSE"
            print(f"{engine}: {'kill' if killed else 'too late'} {done}: {state} was there; {held=}", flush=True)
    print(f"{engine}: {done} kills, {failed} failed", flush=True)
    return failed


def _kill(running: "subprocess.Popen[str]", after: float) -> bool:
    """Kill a command after so many seconds. Whether it was still at it."""
    try:
        running.wait(after)
    except subprocess.TimeoutExpired:
        running.send_signal(signal.SIGKILL)
    running.communicate()
    return running.returncode == -signal.SIGKILL
