"""The utility's own sign-in: customers type their password there, and come back known. OpenID Connect Core §3.1.

What is asked there and what comes back belong together by `state`, kept with the browser's session and used once.
"""

import hashlib
from dataclasses import dataclass
from urllib.parse import urlencode

import structlog

from wattshare.custodian.model.clock import Clock, Secrets
from wattshare.custodian.oauth.pkce import challenge_of
from wattshare.custodian.oauth.sign_in import NotVouched, Wanted, vouched
from wattshare.custodian.services.provider import Provider, ProviderFailed
from wattshare.custodian.services.signin import NotSignedIn, Session, SignIn
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.premises import normal_number
from wattshare.custodian.store.purposes import Purpose

LOG = structlog.get_logger(__name__)
# where the browser comes back to: signed in, and signed out
BACK, SIGNED_OUT = "/sharing/own/back", "/?signed_out=yes"
# a password may be recovered there on the way
ASKED_SECONDS = 1_800
# the ID token is shown once more at the sign-out
TOKEN_SECONDS = 86_400
OUT_SECONDS = 300
ASKED, TOKEN, WAY_OUT = "own:", "own:token", "own:out"
# RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6: the customer did not want to, or did not come through
DECLINED = frozenset({"access_denied", "login_required", "interaction_required", "account_selection_required"})


class NotOpen(Exception):
    """There is no such sign-in under way in this browser: it is over, was used, or began elsewhere."""


class Declined(Exception):
    """The customer did not sign in there."""


class Failing(Exception):
    """It does not work at the moment, or its answer cannot be believed."""


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What the browser brings back."""

    state: str
    code: str | None = None
    error: str | None = None
    # RFC 9207
    issuer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Single:
    """Sends customers there, and takes them back."""

    store: Store
    now: Clock
    secrets: Secrets
    sign_in: SignIn
    provider: Provider
    # as customers know it
    name: str
    scopes: str
    claim: str
    claim_names: str
    acr: tuple[str, ...]
    # where they come back to, signed in and signed out
    back: str
    out: str

    def begin(self, session: Session, request_id: str, language: str) -> str:
        """Where the browser goes to sign in.

        Raises:
            Failing: there is nobody to ask.
        """
        try:
            address = self.provider.metadata()["authorization_endpoint"]
        except ProviderFailed as why:
            raise self._failing(why) from why
        state, nonce, verifier = (self.secrets("") for _ in range(3))
        kept = {"nonce": nonce, "verifier": verifier, "request": request_id}
        with self.store.begin() as tx:
            tx.sessions.put_request(session.id, named(state), kept, self.now() + ASKED_SECONDS)
            # somebody said "not you": the one who was signed in is not to come back unasked
            other = tx.sessions.request(session.id, TOKEN, self.now()) is not None
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self.back,
            "scope": self.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "ui_locales": language,
            **({"acr_values": " ".join(self.acr)} if self.acr else {}),
            **({"prompt": "login"} if other else {}),
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    def open(self, session: Session, state: str) -> str:
        """The request that a sign-in under way is for; it is used up later.

        Raises:
            NotOpen: there is none.
        """
        with self.store.read() as tx:
            kept = tx.sessions.request(session.id, named(state), self.now())
        if kept is None:
            raise NotOpen
        return str(kept["request"])

    def finish(self, session: Session, returned: Returned) -> Session:
        """Let in who comes back. The session gets another id.

        Raises:
            NotOpen: it was not asked for from here, or came already.
            Declined: the customer did not sign in there.
            NotSignedIn: who did is no customer that we know.
            Failing: it did not work.
        """
        with self.store.begin() as tx:
            kept = tx.sessions.request(session.id, named(returned.state), self.now())
            if kept is None or not tx.sessions.drop_request(session.id, named(returned.state)):
                raise NotOpen
        if returned.error is not None:
            if returned.error in DECLINED:
                raise Declined
            raise self._failing(ProviderFailed("error"))
        try:
            token, who = self._vouched(returned, kept["nonce"], kept["verifier"])
        except (ProviderFailed, NotVouched) as why:
            raise self._failing(why) from why
        arrived = self.sign_in.enter(session, self._customer(who), "own", None)
        with self.store.begin() as tx:
            tx.sessions.take(arrived.id, TOKEN, self.now())
            tx.sessions.put_request(arrived.id, TOKEN, {"id_token": token}, self.now() + TOKEN_SECONDS)
        return arrived

    def sign_out(self, session: Session) -> str | None:
        """Where the browser goes to sign out there, too; None where it was not signed in there, or cannot be asked.

        OpenID Connect RP-Initiated Logout 1.0.
        """
        with self.store.begin() as tx:
            kept = tx.sessions.take(session.id, TOKEN, self.now())
        if kept is None:
            return None
        try:
            address = self.provider.address("end_session_endpoint")
        except ProviderFailed as why:
            self._failing(why)
            return None
        if address is None:
            return None
        asked = {
            "id_token_hint": kept["id_token"],
            "client_id": self.provider.client_id,
            "post_logout_redirect_uri": self.out,
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    def leave(self, session: Session) -> Session | None:
        """Sign out of a session that began there. Another one, which knows the way out there, where there is one."""
        to = self.sign_out(session)
        self.sign_in.leave(session)
        if to is None:
            return None
        other = self.sign_in.arrive()
        with self.store.begin() as tx:
            tx.sessions.put_request(other.id, WAY_OUT, {"to": to}, self.now() + OUT_SECONDS)
        return other

    def way_out(self, session: Session) -> str | None:
        """Where the browser goes that has just signed out here; once."""
        with self.store.begin() as tx:
            kept = tx.sessions.take(session.id, WAY_OUT, self.now())
        return None if kept is None else str(kept["to"])

    def _vouched(self, returned: Returned, nonce: str, verifier: str) -> tuple[str, str]:
        """The ID token of an answer, and who it says it is."""
        if returned.issuer is not None and returned.issuer != self.provider.issuer:
            raise NotVouched("iss of the answer")
        if returned.code is None:
            raise NotVouched("code")
        token = self.provider.redeem(returned.code, verifier, self.back)
        wanted = Wanted(issuer=self.provider.issuer, client_id=self.provider.client_id, nonce=nonce, acr=self.acr)
        return token, vouched(self.provider.claims(token), wanted, claim=self.claim, now=self.now())

    def _customer(self, who: str) -> int:
        with self.store.read(Purpose.PEOPLE) as tx:
            if self.claim_names == "login":
                login = tx.customers.login(who)
                found = None if login is None else login.customer_id
            else:
                account = tx.customers.by_account_number(who) if normal_number(who) else None
                # of several holders it says nobody
                found = None if account is None else tx.holders.only(account.id, self.now())
        if found is None:
            raise NotSignedIn
        return found

    @staticmethod
    def _failing(why: Exception) -> Failing:
        LOG.warning("own_sign_in_failed", cause=str(why))
        return Failing(str(why))


def named(state: str) -> str:
    """Under which name a sign-in is kept: a state can be shown once only, and not by the database."""
    return ASKED + hashlib.sha256(state.encode()).hexdigest()
