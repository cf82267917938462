"""Authlib's server for one request in one transaction. Its hooks call the decisions of `custodian/oauth`."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, cast

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from wattshare.custodian.model.authorization import Authorization, Entry, State
from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.clock import Secrets
from wattshare.custodian.model.parties import Standing, ThirdParty
from wattshare.custodian.model.tokens import BEARER_PREFIXES, REFRESH_PREFIX, Code, RefreshToken, Token
from wattshare.custodian.oauth import client_auth, redeem, refresh
from wattshare.custodian.oauth.errors import InvalidClient, InvalidGrant, Replayed
from wattshare.custodian.oauth.expiry import after
from wattshare.custodian.oauth.parameters import Parameters
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.tokens import answers
from wattshare.custodian.services.tokens.values import (
    Client,
    HeldCode,
    OpenData,
    PassedOAuth,
    Subject,
    TokenAnswer,
    TokenRequest,
)
from wattshare.custodian.store.database import Tx
from wattshare.espi.kinds import CUSTOMER

# at DEBUG it writes fresh tokens into the log
logging.getLogger("authlib").setLevel(logging.INFO)

# Authlib wants an https address to look at; ours is decided by settings, not by the request
URI = "https://token.invalid/"


class Asked(OAuth2Request):
    """A token, revocation or introspection request as Authlib reads it."""

    def __init__(self, request: TokenRequest, parameters: Parameters) -> None:
        """Take a request whose parameters have been read."""
        super().__init__(request.method, URI, headers={})
        self.asked = request
        self.parameters = parameters
        # the scope is for us to judge: ours is one token, and Authlib would split it at blanks
        self.payload = BasicOAuth2Payload({k: v for k, v in parameters.items() if k != "scope"})

    @property
    def form(self) -> dict[str, str]:
        """The parameters, wherever they came from."""
        return dict(self.parameters)


def as_asked(request: OAuth2Request) -> Asked:
    """The request in our words."""
    if not isinstance(request, Asked):
        raise TypeError("not a request that this server made")
    return request


def asking(request: OAuth2Request) -> ThirdParty:
    """Who asks, once the credentials have been seen."""
    if not isinstance(request.client, Client):
        raise TypeError("the client of this request is not known yet")
    return request.client.third_party


def authenticate(tx: Tx, authorization: str | None, parameters: Parameters) -> ThirdParty:
    """The third party whose credentials are shown. RFC 6749 §2.3.1.

    Raises:
        InvalidClient: there are none, they are wrong, or their registration has been revoked.
        InvalidRequest: they contradict each other.
    """
    shown = client_auth.read(authorization, parameters)
    party = tx.parties.by_client_id(shown.client_id)
    # asked for in every case, so that known and unknown clients take as long
    matches = tx.parties.secret_matches(party.id if party else 0, shown.secret)
    if party is None or not matches or party.standing is Standing.REVOKED:
        raise InvalidClient
    return party


class Server(AuthorizationServer):
    """The steps of one request. Written down in `tx`; every comparison of times is made with `at`."""

    def __init__(
        self,
        tx: Tx,
        *,
        at: int,
        test: bool,
        secrets: Secrets,
        addresses: Addresses,
        access_seconds: int,
        refresh_seconds: int,
        open_data: OpenData,
        passed_oauth: PassedOAuth,
    ) -> None:
        """Take the transaction, the time, and what tokens are made with."""
        super().__init__()
        self.tx, self.at, self.test = tx, at, test
        self.secrets, self.addresses = secrets, addresses
        self.access_seconds, self.refresh_seconds = access_seconds, refresh_seconds
        self.open_data, self.passed_oauth = open_data, passed_oauth

    def answer(self, endpoint: str | None, asked: Asked) -> TokenAnswer:
        """Answer at one of the registered endpoints; None: the token endpoint."""
        create: Callable[..., TokenAnswer] = self.create_endpoint_response
        if endpoint is not None:
            return create(endpoint, asked)
        return cast(TokenAnswer, self.create_token_response(asked))

    # what Authlib asks of whoever runs it

    def create_oauth2_request(self, request: Asked) -> Asked:
        """Requests come in Authlib's words already."""
        return request

    def authenticate_client(self, request: OAuth2Request, methods: Collection[str], endpoint: str = "token") -> Client:
        """The client of a request, by Basic or form credentials."""
        del methods, endpoint
        asked = as_asked(request)
        party = authenticate(self.tx, asked.asked.authorization, asked.parameters)
        request.client = Client(party, test=self.test)
        return request.client

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def handle_response(
        self,
        status: int,
        body: Mapping[str, object],
        headers: Mapping[str, str] | Iterable[tuple[str, str]],
    ) -> TokenAnswer:
        """An answer in our words."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        return answers.body(status, body, pairs)

    def generate_token(
        self,
        grant_type: str,
        client: Any,
        user: Subject | None = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, str | int]:
        """Make the texts of fresh tokens, and the answer around them in the order that clients know."""
        del grant_type, scope, expires_in, include_refresh_token
        third_party: ThirdParty = client.third_party
        return self._client_token(third_party) if user is None else self._pair(user)

    def save_token(self, token: dict[str, str | int], request: OAuth2Request) -> None:
        """Keep fresh tokens."""
        if request.user is None:
            self._keep_client_token(token, asking(request))
        else:
            self._keep_pair(token, asking(request), request.user)

    # codes

    def redeem(self, text: str, redirect_uri: str, third_party: ThirdParty) -> HeldCode:
        """The code of that text, if it may be redeemed."""
        code = redeem.redeem(
            self.tx.tokens.code(text),
            third_party_id=third_party.id,
            redirect_uri=redirect_uri,
            test=self.test,
            now=self.at,
        )
        return HeldCode(code)

    def open(self, code: Code, third_party: ThirdParty) -> Subject:
        """Use a code up, and open what it stands for.

        Raises:
            Replayed: somebody was faster.
            InvalidGrant: its authorization has ended meanwhile.
        """
        if not self.tx.tokens.use_code(code.id, self.at):
            raise Replayed(code.family)
        if code.authorization_id is None:
            self.passed_oauth(self.tx, third_party)
            return Subject(authorization=None, family=code.family, scope=code.scope)
        held = self.tx.authorizations.owned(code.authorization_id, third_party.id)
        if held is None or held.state is not State.CONSENTED:
            raise InvalidGrant("The authorization has ended.")
        opened = self.open_data(self.tx, held, self.at)
        return Subject(authorization=opened, family=code.family, scope=opened.scope)

    # refresh tokens

    def find_refresh(self, text: str, third_party: ThirdParty) -> RefreshToken:
        """The refresh token of that text, if it may give another pair; its family is held."""
        shown = self.tx.tokens.find_refresh(text)
        if shown is not None:
            self.tx.tokens.hold_family(shown.family)
            shown = self.tx.tokens.find_refresh(text)
        return refresh.rotate(shown, third_party_id=third_party.id, test=self.test, now=self.at)

    def subject(self, shown: RefreshToken) -> Subject:
        """Whom a refresh token is about.

        Raises:
            InvalidGrant: its authorization has ended.
        """
        if shown.authorization_id is None:
            return Subject(authorization=None, family=shown.family, scope=shown.scope)
        held = self.tx.authorizations.owned(shown.authorization_id, shown.third_party_id)
        if held is None or not held.stands(self.at):
            raise InvalidGrant("The authorization has ended.")
        return Subject(authorization=held, family=shown.family, scope=held.scope)

    def retire(self, shown: RefreshToken) -> None:
        """Let the former pair of a refresh token fade. A second use within the grace changes nothing more."""
        if self.tx.tokens.rotate(shown.id, self.at):
            self.tx.tokens.shorten(shown.token_id, after(refresh.GRACE_SECONDS, self.at))

    # making and keeping

    def bulk_entry(self, third_party: ThirdParty) -> Authorization:
        """The bulk entry of a third party, which its client token stands for."""
        held = self.tx.authorizations.own_entry(third_party.id, Entry.BULK)
        if held is None:
            raise LookupError(f"third party {third_party.id} has no bulk entry")
        return held

    def _client_token(self, third_party: ThirdParty) -> dict[str, str | int]:
        bulk = self.bulk_entry(third_party)
        text = self.secrets(BEARER_PREFIXES[self._class(BearerClass.CLIENT, BearerClass.TEST_CLIENT)])
        return {
            **dict.fromkeys(self.addresses.profile.client_token_keys, text),
            "token_type": "Bearer",
            "expires_in": self.access_seconds,
            "scope": bulk.scope,
            "resourceURI": self.addresses.bulk(third_party.id),
            "authorizationURI": self.addresses.authorization(bulk.id),
        }

    def _pair(self, subject: Subject) -> dict[str, str | int]:
        held = subject.authorization
        bearer_class = self._class(BearerClass.ACCESS, BearerClass.TEST_ACCESS)
        # a rehearsal's addresses look real and lead nowhere: no authorization has the number 0
        number = 0 if held is None else held.id
        answer: dict[str, str | int] = {
            "access_token": self.secrets(BEARER_PREFIXES[bearer_class]),
            "token_type": "Bearer",
            "expires_in": self._until(subject, self.access_seconds) - self.at,
            "refresh_token": self.secrets(REFRESH_PREFIX),
            "scope": subject.scope,
            "resourceURI": self.addresses.subscription_batch(number),
            "authorizationURI": self.addresses.authorization(number),
        }
        if held is not None and held.kinds & CUSTOMER:
            answer["customerResourceURI"] = self.addresses.customer_batch(number)
        return answer

    def _keep_client_token(self, token: dict[str, str | int], third_party: ThirdParty) -> None:
        bearer_class = self._class(BearerClass.CLIENT, BearerClass.TEST_CLIENT)
        kept = Token(
            bearer_class=bearer_class,
            third_party_id=third_party.id,
            scope=str(token["scope"]),
            issued_at=self.at,
            expires_at=self.at + self.access_seconds,
        )
        self.tx.tokens.add(kept, str(token[self.addresses.profile.client_token_keys[0]]))
        self._note(bearer_class, third_party, None)

    def _keep_pair(self, token: dict[str, str | int], third_party: ThirdParty, subject: Subject) -> None:
        bearer_class = self._class(BearerClass.ACCESS, BearerClass.TEST_ACCESS)
        held_id = None if subject.authorization is None else subject.authorization.id
        kept = self.tx.tokens.add(
            Token(
                bearer_class=bearer_class,
                third_party_id=third_party.id,
                authorization_id=held_id,
                family=subject.family,
                scope=subject.scope,
                issued_at=self.at,
                expires_at=self._until(subject, self.access_seconds),
            ),
            str(token["access_token"]),
        )
        self.tx.tokens.add_refresh(
            RefreshToken(
                third_party_id=third_party.id,
                authorization_id=held_id,
                family=subject.family,
                token_id=kept.id,
                scope=subject.scope,
                issued_at=self.at,
                expires_at=self._until(subject, self.refresh_seconds),
            ),
            str(token["refresh_token"]),
        )
        self._note(bearer_class, third_party, held_id)

    def _class(self, real: BearerClass, rehearsed: BearerClass) -> BearerClass:
        return rehearsed if self.test else real

    def _until(self, subject: Subject, seconds: int) -> int:
        """The end of a token: its term, but not beyond the authorization's."""
        ends = None if subject.authorization is None else subject.authorization.ends
        return self.at + seconds if ends is None else min(self.at + seconds, ends)

    def _note(self, bearer_class: BearerClass, third_party: ThirdParty, authorization_id: int | None) -> None:
        self.tx.trail.write(
            "token_issued",
            self.at,
            third_party_id=third_party.id,
            authorization_id=authorization_id,
            detail={"class": bearer_class.value},
        )
