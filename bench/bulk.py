"""B1, B2, B3: a day's news of very many authorizations, made by the worker's own code and fetched."""

import gzip
import subprocess
import sys
from collections.abc import Iterator
from json import loads
from pathlib import Path
from typing import Any

from lxml import etree

from bench.asking import Request, cpu_of_one
from bench.databases import Databases
from bench.machine import median
from bench.outcome import NotMeasured, Outcome, Wrong
from bench.servers import nginx, ours
from bench.utility import Utility

MEGA = 1 << 20
REPEATS = 3
ENTRY = "{http://www.w3.org/2005/Atom}entry"
BLOCK = "{http://naesb.org/espi}IntervalBlock"


def child(utility: Utility, what: str, size: int) -> dict[str, Any]:
    """What a process of its own found."""
    command = [sys.executable, "-m", "bench.worker", str(utility.home), what, str(size)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = loads(done.stdout.splitlines()[-1])
    return found


def measure(utility: Utility, databases: Databases, wanted: frozenset[str], folder: Path) -> Iterator[Outcome]:
    """Those of the bars that are wanted, and the curve beside them."""
    sizes = sorted(map(int, utility.facts["third_parties"]))
    made = {size: [child(utility, "make", size) for _ in range(REPEATS)] for size in sizes}
    drained = {size: [child(utility, "drain", size) for _ in range(REPEATS)] for size in sizes}
    largest, smaller = sizes[-1], sizes[-2]
    gate(Path(made[largest][-1]["file"]), made[largest][-1])

    def middle(found: dict[int, list[dict[str, Any]]], size: int, name: str) -> float:
        return median(one[name] for one in found[size])

    curve = {
        f"cpu_microseconds_a_reading_of_{size}": 1e6 * middle(made, size, "cpu") / made[size][0]["readings"]
        for size in sizes
    }
    whole, least = middle(made, largest, "seconds"), middle(drained, largest, "seconds")
    told = ", ".join(f"{size}: {curve[f'cpu_microseconds_a_reading_of_{size}']:.2f}" for size in sizes)
    if "B1" in wanted:
        yield Outcome(
            id="B1",
            figure=whole / least,
            note=f"{whole:.1f} s for {largest} authorizations, {least:.1f} s to read; µs of CPU a reading: {told}",
            parts=curve
            | {"make_seconds": whole, "drain_seconds": least, "authorizations": largest}
            | {"make_cpu_seconds": middle(made, largest, "cpu"), "drain_cpu_seconds": middle(drained, largest, "cpu")},
        )
    most, other = middle(made, largest, "most"), middle(made, smaller, "most")
    idle = middle(made, largest, "idle")
    if "B2" in wanted:
        yield Outcome(
            id="B2",
            figure=most / MEGA,
            note=f"of which {idle / MEGA:.0f} MB before it began",
            parts={"most_bytes": most, "idle_bytes": idle},
        )
        yield Outcome(id="B2b", figure=most / other, note=f"{smaller} authorizations: {other / MEGA:.0f} MB")
    if "B3" in wanted:
        yield fetching(utility, databases, made[largest][-1], largest, folder)


def gate(file: Path, made: dict[str, Any]) -> None:
    """The file is one member, well-formed, and has as many usage points and blocks as it should.

    Raises:
        Wrong: it has not.
    """
    blocks = 0
    with gzip.open(file, "rb") as feed:
        for _, element in etree.iterparse(feed, tag=(ENTRY, BLOCK), huge_tree=True):
            blocks += element.tag == BLOCK
            if element.tag == ENTRY and (parent := element.getparent()) is not None:
                # nothing is kept of what has passed
                parent.clear()
    if blocks < made["usage_points"] or made["usage_points"] != made["authorizations"]:
        raise Wrong(f"{blocks} blocks of {made['usage_points']} usage points in {file}")


def fetching(utility: Utility, databases: Databases, made: dict[str, Any], size: int, folder: Path) -> Outcome:
    """CPU of nginx for the file, by ours."""
    told = utility.facts["third_parties"][str(size)]
    target = f"{made['path']}?correlationID={made['part']}"
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    (files / "B3").unlink(missing_ok=True)
    (files / "B3").symlink_to(made["file"])
    mine, theirs = list[float](), list[float]()
    with ours(utility, databases) as server:
        request = Request(target=target, token=told["token"])
        try:
            with nginx(folder) as other:
                for _ in range(5):
                    theirs.append(cpu_of_one(other, Request(target="/B3"), seconds=2, connections=2))
                    mine.append(cpu_of_one(server, request, seconds=2, connections=2))
        except NotMeasured as why:
            return Outcome(id="B3", note=str(why))
    ours_, nginx_ = median(mine), median(theirs)
    return Outcome(
        id="B3",
        figure=nginx_ / ours_,
        note=f"{made['gzip_bytes'] / MEGA:.0f} MB in {ours_ * 1e3:.1f} ms of CPU; nginx {nginx_ * 1e3:.1f} ms",
        parts={"our_cpu_seconds": ours_, "nginx_cpu_seconds": nginx_, "bytes": made["gzip_bytes"]},
    )
