"""Counters of third parties' requests."""

from sqlalchemy import Column, Connection, String, Table, case, delete

from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.statements import insert

RATE = Table(
    "rate",
    METADATA,
    Column("third_party_id", Big, primary_key=True, autoincrement=False),
    Column("span", String, primary_key=True),
    Column("starts", Big, nullable=False),
    Column("count", Big, nullable=False),
)

# who waits for others for longer is given up; what is further ahead was counted by a clock that went wrong
LATE_SECONDS = 60


class Rates:
    """One counter a third party and span; it starts anew when its span does."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def add(self, third_party_id: int, span: str, starts: int, at: int) -> int:
        """Count one more of that second in the span that starts then; how many there are now.

        Who had to wait for others counts in the span that they have begun meanwhile: it would undo their count.
        """
        row = {"third_party_id": third_party_id, "span": span, "starts": starts, "count": 1}
        overtaken = (RATE.c.starts > starts) & (RATE.c.starts <= at + LATE_SECONDS)
        begun = case((overtaken, RATE.c.starts), else_=starts)
        one_more = case((overtaken | (RATE.c.starts == starts), RATE.c.count + 1), else_=1)
        counted = (
            insert(self._connection, RATE)
            .values(**row)
            .on_conflict_do_update(index_elements=["third_party_id", "span"], set_={"starts": begun, "count": one_more})
            .returning(RATE.c.count)
        )
        return int(self._connection.execute(counted).scalar_one())

    def forget(self, before: int) -> int:
        """Drop the counters of spans that started before that second. How many."""
        return self._connection.execute(delete(RATE).where(RATE.c.starts < before)).rowcount
