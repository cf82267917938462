"""A town that was generated once for all tests which only look at it."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from argon2 import PasswordHasher

from tests.custodian.sandbox.towns import Built, build
from wattshare.custodian.services import signin
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.keys import Keys


@pytest.fixture(scope="package", autouse=True)
def _hurried() -> Iterator[None]:
    """Passwords of towns that are made in this process cost nothing to keep; a hash says itself what it cost."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signin, "hasher", lambda: hasher)
        yield


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The households with a history in which everything of theirs has happened."""
    store = empty(tmp_path_factory.mktemp("town"))
    yield build(store, days=340)
    store.close()


def empty(folder: Path) -> Store:
    """A store without anything."""
    (folder / "wattshare.db").write_bytes(migrated())
    return Store.connect(f"sqlite:///{folder / 'wattshare.db'}", Keys.make(folder / "keys.json"))


@cache
def migrated() -> bytes:
    """A SQLite file with every table and nothing in it."""
    with TemporaryDirectory() as name:
        store = Store.connect(f"sqlite:///{name}/wattshare.db", Keys.make(Path(name) / "keys.json"))
        store.upgrade()
        # the last one out writes everything into the one file
        store.close()
        return (Path(name) / "wattshare.db").read_bytes()
