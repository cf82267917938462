"""Who a client is, and what it may ask of the token endpoint. RFC 6749 §2.3, RFC 8705."""

import binascii
import hmac
import re
from base64 import b64decode
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from wattshare.custodian.model.bearer import Certificate
from wattshare.custodian.model.parties import Standing, ThirdParty
from wattshare.custodian.oauth.errors import InvalidClient, InvalidRequest, UnauthorizedClient
from wattshare.custodian.oauth.parameters import CLIENT_CREDENTIALS, Parameters

# both alphabets, with or without padding
BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}", re.ASCII)
LONGEST = 1_024


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a client says it is; whether it is so is for the caller to see."""

    client_id: str
    secret: str = field(repr=False)
    # token_endpoint_auth_method of RFC 7591
    method: str


def read(authorization: str | None, parameters: Parameters) -> Credentials:
    """The credentials of a token request: by HTTP Basic, or in the form.

    Raises:
        InvalidClient: there are none, or they cannot be read.
        InvalidRequest: there are two kinds of them, or a `client_id` that is another's.
    """
    told_id = parameters.get("client_id")
    told_secret = parameters.get("client_secret")
    if authorization is None:
        if told_id is None or told_secret is None:
            raise InvalidClient("Client credentials are missing.")
        return Credentials(client_id=told_id, secret=told_secret, method="client_secret_post")
    shown = read_basic(authorization)
    if told_secret is not None:
        raise InvalidRequest("Credentials in both header and form.", field="client_secret")
    if told_id is not None and told_id != shown.client_id:
        raise InvalidRequest("client_id is another than the header's.", field="client_id")
    return shown


def read_basic(authorization: str) -> Credentials:
    """Take HTTP Basic credentials apart, encoded in either base64 alphabet. RFC 7617.

    Raises:
        InvalidClient: it is another scheme, or malformed.
    """
    scheme, _, encoded = authorization.strip().partition(" ")
    encoded = encoded.strip()
    if scheme.lower() != "basic" or len(encoded) > LONGEST or not BASE64.fullmatch(encoded):
        raise InvalidClient("The Authorization header is not HTTP Basic.")
    standard = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = b64decode(standard + "=" * (-len(standard) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidClient("The Authorization header is not HTTP Basic.") from None
    client_id, colon, secret = text.partition(":")
    if not colon or not client_id or not secret:
        raise InvalidClient("The Authorization header has no client_id:client_secret.")
    # RFC 6749 §2.3.1: both are form-encoded before they are joined; ours have nothing to encode
    return Credentials(client_id=unquote_plus(client_id), secret=unquote_plus(secret), method="client_secret_basic")


def standings(*, test: bool) -> frozenset[Standing]:
    """Where a registration must stand: the test endpoints are there for those under review too."""
    return frozenset({Standing.PRODUCTION, Standing.REVIEW} if test else {Standing.PRODUCTION})


def allow(third_party: ThirdParty, grant_type: str, *, test: bool) -> None:
    """Let a client, known by its credentials, use a grant type.

    Raises:
        UnauthorizedClient: its registration is under review or suspended, or its user type has no such grant.
    """
    if third_party.standing not in standings(test=test):
        raise UnauthorizedClient(f"This registration has the status {third_party.standing.value}.")
    if grant_type != CLIENT_CREDENTIALS and not third_party.user_type.uses_oauth:
        raise UnauthorizedClient("This user type has the grant client_credentials only.")


def certified(third_party: ThirdParty, certificate: Certificate | None, now: int) -> bool:
    """Whether a certificate is the one that the third party registered, and has not expired. RFC 8705 §2.2.

    Some proxies hand on a certificate whose time is over.
    """
    registered = third_party.certificate_sha256
    if certificate is None or registered is None or certificate.not_after < now:
        return False
    return hmac.compare_digest(registered.encode(), certificate.sha256.encode())
