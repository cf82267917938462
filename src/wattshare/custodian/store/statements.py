"""Statements that databases write differently, or that more than one noun needs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    Text,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from wattshare.custodian.store.metadata import METADATA, Big

COUNTER = Table(
    "counter",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", Big, nullable=False),
)

# values that one statement names
CHUNK = 5_000
Item = TypeVar("Item")


def chunks(items: Iterable[Item], most: int = CHUNK) -> Iterator[list[Item]]:
    """Items in lists that fit into one statement."""
    every = iter(items)
    while chunk := list(islice(every, most)):
        yield chunk


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that may say ON CONFLICT, as this database says it."""
    return insert_on(connection.dialect.name, table)


def insert_on(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The same for statements that are made once for each database."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def upsert(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Put a row in place of the one with the same primary key, or beside the others."""
    key = [column.name for column in table.primary_key]
    statement = insert(connection, table).values(**row)
    others = {name: statement.excluded[name] for name in row if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=others))


def insert_many(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Put in many rows with a value for every column, in their order: at once, where each is a message otherwise."""
    if connection.dialect.name != "postgresql":
        names = [column.name for column in table.c]
        connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in rows])
        return
    columns = {column.name: listed(values) for column, values in zip(table.c, zip(*rows, strict=True), strict=True)}
    arrays = (cast(bindparam(name, type_=Text), ARRAY(table.c[name].type)) for name in columns)
    given = func.unnest(*arrays).table_valued(*columns, name="given").render_derived()
    connection.execute(table.insert().from_select(list(columns), select(*given.c)), columns)


def among(connection: Connection, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Whether a column has one of many values. PostgreSQL takes them as one value, of which no text need be made."""
    if connection.dialect.name != "postgresql":
        return column.in_(values)
    # as a text (`listed`) it would be taken apart for each row that is looked at
    return column == any_(literal(list(values), ARRAY(column.type)))


def listed(values: Iterable[Any]) -> str:
    """Many numbers or texts as PostgreSQL writes them in one text, for who takes it apart once.

    The driver looks at each element of a list by itself.
    """
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(value)


def grow(connection: Connection, name: str, first: int = 1, count: int = 1) -> int:
    """The next number of a counter, in one statement; its first is `first`. Of `count` numbers at once, the first."""
    told = {"name": name, "value": first + count - 1, "more": count}
    return int(connection.execute(grown(connection.dialect.name), told).scalar_one()) - count + 1


@cache
def grown(dialect: str) -> ReturningInsert[Any]:
    """Where a counter stands by `more`: as `value` says, if it is new."""
    higher = {"value": COUNTER.c.value + bindparam("more", type_=Big)}
    statement = insert_on(dialect, COUNTER).on_conflict_do_update(index_elements=["name"], set_=higher)
    return statement.returning(COUNTER.c.value)


def coming(connection: Connection, name: str, first: int = 1) -> int:
    """The number that `grow` gives next: to nobody else before the transaction ends, where it writes."""
    if connection.dialect.name == "postgresql" and not reads_only(connection):
        return grow(connection, name, first, 0)
    return max(first, count(connection, name) + 1)


def count(connection: Connection, name: str) -> int:
    """Where a counter stands; 0 before its first number."""
    found = connection.execute(COUNTER.select().where(COUNTER.c.name == name)).first()
    return 0 if found is None else int(found.value)


def reads_only(connection: Connection) -> bool:
    """Whether the transaction was begun for reading only."""
    return bool(connection.get_execution_options().get("wattshare_reads", False))


def holding(connection: Connection, found: Select[Any]) -> Select[Any]:
    """A query whose rows a writer keeps to itself, as they are now, until its transaction ends.

    Without it two writers could each decide by what the other is about to change. On SQLite a writer is alone.
    """
    return found if reads_only(connection) else found.with_for_update(key_share=True)


def alone(connection: Connection, what: str, *, shared: bool = False) -> None:
    """Let one writer after the other at something that has no row to hold. `shared`: wait for who is at it.

    On SQLite a writer is alone.
    """
    if connection.dialect.name == "sqlite" or reads_only(connection):
        return
    lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    connection.execute(select(lock(_key(what))))


def is_free(connection: Connection, what: str) -> bool:
    """Whether nobody is at it on PostgreSQL; then nobody is until this transaction ends."""
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock_shared(_key(what)))))


def tell_begun(connection: Connection, what: str, at: int) -> None:
    """Let others on PostgreSQL see when that began which is under way: what it writes they do not."""
    if connection.dialect.name != "sqlite":
        told = func.pg_advisory_xact_lock_shared(func.hashtext(f"wattshare {what}"), at // SECONDS)
        connection.execute(select(told))


def begun_at(connection: Connection, what: str) -> int | None:
    """When that began which is under way on PostgreSQL, or just before. None: it has not told yet, or is over."""
    found = connection.scalar(BEGUN, {"name": f"wattshare {what}"})
    return None if found is None else int(found) * SECONDS


# a lock of two numbers has four bytes for each, and a sign: by two seconds a time fits until 2106
SECONDS = 2
# the numbers of a lock are shown without their signs; 2 says that there are two of them
BEGUN = text(
    "SELECT min(objid::bigint) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
    " AND classid::bigint = (hashtext(:name)::bigint & 4294967295)"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def _key(what: str) -> ColumnElement[int]:
    return func.hashtextextended("wattshare " + what, 0)


def later(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    """The greater of two seconds."""
    return case((one > other, one), else_=other)


def earlier(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    """The smaller of two seconds, where null is never."""
    return case((one.is_(None), other), (other.is_(None), one), (one < other, one), else_=other)
