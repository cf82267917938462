"""Revocation and introspection, in Authlib's frame. RFC 7009, RFC 7662."""

from base64 import urlsafe_b64encode
from typing import Any

from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.tokens import RefreshToken, Token
from wattshare.custodian.oauth.errors import InvalidRequest
from wattshare.custodian.oauth.expiry import expired
from wattshare.custodian.services.tokens.server import Asked, Server
from wattshare.custodian.services.tokens.values import Client


class Revocation(RevocationEndpoint):
    """The third party ends a token of its own."""

    server: Server

    def authenticate_token(self, request: Asked, client: Client) -> Token | RefreshToken | None:
        """The token named; somebody else's is as unknown as one that never was."""
        return find(self.server, request, client.third_party)

    def revoke_token(self, token: Token | RefreshToken, request: Asked) -> None:
        """End it: a refresh token with every token of its family (RFC 7009 §2.1). The authorization stays."""
        del request
        tx, at = self.server.tx, self.server.at
        if isinstance(token, RefreshToken):
            tx.tokens.end_family(token.family, at)
        else:
            tx.tokens.end(token.id, at)
        tx.trail.write(
            "token_revoked",
            at,
            third_party_id=token.third_party_id,
            authorization_id=token.authorization_id,
            detail={"refresh": isinstance(token, RefreshToken)},
        )


class Introspection(IntrospectionEndpoint):
    """The third party asks how a token of its own stands."""

    server: Server

    def authenticate_token(self, request: Asked, client: Client) -> tuple[Any, ThirdParty] | None:
        """The token named, with its holder."""
        token = find(self.server, request, client.third_party)
        return None if token is None else (token, client.third_party)

    def create_introspection_payload(self, token: tuple[Any, ThirdParty] | None) -> dict[str, object]:
        """What it is, or only that it is not active."""
        if token is None or not active(self.server, token[0]):
            return {"active": False}
        return describe(self.server, *token)


def find(server: Server, request: Asked, third_party: ThirdParty) -> Token | RefreshToken | None:
    """A third party's own token. Hints about its kind are not needed, and not read."""
    text = request.parameters.get("token")
    if text is None:
        raise InvalidRequest("token is missing.", field="token")
    token = server.tx.tokens.find(text) or server.tx.tokens.find_refresh(text)
    return token if token is not None and token.third_party_id == third_party.id else None


def active(server: Server, token: Token | RefreshToken) -> bool:
    """Whether a token would be taken now."""
    if token.ended_at is not None or expired(token.expires_at, server.at):
        return False
    if isinstance(token, RefreshToken) and token.rotated_at is not None:
        return False
    if token.authorization_id is None:
        return True
    held = server.tx.authorizations.owned(token.authorization_id, token.third_party_id)
    return held is not None and held.stands(server.at)


def describe(server: Server, token: Token | RefreshToken, third_party: ThirdParty) -> dict[str, object]:
    """An active token. RFC 7662 §2.2; `cnf` RFC 8705 §3.1."""
    payload: dict[str, object] = {
        "active": True,
        "scope": token.scope,
        "client_id": third_party.client_id,
        "exp": token.expires_at,
        "iat": token.issued_at,
        "iss": server.addresses.base,
    }
    if token.authorization_id is not None:
        payload["sub"] = str(token.authorization_id)
    if isinstance(token, Token):
        payload["token_type"] = "Bearer"  # noqa: S105 - the name of a type
        payload["class"] = BearerClass(token.bearer_class).value
    if third_party.certificate_sha256 is not None:
        digest = bytes.fromhex(third_party.certificate_sha256)
        payload["cnf"] = {"x5t#S256": urlsafe_b64encode(digest).rstrip(b"=").decode()}
    return payload
