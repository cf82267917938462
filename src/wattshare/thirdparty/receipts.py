"""Whether a receipt or record of a permission is as its custodian signed it. Nobody is asked: it needs no network."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from wattshare.espi.canonical import ALGORITHM, RECEIPT, RECORD, VERSION, Ambiguous, content, read
from wattshare.thirdparty.errors import Failed
from wattshare.thirdparty.signatures import PUBLIC, by_key

KEY_BYTES, SIGNATURE_BYTES = 32, 64


class NotGenuine(Failed):
    """It is no document that this key has signed, or was changed since."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A document whose signature holds."""

    # receipt or record
    what: str
    facts: dict[str, Any]
    # `whpk_…`, which signed it
    key: str
    # the key is one that was asked for, and not only the one that the document brings along
    known: bool


def verify(raw: bytes, keys: tuple[str, ...] = ()) -> Verified:
    """Read a signed document. `keys`: those that may have signed it; none: the one that it names, whosever that is.

    Raises:
        NotGenuine: the signature does not hold, or it is no such document.
    """
    for key in keys:
        public_key(key, "The key that you gave")
    try:
        document = read(raw)
    except Ambiguous as wrong:
        raise NotGenuine(f"This is no receipt. {wrong}") from wrong
    what, facts, signature = parts(document)
    signer, value = signed_by(signature)
    if keys and signer not in keys:
        raise NotGenuine(f"It was signed by another key: {signer}.")
    if not by_key(signer, value, content(what, facts)):
        raise NotGenuine(f"The signature does not hold: the {what} was changed since it was signed, or never was.")
    return Verified(what=what, facts=facts, key=signer, known=bool(keys))


def parts(document: dict[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """What a document is, what it says, and its signature.

    Raises:
        NotGenuine: it is something else.
    """
    found = [what for what in (RECEIPT, RECORD) if what in document]
    if len(found) != 1 or "signature" not in document:
        raise NotGenuine("This is no receipt: it has not the members `receipt` (or `record`) and `signature`.")
    [what] = found
    facts, signature = document[what], document["signature"]
    if not isinstance(facts, dict) or not isinstance(signature, dict):
        raise NotGenuine(f"This is no receipt: `{what}` and `signature` are objects.")
    if more := sorted(document.keys() - {what, "signature"}):
        raise NotGenuine(f"Something was added that nobody signed: {more[0][:40]!r}.")
    version = facts.get("version")
    # JSON's true is no number
    if type(version) is not int or version != VERSION:
        raise NotGenuine(f"Its version is {str(version)[:20]}; this program knows version {VERSION}. Get a newer one.")
    return what, facts, signature


def signed_by(signature: dict[str, Any]) -> tuple[str, bytes]:
    """The key and the signature.

    Raises:
        NotGenuine: they are missing, or not what they should be.
    """
    if signature.keys() != {"algorithm", "key", "value"}:
        raise NotGenuine("`signature` has the members `algorithm`, `key` and `value`, and no others.")
    if signature["algorithm"] != ALGORITHM:
        raise NotGenuine(f"It is signed by {str(signature['algorithm'])[:20]!r}; this program knows {ALGORITHM}.")
    key, text = signature["key"], signature["value"]
    if not isinstance(key, str) or not isinstance(text, str):
        raise NotGenuine("`key` and `value` are texts.")
    public_key(key, "Its key")
    value = decoded(text)
    if value is None or len(value) != SIGNATURE_BYTES:
        raise NotGenuine("Its signature is not 64 bytes of base64.")
    return key, value


def public_key(text: str, whose: str) -> None:
    """Let a public key pass.

    Raises:
        NotGenuine: it is none.
    """
    raw = decoded(text.removeprefix(PUBLIC)) if text.startswith(PUBLIC) else None
    if raw is None or len(raw) != KEY_BYTES:
        raise NotGenuine(f"{whose} is not `{PUBLIC}` and 32 bytes of base64.")


def decoded(text: str) -> bytes | None:
    """Bytes of base64, written in the one way."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None
