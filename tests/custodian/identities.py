"""The sandbox's provider of sign-ins, real and at an address of its own, beside a house that asks it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import RSAKey

from tests.custodian.houses import TestHouse
from wattshare.custodian.sandbox.identity import CLAIM, CLIENT, NAME, Identity
from wattshare.custodian.web.server import serving

SECRET = "a secret of the provider & the house"
KEY = RSAKey.generate_key(2048, private=True)


@dataclass(frozen=True, kw_only=True)
class Provider(Identity):
    """One that says something else when it is told to."""

    # claims that it says instead
    says: dict[str, Any] = field(default_factory=dict)
    # by which key and algorithm it signs instead
    signs: list[tuple[str, Any]] = field(default_factory=list)

    def claims(self, login: str, nonce: str) -> dict[str, Any]:
        """What is said of a customer."""
        return super().claims(login, nonce) | self.says

    def signed(self, claims: dict[str, Any]) -> str:
        """Claims as a token."""
        if not self.signs:
            return super().signed(claims)
        from joserfc import jws, jwt

        algorithm, key = self.signs[0]
        registry = jws.JWSRegistry(algorithms=[algorithm])
        return jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm], registry=registry)


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def settings_for(port: int) -> dict[str, Any]:
    """What a house sets to ask a provider at a port."""
    return {
        "oidc_issuer": f"http://127.0.0.1:{port}",
        "oidc_name": NAME,
        "oidc_client_id": CLIENT,
        "oidc_claim": CLAIM,
        "oidc_claim_names": "login",
        "oidc_client_secret": SECRET,
        "allow_own": f"127.0.0.1:{port}",
        "allow_http_callbacks": True,
    }


@contextmanager
def providing(house: TestHouse) -> Iterator[Provider]:
    """The provider of a house, for as long as the block runs."""
    provider = Provider(house=house.house, issuer=house.house.settings.oidc_issuer, secret=SECRET, key=KEY)
    with serving(provider.edge(), provider.settings):
        yield provider
