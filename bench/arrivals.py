"""I1 and I3: readings that come in columns, against what copies the same rows, and what readers feel of it."""

import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.asking import Connection, Request
from bench.databases import Databases
from bench.machine import median
from bench.outcome import NotMeasured, Outcome, Refused, Wrong
from bench.servers import ours
from bench.utility import Utility, prepared, single
from wattshare.custodian.app import opened
from wattshare.custodian.formats.tables.mapping import from_plain
from wattshare.custodian.house import House
from wattshare.custodian.memory import loaded
from wattshare.custodian.services.intake.door import Wanted
from wattshare.espi.days import day_bounds

# usage points of a file, and its days: a hundred thousand rows of a day each
POINTS, DAYS, QUARTER = 4_000, 25, 900
FIRST_POINT = 7_000_000_001
# from then on there are months of which nothing is there yet
BEGINNING = datetime(2019, 1, 1, tzinfo=UTC)
REPEATS = 3
# files that come in while somebody reads: of a hundred answers the slowest hundredth would be a single one
WHILE = {"sqlite": 4, "postgresql": 10}
MAPPING: dict[str, Any] = {
    "columns": {"usage_point": "point", "start": "start", "value": "wh"},
    "values": {"unit": "Wh"},
    "time": {"format": "epoch"},
    "interval": {"length": QUARTER},
    "flow": {"all": "delivered"},
}
# bytes that keep their low half: values below 4096
LOW = bytes(byte & 0x0F for byte in range(256))
# readers: how many answers, and seconds between two
ANSWERS, PAUSE = 400, 0.02
SLOWEST = 0.99


def measure(databases: Databases, wanted: frozenset[str], folder: Path) -> Iterator[Outcome]:
    """Those of the two that are wanted, on a utility that is made for them and thrown away."""
    name = "columns"
    shutil.rmtree(folder / databases.engine / name, ignore_errors=True)
    utility = prepared(folder, name, databases, single)
    files = folder / "scratch" / "parquet"
    files.mkdir(parents=True, exist_ok=True)
    try:
        if "I1" in wanted:
            yield against_copy(utility, databases, name, files)
        if "I3" in wanted:
            yield read_meanwhile(utility, databases, files)
    finally:
        shutil.rmtree(files)


def month(number: int) -> datetime:
    """A month that nothing is of."""
    return BEGINNING.replace(year=BEGINNING.year + number // 12, month=number % 12 + 1)


def written(house: House, file: Path, number: int) -> Path:
    """Write a file of new usage points in a month of their own, as a head end does.

    It is sorted by usage point and time, and has whole watt hours of up to four digits.
    """
    zone, first = house.profile.zone, month(number)
    starts = [
        at for day in range(DAYS) for at in range(*day_bounds((first + timedelta(days=2 + day)).date(), zone), QUARTER)
    ]
    count, packed = len(starts), struct.pack(f"<{len(starts)}q", *starts)
    schema = pa.schema([("point", pa.int64()), ("start", pa.int64()), ("wh", pa.int16())])
    with pq.ParquetWriter(file, schema) as out:
        begin = FIRST_POINT + number * POINTS
        for some in range(begin, begin + POINTS, POINTS // 20):
            points = range(some, some + POINTS // 20)
            values = bytearray(os.urandom(2 * count * len(points)))
            values[1::2] = values[1::2].translate(LOW)
            columns = (
                b"".join(struct.pack("<q", point) * count for point in points),
                packed * len(points),
                bytes(values),
            )
            arrays = [
                pa.Array.from_buffers(kind, count * len(points), [None, pa.py_buffer(column)])
                for kind, column in zip(schema.types, columns, strict=True)
            ]
            out.write_table(pa.table(arrays, schema=schema))
    return file


def take(house: House, file: Path) -> float:
    """Take a file in as `wattshare import` does. Seconds that it took.

    Raises:
        Wrong: something of it was not taken.
    """
    begun = time.monotonic()
    with file.open("rb") as opened_file:
        report = house.door.take(opened_file, file.name, Wanted(mapping=from_plain(MAPPING)))
    took = time.monotonic() - begun
    expected = pq.read_metadata(file).num_rows
    if report.refused or report.readings.new != expected:
        raise Wrong(f"{report.readings.new} of {expected} readings were taken in: {report.refused}")
    return took


def against_copy(utility: Utility, databases: Databases, database: str, files: Path) -> Outcome:
    """I1: a first load into an empty month, by \\copy of the very rows that it made into the emptied month."""
    mine, theirs = list[float](), list[float]()
    # psql writes and reads as the server's user
    rows = files.resolve() / "psql" / "rows"
    rows.parent.mkdir(exist_ok=True)
    rows.parent.chmod(0o777)
    with utility.opened() as house:
        loaded()
        for number in range(1, REPEATS + 1):
            table = f"interval_block_{month(number):%Y_%m}"
            try:
                databases.psql(database, "")
            except NotMeasured as why:
                return Outcome(id="I1", note=str(why))
            mine.append(take(house, written(house, files / f"{table}.parquet", number)))
            databases.psql(database, f"\\copy {table} TO '{rows}' (FORMAT binary)")
            databases.psql(database, f"TRUNCATE {table}")
            begun = time.monotonic()
            databases.psql(database, f"\\copy {table} FROM '{rows}' (FORMAT binary)")
            theirs.append(time.monotonic() - begun)
    count = POINTS * DAYS
    ours_, copied = median(mine), median(theirs)
    return Outcome(
        id="I1",
        figure=copied / ours_,
        note=f"{count / ours_ / 1e3:.0f} k days a second, {count * 96 / ours_ / 1e6:.1f} M readings;"
        f" \\copy {count / copied / 1e3:.0f} k days",
        parts={"rows": count, "readings": count * 96, "our_seconds": ours_, "copy_seconds": copied},
    )


def read_meanwhile(utility: Utility, databases: Databases, files: Path) -> Outcome:
    """I3: the slowest of many answers while file after file comes in, by the same while nothing does."""
    with utility.opened() as house:
        numbers = range(REPEATS + 1, REPEATS + 1 + WHILE[databases.engine])
        told = [written(house, files / f"while-{number}.parquet", number) for number in numbers]
    now = datetime.now(UTC)
    window = f"published-min={now - timedelta(days=31):%Y-%m-%dT00:00:00Z}&published-max={now:%Y-%m-%dT00:00:00Z}"
    request = Request(target=f"{utility.facts['feed']}?{window}", token=utility.facts["token"])
    databases.rested()
    with ours(utility, databases) as server:
        asked(server.port, request, most=50)
        quiet = asked(server.port, request, most=ANSWERS)
        with coming_in(utility, told) as process:
            try:
                busy = asked(server.port, request, still=lambda: process.poll() is None)
            except Refused as why:
                return Outcome(id="I3", note=f"a reader is answered {why} while files come in")
    slow, usual = slowest(busy), slowest(quiet)
    return Outcome(
        id="I3",
        figure=slow / usual,
        note=f"a month of one usage point: p99 {slow * 1e3:.0f} ms of {len(busy)} answers while files come in,"
        f" {usual * 1e3:.0f} ms while none do; medians {median(busy) * 1e3:.0f} and {median(quiet) * 1e3:.0f} ms",
        parts={
            "busy_p99_seconds": slow,
            "quiet_p99_seconds": usual,
            "busy_median_seconds": median(busy),
            "quiet_median_seconds": median(quiet),
            "answers_while_busy": len(busy),
        },
    )


def asked(
    port: int, request: Request, *, most: int = sys.maxsize, still: Callable[[], bool] = lambda: True
) -> list[float]:
    """Ask again and again, on one connection and not in haste. How many seconds each answer took."""
    connection, head, took = Connection(port), request.head(port), list[float]()
    while len(took) < most and still():
        begun = time.monotonic()
        connection.ask(head)
        took.append(time.monotonic() - begun)
        time.sleep(PAUSE)
    return took


def slowest(took: list[float]) -> float:
    """What all answers but a hundredth were as fast as."""
    return sorted(took)[int(len(took) * SLOWEST)]


@contextmanager
def coming_in(utility: Utility, files: list[Path]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that takes files in, from the moment at which it begins with the first.

    Raises:
        Wrong: it failed.
    """
    command = [sys.executable, "-m", "bench.arrivals", str(utility.home), *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        if process.stdout is None or not process.stdout.readline():
            raise Wrong("nothing can be taken in")
        yield process
        if process.wait():
            raise Wrong("a file was not taken in")


def main() -> None:
    """`python -m bench.arrivals HOME FILE…`: says when it begins, and takes them in."""
    home, *files = map(Path, sys.argv[1:])
    with opened(home) as house:
        loaded()
        print("ready", flush=True)
        for file in files:
            take(house, file)


if __name__ == "__main__":
    main()
