"""Signatures of notices, as Standard Webhooks has them: `v1` by a secret that the third party shares, `v1a` by our key.

What is signed is `ID.TIMESTAMP.BODY`. While two secrets or keys are alive, each of them signs.
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.signing import SigningKey

SECRET, PUBLIC = "whsec_", "whpk_"
# 256 bits: of an HMAC's key, and of an Ed25519 private key
KEY_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Makes keys where there are none, changes them, and signs."""

    store: Store
    now: Clock
    # so many random bytes
    random: Callable[[int], bytes]
    # who is told that a third party has another secret, in that transaction
    warn: Callable[[Tx, int], None]

    def secrets(self, third_party_id: int) -> tuple[SigningKey, ...]:
        """The secrets of a third party that are alive; the newest first. One is made where there is none."""
        return self._alive(third_party_id)

    def own(self) -> tuple[SigningKey, ...]:
        """The house's own keys that are alive; the newest first."""
        return self._alive(None)

    def rotate(self, third_party_id: int | None, keep_seconds: int) -> SigningKey:
        """Make another secret of a third party, or another key of the house; the former signs that much longer."""
        at = self.now()
        with self.store.begin() as tx:
            for former in tx.signing.alive(third_party_id, at):
                ends = at + keep_seconds
                if former.ends is None or former.ends > ends:
                    tx.signing.end(former.id, ends)
            made = self._make(tx, third_party_id, at)
            tx.trail.write("notice_key_changed", at, third_party_id=third_party_id)
            if third_party_id is not None:
                self.warn(tx, third_party_id)
        return made

    def headers(self, third_party_id: int, notice_id: str, at: int, body: bytes) -> Mapping[str, str]:
        """What goes out beside a body."""
        content = f"{notice_id}.{at}.".encode() + body
        shared = (f"v1,{by_secret(key.secret, content)}" for key in self.secrets(third_party_id))
        ours = (f"v1a,{by_key(key.secret, content)}" for key in self.own())
        return {
            "webhook-id": notice_id,
            "webhook-timestamp": str(at),
            "webhook-signature": " ".join((*shared, *ours)),
        }

    def _alive(self, third_party_id: int | None) -> tuple[SigningKey, ...]:
        with self.store.read() as tx:
            alive = tx.signing.alive(third_party_id, self.now())
        if alive:
            return alive
        with self.store.begin() as tx:
            # another worker may have been here since
            return tx.signing.alive(third_party_id, self.now()) or (self._make(tx, third_party_id, self.now()),)

    def _make(self, tx: Tx, third_party_id: int | None, at: int) -> SigningKey:
        secret = self.random(KEY_BYTES)
        public = None if third_party_id is not None else encoded(public_half(secret))
        return tx.signing.add(third_party_id, encoded(secret), public, at)


def by_secret(secret: str, content: bytes) -> str:
    """HMAC-SHA-256, base64."""
    return encoded(hmac.digest(base64.b64decode(secret), content, sha256))


def by_key(secret: str, content: bytes) -> str:
    """Ed25519, base64. RFC 8032."""
    # as in store.keys: only who tells notices needs it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    return encoded(Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret)).sign(content))


def public_half(secret: bytes) -> bytes:
    """The public key of an Ed25519 private key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    key = Ed25519PrivateKey.from_private_bytes(secret).public_key()
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def encoded(raw: bytes) -> str:
    """Base64."""
    return base64.b64encode(raw).decode()
