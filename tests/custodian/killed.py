"""An import that kills its own process where it is told."""

import os
import signal
import tomllib
from pathlib import Path

from tests.soak.tables import MAPPING
from wattshare.custodian.formats.tables.mapping import from_plain
from wattshare.custodian.services.intake import Intake
from wattshare.custodian.services.intake.door import Door, Wanted
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.imports import Imports
from wattshare.custodian.store.keys import Keys
from wattshare.espi.profile import PGE

# while the file is read, when its days are made, at the first and the last of what is stored, after the commit
POINTS = ("reading", "staged", "storing", "stored", "committed")


def die() -> None:
    """As if the power went."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, keys: str, file: str, point: str) -> None:
    """Take the file in, and die at the point; an empty one lives."""
    store = Store.connect(url, Keys.read(Path(keys)))
    if point in ("staged", "stored"):
        before = {"staged": "report", "stored": "add"}[point]
        setattr(Imports, before, lambda *_, **__: die())

    def tell(what: str, done: int, total: int) -> None:
        if what == point and (what == "storing" or 2 * done >= total):
            die()

    with Path(file).open("rb") as source:
        Door(Intake(store, lambda: 1_750_000_000, PGE)).take(
            source, "readings.csv", Wanted(mapping=from_plain(tomllib.loads(MAPPING)), tell=tell)
        )
    if point == "committed":
        die()
