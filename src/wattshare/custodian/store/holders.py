"""Who holds an account: whom it names, and who holds it together with them.

A statement that asks whether a customer holds an account joins both: `ACCOUNT`, and by `row_of` what `ACCOUNT_HOLDER`
says of that customer; `is_held` then says whether, `at_soonest` and `at_latest` from when to when.
"""

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import ColumnElement, CompoundSelect, Connection, func, literal, or_, select, update

from wattshare.custodian.model.errors import Conflict
from wattshare.custodian.model.premises import Holder
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import Big
from wattshare.custodian.store.premises import ACCOUNT, ACCOUNT_HOLDER
from wattshare.custodian.store.statements import earlier, grow, later

HOLDER = ACCOUNT_HOLDER.c


def row_of(customer_id: ColumnElement[int]) -> ColumnElement[bool]:
    """What the outer join of `ACCOUNT_HOLDER` to `ACCOUNT` is on: the row of that customer, where there is one."""
    return (HOLDER.account_id == ACCOUNT.c.id) & (HOLDER.customer_id == customer_id)


def is_held(customer_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a customer holds the account that is joined, or did."""
    return or_(ACCOUNT.c.customer_id == customer_id, HOLDER.id.is_not(None))


def at_soonest(starts: ColumnElement[int]) -> ColumnElement[int]:
    """A start, and none before the customer held the account."""
    return later(starts, func.coalesce(HOLDER.starts, starts))


def at_latest(ends: ColumnElement[int]) -> ColumnElement[int]:
    """An end, and none after the customer held the account; null is never."""
    return earlier(ends, HOLDER.ends)


def held_at(at: int) -> ColumnElement[bool]:
    """Whether the customer of the joined row, if there is one, holds the account at that second."""
    return or_(HOLDER.id.is_(None), (HOLDER.starts <= at) & or_(HOLDER.ends.is_(None), HOLDER.ends > at))


def accounts_of(customer_id: int | ColumnElement[int]) -> CompoundSelect[tuple[int]]:
    """The ids of the accounts that a customer holds or held."""
    named = select(ACCOUNT.c.id).where(ACCOUNT.c.customer_id == customer_id)
    return named.union(select(HOLDER.account_id).where(HOLDER.customer_id == customer_id))


class Holders:
    """Holders of accounts."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def put(self, account_id: int, customer_id: int, *, starts: int, ends: int | None = None) -> Holder:
        """Have a customer hold an account from a second to before another; what was said of the two before goes.

        Raises:
            Conflict: it ends before it starts.
        """
        if ends is not None and ends <= starts:
            raise Conflict("Nobody holds an account until before they do.", field="ends")
        known = self.of(account_id, customer_id)
        number = grow(self._connection, "account_holder") if known is None else known.id
        told = Holder(id=number, account_id=account_id, customer_id=customer_id, starts=starts, ends=ends)
        if known is None:
            self._connection.execute(ACCOUNT_HOLDER.insert(), asdict(told))
        elif told != known:
            self._connection.execute(update(ACCOUNT_HOLDER).where(HOLDER.id == known.id).values(**asdict(told)))
        return told

    def of(self, account_id: int, customer_id: int) -> Holder | None:
        """What is said of a customer and an account."""
        found = select(ACCOUNT_HOLDER).where(HOLDER.account_id == account_id, HOLDER.customer_id == customer_id)
        row = self._connection.execute(found).mappings().one_or_none()
        return None if row is None else Holder(**row)

    def together(self, customer_id: int, at: int) -> dict[int, int]:
        """The accounts that a customer holds at a second and others hold or held too; since when, 0 for always."""
        other = ACCOUNT_HOLDER.alias("other")
        found = (
            select(ACCOUNT.c.id, func.coalesce(HOLDER.starts, 0))
            .outerjoin(ACCOUNT_HOLDER, row_of(literal(customer_id, Big)))
            .where(
                ACCOUNT.c.id.in_(accounts_of(customer_id)),
                ACCOUNT.c.id.in_(select(other.c.account_id)),
                is_held(literal(customer_id, Big)),
                held_at(at),
            )
        )
        return {int(row[0]): int(row[1]) for row in self._connection.execute(found)}

    def only(self, account_id: int, at: int) -> int | None:
        """The customer who holds an account at a second, where nobody else does."""
        holding = self.at((account_id,), at)[account_id]
        return holding[0] if len(holding) == 1 else None

    def ever(self, account_ids: Iterable[int]) -> tuple[int, ...]:
        """The customers who hold one of these accounts or held it, by their number."""
        accounts = tuple(account_ids)
        named = select(ACCOUNT.c.customer_id).where(ACCOUNT.c.id.in_(accounts))
        others = select(HOLDER.customer_id).where(HOLDER.account_id.in_(accounts))
        return tuple(sorted(self._connection.scalars(named.union(others))))

    def at(self, account_ids: Iterable[int], at: int) -> dict[int, tuple[int, ...]]:
        """The customers who hold each account at a second; first whom it names, then the others by their number."""
        accounts = tuple(account_ids)
        said = select(ACCOUNT_HOLDER).where(HOLDER.account_id.in_(accounts)).order_by(HOLDER.customer_id)
        rows = [Holder(**row) for row in self._connection.execute(said).mappings()]
        spoken = {(one.account_id, one.customer_id) for one in rows}
        holding: dict[int, list[int]] = {account: [] for account in accounts}
        named = select(ACCOUNT.c.id, ACCOUNT.c.customer_id).where(ACCOUNT.c.id.in_(accounts))
        first = {int(row[0]): int(row[1]) for row in self._connection.execute(named)}
        for account, customer in first.items():
            if (account, customer) not in spoken:
                holding[account].append(customer)
        for one in sorted(rows, key=lambda one: one.customer_id != first.get(one.account_id)):
            if one.covers(at):
                holding[one.account_id].append(one.customer_id)
        return {account: tuple(customers) for account, customers in holding.items()}
