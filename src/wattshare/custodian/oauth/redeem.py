"""Turning a code into tokens. RFC 6749 §4.1.3."""

from wattshare.custodian.model.tokens import Code
from wattshare.custodian.oauth.errors import InvalidGrant, Replayed
from wattshare.custodian.oauth.expiry import expired


def redeem(code: Code | None, *, third_party_id: int, redirect_uri: str, test: bool, now: int) -> Code:
    """The code, if it may be redeemed; the caller marks it used, and verifies its proof key.

    Raises:
        Replayed: it was used before; the caller ends the family that it gave.
        InvalidGrant: it is unknown, expired, ended, another client's, for another redirect, or of the other
            endpoints.
    """
    if code is None or code.third_party_id != third_party_id or code.test is not test:
        raise InvalidGrant("No such code for this client.", field="code")
    if code.used_at is not None:
        raise Replayed(code.family)
    if code.ended_at is not None or expired(code.expires_at, now):
        raise InvalidGrant("The code has expired.", field="code")
    # as strings, to the character: RFC 9700 §4.1.3
    if code.redirect_uri != redirect_uri:
        raise InvalidGrant("redirect_uri is another than the one that the code was asked for.", field="redirect_uri")
    return code
