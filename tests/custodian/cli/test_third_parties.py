"""Registering third parties by command: wrong values name their field, and what was set can be taken away."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.custodian.cli.conftest import Typed
from wattshare.custodian.cli.third_parties import spoken

REDIRECT = ("--redirect-uri", "https://acme.example/back")


def added(typed: Typed, home: Path, name: str, *words: object) -> dict[str, Any]:
    """A third party that was registered."""
    told = typed("third-party", "add", "--home", home, "--name", name, *REDIRECT, *words, "--json")
    assert told.exit_code == 0, told.output
    facts: dict[str, Any] = json.loads(told.stdout)
    return facts


WRONG = (
    (("--user-type", "king"), "user_type"),
    (("--role", "king"), "role"),
    (("--partner", "Nobody"), "partner"),
    (("--kinds-required", "usage,gossip"), "kinds_required"),
    (("--commodities", "gas,coal"), "commodities"),
    (("--history", "0"), "history_days"),
    (("--pkce", "perhaps"), "pkce_required"),
    (("--portal-uri", "ftp://acme.example"), "portal_uri"),
    (("--notification-uri", "acme"), "notification_uri"),
    (("--certificate", __file__), "certificate"),
)


@pytest.mark.parametrize(("words", "field"), WRONG, ids=str)
def test_a_wrong_value_is_refused_with_the_name_of_its_field(
    typed: Typed, home: Path, words: tuple[str, ...], field: str
) -> None:
    told = typed("third-party", "add", "--home", home, "--name", "Acme", *REDIRECT, *words)
    assert told.exit_code == 1
    named = told.stderr.partition(": ")[0]
    assert named
    assert field.startswith(named)
    assert json.loads(typed("third-party", "list", "--home", home, "--json").stdout) == []


def test_a_certificate_that_is_no_text_is_refused(typed: Typed, home: Path, tmp_path: Path) -> None:
    (tmp_path / "der").write_bytes(bytes(range(256)))
    told = typed("third-party", "add", "--home", home, "--name", "A", *REDIRECT, "--certificate", tmp_path / "der")
    assert told.exit_code == 1
    assert "not a PEM file" in told.stderr


def test_what_may_be_missing_is_cleared_by_empty_text(typed: Typed, home: Path) -> None:
    added(typed, home, "Helper", "--role", "partner")
    uris = ("--portal-uri", "https://acme.example", "--notification-uri", "https://acme.example/told")
    people = ("--contact", "ann@acme.example", "--contact", "ben@acme.example")
    before = added(typed, home, "Acme", "--role", "primary", "--partner", "Helper", *uris, *people)
    assert before["contacts"] == ["ann@acme.example", "ben@acme.example"]
    assert (before["partner"], before["portal_uri"]) == ("Helper", "https://acme.example")
    empty = ("--partner", "", "--portal-uri", "", "--notification-uri", "", "--role", "standalone", "--contact", "")
    told = typed("third-party", "set", "Acme", "--home", home, *empty, "--json")
    assert told.exit_code == 0, told.output
    after = json.loads(told.stdout)
    assert (after["partner"], after["portal_uri"], after["notification_uri"]) == (None, None, None)
    assert (after["role"], after["contacts"]) == ("standalone", [])


def test_nobody_is_their_own_partner(typed: Typed, home: Path) -> None:
    added(typed, home, "Acme", "--role", "partner")
    told = typed("third-party", "set", "Acme", "--home", home, "--role", "primary", "--partner", "Acme")
    assert told.exit_code == 1
    assert told.stderr.startswith("partner: ")


def test_a_certificate_is_not_made_for_a_registration_that_is_refused(typed: Typed, home: Path, tmp_path: Path) -> None:
    words = ("third-party", "add", "--home", home, "--name", "Acme", "--make-certificate", tmp_path / "made")
    assert typed(*words).exit_code == 1
    assert list((tmp_path / "made").iterdir()) == []
    assert typed(*words, *REDIRECT).exit_code == 0
    assert {file.name for file in (tmp_path / "made").iterdir()} == {"client.pem", "client.key"}


def test_a_certificate_is_given_or_made_but_not_both(typed: Typed, home: Path, tmp_path: Path) -> None:
    added(typed, home, "Acme", "--make-certificate", tmp_path / "made")
    both = ("--certificate", tmp_path / "made/client.pem", "--make-certificate", tmp_path / "again")
    told = typed("third-party", "set", "Acme", "--home", home, *both)
    assert told.exit_code == 1
    assert "not both" in told.stderr
    assert not (tmp_path / "again").exists()


def test_a_name_is_printed_as_it_is(typed: Typed, home: Path) -> None:
    added(typed, home, "Acme [red]Energy[/red]")
    assert "Acme [red]Energy[/red]" in typed("third-party", "list", "--home", home).stdout
    assert "Acme [red]Energy[/red]" in typed("third-party", "show", "Acme [red]Energy[/red]", "--home", home).stdout
    assert "Acme [red]Energy[/red]" in typed("authorization", "list", "--home", home).stdout


def test_an_authorization_that_there_is_not_is_told_as_that(typed: Typed, home: Path) -> None:
    told = typed("authorization", "revoke", "77", "--home", home)
    assert told.exit_code == 1
    assert told.stderr == "authorization: There is no authorization 77.\n"


@pytest.mark.parametrize("number", [0, -5, 10**20])
def test_an_id_beyond_all_ids_is_refused(typed: Typed, home: Path, number: int) -> None:
    assert typed("authorization", "revoke", "--home", home, "--", number).exit_code == 2
    words = ("authorization", "add", "--home", home, "--third-party", "Acme", "--usage-point", number)
    assert typed(*words).exit_code == 2


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "none"),
        ([], "none"),
        (False, "no"),
        (True, "yes"),
        (50_001, "50001"),
        (["usage", "billing"], "usage, billing"),
        ({"oauth_test": None, "days_left": 90}, "oauth test none, days left 90"),
    ],
)
def test_facts_are_told_in_words(value: object, words: str) -> None:
    assert spoken(value) == words
