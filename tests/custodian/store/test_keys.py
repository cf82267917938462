"""Look-up values and sealed texts."""

import base64
import json
from pathlib import Path

import pytest

from wattshare.custodian.store.keys import BadKeys, Keys, Unsealable

GOOD = base64.b64encode(bytes(range(200, 232))).decode()


def write(path: Path, content: object, mode: int = 0o600) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return path


def test_fresh_keys_are_their_owners_only(tmp_path: Path) -> None:
    Keys.make(tmp_path / "keys.json")
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_keys_that_are_there_are_not_replaced(tmp_path: Path) -> None:
    kept = Keys.make(tmp_path / "keys.json")
    with pytest.raises(FileExistsError):
        Keys.make(tmp_path / "keys.json")
    found = Keys.read(tmp_path / "keys.json")
    assert (found.hmac, found.sealing) == (kept.hmac, kept.sealing)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is not JSON"),
        ([], "is not an object"),
        ({"hmac": {"k1": GOOD}}, "has no keys under seal"),
        ({"hmac": {}, "seal": {"k1": GOOD}}, "has no keys under hmac"),
        ({"hmac": {"k1": "no base64!"}, "seal": {"k1": GOOD}}, "is not base64"),
        ({"hmac": {"k1": 7}, "seal": {"k1": GOOD}}, "is not base64"),
        ({"hmac": {"k1": GOOD[:8]}, "seal": {"k1": GOOD}}, "has 6 bytes"),
        ({"hmac": {"k:1": GOOD}, "seal": {"k1": GOOD}}, "letters and digits"),
        ({"hmac": {"k1": base64.b64encode(bytes(32)).decode()}, "seal": {"k1": GOOD}}, "placeholder"),
        (
            {
                "hmac": {"k1": base64.b64encode(b"change me before you start this!").decode()},
                "seal": {"k1": GOOD},
            },
            "placeholder",
        ),
    ],
)
def test_keys_that_are_no_keys_are_refused_in_one_line(tmp_path: Path, content: object, told: str) -> None:
    with pytest.raises(BadKeys, match=told) as refusal:
        Keys.read(write(tmp_path / "keys.json", content))
    assert "\n" not in str(refusal.value)
    assert GOOD not in str(refusal.value)


def test_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "keys.json", {"hmac": {"k1": GOOD}, "seal": {"k1": GOOD}}, 0o640)
    with pytest.raises(BadKeys, match="0600"):
        Keys.read(path)


def test_missing_keys_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadKeys, match="No such file"):
        Keys.read(tmp_path / "keys.json")


def test_nothing_shows_a_key(keys: Keys) -> None:
    shown = repr(keys)
    for key in (*keys.hmac.values(), *keys.sealing.values()):
        assert repr(key) not in shown


def two_keys(keys: Keys) -> Keys:
    return Keys({**keys.hmac, "k2": bytes(range(100, 132))}, {**keys.sealing, "k2": bytes(range(32, 64))})


def test_the_last_key_writes_and_both_are_looked_up(keys: Keys) -> None:
    both = two_keys(keys)
    assert both.mac("text").startswith("k2:")
    assert both.macs("text") == (both.mac("text"), keys.mac("text"))
    assert both.matches(keys.mac("text"), "text")
    assert not both.matches(keys.mac("text"), "other")


def test_what_the_former_key_sealed_is_opened(keys: Keys) -> None:
    both = two_keys(keys)
    assert both.open("names", "row", keys.seal("names", "row", "Robin Field")) == "Robin Field"
    with pytest.raises(Unsealable, match="not there"):
        keys.open("names", "row", both.seal("names", "row", "Robin Field"))


def test_sealing_twice_never_gives_the_same(keys: Keys) -> None:
    assert keys.seal("names", "row", "text") != keys.seal("names", "row", "text")


@pytest.mark.parametrize(("purpose", "row"), [("names", "other"), ("addresses", "row")])
def test_a_sealed_text_opens_in_its_place_only(keys: Keys, purpose: str, row: str) -> None:
    sealed = keys.seal("names", "row", "Robin Field")
    with pytest.raises(Unsealable):
        keys.open(purpose, row, sealed)


def test_a_changed_text_does_not_open(keys: Keys) -> None:
    key_id, _, text = keys.seal("names", "row", "Robin Field").partition(":")
    body = bytearray(base64.b64decode(text))
    body[-1] ^= 1
    with pytest.raises(Unsealable):
        keys.open("names", "row", f"{key_id}:{base64.b64encode(body).decode()}")
