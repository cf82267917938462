"""What every test may ask for."""

import os
from pathlib import Path

import pytest

# the stores: `store`, `open_store` and what they stand on
pytest_plugins = ("tests.custodian.stores",)


def missing(what: str, how: str) -> None:
    """Skip for want of `what`, or fail where WATTSHARE_REQUIRE says that it must be there."""
    if what in os.environ.get("WATTSHARE_REQUIRE", "").split(","):
        pytest.fail(f"{what} required but absent: {how}")
    pytest.skip(f"{what} absent: {how}")


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder with the official schemas and the sample feeds."""
    named = os.environ.get("WATTSHARE_FIXTURES")
    if not named:
        missing("fixtures", "set WATTSHARE_FIXTURES to a folder that holds schema/ and samples/")
    return Path(str(named)).resolve()
