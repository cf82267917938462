"""B1, B2, B3: a day's news of very many authorizations, made by the worker's own code and fetched."""

import gzip
import subprocess
import sys
import zlib
from collections.abc import Iterator
from functools import partial
from json import loads
from pathlib import Path
from typing import Any

from lxml import etree
from rich.table import Table

from bench.asking import Request, cpu_of_one
from bench.databases import Databases
from bench.machine import median
from bench.outcome import NotMeasured, Outcome, Wrong
from bench.servers import nginx, ours
from bench.utility import Utility
from wattshare.custodian.app import BATCHES

MEGA = 1 << 20
# turns of the largest, and of the others
REPEATS, FEW = 3, 3
# turns of those who fetch, and how long each is
TURNS, SECONDS = 7, 1.0
COST = "cpu_microseconds_a_reading_of_"
ENTRY = "{http://www.w3.org/2005/Atom}entry"
BLOCK = "{http://naesb.org/espi}IntervalBlock"
# as the profile writes it
OPENING = b"<ns0:IntervalBlock>"
ONE_MEMBER = 16 + zlib.MAX_WBITS


# what a process found
Found = dict[str, Any]


def child(utility: Utility, what: str, size: int) -> Found:
    """What a process of its own found."""
    command = [sys.executable, "-m", "bench.worker", str(utility.home), what, str(size)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: Found = loads(done.stdout.splitlines()[-1])
    return found


def measure(utility: Utility, databases: Databases, wanted: frozenset[str], folder: Path) -> Iterator[Outcome]:
    """Those of the bars that are wanted, and the curve beside them."""
    sizes = sorted(map(int, utility.facts["third_parties"]))
    # those of earlier runs, which nobody fetches any more
    for file in (utility.home / BATCHES).glob("*"):
        file.unlink()
    largest, smaller = sizes[-1], sizes[-2]
    made: dict[int, list[Found]] = {size: [child(utility, "make", size) for _ in range(FEW)] for size in sizes[:-1]}
    made[largest], drained = [], []
    for _ in range(REPEATS if "B1" in wanted else 1):
        # in turns, so that what else the machine does meets both
        drained.append(child(utility, "drain", largest))
        made[largest].append(child(utility, "make", largest))
    last, before = made[largest][-1], made[smaller][-1]
    gate(Path(last["file"]), last)
    # to read all of the largest as XML takes longer than to make it five times
    well_formed(Path(before["file"]), before)
    if "B1" in wanted:
        yield made_in_time(made, drained, largest)
    most, other = middle(made[largest], "most"), middle(made[smaller], "most")
    idle = middle(made[largest], "idle")
    if "B2" in wanted:
        yield Outcome(
            id="B2",
            figure=most / MEGA,
            note=f"{largest} authorizations; {idle / MEGA:.0f} MB before it began",
            parts={"most_bytes": most, "idle_bytes": idle},
        )
    if "B2b" in wanted:
        yield Outcome(id="B2b", figure=most / other, note=f"{smaller} authorizations: {other / MEGA:.0f} MB")
    if "B3" in wanted:
        yield fetching(utility, databases, last, largest, folder)


def middle(found: list[Found], name: str) -> float:
    """The median of a figure."""
    return median(one[name] for one in found)


def made_in_time(made: dict[int, list[Found]], drained: list[Found], largest: int) -> Outcome:
    """B1, and what a reading costs of fewer authorizations."""
    whole, least = middle(made[largest], "seconds"), middle(drained, "seconds")
    used, drain = middle(made[largest], "cpu"), middle(drained, "cpu")
    costs = {f"{COST}{size}": 1e6 * middle(found, "cpu") / found[0]["readings"] for size, found in made.items()}
    parts = {"make_seconds": whole, "drain_seconds": least, "authorizations": largest}
    return Outcome(
        id="B1",
        figure=whole / least,
        note=f"{whole:.1f} s for {largest} authorizations, {least:.1f} s to read; CPU {used:.1f} and {drain:.1f} s",
        parts=costs | parts | {"make_cpu_seconds": used, "drain_cpu_seconds": drain},
    )


def curve(outcome: Outcome) -> Table:
    """What a reading costs, by the number of authorizations."""
    table = Table("authorizations", "µs of CPU a reading", title="a day's news: it should be flat")
    for name, cost in outcome.parts.items():
        if name.startswith(COST):
            table.add_row(name.removeprefix(COST), f"{cost:.2f}")
    return table


def gate(file: Path, made: Found) -> None:
    """The file is one member, and has as many usage points and blocks as it should.

    Raises:
        Wrong: it has not.
    """
    blocks, inflating, kept = 0, zlib.decompressobj(ONE_MEMBER), b""
    with file.open("rb") as packed:
        while piece := packed.read(MEGA):
            text = inflating.decompress(piece)
            # a tag may lie across two pieces
            blocks += (kept + text).count(OPENING)
            kept = text[1 - len(OPENING) :]
    if not inflating.eof or inflating.unused_data:
        raise Wrong(f"{file} is not one gzip member")
    if blocks < made["usage_points"] or made["usage_points"] != made["authorizations"]:
        raise Wrong(f"{blocks} blocks of {made['usage_points']} usage points in {file}")


def well_formed(file: Path, made: Found) -> None:
    """A file is XML, and lxml finds as many blocks in it.

    Raises:
        Wrong: it does not.
    """
    with gzip.open(file, "rb") as feed:
        found = sum(1 for _ in blocks_of(feed))
    if found < made["usage_points"]:
        raise Wrong(f"{found} blocks of {made['usage_points']} usage points in {file}")


def blocks_of(feed: gzip.GzipFile) -> Iterator["etree._Element"]:
    """The blocks of a feed."""
    for _, element in etree.iterparse(feed, tag=(ENTRY, BLOCK), huge_tree=True):
        if element.tag == BLOCK:
            yield element
        elif (parent := element.getparent()) is not None:
            # nothing is kept of what has passed
            parent.clear()


def fetching(utility: Utility, databases: Databases, made: Found, size: int, folder: Path) -> Outcome:
    """CPU of nginx for the file, by ours."""
    told = utility.facts["third_parties"][str(size)]
    target = f"{made['path']}?correlationID={made['part']}"
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    (files / "B3").unlink(missing_ok=True)
    (files / "B3").symlink_to(made["file"])
    mine, theirs = list[float](), list[float]()
    turn = partial(cpu_of_one, seconds=SECONDS, connections=2)
    with ours(utility, databases) as server:
        request = Request(target=target, token=told["token"])
        try:
            with nginx(folder) as other:
                for _ in range(TURNS):
                    theirs.append(turn(other, Request(target="/B3")))
                    mine.append(turn(server, request))
        except NotMeasured as why:
            return Outcome(id="B3", note=str(why))
    ours_, nginx_ = median(mine), median(theirs)
    return Outcome(
        id="B3",
        # what the kernel takes to copy changes from second to second, for both
        figure=median(one / other for one, other in zip(theirs, mine, strict=True)),
        note=f"{made['gzip_bytes'] / MEGA:.0f} MB in {ours_ * 1e3:.1f} ms of CPU; nginx {nginx_ * 1e3:.1f} ms",
        parts={"our_cpu_seconds": ours_, "nginx_cpu_seconds": nginx_, "bytes": made["gzip_bytes"]},
    )
