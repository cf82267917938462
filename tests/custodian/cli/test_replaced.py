"""The ledger of corrections by command."""

import json
from pathlib import Path

import pytest

from tests.custodian.cli.conftest import Typed

MAPPING = """
[columns]
usage_point = "point"
start = "from"
value = "kWh"
quality = "how"
[values]
unit = "kWh"
commodity = "electricity"
[quality]
E = 8
[time]
zone = "UTC"
[interval]
length = 3600
[flow]
all = "delivered"
"""
HOURS = [f"2024-03-08T{hour:02}:00:00Z" for hour in range(8, 20)]


@pytest.fixture
def corrected(typed: Typed, home: Path) -> int:
    """Two usage points came; of one of them two hours were corrected, in the table that has all. Its revision."""
    (home / "mapping.toml").write_text(MAPPING)
    known = dict.fromkeys(((point, hour) for point in (1, 2) for hour in HOURS), "1.5,")
    for name, also in (("first.csv", {}), ("then.csv", {(1, HOURS[0]): "2.5,", (1, HOURS[3]): "1.5,E"})):
        rows = [f"539000000{point},{hour},{said}" for (point, hour), said in (known | also).items()]
        (home / name).write_text("\n".join(["point,from,kWh,how", *rows]))
        taken = typed("import", "--home", home, "--mapping", home / "mapping.toml", home / name, "--json")
        [told] = json.loads(taken.stdout)
    assert told["readings"] == {"new": 0, "changed": 2, "same": 22}
    return int(told["revision"])


def test_exactly_what_was_replaced_is_told(typed: Typed, home: Path, corrected: int) -> None:
    told = json.loads(typed("imports", "corrections", "--home", home, "--json").stdout)
    assert [(one["usage_point"], one["start"]) for one in told] == [
        (5_390_000_001, HOURS[0]),
        (5_390_000_001, HOURS[3]),
    ]
    assert [(one["old"]["value"], one["new"]["value"]) for one in told] == [(1_500_000, 2_500_000), (1_500_000,) * 2]
    assert [(one["old"]["quality"], one["new"]["quality"]) for one in told] == [([], []), ([], [8])]
    assert {(one["revision"], one["reason"].split()[0]) for one in told} == {(corrected, "import")}
    said = typed("imports", "corrections", "--home", home, "--revision", corrected).stdout
    assert [line.split(": ")[1].split("  ")[0] for line in said.splitlines()] == [
        "value 1500000 → 2500000",
        "quality none → 8",
    ]


def test_what_is_asked_for_is_told_and_nothing_else(typed: Typed, home: Path, corrected: int) -> None:
    words = ("imports", "corrections", "--home", home, "--json")
    assert json.loads(typed(*words, "--usage-point", "5390000002").stdout) == []
    assert json.loads(typed(*words, "--revision", corrected - 1).stdout) == []
    assert len(json.loads(typed(*words, "--revision", corrected, "--usage-point", "5390000001").stdout)) == 2


@pytest.mark.parametrize(
    ("words", "sentence"), [(("--usage-point", "7"), "no such usage point"), (("--revision", "9"), "no revision 9")]
)
def test_what_is_not_there_is_said(typed: Typed, home: Path, words: tuple[str, str], sentence: str) -> None:
    refused = typed("imports", "corrections", "--home", home, *words)
    assert refused.exit_code == 1
    assert sentence in refused.stderr
