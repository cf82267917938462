"""What an ID token has to say before anybody is let in by it. OpenID Connect Core §3.1.3.7.

Its signature is another matter, and comes first.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

# clocks differ by so much
SKEW_SECONDS = 60


class NotVouched(Exception):
    """The token does not say that this customer has just signed in for us; the text is for the log."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a token must fit."""

    issuer: str
    client_id: str
    # that went with the request
    nonce: str
    # authentication context classes; none: any
    acr: tuple[str, ...] = ()


def vouched(claims: Mapping[str, object], wanted: Wanted, *, claim: str, now: int) -> str:
    """The value of the claim that names the customer.

    Raises:
        NotVouched: the token is another's, for another, of another request, over, or says too little.
    """
    if claims.get("iss") != wanted.issuer:
        raise NotVouched("iss")
    heard = claims.get("aud")
    audience = [heard] if isinstance(heard, str) else heard
    if not isinstance(audience, list) or wanted.client_id not in audience:
        raise NotVouched("aud")
    # §2: for whom it is, where it is for several
    if ("azp" in claims or len(audience) > 1) and claims.get("azp") != wanted.client_id:
        raise NotVouched("azp")
    if second(claims, "exp") + SKEW_SECONDS <= now:
        raise NotVouched("exp")
    if second(claims, "iat") - SKEW_SECONDS > now:
        raise NotVouched("iat")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), wanted.nonce.encode()):
        raise NotVouched("nonce")
    if wanted.acr and claims.get("acr") not in wanted.acr:
        raise NotVouched("acr")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise NotVouched("sub")
    named = claims.get(claim)
    if isinstance(named, bool) or not isinstance(named, str | int) or not str(named):
        raise NotVouched(claim)
    return str(named)


def second(claims: Mapping[str, object], name: str) -> int:
    """A time of the token. RFC 7519 §2 allows a fraction of a second; it is dropped.

    Raises:
        NotVouched: it has none.
    """
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotVouched(name)
    return int(value)
