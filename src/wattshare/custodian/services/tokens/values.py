"""What the OAuth endpoints are asked and answer, without HTTP; and what they ask of other stories."""

from dataclasses import dataclass, field
from typing import Protocol

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.bearer import Certificate
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.tokens import Code, RefreshToken
from wattshare.custodian.oauth import client_auth
from wattshare.custodian.oauth.parameters import Pairs
from wattshare.custodian.store.database import Tx


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """A request at the token, revocation or introspection endpoint."""

    method: str = "POST"
    query: Pairs = field(default=(), repr=False)
    # of the body, whatever type it says it has
    form: Pairs = field(default=(), repr=False)
    content_type: str = ""
    authorization: str | None = field(default=None, repr=False)
    accept: str | None = None
    certificate: Certificate | None = None
    # where it comes from, for counting failures; never logged
    address: str = ""
    # stands in refusals
    correlation_id: str = ""


@dataclass(frozen=True, kw_only=True)
class TokenAnswer:
    """What goes back."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    content_type: str | None = None


class OpenData(Protocol):
    """What the story of consent does when a code is redeemed."""

    def __call__(self, tx: Tx, held: Authorization, at: int) -> Authorization:
        """Let data flow: the authorization opens, the one it replaces ends, a partner's begins."""


class PassedOAuth(Protocol):
    """What the story of registration does when a dummy code is redeemed."""

    def __call__(self, tx: Tx, party: ThirdParty) -> None:
        """Note that the OAuth Test is done."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whom a pair of tokens is about."""

    # None: nobody, a rehearsal
    authorization: Authorization | None
    family: int
    scope: str


# how Authlib sees our values


class Client(ClientMixin):
    """A third party that has shown its credentials."""

    def __init__(self, third_party: ThirdParty, *, test: bool) -> None:
        """Take the third party, and whether it is at the test endpoints."""
        self.third_party = third_party
        self.test = test

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may use a grant type.

        Raises:
            UnauthorizedClient: it may not.
        """
        client_auth.allow(self.third_party, grant_type, test=self.test)
        return True


class HeldCode(AuthorizationCodeMixin):
    """A code that may be redeemed."""

    def __init__(self, code: Code) -> None:
        """Take the code."""
        self.code = code

    def get_redirect_uri(self) -> str:
        """The redirect URI that it was asked for."""
        return self.code.redirect_uri

    def get_scope(self) -> str:
        """What it stands for."""
        return self.code.scope


class HeldRefresh(TokenMixin):
    """A refresh token that may give another pair."""

    def __init__(self, refresh: RefreshToken) -> None:
        """Take the refresh token."""
        self.refresh = refresh

    def check_client(self, client: object) -> bool:
        """Whose it is was decided when it was looked up."""
        return client is not None

    def get_scope(self) -> str:
        """What it stands for."""
        return self.refresh.scope
