"""Proof keys for codes. RFC 7636, with S256 alone."""

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from wattshare.custodian.oauth.errors import InvalidGrant, InvalidRequest

# base64url of 32 bytes, without padding
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


def read_challenge(challenge: str | None, method: str | None, *, required: bool) -> str | None:
    """The challenge of an authorize request, or None where there is none. RFC 7636 §4.3.

    Raises:
        InvalidRequest: it is malformed, its method is not S256, or it is missing where one is required.
    """
    if challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge_method without code_challenge.", field="code_challenge")
        if required:
            raise InvalidRequest("code_challenge is required of this client.", field="code_challenge")
        return None
    if method != "S256":
        # a missing method means plain (§4.3), which is not taken either
        raise InvalidRequest("code_challenge_method must be S256.", field="code_challenge_method")
    if not CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("code_challenge must be 43 characters of base64url.", field="code_challenge")
    return challenge


def verify(challenge: str | None, verifier: str | None) -> None:
    """Compare what the token request proves with what the authorize request promised. RFC 7636 §4.6.

    Raises:
        InvalidRequest: one is there without the other (RFC 9700 §4.8.2), or the verifier is malformed.
        InvalidGrant: they do not belong together.
    """
    if challenge is None and verifier is None:
        return
    if challenge is None:
        raise InvalidRequest("code_verifier, but the code was asked for without code_challenge.", field="code_verifier")
    if verifier is None:
        raise InvalidRequest("code_verifier is missing.", field="code_verifier")
    if not VERIFIER.fullmatch(verifier):
        raise InvalidRequest("code_verifier must be 43 to 128 unreserved characters.", field="code_verifier")
    if not hmac.compare_digest(challenge_of(verifier), challenge):
        raise InvalidGrant("code_verifier does not fit.", field="code_verifier")


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier. RFC 7636 §4.2."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
