"""Queries of PostgreSQL below its driver's cursors: prepared once a connection, answered in binary.

psycopg reads the text of a statement of more than 4,096 characters anew each time, and ours have more: to find a year's
months took it longer than it took PostgreSQL.
"""

import re
from collections.abc import Sequence
from itertools import count
from typing import Any

from psycopg import Connection
from psycopg.adapt import Transformer
from psycopg.errors import DataError, OperationalError, error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

BINARY = 1
DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
# a value's place in a text of the driver's, and a per cent sign
PLACE = re.compile(r"%(?:\((\w+)\)s|%)")
OURS = b"wattshare_"
KNOWN = "SELECT name FROM pg_prepared_statements WHERE starts_with(name, 'wattshare_')"
NUMBERS = count(1)

Value = int | str | None | list[Any]
# the names of the statements of ours that a connection knows
Names = set[bytes]


class Asked:
    """One statement, as PostgreSQL itself takes it."""

    __slots__ = ("name", "order", "text")

    def __init__(self, text: str) -> None:
        """Read a text as the driver takes it: with values by name."""
        order: list[str] = []

        def placed(found: re.Match[str]) -> str:
            if found[1] is None:
                return "%"
            if found[1] not in order:
                order.append(found[1])
            return f"${order.index(found[1]) + 1}"

        self.text = PLACE.sub(placed, text).encode()
        self.order = tuple(order)
        self.name = b"%b%d" % (OURS, next(NUMBERS))

    def rows(self, driver: Connection[Any], known: Names, values: Sequence[Value]) -> list[tuple[Any, ...]]:
        """What it finds, if it looks for something. In a transaction that was begun.

        Raises:
            psycopg.Error: as the driver itself does.
        """
        server = driver.pgconn
        if self.name not in known:
            checked(server, server.prepare(self.name, self.text))
            known.add(self.name)
        told: list[Any] = [written(one) for one in values]
        result = checked(server, server.exec_prepared(self.name, told, result_format=BINARY))
        if result.status != ExecStatus.TUPLES_OK:
            return []
        reading = Transformer(driver)
        reading.set_pgresult(result)
        return reading.load_rows(0, result.ntuples, tuple)


def names(driver: Connection[Any]) -> Names | None:
    """What a connection that comes from the pool knows of ours; None where nothing is to be prepared on it."""
    if driver.prepare_threshold is None:
        return None
    return {name.encode() for (name,) in driver.execute(KNOWN, prepare=False)}


def run(driver: Connection[Any], text: bytes) -> None:
    """Statements without values, in one message.

    Raises:
        psycopg.Error: as the driver itself does.
    """
    checked(driver.pgconn, driver.pgconn.exec_(text))


def checked(server: PGconn, result: PGresult) -> PGresult:
    """What came back, where it is no fault.

    Raises:
        psycopg.Error: it is one.
    """
    if result.status in DONE:
        return result
    if server.status == ConnStatus.BAD:
        # a connection that is gone says so in words alone
        raise OperationalError(result.get_error_message())
    raise error_from_result(result)


def text(value: str) -> bytes:
    """A text as the server reads it: up to the first NUL, and so none may be in it.

    Raises:
        DataError: there is one.
    """
    if "\0" in value:
        raise DataError("a text has NUL (0x00)")
    return value.encode()


def written(value: Value) -> bytes | None:
    """A value as PostgreSQL reads it."""
    if isinstance(value, list):
        # what many rows have in common is written once
        alike = len(value) > 1 and value.count(value[0]) == len(value)
        return b"{%b}" % b",".join([element(value[0])] * len(value) if alike else map(element, value))
    return text(value) if isinstance(value, str) else None if value is None else b"%d" % value


def element(value: int | str | None) -> bytes:
    """A value within a list, as PostgreSQL reads it."""
    if isinstance(value, str):
        return b'"' + text(value).replace(b"\\", rb"\\").replace(b'"', rb"\"") + b'"'
    return b"NULL" if value is None else b"%d" % value
