"""What is special to PostgreSQL: many writers at a time, each under a deadline."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, Text, bindparam, cast, create_engine, event, func, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from wattshare.custodian.settings import BadSettings
from wattshare.custodian.store.metadata import Big
from wattshare.custodian.store.prepared import KNOWN, Prepared, wrapped
from wattshare.custodian.store.purposes import For, Purpose
from wattshare.custodian.store.short import BEGUN, Kept

# ours to say, whatever the environment has: what is written below the driver's cursors is written so
ENCODED = {"client_encoding": "utf8"}
# the oldest that the tests are run on
OLDEST = 15
# connections kept
POOL = 10
# how the driver finds out that nobody is there any more; what the address says goes before
PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "wattshare",
}
# all of it ends with the transaction; no plan of ours runs for as long as it takes to compile it
DEADLINES = (
    "SELECT set_config('statement_timeout', :statement, true), set_config('lock_timeout', :lock, true),"
    " set_config('jit', 'off', true)"
)
OPENED = text(DEADLINES)
OPENED_FOR = text(DEADLINES + ", open_for(:purpose)")
OPENED_FOR_ONE = text(DEADLINES + ", open_authorization(:one)")
# a view of one moment, in which nothing is written
VIEW = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# what one authorization opens is found by ids, and to plan it takes ten times as long as to find it: it is planned once
ONE_PLAN = "set_config('plan_cache_mode', 'force_generic_plan', true)"
NARROWED = Prepared(
    select(
        func.set_config("plan_cache_mode", "force_generic_plan", True).label("plans"),
        cast(func.open_authorization(bindparam("of_id", type_=Big)), Text).label("opened"),
    )
)
# before the function is there
UPKEEP = text("SELECT set_config('wattshare.purpose', 'upkeep', true)")
# a step over many rows takes its time; but who waits for a table to itself keeps everybody else waiting
PATIENT = {"statement": "0", "lock": "3s"}
# given up by ourselves, or by the server because others wait for us in turn
LOCKED = ("55P03", "40P01")
# of SQLSTATE: a right that a role lacks
DENIED = "42501"
# and a prepared statement that is not there, or is there already
MIXED_UP = ("26000", "42P05")
# what the application's role works with, and what it may do less with than with the others
GRANTED = text(
    "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    " AND relkind IN ('r', 'p', 'S') AND NOT relispartition"
)
# months that were opened before there was that role, or brought back without anybody's rights
CLOSED_MONTHS = text(
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'interval_block'::regclass"
    " AND NOT has_table_privilege(:role, inhrelid, 'INSERT')"
)
GRANTS = {"trail": "SELECT, INSERT", "alembic_version": "SELECT"}
# a role that policies do not hold
ROW_SECURITY = "row_security"
# what must not be off, or what was said to be done is lost in a power cut
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


def connect(url: URL, *, statement_seconds: int, connections: int, prepared: bool = True) -> Engine:
    """An engine on a server. Nothing is opened yet. `prepared`: statements that come often are kept there.

    Raises:
        BadSettings: the driver is not installed.
    """
    keep = min(POOL, connections)
    try:
        engine = create_engine(
            url,
            execution_options={"wattshare_seconds": statement_seconds, "wattshare_connections": connections},
            # what a statement was given stays out of error texts
            hide_parameters=True,
            pool_size=keep,
            max_overflow=connections - keep,
            pool_timeout=statement_seconds,
            # a server that was restarted is met by a question, not by a request's first statement
            pool_pre_ping=True,
            connect_args={name: value for name, value in PATIENCE.items() if name not in url.query}
            | ENCODED
            | ({} if prepared else {"prepare_threshold": None}),
        )
    except ModuleNotFoundError as why:
        raise BadSettings(f"database_url: {why.name} is missing; pip install 'wattshare[postgresql]'") from why
    usual = {"statement": f"{statement_seconds}s", "lock": f"{statement_seconds}s"}

    def begin(connection: Connection) -> None:
        if BEGUN in connection.info:
            return
        options = connection.get_execution_options()
        deadlines = PATIENT if options.get("wattshare_patient") else usual
        match options.get("wattshare_for"):
            case None:
                connection.execute(OPENED, deadlines)
            case int(one):
                connection.execute(OPENED_FOR_ONE, {**deadlines, "one": one})
            case purpose:
                connection.execute(OPENED_FOR, {**deadlines, "purpose": str(purpose)})

    event.listen(engine, "checkin", _given_back)
    event.listen(engine, "begin", begin)
    return engine


def _given_back(_: Any, entry: ConnectionPoolEntry) -> None:
    """What a connection knew while it was kept: whoever has it next may make it forget, or nobody kept it any more."""
    entry.info.pop(KNOWN, None)


def kept(engine: Engine, *, writes: bool) -> Kept:
    """What short transactions are on. Some connections are left for the others."""
    # the driver is there only where PostgreSQL is asked
    from wattshare.custodian.store import libpq  # noqa: PLC0415

    told = engine.get_execution_options()
    return Kept(
        engine=engine,
        options={"wattshare_reads": not writes, "isolation_level": "AUTOCOMMIT"},
        prepare=partial(_ready, told["wattshare_seconds"]) if writes else libpq.names,
        begin=_begin(told["wattshare_seconds"], "BEGIN" if writes else VIEW, libpq.run),
        end=lambda driver: libpq.run(driver, b"COMMIT"),
        narrowing=None if writes else _narrow,
        most=min(POOL, told["wattshare_connections"] // 4),
    )


def _ready(seconds: int, driver: Any) -> Any:
    """What a connection knows; and its deadlines, for statements that are transactions by themselves.

    Where nothing is prepared on it, something stands between that shares it out: it is left as it is.
    """
    from wattshare.custodian.store import libpq  # noqa: PLC0415

    if driver.prepare_threshold is None:
        return None
    libpq.run(driver, f"SET statement_timeout = '{seconds}s'; SET lock_timeout = '{seconds}s'; SET jit = off".encode())
    return libpq.names(driver)


def _begin(seconds: int, how: str, run: Callable[[Any, bytes], None]) -> Callable[[Any, For], None]:
    """What begins a transaction on a kept connection: all that it needs, in one message."""
    deadlines = f"set_config('statement_timeout', '{seconds}s', true), set_config('lock_timeout', '{seconds}s', true)"
    opening = f"{how}; SELECT {deadlines}, set_config('jit', 'off', true), "
    told = {purpose: f"{opening}open_for('{purpose}')" for purpose in Purpose}

    def begin(driver: Any, for_: For) -> None:
        text = told[for_] if isinstance(for_, Purpose) else f"{opening}{ONE_PLAN}, open_authorization({for_:d})"
        run(driver, text.encode())

    return begin


def _narrow(connection: Connection, authorization_id: int) -> None:
    NARROWED.rows(connection, {"of_id": authorization_id})


def weak_settings(connection: Connection) -> Iterator[str]:
    """The settings of a server under which what was committed may be lost, or which we were never tried on."""
    asked = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names) ORDER BY name")
    for name, setting in connection.execute(asked, {"names": list(DURABLE)}):
        if setting == "off":
            yield name
    if connection.scalar(text("SHOW server_encoding")) != "UTF8":
        yield "server_encoding"
    if int(connection.scalar(text("SHOW server_version_num")) or 0) < OLDEST * 10_000:
        yield "server_version"
    bypass = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    if connection.scalar(text(bypass)):
        yield ROW_SECURITY


def forgets(engine: Engine) -> bool:
    """Whether something between us and the server loses what we prepare on a connection.

    Raises:
        sqlalchemy.exc.DBAPIError: the server cannot be asked.
    """
    with _driver(engine) as one:
        # who shares connections out has made up the number of the process that we were told
        there = one.execute("SELECT pg_backend_pid()", prepare=False).fetchone()[0]
        if one.prepare_threshold is None or there == one.info.backend_pid:
            return False
        with _driver(engine) as other:
            return loses(one, other)


def loses(one: Any, other: Any) -> bool:
    """Whether what is prepared on one of the driver's connections is gone while another has a transaction.

    So it is where connections are shared out, transaction by transaction, by who does not know what is prepared.
    """
    try:
        one.execute("SELECT 1", prepare=True)
        other.execute("BEGIN")
        try:
            one.execute("SELECT 1", prepare=True)
        finally:
            other.execute("ROLLBACK")
    except Exception as why:
        if getattr(why, "sqlstate", None) in MIXED_UP:
            return True
        raise
    return False


@contextmanager
def _driver(engine: Engine) -> Iterator[Any]:
    """The driver's own connection, for statements that are transactions by themselves."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            yield connection.connection.dbapi_connection
        except Exception as why:
            raise wrapped(connection.dialect, why) from why


def grant(connection: Connection, role: str) -> None:
    """Let the application's role work with the tables of their owner: read and write, but for the trail's past.

    Months are granted as they are opened, and those that were not here: to insert into, no more.
    """
    quote = connection.dialect.identifier_preparer.quote
    for name, sort in connection.execute(GRANTED).all():
        may = "USAGE" if sort == "S" else GRANTS.get(name, "SELECT, INSERT, UPDATE, DELETE")
        connection.exec_driver_sql(f"GRANT {may} ON {'SEQUENCE ' if sort == 'S' else ''}{quote(name)} TO {quote(role)}")
    for (month,) in connection.execute(CLOSED_MONTHS, {"role": role}).all():
        connection.exec_driver_sql(f"GRANT INSERT ON {month} TO {quote(role)}")


def was_locked(fault: DBAPIError) -> bool:
    """Whether somebody else kept what was asked for, for longer than we wait or the server lets both of us."""
    return getattr(fault.orig, "sqlstate", None) in LOCKED


def has_nul(fault: DBAPIError) -> bool:
    """Whether a text was given that has a NUL in it, which no text of PostgreSQL's has."""
    return "NUL (0x00)" in str(fault.orig)


def denied(fault: DBAPIError) -> str | None:
    """What the role has no right to, in the server's words; None: it is no such fault, or one of row security's."""
    words = str(fault.orig).partition("\n")[0]
    return words if getattr(fault.orig, "sqlstate", None) == DENIED and "row-level" not in words else None
