"""The utility's own sign-in as a service that is asked: what it says of itself, its keys, its tokens.

OpenID Connect Discovery 1.0, RFC 7517, RFC 6749 §4.1.3. Everything goes out through `outbound`.
"""

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from wattshare.custodian.exchange import Answered
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.outbound import Failed

CONFIGURATION = "/.well-known/openid-configuration"
ALGORITHMS = ("RS256", "ES256")
# what it says of itself is asked for again after that
FRESH_SECONDS = 600
# keys that a token names and we do not know are looked for that often, at most
KEYS_SECONDS = 30
# so many seconds after it did not answer, it is asked again
DOWN_SECONDS = 5
NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderFailed(Exception):
    """It cannot be asked, or answers what cannot be; the text is for the log."""


class Asking(Protocol):
    """The way out."""

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answered | Failed:
        """Ask, and read the answer."""


@dataclass
class Known:
    """What was heard, and when. The same for everybody."""

    metadata: dict[str, Any] = field(default_factory=dict)
    metadata_at: int = 0
    keys: KeySet | None = None
    keys_at: int = 0
    # it did not answer: nobody waits for it again before that second
    down_until: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One issuer."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    outbound: Asking
    now: Clock
    known: Known = field(default_factory=Known, repr=False)

    def metadata(self) -> dict[str, Any]:
        """What it says of itself.

        Raises:
            ProviderFailed: it cannot be asked, or is somebody else.
        """
        with self.known.lock:
            if self.now() < self.known.down_until:
                raise ProviderFailed("down")
            if not self.known.metadata or not 0 <= self.now() - self.known.metadata_at < FRESH_SECONDS:
                told = self._object(self._get(self.issuer.rstrip("/") + CONFIGURATION))
                if told.get("issuer") != self.issuer:
                    raise ProviderFailed("issuer")
                if missing := [name for name in NEEDED if not isinstance(told.get(name), str)]:
                    raise ProviderFailed(missing[0])
                self.known.metadata, self.known.metadata_at = told, self.now()
            return self.known.metadata

    def address(self, name: str) -> str | None:
        """One of its addresses; None where it has none.

        Raises:
            ProviderFailed: it cannot be asked.
        """
        found = self.metadata().get(name)
        return found if isinstance(found, str) and found else None

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> str:
        """The ID token that a code stands for.

        Raises:
            ProviderFailed: it cannot be asked, or gives none.
        """
        told = self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        methods = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if not self.client_secret:
            form["client_id"] = self.client_id
        elif "client_secret_basic" in methods:
            pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        answer = self.outbound.ask("POST", told["token_endpoint"], headers, urlencode(form).encode())
        token = self._object(self._good(answer)).get("id_token")
        if not isinstance(token, str):
            raise ProviderFailed("id_token")
        return token

    def claims(self, token: str) -> dict[str, Any]:
        """What an ID token says, when its signature is the issuer's.

        Raises:
            ProviderFailed: it is not, or the keys cannot be had.
        """
        keys = self._keys(again=False)
        try:
            return dict(jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims)
        # by a key that came since, it may be
        except (JoseError, ValueError):
            keys = self._keys(again=True)
        try:
            return dict(jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims)
        except (JoseError, ValueError) as why:
            raise ProviderFailed(type(why).__name__) from None

    def _keys(self, *, again: bool) -> KeySet:
        address = self.metadata()["jwks_uri"]
        with self.known.lock:
            age = self.now() - self.known.keys_at
            if self.known.keys is None or not 0 <= age < (KEYS_SECONDS if again else FRESH_SECONDS):
                told = self._object(self._get(address))
                self.known.keys, self.known.keys_at = key_set(told), self.now()
            return self.known.keys

    def _get(self, url: str) -> bytes:
        """What is there; whoever calls has the lock."""
        try:
            return self._good(self.outbound.ask("GET", url, {"Accept": "application/json"}))
        except ProviderFailed:
            self.known.down_until = self.now() + DOWN_SECONDS
            raise

    @staticmethod
    def _good(answer: Answered | Failed) -> bytes:
        if isinstance(answer, Failed):
            raise ProviderFailed(answer.cause)
        if answer.status != 200:
            raise ProviderFailed(f"status {answer.status}")
        return answer.body

    @staticmethod
    def _object(body: bytes) -> dict[str, Any]:
        try:
            told = json.loads(body)
        except (ValueError, RecursionError) as why:
            raise ProviderFailed("json") from why
        if not isinstance(told, dict):
            raise ProviderFailed("json")
        return told


def key_set(told: Mapping[str, Any]) -> KeySet:
    """Those of its keys that tokens are signed with.

    Raises:
        ProviderFailed: there are none, or one cannot be read.
    """
    listed = told.get("keys")
    every = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    fit = [one for one in every if one.get("kty") in ("RSA", "EC") and one.get("use", "sig") == "sig"]
    try:
        keys = KeySet.import_key_set({"keys": fit})
    except (JoseError, ValueError, KeyError, TypeError) as why:
        raise ProviderFailed("keys") from why
    if not keys.keys:
        raise ProviderFailed("keys")
    return keys
