"""Signatures of notices: what holds, what does not, and what is said of it."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wattshare.thirdparty.signatures import TOLERANCE, NotSigned, Signers

NOW = datetime(2024, 3, 13, 19, tzinfo=UTC)
BODY = b"<BatchList/>"
SECRET, OTHER = bytes(range(32)), bytes(range(1, 33))
KEY = Ed25519PrivateKey.from_private_bytes(SECRET)


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def signed(*sorts: str, at: datetime = NOW, secret: bytes = SECRET) -> dict[str, str]:
    """The headers of a notice."""
    stamp = str(int(at.timestamp()))
    content = f"n1.{stamp}.".encode() + BODY
    made = {"v1": text(hmac.digest(secret, content, sha256)), "v1a": text(KEY.sign(content)), "v9": "AAAA"}
    signature = " ".join(f"{sort},{made[sort]}" for sort in sorts)
    return {"webhook-id": "n1", "webhook-timestamp": stamp, "webhook-signature": signature}


BY_SECRET = Signers(secrets=(f"whsec_{text(SECRET)}",))
BY_KEY = Signers(keys=(f"whpk_{text(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}",))


@pytest.mark.parametrize(
    ("signers", "headers"),
    [
        (BY_SECRET, signed("v1")),
        (BY_SECRET, signed("v1a", "v9", "v1")),
        (BY_KEY, signed("v1", "v1a")),
        # while a secret is changed
        (Signers(secrets=(f"whsec_{text(OTHER)}", f"whsec_{text(SECRET)}")), signed("v1")),
        (BY_SECRET, signed("v1", at=NOW - timedelta(seconds=TOLERANCE))),
        (BY_SECRET, signed("v1", at=NOW + timedelta(seconds=TOLERANCE))),
    ],
)
def test_one_signature_that_holds_is_enough(signers: Signers, headers: dict[str, str]) -> None:
    signers.check(headers, BODY, at=NOW)


@pytest.mark.parametrize(
    ("signers", "headers", "words"),
    [
        (BY_SECRET, signed("v1a"), "No signature"),
        (BY_KEY, signed("v1"), "No signature"),
        (BY_SECRET, signed("v1", secret=OTHER), "No signature"),
        (BY_SECRET, signed("v1") | {"webhook-id": "n2"}, "No signature"),
        (BY_SECRET, signed("v1") | {"webhook-signature": "v1,%%% v1 , v1,"}, "No signature"),
        (BY_KEY, signed("v1a") | {"webhook-signature": "v1a,AAAA"}, "No signature"),
        (BY_SECRET, signed("v1", at=NOW - timedelta(seconds=TOLERANCE + 1)), "clocks"),
        (BY_SECRET, signed("v1", at=NOW + timedelta(seconds=TOLERANCE + 1)), "clocks"),
        (BY_SECRET, signed("v1") | {"webhook-timestamp": "soon"}, "epoch seconds"),
        (BY_SECRET, {}, "webhook-id"),
        (BY_SECRET, {"webhook-id": "n1", "webhook-timestamp": "1"}, "webhook-signature"),
    ],
)
def test_what_does_not_hold_is_refused_in_words(signers: Signers, headers: dict[str, str], words: str) -> None:
    with pytest.raises(NotSigned, match=words):
        signers.check(headers, BODY, at=NOW)


def test_another_body_does_not_hold() -> None:
    with pytest.raises(NotSigned):
        BY_SECRET.check(signed("v1"), BODY + b" ", at=NOW)
    with pytest.raises(NotSigned):
        BY_KEY.check(signed("v1a"), BODY + b" ", at=NOW)


def test_a_secret_is_not_printed() -> None:
    assert text(SECRET) not in repr(BY_SECRET)
