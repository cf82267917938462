"""Outages that the operator announced."""

from dataclasses import asdict

from sqlalchemy import Column, Connection, Table, Text, delete, select

from wattshare.custodian.model.outages import Outage
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.statements import grow

OUTAGE = Table(
    "outage",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("begins", Big, nullable=False),
    Column("ends", Big, nullable=False),
    Column("text", Text, nullable=False),
)


class Outages:
    """Outages by their beginning."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def add(self, begins: int, ends: int, text: str) -> Outage:
        """Keep one more."""
        outage = Outage(id=grow(self._connection, "outage"), begins=begins, ends=ends, text=text)
        self._connection.execute(OUTAGE.insert(), asdict(outage))
        return outage

    def to_come(self, at: int) -> tuple[Outage, ...]:
        """Those that have not ended, the earliest first."""
        found = select(OUTAGE).where(OUTAGE.c.ends > at).order_by(OUTAGE.c.begins, OUTAGE.c.id)
        return tuple(Outage(**row) for row in self._connection.execute(found).mappings())

    def drop(self, outage_id: int) -> bool:
        """Take one back. Whether it was there."""
        return self._connection.execute(delete(OUTAGE).where(OUTAGE.c.id == outage_id)).rowcount == 1
