"""A file on disk for what a feed says before it can be placed: entries come in any order and any number."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.model.packing import pack, pack_columns, unpack
from wattshare.custodian.model.readings import Block, Reading

NAMES = ("count", "width", "values", "presence", "grid", "quality", "tou", "cost", "tier", "cpp", "valueless")
SCHEMA = f"""
CREATE TABLE chunk (
  parent INTEGER NOT NULL, day INTEGER NOT NULL, long INTEGER NOT NULL, placed INTEGER NOT NULL,
  number INTEGER PRIMARY KEY, step INTEGER NOT NULL, {", ".join(f'"{name}"' for name in NAMES)}
);
CREATE TABLE parent (number INTEGER PRIMARY KEY, href TEXT NOT NULL UNIQUE, channel INTEGER);
CREATE TABLE summary (
  number INTEGER PRIMARY KEY, self TEXT, up TEXT, issued_at INTEGER, content TEXT NOT NULL
);
"""
# readings of no known time: how far from the start of their block
UNPLACED, PLACED = 0, 1


class Chunk(NamedTuple):
    """Readings of one day, or one long reading, as one block of the file had them."""

    day: int
    long: bool
    readings: tuple[Reading, ...]


class SummaryRow(NamedTuple):
    """A bill or a power quality summary with its addresses."""

    self_href: str | None
    up: str | None
    issued_at: int | None
    # as espi.plain writes it
    content: dict[str, object]


class Spool:
    """What waits on disk."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take an empty database."""
        self._connection = connection
        # most blocks are of the parent of the block before
        self._last = ("", 0)
        connection.executescript(SCHEMA)

    def parent(self, href: str) -> int:
        """The number of an address that readings belong to."""
        if href != self._last[0] or not self._last[1]:
            self._connection.execute("INSERT OR IGNORE INTO parent (href) VALUES (?)", (href,))
            [number] = self._connection.execute("SELECT number FROM parent WHERE href = ?", (href,)).fetchone()
            self._last = href, number
        return self._last[1]

    def parents(self) -> list[tuple[int, str]]:
        """Every address that readings belong to, in the order in which they were met."""
        return self._connection.execute("SELECT number, href FROM parent ORDER BY number").fetchall()

    def put(self, parent: int, day: int, readings: list[Reading], *, long: bool = False) -> None:
        """Keep readings of a day, in order and each once."""
        self._put(parent, day, readings, long, PLACED)

    def put_unplaced(self, parent: int, start: int, readings: list[Reading]) -> None:
        """Keep readings that follow each other from `start` on by a length that is not known yet."""
        self._put(parent, start, readings, False, UNPLACED)

    def unplaced(self, parent: int) -> list[tuple[int, tuple[Reading, ...]]]:
        """Take out the readings of a parent that have no time: each block's start, and their places."""
        rows = self._connection.execute(
            f"SELECT day, step, {COLUMNS} FROM chunk WHERE parent = ? AND placed = 0 ORDER BY number",  # noqa: S608
            (parent,),
        ).fetchall()
        self._connection.execute("DELETE FROM chunk WHERE parent = ? AND placed = 0", (parent,))
        return [(day, unpack(_block(0, step, rest))) for day, step, *rest in rows]

    def lengths(self, parent: int) -> set[int]:
        """How long the readings of a parent are, each length once."""
        rows = self._connection.execute(
            f"SELECT day, step, {COLUMNS} FROM chunk WHERE parent = ? AND placed = 1",  # noqa: S608 - our columns
            (parent,),
        )
        return {reading.duration for day, step, *rest in rows for reading in unpack(_block(day, step, rest))}

    def assign(self, parent: int, channel: int) -> None:
        """Say whose readings a parent's are."""
        self._connection.execute("UPDATE parent SET channel = ? WHERE number = ?", (channel, parent))

    def chunks(self, channel: int) -> Iterator[Chunk]:
        """The readings of a channel by day, those of one day in the order of the file."""
        return (Chunk(day, long, unpack(block)) for day, long, block in self.packed(channel))

    def packed(self, channel: int) -> Iterator[tuple[int, bool, Block]]:
        """The same as they are packed, each as if its day were not to end."""
        rows = self._connection.execute(
            f"SELECT day, long, step, {', '.join(f'chunk.{name}' for name in QUOTED)} "  # noqa: S608
            "FROM chunk JOIN parent ON parent.number = chunk.parent "
            "WHERE parent.channel = ? ORDER BY day, long, chunk.number",
            (channel,),
        )
        for day, long, step, *rest in rows:
            yield day, bool(long), _block(day, step, rest)

    def put_summary(self, row: SummaryRow) -> None:
        """Keep a bill or a power quality summary."""
        self._connection.execute(
            "INSERT INTO summary (self, up, issued_at, content) VALUES (?, ?, ?, ?)",
            (*row[:3], json.dumps(row.content)),
        )

    def summaries(self) -> Iterator[SummaryRow]:
        """Bills and power quality summaries: of two, the one issued later comes later."""
        rows = self._connection.execute(
            "SELECT self, up, issued_at, content FROM summary ORDER BY coalesce(issued_at, 0), number"
        )
        for *names, content in rows:
            self_href, up, issued_at = names
            yield SummaryRow(self_href, up, issued_at, json.loads(content))

    def _put(self, parent: int, day: int, readings: list[Reading], long: bool, placed: int) -> None:
        start = day if placed else 0
        block = pack(readings, usage_point_id=0, channel=0, start=start, day_end=start)
        self._insert(parent, day, block, long=long, placed=placed)

    def put_columns(
        self, parent: int, day: int, step: int, values: Sequence[int], said: Mapping[str, Sequence[Any]]
    ) -> None:
        """The same of readings that follow each other from the day's start on, by columns of what they say."""
        place = {"usage_point_id": 0, "channel": 0, "start": day, "day_end": day}
        block = pack_columns(values, **place, step=step, **said)  # type: ignore[arg-type]  # by name
        self._insert(parent, day, block, long=False, placed=PLACED)

    def _insert(self, parent: int, day: int, block: Block, *, long: bool, placed: int) -> None:
        marks = ", ".join("?" * (5 + len(NAMES)))
        self._connection.execute(
            f"INSERT INTO chunk (parent, day, long, placed, step, {COLUMNS}) VALUES ({marks})",  # noqa: S608
            (parent, day, long, placed, block.step, *(getattr(block, name) for name in NAMES)),
        )


QUOTED = tuple(f'"{name}"' for name in NAMES)
COLUMNS = ", ".join(QUOTED)


@contextmanager
def open_spool() -> Iterator[Spool]:
    """A spool that is gone afterwards, even of a process that is killed: it holds people's readings.

    Raises:
        Unavailable: there is no more room in the folder for temporary files.
    """
    # without a name: SQLite takes a temporary file, and unlinks it as soon as it is open
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute("PRAGMA temp_store = FILE")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        spool = Spool(connection)
        # what is undone with the folder needs no commits
        connection.execute("BEGIN")
        try:
            yield spool
        except sqlite3.OperationalError as why:
            raise Unavailable(logged=f"the folder for temporary files: {why}") from why


def _block(day: int, step: int, rest: list[object]) -> Block:
    packed = dict(zip(NAMES, rest, strict=True))
    return Block(
        usage_point_id=0,
        channel=0,
        start=day,
        duration=0,
        day_end=day,
        step=step,
        **packed,  # type: ignore[arg-type]  # our own columns
    )
