"""What customers were reminded of, and whose permissions there is something to be said about."""

from collections.abc import Collection

from sqlalchemy import Column, Connection, ForeignKey, String, Table, func, select

from wattshare.custodian.model.authorization import STANDING, Authorization
from wattshare.custodian.store.authorizations import AUTHORIZATION, read_authorization
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.statements import insert
from wattshare.custodian.store.trail import TRAIL

REMINDED = Table(
    "reminded",
    METADATA,
    Column("authorization_id", Big, ForeignKey("authorization.id"), primary_key=True, autoincrement=False),
    Column("what", String, primary_key=True),
    # which end, which year, which silence
    Column("mark", Big, primary_key=True, autoincrement=False),
    Column("at", Big, nullable=False),
)


class Reminders:
    """Reminders by permission."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def standing(self, after: int, most: int) -> tuple[Authorization, ...]:
        """So many permissions of customers that stand, by id; without those that came along with another."""
        held = AUTHORIZATION.c
        mine = held.customer_id.is_not(None) & held.state.in_(STANDING) & held.primary_id.is_(None) & (held.id > after)
        found = select(AUTHORIZATION).where(mine).order_by(held.id).limit(most)
        return tuple(read_authorization(row) for row in self._connection.execute(found).mappings())

    def remind(self, authorization_id: int, what: str, mark: int, at: int) -> bool:
        """Keep that a customer is reminded. Whether they were not before."""
        row = {"authorization_id": authorization_id, "what": what, "mark": mark, "at": at}
        added = insert(self._connection, REMINDED).values(**row).on_conflict_do_nothing().returning(REMINDED.c.mark)
        return self._connection.execute(added).first() is not None

    def last(self, what: str, authorization_ids: Collection[int]) -> dict[int, int]:
        """When customers were last reminded of that, by permission."""
        columns = REMINDED.c
        found = (
            select(columns.authorization_id, func.max(columns.at))
            .where(columns.what == what, columns.authorization_id.in_(authorization_ids))
            .group_by(columns.authorization_id)
        )
        return {int(row[0]): int(row[1]) for row in self._connection.execute(found)}

    def taken(self, authorization_ids: Collection[int], endpoints: Collection[str]) -> dict[int, int]:
        """When data of permissions was last taken by answers and files of their own, from these rows of the API."""
        columns = TRAIL.c
        found = (
            select(columns.authorization_id, func.max(columns.at))
            .where(
                columns.authorization_id.in_(authorization_ids),
                columns.event.in_(("disclosed", "batch_fetched")),
                columns.endpoint.in_(endpoints),
                columns.count > 0,
            )
            .group_by(columns.authorization_id)
        )
        return {int(row[0]): int(row[1]) for row in self._connection.execute(found)}
