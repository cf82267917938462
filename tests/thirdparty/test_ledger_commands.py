"""The ledger by the third party's commands, against a custodian in this process."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wattshare.command import both, compose
from wattshare.thirdparty import ledger
from wattshare.thirdparty.cli_notices import app

TOLD = {
    "id": "n1",
    "number": 7,
    "kind": "batch_ready",
    "state": "told",
    "replays": 0,
    "transaction": None,
    "resources": ["https://share.example/GreenButtonConnect/espi/1_1/resource/Batch/Bulk/50001?correlationID=c"],
    "attempts": [{"at": 1_710_356_400, "status": None, "cause": "timeout", "milliseconds": 30_000}],
}
CONFIG = """
resource = "https://share.example/GreenButtonConnect/espi/1_1/resource"
oauth = "https://share.example/datacustodian/oauth/v2"
client_id = "c"
client_secret = "s"
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A custodian that answers without a network: only the ledger's own calls are stood in for."""
    monkeypatch.setattr(ledger.Ledger, "notices", lambda _self, **_asked: iter((TOLD,)))
    monkeypatch.setattr(ledger.Ledger, "notice", lambda _self, _notice: TOLD)
    monkeypatch.setattr(ledger.Ledger, "replay", lambda _self, notice: {"id": notice, "outcome": "due"})
    monkeypatch.setattr(ledger.Ledger, "replay_since", lambda _self, *_times: [{"id": "n1", "outcome": "ordered"}])
    (tmp_path / "custodian.toml").write_text(CONFIG)
    return tmp_path / "custodian.toml"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list",), [TOLD]),
        (("show", "n1"), TOLD),
        (("replay", "n1"), [{"id": "n1", "outcome": "due"}]),
        (("replay", "--since", "2024-03-01"), [{"id": "n1", "outcome": "ordered"}]),
    ],
)
def test_facts_come_as_json(config: Path, words: tuple[str, ...], said: Any) -> None:
    for asked in (app, compose(with_custodian=False)):
        prefix = () if asked is app else ("notices",)
        result = CliRunner().invoke(asked, [*prefix, *words, "--config", str(config), "--json"])
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout) == said


def test_people_read_each_try(config: Path) -> None:
    result = CliRunner().invoke(app, ["show", "n1", "--config", str(config)])
    assert "2024-03-13T19:00:00Z  timeout  30000 ms" in result.stdout
    assert "1 try" in result.stdout


def test_a_replay_names_one_notice_or_a_time(config: Path) -> None:
    for words in ((), ("n1", "--since", "2024-03-01")):
        assert CliRunner().invoke(app, ["replay", *words, "--config", str(config)]).exit_code == 2


def test_who_names_a_configuration_asks_as_the_third_party(config: Path) -> None:
    operator = compose_operator()
    merged = both(app, operator)
    asked = CliRunner().invoke(merged, ["list", "--config", str(config), "--json"])
    assert json.loads(asked.stdout) == [TOLD]
    assert CliRunner().invoke(merged, ["list"]).stdout == "the operator's\n"


def compose_operator() -> Any:
    """A group with a command of the same name."""
    import typer

    group = typer.Typer()

    @group.command("list")
    def list_() -> None:
        typer.echo("the operator's")

    @group.command("other")
    def other() -> None:
        typer.echo("another")

    return group
