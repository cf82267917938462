"""Usage as CSV, piece by piece."""

import csv
import json
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from tests.thirdparty.conftest import Counter, tokens
from tests.thirdparty.test_feeds import BLOCK, CODES, METER_READING, READING_TYPE, USAGE_POINT, bill, feed
from wattshare.thirdparty import cli, errors
from wattshare.thirdparty.pull import NotShared, Piece, Pull, What
from wattshare.thirdparty.tokens import FileTokenStore

BATCH = feed(READING_TYPE, USAGE_POINT, METER_READING, BLOCK, CODES)


def points() -> httpx2.Response:
    return httpx2.Response(200, content=feed(USAGE_POINT))


def batch() -> httpx2.Response:
    return httpx2.Response(200, content=BATCH)


def pulling(custodian: Counter, out: Path, **changes: Any) -> Pull:
    values: dict[str, Any] = {
        "client": custodian.client(None, tokens(1)),
        "subscriptions": ("4100001",),
        "since": date(2024, 3, 1),
        "until": date(2024, 5, 1),
        "out": out,
    }
    return Pull(**{**values, **changes})


def rows(out: Path) -> list[dict[str, str]]:
    with out.open(newline="") as text:
        return list(csv.DictReader(text))


def test_a_pull_asks_a_month_at_a_time_and_writes_one_file(custodian: Counter, tmp_path: Path) -> None:
    custodian.answers = [points(), batch(), httpx2.Response(204)]
    pull, seen = pulling(custodian, tmp_path / "usage.csv"), list[tuple[Piece, int]]()
    pulled = pull.run(pull.pieces(), lambda piece, count: seen.append((piece, count)))
    assert [dict(each.url.params) for each in custodian.asked[1:]] == [
        {"published-min": "2024-03-01T08:00:00Z", "published-max": "2024-04-01T06:59:59Z"},
        {"published-min": "2024-04-01T07:00:00Z", "published-max": "2024-05-02T06:59:59Z"},
    ]
    assert (pulled.rows, pulled.calls, pulled.kept) == (2, 2, 0)
    assert [count for _, count in seen] == [2, 0]
    first, second = rows(tmp_path / "usage.csv")
    assert first == {
        "usage_point": "5390000001",
        "meter_reading": "TnpJNmJuVnNiRG81TURBNk1RPT06MQ==",
        "commodity": "electricity",
        "flow": "delivered",
        "start": "2024-05-01T07:00:00Z",
        "seconds": "900",
        "value": "99",
        "unit": "Wh",
        "quality": "validated",
        "tou": "6",
        "tou_name": "WOP",
        "cost": "",
        "currency": "",
    }
    assert (second["value"], second["quality"], second["tou"]) == (
        "-0.001",
        "estimated from a reference day",
        "",
    )
    assert [each.name for each in tmp_path.iterdir()] == ["usage.csv"]
    assert stat.S_IMODE((tmp_path / "usage.csv").stat().st_mode) == 0o600


def test_an_interrupted_pull_goes_on_where_it_was(custodian: Counter, tmp_path: Path) -> None:
    out = tmp_path / "usage.csv"
    custodian.answers = [points(), batch(), httpx2.Response(403)]
    pull = pulling(custodian, out)
    with pytest.raises(errors.NotPermitted):
        pull.run(pull.pieces(), lambda *_: None)
    assert not out.exists()
    custodian.answers = [points(), batch()]
    again = pulling(custodian, out)
    pulled = again.run(again.pieces(), lambda *_: None)
    assert (pulled.rows, pulled.calls, pulled.kept) == (4, 1, 1)
    assert len(rows(out)) == 4
    assert [each.name for each in tmp_path.iterdir()] == ["usage.csv"]


def test_a_feed_that_breaks_off_leaves_no_piece(custodian: Counter, tmp_path: Path) -> None:
    custodian.answers = [points(), httpx2.Response(200, content=BATCH[:-200])]
    pull = pulling(custodian, tmp_path / "usage.csv", since=date(2024, 5, 1))
    with pytest.raises(Exception, match=r".+"):
        pull.run(pull.pieces(), lambda *_: None)
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_other_columns_do_not_take_the_pieces_of_an_interrupted_pull(custodian: Counter, tmp_path: Path) -> None:
    custodian.answers = [points(), batch(), httpx2.Response(403)]
    pull = pulling(custodian, tmp_path / "usage.csv")
    with pytest.raises(errors.NotPermitted):
        pull.run(pull.pieces(), lambda *_: None)
    custodian.answers = [points(), httpx2.Response(200, content=feed(bill(23364000, "2024-05-02"))), batch()]
    other = pulling(custodian, tmp_path / "usage.csv", what=What.BILLS)
    pulled = other.run(other.pieces(), lambda *_: None)
    assert (pulled.rows, pulled.kept) == (1, 0)
    [told] = rows(tmp_path / "usage.csv")
    assert (told["amount"], told["currency"], told["end"]) == ("233.64", "USD", "2015-07-10T07:00:00Z")


def test_only_the_usage_points_that_were_named_are_pulled(custodian: Counter, tmp_path: Path) -> None:
    other = USAGE_POINT.replace("5390000001", "5390000002")
    custodian.answers = [httpx2.Response(200, content=feed(USAGE_POINT, other))]
    pull = pulling(custodian, tmp_path / "usage.csv", usage_points=("5390000002",))
    assert {piece.usage_point for piece in pull.pieces()} == {"5390000002"}


def test_a_usage_point_that_nobody_shares_is_said_with_those_that_are(custodian: Counter, tmp_path: Path) -> None:
    custodian.answers = [points()]
    with pytest.raises(NotShared, match=r"No usage point 5390000099 is shared; there is: 5390000001\."):
        pulling(custodian, tmp_path / "usage.csv", usage_points=("5390000099",)).pieces()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "custodian.json"
    # nobody listens at the discard port
    here = "http://127.0.0.1:9"
    told = {"resource": f"{here}/r", "oauth": f"{here}/o", "client_id": "me", "client_secret": "x" * 30}
    file.write_text(json.dumps(told))
    return file


def test_a_command_without_a_customer_says_what_to_do(config: Path) -> None:
    result = CliRunner().invoke(cli.app, ["pull", "--config", str(config)])
    assert result.exit_code == 1
    # as it can be typed
    assert f"connect --config {config}" in result.output


def test_what_is_tried_again_is_said_aside_and_facts_stay_facts(config: Path) -> None:
    store = FileTokenStore(config.with_suffix(".tokens.json"))
    store.keep(replace(tokens(1), expires_at=4_000_000_000))
    result = CliRunner().invoke(cli.app, ["pull", "--config", str(config), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"] == "Unreachable"
    assert result.stderr.count("no connection") == 2
    assert "trying again in" in result.stderr


def test_a_command_without_a_custodian_says_how_to_get_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.app, ["pull", "--home", str(tmp_path / "nowhere"), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"] == "BadConfiguration"
    assert "wattshare sandbox --home" in result.stdout


@pytest.mark.parametrize("day", ["yesterday", "2024-13-01", "d", "-3d"])
def test_a_day_that_is_none_is_refused(config: Path, day: str) -> None:
    result = CliRunner().invoke(cli.app, ["pull", "--config", str(config), "--subscription", "1", f"--since={day}"])
    assert result.exit_code == 2
    assert "YYYY-MM-DD" in result.output
