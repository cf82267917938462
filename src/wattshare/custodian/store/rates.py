"""Counters of third parties' requests."""

from collections.abc import Callable

from sqlalchemy import Column, Connection, String, Table, bindparam, case, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.prepared import Prepared

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


# who had to wait for others counts in the span that they have begun meanwhile: it would undo their count
AT = bindparam("at", type_=Big)


def counting(insert: Callable[[Table], sqlite.Insert | postgresql.Insert]) -> ReturningInsert[tuple[int]]:
    """Count some more in a span, as a database says it."""
    new = insert(RATE)
    starts, count = new.excluded.starts, new.excluded.count
    overtaken = (RATE.c.starts > starts) & (RATE.c.starts <= AT + LATE_SECONDS)
    goes_on = overtaken | (RATE.c.starts == starts)
    begun, more = case((overtaken, RATE.c.starts), else_=starts), case((goes_on, RATE.c.count + count), else_=count)
    given = {name: bindparam(name, type_=RATE.c[name].type) for name in ("third_party_id", "span", "starts", "count")}
    key = ["third_party_id", "span"]
    return (
        new.values(given)
        .on_conflict_do_update(index_elements=key, set_={"starts": begun, "count": more})
        .returning(RATE.c.count)
    )


COUNTING = {"sqlite": Prepared(counting(sqlite.insert)), "postgresql": Prepared(counting(postgresql.insert))}


class Rates:
    """One counter a third party and span; it starts anew when its span does."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def add(self, third_party_id: int, span: str, starts: int, at: int, count: int = 1) -> int:
        """Count some more of that second in the span that starts then; how many there are now."""
        told = {"third_party_id": third_party_id, "span": span, "starts": starts, "count": count, "at": at}
        [(now,)] = COUNTING[self._connection.dialect.name].rows(self._connection, told)
        return int(now)

    def take_back(self, third_party_id: int, span: str, count: int) -> None:
        """Let some not be counted that were, in this transaction."""
        mine = (RATE.c.third_party_id == third_party_id) & (RATE.c.span == span)
        self._connection.execute(update(RATE).where(mine).values(count=RATE.c.count - count))

    def forget(self, before: int) -> int:
        """Drop the counters of spans that started before that second. How many."""
        return self._connection.execute(delete(RATE).where(RATE.c.starts < before)).rowcount
