"""For who has to be safe from somebody, and for who has died: addresses that are hidden, sharing that ends at once.

An address is hidden by account, from everybody: from apps, from who holds the account too, from delegates, and on the
customer's own pages, because it may be somebody else who looks at them. So only the operator shows it again.
"""

from dataclasses import dataclass

from wattshare.custodian.model.authorization import STANDING, Ending, State
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import BadRequest, NotCovered, Unknown
from wattshare.custodian.services.consent import Consent
from wattshare.custodian.services.signin import Session
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.kinds import Kind

# what an address stands in
TELLING = frozenset({Kind.BASIC, Kind.ACCOUNT})
OPERATOR, CUSTOMER = "operator", "customer"


@dataclass(frozen=True, kw_only=True)
class Hiding:
    """What a customer asks for at the desk, or on their page."""

    store: Store
    now: Clock
    consent: Consent

    def named(self, who: str) -> int:
        """The customer of a login, or of the number of an account that nobody else holds.

        Raises:
            Unknown: there is none.
            BadRequest: several people hold the account.
        """
        with self.store.read(Purpose.PEOPLE) as tx:
            known = tx.customers.login(who)
            if known is not None:
                return known.customer_id
            account = tx.customers.by_account_number(who)
            if account is None:
                raise Unknown("Nobody has this login or account number.", field="who")
            holding = tx.holders.at((account.id,), self.now())[account.id]
        if len(holding) > 1:
            raise BadRequest("Several people hold this account: name one by the login.", field="who")
        return holding[0] if holding else account.customer_id

    def is_hidden(self, customer_id: int) -> bool:
        """Whether a customer's addresses are hidden."""
        with self.store.read(Purpose.PEOPLE) as tx:
            return tx.customers.hidden_since(customer_id) is not None

    def hide_own(self, session: Session) -> None:
        """Hide one's own addresses.

        Raises:
            NotCovered: it is not the customer who asks.
        """
        if session.customer_id is None or session.delegate_id is not None:
            raise NotCovered("Only the customer hides their address.")
        self.hide(session.customer_id, by=CUSTOMER)

    def hide(self, customer_id: int, *, by: str = OPERATOR) -> int:
        """Hide all addresses of a customer; files that have one are void. How many accounts had not been hidden."""
        with self.store.begin(Purpose.INTAKE) as tx:
            changed = tx.customers.hide(customer_id, self.now())
            if changed:
                self._void(tx, changed)
                self._note(tx, "address_hidden", customer_id, by, accounts=len(changed))
        return len(changed)

    def show(self, customer_id: int) -> int:
        """Show them again. How many accounts had been hidden."""
        with self.store.begin(Purpose.INTAKE) as tx:
            changed = tx.customers.hide(customer_id, None)
            if changed:
                self._note(tx, "address_shown", customer_id, OPERATOR, accounts=len(changed))
        return len(changed)

    def end_all(self, customer_id: int) -> tuple[int, ...]:
        """End all that a customer shares, at once: permissions, delegates, sessions. The permissions that ended."""
        with self.store.begin(Purpose.PEOPLE) as tx:
            every = [one for one in tx.authorizations.of_customer(customer_id) if one.state is not State.ENDED]
            # a partner's ends with the one that brought it
            for one in sorted(every, key=lambda one: one.primary_id is not None):
                held = tx.authorizations.by_id(one.id)
                if held is not None and held.state is not State.ENDED:
                    self.consent.end(tx, held, Ending.OPERATOR)
            delegations = tx.delegations.of_customer(customer_id, self.now())
            for delegation in delegations:
                tx.delegations.end(delegation.id, customer_id)
            tx.sessions.end_of_customer(customer_id, but="")
            told = {"permissions": len(every), "delegates": len(delegations)}
            self._note(tx, "sharing_ended", customer_id, OPERATOR, **told)
        return tuple(sorted(one.id for one in every))

    # parts

    def _void(self, tx: Tx, account_ids: tuple[int, ...]) -> None:
        """Close files that tell one of these addresses, whoever of their holders shares it."""
        at = self.now()
        for customer_id in tx.holders.ever(account_ids):
            for held in tx.authorizations.of_customer(customer_id):
                if held.state in STANDING and held.kinds & TELLING:
                    self.consent.close_files(tx, held, at)

    def _note(self, tx: Tx, event: str, customer_id: int, by: str, **counted: int) -> None:
        tx.trail.write(event, self.now(), detail={"customer": customer_id, "by": by, **counted})
