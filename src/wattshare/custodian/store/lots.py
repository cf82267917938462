"""Rows that come into a table: as they are made, or on SQLite put aside, so that the writer's place is kept for less.

What is put aside stands in tables of its connection alone, on disk, and goes with it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table

from wattshare.custodian.store.metadata import Row
from wattshare.custodian.store.short import driver_of
from wattshare.custodian.store.statements import chunks, insert_many


@dataclass
class Lot:
    """Rows that come into a table."""

    table: Table
    # gone through once
    rows: Iterable[Row]
    # each has a number, a text or nothing for every column, in their order
    whole: bool = False
    # their columns, where they are put aside
    _aside: tuple[str, ...] = field(default=(), init=False)

    def put_aside(self, connection: Connection) -> None:
        """Put them where they are at hand for SQLite itself, in the connection's transaction."""
        coming = iter(self.rows)
        first = next(coming, None)
        if first is None:
            return
        self._aside = tuple(first)
        made = [self._bound(name, connection) for name in self._aside]
        driver, names = driver_of(connection), ", ".join(f'"{name}"' for name in self._aside)
        driver.execute(f"CREATE TEMP TABLE {self._name} ({names})")
        given = (
            tuple(bind(row[name]) for name, bind in zip(self._aside, made, strict=True))
            for row in chain((first,), coming)
        )
        driver.executemany(
            f"INSERT INTO {self._name} VALUES ({', '.join('?' * len(made))})",  # noqa: S608  our own names
            given,
        )
        self.rows = ()

    def write(self, connection: Connection, **alike: int) -> None:
        """Put them into the table, in their order; with what is the same in each."""
        if self._aside:
            names = ", ".join(f'"{name}"' for name in (*self._aside, *alike))
            taken = ", ".join((*(f'"{name}"' for name in self._aside), *("?" for _ in alike)))
            connection.exec_driver_sql(
                f"INSERT INTO {self.table.name} ({names}) SELECT {taken} FROM {self._name} ORDER BY rowid",  # noqa: S608
                tuple(alike.values()),
            )
            return
        for some in chunks({**row, **alike} if alike else row for row in self.rows):
            if self.whole:
                insert_many(connection, self.table, [list(row.values()) for row in some])
            else:
                connection.execute(self.table.insert(), some)

    @property
    def _name(self) -> str:
        return f'"temp"."aside_{self.table.name}"'

    def _bound(self, name: str, connection: Connection) -> Callable[[Any], Any]:
        """What makes of a value what the driver takes."""
        dialect = connection.dialect
        bind: Callable[[Any], Any] | None = self.table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        return bind or _as_it_is


def put_aside(connection: Connection, lots: Iterable[Lot]) -> None:
    """Put lots aside, outside any transaction on the database itself."""
    driver = driver_of(connection)
    driver.execute("PRAGMA query_only = OFF")
    driver.execute("BEGIN")
    try:
        for lot in lots:
            lot.put_aside(connection)
    except BaseException:
        # whoever tidies up behind it writes little by little, not within this
        driver.rollback()
        raise
    driver.execute("COMMIT")


def _as_it_is(value: Any) -> Any:
    return value
