"""The token endpoint: what is sent for which grant, and what comes back. RFC 6749 §4.1.3, §4.4, §6."""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.httpx_client import OAuth2Client

from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.errors import Unreadable, refusal, unreachable
from wattshare.thirdparty.retries import Patience
from wattshare.thirdparty.tokens import Tokens

# ESPI gives no id but the one at the end of these addresses
SUBSCRIPTION = re.compile(r"/(?:Subscription|Authorization|RetailCustomer)/([A-Za-z0-9_-]{1,64})/?$")
# an element with text alone; a token answer in XML has no others that matter
FLAT_ELEMENT = re.compile(r"<(client_access_token|access_token|expires_in|scope|token_type)>([^<]{1,4096})</\1>")
# seconds that a token is taken to live where the answer does not say
UNSAID_LIFE = 3600


@dataclass(frozen=True, kw_only=True)
class ClientToken:
    """A token of the third party itself."""

    value: str
    # epoch seconds
    expires_at: int
    scope: str = ""

    def __repr__(self) -> str:
        return f"ClientToken(expires_at={self.expires_at})"


@dataclass(frozen=True, kw_only=True)
class Grants:
    """The three grants, each over the same transport."""

    custodian: Custodian
    transport: httpx2.BaseTransport
    now: Callable[[], datetime]
    patience: Patience
    # the registration test's twin of the endpoint
    test: bool = False

    def redeem(self, code: str, *, redirect_uri: str, verifier: str | None = None) -> Tokens:
        """Tokens for a code.

        Never sent twice once it may have arrived: a code that is shown again ends what it gave.

        Raises:
            GrantRefused: the code is used, expired or not for this redirect URI.
        """
        extra = {"code_verifier": verifier} if verifier else {}
        said = self._ask("authorization_code", once=True, code=code, redirect_uri=redirect_uri, **extra)
        return self._tokens(said, former=None)

    def renew(self, former: Tokens) -> Tokens:
        """New tokens for a refresh token; it may be sent again while its answer was lost.

        Raises:
            GrantRefused: it is no longer good; the customer must be asked again.
        """
        said = self._ask("refresh_token", refresh_token=former.refresh_token)
        return self._tokens(said, former=former)

    def client_token(self) -> ClientToken:
        """A token of the third party itself; PG&E calls its value `client_access_token`."""
        said = self._ask("client_credentials")
        value = said.get("client_access_token") or said.get("access_token")
        return ClientToken(value=_word(value), expires_at=self._end(said), scope=str(said.get("scope", "")))

    def _ask(self, grant: str, *, once: bool = False, **parameters: str | None) -> Mapping[str, Any]:
        url = self.custodian.token_url(test=self.test)
        given = {name: value for name, value in parameters.items() if value is not None}
        return self.patience.insist(lambda: self._send(url, grant, given), once=once)

    def _send(self, url: str, grant: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        oauth = OAuth2Client(
            self.custodian.client_id,
            self.custodian.client_secret,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 a method's name
            transport=self.transport,
            timeout=self.patience.timeout,
        )
        oauth.register_compliance_hook("access_token_response", self._checked)
        try:
            return dict(oauth.fetch_token(url, grant_type=grant, **parameters))
        except httpx2.TransportError as error:
            raise unreachable(error, f"POST {url}") from error

    def _checked(self, response: httpx2.Response) -> httpx2.Response:
        """Refusals become ours before the library sees them; what remains is a JSON object."""
        if response.status_code >= 400:
            asked = f"POST {response.request.url.copy_with(query=None)}"
            raise refusal(response.status_code, response.headers, response.content, asked=asked, now=self.now())
        if response.status_code == 200 and (said := _answer(response.text)):
            return httpx2.Response(200, json=said, request=response.request)
        raise Unreadable(f"The token endpoint answered {response.status_code} without a token.")

    def _tokens(self, said: Mapping[str, Any], former: Tokens | None) -> Tokens:
        addresses = {name: _address(said.get(key)) for name, key in ADDRESSES.items()}
        return Tokens(
            subscription=former.subscription if former else _subscription(*addresses.values()),
            access_token=_word(said.get("access_token")),
            refresh_token=said.get("refresh_token") or (former.refresh_token if former else None),
            expires_at=self._end(said),
            scope=str(said.get("scope", "")),
            **addresses,
        )

    def _end(self, said: Mapping[str, Any]) -> int:
        life = said.get("expires_in", UNSAID_LIFE)
        return int(self.now().timestamp()) + int(str(life)[:12])


ADDRESSES = {
    "resource_uri": "resourceURI",
    "authorization_uri": "authorizationURI",
    "customer_resource_uri": "customerResourceURI",
}


def _answer(text: str) -> dict[str, Any]:
    """JSON, or the flat XML `Response` in which PG&E's connectivity test shows client tokens."""
    try:
        said = json.loads(text)
    except ValueError:
        return {name: html.unescape(value) for name, value in FLAT_ELEMENT.findall(text)}
    return said if isinstance(said, dict) else {}


def _subscription(*addresses: str | None) -> str:
    """The authorization's id, from whichever address was given: not every answer has resourceURI."""
    for address in addresses:
        if address and (found := SUBSCRIPTION.search(urlsplit(address).path)):
            return found[1]
    raise Unreadable("The token answer names no authorization: neither resourceURI nor authorizationURI has an id.")


def _word(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise Unreadable("The token answer has no access token.")


def _address(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
