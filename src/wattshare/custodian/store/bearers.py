"""What stands behind a bearer token, for every call of the API: in one query, as each one costs more than it finds."""

from typing import NamedTuple

from sqlalchemy import Connection, String, and_, bindparam, select

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.tokens import Token
from wattshare.custodian.store.access_changes import MOMENT
from wattshare.custodian.store.authorizations import AUTHORIZATION, known_authorization
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.parties import THIRD_PARTY, known_party
from wattshare.custodian.store.prepared import Prepared, plain
from wattshare.custodian.store.tokens import TOKEN, TOKEN_COLUMNS, read_token

PARTY, HELD = plain(THIRD_PARTY), plain(AUTHORIZATION)
PARTY_AT = len(TOKEN_COLUMNS)
HELD_AT = PARTY_AT + len(PARTY)
MOMENT_AT = HELD_AT + len(HELD)
ITS_PARTY = THIRD_PARTY.c.id == TOKEN.c.third_party_id
ITS_AUTHORIZATION = and_(
    AUTHORIZATION.c.id == TOKEN.c.authorization_id, AUTHORIZATION.c.third_party_id == TOKEN.c.third_party_id
)
SHOWN = Prepared(
    select(*TOKEN_COLUMNS, *PARTY, *HELD, MOMENT)
    .select_from(TOKEN.join(THIRD_PARTY, ITS_PARTY).outerjoin(AUTHORIZATION, ITS_AUTHORIZATION))
    .where(TOKEN.c.mac == bindparam("mac", type_=String))
)


class Shown(NamedTuple):
    """A bearer token, expired and ended ones too, and whose it is."""

    token: Token
    third_party: ThirdParty
    # of an access token, if it is its third party's; ended ones too
    held: Authorization | None
    # what the view that it was found in has seen; see `access_changes`
    moment: str


class Bearers:
    """Bearer tokens by their text."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def shown(self, text: str) -> Shown | None:
        """The bearer token of that text with all that is known of it. For who reads: nothing is kept from others."""
        for mac in self._keys.macs(text):
            for row in SHOWN.rows(self._connection, {"mac": mac}):
                party, held = row[PARTY_AT:HELD_AT], row[HELD_AT:MOMENT_AT]
                return Shown(
                    token=read_token(row[:PARTY_AT]),
                    third_party=known_party(self._keys, party),
                    held=None if held[0] is None else known_authorization(held),
                    moment=row[MOMENT_AT],
                )
        return None
