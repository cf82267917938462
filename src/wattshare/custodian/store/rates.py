"""Counters of third parties' requests."""

from sqlalchemy import Column, Connection, String, Table, delete, select, update

from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big

RATE = Table(
    "rate",
    METADATA,
    Column("third_party_id", Big, primary_key=True, autoincrement=False),
    Column("span", String, primary_key=True),
    Column("starts", Big, nullable=False),
    Column("count", Big, nullable=False),
)


class Rates:
    """One counter a third party and span; it starts anew when its span does."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def add(self, third_party_id: int, span: str, starts: int) -> int:
        """Count one more in the span that starts then; how many there are now."""
        mine = (RATE.c.third_party_id == third_party_id) & (RATE.c.span == span)
        known = self._connection.execute(select(RATE.c.starts, RATE.c.count).where(mine)).one_or_none()
        if known is None:
            row = {"third_party_id": third_party_id, "span": span, "starts": starts, "count": 1}
            self._connection.execute(RATE.insert().values(**row))
            return 1
        count = int(known[1]) + 1 if known[0] == starts else 1
        self._connection.execute(update(RATE).where(mine).values(starts=starts, count=count))
        return count

    def forget(self, before: int) -> int:
        """Drop the counters of spans that started before that second. How many."""
        return self._connection.execute(delete(RATE).where(RATE.c.starts < before)).rowcount
