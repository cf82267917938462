"""The commands, and how they are put together."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from tests.thirdparty.conftest import Counter, token_answer
from wattshare.command import ADVICE, CUSTODIAN_COMMANDS, compose, typed
from wattshare.thirdparty import cli

GRANTED = (
    "FB=1_3_8_13_14_18_19_31_32_35_37_38_39_40_4_5_15;AdditionalScope=Usage;IntervalDuration=900_3600;"
    "BlockDuration=Daily;HistoryLength=126144000;AccountCollection=1;BR=50123;dataCustodianId=PGE"
)


def test_a_scope_is_explained_in_words() -> None:
    result = CliRunner().invoke(cli.app, ["scope", "explain", GRANTED])
    assert result.exit_code == 0
    assert "FB=5" in result.output
    assert GRANTED in result.output


def test_a_scope_is_explained_as_facts() -> None:
    result = CliRunner().invoke(cli.app, ["scope", "explain", "FB=4_5;AdditionalScope=Usage;Colour=blue", "--json"])
    facts = json.loads(result.stdout)
    assert {"asked", "granted", "dropped", "warnings", "scope"} <= set(facts)
    assert any("FB=4" in each["term"] for each in facts["asked"])


def test_a_profile_that_is_none_is_refused() -> None:
    result = CliRunner().invoke(cli.app, ["scope", "explain", GRANTED, "--profile", "ACME"])
    assert result.exit_code == 2


@pytest.mark.parametrize("name", CUSTODIAN_COMMANDS)
def test_without_the_custodians_part_its_commands_say_how_to_get_it(name: str) -> None:
    result = CliRunner().invoke(compose(with_custodian=False), [name, "--home", "x", "anything"])
    assert result.exit_code == 1
    assert ADVICE in result.output


def test_the_program_is_named_as_it_can_be_typed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "wattshare"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", "")
    assert typed(str(program)) == str(program)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert typed(str(program)) == "wattshare"
    assert typed("-c") == "wattshare"
    # another one that the shell would find in its place
    assert typed(str(tmp_path / "bin" / "wattshare")) == str(tmp_path / "bin" / "wattshare")


def test_everybodys_files_are_ordered_by_a_command(
    custodian: Counter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = httpx2.Response(202, headers={"x-correlation-id": "c1"})
    custodian.answers = [token_answer(1, client_access_token="client-1"), ordered]
    config = tmp_path / "custodian.json"
    config.write_text('{"utility": "pge", "client_id": "me", "client_secret": "secret", "bulk_id": "50001"}')
    monkeypatch.setattr(httpx2, "HTTPTransport", lambda **_: httpx2.MockTransport(custodian))
    options = ("--config", str(config), "--since", "2024-05-01", "--json")
    result = CliRunner().invoke(cli.app, ["notices", "order", *options])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["correlation_id"] == "c1"
    asked = custodian.asked[-1]
    assert asked.url.path.endswith("/Batch/Bulk/50001")
    assert dict(asked.url.params) == {"published-min": "2024-05-01T07:00:00Z"}


def test_the_third_partys_commands_are_always_there() -> None:
    result = CliRunner().invoke(compose(with_custodian=False), ["--help"])
    for name in ("connect", "pull", "notices", "scope", "tour"):
        assert name in result.output


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from wattshare.command import compose\n"
        "try: compose(with_custodian=False)(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('httpx2', 'authlib', 'lxml', 'stamina', 'sqlalchemy')\n"
        "print([each for each in heavy if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
