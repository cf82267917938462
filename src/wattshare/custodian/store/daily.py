"""Daily deltas: one row for each third party, row of the API and day, whoever makes it."""

from dataclasses import asdict

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    String,
    Table,
    UniqueConstraint,
    delete,
    select,
    update,
)

from wattshare.custodian.model.deltas import DONE, OPEN, Delta, DeltaState
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.statements import alone, insert, upsert

DELTA = Table(
    "delta",
    METADATA,
    Column("id", Big, primary_key=True),
    Column("third_party_id", Big, ForeignKey("third_party.id"), nullable=False),
    Column("endpoint", String, nullable=False),
    # the local day on which it is made, as ISO 8601
    Column("day", String, nullable=False),
    Column("state", String, nullable=False),
    Column("revision", Big),
    Column("batch_id", String, ForeignKey("batch.id"), index=True),
    Column("digest", String),
    Column("created_at", Big, nullable=False),
    UniqueConstraint("third_party_id", "endpoint", "day"),
    sqlite_autoincrement=True,
)

# when the next run of what is done by a calendar is due
SCHEDULE = Table(
    "schedule",
    METADATA,
    Column("name", String, primary_key=True),
    # as the settings had it; another one begins anew
    Column("expression", String, nullable=False),
    Column("next_at", Big, nullable=False),
)


class DailyDeltas:
    """Deltas by third party and row of the API."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def begin(self, third_party_id: int, endpoint: str, day: str, at: int) -> Delta | None:
        """A new one; None where that day has one already."""
        row = {
            "third_party_id": third_party_id,
            "endpoint": endpoint,
            "day": day,
            "state": DeltaState.DUE.value,
            "created_at": at,
        }
        made = insert(self._connection, DELTA).values(**row).on_conflict_do_nothing().returning(DELTA)
        found = self._connection.execute(made).mappings().one_or_none()
        return None if found is None else _delta(found)

    def by_id(self, delta_id: int) -> Delta | None:
        """The delta of that id."""
        return self._one(DELTA.c.id == delta_id)

    def of_batch(self, batch_id: str) -> Delta | None:
        """The delta that a batch is made for."""
        return self._one(DELTA.c.batch_id == batch_id)

    def open_before(self, delta: Delta) -> tuple[Delta, ...]:
        """The earlier ones of the same third party and row that are not made. Writers ask this one after the other."""
        alone(self._connection, f"deltas of {delta.third_party_id}")
        found = select(DELTA).where(_earlier(delta), DELTA.c.state.in_(OPEN)).order_by(DELTA.c.id)
        return tuple(map(_delta, self._connection.execute(found).mappings()))

    def last_done(self, delta: Delta) -> Delta | None:
        """The last one before it, of the same third party and row, that told what there was."""
        found = select(DELTA).where(_earlier(delta), DELTA.c.state.in_(DONE)).order_by(DELTA.c.id.desc()).limit(1)
        row = self._connection.execute(found).mappings().one_or_none()
        return None if row is None else _delta(row)

    def of_third_party(self, third_party_id: int) -> tuple[Delta, ...]:
        """All of a third party, in their order."""
        found = select(DELTA).where(DELTA.c.third_party_id == third_party_id).order_by(DELTA.c.id)
        return tuple(map(_delta, self._connection.execute(found).mappings()))

    def change(self, delta: Delta) -> None:
        """Keep another state of one."""
        self._connection.execute(update(DELTA).where(DELTA.c.id == delta.id).values(**asdict(delta)))

    def forget(self, third_party_id: int) -> None:
        """A third party's deltas begin anew."""
        self._connection.execute(delete(DELTA).where(DELTA.c.third_party_id == third_party_id))

    def next_run(self, name: str, expression: str) -> int | None:
        """When something is due by its calendar; None where none is kept for that expression.

        Writers ask this one after the other.
        """
        alone(self._connection, f"schedule {name}")
        kept = select(SCHEDULE.c.next_at).where(SCHEDULE.c.name == name, SCHEDULE.c.expression == expression)
        return self._connection.execute(kept).scalar_one_or_none()

    def set_next_run(self, name: str, expression: str, at: int) -> None:
        """Keep when it is due next."""
        upsert(self._connection, SCHEDULE, {"name": name, "expression": expression, "next_at": at})

    def _one(self, which: ColumnElement[bool]) -> Delta | None:
        row = self._connection.execute(select(DELTA).where(which)).mappings().one_or_none()
        return None if row is None else _delta(row)


def _earlier(delta: Delta) -> ColumnElement[bool]:
    same = (DELTA.c.third_party_id == delta.third_party_id) & (DELTA.c.endpoint == delta.endpoint)
    return same & (DELTA.c.id < delta.id)


def _delta(row: Row) -> Delta:
    return Delta(**{**row, "state": DeltaState(row["state"])})
