"""What every test of the custodian may ask for."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.custodian.houses import TestHouse, built
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys

# the suites that take a store run once on each of these
ENGINES = ("sqlite",)


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


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    assert request.param == "sqlite"
    return f"sqlite:///{tmp_path / 'wattshare.db'}"


@pytest.fixture
def store(database_url: str, keys: Keys, template: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty store with every table."""
    shutil.copy(template, tmp_path / "wattshare.db")
    opened = Store.connect(database_url, keys)
    yield opened
    opened.close()


@pytest.fixture
def house(tmp_path: Path, store: Store) -> Iterator[TestHouse]:
    """A whole custodian by PG&E's manners, on a stopped clock, without mutual TLS."""
    with built(tmp_path, store) as made:
        yield made
