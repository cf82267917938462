"""Who sees an account without holding it: for their own eyes, and to be told whom to ask."""

from dataclasses import asdict

from sqlalchemy import Connection, Select, delete, or_, select, update

from wattshare.custodian.model.errors import Conflict
from wattshare.custodian.model.premises import Viewer
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.premises import ACCOUNT_VIEWER
from wattshare.custodian.store.statements import grow

VIEWER = ACCOUNT_VIEWER.c


def seen_by(customer_id: int, at: int) -> Select[tuple[int, int]]:
    """The accounts that a customer sees at a second, and since when."""
    running = (VIEWER.starts <= at) & or_(VIEWER.ends.is_(None), VIEWER.ends > at)
    return select(VIEWER.account_id, VIEWER.starts).where(VIEWER.customer_id == customer_id, running)


class Viewers:
    """Those who see accounts."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection = connection
        del keys

    def put(self, account_id: int, customer_id: int, *, starts: int, ends: int | None = None) -> Viewer:
        """Let a customer see an account from a second to before another; what was said of the two before goes.

        Raises:
            Conflict: it ends before it starts.
        """
        if ends is not None and ends <= starts:
            raise Conflict("Nobody sees an account until before they do.", field="ends")
        known = self.of(account_id, customer_id)
        number = grow(self._connection, "account_viewer") if known is None else known.id
        told = Viewer(id=number, account_id=account_id, customer_id=customer_id, starts=starts, ends=ends)
        if known is None:
            self._connection.execute(ACCOUNT_VIEWER.insert(), asdict(told))
        elif told != known:
            self._connection.execute(update(ACCOUNT_VIEWER).where(VIEWER.id == known.id).values(**asdict(told)))
        return told

    def of(self, account_id: int, customer_id: int) -> Viewer | None:
        """What is said of a customer and an account."""
        found = select(ACCOUNT_VIEWER).where(VIEWER.account_id == account_id, VIEWER.customer_id == customer_id)
        row = self._connection.execute(found).mappings().one_or_none()
        return None if row is None else Viewer(**row)

    def drop(self, account_id: int, customer_id: int) -> None:
        """Forget that a customer sees an account: they hold it now."""
        which = (VIEWER.account_id == account_id) & (VIEWER.customer_id == customer_id)
        self._connection.execute(delete(ACCOUNT_VIEWER).where(which))
