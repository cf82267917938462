"""What every test of the custodian may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.custodian.houses import TestHouse, built
from wattshare.custodian.store.database import Store


@pytest.fixture
def house(tmp_path: Path, store: Store) -> Iterator[TestHouse]:
    """A whole custodian by PG&E's manners, on a stopped clock, without mutual TLS."""
    with built(tmp_path, store) as made:
        yield made
