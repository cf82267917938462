"""What has changed of what bearers may see: one row for each change, written by triggers with whatever changes it.

So what was found out about a bearer a moment ago can be asked about in the transaction that writes the answer down:
a change that was committed since then is there, in whatever process it was made, and by whatever way.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, Text, bindparam, delete, select, text, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.prepared import Prepared

ACCESS_CHANGE = Table(
    "access_change",
    METADATA,
    Column("id", Big, primary_key=True),
    # PostgreSQL's number of the transaction, as ids there are not in the order of commits; 0 on SQLite, which has one
    # writer
    Column("transaction", Big, nullable=False, index=True),
    # whose rights: of one permission, of one third party; neither: of anybody
    Column("third_party_id", Big),
    Column("authorization_id", Big),
    # when it was first seen by who tidies up; it was committed before
    Column("seen_at", Big),
    sqlite_autoincrement=True,
)
# the tables that are looked at for it, by triggers that are named after them
EVERY, LATER_ON = ("insert", "update", "delete"), ("update", "delete")
WATCHED: Mapping[str, tuple[str, ...]] = {
    "account": LATER_ON,
    "account_holder": EVERY,
    "agreement": LATER_ON,
    "authorization": LATER_ON,
    "authorization_usage_point": EVERY,
    "channel": EVERY,
    "reading_type": EVERY,
    "revision": ("insert",),
    "third_party": LATER_ON,
    "token": LATER_ON,
    "usage_point": LATER_ON,
}
# what is metered is there for all with its revision; on SQLite when that is no longer under way
WATCHED_ON_SQLITE: Mapping[str, tuple[str, ...]] = {"under_way": ("delete",)}
TRIGGERS = {
    "postgresql": text(
        "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE relnamespace = current_schema()::regnamespace AND tgenabled IN ('A', 'O')"
        r" AND tgname LIKE '%\_access\_%'"
    ),
    "sqlite": text(r"SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%\_access\_%' ESCAPE '\'"),
}
# seconds that a change is kept after it was seen: nothing that was found out is used for nearly as long
KEPT_SECONDS = 3_600


class Moment(FunctionElement[str]):
    """What this statement sees, as a text: on PostgreSQL its snapshot, on SQLite the last change."""

    type = Text()
    inherit_cache = True
    name = "moment"


@compiles(Moment, "postgresql")
def _snapshot(_element: Moment, _compiler: SQLCompiler, **_told: object) -> str:
    return "CAST(pg_current_snapshot() AS TEXT)"


@compiles(Moment, "sqlite")
def _last(_element: Moment, _compiler: SQLCompiler, **_told: object) -> str:
    return "CAST((SELECT coalesce(max(access_change.id), 0) FROM access_change) AS TEXT)"


class Later(FunctionElement[bool]):
    """Whether a change was not seen at a moment; its first number and all of it are given."""

    inherit_cache = True
    name = "later"


@compiles(Later, "postgresql")
def _not_visible(element: Later, compiler: SQLCompiler, **told: object) -> str:
    # what is older than all that was under way then was seen; there is an index for that
    least, moment = (compiler.process(one, **told) for one in element.clauses)
    return (
        f"access_change.transaction >= {least} AND NOT"
        f" pg_visible_in_snapshot(CAST(CAST(access_change.transaction AS TEXT) AS xid8), CAST({moment} AS pg_snapshot))"
    )


@compiles(Later, "sqlite")
def _greater(element: Later, compiler: SQLCompiler, **told: object) -> str:
    least, _ = element.clauses
    return f"access_change.id > {compiler.process(least, **told)}"


MOMENT = Moment().label("moment")
LATER: ColumnElement[bool] = Later(bindparam("least", type_=Big), bindparam("moment", type_=Text))
SINCE = Prepared(select(ACCESS_CHANGE.c.third_party_id, ACCESS_CHANGE.c.authorization_id).where(LATER))


@dataclass(frozen=True)
class AccessChange:
    """Whose rights have changed; neither: anybody's."""

    third_party_id: int | None = None
    authorization_id: int | None = None

    def concerns(self, third_party_id: int, authorization_id: int | None) -> bool:
        """Whether it may be about a bearer of that third party and that permission."""
        if self.authorization_id is not None:
            return self.authorization_id == authorization_id
        return self.third_party_id in (None, third_party_id)


class AccessChanges:
    """Changes since a moment."""

    def __init__(self, connection: Connection, _keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection = connection

    def since(self, moment: str) -> tuple[AccessChange, ...]:
        """What was committed after a view that saw that moment. In a transaction that sees what is there now."""
        return changes(SINCE.rows(self._connection, of_moment(moment)))

    def are_written(self) -> bool:
        """Whether every change is: not where Citus has taken the triggers away."""
        return self.writers() >= expected(self._connection.dialect.name)

    def writers(self) -> frozenset[str]:
        """The names of the triggers that are there."""
        found = self._connection.scalars(TRIGGERS[self._connection.dialect.name])
        return frozenset(str(name) for name in found)

    def forget(self, at: int) -> int:
        """Drop what nobody asks about any more. How many.

        By when it was seen and not by when it was made: a long transaction makes it long before it is there.
        """
        columns = ACCESS_CHANGE.c
        self._connection.execute(update(ACCESS_CHANGE).where(columns.seen_at.is_(None)).values(seen_at=at))
        return self._connection.execute(delete(ACCESS_CHANGE).where(columns.seen_at < at - KEPT_SECONDS)).rowcount


def trigger(table: str, change: str) -> str:
    """What writes one kind of change of a table down."""
    return f"{table}_access_{change}"


def expected(engine: str) -> frozenset[str]:
    """The names of all triggers that write changes down."""
    by_itself = WATCHED_ON_SQLITE if engine == "sqlite" else {}
    names = {trigger(table, change) for table in WATCHED for change in changes_of(table, engine)}
    return frozenset(names | {trigger(table, change) for table, changed in by_itself.items() for change in changed})


def changes_of(table: str, engine: str) -> tuple[str, ...]:
    """The kinds of changes of a table that are written down."""
    return (*WATCHED[table], "truncate") if engine == "postgresql" else WATCHED[table]


def of_moment(moment: str | None) -> dict[str, int | str | None]:
    """What a statement with `LATER` is given; of no moment nothing is later."""
    return {"least": None if moment is None else order(moment)[0], "moment": moment}


def changes(rows: Iterable[tuple[Any, ...]]) -> tuple[AccessChange, ...]:
    """Changes of rows, each once."""
    return tuple({AccessChange(*row): None for row in rows})


def order(moment: str) -> tuple[int, int, int]:
    """What sorts moments of one database by time. Equal ones saw the same."""
    least, _, rest = moment.partition(":")
    if not rest:
        return int(least), 0, 0
    next_one, _, under_way = rest.partition(":")
    # a later snapshot between the same numbers has fewer transactions under way
    return int(least), int(next_one), -len(under_way.split(",")) if under_way else 0
