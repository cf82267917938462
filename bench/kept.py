"""S1 and S2: what closed months take on the disk, and what it takes to read a year of which nothing is in memory."""

import os
import random
import time
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from bench.databases import Databases
from bench.machine import median
from bench.outcome import NotMeasured, Outcome, Wrong
from bench.rendering import read_blocks as read_year
from bench.utility import Utility
from wattshare.custodian.house import House
from wattshare.custodian.model.packing import unpack
from wattshare.custodian.model.segments import read_blocks, read_marks
from wattshare.custodian.store.database import Tx
from wattshare.custodian.store.history import SEGMENT, read_segment
from wattshare.custodian.store.purposes import Purpose

REPEATS = 5
# a usage point that there is not, and how often it is asked for: plans are kept from the fifth time on
NOBODYS, ASKED = 9_999_999_999, 8
# where the kernel is told to forget what it has read
CACHES = Path("/proc/sys/vm/drop_caches")
# a file to read from at random: its size, and how many reads
SPREAD, READ, READS = 256 * 1024 * 1024, 4096, 64
# one in so many segments is looked into
LOOKED = 100
# the table with its indexes and what lies beside it
SIZES = {
    "sqlite": "SELECT sum(pgsize) FROM dbstat WHERE name IN"
    " (SELECT name FROM sqlite_master WHERE tbl_name = 'segment')",
    "postgresql": "SELECT pg_total_relation_size('segment')",
}


def size(utility: Utility) -> Outcome:
    """S1: the bytes of the history with its index, by the readings in it."""
    with utility.opened() as house, house.store.read(Purpose.UPKEEP) as tx:
        connection = tx.deltas._connection
        try:
            stored = int(connection.scalar(text(SIZES[connection.dialect.name])) or 0)
        except OperationalError:
            return Outcome(id="S1", note="this SQLite has no dbstat to say what a table takes")
        readings = counted(tx)
        months = connection.scalar(select(func.count()).select_from(SEGMENT))
    if readings < utility.facts["usage_points"] * 28 * 96:
        raise Wrong(f"there are {readings} readings of {utility.facts['usage_points']} usage points in the history")
    return Outcome(
        id="S1",
        figure=stored / readings,
        note=f"{readings / 1e6:.1f} M readings in {months} months of channels, {stored / 1e6:.0f} MB with the index",
        parts={"stored_bytes": stored, "readings": readings},
    )


def counted(tx: Tx) -> int:
    """The readings of the history.

    Raises:
        Wrong: a segment that is looked into has not what it says.
    """
    readings = 0
    with tx.deltas._connection.execute(select(SEGMENT), execution_options={"yield_per": 1_000}) as rows:
        for number, row in enumerate(rows.mappings()):
            segment = read_segment(row)
            marks = read_marks(segment)
            mine = sum(mark.count for mark in marks)
            if not number % LOOKED and sum(len(unpack(block)) for block in read_blocks(segment, marks)) != mine:
                raise Wrong(f"a segment of {segment.usage_point_id} has not the {mine} readings that it says")
            readings += mine
    return readings


def cold(utility: Utility, databases: Databases, folder: Path) -> Outcome:
    """S2: a year read with nothing in memory, by one such read of 4 KB."""
    try:
        took, one = list[float](), list[float]()
        for _ in range(REPEATS):
            one.append(one_read(folder / "spread"))
            took.append(a_year(utility, databases))
    except NotMeasured as why:
        return Outcome(id="S2", note=str(why))
    year, least = median(took), median(one)
    return Outcome(
        id="S2",
        figure=year / least,
        note=f"{year * 1e3:.1f} ms; one read of 4 KB {least * 1e6:.0f} µs",
        parts={"year_seconds": year, "read_seconds": least},
    )


def a_year(utility: Utility, databases: Databases) -> float:
    """Seconds to read the year: the code that does it has done it before, the database has just been started.

    It has been asked the same of a usage point that is nobody's: so it knows its own tables, and nothing of the year.
    """
    with utility.opened() as house:
        for _ in range(2):
            expected = read_year(house, utility)
        house.store.close()
        databases.stop()
        forget()
        databases.start()
        for _ in range(ASKED):
            ask_for_nobody(house, utility)
        forget()
        begun = time.monotonic()
        if read_year(house, utility) != expected:
            raise Wrong("another year is read cold")
        return time.monotonic() - begun


def ask_for_nobody(house: House, utility: Utility) -> None:
    """What the year is read by, of a usage point that there is not.

    Raises:
        Wrong: there is one.
    """
    held_id, at = utility.facts["held"], house.now()
    with house.store.read(held_id) as tx:
        held = tx.authorizations.by_id(held_id)
        if held is None or tx.readings.channels_shared(held, NOBODYS, at):
            raise Wrong(f"{NOBODYS} is somebody's usage point")
        if list(tx.readings.blocks(held, NOBODYS, 1, None, at, house.profile)):
            raise Wrong(f"{NOBODYS} has readings")


def one_read(file: Path) -> float:
    """Seconds of one read of 4 KB from anywhere in a file, the median of several."""
    if not file.exists() or file.stat().st_size < SPREAD:
        with file.open("wb") as out:
            for _ in range(SPREAD >> 20):
                out.write(os.urandom(1 << 20))
            out.flush()
            os.fsync(out.fileno())
    forget()
    handle, chance, took = os.open(file, os.O_RDONLY), random.Random(0), list[float]()
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_RANDOM)
        for _ in range(READS):
            place = chance.randrange(SPREAD // READ) * READ
            begun = time.monotonic()
            os.pread(handle, READ, place)
            took.append(time.monotonic() - begun)
    finally:
        os.close(handle)
    return median(took)


def forget() -> None:
    """Let the kernel forget what it has read, of the whole machine.

    Raises:
        NotMeasured: it is not ours to say.
    """
    os.sync()
    try:
        CACHES.write_text("3")
    except OSError as why:
        raise NotMeasured(f"{CACHES} cannot be written to: {why.strerror}") from why
