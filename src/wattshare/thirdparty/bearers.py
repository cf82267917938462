"""Which token opens a row, kept good: fetched, renewed before its end, and once when it is refused."""

import threading
from collections.abc import Callable
from datetime import datetime

from wattshare.espi.endpoints import Token
from wattshare.thirdparty.custodian import BadConfiguration, Custodian
from wattshare.thirdparty.errors import ConsentNeeded, GrantRefused
from wattshare.thirdparty.grants import ClientToken, Grants
from wattshare.thirdparty.tokens import LEEWAY, Tokens, TokenStore


class Bearers:
    """The tokens of one registration. Several threads may ask at once: one renews, the others wait."""

    def __init__(self, custodian: Custodian, store: TokenStore, grants: Grants, now: Callable[[], datetime]) -> None:
        self._custodian = custodian
        self._store = store
        self._grants = grants
        self._now = now
        self._client: ClientToken | None = None
        self._client_lock = threading.Lock()

    def show(self, token: Token, subscription: str | None) -> str:
        """The value for a row of that class.

        Raises:
            ConsentNeeded: there are no tokens for the authorization, or they cannot be renewed.
        """
        match token:
            case Token.CLIENT:
                return self._client_value(refused=None)
            case Token.REGISTRATION:
                return self._registration()
            case _:
                tokens = self._kept(subscription)
                if tokens.is_fresh(self._seconds()):
                    return tokens.access_token
                return self._renew(tokens.subscription, refused=tokens.access_token)

    def replace(self, token: Token, subscription: str | None, *, refused: str) -> str | None:
        """Another value in the place of one that was answered 401; None where there is no other."""
        match token:
            case Token.CLIENT:
                return self._client_value(refused=refused)
            case Token.REGISTRATION:
                return None
            case _:
                return self._renew(self._kept(subscription).subscription, refused=refused)

    def _kept(self, subscription: str | None) -> Tokens:
        if subscription is not None:
            if tokens := self._store.find(subscription):
                return tokens
            raise ConsentNeeded(f"No tokens are kept for authorization {subscription}: connect the customer first.")
        every = self._store.every()
        if len(every) == 1:
            return every[0]
        many = f"{len(every)} authorizations are kept: say which." if every else "Connect a customer first."
        raise ConsentNeeded(f"The row needs a customer's token. {many}")

    def _renew(self, subscription: str, *, refused: str) -> str:
        with self._store.alone(subscription):
            kept = self._kept(subscription)
            # somebody else renewed while this thread waited
            if kept.access_token != refused and kept.is_fresh(self._seconds()):
                return kept.access_token
            if kept.refresh_token is None:
                raise ConsentNeeded(f"The token of authorization {subscription} ended and cannot be renewed.")
            try:
                renewed = self._grants.renew(kept)
            except GrantRefused as error:
                raise ConsentNeeded(f"Authorization {subscription} has ended: {error.cause}.") from error
            # on disk before it is used: what is lost after this line costs nothing
            self._store.keep(renewed)
            return renewed.access_token

    def _client_value(self, *, refused: str | None) -> str:
        with self._client_lock:
            token = self._client
            stale = token is None or token.value == refused or self._seconds() >= token.expires_at - LEEWAY
            if token is None or stale:
                token = self._client = self._grants.client_token()
            return token.value

    def _registration(self) -> str:
        if (token := self._custodian.registration_token) is None:
            raise BadConfiguration("The row needs the registration access token, which is not configured.")
        return token

    def _seconds(self) -> int:
        return int(self._now().timestamp())
