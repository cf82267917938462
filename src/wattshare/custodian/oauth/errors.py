"""Refusals in the words of the RFCs. A class's docstring is what is told when nothing else is said.

`code` is the `error` of RFC 6749 §4.1.2.1 and §5.2. Descriptions keep to the characters that those sections
allow.
"""

import re

# RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E
UNFIT = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


class OAuthRefusal(Exception):
    """The request is refused."""

    code = "invalid_request"

    def __init__(self, told: str | None = None, *, field: str | None = None) -> None:
        """Take what the third party's developer is told, and the parameter at fault."""
        self.told = UNFIT.sub("'", told or (type(self).__doc__ or "").strip())
        self.field = field
        super().__init__(self.told)


class InvalidRequest(OAuthRefusal):
    """Invalid request"""


class InvalidClient(OAuthRefusal):
    """Unknown client, or wrong credentials."""

    code = "invalid_client"


class UnauthorizedClient(OAuthRefusal):
    """This client may not do this."""

    code = "unauthorized_client"


class InvalidGrant(OAuthRefusal):
    """The code or refresh token is unknown, expired, used or ended, or it is not this client's."""

    code = "invalid_grant"


class Replayed(InvalidGrant):
    """This was used before; what it gave has ended."""

    def __init__(self, family: int) -> None:
        """Take the family of tokens that the caller is to end."""
        super().__init__()
        self.family = family


class UnsupportedGrantType(OAuthRefusal):
    """The grant types are authorization_code, refresh_token and client_credentials."""

    code = "unsupported_grant_type"


class InvalidScope(OAuthRefusal):
    """The scope is malformed, or more than was granted."""

    code = "invalid_scope"


class UnsupportedResponseType(OAuthRefusal):
    """The response type is code."""

    code = "unsupported_response_type"


class AccessDenied(OAuthRefusal):
    """The customer said no."""

    code = "access_denied"
