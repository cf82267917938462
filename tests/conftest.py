"""What every test may ask for."""

import gc
import os
import sys
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from wattshare.custodian.services.disclosure.wirepath.direct import Absent, Encoder, installed

# images of containers say that no bytecode is to be kept: each of the processes that tests start would compile all of
# the house anew, which takes longer than what most of them do
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# the stores: `store`, `open_store` and what they stand on
pytest_plugins = ("tests.custodian.stores",)

# modules, thousands of tests and their parameters are made to be kept: no pass after pass through them for garbage
gc.set_threshold(50_000, 20, 20)


# a single test of it takes half a minute: last, it would be waited for by all who have nothing to do any more
LONGEST = ("test_tutorial.py",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest is begun first; all else stays in its order."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish() -> None:
    """Leave what is there by now out of every later pass."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores: there is mostly one that waits for a database, a socket or another process."""
    return (os.cpu_count() or 1) + 1


def pytest_configure() -> None:
    """Before the first test: nothing fails because the machine is slow.

    Examples are others in each run; `--hypothesis-profile=long` looks at a night's worth where no number is said.
    """
    calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
    settings.register_profile("calm", calm)
    settings.register_profile("long", calm, max_examples=2_000)
    settings.load_profile("calm")
    log_plainly()


def log_plainly() -> None:
    """Let faults that are logged be written plainly: a picture of all their frames' values takes a second each."""
    structlog.reset_defaults()
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])


def missing(what: str, how: str) -> None:
    """Skip for want of `what`, or fail where WATTSHARE_REQUIRE says that it must be there."""
    if what in os.environ.get("WATTSHARE_REQUIRE", "").split(","):
        pytest.fail(f"{what} required but absent: {how}")
    pytest.skip(f"{what} absent: {how}")


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The direct encoder."""
    try:
        return installed()
    except Absent as why:
        missing("encoder", f"{why}: install a C compiler, then make setup")
        raise


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder with the official schemas and the sample feeds."""
    named = os.environ.get("WATTSHARE_FIXTURES")
    if not named:
        missing("fixtures", "set WATTSHARE_FIXTURES to a folder that holds schema/ and samples/")
    return Path(str(named)).resolve()
