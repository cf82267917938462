"""I2: Green Button XML taken in by the code of `wattshare import`, against lxml parsing it for nobody."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from lxml import etree

from bench.databases import Databases
from bench.machine import cpu_seconds, median, seconds
from bench.outcome import Outcome, Wrong
from bench.utility import Utility, found_home, free_port
from wattshare.custodian.app import opened
from wattshare.custodian.services.disclosure import feeds
from wattshare.custodian.services.disclosure.render import BlockItem, pieces
from wattshare.custodian.services.disclosure.view import View
from wattshare.custodian.services.intake.door import Wanted
from wattshare.espi.atom import Feed, Link

REPEATS = 3
PIECE = 1 << 16


class Nobody:
    """Takes what a parser has to say and keeps nothing."""

    def start(self, tag: str, attrib: Mapping[str, str]) -> None:
        """A tag opens."""

    def end(self, tag: str) -> None:
        """A tag closes."""

    def data(self, data: str) -> None:
        """There is text."""

    def close(self) -> None:
        """That was all."""


def measure(utility: Utility, databases: Databases, folder: Path) -> Outcome:
    """The bar, over one usage point's year."""
    file = folder / "year.xml"
    readings = written(utility, file)
    size = file.stat().st_size
    limit = median(seconds(lambda: parsed_for_nobody(file), REPEATS))
    ours = median(taken_in(databases, folder / f"intake-{number}", file, readings) for number in range(REPEATS))
    return Outcome(
        id="I2",
        figure=limit / ours,
        note=f"{size / ours / 1e6:.1f} MB of XML a second, stored; lxml alone {size / limit / 1e6:.0f}",
        parts={"bytes": size, "our_cpu_seconds": ours, "lxml_cpu_seconds": limit, "readings": readings},
    )


def written(utility: Utility, file: Path) -> int:
    """Write the year as a batch with its usage point and channel. How many readings there are."""
    told = utility.facts
    with utility.opened() as house, house.store.read(told["held"]) as tx:
        held = tx.authorizations.by_id(told["held"])
        if held is None:
            raise Wrong("the authorization of the year is gone")
        view = View(tx=tx, held=held, addresses=house.addresses, at=house.now())
        feed = Feed(id="bench", title="Bench", updated=view.at, links=(Link(rel="self", href=house.addresses.base),))
        items = list(feeds.batch(view, view.points(), None))
        file.write_bytes(b"".join(pieces(feed, items, house.addresses)))
        return sum(item.block.count for item in items if isinstance(item, BlockItem))


def parsed_for_nobody(file: Path) -> None:
    """What lxml takes to see that it is well-formed."""
    parser = etree.XMLParser(target=cast(Any, Nobody()), huge_tree=True)
    with file.open("rb") as opened_file:
        while piece := opened_file.read(PIECE):
            parser.feed(piece)
    parser.close()


def taken_in(databases: Databases, home: Path, file: Path, readings: int) -> float:
    """CPU seconds of taking the file into an empty installation, its database's too.

    Raises:
        Wrong: something of it is missing afterwards.
    """
    shutil.rmtree(home, ignore_errors=True)
    found_home(home, free_port(), databases.fresh(home, home.name.replace("-", "_")))
    with opened(home) as house, file.open("rb") as document:
        others, mine = cpu_seconds(databases.pids()), time.process_time()
        report = house.door.take(document, file.name, Wanted())
        used = time.process_time() - mine + cpu_seconds(databases.pids()) - others
    if report.refused or report.readings.new != readings:
        raise Wrong(f"{report.readings.new} of {readings} readings were taken in: {report.refused}")
    shutil.rmtree(home)
    return used
