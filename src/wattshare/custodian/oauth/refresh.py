"""Rotating refresh tokens. RFC 6749 §6, RFC 9700 §4.14.2."""

from wattshare.custodian.model.tokens import RefreshToken
from wattshare.custodian.oauth.errors import InvalidGrant, Replayed
from wattshare.custodian.oauth.expiry import expired

# for so long a former refresh token still gives a pair: its answer may have been lost on the way
GRACE_SECONDS = 60


def rotate(shown: RefreshToken | None, *, third_party_id: int, test: bool, now: int) -> RefreshToken:
    """The refresh token, if it may give another pair; the caller marks it rotated.

    Raises:
        Replayed: it was rotated longer ago than the grace lasts; the caller ends its family.
        InvalidGrant: it is unknown, expired, ended, another client's, or of the other endpoints.
    """
    if shown is None or shown.third_party_id != third_party_id or shown.test is not test:
        raise InvalidGrant("No such refresh token for this client.", field="refresh_token")
    if shown.ended_at is not None or expired(shown.expires_at, now):
        raise InvalidGrant("The refresh token has expired or ended.", field="refresh_token")
    if shown.rotated_at is not None and now > shown.rotated_at + GRACE_SECONDS:
        raise Replayed(shown.family)
    return shown
