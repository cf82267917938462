"""Statements that databases write differently, or that more than one noun needs."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, String, Table, case
from sqlalchemy.dialects import postgresql, sqlite

from wattshare.custodian.store.metadata import METADATA, Big

COUNTER = Table(
    "counter",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", Big, nullable=False),
)


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that may say ON CONFLICT, as this database says it."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def upsert(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Put a row in place of the one with the same primary key, or beside the others."""
    key = [column.name for column in table.primary_key]
    statement = insert(connection, table).values(**row)
    others = {name: statement.excluded[name] for name in row if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=others))


def grow(connection: Connection, name: str, first: int = 1) -> int:
    """The next number of a counter, in one statement; its first is `first`."""
    statement = insert(connection, COUNTER).values(name=name, value=first)
    grown = statement.on_conflict_do_update(
        index_elements=["name"], set_={"value": COUNTER.c.value + 1}
    ).returning(COUNTER.c.value)
    return int(connection.execute(grown).scalar_one())


def count(connection: Connection, name: str) -> int:
    """Where a counter stands; 0 before its first number."""
    found = connection.execute(COUNTER.select().where(COUNTER.c.name == name)).first()
    return 0 if found is None else int(found.value)


def later(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    """The greater of two seconds."""
    return case((one > other, one), else_=other)


def earlier(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    """The smaller of two seconds, where null is never."""
    return case((one.is_(None), other), (other.is_(None), one), (one < other, one), else_=other)
