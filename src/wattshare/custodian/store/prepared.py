"""The queries of every call, asked in the driver's own way: what SQLAlchemy does around one takes longer than it.

They are written as all others, and compiled once for each database. Who listens to what is sent hears them too; who
changes what is sent gets them the long way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    Connection,
    Dialect,
    Insert,
    Label,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import ReturningInsert

if TYPE_CHECKING:
    from wattshare.custodian.store.libpq import Asked

# where a connection that is kept has what it knows of our statements; see `libpq`
KNOWN = "wattshare_known"


@dataclass(frozen=True, kw_only=True)
class Made:
    """A query as one database's driver takes it."""

    text: str
    # in which order values are given; None: by name
    order: tuple[str, ...] | None
    # values that the query brings itself
    own: Mapping[str, Any]
    # columns that do not come as they are
    read: tuple[tuple[int, Callable[[Any], Any]], ...]
    # for who listens
    context: Any
    # the same for PostgreSQL, where a connection is kept
    asked: "Asked | None" = None


class Prepared:
    """One query, or what writes and tells; its values are numbers and texts, or lists where it says so.

    All rows are given at once.
    """

    def __init__(self, statement: Select[Any] | ReturningInsert[Any]) -> None:
        """Nothing is compiled yet."""
        self.statement = statement
        self.columns = tuple(column.name for column in statement.exported_columns)
        self._made: dict[str, Made] = {}

    def rows(self, connection: Connection, told: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What it finds, in the order of `columns`.

        Raises:
            sqlalchemy.exc.DBAPIError: as SQLAlchemy itself does.
        """
        listening = connection.engine.dispatch
        if listening.before_execute:
            return [tuple(row) for row in connection.execute(self.statement, told)]
        made = self._made.get(connection.dialect.name) or self._make(connection.dialect)
        given = {**made.own, **told}
        values = given if made.order is None else [given[name] for name in made.order]
        for listener in listening.before_cursor_execute:
            listener(connection, None, made.text, values, made.context, False)
        driver: Any = connection.connection.dbapi_connection
        known: set[bytes] | None = None if made.asked is None else connection.info.get(KNOWN)
        try:
            found: list[tuple[Any, ...]]
            if made.asked is None or known is None:
                found = driver.execute(made.text, values).fetchall()
            else:
                found = made.asked.rows(driver, known, [given[name] for name in made.asked.order])
        except Exception as why:
            raise wrapped(connection.dialect, why) from why
        return [_read(row, made.read) for row in found] if made.read else found

    def _make(self, dialect: Dialect) -> Made:
        compiled = self.statement.compile(dialect=dialect)
        types = enumerate(column.type for column in self.statement.exported_columns)
        readers = ((place, one.dialect_impl(dialect).result_processor(dialect, None)) for place, one in types)
        made = Made(
            text=str(compiled),
            order=None if compiled.positiontup is None else tuple(compiled.positiontup),
            # words of an enumeration are texts to every driver
            own={name: str(one) if isinstance(one, str) else one for name, one in compiled.params.items()},
            read=tuple((place, reader) for place, reader in readers if reader is not None),
            context=SimpleNamespace(compiled=compiled),
            asked=asked_of(dialect, self.statement),
        )
        self._made[dialect.name] = made
        return made


class Added:
    """Rows of one table, of numbers and texts; what is JSON comes as a text."""

    def __init__(self, table: Table, columns: Iterable[str]) -> None:
        """Nothing is compiled yet."""
        self.table, self.columns = table, tuple(columns)
        self._made: dict[str, Made] = {}

    def add(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put rows in, in their order.

        Raises:
            sqlalchemy.exc.DBAPIError: as SQLAlchemy itself does.
        """
        made = self._made.get(connection.dialect.name) or self._make(connection.dialect)
        names = self.columns if made.order is None else made.order
        known: set[bytes] | None = None if made.asked is None else connection.info.get(KNOWN)
        values: Any = [row if made.order is None else [row[name] for name in names] for row in rows]
        for listener in connection.engine.dispatch.before_cursor_execute:
            listener(connection, None, made.text, values, made.context, True)
        driver: Any = connection.connection.dbapi_connection
        try:
            if made.asked is None or known is None:
                driver.cursor().executemany(made.text, values)
            else:
                made.asked.rows(driver, known, [[row[name] for row in rows] for name in made.asked.order])
        except Exception as why:
            raise wrapped(connection.dialect, why) from why

    def _at_once(self) -> Insert:
        """The same with a list of values for each column; JSON is a text until it is there."""
        return self.table.insert().from_select(list(self.columns), self.given())

    def given(self) -> Select[Any]:
        """The rows as PostgreSQL is given them: a list of values for each column."""
        columns = [self.table.c[name] for name in self.columns]
        types = [Text() if isinstance(column.type, JSON) else column.type for column in columns]
        lists = (bindparam(name, type_=ARRAY(of)) for name, of in zip(self.columns, types, strict=True))
        given = func.unnest(*lists).table_valued(*self.columns, name="given").render_derived()
        return select(*(cast(given.c[column.name], column.type) for column in columns))

    def _make(self, dialect: Dialect) -> Made:
        compiled = self.table.insert().inline().compile(dialect=dialect, column_keys=list(self.columns))
        made = Made(
            text=str(compiled),
            order=None if compiled.positiontup is None else tuple(compiled.positiontup),
            own={},
            read=(),
            context=SimpleNamespace(compiled=compiled),
            asked=asked_of(dialect, self._at_once()),
        )
        self._made[dialect.name] = made
        return made


def asked_of(dialect: Dialect, statement: Any) -> "Asked | None":
    """A statement as PostgreSQL itself takes it; None on another database."""
    if dialect.name != "postgresql":
        return None
    # the driver is there only where PostgreSQL is asked
    from wattshare.custodian.store.libpq import Asked  # noqa: PLC0415

    return Asked(str(statement.compile(dialect=dialect)))


def wrapped(dialect: Dialect, fault: Exception) -> BaseException:
    """A driver's fault as SQLAlchemy gives it, without what the query was given; another one as it is."""
    driver: Any = dialect.dbapi
    if not isinstance(fault, driver.Error):
        return fault
    told: BaseException = DBAPIError.instance(None, None, fault, driver.Error, hide_parameters=True, dialect=dialect)
    return told


def plain(table: Table) -> tuple[Column[Any] | Label[Any], ...]:
    """The columns of a table with JSON as the text that it is: a row that can be compared, and so remembered."""
    return tuple(cast(one, Text).label(one.name) if isinstance(one.type, JSON) else one for one in table.c)


def _read(row: tuple[Any, ...], read: tuple[tuple[int, Callable[[Any], Any]], ...]) -> tuple[Any, ...]:
    columns = list(row)
    for place, reader in read:
        columns[place] = reader(columns[place])
    return tuple(columns)
