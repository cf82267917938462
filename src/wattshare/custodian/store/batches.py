"""Batches that were ordered, and the files that they are made of."""

from collections.abc import Iterable
from dataclasses import asdict
from itertools import islice
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    update,
)

from wattshare.custodian.model.work import BATCH_OVER, Batch, BatchState, Part
from wattshare.custodian.store.authorizations import AUTHORIZATION, SOME_OVER, alive
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.prepared import Prepared
from wattshare.custodian.store.revisions import TAKING_IN
from wattshare.custodian.store.statements import alone, holding

# authorizations that are written or read at a time
CHUNK = 1_000

BATCH = Table(
    "batch",
    METADATA,
    Column("id", String, primary_key=True),
    Column("third_party_id", Big, ForeignKey("third_party.id"), nullable=False),
    Column("authorization_id", Big, ForeignKey("authorization.id"), index=True),
    Column("endpoint", String, nullable=False),
    Column("window", String, nullable=False),
    Column("state", String, nullable=False),
    Column("transaction", String),
    Column("ordered_at", Big, nullable=False),
    Column("made_at", Big),
    Column("expires_at", Big),
    Column("failure", Text),
    Column("points_done", Big, nullable=False),
    Column("points_of", Big),
    Index("ix_batch_third_party_id", "third_party_id", "state"),
    Index("ix_batch_state", "state", "expires_at"),
)

PART = Table(
    "part",
    METADATA,
    Column("correlation_id", String, primary_key=True),
    Column("batch_id", String, ForeignKey("batch.id"), nullable=False, index=True),
    Column("number", Big, nullable=False),
    Column("file", String),
    Column("identity_bytes", Big, nullable=False),
    Column("gzip_bytes", Big, nullable=False),
    Column("sha256", String, nullable=False),
    Column("entries", Big, nullable=False),
    Column("readings", Big, nullable=False),
    Column("usage_points", Big, nullable=False),
    Column("stale", Boolean, nullable=False),
    Column("version", Big, nullable=False),
    Column("commodity", String),
)

PART_AUTHORIZATION = Table(
    "part_authorization",
    METADATA,
    Column("correlation_id", String, ForeignKey("part.correlation_id"), primary_key=True),
    Column("authorization_id", Big, ForeignKey("authorization.id"), primary_key=True, index=True),
)

# made once, for every fetch of a file
OF_PART = (
    select(*PART.c, *BATCH.c)
    .select_from(PART.join(BATCH, BATCH.c.id == PART.c.batch_id))
    .where(PART.c.correlation_id == bindparam("part", type_=String))
)
SHOWN = Prepared(OF_PART)
SHOWN_AT = Prepared(OF_PART.add_columns(SOME_OVER.label("some_over")))
PART_COLUMNS, BATCH_COLUMNS = PART.c.keys(), BATCH.c.keys()


class Batches:
    """Batches and their parts. A writer holds the batches that it finds."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def add(self, batch: Batch) -> None:
        """Keep a new order."""
        self._connection.execute(BATCH.insert(), asdict(batch))

    def by_id(self, batch_id: str) -> Batch | None:
        """The batch of that id."""
        found = self._every(BATCH.c.id == batch_id)
        return found[0] if found else None

    def open_batch(self, third_party_id: int, authorization_id: int | None, endpoint: str, window: str) -> Batch | None:
        """The same order, while it has not been made.

        A third party's writers ask this one after the other. One that has no window waits for what is being taken
        in: that bears an earlier time than the order, so that the next one would take it for told.
        """
        alone(self._connection, f"orders of {third_party_id}")
        if not window:
            alone(self._connection, TAKING_IN, shared=True)
        found = self._every(
            (BATCH.c.third_party_id == third_party_id)
            # null where null is asked for
            & BATCH.c.authorization_id.is_not_distinct_from(authorization_id)
            & (BATCH.c.endpoint == endpoint)
            & (BATCH.c.window == window)
            & (BATCH.c.state == BatchState.ORDERED)
        )
        return found[0] if found else None

    def last_ordered(self, third_party_id: int, endpoint: str, before: int) -> int | None:
        """When the last batch without bounds that was made was ordered, before that second."""
        made = (BatchState.MADE, BatchState.EXPIRED)
        found: int | None = self._connection.execute(
            select(func.max(BATCH.c.ordered_at)).where(
                BATCH.c.third_party_id == third_party_id,
                BATCH.c.endpoint == endpoint,
                BATCH.c.window == "",
                BATCH.c.ordered_at < before,
                BATCH.c.state.in_(made),
            )
        ).scalar_one()
        return found

    def change(self, batch: Batch) -> None:
        """Keep another state of a batch."""
        self._connection.execute(update(BATCH).where(BATCH.c.id == batch.id).values(**asdict(batch)))

    def expired_batches(self, at: int) -> tuple[Batch, ...]:
        """Those whose files were to be kept until that second, and that have not been marked as expired."""
        kept = BATCH.c.state.in_((BatchState.MADE, BatchState.FAILED))
        return self._every(kept & (BATCH.c.expires_at <= at))

    def parts_left(self, before: int) -> tuple[Part, ...]:
        """Parts of orders that were taken before that second and have not been made since."""
        late = select(BATCH.c.id).where(BATCH.c.state == BatchState.ORDERED, BATCH.c.ordered_at < before)
        found = select(PART).where(PART.c.batch_id.in_(late)).order_by(PART.c.batch_id, PART.c.number)
        return tuple(Part(**row) for row in self._connection.execute(found).mappings())

    def progressed(self, batch_id: str, done: int, of: int) -> bool:
        """Write down how far the making is. Whether it is still to be made."""
        open_one = (BATCH.c.id == batch_id) & (BATCH.c.state == BatchState.ORDERED)
        told = update(BATCH).where(open_one).values(points_done=done, points_of=of)
        return self._connection.execute(told).rowcount == 1

    def void(self, authorization_id: int) -> tuple[str, ...]:
        """Close every batch that is of one authorization alone, made or not. Which ones."""
        own = (BATCH.c.authorization_id == authorization_id) & BATCH.c.state.not_in(BATCH_OVER)
        closed = update(BATCH).where(own).values(state=BatchState.VOID).returning(BATCH.c.id)
        return tuple(sorted(self._connection.execute(closed).scalars()))

    def add_part(self, part: Part, authorization_ids: Iterable[int]) -> None:
        """Keep a new part, and whose data is in it."""
        self._connection.execute(PART.insert(), asdict(part))
        self._name(part.correlation_id, authorization_ids)

    def part(self, correlation_id: str) -> tuple[Part, Batch] | None:
        """The part of that correlationID, with its batch."""
        if "\0" in correlation_id:
            # no text of PostgreSQL's has one, and asking with it is a fault
            return None
        row = (
            self._connection.execute(select(PART).where(PART.c.correlation_id == correlation_id))
            .mappings()
            .one_or_none()
        )
        if row is None:
            return None
        part = Part(**row)
        return part, self._every(BATCH.c.id == part.batch_id)[0]

    def shown(self, correlation_id: str) -> tuple[Part, Batch] | None:
        """The same for who reads: nothing is kept from others."""
        if "\0" in correlation_id:
            return None
        for row in SHOWN.rows(self._connection, {"part": correlation_id}):
            return _shown(row)
        return None

    def shown_at(self, correlation_id: str, at: int) -> tuple[tuple[Part, Batch] | None, bool]:
        """The same, and whether there are authorizations whose period is over and that have not been ended."""
        if "\0" in correlation_id:
            return None, False
        for row in SHOWN_AT.rows(self._connection, {"part": correlation_id, "at": at}):
            return _shown(row[:-1]), bool(row[-1])
        return None, False

    def parts(self, batch_id: str) -> tuple[Part, ...]:
        """A batch's parts in their order."""
        found = select(PART).where(PART.c.batch_id == batch_id).order_by(PART.c.number)
        return tuple(Part(**row) for row in self._connection.execute(found).mappings())

    def drop_parts(self, correlation_ids: Iterable[str]) -> None:
        """Forget parts of a batch that has not been made."""
        named = tuple(correlation_ids)
        for table in (PART_AUTHORIZATION, PART):
            self._connection.execute(delete(table).where(table.c.correlation_id.in_(named)))

    def change_part(self, part: Part, authorization_ids: Iterable[int] | None = None) -> None:
        """Keep another state of a part; where it was made again, also whose data is in it now."""
        changed = update(PART).where(PART.c.correlation_id == part.correlation_id)
        self._connection.execute(changed.values(**asdict(part)))
        if authorization_ids is not None:
            mine = PART_AUTHORIZATION.c.correlation_id == part.correlation_id
            self._connection.execute(delete(PART_AUTHORIZATION).where(mine))
            self._name(part.correlation_id, authorization_ids)

    def authorizations_in(self, correlation_id: str) -> tuple[int, ...]:
        """Whose data is in a part, by authorization."""
        if "\0" in correlation_id:
            # PostgreSQL has no text with that
            return ()
        columns = PART_AUTHORIZATION.c
        found = select(columns.authorization_id).where(columns.correlation_id == correlation_id)
        return tuple(self._connection.execute(found.order_by(columns.authorization_id)).scalars())

    def hold_members(self, correlation_id: str) -> None:
        """Hold everybody whose data is in a part: who ends a permission holds that first, and then its files."""
        mine = select(PART_AUTHORIZATION.c.authorization_id).where(
            PART_AUTHORIZATION.c.correlation_id == correlation_id
        )
        found = select(AUTHORIZATION.c.id).where(AUTHORIZATION.c.id.in_(mine)).order_by(AUTHORIZATION.c.id)
        held = self._connection.execute(holding(self._connection, found), execution_options={"yield_per": CHUNK})
        with held as rows:
            for _ in rows:
                pass

    def all_alive(self, correlation_id: str, at: int, narrowings: int) -> bool:
        """Whether everybody whose data is in a part shares at that second, as much as when it was read.

        `narrowings`: how many there were then. A writer holds everybody.
        """
        mine = select(PART_AUTHORIZATION.c.authorization_id).where(
            PART_AUTHORIZATION.c.correlation_id == correlation_id
        )
        shares = alive(at) & (AUTHORIZATION.c.narrowed <= narrowings)
        found = select(AUTHORIZATION.c.id, shares).where(AUTHORIZATION.c.id.in_(mine)).order_by(AUTHORIZATION.c.id)
        held = self._connection.execute(holding(self._connection, found), execution_options={"yield_per": CHUNK})
        with held as rows:
            # all of them: whoever is not read is not held
            return min((bool(shared) for _, shared in rows), default=True)

    def mark_stale(self, authorization_id: int) -> tuple[str, ...]:
        """Close every part that holds an authorization's data until it is made again. Their batches."""
        holding = select(PART_AUTHORIZATION.c.correlation_id).where(
            PART_AUTHORIZATION.c.authorization_id == authorization_id
        )
        kept = select(BATCH.c.id).where(BATCH.c.state.not_in(BATCH_OVER))
        marked = self._connection.execute(
            update(PART)
            .where(PART.c.correlation_id.in_(holding), PART.c.batch_id.in_(kept))
            .values(stale=True)
            .returning(PART.c.batch_id)
        )
        return tuple(sorted(set(marked.scalars())))

    def files(self) -> frozenset[str]:
        """The names of the files that parts are kept in."""
        kept = select(BATCH.c.id).where(BATCH.c.state.not_in(BATCH_OVER))
        named = select(PART.c.file).where(PART.c.file.is_not(None), PART.c.batch_id.in_(kept))
        return frozenset(self._connection.execute(named).scalars())

    def _every(self, which: ColumnElement[bool]) -> tuple[Batch, ...]:
        found = select(BATCH).where(which).order_by(BATCH.c.ordered_at, BATCH.c.id)
        rows = self._connection.execute(holding(self._connection, found))
        return tuple(map(_batch, rows.mappings()))

    def _name(self, correlation_id: str, authorization_ids: Iterable[int]) -> None:
        names = iter(authorization_ids)
        while some := dict.fromkeys(islice(names, CHUNK)):
            rows = [{"correlation_id": correlation_id, "authorization_id": one} for one in some]
            self._connection.execute(PART_AUTHORIZATION.insert(), rows)


def _shown(row: tuple[Any, ...]) -> tuple[Part, Batch]:
    part = Part(**dict(zip(PART_COLUMNS, row, strict=False)))
    return part, _batch(dict(zip(BATCH_COLUMNS, row[len(PART_COLUMNS) :], strict=True)))


def _batch(row: Row) -> Batch:
    return Batch(**{**row, "state": BatchState(row["state"])})
