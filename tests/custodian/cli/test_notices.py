"""The ledger by command, secrets, outages, messages, and the end of intake."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.custodian.cli.conftest import Typed
from tests.custodian.cli.test_third_parties import added
from wattshare.command import compose
from wattshare.custodian.app import opened
from wattshare.custodian.model.messages import MessageKind

TOLD = ("--notification-uri", "https://acme.example/told", "--notify-kinds", "outage_planned")


def told(typed: Typed, *words: object) -> Any:
    """What a command says as JSON."""
    result = typed(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def announced(typed: Typed, home: Path) -> dict[str, Any]:
    """An outage, which somebody is told of."""
    when = ("--from", "2090-01-01T00:00:00Z", "--to", "2090-01-01T02:00:00Z")
    facts: dict[str, Any] = told(typed, "outage", "add", "--home", home, *when, "--text", "New meters.")
    return facts


def test_notices_are_listed_shown_and_told_again(typed: Typed, home: Path) -> None:
    added(typed, home, "Acme", *TOLD)
    added(typed, home, "Other")
    announced(typed, home)
    [notice] = told(typed, "notices", "list", "--home", home)
    assert (notice["third_party"], notice["kind"], notice["state"]) == ("Acme", "outage_planned", "due")
    assert told(typed, "notices", "show", notice["id"], "--home", home) == notice
    assert told(typed, "notices", "list", "--home", home, "--party", "Other") == []
    assert told(typed, "notices", "list", "--home", home, "--state", "told") == []
    assert told(typed, "notices", "list", "--home", home, "--until", "2020-01-01") == []
    again = told(typed, "notices", "replay", notice["id"], "--home", home)
    assert [one["outcome"] for one in again] == ["due"]
    again = told(typed, "notices", "replay", "--home", home, "--party", "Acme", "--since", "2020-01-01")
    assert [one["id"] for one in again] == [notice["id"]]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("replay", "nobody's"), "notice"),
        (("replay",), "notice"),
        (("list", "--since", "yesterday"), "since"),
        (("list", "--since", "2024-03-02", "--until", "2024-03-01"), "since"),
        (("replay", "--party", "Acme", "--since", "2024-03-02", "--until", "2024-03-01"), "since"),
        (("list", "--party", "Nobody"), "name"),
        (("list", "--state", "lost"), "state"),
        (("rotate-key", "--keep", "long"), "keep"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(typed: Typed, home: Path, words: tuple[str, ...], field: str) -> None:
    result = typed("notices", *words, "--home", home)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{field}: ")


def test_a_secret_is_shown_when_it_is_made_and_when_it_is_asked_for(typed: Typed, home: Path) -> None:
    [first] = added(typed, home, "Acme")["notice_secrets"]
    assert first.startswith("whsec_")
    assert "notice_secrets" not in told(typed, "third-party", "show", "Acme", "--home", home)
    assert told(typed, "third-party", "show", "Acme", "--home", home, "--secrets")["notice_secrets"] == [first]
    rotated = told(typed, "third-party", "rotate-notice-secret", "Acme", "--home", home)["notice_secrets"]
    assert rotated[1] == first
    assert len(set(rotated)) == 2


def test_the_key_of_the_house_is_changed(typed: Typed, home: Path) -> None:
    first = told(typed, "notices", "rotate-key", "--home", home)
    second = told(typed, "notices", "rotate-key", "--home", home, "--keep", "1d")
    assert first["public_key"] != second["public_key"]
    with opened(home) as house:
        assert [str(key.id) for key in house.delivery.signing.own()] == [second["id"], first["id"]]


def test_outages_are_listed_and_taken_back(typed: Typed, home: Path) -> None:
    outage = announced(typed, home)
    assert told(typed, "outage", "list", "--home", home) == [outage]
    assert typed("outage", "drop", outage["id"], "--home", home).exit_code == 0
    assert told(typed, "outage", "list", "--home", home) == []


def test_kinds_of_notices_are_named_and_cleared(typed: Typed, home: Path) -> None:
    assert added(typed, home, "Acme", *TOLD)["notify_kinds"] == ["outage_planned"]
    assert told(typed, "third-party", "set", "Acme", "--home", home, "--notify-kinds", "")["notify_kinds"] == []
    result = typed("third-party", "set", "Acme", "--home", home, "--notify-kinds", "gossip")
    assert result.exit_code == 1
    assert result.stderr.startswith("notify_kinds: ")


def test_the_end_of_intake_begins_the_deltas_of_the_day_once(typed: Typed, home: Path) -> None:
    added(typed, home, "Acme", "--notify-daily")
    assert told(typed, "intake", "close", "--home", home) == {"begun": 1}
    assert told(typed, "intake", "close", "--home", home) == {"begun": 0}


def test_both_sides_have_their_commands_under_one_word(typed: Typed, home: Path) -> None:
    added(typed, home, "Acme", *TOLD)
    announced(typed, home)
    app = compose(with_custodian=True)
    for name in ("listen", "fetch", "list", "show", "rotate-key"):
        assert CliRunner().invoke(app, ["notices", name, "--help"]).exit_code == 0
    listed = CliRunner().invoke(app, ["notices", "list", "--home", str(home), "--json"])
    assert [one["third_party"] for one in json.loads(listed.stdout)] == ["Acme"]


def test_messages_are_listed_without_what_they_say(typed: Typed, home: Path) -> None:
    with opened(home) as house:
        with house.store.begin() as tx:
            facts: dict[str, str | int] = {"code": "123456", "minutes": 10}
            to = ("robin@home.example",)
            house.delivery.messages.put(tx, None, MessageKind.CODE, facts, to=to)
        house.worker("test").drain()
    [one] = told(typed, "messages", "list", "--home", home, "--state", "given_up")
    assert (one["kind"], one["way"], one["cause"]) == ("code", "mail", "no_way")
    assert told(typed, "messages", "list", "--home", home, "--state", "sent") == []
    shown = typed("messages", "list", "--home", home).stdout
    assert "no_way" in shown
    assert "robin" not in shown
    assert typed("messages", "list", "--home", home, "--state", "lost").exit_code == 1
