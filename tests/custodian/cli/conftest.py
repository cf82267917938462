"""Commands typed in this process, each on an installation of its own."""

import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from typer import testing
from typer.main import get_command
from typer.testing import CliRunner, Result

from tests.conftest import log_plainly
from wattshare.custodian.cli import commands

# the tree of all commands is put together once, and not for each that is typed
vars(testing).update(_get_command=cache(get_command))
# whoever types it: words and what became of them
Typed = Callable[..., Result]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    """Run a command; what it changed of this process is put back."""
    for name in list(os.environ):
        if name.startswith("WATTSHARE_"):
            monkeypatch.delenv(name)
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    term = signal.getsignal(signal.SIGTERM)
    yield lambda *words: CliRunner().invoke(commands.app, [str(word) for word in words])
    signal.signal(signal.SIGTERM, term)
    log_plainly()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that has just been made, to be copied."""
    folder = tmp_path_factory.mktemp("made") / "home"
    assert CliRunner().invoke(commands.app, ["init", "--home", str(folder)]).exit_code == 0
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """An installation that has just been made."""
    return Path(shutil.copytree(made, tmp_path / "home"))
