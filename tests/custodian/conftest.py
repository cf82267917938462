"""What every test of the custodian may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys

# the suites that take a store run once on each of these
ENGINES = ("sqlite",)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Fresh keys."""
    return Keys.make(tmp_path / "keys.json")


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    assert request.param == "sqlite"
    return f"sqlite:///{tmp_path / 'wattshare.db'}"


@pytest.fixture
def store(database_url: str, keys: Keys) -> Iterator[Store]:
    """An empty store with every table."""
    opened = Store.connect(database_url, keys)
    opened.upgrade()
    yield opened
    opened.close()
