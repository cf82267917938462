"""The suite of the store runs on every database that we support."""

import pytest

from tests.custodian.servers import ENGINES


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What the store is on."""
    return str(request.param)
