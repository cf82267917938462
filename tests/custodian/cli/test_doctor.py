"""What an installation runs on is printed, and what cannot be started says why."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.custodian.cli.conftest import Typed
from wattshare.custodian.services.disclosure.wirepath.direct import PACKAGE, Encoder, installed


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No direct encoder is installed."""
    found = importlib.import_module

    def imported(name: str) -> object:
        if name == PACKAGE:
            raise ImportError
        return found(name)

    monkeypatch.setattr(importlib, "import_module", imported)
    installed.cache_clear()
    yield
    installed.cache_clear()


def test_the_encoder_that_is_used_is_named(
    typed: Typed, home: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = typed("doctor", "--home", home)
    assert f"encoder: direct, by wattshare-direct {encoder.version} (encoder = auto)" in told.stdout
    assert "database: sqlite" in told.stdout
    monkeypatch.setenv("WATTSHARE_ENCODER", "templates")
    assert "encoder: templates (encoder = templates)" in typed("doctor", "--home", home).stdout


@pytest.mark.usefixtures("without")
def test_an_encoder_that_is_not_there_is_missed_only_by_who_asked_for_it(
    typed: Typed, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = json.loads(typed("doctor", "--home", home, "--json").stdout)
    assert told["encoder"] == "templates: wattshare-direct is not installed (encoder = auto)"
    monkeypatch.setenv("WATTSHARE_ENCODER", "direct")
    for command in ("doctor", "serve", "worker"):
        refused = typed(command, "--home", home)
        assert refused.exit_code == 1
        assert refused.stderr == "encoder: is direct, and wattshare-direct is not installed\n"
