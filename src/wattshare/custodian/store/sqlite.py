"""What is special to SQLite: one file, one writer at a time.

Its driver is loaded by what is called on it alone: who works on PostgreSQL does without that and the library below it.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.store.prepared import wrapped
from wattshare.custodian.store.purposes import For
from wattshare.custodian.store.short import BEGUN, READS, Kept, driver_of
from wattshare.custodian.store.statements import reads_only

if TYPE_CHECKING:
    import sqlite3

WAIT_SECONDS = 30
# and how often one looks whether it is its turn to take something in
LOOK_SECONDS = 0.01
# how soon a writer looks again whether nobody writes, then after which part of what it has waited, and the longest
SOON_SECONDS, LATER, LATEST_SECONDS = 0.001, 0.1, 0.02
# pages of the log after which a commit puts them into the database, and waits for the disk; of who takes something in,
# whose commits nobody waits for, it is half as many, so that those of answers need not
LOGGED = 2_000
# of SQLite's codes: a wrong statement, and writing where only reading was asked for
OUR_FAULTS = (1, 8)
# others have the file: SQLITE_BUSY, SQLITE_LOCKED; the other bits of a code say what of it
WAITED_FOR, PRIMARY = (5, 6), 0xFF
# kilobytes of the file that a connection for short transactions remembers. It forgets them at every commit of another
# connection, and there is one with almost every answer; the kernel remembers for all
REMEMBERED = 512
# connections kept, and how many more a crowd may open
POOL, CROWD = 10, 90


def connect(url: URL) -> Engine:
    """An engine on a file. Nothing is opened yet."""
    # what a statement was given stays out of error texts
    engine = create_engine(url, hide_parameters=True, pool_size=POOL, max_overflow=CROWD, pool_timeout=WAIT_SECONDS)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def kept(engine: Engine, *, writes: bool) -> Kept:
    """What short transactions are on. There is no second net here: whatever one is for, it is the same."""
    import sqlite3  # noqa: PLC0415

    return Kept(
        engine=engine,
        options={"wattshare_reads": not writes},
        prepare=partial(_ready, reads=not writes),
        begin=_begin_write if writes else _begin_view,
        end=sqlite3.Connection.commit,
        narrowing=None,
        most=POOL,
    )


def prepare(engine: Engine) -> None:
    """Make the file, its owner's only, before SQLite makes it for everybody to read.

    Raises:
        Unavailable: others keep it for too long.
    """
    import sqlite3  # noqa: PLC0415

    path = Path(str(engine.url.database))
    path.touch(mode=0o600)
    path.chmod(0o600)
    with closing(sqlite3.connect(path)) as connection:
        for _ in range(WAIT_SECONDS * 10):
            try:
                # readers and the writer do not wait for each other; the file stays so
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as why:
                if why.sqlite_errorcode & PRIMARY not in WAITED_FOR:
                    raise
                # SQLite does not queue for this: another process is at it
                time.sleep(0.1)
            else:
                return
    raise Unavailable(logged=f"{path}: others keep it")


@contextmanager
def turn(engine: Engine) -> Iterator[None]:
    """Be alone at taking something in, among all threads and processes, without keeping others from writing.

    Raises:
        Unavailable: others are at it for too long.
    """
    with _turns(engine) as file:
        ends = time.monotonic() + WAIT_SECONDS
        while not _locked(file):
            if time.monotonic() > ends:
                raise Unavailable(logged="something else is being taken in")
            time.sleep(LOOK_SECONDS)
        yield


def is_taking_in(engine: Engine) -> bool:
    """Whether somebody is at it now."""
    with _turns(engine) as file:
        return not _locked(file)


@contextmanager
def _turns(engine: Engine) -> Iterator[int]:
    # a file beside the database: SQLite's own locks on that one would go when it is closed
    path = Path(str(engine.url.database))
    file = os.open(f"{path}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.geteuid() == 0:
            # as SQLite does with its own files beside it: whoever owns the database takes in next
            owner = path.stat()
            os.fchown(file, owner.st_uid, owner.st_gid)
        yield file
    finally:
        # and with it the lock, also when the process is killed
        os.close(file)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def raised() -> "type[sqlite3.Error]":
    """What its driver raises."""
    import sqlite3  # noqa: PLC0415

    return sqlite3.Error


def is_ours(fault: DBAPIError) -> bool:
    """Whether a fault of the database comes from what we asked, and another try would not help."""
    return isinstance(fault.orig, raised()) and fault.orig.sqlite_errorcode in OUR_FAULTS


def _set_up(connection: "sqlite3.Connection", _: ConnectionPoolEntry) -> None:
    # transactions are begun by _begin, not by the driver
    connection.isolation_level = None
    _wait(connection, WAIT_SECONDS)
    # what was said to be done survives a power cut
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOGGED}")


def _ready(connection: "sqlite3.Connection", *, reads: bool) -> None:
    connection.execute(f"PRAGMA query_only = {reads:d}")
    connection.execute(f"PRAGMA cache_size = -{REMEMBERED}")


def _begin_view(connection: "sqlite3.Connection", _: For) -> None:
    connection.execute("BEGIN")


def _begin_write(connection: "sqlite3.Connection", _: For) -> None:
    _write(connection)


def _begin(connection: Connection) -> None:
    if BEGUN in connection.info:
        return
    reads = reads_only(connection)
    if connection.info.get(READS) is not reads:
        connection.exec_driver_sql(f"PRAGMA query_only = {reads:d}")
        connection.info[READS] = reads
    if reads:
        connection.exec_driver_sql("BEGIN")
        return
    try:
        _write(driver_of(connection))
    except raised() as why:
        raise wrapped(connection.dialect, why) from why


def _write(connection: "sqlite3.Connection") -> None:
    """Be the one who writes, from the start: who began as a reader cannot wait for that.

    SQLite itself looks again after pauses that soon are longer than those that who writes little by little makes.
    """
    import sqlite3  # noqa: PLC0415

    began = time.monotonic()
    _wait(connection, 0)
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as why:
                waited = time.monotonic() - began
                if why.sqlite_errorcode & PRIMARY not in WAITED_FOR or waited >= WAIT_SECONDS:
                    raise
                time.sleep(min(max(SOON_SECONDS, waited * LATER), LATEST_SECONDS))
            else:
                return
    finally:
        _wait(connection, WAIT_SECONDS)


def _wait(connection: "sqlite3.Connection", seconds: int) -> None:
    """Let statements wait for others for so long."""
    connection.execute(f"PRAGMA busy_timeout = {seconds * 1000}")
