"""Authorizations, and which seconds of which usage points each of them opens."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Select,
    String,
    Table,
    Text,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from wattshare.custodian.model.authorization import STANDING, Authorization, Ending, Entry, Share, State
from wattshare.custodian.model.errors import Conflict
from wattshare.custodian.store.holders import HOLDER, at_latest, at_soonest, is_held, row_of
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.premises import ACCOUNT, ACCOUNT_HOLDER, AGREEMENT
from wattshare.custodian.store.prepared import Prepared, plain
from wattshare.custodian.store.statements import count, earlier, grow, holding, later, reads_only
from wattshare.espi.kinds import Kind, in_order

AUTHORIZATION = Table(
    "authorization",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("third_party_id", Big, ForeignKey("third_party.id"), nullable=False),
    Column("entry", String, nullable=False),
    Column("state", String, nullable=False),
    Column("customer_id", Big, ForeignKey("customer.id"), index=True),
    Column("kinds", JSON, nullable=False),
    Column("scope", Text, nullable=False),
    Column("starts", Big, nullable=False),
    Column("ends", Big),
    Column("floor", Big, nullable=False),
    Column("version", Big, nullable=False),
    Column("created_at", Big, nullable=False),
    Column("changed_at", Big, nullable=False),
    Column("ended_at", Big),
    Column("ending", String),
    Column("replaces_id", Big, ForeignKey("authorization.id")),
    Column("primary_id", Big, ForeignKey("authorization.id"), index=True),
    Column("offline", Boolean, nullable=False),
    Column("narrowed", Big, nullable=False, server_default="0"),
    Index("ix_authorization_third_party_id", "third_party_id", "state"),
    Index("ix_authorization_state", "state", "ends"),
)

AUTHORIZATION_USAGE_POINT = Table(
    "authorization_usage_point",
    METADATA,
    Column("authorization_id", Big, ForeignKey("authorization.id"), primary_key=True),
    Column("usage_point_id", Big, ForeignKey("usage_point.id"), primary_key=True, index=True),
    Column("agreement_id", Big, ForeignKey("agreement.id"), primary_key=True, index=True),
)

# the counter of what was narrowed
NARROWINGS = "narrowing"


def open_shares(authorization: Authorization, at: int) -> Select[tuple[int, int, int, int | None]]:
    """What an authorization opens at that second: usage_point_id, agreement_id, since, until.

    Every query of data joins this, as a subquery, so that one statement goes the whole chain. Nothing of the
    value but its id counts: state, bounds, customer and usage points are what the database says they are.
    """
    return _open_shares(AUTHORIZATION.c.id == authorization.id, at)


def _open_shares(which: ColumnElement[bool], at: int | ColumnElement[int]) -> Select[tuple[int, int, int, int | None]]:
    held, shared, agreement = AUTHORIZATION.c, AUTHORIZATION_USAGE_POINT.c, AGREEMENT.c
    since = later(at_soonest(agreement.starts), held.floor)
    until = earlier(at_latest(agreement.ends), held.ends)
    return (
        select(
            shared.usage_point_id,
            shared.agreement_id,
            since.label("since"),
            until.label("until"),
        )
        .select_from(AUTHORIZATION)
        .join(AUTHORIZATION_USAGE_POINT, shared.authorization_id == held.id)
        .join(
            AGREEMENT,
            (agreement.id == shared.agreement_id) & (agreement.usage_point_id == shared.usage_point_id),
        )
        .join(ACCOUNT, ACCOUNT.c.id == agreement.account_id)
        .outerjoin(ACCOUNT_HOLDER, row_of(held.customer_id))
        .where(which, is_held(held.customer_id), alive(at), or_(until.is_(None), until > since))
    )


def alive(at: int | ColumnElement[int]) -> ColumnElement[bool]:
    """Whether data may flow at that second, as `Authorization.alive` says it."""
    held = AUTHORIZATION.c
    return (held.state == State.ACTIVE) & (held.starts <= at) & (held.ends.is_(None) | (held.ends > at))


# the same for statements that are made once, and given the two with `of_held`
OPEN_SHARES = _open_shares(AUTHORIZATION.c.id == bindparam("held_id", type_=Big), bindparam("held_at", type_=Big))


def every_share(which: ColumnElement[bool]) -> Select[Any]:
    """What some authorizations open at the second `held_at`: the same columns, and held_id. For made statements."""
    return _open_shares(which, bindparam("held_at", type_=Big)).add_columns(AUTHORIZATION.c.id.label("held_id"))


def of_held(authorization: Authorization, at: int) -> dict[str, int]:
    """What a statement with `OPEN_SHARES` is given."""
    return {"held_id": authorization.id, "held_at": at}


# named one by one, as the index has them: it is asked at every fetch of a file
GOING_ON = tuple(state for state in State if state is not State.ENDED)
# made once, for every call of the API
OWNED = select(AUTHORIZATION).where(
    AUTHORIZATION.c.third_party_id == bindparam("of_third_party"), AUTHORIZATION.c.id == bindparam("of_id")
)
OVER = Prepared(
    select(AUTHORIZATION.c.id).where(
        or_(*(AUTHORIZATION.c.state == state for state in GOING_ON)), AUTHORIZATION.c.ends <= bindparam("at", type_=Big)
    )
)
# the earliest end of each state is the first of its index; asked in any other way, PostgreSQL may read all of them
SOME_OVER = or_(
    *(
        select(func.min(AUTHORIZATION.c.ends)).where(AUTHORIZATION.c.state == state).scalar_subquery()
        <= bindparam("at", type_=Big)
        for state in GOING_ON
    )
)
OWNED_NOW = Prepared(OWNED.with_only_columns(*plain(AUTHORIZATION)))
PLAIN_COLUMNS = tuple(column.name for column in plain(AUTHORIZATION))
ENTRIES, STATES = {one.value: one for one in Entry}, {one.value: one for one in State}
# authorizations that are asked for again and again
KEPT = 4_096


class Authorizations:
    """Authorizations by id, third party and customer.

    A writer holds what it finds: nobody ends, opens or changes it before the writer's transaction is over.
    """

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def next_id(self) -> int:
        """A fresh AuthorizationID: one sequence for registration, bulk and customer entries."""
        return grow(self._connection, "authorization", 4_100_001)

    def add(self, authorization: Authorization, shares: tuple[tuple[int, int], ...]) -> None:
        """Keep a new authorization with its (usage point, agreement) pairs."""
        self._connection.execute(AUTHORIZATION.insert(), _columns(authorization))
        self._add_shares(authorization.id, shares)

    def change(self, authorization: Authorization) -> None:
        """Keep another state of an authorization, whose version must have grown.

        Raises:
            Conflict: somebody else changed it meanwhile.
        """
        known = (AUTHORIZATION.c.id == authorization.id) & (AUTHORIZATION.c.version < authorization.version)
        changed = update(AUTHORIZATION).where(known).values(**_columns(authorization))
        if self._connection.execute(changed).rowcount != 1:
            raise Conflict("This authorization was changed meanwhile.")

    def change_shares(self, authorization_id: int, shares: tuple[tuple[int, int], ...]) -> None:
        """Keep other (usage point, agreement) pairs of an authorization."""
        columns = AUTHORIZATION_USAGE_POINT.c
        self._connection.execute(delete(AUTHORIZATION_USAGE_POINT).where(columns.authorization_id == authorization_id))
        self._add_shares(authorization_id, shares)

    def narrow(self) -> int:
        """The number of the narrowing that this transaction does."""
        return grow(self._connection, NARROWINGS)

    def narrowings(self) -> int:
        """How many narrowings there were: who reads on from here sees all of them."""
        return count(self._connection, NARROWINGS)

    def by_id(self, authorization_id: int) -> Authorization | None:
        """The authorization of that id."""
        found = self._every(AUTHORIZATION.c.id == authorization_id)
        return found[0] if found else None

    def owned(self, authorization_id: int, third_party_id: int) -> Authorization | None:
        """The authorization of that id and that third party; ended ones too."""
        named = {"of_third_party": third_party_id, "of_id": authorization_id}
        if reads_only(self._connection):
            found = OWNED_NOW.rows(self._connection, named)
            return known_authorization(found[0]) if found else None
        row = self._connection.execute(holding(self._connection, OWNED), named).mappings().one_or_none()
        return None if row is None else read_authorization(row)

    def own_entry(self, third_party_id: int, entry: Entry) -> Authorization | None:
        """The registration entry or the bulk entry of a third party."""
        mine = AUTHORIZATION.c.third_party_id == third_party_id
        found = self._every(mine & (AUTHORIZATION.c.entry == entry))
        return found[0] if found else None

    def of_third_party(self, third_party_id: int, *, alive_only: bool) -> tuple[Authorization, ...]:
        """A third party's: registration, bulk, then customers' by id. `alive_only`: what has not ended."""
        mine = AUTHORIZATION.c.third_party_id == third_party_id
        return self._every(mine & (AUTHORIZATION.c.state != State.ENDED) if alive_only else mine)

    def standing(self, third_party_id: int, customer_id: int) -> tuple[Authorization, ...]:
        """A customer's to one third party that have not ended."""
        return self._every(
            (AUTHORIZATION.c.third_party_id == third_party_id)
            & (AUTHORIZATION.c.customer_id == customer_id)
            & (AUTHORIZATION.c.state != State.ENDED)
        )

    def of_customer(self, customer_id: int) -> tuple[Authorization, ...]:
        """Everything that a customer ever allowed."""
        return self._every(AUTHORIZATION.c.customer_id == customer_id)

    def page(
        self, customer_id: int, *, ended: bool, before: int | None, most: int, together: Mapping[int, int]
    ) -> tuple[Authorization, ...]:
        """So many of what a customer allowed, the newest first: what has ended, or what has not. `before`: that id.

        `together`: accounts that others hold too, and since when the customer does: what they allowed of these since
        comes with it.
        """
        mine = AUTHORIZATION.c.customer_id == customer_id
        if together:
            mine = or_(mine, *(self._of_account(account, since) for account, since in together.items()))
        mine &= AUTHORIZATION.c.state == State.ENDED if ended else AUTHORIZATION.c.state != State.ENDED
        if before is not None:
            mine &= AUTHORIZATION.c.id < before
        found = select(AUTHORIZATION).where(mine).order_by(AUTHORIZATION.c.id.desc()).limit(most)
        return tuple(read_authorization(row) for row in self._connection.execute(found).mappings())

    @staticmethod
    def _of_account(account_id: int, since: int) -> ColumnElement[bool]:
        """Those that share something of an account, and had not ended at a second."""
        shared = AUTHORIZATION_USAGE_POINT.c
        sharing = select(shared.authorization_id).join(AGREEMENT, AGREEMENT.c.id == shared.agreement_id)
        ended = AUTHORIZATION.c.ended_at
        return AUTHORIZATION.c.id.in_(sharing.where(AGREEMENT.c.account_id == account_id)) & (
            ended.is_(None) | (ended > since)
        )

    def consented_before(self, at: int) -> tuple[Authorization, ...]:
        """Those consented, or given their code, before that second, whose code was not redeemed."""
        return self._every((AUTHORIZATION.c.state == State.CONSENTED) & (AUTHORIZATION.c.changed_at < at))

    def ending_before(self, at: int) -> tuple[Authorization, ...]:
        """Those that have not ended and whose period is over at that second."""
        return self._every(AUTHORIZATION.c.state.in_(GOING_ON) & (AUTHORIZATION.c.ends <= at))

    def over_at(self, at: int) -> frozenset[int]:
        """The ids of those. For who reads."""
        return frozenset(row[0] for row in OVER.rows(self._connection, {"at": at}))

    def moved_out_by(self, at: int) -> tuple[Authorization, ...]:
        """Customers' that stand and of whose services none goes on at that second."""
        shared, agreement = AUTHORIZATION_USAGE_POINT.c, AGREEMENT.c
        mine = shared.authorization_id == AUTHORIZATION.c.id
        goes_on = (agreement.id == shared.agreement_id) & (agreement.ends.is_(None) | (agreement.ends > at))
        some = select(shared.agreement_id).where(mine).exists()
        open_one = (
            select(agreement.id)
            .join(AUTHORIZATION_USAGE_POINT, goes_on)
            .join(ACCOUNT, ACCOUNT.c.id == agreement.account_id)
            .outerjoin(ACCOUNT_HOLDER, row_of(AUTHORIZATION.c.customer_id))
            # who will hold it has not moved out
            .where(mine, is_held(AUTHORIZATION.c.customer_id), or_(HOLDER.ends.is_(None), HOLDER.ends > at))
            .correlate(AUTHORIZATION)
            .exists()
        )
        return self._every(AUTHORIZATION.c.state.in_(STANDING) & some & ~open_one)

    def partner_of(self, primary_authorization_id: int) -> Authorization | None:
        """The partner's authorization that a primary's brought."""
        found = self._every(AUTHORIZATION.c.primary_id == primary_authorization_id)
        return found[0] if found else None

    def count_shares(self, third_party_id: int, only: int | None, at: int) -> int:
        """How many usage points a third party's authorizations share at a second, each as often as it is shared.

        `only`: of that authorization.
        """
        which = (AUTHORIZATION.c.third_party_id == third_party_id) & alive(at)
        if only is not None:
            which &= AUTHORIZATION.c.id == only
        counted = select(func.count()).select_from(_open_shares(which, at).subquery())
        return int(self._connection.execute(counted).scalar_one())

    def shares(self, authorization: Authorization, at: int) -> tuple[Share, ...]:
        """What an authorization opens at that second, by usage point; nothing unless it is alive then."""
        found = open_shares(authorization, at)
        rows = self._connection.execute(found.order_by("usage_point_id", "since"))
        return tuple(Share(**row) for row in rows.mappings())

    def shared(self, authorization_id: int) -> tuple[tuple[int, int], ...]:
        """The (usage point, agreement) pairs that were consented to, whatever has become of them since."""
        columns = AUTHORIZATION_USAGE_POINT.c
        rows = self._connection.execute(
            select(columns.usage_point_id, columns.agreement_id)
            .where(columns.authorization_id == authorization_id)
            .order_by(columns.usage_point_id, columns.agreement_id)
        )
        return tuple((row.usage_point_id, row.agreement_id) for row in rows)

    def _add_shares(self, authorization_id: int, shares: tuple[tuple[int, int], ...]) -> None:
        pairs = [
            {"authorization_id": authorization_id, "usage_point_id": point, "agreement_id": agreement}
            for point, agreement in shares
        ]
        if pairs:
            self._connection.execute(AUTHORIZATION_USAGE_POINT.insert(), pairs)

    def _every(self, which: ColumnElement[bool]) -> tuple[Authorization, ...]:
        rank = case({entry.value: place for place, entry in enumerate(Entry)}, value=AUTHORIZATION.c.entry)
        found = select(AUTHORIZATION).where(which).order_by(rank, AUTHORIZATION.c.id)
        rows = self._connection.execute(holding(self._connection, found))
        return tuple(read_authorization(row) for row in rows.mappings())


def _columns(authorization: Authorization) -> dict[str, Any]:
    plain = {column.name: getattr(authorization, column.name) for column in AUTHORIZATION.columns}
    return plain | {"kinds": list(in_order(authorization.kinds))}


def listed(row: tuple[Any, ...]) -> Authorization:
    """The authorization of a row of `plain(AUTHORIZATION)`, as a driver has it or as it is prepared."""
    named = dict(zip(PLAIN_COLUMNS, row, strict=True))
    named["entry"], named["state"] = ENTRIES[named["entry"]], STATES[named["state"]]
    named["kinds"], named["offline"] = kinds_in(named["kinds"]), bool(named["offline"])
    if named["ending"] is not None:
        named["ending"] = Ending(named["ending"])
    held = object.__new__(Authorization)
    held.__dict__.update(named)
    return held


@lru_cache(maxsize=1_024)
def kinds_in(text: str) -> frozenset[Kind]:
    """The kinds in a text of JSON."""
    return kinds_of(tuple(json.loads(text)))


# what is equal is read once
known_authorization = lru_cache(maxsize=KEPT)(listed)


def read_authorization(row: Row) -> Authorization:
    """The authorization of a row."""
    # a frozen value sets each of its fields by a call; here all are set at once, as a third party's may be very many
    held = object.__new__(Authorization)
    held.__dict__.update(
        row,
        entry=Entry(row["entry"]),
        state=State(row["state"]),
        kinds=kinds_of(tuple(row["kinds"])),
        ending=None if row["ending"] is None else Ending(row["ending"]),
    )
    return held


@lru_cache(maxsize=1_024)
def kinds_of(names: tuple[str, ...]) -> frozenset[Kind]:
    """The kinds of these names."""
    return frozenset(map(Kind, names))
