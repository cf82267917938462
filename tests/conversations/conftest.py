"""The house in which the stories are told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conversations.stage import Desk, desk, migrated, opened
from tests.custodian.houses import TestHouse


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table and nothing in it."""
    return migrated(tmp_path_factory.mktemp("template"))


@pytest.fixture
def house(template: Path, tmp_path: Path) -> Iterator[TestHouse]:
    """By PG&E's manners."""
    with opened(template, tmp_path) as made:
        yield made


@pytest.fixture
def standard(template: Path, tmp_path: Path) -> Iterator[TestHouse]:
    """By those of the standard."""
    with opened(template, tmp_path, profile="STANDARD") as made:
        yield made


@pytest.fixture
def acme(house: TestHouse) -> Desk:
    """A third party that may ask for everything, and needs usage."""
    return desk(house)
