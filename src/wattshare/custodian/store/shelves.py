"""Rows of one table that a file names: as they are, and as they will be.

They are looked up many at a time, changed in memory, and written many at a time; what is sealed is sealed before.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter, itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, select, update

from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.lots import Lot
from wattshare.custodian.store.metadata import Row
from wattshare.custodian.store.statements import among, chunks, holding

Value = TypeVar("Value")


@dataclass(frozen=True)
class Sort(Generic[Value]):
    """How things of one sort are kept."""

    table: Table
    # the columns that tell one from another
    key: tuple[str, ...]
    read: Callable[[Keys, Row], Value]
    columns: Callable[[Keys, Value], Mapping[str, Any]]


class Found(NamedTuple, Generic[Value]):
    """A row as it stands there, and what it says."""

    row: tuple[Any, ...]
    value: Value


@dataclass
class Prepared:
    """What is to be written into a table."""

    table: Table
    key: tuple[str, ...]
    gone: list[dict[str, Any]]
    new: Lot
    # by the columns that change
    changed: dict[tuple[str, ...], list[dict[str, Any]]]

    def write(self, connection: Connection) -> None:
        """Write it: first what goes, then what comes, then what changes."""
        named = [self.table.c[name] == bindparam(f"key_{name}") for name in self.key]
        if self.gone:
            connection.execute(delete(self.table).where(*named), self.gone)
        self.new.write(connection)
        for names, rows in self.changed.items():
            values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in names}
            connection.execute(update(self.table).where(*named).values(values), rows)


class Shelf(Generic[Value]):
    """The things of one sort."""

    def __init__(self, sort: Sort[Value], keys: Keys) -> None:
        """Take how they are kept; nothing is looked up yet."""
        self._sort, self._keys = sort, keys
        self._key_of: Callable[[Value], Hashable] = attrgetter(*sort.key)
        self._of: Callable[[Row], Hashable] = itemgetter(*sort.key)
        # what was looked up last, and all that is to be written
        self._known: dict[Hashable, Found[Value]] = {}
        self._told: dict[Hashable, Value] = {}
        # those that were there and change, or go
        self._before: dict[Hashable, Found[Value]] = {}
        self._gone = set[Hashable]()

    def look_up(
        self, connection: Connection, column: str, values: Collection[Any], *, more: bool = False, hold: bool = False
    ) -> list[Value]:
        """What is there with one of these values in a column; instead of what was looked up before, or beside it.

        `hold`: keep it to this transaction.
        """
        if not more:
            self._known = {}
        rows = self._rows(connection, column, values, hold=hold)
        found = {self._of(row): Found(tuple(row.values()), self._sort.read(self._keys, row)) for row in rows}
        self._known |= found
        return [one.value for one in found.values()]

    def get(self, key: Hashable) -> Value | None:
        """What stands or will stand there, where it was looked up."""
        if key in self._told:
            return self._told[key]
        found = None if key in self._gone else self._known.get(key)
        return None if found is None else found.value

    def put(self, value: Value) -> None:
        """Let a thing be there: a new one, or another value of one that was looked up."""
        key = self._key_of(value)
        if key not in self._told and key not in self._gone and key in self._known:
            self._before.setdefault(key, self._known[key])
        self._told[key] = value

    def drop(self, key: Hashable) -> None:
        """Let a thing go that was looked up, or is new."""
        self._told.pop(key, None)
        # one that was changed before may not be among those that were looked up last
        found = self._before.get(key) or self._known.get(key)
        if key not in self._gone and found is not None:
            self._before[key] = found
            self._gone.add(key)

    def stands(self, connection: Connection) -> bool:
        """Whether all that changes, or goes, still stands there as it was looked up; nobody changes it from now on."""
        for some in chunks(self._before):
            rows = self._rows(connection, self._sort.key[0], set(map(self._first, some)), hold=True)
            found = {self._of(row): tuple(row.values()) for row in rows}
            if any(found.get(key) != self._before[key].row for key in some):
                return False
        return True

    def prepared(self) -> Prepared:
        """What is to be written, sealed; the shelf is empty then, but for what `stands` asks."""
        columns, sort, keys = self._sort.columns, self._sort, self._keys
        changed = defaultdict[tuple[str, ...], list[dict[str, Any]]](list)
        new = list[Row]()
        self._known, told, self._told = {}, self._told, {}
        for key in list(told):
            # gone when its row is made: of a large table there are not both
            value = told.pop(key)
            row = columns(keys, value)
            if key not in self._before or key in self._gone:
                new.append(dict(row))
                continue
            names = set(differing(self._before[key].value, value))
            to = tuple(name for name in row if name in names or name.removesuffix("_mac") in names)
            if to:
                changed[to].append(self._named(key) | {f"to_{name}": row[name] for name in to})
        gone = [self._named(key) for key in self._gone]
        return Prepared(sort.table, sort.key, gone, Lot(sort.table, new), dict(changed))

    def _rows(self, connection: Connection, column: str, values: Collection[Any], *, hold: bool) -> Iterator[Row]:
        table = self._sort.table
        for some in chunks(values):
            found = select(table).where(among(connection, table.c[column], some)).order_by(*table.primary_key)
            yield from connection.execute(holding(connection, found) if hold else found).mappings()

    def _first(self, key: Hashable) -> Any:
        return key[0] if isinstance(key, tuple) else key

    def _named(self, key: Hashable) -> dict[str, Any]:
        parts = key if isinstance(key, tuple) else (key,)
        return {f"key_{name}": part for name, part in zip(self._sort.key, parts, strict=True)}


def differing(before: Any, after: Any) -> list[str]:
    """The names of the fields in which two values of one class differ, in order."""
    return sorted(one.name for one in fields(after) if getattr(before, one.name) != getattr(after, one.name))
