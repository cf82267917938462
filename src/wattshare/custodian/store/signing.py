"""What notices are signed with: a secret of each third party, and the house's own key. Sealed, two alive at most."""

from dataclasses import dataclass, field

from sqlalchemy import Column, Connection, ForeignKey, String, Table, Text, select, update

from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.statements import alone, grow

SIGNING_KEY = Table(
    "signing_key",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    # null: the house's own
    Column("third_party_id", Big, ForeignKey("third_party.id"), index=True),
    Column("secret", Text, nullable=False),  # sealed
    Column("public", String),
    Column("begins", Big, nullable=False),
    Column("ends", Big),
)
PURPOSE = "signing"


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A secret that notices to a third party are signed with, or a key of the house."""

    id: int
    # None: the house's own, whose `secret` is an Ed25519 private key; else the key of an HMAC
    third_party_id: int | None
    # base64
    secret: str = field(repr=False)
    # base64, of an Ed25519 key
    public: str | None = None
    begins: int
    # signed with until then; None: no end is set
    ends: int | None = None


class SigningKeys:
    """Keys by whose they are."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def alive(self, third_party_id: int | None, at: int) -> tuple[SigningKey, ...]:
        """Those of a third party, or of the house, that are signed with; the newest first.

        Writers ask this one after the other.
        """
        alone(self._connection, f"signing keys of {third_party_id}")
        columns = SIGNING_KEY.c
        found = (
            select(SIGNING_KEY)
            .where(
                columns.third_party_id.is_not_distinct_from(third_party_id),
                columns.ends.is_(None) | (columns.ends > at),
            )
            .order_by(columns.id.desc())
        )
        return tuple(map(self._value, self._connection.execute(found).mappings()))

    def add(self, third_party_id: int | None, secret: str, public: str | None, begins: int) -> SigningKey:
        """Keep a new one."""
        made = SigningKey(
            id=grow(self._connection, "signing_key"),
            third_party_id=third_party_id,
            secret=secret,
            public=public,
            begins=begins,
        )
        row = {"id": made.id, "third_party_id": third_party_id, "public": public, "begins": begins}
        self._connection.execute(
            SIGNING_KEY.insert().values(**row, secret=self._keys.seal(PURPOSE, _named(made.id), secret))
        )
        return made

    def end(self, key_id: int, at: int) -> None:
        """Sign with it no longer from that second on."""
        self._connection.execute(update(SIGNING_KEY).where(SIGNING_KEY.c.id == key_id).values(ends=at))

    def _value(self, row: Row) -> SigningKey:
        return SigningKey(**{**row, "secret": self._keys.open(PURPOSE, _named(row["id"]), row["secret"])})


def _named(key_id: int) -> str:
    return f"signing_key/{key_id}/secret"
