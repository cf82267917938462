"""What every test of the services may ask for."""

import pytest

from tests.custodian.services.desk import Desk
from wattshare.custodian.store.database import Store


@pytest.fixture
def desk(store: Store) -> Desk:
    """The OAuth side of an empty utility, by PG&E's manners, without mutual TLS."""
    return Desk(store=store)
