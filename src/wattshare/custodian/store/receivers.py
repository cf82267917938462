"""Receivers of notices: one row a third party whose receiver failed, shared by all workers."""

from dataclasses import asdict

from sqlalchemy import Column, Connection, ForeignKey, String, Table, delete, select

from wattshare.custodian.model.receivers import Circuit, Receiver
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.statements import alone, upsert

RECEIVER = Table(
    "receiver",
    METADATA,
    Column("third_party_id", Big, ForeignKey("third_party.id"), primary_key=True, autoincrement=False),
    Column("state", String, nullable=False),
    Column("failures", Big, nullable=False),
    Column("failing_since", Big),
    Column("shut_until", Big, nullable=False),
    Column("cause", String),
    Column("alarmed_at", Big),
)


class Receivers:
    """Receivers by third party. One without a row is well."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def of(self, third_party_id: int) -> Receiver:
        """What is known of a third party's receiver. Writers ask this one after the other."""
        alone(self._connection, f"receiver {third_party_id}")
        found = select(RECEIVER).where(RECEIVER.c.third_party_id == third_party_id)
        row = self._connection.execute(found).mappings().one_or_none()
        return Receiver(third_party_id=third_party_id) if row is None else _receiver(row)

    def failing(self) -> tuple[Receiver, ...]:
        """Those that have taken nothing since a failure, and those whose alarm is not taken back yet."""
        return tuple(map(_receiver, self._connection.execute(select(RECEIVER)).mappings()))

    def keep(self, receiver: Receiver) -> None:
        """Keep what is known; nothing of one that is well."""
        if receiver == Receiver(third_party_id=receiver.third_party_id):
            self.forget(receiver.third_party_id)
        else:
            upsert(self._connection, RECEIVER, asdict(receiver))

    def forget(self, third_party_id: int) -> None:
        """A third party's receiver begins anew."""
        self._connection.execute(delete(RECEIVER).where(RECEIVER.c.third_party_id == third_party_id))


def _receiver(row: Row) -> Receiver:
    return Receiver(**{**row, "state": Circuit(row["state"])})
