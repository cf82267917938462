"""Whether a notice is the custodian's. Standard Webhooks: `v1` is by a shared secret, `v1a` by the custodian's key."""

import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from wattshare.thirdparty.errors import Failed

SECRET, PUBLIC = "whsec_", "whpk_"
# seconds that the sender's clock, and the way here, may take
TOLERANCE = 300


class NotSigned(Failed):
    """The notice is not signed by the custodian, or was signed too long ago."""


@dataclass(frozen=True, kw_only=True)
class Signers:
    """Whose signatures hold: one that holds is enough."""

    # `whsec_…`, of this third party
    secrets: tuple[str, ...] = field(default=(), repr=False)
    # `whpk_…`, of the custodian
    keys: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether signatures are asked for at all."""
        return bool(self.secrets or self.keys)

    def check(self, headers: Mapping[str, str], body: bytes, *, at: datetime) -> None:
        """Let a notice pass that one of them signed a short while ago. `headers` have lower-case names.

        Raises:
            NotSigned: none did.
        """
        missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not headers.get(name)]
        if missing:
            raise NotSigned(f"The notice has no {missing[0]}.")
        stamp = headers["webhook-timestamp"]
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise NotSigned("webhook-timestamp is not in epoch seconds.")
        if abs(at.timestamp() - int(stamp)) > TOLERANCE:
            raise NotSigned(f"The notice was signed more than {TOLERANCE} seconds ago, or one of our clocks is wrong.")
        content = f"{headers['webhook-id']}.{stamp}.".encode() + body
        if not any(self._holds(sort, signature, content) for sort, signature in signatures(headers)):
            raise NotSigned("No signature of the notice holds; compare the secret with the custodian's.")

    def _holds(self, sort: str, signature: bytes, content: bytes) -> bool:
        match sort:
            case "v1":
                return any(by_secret(secret, signature, content) for secret in self.secrets)
            case "v1a":
                return any(by_key(key, signature, content) for key in self.keys)
            case _:
                return False


def signatures(headers: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Sort and bytes of each signature; what is none is left out."""
    for word in headers["webhook-signature"].split():
        sort, _, text = word.partition(",")
        try:
            yield sort, base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue


def by_secret(secret: str, signature: bytes, content: bytes) -> bool:
    """Whether it is the HMAC of a secret."""
    key = base64.b64decode(secret.removeprefix(SECRET))
    return hmac.compare_digest(hmac.digest(key, content, sha256), signature)


def by_key(key: str, signature: bytes, content: bytes) -> bool:
    """Whether it is the signature of a key. RFC 8032."""
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix(PUBLIC))).verify(signature, content)
    except InvalidSignature:
        return False
    return True
