"""Which ends of permissions were announced, and how many days before."""

from sqlalchemy import Column, Connection, ForeignKey, Table, select

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.statements import insert

EXPIRY = Table(
    "expiry_told",
    METADATA,
    Column("authorization_id", Big, ForeignKey("authorization.id"), primary_key=True, autoincrement=False),
    Column("days", Big, primary_key=True, autoincrement=False),
    # an end that was put off is announced anew
    Column("ends", Big, primary_key=True, autoincrement=False),
)


class Expiries:
    """Announced ends."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def told(self, held: Authorization, days: int) -> bool:
        """Whether an end was announced so many days before."""
        columns = EXPIRY.c
        found = select(columns.days).where(
            columns.authorization_id == held.id, columns.days == days, columns.ends == held.ends
        )
        return self._connection.execute(found).first() is not None

    def tell(self, held: Authorization, days: int) -> bool:
        """Keep that it is announced. Whether it was not before."""
        row = {"authorization_id": held.id, "days": days, "ends": held.ends}
        added = insert(self._connection, EXPIRY).values(**row).on_conflict_do_nothing().returning(EXPIRY.c.days)
        return self._connection.execute(added).first() is not None
