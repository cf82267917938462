"""The service behind the OAuth endpoints, and the one that knows bearers."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.bearer import Bearer, BearerClass, Certificate
from wattshare.custodian.model.clock import Clock, Secrets
from wattshare.custodian.model.errors import NoCertificate, TooMany, UnknownBearer, WrongCertificate
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.tokens import CODE_PREFIX, Code, Token
from wattshare.custodian.oauth import authorize, client_auth, parameters
from wattshare.custodian.oauth.authorize import AuthorizeRequest, PageRefusal, RedirectRefusal
from wattshare.custodian.oauth.errors import InvalidClient, InvalidRequest, OAuthRefusal, Replayed
from wattshare.custodian.oauth.expiry import expired
from wattshare.custodian.oauth.parameters import CLIENT_CREDENTIALS, GRANT_TYPES, Pairs, Parameters
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.tokens import answers, grants
from wattshare.custodian.services.tokens.server import Asked, Server, asking, authenticate
from wattshare.custodian.services.tokens.upkeep import Introspection, Revocation
from wattshare.custodian.services.tokens.values import OpenData, PassedOAuth, TokenAnswer, TokenRequest
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose

# RFC 6750 §2.1: b64token
BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]{1,512}=*) *", re.IGNORECASE | re.ASCII)

# wrong secrets from one place. The right one is let in whatever was tried before, so nobody is locked out by
# somebody else's guesses; at 256 random bits, guessing costs us work and wins nothing
GUESSES = 100
GUESS_SECONDS = 900

Step = Callable[[Server, Asked], TokenAnswer]


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Codes and tokens, from the authorize request to the last use."""

    store: Store
    now: Clock
    secrets: Secrets
    addresses: Addresses
    mutual_tls: bool
    access_seconds: int
    refresh_seconds: int
    open_data: OpenData
    passed_oauth: PassedOAuth

    # authorize

    def examine(self, pairs: Pairs) -> AuthorizeRequest | PageRefusal | RedirectRefusal:
        """Decide about a production authorize request."""
        with self.store.read() as tx:
            return self._examine(tx, pairs, test=False)

    def rehearse(self, pairs: Pairs) -> str | PageRefusal:
        """Answer a test authorize request with a dummy code, without a customer. Where the browser goes."""
        with self.store.begin() as tx:
            request = self._examine(tx, pairs, test=True)
            if isinstance(request, PageRefusal):
                return request
            if isinstance(request, RedirectRefusal):
                return request.url
            code = self.issue_code(
                tx,
                authorization_id=None,
                third_party=request.third_party,
                redirect_uri=request.redirect_uri,
                challenge=request.code_challenge,
                test=True,
                scope=request.scope,
            )
        return authorize.granted(
            request.redirect_uri, code, request.scope, request.state, self.addresses.base, test=True
        )

    def issue_code(
        self,
        tx: Tx,
        *,
        authorization_id: int | None,
        third_party: ThirdParty,
        redirect_uri: str,
        challenge: str | None,
        test: bool,
        scope: str = "",
    ) -> str:
        """A fresh code, bound to third party, redirect URI and challenge; a dummy has no authorization."""
        if test is not (authorization_id is None):
            raise ValueError("a dummy code has no authorization, and every other has one")
        at, profile = self.now(), self.addresses.profile
        seconds = profile.code_seconds if challenge is None else profile.pkce_code_seconds
        text = self.secrets(CODE_PREFIX)
        code = Code(
            third_party_id=third_party.id,
            authorization_id=authorization_id,
            redirect_uri=redirect_uri,
            scope=scope,
            challenge=challenge,
            issued_at=at,
            expires_at=at + seconds,
        )
        tx.tokens.add_code(code, text)
        return text

    def _examine(self, tx: Tx, pairs: Pairs, *, test: bool) -> AuthorizeRequest | PageRefusal | RedirectRefusal:
        client_id = authorize.client_id(pairs)
        third_party = None if client_id is None else tx.parties.by_client_id(client_id)
        base, profile = self.addresses.base, self.addresses.profile
        return authorize.examine(pairs, third_party, profile, issuer=base, now=self.now(), test=test)

    # token

    def grant(self, request: TokenRequest, *, test: bool) -> TokenAnswer:
        """Answer the token endpoint, or its rehearsal.

        Raises:
            NoCertificate: mutual TLS is on and none was shown; after the parameters were found in order.
            WrongCertificate: it is not the client's.
            TooMany: too many wrong secrets came from there.
        """
        if request.method != "POST":
            return self._refuse_method(request, test=test)
        return self._answer(request, parameters.grant_type, token_step, test=test)

    def revoke(self, request: TokenRequest) -> TokenAnswer:
        """Answer the revocation endpoint; by the answer every process has stopped taking the token. RFC 7009.

        Raises:
            NoCertificate, WrongCertificate, TooMany: as `grant`.
        """
        return self._answer(request, None, revocation_step, test=False)

    def introspect(self, request: TokenRequest) -> TokenAnswer:
        """Answer the introspection endpoint: a third party's own tokens only. RFC 7662.

        Raises:
            NoCertificate, WrongCertificate, TooMany: as `grant`.
        """
        return self._answer(request, None, introspection_step, test=False)

    def metadata(self) -> dict[str, object]:
        """The authorization server's metadata. RFC 8414, RFC 9207, RFC 8705 §3.3."""
        base, root = self.addresses.base, self.addresses.base + self.addresses.profile.oauth_root
        methods = ["client_secret_basic", "client_secret_post"]
        metadata = AuthorizationServerMetadata(
            issuer=base,
            authorization_endpoint=self.addresses.authorize,
            token_endpoint=self.addresses.token,
            revocation_endpoint=f"{root}/revoke",
            introspection_endpoint=f"{root}/introspect",
            response_types_supported=["code"],
            response_modes_supported=["query"],
            grant_types_supported=list(GRANT_TYPES),
            token_endpoint_auth_methods_supported=methods,
            revocation_endpoint_auth_methods_supported=methods,
            introspection_endpoint_auth_methods_supported=methods,
            code_challenge_methods_supported=["S256"],
            authorization_response_iss_parameter_supported=True,
            tls_client_certificate_bound_access_tokens=self.mutual_tls,
        )
        if base.startswith("https:"):
            metadata.validate()
        return dict(metadata)

    def _answer(
        self, request: TokenRequest, check: Callable[[Parameters], object] | None, step: Step, *, test: bool
    ) -> TokenAnswer:
        try:
            read = parameters.read_posted(request.query, request.form)
            if check is not None:
                check(read)
            self._admit(request, read)
        except OAuthRefusal as refused:
            return answers.refusal(refused, request)
        # a redeemed code may begin a partner's permission to the same services
        with self.store.begin(Purpose.PEOPLE) as tx:
            return self._step(tx, Asked(request, read), step, test=test)

    def _step(self, tx: Tx, asked: Asked, step: Step, *, test: bool) -> TokenAnswer:
        server = self._server(tx, test=test)
        try:
            return step(server, asked)
        except Replayed as replayed:
            # ended in this very transaction, which is committed although the request is refused
            tx.tokens.end_family(replayed.family, server.at)
            tx.trail.write("replayed", server.at, third_party_id=asking(asked).id)
            return answers.refusal(replayed, asked.asked)
        except OAuthRefusal as refused:
            return answers.refusal(refused, asked.asked)

    def _server(self, tx: Tx, *, test: bool) -> Server:
        return Server(
            tx,
            at=self.now(),
            test=test,
            secrets=self.secrets,
            addresses=self.addresses,
            access_seconds=self.access_seconds,
            refresh_seconds=self.refresh_seconds,
            open_data=self.open_data,
            passed_oauth=self.passed_oauth,
        )

    def _admit(self, request: TokenRequest, read: Parameters) -> None:
        """Know the client before anything is written; the step asks again in its own transaction."""
        if self.mutual_tls and request.certificate is None:
            raise NoCertificate
        third_party = self._authenticated(request, read)
        if self.mutual_tls and not client_auth.certified(third_party, request.certificate, self.now()):
            raise WrongCertificate

    def _authenticated(self, request: TokenRequest, read: Parameters) -> ThirdParty:
        try:
            with self.store.read() as tx:
                return authenticate(tx, request.authorization, read)
        except InvalidClient:
            self._count_guess(request)
            raise

    def _count_guess(self, request: TokenRequest) -> None:
        at = self.now()
        place = request.address if request.certificate is None else request.certificate.sha256
        with self.store.read() as tx:
            if tx.sessions.failures("client:" + place, at - GUESS_SECONDS) >= GUESSES:
                raise TooMany("Too many wrong client credentials.", retry_after=GUESS_SECONDS)
        with self.store.begin() as tx:
            tx.sessions.fail("client:" + place, at)

    def _refuse_method(self, request: TokenRequest, *, test: bool) -> TokenAnswer:
        if self.addresses.profile.token_get_is_405:
            missing = InvalidRequest("Missing grant_type", field="grant_type")
            return answers.refusal(missing, request) if test else answers.wrong_method(request)
        try:
            self._authenticated(request, {})
        except OAuthRefusal as refused:
            return answers.refusal(refused, request)
        return answers.refusal(InvalidRequest(f"{request.method} not permitted"), request)

    # bearers

    def identify(self, authorization: str | None, certificate: Certificate | None) -> Bearer | None:
        """Who shows a token in the Authorization header; None where none is shown. RFC 6750 §2.1.

        Whether the certificate is the registered one stands in the bearer, to be asked last.

        Raises:
            NoCertificate: mutual TLS is on and none was shown.
            UnknownBearer: the token is malformed, unknown, expired or ended.
        """
        text = self.shown(authorization, certificate)
        if text is None:
            return None
        with self.store.read() as tx:
            return self.bearer(tx, text, certificate)[0]

    def shown(self, authorization: str | None, certificate: Certificate | None) -> str | None:
        """The token in an Authorization header; None where none is shown.

        Raises:
            NoCertificate, UnknownBearer: as `identify`.
        """
        if self.mutual_tls and certificate is None:
            raise NoCertificate
        if authorization is None:
            return None
        matched = BEARER.fullmatch(authorization)
        if matched is None:
            raise UnknownBearer
        return matched[1]

    def bearer(self, tx: Tx, text: str, certificate: Certificate | None) -> tuple[Bearer, Authorization | None]:
        """Who shows a token, in a view that goes on, and the authorization of an access token, as it is now.

        Raises:
            UnknownBearer: as `identify`.
        """
        shown = tx.bearers.shown(text)
        if shown is None:
            party = tx.parties.by_registration_token(text)
            if party is None:
                raise UnknownBearer
            bearer = Bearer(
                token_id=party.id,
                bearer_class=BearerClass.REGISTRATION,
                third_party=party,
                certified=self._certified(party, certificate),
            )
            return bearer, None
        token, party, held, _ = shown
        if not usable(token, self.now()):
            raise UnknownBearer
        bearer = Bearer(
            token_id=token.id,
            bearer_class=token.bearer_class,
            third_party=party,
            authorization_id=token.authorization_id,
            certified=self._certified(party, certificate),
        )
        return bearer, held

    def _certified(self, party: ThirdParty, certificate: Certificate | None) -> bool:
        return not self.mutual_tls or client_auth.certified(party, certificate, self.now())


def usable(token: Token, at: int) -> bool:
    """Whether a bearer token still works."""
    return token.ended_at is None and not expired(token.expires_at, at)


def token_step(server: Server, asked: Asked) -> TokenAnswer:
    """One of the three grants."""
    answer = grants.register(server).answer(None, asked)
    wanted = answers.wants_xml(asked.asked.accept)
    if wanted and answer.status == 200 and asked.parameters["grant_type"] == CLIENT_CREDENTIALS:
        return answers.as_xml(answer)
    return answer


def revocation_step(server: Server, asked: Asked) -> TokenAnswer:
    """End a token."""
    server.register_endpoint(Revocation)
    return server.answer(Revocation.ENDPOINT_NAME, asked)


def introspection_step(server: Server, asked: Asked) -> TokenAnswer:
    """Tell how a token stands."""
    server.register_endpoint(Introspection)
    return server.answer(Introspection.ENDPOINT_NAME, asked)
