"""The three grant types, in Authlib's frame. RFC 6749 §4.1.3, §4.4, §6."""

from typing import Any

from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc7636 import CodeChallenge

from wattshare.custodian.oauth import pkce
from wattshare.custodian.oauth.scopes import within
from wattshare.custodian.services.tokens.server import Server, as_asked, asking
from wattshare.custodian.services.tokens.values import HeldCode, HeldRefresh, Subject


class CodeGrant(AuthorizationCodeGrant):
    """A code becomes a pair of tokens."""

    server: Server

    def query_authorization_code(self, code: str, client: Any) -> HeldCode:
        """The code, if it may be redeemed."""
        redirect_uri = as_asked(self.request).parameters["redirect_uri"]
        return self.server.redeem(code, redirect_uri, client.third_party)

    def authenticate_user(self, authorization_code: HeldCode) -> Subject:
        """Use the code up, and open what it stands for."""
        return self.server.open(authorization_code.code, asking(self.request))

    def delete_authorization_code(self, authorization_code: HeldCode) -> None:
        """It stays, used, so that a second use is noticed."""


class ProofKey(CodeChallenge):
    """The proof key of a code."""

    def validate_code_verifier(self, grant: CodeGrant, result: object) -> None:
        """Compare verifier and challenge, before the code is used up."""
        del result
        held = grant.request.authorization_code
        if held is None:
            raise TypeError("no code was looked up")
        pkce.verify(held.code.challenge, as_asked(grant.request).parameters.get("code_verifier"))


class RefreshGrant(RefreshTokenGrant):
    """A refresh token becomes another pair."""

    INCLUDE_NEW_REFRESH_TOKEN = True
    server: Server

    def authenticate_refresh_token(self, refresh_token: str) -> HeldRefresh:
        """The refresh token, if it may give another pair of the scope that is asked for."""
        shown = self.server.find_refresh(refresh_token, asking(self.request))
        strict = self.server.addresses.profile.strict_scope
        within(as_asked(self.request).parameters.get("scope"), shown.scope, strict=strict)
        return HeldRefresh(shown)

    def authenticate_user(self, refresh_token: HeldRefresh) -> Subject:
        """Whom it is about."""
        return self.server.subject(refresh_token.refresh)

    def revoke_old_credential(self, refresh_token: Any) -> None:
        """Let the former pair fade."""
        self.server.retire(refresh_token.refresh)


class ClientGrant(ClientCredentialsGrant):
    """A client's credentials become a client token; earlier ones stay good."""

    server: Server

    def validate_token_request(self) -> None:
        """Let the client ask for what its bulk entry has, and no more."""
        super().validate_token_request()
        bulk = self.server.bulk_entry(asking(self.request))
        strict = self.server.addresses.profile.strict_scope
        within(as_asked(self.request).parameters.get("scope"), bulk.scope, strict=strict)


def register(server: Server) -> Server:
    """The server with its three grant types."""
    server.register_grant(CodeGrant, [ProofKey(required=False)])
    server.register_grant(RefreshGrant)
    server.register_grant(ClientGrant)
    return server
