"""The house in which the stories are told: on each database that we support."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conversations.stage import Desk, desk
from tests.custodian.houses import TestHouse, built
from tests.custodian.servers import ENGINES
from wattshare.custodian.store.database import Store


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)


@pytest.fixture
def house(store: Store, tmp_path: Path) -> Iterator[TestHouse]:
    """By PG&E's manners."""
    with built(tmp_path, store) as made:
        yield made


@pytest.fixture
def standard(store: Store, tmp_path: Path) -> Iterator[TestHouse]:
    """By those of the standard."""
    with built(tmp_path, store, profile="STANDARD") as made:
        yield made


@pytest.fixture
def acme(house: TestHouse) -> Desk:
    """A third party that may ask for everything, and needs usage."""
    return desk(house)
