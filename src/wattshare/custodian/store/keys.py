"""The keys that the database does not hold: one makes look-up values, the other seals people's details.

Two keys of each sort may live at a time; the one listed last writes, all of them read.
"""

import base64
import binascii
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
# random bytes repeat themselves seldom; a typed-in or blanked key does
DISTINCT_BYTES = 12


class BadKeys(Exception):
    """The keys cannot be used; the text is one line for the operator."""


class Unsealable(Exception):
    """A sealed text was changed, moved to another row, or sealed with a key that is not there."""


@dataclass(frozen=True, eq=False)
class Keys:
    """Keys by id, each sort in the order of its file. Two of them are never alike."""

    hmac: Mapping[str, bytes] = field(repr=False)
    sealing: Mapping[str, bytes] = field(repr=False)
    _ciphers: dict[tuple[str, str], AESGCM] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, path: Path) -> "Keys":
        """The keys of a file.

        Raises:
            BadKeys: it is missing, open to others, not what it should be, or a key is short or a placeholder.
        """
        try:
            if path.stat().st_mode & 0o077:
                raise BadKeys(f"{path}: others may read it; make it 0600")
            written = json.loads(path.read_text())
        except OSError as why:
            raise BadKeys(f"{path}: {why.strerror}") from why
        except ValueError as why:
            raise BadKeys(f"{path}: is not JSON") from why
        if not isinstance(written, dict):
            raise BadKeys(f"{path}: is not an object with hmac and seal")
        return cls(_keys(path, written, "hmac"), _keys(path, written, "seal"))

    @classmethod
    def make(cls, path: Path) -> "Keys":
        """Fresh keys, written to a new file that only its owner may read.

        Raises:
            FileExistsError: there are keys already.
        """
        fresh = {sort: {"k1": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()} for sort in SORTS}
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(fresh, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            # a link, not a rename: it does not replace keys that are there
            os.link(aside, path)
        finally:
            aside.unlink(missing_ok=True)
        return cls.read(path)

    def mac(self, text: str) -> str:
        """What stands in the database in place of `text`: the key's id and an HMAC-SHA-256."""
        return _mac(*_last(self.hmac), text)

    def macs(self, text: str) -> tuple[str, ...]:
        """What may stand in the database in place of `text`, under every live key; the newest first."""
        return tuple(_mac(key_id, key, text) for key_id, key in reversed(tuple(self.hmac.items())))

    def matches(self, mac: str, text: str) -> bool:
        """Whether `mac` was made of `text`, in a time that tells nothing."""
        return any(hmac.compare_digest(mac, made) for made in self.macs(text))

    def seal(self, purpose: str, row: str, text: str) -> str:
        """`text` under AES-256-GCM, openable for the same purpose and row only."""
        key_id, _ = _last(self.sealing)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher(key_id, purpose).encrypt(nonce, text.encode(), row.encode())
        return f"{key_id}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, purpose: str, row: str, sealed: str) -> str:
        """What was sealed.

        Raises:
            Unsealable: it was changed, belongs elsewhere, or its key is gone.
        """
        key_id, _, text = sealed.partition(":")
        if key_id not in self.sealing:
            raise Unsealable(f"{purpose} of {row} is sealed with a key that is not there")
        whole = base64.b64decode(text)
        nonce, body = whole[:NONCE_BYTES], whole[NONCE_BYTES:]
        try:
            return self._cipher(key_id, purpose).decrypt(nonce, body, row.encode()).decode()
        except InvalidTag as why:
            raise Unsealable(f"{purpose} of {row} was not sealed for it") from why

    def _cipher(self, key_id: str, purpose: str) -> AESGCM:
        cipher = self._ciphers.get((key_id, purpose))
        if cipher is None:
            derive = HKDF(SHA256(), KEY_BYTES, salt=None, info=f"wattshare {purpose}".encode())
            cipher = AESGCM(derive.derive(self.sealing[key_id]))
            self._ciphers[key_id, purpose] = cipher
        return cipher


def absent(path: Path) -> str:
    """What to do where there are no keys. A database that lies beside them was made with some."""
    if path.with_name("wattshare.db").exists():
        return f"{path} is gone. Bring it back from where you keep it: without it nothing there can be read."
    return f"{path.parent} holds no installation. Make one: wattshare init --home {path.parent}"


SORTS = ("hmac", "seal")


def _last(keys: Mapping[str, bytes]) -> tuple[str, bytes]:
    return tuple(keys.items())[-1]


def _mac(key_id: str, key: bytes, text: str) -> str:
    return f"{key_id}:{hmac.digest(key, text.encode(), sha256).hex()}"


def _keys(path: Path, written: Mapping[str, object], sort: str) -> dict[str, bytes]:
    named = written.get(sort)
    if not isinstance(named, dict) or not named:
        raise BadKeys(f"{path}: has no keys under {sort}")
    return {str(key_id): _key(f"{path}: {sort} key {key_id}", key_id, text) for key_id, text in named.items()}


def _key(what: str, key_id: str, text: object) -> bytes:
    if not key_id.isalnum():
        raise BadKeys(f"{what} has an id that is not letters and digits")
    try:
        key = base64.b64decode(str(text), validate=True)
    except binascii.Error as why:
        raise BadKeys(f"{what} is not base64") from why
    if len(key) != KEY_BYTES:
        raise BadKeys(f"{what} has {len(key)} bytes, not {KEY_BYTES}")
    if len(set(key)) < DISTINCT_BYTES or key.isascii():
        raise BadKeys(f"{what} is a placeholder, not a random key")
    return key
