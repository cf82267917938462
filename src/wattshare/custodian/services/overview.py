"""What a customer shares, with whom, and what has ended."""

from collections.abc import Mapping
from dataclasses import dataclass

from wattshare.custodian.model.authorization import Authorization, Ending, State
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.premises import Service
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.kinds import Kind


@dataclass(frozen=True, kw_only=True)
class Card:
    """One authorization as its customer sees it."""

    id: int
    name: str
    state: State
    kinds: frozenset[Kind]
    services: tuple[Service, ...]
    starts: int
    ends: int | None
    ended_at: int | None
    ending: Ending | None
    # the third party that came with this one, and loses its own when this one ends
    partner: str | None = None


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The customer's own view of every authorization."""

    store: Store
    now: Clock

    def cards(self, customer_id: int) -> tuple[Card, ...]:
        """Every authorization of a customer, the newest first."""
        with self.store.read(Purpose.PEOPLE) as tx:
            by_agreement = {service.agreement.id: service for service in tx.customers.services(customer_id)}
            names = {party.id: party.name for party in tx.parties.every()}
            return tuple(
                Card(
                    id=held.id,
                    name=names[held.third_party_id],
                    state=held.state,
                    kinds=held.kinds,
                    services=tuple(
                        by_agreement[agreement]
                        for _, agreement in tx.authorizations.shared(held.id)
                        if agreement in by_agreement
                    ),
                    starts=held.starts,
                    ends=held.ends,
                    ended_at=held.ended_at,
                    ending=held.ending,
                    partner=partner_name(tx, held, names),
                )
                for held in sorted(tx.authorizations.of_customer(customer_id), key=lambda held: held.id, reverse=True)
            )


def partner_name(tx: Tx, held: Authorization, names: Mapping[int, str]) -> str | None:
    """The name of the partner whose authorization ends with this one."""
    if held.state is State.ENDED:
        return None
    brought = tx.authorizations.partner_of(held.id)
    return None if brought is None or brought.state is State.ENDED else names[brought.third_party_id]
