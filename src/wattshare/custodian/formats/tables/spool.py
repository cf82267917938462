"""Rows of readings on disk, and the packed days that they make: what is staged before anything is stored.

A private database of SQLite's, which sorts outside memory and which is gone with the process, however that ends.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
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
CREATE TABLE block (series INTEGER, {QUOTED});
"""
INSERT = "INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
PUT = f"INSERT INTO block VALUES ({', '.join('?' * (1 + len(BLOCK)))})"  # noqa: S608 our own columns
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


class TableSpool:
    """What waits on disk."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take an empty database."""
        self._connection = connection
        connection.executescript(SCHEMA)
        self._blocks: list[tuple[object, ...]] = []
        # readings in them
        self._waiting = 0

    def add(self, rows: Iterable[tuple[int | None, ...]]) -> None:
        """Keep readings, in the order of a Row."""
        self._connection.executemany(INSERT, rows)

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
        """Number, series and start of the rows of some series and starts that mean no other second."""
        self._connection.execute("CREATE TEMP TABLE IF NOT EXISTS here (series, start, PRIMARY KEY (series, start))")
        self._connection.execute("DELETE FROM here")
        self._connection.executemany("INSERT INTO here VALUES (?, ?)", starts)
        return self._connection.execute(
            "SELECT number, series, start FROM reading JOIN here USING (series, start) WHERE other IS NULL"
        )

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
