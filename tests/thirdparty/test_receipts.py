"""Receipts are checked without a network: what was changed, added, or signed by somebody else is found."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner

from wattshare.espi.canonical import content
from wattshare.thirdparty.cli import app
from wattshare.thirdparty.receipts import NotGenuine, verify

OURS, THEIRS = Ed25519PrivateKey.from_private_bytes(b"1" * 32), Ed25519PrivateKey.from_private_bytes(b"2" * 32)
FACTS = {
    "version": 1,
    "event": "shared",
    "app": "Acme «Énergie»",
    "until": None,
    "data": ["usage"],
    "services": [{"number_ends_in": "0001"}],
}


def public(key: Ed25519PrivateKey) -> str:
    return "whpk_" + base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def signed(
    facts: Any = FACTS, what: str = "receipt", key: Ed25519PrivateKey = OURS, **signature: Any
) -> dict[str, Any]:
    value = base64.b64encode(key.sign(content(what, facts))).decode()
    return {what: facts, "signature": {"algorithm": "ed25519", "key": public(key), "value": value} | signature}


def raw(document: Any) -> bytes:
    return json.dumps(document, indent=1).encode()


@pytest.mark.parametrize("what", ["receipt", "record"])
def test_a_signature_holds_however_the_file_is_laid_out(what: str) -> None:
    document = signed(what=what)
    for text in (
        json.dumps(document),
        json.dumps(document, indent=4, ensure_ascii=False),
        json.dumps(document, sort_keys=True),
    ):
        verified = verify(text.encode(), (public(THEIRS), public(OURS)))
        assert (verified.what, verified.facts, verified.known) == (what, FACTS, True)
    assert verify(raw(document)).known is False


def changed(change: Callable[[dict[str, Any]], Any]) -> bytes:
    document = json.loads(json.dumps(signed()))
    change(document)
    return raw(document)


TAMPERED = {
    "a value": (lambda one: one["receipt"].update(app="Other"), "was changed"),
    "a list": (lambda one: one["receipt"]["data"].append("billing"), "was changed"),
    "a member more": (lambda one: one["receipt"].update(extra=1), "was changed"),
    "a member less": (lambda one: one["receipt"].pop("until"), "was changed"),
    "beside it": (lambda one: one.update(note="x"), "nobody signed"),
    "both": (lambda one: one.update(record={}), "has not the members"),
    "another kind": (lambda one: one.update(record=one.pop("receipt")), "was changed"),
    "no signature": (lambda one: one.pop("signature"), "has not the members"),
    "an algorithm": (lambda one: one["signature"].update(algorithm="none"), "signed by 'none'"),
    "another key": (lambda one: one["signature"].update(key=public(THEIRS)), "was changed"),
    "no key": (lambda one: one["signature"].update(key="whpk_AAAA"), "32 bytes"),
    "a number for a key": (lambda one: one["signature"].update(key=1), "are texts"),
    "a short signature": (lambda one: one["signature"].update(value="AAAA"), "64 bytes"),
    "no base64": (lambda one: one["signature"].update(value="§"), "64 bytes"),
    "a version": (lambda one: one["receipt"].update(version=2), "Its version is 2"),
    "no version": (lambda one: one["receipt"].pop("version"), "Its version is None"),
    "true for one": (lambda one: one["receipt"].update(version=True), "Its version is True"),
    "a list for it": (lambda one: one.update(receipt=[]), "are objects"),
    "half a character": (lambda one: one["receipt"].update(app="\ud800"), "half a character"),
    "a fraction": (lambda one: one["receipt"].update(until=1.5), "fraction"),
    "not a number": (lambda one: one["receipt"].update(until=float("nan")), "fraction"),
    "a long number": (lambda one: one["receipt"].update(until=10**30), "digits"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_tampered_with_is_found(name: str) -> None:
    change, sentence = TAMPERED[name]
    for keys in ((), (public(OURS),)):
        with pytest.raises(NotGenuine) as found:
            verify(changed(change), keys)
    assert sentence in str(found.value) or (name == "another key" and "another key" in str(found.value))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b'{"receipt": {"a": 1, "a": 2}, "signature": {}}',
        b"[" * 200_000,
        b'{"receipt": ' + b"1" * 5_000 + b"}",
        b" " * (1 << 21),
    ],
)
def test_what_is_no_receipt_is_said_to_be_none(text: bytes) -> None:
    with pytest.raises(NotGenuine, match="This is no receipt"):
        verify(text)


def test_a_key_that_is_asked_for_must_have_signed() -> None:
    with pytest.raises(NotGenuine, match="signed by another key"):
        verify(raw(signed()), (public(THEIRS),))
    with pytest.raises(NotGenuine, match="The key that you gave"):
        verify(raw(signed()), ("whpk_nonsense",))


def test_the_command_says_what_it_found(tmp_path: Path) -> None:
    file, run = tmp_path / "receipt.json", CliRunner()
    file.write_bytes(raw(signed()))
    told = run.invoke(app, ["receipt", "verify", str(file)])
    assert told.exit_code == 0
    assert "The signature holds" in told.output
    assert "  data: usage\n  services: 0001\n" in told.output
    assert "Whose key that is was not checked" in told.output
    told = run.invoke(app, ["receipt", "verify", str(file), "--key", public(OURS), "--json"])
    assert json.loads(told.output) == {"what": "receipt", "key": public(OURS), "key_is_known": True, "facts": FACTS}
    file.write_bytes(changed(lambda one: one["receipt"].update(app="Other")))
    told = run.invoke(app, ["receipt", "verify", str(file), "--json"])
    assert told.exit_code == 1
    assert json.loads(told.output)["error"] == "NotGenuine"
    told = run.invoke(app, ["receipt", "verify", str(tmp_path / "none.json"), "--json"])
    assert (told.exit_code, json.loads(told.output)["error"]) == (1, "NotGenuine")
