"""Who may act for whom, by numbers; an invitation is found by the mac of its code, and has none once it is taken."""

from sqlalchemy import Column, ColumnElement, Connection, ForeignKey, String, Table, delete, select, update

from wattshare.custodian.model.delegation import Delegation
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.statements import alone, grow

DELEGATION = Table(
    "delegation",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("customer_id", Big, ForeignKey("customer.id"), nullable=False, index=True),
    Column("delegate_id", Big, ForeignKey("customer.id"), index=True),
    Column("mac", String, unique=True),
    Column("made_at", Big, nullable=False),
    Column("expires_at", Big, nullable=False),
)
TOLD = ("id", "customer_id", "delegate_id", "made_at", "expires_at")


class Delegations:
    """Delegations of a customer, and to one."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def invite(self, customer_id: int, code: str, *, at: int, until: int) -> Delegation:
        """Keep an invitation."""
        alone(self._connection, f"delegations of {customer_id}")
        made = Delegation(
            id=grow(self._connection, "delegation"),
            customer_id=customer_id,
            delegate_id=None,
            made_at=at,
            expires_at=until,
        )
        values = {name: getattr(made, name) for name in TOLD} | {"mac": self._keys.mac("delegation:" + code)}
        self._connection.execute(DELEGATION.insert(), values)
        return made

    def invitation(self, code: str, at: int) -> Delegation | None:
        """The invitation of a code, until it is taken or over."""
        columns = DELEGATION.c
        this = columns.mac.in_(self._keys.macs("delegation:" + code)) & (columns.expires_at > at)
        return next(iter(self._every(this & columns.delegate_id.is_(None))), None)

    def accept(self, delegation_id: int, delegate_id: int) -> bool:
        """Let somebody take an invitation. Whether nobody had."""
        columns = DELEGATION.c
        free = (columns.id == delegation_id) & columns.delegate_id.is_(None)
        taken = update(DELEGATION).where(free).values(delegate_id=delegate_id, mac=None)
        return self._connection.execute(taken).rowcount == 1

    def of_customer(self, customer_id: int, at: int) -> tuple[Delegation, ...]:
        """Who may act for a customer, and invitations that wait; the oldest first."""
        columns = DELEGATION.c
        waits = columns.delegate_id.is_not(None) | (columns.expires_at > at)
        return self._every((columns.customer_id == customer_id) & waits)

    def of_delegate(self, delegate_id: int) -> tuple[Delegation, ...]:
        """For whom somebody may act."""
        return self._every(DELEGATION.c.delegate_id == delegate_id)

    def stands(self, customer_id: int, delegate_id: int) -> bool:
        """Whether somebody may act for a customer now."""
        columns = DELEGATION.c
        found = select(columns.id).where(columns.customer_id == customer_id, columns.delegate_id == delegate_id)
        return self._connection.execute(found.limit(1)).first() is not None

    def end(self, delegation_id: int, customer_id: int) -> bool:
        """Take one back, of that customer. Whether it was there."""
        this = (DELEGATION.c.id == delegation_id) & (DELEGATION.c.customer_id == customer_id)
        return self._connection.execute(delete(DELEGATION).where(this)).rowcount == 1

    def forget(self, before: int) -> int:
        """Drop invitations that were over, and not taken, before that second. How many."""
        old = DELEGATION.c.delegate_id.is_(None) & (DELEGATION.c.expires_at < before)
        return self._connection.execute(delete(DELEGATION).where(old)).rowcount

    def _every(self, which: ColumnElement[bool]) -> tuple[Delegation, ...]:
        found = select(*(DELEGATION.c[name] for name in TOLD)).where(which).order_by(DELEGATION.c.id)
        return tuple(Delegation(**row) for row in self._connection.execute(found).mappings())
