"""Receipts: what a customer was told of a permission when something became of it."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, String, Table, Text, select

from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.statements import grow

RECEIPT = Table(
    "receipt",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("authorization_id", Big, ForeignKey("authorization.id"), nullable=False),
    Column("event", String, nullable=False),
    Column("at", Big, nullable=False),
    Column("body", Text, nullable=False),  # sealed JSON
    Index("ix_receipt_authorization_id", "authorization_id", "id"),
)

PURPOSE = "receipts"


@dataclass(frozen=True, kw_only=True)
class KeptReceipt:
    """One receipt, as it was written."""

    id: int
    authorization_id: int
    event: str
    at: int
    facts: dict[str, Any]


class Receipts:
    """Receipts by permission."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def next_id(self) -> int:
        """A fresh number."""
        return grow(self._connection, "receipt")

    def add(self, receipt: KeptReceipt) -> None:
        """Keep a new one."""
        sealed = self._keys.seal(PURPOSE, f"receipt/{receipt.id}", json.dumps(receipt.facts))
        self._connection.execute(
            RECEIPT.insert().values(
                id=receipt.id,
                authorization_id=receipt.authorization_id,
                event=receipt.event,
                at=receipt.at,
                body=sealed,
            )
        )

    def any_of(self, *authorization_ids: int) -> bool:
        """Whether there is one of some permissions."""
        found = select(RECEIPT.c.id).where(RECEIPT.c.authorization_id.in_(authorization_ids)).limit(1)
        return self._connection.execute(found).first() is not None

    def of(self, authorization_id: int, most: int) -> tuple[KeptReceipt, ...]:
        """So many of a permission's, the newest first."""
        mine = RECEIPT.c.authorization_id == authorization_id
        rows = self._connection.execute(select(RECEIPT).where(mine).order_by(RECEIPT.c.id.desc()).limit(most))
        return tuple(self._read(row) for row in rows.mappings())

    def _read(self, row: Row) -> KeptReceipt:
        facts = json.loads(self._keys.open(PURPOSE, f"receipt/{row['id']}", row["body"]))
        return KeptReceipt(
            id=row["id"], authorization_id=row["authorization_id"], event=row["event"], at=row["at"], facts=facts
        )
