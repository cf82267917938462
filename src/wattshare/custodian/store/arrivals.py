"""Blocks on their way into their table: rows one by one or many at once, in months that are there for them.

PostgreSQL keeps a partition a month. A month is opened by the first row that falls into it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import BigInteger, Connection, LargeBinary, bindparam, text
from sqlalchemy.exc import DBAPIError

from wattshare.custodian.store.blocks import INTERVAL_BLOCK

INSERT = INTERVAL_BLOCK.insert()
OPEN_MONTH = text("SELECT open_month(:start)").bindparams(bindparam("start", type_=BigInteger))
# rows of one COPY: each is a statement of its own, with a deadline of its own
COPIED = 10_000
NAMES = tuple(column.name for column in INTERVAL_BLOCK.c)
TYPES = [
    "bytea" if isinstance(column.type, LargeBinary) else "int8" if isinstance(column.type, BigInteger) else "int4"
    for column in INTERVAL_BLOCK.c
]
QUOTED = ", ".join(f'"{name}"' for name in NAMES)
COPY = f"COPY interval_block ({QUOTED}) FROM STDIN (FORMAT BINARY)"

Columns = Mapping[str, Any]


class Arrivals:
    """What comes into the table of blocks, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the transaction's connection."""
        self._connection = connection
        self._partitioned = connection.dialect.name == "postgresql"
        # months that are known to be there: year and month
        self._months: set[tuple[int, int]] = set()

    def add(self, row: Columns) -> None:
        """Keep one row."""
        self._open([row])
        self._connection.execute(INSERT, row)

    def load(self, rows: Iterable[Columns]) -> None:
        """Keep many rows, as fast as the database takes them."""
        every = iter(rows)
        while chunk := list(islice(every, COPIED)):
            self._open(chunk)
            if self._partitioned:
                self._copy(chunk)
            else:
                self._connection.execute(INSERT, chunk)

    def _copy(self, rows: Iterable[Columns]) -> None:
        faults: type[Exception] = self._connection.dialect.loaded_dbapi.Error
        driver: Any = self._connection.connection.cursor()
        try:
            with driver, driver.copy(COPY) as copy:
                copy.set_types(TYPES)
                for row in rows:
                    copy.write_row([row[name] for name in NAMES])
        except faults as why:
            # as a fault of any other statement
            raise DBAPIError.instance(COPY, None, why, faults, hide_parameters=True) from why

    def _open(self, rows: Iterable[Columns]) -> None:
        if not self._partitioned:
            return
        for start in self._unopened(rows):
            self._connection.execute(OPEN_MONTH, {"start": start})

    def _unopened(self, rows: Iterable[Columns]) -> Iterator[int]:
        """A second in each month that has not been opened yet."""
        for row in rows:
            day = datetime.fromtimestamp(row["start"], UTC)
            if (day.year, day.month) not in self._months:
                self._months.add((day.year, day.month))
                yield row["start"]
