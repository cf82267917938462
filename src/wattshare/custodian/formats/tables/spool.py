"""Rows of readings on disk, and the packed days that they make: what is staged before anything is stored.

A private database of SQLite's, which sorts outside memory and which is gone with the process, however that ends.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import groupby
from typing import NamedTuple

from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.model.readings import Block

# what stands in it of a block, beside its series
BLOCK = (
    "start",
    "duration",
    "day_end",
    "step",
    "count",
    "width",
    "values",
    "presence",
    "grid",
    "quality",
    "tou",
    "cost",
    "tier",
    "cpp",
    "valueless",
)
QUOTED = ", ".join(f'"{name}"' for name in BLOCK)
SCHEMA = f"""
CREATE TABLE reading (
  series INTEGER, start INTEGER, number INTEGER, other INTEGER, duration INTEGER, value INTEGER,
  quality INTEGER, tou INTEGER, tier INTEGER, cpp INTEGER, cost INTEGER
);
CREATE TABLE twice (series INTEGER, first INTEGER, last INTEGER);
CREATE TABLE uncertain (
  id INTEGER PRIMARY KEY, kin INTEGER, start INTEGER, short INTEGER, long INTEGER, clear INTEGER, series INTEGER
);
CREATE TABLE block (series INTEGER, {QUOTED});
"""
INSERT = "INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
PUT = f"INSERT INTO block VALUES ({', '.join('?' * (1 + len(BLOCK)))})"  # noqa: S608 our own columns
# seconds between changes of the clock, at least; and around one, in which rows tell others apart
SELDOM, AROUND = 7 * 86_400, 3 * 3_600
# kilobytes of the database that are kept in memory
CACHE = 65_536
# readings in packed days that are written at a time
WAITING = 100_000


class Row(NamedTuple):
    """One reading with the number of its row; `other` is the second that an ambiguous start may mean as well."""

    series: int
    start: int
    number: int
    other: int | None
    duration: int
    value: int
    quality: int | None
    tou: int | None
    tier: int | None
    cpp: int | None
    cost: int | None


class Staged(NamedTuple):
    """When a reading is, with its id; `other` is the second that its start may be as well."""

    id: int
    series: int
    start: int
    number: int
    other: int | None
    duration: int


class Moved(NamedTuple):
    """Another start of a reading, by its id, or of all that start when it does and may start otherwise."""

    to: int
    series: int
    start: int
    id: int | None


class Uncertain(NamedTuple):
    """A reading that may be shorter, with its id; `clear`: its start says that it is, where nothing else does."""

    id: int
    # what channels of whatever length have alike
    kin: int
    start: int
    short: int
    long: int
    clear: bool
    series: int


class TableSpool:
    """What waits on disk."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take an empty database."""
        self._connection = connection
        connection.executescript(SCHEMA)
        self._blocks: list[tuple[object, ...]] = []
        # readings in them
        self._waiting = 0
        self._added = 0

    def add(self, rows: Iterable[tuple[int | None, ...]]) -> int:
        """Keep readings, in the order of a Row; the id of the first, which the others follow."""
        first = self._added + 1
        self._added += self._connection.executemany(INSERT, rows).rowcount
        return first

    def doubt(self, rows: Iterable[Uncertain]) -> None:
        """Note readings that may be shorter."""
        self._connection.executemany("INSERT INTO uncertain VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def doubted(self, kin_of: Mapping[int, int]) -> Iterator[tuple[Uncertain, bool]]:
        """Readings that may be shorter, and whether another begins where each is over then; `kin_of` each series."""
        if not self._connection.execute("SELECT EXISTS (SELECT 1 FROM uncertain)").fetchone()[0]:
            return
        self._connection.execute("CREATE TEMP TABLE kinship (series INTEGER PRIMARY KEY, kin INTEGER)")
        self._connection.executemany("INSERT INTO kinship VALUES (?, ?)", kin_of.items())
        self._connection.execute("CREATE INDEX uncertain_kin ON uncertain (kin)")
        self._connection.execute(
            "CREATE TEMP TABLE followed AS SELECT DISTINCT u.id FROM reading r CROSS JOIN kinship k USING (series) "
            "CROSS JOIN uncertain u ON u.kin = k.kin WHERE r.start >= (SELECT min(start) FROM uncertain) "
            "AND r.start < (SELECT max(start + long) FROM uncertain) AND (CASE WHEN r.other IS NULL THEN r.start "
            # where it would lie within the short one it starts at its other second
            "WHEN r.start > u.start AND r.start < u.start + u.short THEN r.other END) "
            "BETWEEN u.start + u.short AND u.start + u.long - 1"
        )
        wanted = "SELECT *, id IN (SELECT id FROM followed) FROM uncertain ORDER BY id"
        for *row, followed in self._connection.execute(wanted):
            yield Uncertain(*row), bool(followed)

    def shorten(self, rows: Iterable[tuple[int, int, int]]) -> None:
        """Give readings another series and length; by their ids, which come last."""
        self._connection.executemany("UPDATE reading SET series = ?, duration = ? WHERE rowid = ?", rows)

    def settle(self, settled: Callable[[Iterator[Staged]], Iterable[Moved]]) -> None:
        """Give readings that may start at another second the start that is said of rows of a series around each."""
        execute = self._connection.execute
        twice = execute(
            "SELECT DISTINCT series, min(start, other), max(start, other) FROM reading WHERE other IS NOT NULL "
            "ORDER BY 1, 2"
        )
        self._connection.executemany("INSERT INTO twice VALUES (?, ?, ?)", _changes(twice))
        execute("CREATE INDEX twice_series ON twice (series)")
        execute("CREATE TEMP TABLE moved (too INTEGER, series INTEGER, start INTEGER, id INTEGER)")
        near = execute(
            "SELECT t.rowid, r.rowid, r.series, r.start, r.number, r.other, r.duration "
            "FROM reading r CROSS JOIN twice t USING (series) WHERE r.start BETWEEN t.first AND t.last "
            "ORDER BY 1, r.start, r.number"
        )
        for _, rows in groupby(near, lambda row: row[0]):
            found = settled(Staged(*row[1:]) for row in rows)
            self._connection.executemany("INSERT INTO moved VALUES (?, ?, ?, ?)", found)
        execute("UPDATE reading SET start = m.too FROM moved m WHERE reading.rowid = m.id")
        execute(
            "UPDATE reading SET start = m.too FROM moved m WHERE m.id IS NULL AND reading.other < reading.start "
            "AND reading.series = m.series AND reading.start = m.start"
        )

    def drop(self, numbers: Iterable[int]) -> None:
        """Forget every reading of some rows, and the days that were made."""
        self._connection.execute("DELETE FROM block")
        self._connection.execute("CREATE TEMP TABLE IF NOT EXISTS bad (number INTEGER PRIMARY KEY)")
        self._connection.execute("DELETE FROM bad")
        self._connection.executemany("INSERT OR IGNORE INTO bad VALUES (?)", ((number,) for number in numbers))
        self._connection.execute("DELETE FROM reading WHERE number IN (SELECT number FROM bad)")

    def sorted(self) -> Iterator[tuple[int, ...]]:
        """Every reading by series, start and row, as a Row has it."""
        return self._connection.execute("SELECT * FROM reading ORDER BY series, start, number")

    def numbers_of(self, series: int) -> Iterator[int]:
        """The rows of a series."""
        rows = self._connection.execute("SELECT DISTINCT number FROM reading WHERE series = ?", (series,))
        return (number for (number,) in rows)

    def series(self) -> list[int]:
        """The series that have days, in order."""
        self.flush()
        return [number for (number,) in self._connection.execute("SELECT DISTINCT series FROM block ORDER BY series")]

    def plain_at(self, starts: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
        """Number, series and start of the rows of some series and starts."""
        self._connection.execute("CREATE TEMP TABLE IF NOT EXISTS here (series, start, PRIMARY KEY (series, start))")
        self._connection.execute("DELETE FROM here")
        self._connection.executemany("INSERT INTO here VALUES (?, ?)", starts)
        return self._connection.execute("SELECT number, series, start FROM reading JOIN here USING (series, start)")

    def later(self, at: int) -> tuple[int, tuple[int, int, int] | None]:
        """How many readings start later; and row, series and start of the first in the file."""
        wanted = "FROM (SELECT DISTINCT series, start FROM reading WHERE start > ?)"
        (count,) = self._connection.execute(f"SELECT count(*) {wanted}", (at,)).fetchone()
        first = "SELECT number, series, start FROM reading WHERE start > ? ORDER BY number, start LIMIT 1"
        return count, self._connection.execute(first, (at,)).fetchone()

    def first(self, count: int) -> list[Row]:
        """The first readings in the order of the file."""
        return [Row(*row) for row in self._connection.execute("SELECT * FROM reading ORDER BY rowid LIMIT ?", (count,))]

    def put(self, block: Block) -> None:
        """Keep a day; its series stands for a channel."""
        self._blocks.append((block.channel, *(getattr(block, name) for name in BLOCK)))
        self._waiting += block.count
        if self._waiting >= WAITING:
            self.flush()

    def flush(self) -> None:
        """Write what waits in memory."""
        self._connection.executemany(PUT, self._blocks)
        self._blocks, self._waiting = [], 0

    def blocks(self) -> Iterator[tuple[object, ...]]:
        """Every day in the order in which they were put, which is by series."""
        self.flush()
        return self._connection.execute("SELECT * FROM block ORDER BY rowid")

    def count(self) -> int:
        """How many days there are."""
        self.flush()
        return int(self._connection.execute("SELECT count(*) FROM block").fetchone()[0])


def _changes(rows: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Of each series and change the second from which and up to which rows around it start."""
    known: tuple[int, int, int] | None = None
    for series, first, last in rows:
        if known and known[0] == series and first < known[2] + SELDOM:
            known = series, known[1], max(known[2], last + AROUND)
            continue
        if known:
            yield known
        known = series, first - AROUND, last + AROUND
    if known:
        yield known


@contextmanager
def open_table_spool() -> Iterator[TableSpool]:
    """A spool that nobody else sees.

    Raises:
        Unavailable: there is no more room for temporary files.
    """
    # no name: a file that is unlinked as soon as it is open
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
        connection.execute("PRAGMA temp_store = FILE")
        spool = TableSpool(connection)
        connection.execute("BEGIN")
        try:
            yield spool
        except sqlite3.OperationalError as why:
            raise Unavailable(logged=f"the folder for temporary files: {why}") from why
