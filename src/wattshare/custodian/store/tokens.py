"""Codes, bearer tokens and refresh tokens. Their texts are never here, only the macs."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    update,
)

from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.tokens import Code, RefreshToken, Token
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.prepared import Prepared

# ids are never given twice: a family is the id of its code
CODE = Table(
    "code",
    METADATA,
    Column("id", Big, primary_key=True),
    Column("mac", String, nullable=False, unique=True),
    Column("third_party_id", Big, ForeignKey("third_party.id"), nullable=False, index=True),
    Column("authorization_id", Big, ForeignKey("authorization.id"), index=True),
    Column("redirect_uri", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("challenge", String),
    Column("issued_at", Big, nullable=False),
    Column("expires_at", Big, nullable=False, index=True),
    Column("used_at", Big),
    Column("ended_at", Big),
    sqlite_autoincrement=True,
)

TOKEN = Table(
    "token",
    METADATA,
    Column("id", Big, primary_key=True),
    Column("mac", String, nullable=False, unique=True),
    Column("bearer_class", String, nullable=False),
    Column("third_party_id", Big, ForeignKey("third_party.id"), nullable=False, index=True),
    Column("authorization_id", Big, ForeignKey("authorization.id"), index=True),
    Column("family", Big, ForeignKey("code.id"), index=True),
    Column("scope", Text, nullable=False),
    Column("issued_at", Big, nullable=False),
    Column("expires_at", Big, nullable=False, index=True),
    Column("ended_at", Big),
    sqlite_autoincrement=True,
)

REFRESH_TOKEN = Table(
    "refresh_token",
    METADATA,
    Column("id", Big, primary_key=True),
    Column("mac", String, nullable=False, unique=True),
    Column("third_party_id", Big, ForeignKey("third_party.id"), nullable=False, index=True),
    Column("authorization_id", Big, ForeignKey("authorization.id"), index=True),
    Column("family", Big, ForeignKey("code.id"), nullable=False, index=True),
    # no foreign key: the bearer token is forgotten first
    Column("token_id", Big, nullable=False),
    Column("scope", Text, nullable=False),
    Column("issued_at", Big, nullable=False),
    Column("expires_at", Big, nullable=False, index=True),
    Column("rotated_at", Big),
    Column("ended_at", Big),
    sqlite_autoincrement=True,
)


# made once, as every call of the API finds its token
# of a token, without what stands for its text
TOKEN_COLUMNS = tuple(column for column in TOKEN.c if column.name != "mac")
FIND = {
    table: Prepared(
        select(*(column for column in table.c if column.name != "mac")).where(
            table.c.mac == bindparam("mac", type_=String)
        )
    )
    for table in (CODE, TOKEN, REFRESH_TOKEN)
}


class Tokens:
    """Codes and tokens by their texts, families and authorizations."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    # codes

    def add_code(self, code: Code, text: str) -> Code:
        """Keep a code; the same with its id."""
        return replace(code, id=self._add(CODE, asdict(code), text))

    def code(self, text: str) -> Code | None:
        """The code of that text, used and ended ones too."""
        row = self._find(CODE, text)
        return None if row is None else Code(**row)

    def use_code(self, code_id: int, at: int) -> bool:
        """Mark as used, unless it was used or ended before. Whether this was the use."""
        unused = (CODE.c.id == code_id) & CODE.c.used_at.is_(None) & CODE.c.ended_at.is_(None)
        return self._connection.execute(update(CODE).where(unused).values(used_at=at)).rowcount == 1

    def end_codes(self, third_party_id: int, at: int) -> int:
        """End the unused codes of a third party whose registration changed. How many."""
        return self._end(CODE, (CODE.c.third_party_id == third_party_id) & CODE.c.used_at.is_(None), at)

    # bearer tokens

    def add(self, token: Token, text: str) -> Token:
        """Keep a bearer token; the same with its id."""
        return replace(token, id=self._add(TOKEN, asdict(token), text))

    def find(self, text: str) -> Token | None:
        """The bearer token of that text, expired and ended ones too."""
        row = self._find(TOKEN, text)
        return None if row is None else _token(row)

    def by_id(self, token_id: int) -> Token | None:
        """The bearer token of that id, expired and ended ones too."""
        row = self._connection.execute(select(TOKEN).where(TOKEN.c.id == token_id)).mappings().one_or_none()
        return None if row is None else _token(_without_mac(row))

    def shorten(self, token_id: int, expires_at: int) -> None:
        """Let a bearer token end then, unless it ends earlier."""
        longer = (TOKEN.c.id == token_id) & (TOKEN.c.expires_at > expires_at)
        self._connection.execute(update(TOKEN).where(longer).values(expires_at=expires_at))

    def end(self, token_id: int, at: int) -> None:
        """End one bearer token, unless it has ended."""
        self._end(TOKEN, TOKEN.c.id == token_id, at)

    def latest_end(self, authorization_id: int) -> int | None:
        """The greatest `expires_at` of an authorization's bearer tokens that have not ended."""
        latest: int | None = self._connection.execute(
            select(func.max(TOKEN.c.expires_at)).where(
                TOKEN.c.authorization_id == authorization_id, TOKEN.c.ended_at.is_(None)
            )
        ).scalar_one()
        return latest

    # refresh tokens

    def add_refresh(self, refresh: RefreshToken, text: str) -> RefreshToken:
        """Keep a refresh token; the same with its id."""
        return replace(refresh, id=self._add(REFRESH_TOKEN, asdict(refresh), text))

    def find_refresh(self, text: str) -> RefreshToken | None:
        """The refresh token of that text, rotated, expired and ended ones too."""
        row = self._find(REFRESH_TOKEN, text)
        return None if row is None else RefreshToken(**row)

    def rotate(self, refresh_id: int, at: int) -> bool:
        """Mark as rotated, unless it was rotated or ended before. Whether this was it."""
        columns = REFRESH_TOKEN.c
        unused = (columns.id == refresh_id) & columns.rotated_at.is_(None) & columns.ended_at.is_(None)
        changed = update(REFRESH_TOKEN).where(unused).values(rotated_at=at)
        return self._connection.execute(changed).rowcount == 1

    # all of them

    def hold_family(self, family: int) -> None:
        """Let nobody else work on a family until this transaction ends."""
        # an update that changes nothing locks the row on every database
        self._connection.execute(update(CODE).where(CODE.c.id == family).values(id=family))

    def end_family(self, family: int, at: int) -> int:
        """End every bearer and refresh token of a family that has not ended. How many."""
        return sum(self._end(table, table.c.family == family, at) for table in (TOKEN, REFRESH_TOKEN))

    def revoke_authorization(self, authorization_id: int, at: int) -> int:
        """End every unused code, bearer token and refresh token of an authorization. How many."""
        codes = (CODE.c.authorization_id == authorization_id) & CODE.c.used_at.is_(None)
        return self._end(CODE, codes, at) + sum(
            self._end(table, table.c.authorization_id == authorization_id, at) for table in (TOKEN, REFRESH_TOKEN)
        )

    def forget(self, before: int) -> int:
        """Drop what expired before that second. How many.

        A code goes last: not while a token of its family is there.
        """
        dropped = sum(
            self._connection.execute(delete(table).where(table.c.expires_at < before)).rowcount
            for table in (TOKEN, REFRESH_TOKEN)
        )
        alone = [~select(table.c.id).where(table.c.family == CODE.c.id).exists() for table in (TOKEN, REFRESH_TOKEN)]
        codes = delete(CODE).where(CODE.c.expires_at < before, *alone)
        return dropped + self._connection.execute(codes).rowcount

    def _add(self, table: Table, row: dict[str, Any], text: str) -> int:
        del row["id"]
        added = table.insert().values(**row, mac=self._keys.mac(text)).returning(table.c.id)
        return int(self._connection.execute(added).scalar_one())

    def _find(self, table: Table, text: str) -> dict[str, Any] | None:
        query = FIND[table]
        for mac in self._keys.macs(text):
            for row in query.rows(self._connection, {"mac": mac}):
                return dict(zip(query.columns, row, strict=True))
        return None

    def _end(self, table: Table, which: ColumnElement[bool], at: int) -> int:
        return self._connection.execute(
            update(table).where(which, table.c.ended_at.is_(None)).values(ended_at=at)
        ).rowcount


def _without_mac(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "mac"}


def read_token(row: tuple[Any, ...]) -> Token:
    """The token of a row of `TOKEN_COLUMNS`."""
    return _token({column.name: value for column, value in zip(TOKEN_COLUMNS, row, strict=True)})


def _token(row: Mapping[str, Any]) -> Token:
    return Token(**{**row, "bearer_class": BearerClass(row["bearer_class"])})
