"""Third parties, their secrets and the people who sign in for them."""

import json
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    String,
    Table,
    Text,
    bindparam,
    select,
    text,
    update,
)

from wattshare.custodian.model.parties import Milestones, Role, Standing, ThirdParty, UserType
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.model.work import NoticeKind
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.prepared import Prepared, plain
from wattshare.custodian.store.statements import alone, count, grow, holding
from wattshare.espi.kinds import Kind, in_order

THIRD_PARTY = Table(
    "third_party",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False, unique=True),
    Column("user_type", String, nullable=False),
    Column("role", String, nullable=False),
    Column("partner_id", Big, ForeignKey("third_party.id")),
    Column("standing", String, nullable=False),
    Column("client_id", String, nullable=False, unique=True),
    Column("application_id", String, nullable=False, unique=True),
    Column("redirect_uris", JSON, nullable=False),
    Column("portal_uri", String),
    Column("notification_uri", String),
    Column("notify_daily", Boolean, nullable=False),
    Column("notify_kinds", JSON, nullable=False),
    Column("kinds_required", JSON, nullable=False),
    Column("kinds_optional", JSON, nullable=False),
    Column("commodities", JSON, nullable=False, server_default=text("'[]'")),
    Column("history_days", Big, nullable=False),
    Column("visible", Boolean, nullable=False),
    Column("pkce_required", Boolean, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("support", Text, nullable=False, server_default=""),
    Column("phone", Text, nullable=False),  # sealed
    Column("contacts", Text, nullable=False),  # sealed JSON
    Column("certificate", Text),
    Column("certificate_sha256", String, index=True),
    Column("registered_at", Big, nullable=False),
    Column("connectivity_test_at", Big),
    Column("oauth_test_at", Big),
    Column("due_at", Big, nullable=False),
    Column("secret", Text, nullable=False),  # sealed
    Column("secret_mac", String, nullable=False),
    Column("registration_token", Text, nullable=False),  # sealed
    Column("registration_token_mac", String, nullable=False, unique=True),
)

PARTY_LOGIN = Table(
    "third_party_login",
    METADATA,
    Column("login_mac", String, primary_key=True),
    Column("third_party_id", Big, ForeignKey("third_party.id"), nullable=False, index=True),
    Column("password_hash", String, nullable=False),
)

# made once, for every call of the API
BY_ID = Prepared(select(*plain(THIRD_PARTY)).where(THIRD_PARTY.c.id == bindparam("of_id")))

LISTS = tuple(column.name for column in THIRD_PARTY.c if isinstance(column.type, JSON))
# third parties that are asked for again and again
KEPT = 1_024

CONTACTS, SECRETS = "contacts", "secrets"
CERTIFICATES = "certificates"


class Parties:
    """Third parties by id, by client id, by name."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def next_id(self) -> int:
        """A fresh ThirdPartyID: five digits."""
        return grow(self._connection, "third_party", 50_001)

    def add(self, third_party: ThirdParty, *, secret: str, registration_token: str) -> None:
        """Keep a new third party with its secrets."""
        row = self._columns(third_party) | self._secret(third_party.id, secret)
        row["registration_token"] = self._seal(SECRETS, third_party.id, "registration_token", registration_token)
        row["registration_token_mac"] = self._keys.mac(registration_token)
        self._connection.execute(THIRD_PARTY.insert(), row)
        if third_party.certificate is not None:
            grow(self._connection, CERTIFICATES)

    def change(self, third_party: ThirdParty) -> None:
        """Keep what is new of a third party; its secrets stay."""
        known = self.by_id(third_party.id)
        changed = update(THIRD_PARTY).where(THIRD_PARTY.c.id == third_party.id)
        self._connection.execute(changed.values(**self._columns(third_party)))
        if known is None or _trusted(known) != _trusted(third_party):
            grow(self._connection, CERTIFICATES)

    def by_id(self, third_party_id: int) -> ThirdParty | None:
        """The third party of that id."""
        found = BY_ID.rows(self._connection, {"of_id": third_party_id})
        return known_party(self._keys, found[0]) if found else None

    def by_client_id(self, client_id: str) -> ThirdParty | None:
        """The third party of that client_id."""
        return self._one(THIRD_PARTY.c.client_id == client_id)

    def by_name(self, name: str) -> ThirdParty | None:
        """The third party of exactly that name. Writers ask this one after the other, and hold what they find."""
        alone(self._connection, "third parties")
        return self._one(THIRD_PARTY.c.name == name, hold=True)

    def held(self, third_party_id: int) -> ThirdParty | None:
        """The third party of that id, which nobody else changes before the writer's transaction ends."""
        return self._one(THIRD_PARTY.c.id == third_party_id, hold=True)

    def by_registration_token(self, text: str) -> ThirdParty | None:
        """The third party whose registration token this is."""
        return self._one(THIRD_PARTY.c.registration_token_mac.in_(self._keys.macs(text)))

    def every(self) -> tuple[ThirdParty, ...]:
        """All third parties by id."""
        rows = self._connection.execute(select(THIRD_PARTY).order_by(THIRD_PARTY.c.id))
        return tuple(self._value(row) for row in rows.mappings())

    def secret(self, third_party_id: int) -> str:
        """The client secret, to be shown to its third party."""
        return self._opened(third_party_id, "secret")

    def secret_matches(self, third_party_id: int, given: str) -> bool:
        """Whether `given` is the client secret, in a time that tells nothing."""
        kept = select(THIRD_PARTY.c.secret_mac).where(THIRD_PARTY.c.id == third_party_id)
        mac = self._connection.execute(kept).scalar_one_or_none()
        return mac is not None and self._keys.matches(mac, given)

    def reset_secret(self, third_party_id: int, secret: str) -> None:
        """Put another client secret in place of the present one."""
        changed = update(THIRD_PARTY).where(THIRD_PARTY.c.id == third_party_id)
        self._connection.execute(changed.values(**self._secret(third_party_id, secret)))

    def registration_token(self, third_party_id: int) -> str:
        """The registration access token, as it was first shown."""
        return self._opened(third_party_id, "registration_token")

    def certificates(self) -> tuple[tuple[str, str], ...]:
        """(SHA-256, PEM) of every certificate that a third party may come with."""
        columns = select(THIRD_PARTY.c.certificate_sha256, THIRD_PARTY.c.certificate).distinct()
        rows = self._connection.execute(
            columns.where(
                THIRD_PARTY.c.certificate.is_not(None),
                THIRD_PARTY.c.certificate_sha256.is_not(None),
                THIRD_PARTY.c.standing != Standing.REVOKED,
            ).order_by(THIRD_PARTY.c.certificate_sha256)
        )
        return tuple((row[0], row[1]) for row in rows)

    def certificates_version(self) -> int:
        """Grows with every change of what `certificates` gives."""
        return count(self._connection, CERTIFICATES)

    def add_login(self, third_party_id: int, login: str, password_hash: str) -> None:
        """Let somebody sign in for a third party."""
        self._connection.execute(
            PARTY_LOGIN.insert().values(
                login_mac=self._keys.mac(_login(login)),
                third_party_id=third_party_id,
                password_hash=password_hash,
            )
        )

    def login(self, login: str) -> tuple[int, str] | None:
        """(third party, argon2id hash) of a login."""
        columns = select(PARTY_LOGIN.c.third_party_id, PARTY_LOGIN.c.password_hash)
        macs = self._keys.macs(_login(login))
        row = self._connection.execute(columns.where(PARTY_LOGIN.c.login_mac.in_(macs))).first()
        return None if row is None else (row.third_party_id, row.password_hash)

    def _one(self, which: ColumnElement[bool], *, hold: bool = False) -> ThirdParty | None:
        found = select(THIRD_PARTY).where(which)
        row = self._connection.execute(holding(self._connection, found) if hold else found).mappings().one_or_none()
        return None if row is None else self._value(row)

    def _opened(self, third_party_id: int, column: str) -> str:
        kept = select(THIRD_PARTY.c[column]).where(THIRD_PARTY.c.id == third_party_id)
        return self._open(SECRETS, third_party_id, column, self._connection.execute(kept).scalar_one())

    def _secret(self, third_party_id: int, secret: str) -> dict[str, str]:
        return {
            "secret": self._seal(SECRETS, third_party_id, "secret", secret),
            "secret_mac": self._keys.mac(secret),
        }

    def _seal(self, purpose: str, third_party_id: int, column: str, text: str) -> str:
        return self._keys.seal(purpose, f"third_party/{third_party_id}/{column}", text)

    def _open(self, purpose: str, third_party_id: int, column: str, sealed: str) -> str:
        return _unsealed(self._keys, purpose, third_party_id, column, sealed)

    def _columns(self, party: ThirdParty) -> dict[str, Any]:
        plain = {name: getattr(party, name) for name in PLAIN}
        return plain | {
            "redirect_uris": list(party.redirect_uris),
            "kinds_required": list(in_order(party.kinds_required)),
            "kinds_optional": list(in_order(party.kinds_optional)),
            "commodities": sorted(party.commodities),
            "notify_kinds": sorted(party.notify_kinds),
            "phone": self._seal(CONTACTS, party.id, "phone", party.phone),
            "contacts": self._seal(CONTACTS, party.id, "contacts", json.dumps(party.contacts)),
            "connectivity_test_at": party.milestones.connectivity_test_at,
            "oauth_test_at": party.milestones.oauth_test_at,
            "due_at": party.milestones.due_at,
        }

    def _value(self, row: Row) -> ThirdParty:
        return _party(self._keys, row)


# kept as they are
PLAIN = (
    "id",
    "name",
    "user_type",
    "role",
    "partner_id",
    "standing",
    "client_id",
    "application_id",
    "portal_uri",
    "notification_uri",
    "notify_daily",
    "history_days",
    "visible",
    "pkce_required",
    "purpose",
    "support",
    "certificate",
    "certificate_sha256",
    "registered_at",
)
WORDS = {"user_type": UserType, "role": Role, "standing": Standing}


@lru_cache(maxsize=KEPT)
def known_party(keys: Keys, row: tuple[Any, ...]) -> ThirdParty:
    """The third party of a row of `BY_ID`: what is equal is read, and unsealed, once."""
    named = dict(zip(BY_ID.columns, row, strict=True))
    return _party(keys, named | {name: json.loads(named[name]) for name in LISTS})


def _party(keys: Keys, row: Row) -> ThirdParty:
    party_id: int = row["id"]
    plain = {name: row[name] for name in PLAIN}
    plain |= {name: words(plain[name]) for name, words in WORDS.items()}
    return ThirdParty(
        **plain,
        redirect_uris=tuple(row["redirect_uris"]),
        kinds_required=frozenset(map(Kind, row["kinds_required"])),
        kinds_optional=frozenset(map(Kind, row["kinds_optional"])),
        commodities=frozenset(map(Commodity, row["commodities"])),
        notify_kinds=frozenset(map(NoticeKind, row["notify_kinds"])),
        phone=_unsealed(keys, CONTACTS, party_id, "phone", row["phone"]),
        contacts=tuple(json.loads(_unsealed(keys, CONTACTS, party_id, "contacts", row["contacts"]))),
        milestones=Milestones(
            connectivity_test_at=row["connectivity_test_at"],
            oauth_test_at=row["oauth_test_at"],
            due_at=row["due_at"],
        ),
    )


def _unsealed(keys: Keys, purpose: str, third_party_id: int, column: str, sealed: str) -> str:
    return keys.open(purpose, f"third_party/{third_party_id}/{column}", sealed)


def _trusted(party: ThirdParty) -> tuple[str | None, bool]:
    return party.certificate_sha256, party.standing is Standing.REVOKED


def _login(text: str) -> str:
    return "third_party_login:" + text.strip().casefold()
