"""Imports that are killed at any moment: after each kill all or nothing is there, and after going on, all.

Both engines, by the command itself, with SIGKILL after a time that chance gives. One import is killed again and again,
each time taken up where the one before was killed, and at last let through: so what several dead ones leave adds up.
"""

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.custodian.servers import ENGINES, OWNER, Server
from tests.soak.commands import Utility, served
from tests.soak.tables import COLUMNS_MAPPING, MAPPING, write_columns, write_table

# rows are slow to read and columns quick, so that of so many imports one is of rows
FORMS, TURNS = ("csv", "parquet"), 10
# most kills of one import, and how much of its time is over when something is written for sure
ONE, LATE = 10, 0.6


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


@dataclass(frozen=True)
class Form:
    """A file in one form, and the words that take it in."""

    name: str
    words: tuple[str, ...]
    readings: int

    @classmethod
    def written(cls, folder: Path, name: str, readings: int) -> "Form":
        """Write it."""
        file, mapping = folder / f"readings.{name}", folder / f"{name}.toml"
        of_columns = name == "parquet"
        count = (write_columns if of_columns else write_table)(file, readings)
        mapping.write_text(COLUMNS_MAPPING if of_columns else MAPPING)
        return cls(name, ("import", "--mapping", str(mapping), str(file)), count)


@dataclass
class Undisturbed:
    """What an import that nobody killed was like."""

    form: Form
    # the shortest of all that were seen
    seconds: float
    # what is held before and after, as one digest
    nothing: str
    whole: str

    @classmethod
    def seen(cls, utility: Utility, form: Form) -> "Undisturbed":
        """Import into an empty installation."""
        nothing, began = utility.do("db", "hash"), time.monotonic()
        utility.do(*form.words)
        took = time.monotonic() - began
        return cls(form, took, nothing, utility.do("db", "hash"))


def run(*, kills: int, readings: int, seed: int, engines: tuple[str, ...] = ENGINES) -> int:
    """Kill so many imports on each engine; 0 where every one held."""
    chance, failed = random.Random(seed), 0
    with TemporaryDirectory(prefix="wattshare-soak-") as name:
        folder = Path(name)
        forms = [Form.written(folder, form, readings) for form in FORMS]
        for engine in engines:
            failed += _soak(engine, folder / engine, forms, kills, chance)
    return 1 if failed else 0


def _soak(engine: str, folder: Path, forms: list[Form], kills: int, chance: random.Random) -> int:
    """Installation after installation, each of which has one import that is killed again and again."""
    folder.mkdir()
    failed = done = 0
    with utilities(engine, folder) as fresh:
        every = [Undisturbed.seen(next(fresh), form) for form in forms]
        for one in every:
            took = f"{one.form.readings} readings as {one.form.name} undisturbed in {one.seconds:.1f} s"
            print(f"{engine}: {took}, content {one.whole[:12]}", flush=True)
        turns = cycle([every[0], *[every[-1]] * (TURNS - 1)])
        while done < kills:
            hit, held = _hit(next(fresh), next(turns), min(ONE, kills - done), chance, f"{engine}: kill {done}")
            done, failed = done + hit, failed + (not held)
    print(f"{engine}: {done} kills, {failed} installations that did not hold", flush=True)
    return failed


def _hit(utility: Utility, one: Undisturbed, most: int, chance: random.Random, said: str) -> tuple[int, bool]:
    """Kill one import so often, or until it is through. How often it was hit, and whether all held."""
    hit, held, left = 0, True, one.nothing
    while hit < most and left == one.nothing:
        # every other one late, when something is being written
        soonest = LATE * one.seconds if hit % 2 else 0
        began = time.monotonic()
        killed = _kill(utility.start(*one.form.words), chance.uniform(soonest, one.seconds))
        if not killed:
            one.seconds = min(one.seconds, time.monotonic() - began)
        left = utility.digest()
        hit += killed
        held = held and left in (one.nothing, one.whole)
        state = "nothing" if left == one.nothing else "all" if left == one.whole else "SOMETHING ELSE"
        print(f"{said} + {hit}, {one.form.name}: {'killed' if killed else 'too late'}, {state} is there", flush=True)
    began = time.monotonic()
    utility.do(*one.form.words)
    if left == one.nothing:
        one.seconds = min(one.seconds, time.monotonic() - began)
    held = held and utility.do("db", "hash") == one.whole
    print(f"{said} + {hit}, {one.form.name}: taken up and gone on with, {held=}", flush=True)
    return hit, held


def _kill(running: "subprocess.Popen[str]", after: float) -> bool:
    """Kill a command after so many seconds. Whether it was still at it."""
    try:
        running.wait(after)
    except subprocess.TimeoutExpired:
        running.send_signal(signal.SIGKILL)
    running.communicate()
    return running.returncode == -signal.SIGKILL
