"""Closing months by command."""

import json
from pathlib import Path

import pytest

from tests.custodian.cli.conftest import Typed
from tests.custodian.store.households import add_home
from tests.custodian.store.test_readings import add_channel, day_block
from wattshare.custodian.app import opened
from wattshare.custodian.services.closing import Closing
from wattshare.custodian.store.purposes import Purpose


@pytest.fixture
def filled(home: Path) -> Path:
    """An installation with days of March and April 2024."""
    with opened(home) as house, house.store.begin(Purpose.INTAKE) as tx:
        channel = add_channel(tx, add_home(tx))
        tx.readings.load(day_block(channel, day) for day in (0, 1, 30))
    return home


def test_months_are_closed_up_to_the_one_that_is_named_and_then_the_rest(typed: Typed, filled: Path) -> None:
    first = typed("db", "compact", "--home", filled, "--until", "2024-03", "--json")
    assert json.loads(first.stdout) == [{"month": "2024-03", "channels": 1, "blocks": 2}]
    assert typed("db", "compact", "--home", filled).stdout == "2024-04: 1 days of 1 channels\n"
    assert typed("db", "compact", "--home", filled).stdout == "Nothing is to be closed.\n"


@pytest.mark.parametrize(("until", "sentence"), [("March", "2026-03"), ("2099-01", "not over")])
def test_what_is_no_month_or_not_over_is_said(typed: Typed, filled: Path, until: str, sentence: str) -> None:
    told = typed("db", "compact", "--home", filled, "--until", until)
    assert told.exit_code == 1
    assert sentence in told.stderr


def test_interrupted_it_tells_what_it_has_done(typed: Typed, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    close = Closing.close

    def interrupted(self: Closing, months: tuple[int, ...]) -> object:
        yield next(close(self, months))
        raise KeyboardInterrupt

    monkeypatch.setattr(Closing, "close", interrupted)
    told = typed("db", "compact", "--home", filled, "--json")
    assert json.loads(told.stdout) == [{"month": "2024-03", "channels": 1, "blocks": 2}]
    assert "What was moved is moved" in told.stderr
    monkeypatch.undo()
    assert json.loads(typed("db", "compact", "--home", filled, "--json").stdout)[0]["month"] == "2024-04"
