"""Codes and tokens, as the store keeps them, and what the services ask of that store.

The text of a code or token is known to its holder only. The store keeps its mac under a key that is not in
the database, so what the database holds opens nothing when presented.
"""

from dataclasses import dataclass
from typing import Protocol

from wattshare.custodian.model.authorization import Authorization, Entry
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.parties import ThirdParty

# what a text begins with, so that whoever finds one knows what it is
CODE_PREFIX = "wsk_"
REFRESH_PREFIX = "wsr_"
BEARER_PREFIXES = {
    BearerClass.ACCESS: "wsa_",
    BearerClass.CLIENT: "wsc_",
    BearerClass.TEST_ACCESS: "wsta_",
    BearerClass.TEST_CLIENT: "wstc_",
}


@dataclass(frozen=True, kw_only=True)
class Code:
    """An authorization code. RFC 6749 §4.1.2."""

    # given by the store; 0 before
    id: int = 0
    third_party_id: int
    # None: a dummy of the test endpoints, which stands for nobody's data
    authorization_id: int | None
    redirect_uri: str
    # the granted scope, echoed with the tokens
    scope: str
    # S256. RFC 7636 §4.2
    challenge: str | None = None
    issued_at: int
    expires_at: int
    used_at: int | None = None
    # ended before it was used
    ended_at: int | None = None

    @property
    def test(self) -> bool:
        """Whether it is a dummy of the test endpoints."""
        return self.authorization_id is None

    @property
    def family(self) -> int:
        """The family of every token that comes of it, by redemption and by refreshes."""
        return self.id


@dataclass(frozen=True, kw_only=True)
class Token:
    """A bearer token: of an authorization, or of a third party itself. RFC 6750.

    Alive until `expires_at` unless ended; both are compared in `services/tokens` only.
    """

    # given by the store; 0 before
    id: int = 0
    bearer_class: BearerClass
    third_party_id: int
    # of an access token
    authorization_id: int | None = None
    # the code that it came of; None for client tokens
    family: int | None = None
    scope: str
    issued_at: int
    expires_at: int
    ended_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class RefreshToken:
    """A refresh token. RFC 6749 §1.5. It goes with one access token, which its rotation shortens."""

    # given by the store; 0 before
    id: int = 0
    third_party_id: int
    # None: of a test code
    authorization_id: int | None
    family: int
    # the access token that was issued beside it
    token_id: int
    scope: str
    issued_at: int
    expires_at: int
    # first use; it is the former refresh token since
    rotated_at: int | None = None
    ended_at: int | None = None

    @property
    def test(self) -> bool:
        """Whether it came of a test code."""
        return self.authorization_id is None


class TokenRows(Protocol):
    """`tx.tokens`. Each text is given in the clear, looked up under every live key, and kept as a mac.

    Looking up compares nothing but the mac: whether a row is used, expired, ended or somebody else's is for
    the caller to see.
    """

    def add_code(self, code: Code, text: str) -> Code:
        """Keep a code; the same with its id."""

    def code(self, text: str) -> Code | None:
        """The code of that text, used and ended ones too."""

    def use_code(self, code_id: int, at: int) -> bool:
        """Mark as used by one conditional update (`used_at`, `ended_at` null). Whether this was the use."""

    def end_codes(self, third_party_id: int, at: int) -> int:
        """End the unused codes of a third party whose registration changed. How many."""

    def add(self, token: Token, text: str) -> Token:
        """Keep a bearer token; the same with its id."""

    def find(self, text: str) -> Token | None:
        """The bearer token of that text, expired and ended ones too."""

    def by_id(self, token_id: int) -> Token | None:
        """The bearer token of that id, expired and ended ones too: to ask again while something is sent."""

    def shorten(self, token_id: int, expires_at: int) -> None:
        """Let a bearer token end then, unless it ends earlier (one UPDATE with the smaller of both)."""

    def end(self, token_id: int, at: int) -> None:
        """End one bearer token, unless it has ended."""

    def add_refresh(self, refresh: RefreshToken, text: str) -> RefreshToken:
        """Keep a refresh token; the same with its id."""

    def find_refresh(self, text: str) -> RefreshToken | None:
        """The refresh token of that text, rotated, expired and ended ones too."""

    def rotate(self, refresh_id: int, at: int) -> bool:
        """Mark as rotated by one conditional update (`rotated_at`, `ended_at` null). Whether this was it."""

    def hold_family(self, family: int) -> None:
        """Let nobody else work on a family until this transaction ends.

        An update of the code's row that changes nothing is enough, on every database.
        """

    def end_family(self, family: int, at: int) -> int:
        """End every bearer and refresh token of a family that has not ended. How many."""

    def revoke_authorization(self, authorization_id: int, at: int) -> int:
        """End every unused code, bearer token and refresh token of an authorization. How many."""

    def latest_end(self, authorization_id: int) -> int | None:
        """The greatest `expires_at` of its bearer tokens that have not ended: Authorization/expires_at."""

    def forget(self, before: int) -> int:
        """Drop the rows whose `expires_at` is before that second. How many.

        A code goes last: not while a token of its family is there.
        """


class PartyRows(Protocol):
    """What bearers need of `tx.parties`."""

    def by_registration_token(self, text: str) -> ThirdParty | None:
        """The third party whose registration token this is, looked up by mac under every live key."""


class AuthorizationRows(Protocol):
    """What bearers need of `tx.authorizations`."""

    def owned(self, authorization_id: int, third_party_id: int) -> Authorization | None:
        """The authorization of that id and that third party, asked in one statement; ended ones too."""

    def own_entry(self, third_party_id: int, entry: Entry) -> Authorization | None:
        """The registration entry or the bulk entry of a third party."""
