"""Registering third parties, changing what they registered, and the milestones of their tests."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from wattshare.custodian.model.authorization import Authorization, Entry, State, history_floor
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import BadRequest, Conflict, Unknown
from wattshare.custodian.model.parties import Milestones, Role, Standing, ThirdParty, UserType
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.work import OPTIONAL_KINDS, NoticeKind
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.registrations import registered_scope
from wattshare.custodian.services.notices import TELL
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.kinds import Kind

DAY = 86_400
# tests are due 90 days after registration
TEST_DAYS = 90
NAME_LENGTH = 80
# espi.xsd ApplicationInformation: String256, String32
TEXT_LENGTH, PHONE_LENGTH = 256, 32
# days: back to 1970 and a little further
LONGEST_HISTORY = 36_500
# control characters and the marks that turn the direction of writing
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody registering says of itself."""

    name: str
    user_type: UserType = UserType.STANDARD
    role: Role = Role.STANDALONE
    # name of the partner shown on the consent page of this primary
    partner: str | None = None
    redirect_uris: tuple[str, ...] = ()
    portal_uri: str | None = None
    notification_uri: str | None = None
    notify_daily: bool = False
    notify_kinds: frozenset[NoticeKind] = frozenset()
    kinds_required: frozenset[Kind] = frozenset({Kind.USAGE})
    kinds_optional: frozenset[Kind] = frozenset()
    # the services that it asks for; none named: all
    commodities: frozenset[Commodity] = frozenset()
    history_days: int = 1460
    visible: bool = False
    pkce_required: bool = False
    purpose: str = ""
    phone: str = ""
    # where customers reach it: a mail address, a telephone number
    support: str = ""
    contacts: tuple[str, ...] = ()
    # PEM
    certificate: str | None = None


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A registration with its secrets, to be shown to the third party."""

    party: ThirdParty
    client_secret: str
    registration_token: str


@dataclass(frozen=True, kw_only=True)
class Registration:
    """Third parties come, change and go."""

    store: Store
    now: Clock
    addresses: Addresses
    # 64 hex characters: a client secret; 32: a client id
    hex_text: Callable[[int], str]
    new_uuid: Callable[[], str]
    allow_http: bool
    allow_self_signed: bool
    # who is told of a change, in its transaction: what stood there, and what stands there now
    warn: Callable[[Tx, ThirdParty, ThirdParty], None]

    def register(self, wish: Wish) -> Registered:
        """Take a registration: credentials, and the two authorizations that every third party has.

        Raises:
            BadRequest: a field is wrong; it is named.
            Conflict: the name or the certificate is taken.
        """
        self._check(wish)
        secret, token = self.hex_text(64), self.new_uuid()
        with self.store.begin() as tx:
            if tx.parties.by_name(wish.name) is not None:
                raise Conflict(f"There is a third party named {wish.name!r} already.", field="name")
            party = self._party(tx, wish)
            tx.parties.add(party, secret=secret, registration_token=token)
            for entry in (Entry.REGISTRATION, Entry.BULK):
                tx.authorizations.add(self._own(tx, party, entry), ())
            tx.trail.write("third_party_registered", self.now(), third_party_id=party.id)
        return Registered(party=party, client_secret=secret, registration_token=token)

    def change(self, name: str, wish: Wish) -> ThirdParty:
        """Replace what a third party registered; credentials stay.

        Raises:
            Unknown: there is no third party of that name.
            BadRequest: a field is wrong; it is named.
        """
        self._check(wish)
        with self.store.begin() as tx:
            party = self._named(tx, name)
            made = self._party(tx, wish, standing=party)
            tx.parties.change(made)
            tx.tokens.end_codes(made.id, self.now())
            if made.notify_daily and not party.notify_daily:
                # it begins with the last day again, not with everything since it was told for the last time
                tx.daily.forget(party.id)
            if made.notification_uri != party.notification_uri:
                # nothing is known of the receiver at the new address
                tx.receivers.forget(party.id)
                tx.jobs.hasten(TELL, party.id, self.now())
            for held in tx.authorizations.of_third_party(made.id, alive_only=True):
                if held.entry is not Entry.CUSTOMER:
                    tx.authorizations.change(self._renewed(held, made))
            tx.trail.write("third_party_changed", self.now(), third_party_id=party.id)
            self.warn(tx, party, made)
        return made

    def move(self, name: str, to: Standing) -> ThirdParty:
        """Suspend a third party, or put it back into production.

        Raises:
            Unknown: there is no third party of that name.
            BadRequest: it cannot go there from where it stands.
        """
        with self.store.begin() as tx:
            party = self._named(tx, name)
            if party.standing is to:
                return party
            try:
                moved = party.moved(to)
            except ValueError as why:
                raise BadRequest(str(why), field="standing") from why
            tx.parties.change(moved)
            tx.trail.write(f"third_party_{to.value}", self.now(), third_party_id=party.id)
        return moved

    def show(self, name: str) -> Registered:
        """A registration with its secrets.

        Raises:
            Unknown: there is no third party of that name.
        """
        with self.store.read() as tx:
            party = self._named(tx, name)
            return Registered(
                party=party,
                client_secret=tx.parties.secret(party.id),
                registration_token=tx.parties.registration_token(party.id),
            )

    def every(self) -> tuple[ThirdParty, ...]:
        """All third parties by id."""
        with self.store.read() as tx:
            return tx.parties.every()

    def wish(self, party: ThirdParty) -> Wish:
        """What a third party has registered, as the wish that would register it."""
        with self.store.read() as tx:
            partner = tx.parties.by_id(party.partner_id) if party.partner_id else None
        kept = {name: getattr(party, name) for name in Wish.__dataclass_fields__ if hasattr(party, name)}
        return Wish(**kept, partner=partner.name if partner else None)

    def passed_connectivity(self, tx: Tx, party: ThirdParty) -> None:
        """Sample data was delivered to a test client token: the API Connectivity Test is done."""
        self._milestone(tx, party, "connectivity_test_at")

    def passed_oauth(self, tx: Tx, party: ThirdParty) -> None:
        """A test code was redeemed: the OAuth Test is done."""
        self._milestone(tx, party, "oauth_test_at")

    def _milestone(self, tx: Tx, party: ThirdParty, name: str) -> None:
        known = tx.parties.held(party.id)
        if known is None or getattr(known.milestones, name) is not None:
            return
        tx.parties.change(replace(known, milestones=replace(known.milestones, **{name: self.now()})))
        tx.trail.write(name.removesuffix("_at"), self.now(), third_party_id=party.id)

    @staticmethod
    def _named(tx: Tx, name: str) -> ThirdParty:
        party = tx.parties.by_name(name)
        if party is None:
            raise Unknown(f"There is no third party named {name!r}.", field="name")
        return party

    def _party(self, tx: Tx, wish: Wish, *, standing: ThirdParty | None = None) -> ThirdParty:
        certificate = read_certificate(wish.certificate, allow_self_signed=self.allow_self_signed, now=self.now())
        partner = self._partner(tx, wish)
        now = self.now()
        return ThirdParty(
            id=standing.id if standing else tx.parties.next_id(),
            name=wish.name,
            user_type=wish.user_type,
            role=wish.role,
            partner_id=partner.id if partner else None,
            standing=standing.standing if standing else Standing.PRODUCTION,
            client_id=standing.client_id if standing else self.hex_text(32),
            application_id=standing.application_id if standing else self.new_uuid(),
            redirect_uris=wish.redirect_uris,
            portal_uri=wish.portal_uri,
            notification_uri=wish.notification_uri,
            notify_daily=wish.notify_daily,
            notify_kinds=wish.notify_kinds,
            kinds_required=wish.kinds_required,
            kinds_optional=wish.kinds_optional - wish.kinds_required,
            commodities=wish.commodities,
            history_days=wish.history_days,
            visible=wish.visible,
            pkce_required=wish.pkce_required,
            purpose=wish.purpose,
            phone=wish.phone,
            support=wish.support,
            contacts=wish.contacts,
            certificate=wish.certificate,
            certificate_sha256=certificate,
            registered_at=standing.registered_at if standing else now,
            milestones=standing.milestones if standing else Milestones(due_at=now + TEST_DAYS * DAY),
        )

    def _partner(self, tx: Tx, wish: Wish) -> ThirdParty | None:
        if wish.partner is None:
            return None
        partner = tx.parties.by_name(wish.partner)
        if partner is None:
            raise BadRequest(f"There is no third party named {wish.partner!r}.", field="partner")
        if wish.role is not Role.PRIMARY or partner.role is not Role.PARTNER or partner.name == wish.name:
            raise BadRequest("Only a primary names a partner, and the partner registers as one.", field="partner")
        return partner

    def _own(self, tx: Tx, party: ThirdParty, entry: Entry) -> Authorization:
        now = self.now()
        zone = self.addresses.profile.zone
        floor = history_floor(now, party.history_days, zone)
        return Authorization(
            id=tx.authorizations.next_id(),
            third_party_id=party.id,
            entry=entry,
            state=State.ACTIVE,
            kinds=party.kinds,
            scope=registered_scope(self.addresses, party),
            starts=now,
            floor=floor,
            created_at=now,
            changed_at=now,
        )

    def _renewed(self, held: Authorization, party: ThirdParty) -> Authorization:
        scope = registered_scope(self.addresses, party)
        return replace(held, kinds=party.kinds, scope=scope, changed_at=self.now(), version=held.version + 1)

    def _check(self, wish: Wish) -> None:
        if not wish.name.strip() or len(wish.name) > NAME_LENGTH or UNPRINTABLE.search(wish.name):
            raise BadRequest(f"A name has 1 to {NAME_LENGTH} printable characters.", field="name")
        for field, texts, most in (
            ("purpose", (wish.purpose,), TEXT_LENGTH),
            ("phone", (wish.phone,), PHONE_LENGTH),
            ("support", (wish.support,), NAME_LENGTH),
            ("contacts", wish.contacts, TEXT_LENGTH),
        ):
            if any(len(text) > most or UNPRINTABLE.search(text) for text in texts):
                raise BadRequest(f"This has at most {most} characters, all printable.", field=field)
        if not wish.notify_kinds <= OPTIONAL_KINDS:
            raise BadRequest(f"Choose from {', '.join(sorted(OPTIONAL_KINDS))}.", field="notify_kinds")
        if not wish.kinds_required | wish.kinds_optional:
            raise BadRequest("Name at least one kind of data.", field="kinds_required")
        if not 1 <= wish.history_days <= LONGEST_HISTORY:
            raise BadRequest(f"History is 1 to {LONGEST_HISTORY} days.", field="history_days")
        if wish.user_type.uses_oauth and wish.role is not Role.PARTNER and not wish.redirect_uris:
            raise BadRequest("This user type needs at least one redirect URI.", field="redirect_uris")
        for uri in wish.redirect_uris:
            self._check_uri(uri, "redirect_uris")
        for name in ("portal_uri", "notification_uri"):
            if (uri := getattr(wish, name)) is not None:
                self._check_uri(uri, name)

    def _check_uri(self, uri: str, field: str) -> None:
        try:
            parts = urlsplit(uri)
            port = parts.port
        except ValueError as why:
            raise BadRequest(f"{uri!r} is not an address: {why}.", field=field) from why
        schemes = ("https", "http") if self.allow_http else ("https",)
        if parts.scheme not in schemes or not parts.hostname or port == 0:
            raise BadRequest(f"{uri!r} must be an absolute {' or '.join(schemes)} address.", field=field)
        if parts.fragment or "#" in uri or parts.username or UNPRINTABLE.search(uri) or " " in uri:
            raise BadRequest(f"{uri!r} must have no fragment, no user name and no blanks.", field=field)


def read_certificate(pem: str | None, *, allow_self_signed: bool, now: int) -> str | None:
    """SHA-256 of a client certificate's DER, in lower-case hex.

    Raises:
        BadRequest: it cannot be read, it has expired, its key is too short, its hash too weak, or it is self-signed
            where that is not allowed.
    """
    if pem is None:
        return None
    # megabytes that a worker, which registers nobody, does without
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415

    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError as why:
        raise BadRequest(
            "The certificate is not a PEM file (-----BEGIN CERTIFICATE-----).", field="certificate"
        ) from why
    if certificate.not_valid_after_utc.timestamp() < now:
        raise BadRequest(f"The certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d}.", field="certificate")
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
        raise BadRequest(f"The key has {key.key_size} bits; RSA needs 2048 or more.", field="certificate")
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise BadRequest("The key is neither RSA nor an elliptic curve's.", field="certificate")
    if isinstance(certificate.signature_hash_algorithm, hashes.SHA1 | hashes.MD5):
        raise BadRequest("The certificate is signed with SHA-1 or MD5; use SHA-256.", field="certificate")
    if certificate.issuer == certificate.subject and not allow_self_signed:
        raise BadRequest("Self-signed certificates are not accepted here.", field="certificate")
    return certificate.fingerprint(hashes.SHA256()).hex()
