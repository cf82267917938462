"""Statements that mostly find little, and may find very much: memory stays flat, and what is short costs little."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select


class Long:
    """A statement whose rows come in one order, in which no two are equal."""

    def __init__(self, statement: Select[Any], *, chunk: int, beginning: int) -> None:
        """So many rows are fetched at a time; so many are asked for at first, where that is cheaper."""
        self.statement, self.chunk, self.beginning = statement, chunk, beginning
        self._begun, self._rest = statement.limit(beginning), statement.offset(beginning)

    def rows(self, connection: Connection, told: Mapping[str, Any]) -> Iterator[Row[Any]]:
        """Its rows, as they are read; in one view."""
        if connection.dialect.name != "postgresql":
            yield from self._streamed(connection, self.statement, told)
            return
        # PostgreSQL plans anew for each cursor, which takes longer than to find some rows by a plan that is kept
        found = connection.execute(self._begun, told).all()
        yield from found
        if len(found) == self.beginning:
            yield from self._streamed(connection, self._rest, told)

    def _streamed(self, connection: Connection, statement: Select[Any], told: Mapping[str, Any]) -> Iterator[Row[Any]]:
        with connection.execute(statement, told, execution_options={"yield_per": self.chunk}) as rows:
            yield from rows
