"""Who stands behind a third party is written to when something of it was changed that somebody could misuse."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conversations.stage import Desk, Person, desk
from tests.conversations.test_messages import into, mails, work
from tests.custodian.houses import NOON, TestHouse, utc
from wattshare.custodian.sandbox.authority import Authority
from wattshare.thirdparty.connect import finish
from wattshare.thirdparty.errors import GrantRefused


@pytest.fixture
def engine() -> str:
    """What is owed is told by the same tables as every mail."""
    return "sqlite"


@pytest.fixture
def watched(house: TestHouse) -> Desk:
    """A third party with people."""
    return desk(house, contacts=("ann@acme.example", "desk, room 2"))


def changed(house: TestHouse, party: Desk, **told: object) -> None:
    """The operator changes a registration."""
    known = house.house.registration.show(party.name).party
    house.house.registration.change(party.name, replace(house.house.registration.wish(known), **told))  # type: ignore[arg-type]


def letters(house: TestHouse, folder: Path) -> list[tuple[str, str]]:
    """To whom and what, of all mails until now."""
    work(house, into(house, folder))
    bodies = ((one["to"], one.get_body(("plain",))) for one in mails(folder))
    return [(to, body.get_content()) for to, body in bodies if body is not None]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"redirect_uris": ("https://other.example/back",)}, "where customers come back to"),
        ({"notification_uri": "https://other.example/notices"}, "where notices go"),
        ({"notification_uri": None}, "where notices go"),
        ({"certificate": Authority.make("Acme", utc(NOON)).issued.certificate.decode()}, "the client certificate"),
    ],
)
def test_the_contacts_are_written_to(
    house: TestHouse, watched: Desk, tmp_path: Path, told: dict[str, object], words: str
) -> None:
    changed(house, watched, **told)
    [(to, text)] = letters(house, tmp_path / "mail")
    assert to == "ann@acme.example"
    assert "March 13, 2024" in text
    assert f"of Acme Energy with Riverton Power: {words}." in text
    assert "555-0100" in text


def test_another_secret_is_told_of(house: TestHouse, watched: Desk, tmp_path: Path) -> None:
    house.house.delivery.signing.rotate(watched.bulk_id, 60)
    [(_, text)] = letters(house, tmp_path / "mail")
    assert "the secret that notices are signed with" in text


def test_who_changes_the_contacts_does_not_silence_them(house: TestHouse, watched: Desk, tmp_path: Path) -> None:
    changed(house, watched, contacts=("eve@elsewhere.example",))
    [(to, text)] = letters(house, tmp_path / "mail")
    assert to == "ann@acme.example, eve@elsewhere.example"
    assert "the contacts" in text


def test_what_harms_nobody_is_told_to_nobody(house: TestHouse, watched: Desk, tmp_path: Path) -> None:
    changed(house, watched, purpose="Something else.", notify_daily=True)
    house.house.delivery.signing.rotate(None, 60)
    assert letters(house, tmp_path / "mail") == []


def test_nobody_is_written_to_where_nobody_is_named(house: TestHouse, acme: Desk, tmp_path: Path) -> None:
    changed(house, acme, notification_uri="https://other.example/notices")
    assert letters(house, tmp_path / "mail") == []


def test_codes_that_were_given_before_work_no_more(house: TestHouse, watched: Desk) -> None:
    journey = watched.journey()
    arrived = Person(house, house.home(days=1)).share(journey)
    changed(house, watched, redirect_uris=("https://acme-energy.example/callback", "https://acme-energy.example/b"))
    with pytest.raises(GrantRefused):
        finish(watched.client, journey, arrived)
