"""Delegates: who may share for a business. It names them, they accept with their own sign-in, and it ends at once.

A delegate's session says for whom it acts and who is really there. It is asked at every page whether that still stands.
"""

from dataclasses import dataclass

from wattshare.custodian.model.clock import Clock, Secrets
from wattshare.custodian.model.delegation import ACCOUNTS, INVITATION_SECONDS, MOST_DELEGATES, RESIDENTIAL, Delegation
from wattshare.custodian.model.errors import BadRequest, NotCovered, Unknown
from wattshare.custodian.services.signin import Session, SignIn
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose


@dataclass(frozen=True, kw_only=True)
class Named:
    """A delegation and the name of the other side; "" while nobody has accepted."""

    delegation: Delegation
    name: str


@dataclass(frozen=True, kw_only=True)
class Delegates:
    """Who may act for whom."""

    store: Store
    now: Clock
    secrets: Secrets
    sign_in: SignIn

    def may_name(self, session: Session) -> bool:
        """Whether a session is that of a business itself, with an online account."""
        if session.customer_id is None or session.delegate_id is not None or session.way not in ACCOUNTS:
            return False
        with self.store.read(Purpose.PEOPLE) as tx:
            customer = tx.customers.customer(session.customer_id)
        return customer is not None and customer.customer_class != RESIDENTIAL

    def concerns(self, session: Session) -> bool:
        """Whether a session is of somebody who may name others, or shares for another."""
        return session.delegate_id is not None or self.may_name(session) or bool(self.theirs(session))

    def invite(self, session: Session) -> str:
        """A code for one person, once.

        Raises:
            NotCovered: the session may not name anybody.
            BadRequest: there are as many as may be.
        """
        if session.customer_id is None or not self.may_name(session):
            raise NotCovered("Only a business itself names who may share for it.")
        code, at = self.secrets("wsd_"), self.now()
        with self.store.begin() as tx:
            made = tx.delegations.invite(session.customer_id, code, at=at, until=at + INVITATION_SECONDS)
            if len(tx.delegations.of_customer(session.customer_id, at)) > MOST_DELEGATES:
                raise BadRequest(f"No more than {MOST_DELEGATES} may share for you.", field="delegates")
            tx.trail.write("delegate_invited", at, detail=_detail(made))
        return code

    def invitation(self, code: str) -> Named:
        """Who asks somebody to act for them.

        Raises:
            Unknown: the code is none, or not any more.
        """
        with self.store.read(Purpose.PEOPLE) as tx:
            found = tx.delegations.invitation(code, self.now())
            if found is None:
                raise Unknown("This invitation is not open any more.")
            return Named(delegation=found, name=_name(tx, found.customer_id))

    def accept(self, session: Session, code: str) -> None:
        """Act for who sent the code from now on.

        Raises:
            Unknown: the code is none, or not any more.
            NotCovered: the session is not that of somebody with an online account, or of who sent it.
        """
        me = self._myself(session)
        with self.store.begin() as tx:
            found = tx.delegations.invitation(code, self.now())
            if found is None:
                raise Unknown("This invitation is not open any more.")
            if found.customer_id == me:
                raise NotCovered("Nobody is their own delegate.")
            if tx.delegations.stands(found.customer_id, me):
                tx.delegations.end(found.id, found.customer_id)
            elif not tx.delegations.accept(found.id, me):
                raise Unknown("This invitation is not open any more.")
            tx.trail.write("delegate_accepted", self.now(), detail=_detail(found) | {"delegate": me})

    def end(self, session: Session, delegation_id: int) -> None:
        """Take a delegation back: whoever acts by it is out with the next page.

        Raises:
            NotCovered: the session is not that of the customer itself.
            Unknown: there is none of that number.
        """
        if session.customer_id is None or session.delegate_id is not None:
            raise NotCovered("Only a business itself names who may share for it.")
        with self.store.begin() as tx:
            if not tx.delegations.end(delegation_id, session.customer_id):
                raise Unknown("This is not open any more.")
            tx.trail.write(
                "delegate_ended", self.now(), detail={"customer": session.customer_id, "delegation": delegation_id}
            )

    def act(self, session: Session, customer_id: int) -> Session:
        """A session that acts for a customer, or again for oneself. It gets another id, and what waits comes along.

        Raises:
            NotCovered: nobody has named who is there.
        """
        me = self._myself(session)
        with self.store.begin() as tx:
            if customer_id != me and not tx.delegations.stands(customer_id, me):
                raise NotCovered("You may not share for them.")
            tx.trail.write("acts_for", self.now(), detail={"customer": customer_id, "delegate": me})
        delegate = None if customer_id == me else me
        return self.sign_in.become(session, customer_id, delegate_id=delegate)

    def mine(self, session: Session) -> tuple[Named, ...]:
        """Who may act for the customer of a session."""
        with self.store.read(Purpose.PEOPLE) as tx:
            every = tx.delegations.of_customer(session.customer_id or 0, self.now())
            return tuple(
                Named(delegation=one, name="" if one.delegate_id is None else _name(tx, one.delegate_id))
                for one in every
            )

    def theirs(self, session: Session) -> tuple[Named, ...]:
        """For whom the person of a session may act."""
        me = session.delegate_id or session.customer_id or 0
        with self.store.read(Purpose.PEOPLE) as tx:
            every = tx.delegations.of_delegate(me)
            return tuple(Named(delegation=one, name=_name(tx, one.customer_id)) for one in every)

    @staticmethod
    def _myself(session: Session) -> int:
        """The person who is really there."""
        me = session.delegate_id or session.customer_id
        if me is None or session.way not in ACCOUNTS:
            raise NotCovered("This takes an online account.")
        return me


def _name(tx: Tx, customer_id: int) -> str:
    customer = tx.customers.customer(customer_id)
    return "" if customer is None else customer.name


def _detail(one: Delegation) -> dict[str, object]:
    return {"customer": one.customer_id, "delegation": one.id}
