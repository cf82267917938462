"""New homes of customers who share already: asked once whether they share this home too."""

from sqlalchemy import Column, Connection, ForeignKey, Table, or_, select, union, update

from wattshare.custodian.model.authorization import STANDING, Ending
from wattshare.custodian.store.authorizations import AUTHORIZATION, AUTHORIZATION_USAGE_POINT
from wattshare.custodian.store.holders import HOLDER, at_latest, at_soonest, row_of
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big
from wattshare.custodian.store.premises import ACCOUNT, ACCOUNT_HOLDER, AGREEMENT
from wattshare.custodian.store.statements import insert

DAY = 86_400

HOME_QUESTION = Table(
    "home_question",
    METADATA,
    Column("customer_id", Big, ForeignKey("customer.id"), primary_key=True, autoincrement=False),
    Column("agreement_id", Big, ForeignKey("agreement.id"), primary_key=True, autoincrement=False),
    Column("asked_at", Big, nullable=False),
    Column("answered_at", Big),
)


class Homes:
    """Questions of new homes, by customer and agreement."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def moved_in(self, since: int, at: int, most: int) -> tuple[tuple[int, int], ...]:
        """Customers who share or did until they moved out, and services of theirs that began after they did so.

        Those that began after `since`, run at `at`, and of which nobody has asked yet; as (customer, agreement).
        """
        held, agreement, shared = AUTHORIZATION.c, AGREEMENT.c, AUTHORIZATION_USAGE_POINT.c
        asked = select(HOME_QUESTION.c.agreement_id).where(
            HOME_QUESTION.c.customer_id == held.customer_id, HOME_QUESTION.c.agreement_id == agreement.id
        )
        given = select(shared.agreement_id).where(
            shared.authorization_id == held.id, shared.agreement_id == agreement.id
        )
        # who holds an account from a later day on has moved in then
        starts, ends = at_soonest(agreement.starts), at_latest(agreement.ends)
        named = (
            AGREEMENT.join(ACCOUNT, ACCOUNT.c.id == agreement.account_id)
            .join(AUTHORIZATION, held.customer_id == ACCOUNT.c.customer_id)
            .outerjoin(ACCOUNT_HOLDER, row_of(held.customer_id))
        )
        together = ACCOUNT_HOLDER.join(AGREEMENT, agreement.account_id == HOLDER.account_id).join(
            AUTHORIZATION, held.customer_id == HOLDER.customer_id
        )
        found = (
            select(held.customer_id, agreement.id)
            .select_from(held_by)
            .where(
                starts > since,
                starts <= at,
                or_(ends.is_(None), ends > at),
                or_(held.state.in_(STANDING), (held.ending == Ending.MOVED_OUT) & (held.ended_at > since)),
                held.primary_id.is_(None),
                # on the day of moving in, too
                held.starts - DAY < starts,
                ~given.exists(),
                ~asked.exists(),
            )
            for held_by in (named, together)
        )
        pairs = union(*found).subquery()
        ordered = select(pairs).order_by(*pairs.c).limit(most)
        return tuple((customer, number) for customer, number in self._connection.execute(ordered))

    def ask(self, customer_id: int, agreement_id: int, at: int) -> bool:
        """Keep that a customer is asked. Whether they were not before."""
        row = {"customer_id": customer_id, "agreement_id": agreement_id, "asked_at": at}
        columns = HOME_QUESTION.c
        added = insert(self._connection, HOME_QUESTION).values(**row).on_conflict_do_nothing()
        return self._connection.execute(added.returning(columns.agreement_id)).first() is not None

    def open(self, customer_id: int, most: int) -> dict[int, int]:
        """The agreements of which a customer is asked and has not answered, and when each was."""
        columns = HOME_QUESTION.c
        found = (
            select(columns.agreement_id, columns.asked_at)
            .where(columns.customer_id == customer_id, columns.answered_at.is_(None))
            .order_by(columns.asked_at.desc(), columns.agreement_id)
            .limit(most)
        )
        return {int(row[0]): int(row[1]) for row in self._connection.execute(found)}

    def answer(self, customer_id: int, agreement_ids: tuple[int, ...], at: int) -> bool:
        """Keep that a customer has answered. Whether there was a question: a form that is sent twice counts once."""
        columns = HOME_QUESTION.c
        mine = (columns.customer_id == customer_id) & columns.agreement_id.in_(agreement_ids)
        answered = update(HOME_QUESTION).where(mine, columns.answered_at.is_(None)).values(answered_at=at)
        return self._connection.execute(answered).rowcount > 0
