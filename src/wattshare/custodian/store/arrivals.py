"""Blocks on their way into their table, many at once, in months that are there for them.

PostgreSQL keeps a partition a month. A month is opened by the first row that falls into it, and rows are copied into
the month itself: COPY does not go through the row security of the whole.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from struct import Struct
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, LargeBinary, bindparam, text
from sqlalchemy.exc import DBAPIError

from wattshare.custodian.model.readings import Block
from wattshare.custodian.store.blocks import INTERVAL_BLOCK, ROW_COLUMNS, block_row

OPEN_MONTH = text("SELECT open_month(:start)").bindparams(bindparam("start", type_=BigInteger))
# rows of one COPY: each is a statement of its own, with a deadline of its own
COPIED = 10_000
QUOTED = ", ".join(f'"{name}"' for name in ROW_COLUMNS)
COPY = f"COPY {{}} ({QUOTED}) FROM STDIN (FORMAT BINARY)"
INSERT = f"INSERT INTO interval_block ({QUOTED}) VALUES ({', '.join('?' * len(ROW_COLUMNS))})"  # noqa: S608  our own names

# a row as COPY has it in binary: how many fields, then the length of each and what is in it; null is of length -1
SIGNATURE, TRAILER, NULL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff", b"\xff\xff\xff\xff"
LENGTH = Struct(">i").pack
# bytes that are sent at a time
SENT = 256 * 1024


class Arrivals:
    """What comes into the table of blocks, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the transaction's connection."""
        self._connection = connection
        self._partitioned = connection.dialect.name == "postgresql"
        # months that are known to be there, by year and month
        self._months: dict[tuple[int, int], str] = {}

    def load(self, blocks: Iterable[Block]) -> None:
        """Keep blocks of days that have none, as fast as the database takes them."""
        every = iter(blocks)
        while chunk := tuple(islice(every, COPIED)):
            if not self._partitioned:
                self._connection.exec_driver_sql(INSERT, [block_row(block) for block in chunk])
                continue
            for month, those in by_month(chunk).items():
                self._copy(self._opened(month, those[0].start), those)

    def _opened(self, month: tuple[int, int], second: int) -> str:
        """The table of a month, by a second in it."""
        if month not in self._months:
            self._months[month] = self._connection.execute(OPEN_MONTH, {"start": second}).scalar_one()
        return self._months[month]

    def _copy(self, table: str, blocks: Iterable[Block]) -> None:
        faults: type[Exception] = self._connection.dialect.loaded_dbapi.Error
        driver: Any = self._connection.connection.cursor()
        statement = COPY.format(table)
        try:
            with driver, driver.copy(statement) as copy:
                for piece in pieces(blocks):
                    copy.write(piece)
        except faults as why:
            # as a fault of any other statement
            raise DBAPIError.instance(statement, None, why, faults, hide_parameters=True) from why


def by_month(blocks: Iterable[Block]) -> dict[tuple[int, int], list[Block]]:
    """Blocks by the year and month in which they start, in UTC."""
    months: dict[tuple[int, int], list[Block]] = {}
    for block in blocks:
        day = datetime.fromtimestamp(block.start, UTC)
        months.setdefault((day.year, day.month), []).append(block)
    return months


def pieces(blocks: Iterable[Block]) -> Iterator[bytes]:
    """Blocks as COPY reads them."""
    piece = bytearray(SIGNATURE)
    for block in blocks:
        piece += binary(block_row(block))
        if len(piece) >= SENT:
            yield bytes(piece)
            piece.clear()
    piece += TRAILER
    yield bytes(piece)


def _stretches() -> Iterator[tuple[int, int, Struct | None]]:
    """The columns from one to another as they are written: numbers side by side at once, others one by one."""
    numbers: list[str] = []
    for place, column in enumerate((*INTERVAL_BLOCK.c, None)):
        # Big is an Integer on SQLite only
        if column is not None and not column.nullable and isinstance(column.type, Integer):
            numbers.append("iq" if isinstance(column.type, BigInteger) else "ii")
            continue
        if numbers:
            yield place - len(numbers), place, Struct(">" + "".join(numbers))
        numbers = []
        if column is not None:
            if not isinstance(column.type, LargeBinary):
                raise TypeError(f"no manner for the column {column.name}")
            yield place, place + 1, None


STRETCHES = tuple(_stretches())
LENGTHS = tuple(8 if isinstance(column.type, BigInteger) else 4 for column in INTERVAL_BLOCK.c)
COUNTED = Struct(">h").pack(len(ROW_COLUMNS))


def binary(row: tuple[Any, ...]) -> bytes:
    """A row as COPY has it in binary."""
    parts = [COUNTED]
    for first, after, numbers in STRETCHES:
        if numbers is not None:
            told = [part for place in range(first, after) for part in (LENGTHS[place], row[place])]
            parts.append(numbers.pack(*told))
        elif row[first] is None:
            parts.append(NULL)
        else:
            parts += (LENGTH(len(row[first])), row[first])
    return b"".join(parts)
