"""Connections that are kept for short transactions: one on such a connection is two statements and no more.

What the pool and its connections do around a transaction takes longer than the few statements of most answers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine

from wattshare.custodian.store.prepared import KNOWN, wrapped
from wattshare.custodian.store.purposes import For

# what a connection knows of itself while a transaction of ours is open on it
BEGUN = "wattshare_begun"
# and whether it was last used for reading only
READS = "wattshare_reads"


class Outlived(Exception):
    """A connection ended while nobody used it, or just now: the server was started anew, or ended it."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Views of one database, or short transactions that write, for any number of threads."""

    engine: Engine
    # what the engine's connections are to be like
    options: dict[str, Any]
    # readies a driver's connection that comes from the pool; gives what it knows of our statements
    prepare: Callable[[Any], set[bytes] | None]
    # begins a transaction for somebody on a driver's connection
    begin: Callable[[Any, For], None]
    # ends it
    end: Callable[[Any], None]
    # narrows a view that has begun to one authorization; None: nothing does
    narrowing: Callable[[Connection, int], None] | None
    # so many are kept when nobody has one; others go back to the pool, as all else needs some too
    most: int
    free: list[Connection] = field(default_factory=list)

    @contextmanager
    def transaction(self, for_: For) -> Iterator[Connection]:
        """A connection on which a transaction has begun; what it reads with is given back only if all went well.

        Raises:
            sqlalchemy.exc.OperationalError: the database cannot be reached.
        """
        connection = self._begun(for_)
        try:
            yield connection
            self._end(connection)
        except Exception as why:
            self._drop(connection)
            fault = wrapped(connection.dialect, why)
            if fault is why:
                raise
            raise fault from why
        except BaseException:
            self._drop(connection)
            raise
        del connection.info[BEGUN]
        self._put_back(connection)

    def _put_back(self, connection: Connection) -> None:
        if len(self.free) < self.most:
            self.free.append(connection)
        else:
            connection.close()

    @contextmanager
    def single(self) -> Iterator[Connection]:
        """A connection on which no transaction has begun: each statement is one by itself.

        Raises:
            sqlalchemy.exc.OperationalError: the database cannot be reached.
            Outlived: the connection is not there any more.
        """
        connection, _ = self._taken()
        try:
            yield connection
        except BaseException as why:
            gone = isinstance(why, Exception) and driver_of(connection).closed
            self._drop(connection)
            if gone:
                raise Outlived from why
            raise
        self._put_back(connection)

    def narrow(self, connection: Connection, authorization_id: int) -> None:
        """Let the rest of a view that has begun be for one authorization."""
        if self.narrowing is not None:
            self.narrowing(connection, authorization_id)

    def close(self) -> None:
        """Give everything back."""
        with suppress(IndexError):
            while True:
                self.free.pop().close()

    def _end(self, connection: Connection) -> None:
        # by the way by which it was begun: SQLAlchemy's, where a statement went that way
        # of a view there is nothing to commit; but PostgreSQL's driver forgets what it has prepared at a rollback
        if connection.in_transaction():
            connection.commit()
        else:
            self.end(driver_of(connection))

    def _begun(self, for_: For) -> Connection:
        while True:
            connection, kept = self._taken()
            try:
                self.begin(driver_of(connection), for_)
            except Exception as why:
                self._drop(connection)
                if kept:
                    # the server was started anew while nobody read: the others are as dead as this one
                    self.close()
                    continue
                raise wrapped(connection.dialect, why) from why
            connection.info[BEGUN] = True
            return connection

    def _taken(self) -> tuple[Connection, bool]:
        try:
            return self.free.pop(), True
        except IndexError:
            connection = self.engine.connect()
            try:
                connection.execution_options(**self.options)
                connection.info.pop(READS, None)
                connection.info[KNOWN] = self.prepare(driver_of(connection))
            except Exception as why:
                # cut off since the pool has looked at it
                self._drop(connection)
                raise wrapped(connection.dialect, why) from why
            return connection, False

    def _drop(self, connection: Connection) -> None:
        """Let the pool see to a connection that met a fault, or whose transaction was left early."""
        # of one that the server cut off nothing is left to be told apart
        if not connection.invalidated:
            connection.info.pop(BEGUN, None)
            # the pool would try to undo something on it, and log that as a fault of ours
            if getattr(driver_of(connection), "closed", False):
                connection.invalidate()
        connection.close()


def driver_of(connection: Connection) -> Any:
    """The driver's own connection below one of SQLAlchemy's."""
    return connection.connection.dbapi_connection
