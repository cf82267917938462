"""Statements that mostly find little, and may find very much: memory stays flat, and what is short costs little."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Select

from wattshare.custodian.store.prepared import Prepared


class Long:
    """A statement whose rows come in one order, in which no two are equal."""

    def __init__(self, statement: Select[Any], *, chunk: int, beginning: int) -> None:
        """So many rows are fetched at a time; so many are asked for at first, and mostly there are no more."""
        self.chunk, self.beginning = chunk, beginning
        self._begun, self._rest = Prepared(statement.limit(beginning)), statement.offset(beginning)
        self.columns = self._begun.columns

    def few(self, connection: Connection, told: Mapping[str, Any]) -> list[tuple[Any, ...]] | None:
        """All its rows, where there are no more than are asked for at first. None: there may be."""
        found = self._begun.rows(connection, told)
        return found if len(found) < self.beginning else None

    def rows(self, connection: Connection, told: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """Its rows, in the order of `columns`, as they are read; in one view.

        The first ones are not read by a cursor: PostgreSQL plans anew for each, which takes longer than to find some
        rows by a plan that is kept.
        """
        found = self._begun.rows(connection, told)
        yield from found
        if len(found) < self.beginning:
            return
        with connection.execute(self._rest, told, execution_options={"yield_per": self.chunk}) as rows:
            yield from map(tuple, rows)
