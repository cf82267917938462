"""Stores for tests: empty, with every table, on each database that we support."""

import importlib.util
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Dialect, event
from sqlalchemy.pool import ConnectionPoolEntry

from tests.conftest import missing
from tests.custodian.servers import APPLICATION, ENGINE, HOW, OWNER, OpenStore, Server, started
from tests.custodian.shards import watch
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.purposes import Purpose


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Fresh keys."""
    return Keys.make(tmp_path / "keys.json")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and nothing in it: migrated once, copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    made = Store.connect(f"sqlite:///{folder / 'wattshare.db'}", Keys.make(folder / "keys.json"))
    made.upgrade()
    # the last one out writes everything into the one file
    made.close()
    return folder / "wattshare.db"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL of the tests' own."""
    if importlib.util.find_spec("psycopg") is None:
        missing("postgresql", "pip install 'wattshare[postgresql]'")
    with started() as running:
        if running is None:
            missing("postgresql", HOW)
            return
        yield running


@pytest.fixture(scope="session")
def migrated(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of PostgreSQL with every table and nothing in it, to be copied."""
    keys = Keys.make(tmp_path_factory.mktemp("migrated") / "keys.json")
    name = server.make_database()
    made = Store.connect(server.url(name, OWNER), keys)
    made.upgrade(for_role=APPLICATION)
    made.close()
    return name


@pytest.fixture(scope="session")
def shared(server: Server, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A copy of it for the tests that come one after the other: emptied for each.

    They have its connections and its compiled statements in common.
    """
    keys = Keys.make(tmp_path_factory.mktemp("shared") / "keys.json")
    kept = hurried(server.url(server.make_database(migrated)), keys)
    yield kept
    kept.close()


@pytest.fixture(scope="session")
def open_store(request: pytest.FixtureRequest) -> OpenStore:
    """What opens an empty store that is not shared, with its keys in a folder, on one of the ENGINES."""

    def opened(folder: Path, engine: str = ENGINE) -> Store:
        keys = Keys.make(folder / "keys.json")
        if engine == "sqlite":
            shutil.copy(request.getfixturevalue("template"), folder / "wattshare.db")
            return trusting(hurried(f"sqlite:///{folder / 'wattshare.db'}", keys))
        server: Server = request.getfixturevalue("server")
        url = server.url(server.make_database(request.getfixturevalue("migrated")))
        return trusting(hurried(url, keys))

    return opened


@pytest.fixture
def engine() -> str:
    """What the store is on, where a test does not ask for both."""
    return ENGINE


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database without any table is."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path / 'wattshare.db'}"
    server: Server = request.getfixturevalue("server")
    return server.url(server.make_database(), OWNER)


@pytest.fixture
def store(engine: str, keys: Keys, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store with every table.

    What a test itself puts there and reads there may be anything: its transactions are those of an intake, where they
    say nothing else. A house (`houses.built`) has the same store, and says what it wants.
    """
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("template"), tmp_path / "wattshare.db")
        opened = trusting(hurried(f"sqlite:///{tmp_path / 'wattshare.db'}", keys))
        yield opened
        opened.close()
        return
    server: Server = request.getfixturevalue("server")
    shared: Store = request.getfixturevalue("shared")
    server.empty(str(shared.engine.url.database))
    # a view of the engine: what a test listens to there ends with the test
    opened = trusting(Store(shared.engine.execution_options(), keys))
    yield opened
    opened.views.close()
    opened.notes.close()


# by engine: a dialect, and what was compiled for it
COMPILED: dict[str, tuple[Dialect, dict[Any, Any]]] = {}


def hurried(url: str, keys: Keys) -> Store:
    """A store that compiles no statement which another one of this process has had, and does not wait for the disk.

    Nothing that is written is worth keeping: see `HASTE` for PostgreSQL.
    """
    store = Store.connect(url, keys)
    engine, name = store.engine, store.engine.dialect.name
    if name == "sqlite":
        event.listen(engine, "connect", leave_to_system)
    if name not in COMPILED:
        # it knows what it talks to when it has done so
        engine.connect().close()
        COMPILED[name] = (engine.dialect, {})
    engine.dialect, compiled = COMPILED[name]
    engine.update_execution_options(compiled_cache=compiled)
    return store


def leave_to_system(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    """Let the system say when a file is written."""
    connection.execute("PRAGMA synchronous = OFF")


def trusting(store: Store) -> Store:
    """The same store, whose transactions may see and do everything where they do not say what they are for.

    What it sends is looked at: see `shards`.
    """
    watch(store.engine)
    return replace(store, purpose=Purpose.INTAKE)
