"""A utility's OAuth side on a real store with a stopped clock: third parties, customers, codes, tokens."""

import json
import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.custodian.store.households import Home, add_home
from wattshare.custodian.mailing import Mailing, Texting
from wattshare.custodian.model.authorization import Authorization, Entry
from wattshare.custodian.model.bearer import Certificate
from wattshare.custodian.model.errors import UnknownBearer
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.oauth.authorize import AuthorizeRequest
from wattshare.custodian.services.access import Access
from wattshare.custodian.services.consent import Asked, Consent
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.messages import Messages
from wattshare.custodian.services.receipts import Receipts
from wattshare.custodian.services.registration import Registered, Registration, Wish
from wattshare.custodian.services.signing import Signing
from wattshare.custodian.services.terms import Choice
from wattshare.custodian.services.tokens import TokenAnswer, TokenRequest, Tokens
from wattshare.custodian.services.tongues import Tongues
from wattshare.custodian.services.warning import Warnings
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.kinds import Kind
from wattshare.espi.profile import PGE, Profile

BASE = "https://localhost:8443"
RESOURCES = f"{BASE}{PGE.resource_root}"
REDIRECT = "https://acme.example/callback"
START = 1_700_100_000
USAGE = frozenset({Kind.USAGE})
Pairs = tuple[tuple[str, str], ...]


@dataclass
class StoppedClock:
    """A clock that goes when it is told to."""

    at: int = START

    def __call__(self) -> int:
        return self.at

    def advance(self, seconds: int) -> None:
        self.at += seconds


@dataclass(frozen=True, kw_only=True)
class Client:
    """A third party as its own program knows it."""

    party: ThirdParty
    secret: str
    registration_token: str

    @property
    def basic(self) -> str:
        return basic(self.party.client_id, self.secret)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()


def certificate(name: str = "acme") -> Certificate:
    return Certificate(sha256=name.encode().hex().ljust(64, "0"), pem="")


@dataclass(kw_only=True)
class Desk:
    """Everything that the tests turn."""

    store: Store
    profile: Profile = PGE
    mutual_tls: bool = False
    clock: StoppedClock = field(default_factory=StoppedClock)

    def __post_init__(self) -> None:
        addresses = Addresses(BASE, self.profile)
        ids = count(1)

        def new_uuid() -> str:
            return f"00000000-0000-4000-8000-{next(ids):012x}"

        messages = Messages(
            store=self.store,
            now=self.clock,
            new_id=secrets.token_hex,
            mailing=Mailing(sender=""),
            texting=Texting(),
            tongues=Tongues.of,
        )
        warnings = Warnings(messages=messages)
        signing = Signing(store=self.store, now=self.clock, random=secrets.token_bytes, warn=warnings.secret_changed)
        receipts = Receipts(
            store=self.store,
            signing=signing,
            messages=messages,
            utility="Riverton Power",
            portal=BASE,
            zone=self.profile.zone,
        )
        self.consent = Consent(
            store=self.store, now=self.clock, addresses=addresses, new_uuid=new_uuid, receipts=receipts
        )
        self.registration = Registration(
            store=self.store,
            now=self.clock,
            addresses=addresses,
            hex_text=lambda length: secrets.token_hex(length // 2),
            new_uuid=new_uuid,
            allow_http=False,
            allow_self_signed=True,
            warn=warnings.changed,
        )
        self.tokens = Tokens(
            store=self.store,
            now=self.clock,
            secrets=lambda prefix: prefix + secrets.token_urlsafe(32),
            addresses=addresses,
            mutual_tls=self.mutual_tls,
            access_seconds=3600,
            refresh_seconds=365 * 86_400,
            open_data=self.consent.open_data,
            passed_oauth=self.registration.passed_oauth,
        )
        self.access = Access(store=self.store, now=self.clock)

    # who there is

    def client(self, name: str = "Acme Energy", **wish: Any) -> Client:
        """A registered third party."""
        user_type = wish.get("user_type")
        uris = () if user_type is not None and not user_type.uses_oauth else (REDIRECT,)
        registered: Registered = self.registration.register(Wish(name=name, **({"redirect_uris": uris} | wish)))
        return Client(
            party=registered.party,
            secret=registered.client_secret,
            registration_token=registered.registration_token,
        )

    def home(self, number: str = "1234567890-1") -> Home:
        """A customer with one service."""
        with self.store.begin() as tx:
            return add_home(tx, number)

    # what they do

    def consented(
        self, client: Client, home: Home, kinds: frozenset[Kind] = USAGE, challenge: str | None = None
    ) -> str:
        """A customer's permission: the code for it."""

        def issue(tx: Tx, held: Authorization, party: ThirdParty, asked: Asked) -> str:
            return self.tokens.issue_code(
                tx,
                authorization_id=held.id,
                third_party=party,
                redirect_uri=asked.redirect_uri,
                challenge=asked.code_challenge,
                test=False,
            )

        asked = Asked(third_party_id=client.party.id, redirect_uri=REDIRECT, code_challenge=challenge)
        choice = Choice(kinds=kinds, agreement_ids=(home.agreement.id,), until=None)
        return self.consent.agree(asked, home.customer.id, choice, issue)[1]

    def ask(
        self,
        client: Client | None = None,
        *,
        test: bool = False,
        in_query: bool = False,
        request: dict[str, Any] | None = None,
        **parameters: str,
    ) -> "Told":
        """Ask the token endpoint."""
        pairs = tuple(parameters.items())
        whole: dict[str, Any] = {"query" if in_query else "form": pairs}
        if client is not None:
            whole["authorization"] = client.basic
        return Told(self.tokens.grant(TokenRequest(**(whole | (request or {}))), test=test))

    def redeem(self, client: Client, code: str, /, **more: Any) -> "Told":
        return self.ask(client, **({"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT} | more))

    def refresh(self, client: Client, refresh_token: str, **more: Any) -> "Told":
        return self.ask(client, grant_type="refresh_token", refresh_token=refresh_token, **more)

    def client_token(self, client: Client, *, test: bool = False, **more: Any) -> str:
        token = self.ask(client, test=test, grant_type="client_credentials", **more)["access_token"]
        assert isinstance(token, str)
        return token

    def connect(self, client: Client, home: Home, kinds: frozenset[Kind] = USAGE) -> "Told":
        """From consent to a pair of tokens."""
        told = self.redeem(client, self.consented(client, home, kinds))
        assert told.status == 200
        return told

    def rehearsed(self, client: Client) -> str:
        """A dummy code."""
        url = self.tokens.rehearse(
            (
                ("client_id", client.party.client_id),
                ("redirect_uri", REDIRECT),
                ("response_type", "code"),
                ("scope", "xyz"),
            )
        )
        assert isinstance(url, str)
        return dict(parse_qsl(urlsplit(url).query))["code"]

    def examined(self, client: Client, *more: tuple[str, str]) -> AuthorizeRequest:
        outcome = self.tokens.examine(
            (
                ("client_id", client.party.client_id),
                ("redirect_uri", REDIRECT),
                ("response_type", "code"),
                *more,
            )
        )
        assert isinstance(outcome, AuthorizeRequest)
        return outcome

    # what there is

    def authorizations(self, client: Client) -> tuple[Authorization, ...]:
        """A third party's customer authorizations, ended ones too."""
        with self.store.read() as tx:
            every = tx.authorizations.of_third_party(client.party.id, alive_only=False)
        return tuple(held for held in every if held.entry is Entry.CUSTOMER)

    def own_entry(self, client: Client, entry: Entry) -> Authorization:
        with self.store.read() as tx:
            held = tx.authorizations.own_entry(client.party.id, entry)
        assert held is not None
        return held

    def works(self, token: object) -> bool:
        """Whether a bearer token is taken."""
        try:
            return self.tokens.identify(f"Bearer {token}", certificate()) is not None
        except UnknownBearer:
            return False

    def events(self, client: Client) -> list[str]:
        with self.store.read() as tx:
            return [entry.event for entry in tx.trail.of_third_party(client.party.id)]


class Told:
    """An answer of the token endpoint, read."""

    def __init__(self, answer: TokenAnswer) -> None:
        self.answer = answer
        self.status = answer.status
        self.headers = dict(answer.headers)
        self.body: dict[str, Any] = json.loads(answer.body) if answer.body[:1] == b"{" else {}

    def __getitem__(self, name: str) -> Any:
        return self.body[name]

    @property
    def error(self) -> tuple[int, str | None]:
        return self.status, self.body.get("error")
