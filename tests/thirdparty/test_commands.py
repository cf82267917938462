"""The commands, and how they are put together."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from wattshare.command import ADVICE, CUSTODIAN_COMMANDS, compose
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
