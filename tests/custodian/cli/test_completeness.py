"""Completeness by command, as a table and as JSON."""

import json
from pathlib import Path

import pytest

from tests.custodian.cli.conftest import Typed
from tests.custodian.services.test_completeness import day
from tests.custodian.store.households import add_home
from tests.custodian.store.test_readings import add_channel
from wattshare.custodian.app import opened
from wattshare.custodian.store.purposes import Purpose

POINT = 5_390_000_001


@pytest.fixture
def filled(home: Path) -> Path:
    """An installation with one home: two days of three, one of them estimated."""
    with opened(home) as house, house.store.begin(Purpose.INTAKE) as tx:
        channel = add_channel(tx, add_home(tx, "4444", starts=0))
        tx.readings.load([day(channel, 0), day(channel, 1, quality=8)])
    return home


def test_days_are_told_one_by_one(typed: Typed, filled: Path) -> None:
    words = ("completeness", "--home", filled, "--account", "4444", "--from", "2024-03-08", "--to", "2024-03-10")
    [told] = json.loads(typed(*words, "--json").stdout)
    assert (told["usage_point"], told["expected"], told["received"], told["missing"]) == (POINT, 71, 48, 23)
    assert [(one["day"], one["expected"], one["estimated"]) for one in told["days"]] == [
        ("2024-03-08", 24, 0),
        ("2024-03-09", 24, 24),
        ("2024-03-10", 23, 0),
    ]
    table = typed(*words).stdout
    assert all(name in table for name in ("2024-03-09", "expected", "late", str(POINT)))


def test_many_days_are_told_by_month_and_a_utility_by_channel(typed: Typed, filled: Path) -> None:
    words = ("completeness", "--home", filled, "--from", "2024-02-01", "--to", "2024-05-31")
    by_month = typed(*words, "--usage-point", POINT).stdout
    assert [name for name in ("2024-02", "2024-03", "2024-04", "2024-05") if name not in by_month] == []
    assert "2024-03-09" not in by_month
    [told] = json.loads(typed(*words, "--json").stdout)
    assert "days" not in told
    assert told["received"] == 48
    assert "2024-02-01 to 2024-05-31" in typed(*words).stdout


def test_nothing_is_an_empty_list(typed: Typed, home: Path) -> None:
    assert json.loads(typed("completeness", "--home", home, "--json").stdout) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--usage-point", "1"), "no such usage point"),
        (("--account", "1"), "No account"),
        (("--from", "2024-03-02", "--to", "2024-03-01"), "end before"),
    ],
)
def test_what_is_not_there_is_said(typed: Typed, home: Path, words: tuple[str, ...], sentence: str) -> None:
    told = typed("completeness", "--home", home, *words)
    assert told.exit_code == 1
    assert sentence in told.stderr
