"""The funnel by command, as a table, as JSON and as CSV."""

import csv
import json
from pathlib import Path

from tests.custodian.cli.conftest import Typed
from wattshare.custodian.app import opened
from wattshare.custodian.services.registration import Wish


def test_counts_are_told_and_small_ones_left_out(typed: Typed, home: Path) -> None:
    with opened(home) as house:
        uris = ("https://acme.example/callback",)
        acme = house.registration.register(Wish(name="=Acme", redirect_uris=uris)).party
        for number in range(8):
            device = "phone" if number < 6 else "desktop"
            house.funnel.arrive(f"wsq_{number}", acme.id, device=device, language="en")
    words = ("funnel", "--home", home)
    told = json.loads(typed(*words, "--json").stdout)
    rows = {(row["by"], row["value"]): row["reached"]["arrived"] for row in told["rows"]}
    # two of eight cannot be told, nor can the six then
    assert rows == {
        (None, None): 8,
        ("app", "=Acme"): 8,
        ("device", "desktop"): None,
        ("device", "phone"): None,
        ("language", "en"): 8,
        ("way", ""): 8,
    }
    assert told["suppressed_under"] == 5
    every = json.loads(typed(*words, "--json", "--exact", "--app", "=Acme").stdout)["rows"]
    assert [row["reached"]["arrived"] for row in every if row["by"] == "device"] == [2, 6]
    lines = list(csv.DictReader(typed(*words, "--csv").stdout.splitlines()))
    assert [(line["value"], line["arrived"]) for line in lines[:4]] == [
        ("", "8"),
        ("'=Acme", "8"),
        ("desktop", ""),
        ("phone", ""),
    ]
    table = typed(*words).stdout
    assert all(name in table for name in ("by device", "under 5", "abandoned before token"))
    refused = typed(*words, "--app", "Nobody")
    assert (refused.exit_code, "no third party named 'Nobody'" in refused.stderr) == (1, True)
    assert typed(*words, "--from", "2026-02-02", "--to", "2026-02-01").exit_code == 1
