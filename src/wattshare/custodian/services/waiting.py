"""What waits for a customer's answer: what apps have asked."""

from dataclasses import dataclass

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.services.overview import name_of
from wattshare.custodian.services.signin import Session
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose

# a request waits that long for its customer
REQUEST_SECONDS = 1_800
# of the latest
MOST = 20


@dataclass(frozen=True, kw_only=True)
class Request:
    """An app's request without an answer."""

    id: str
    name: str
    asked_at: int
    ends: int
    # it can be answered here
    open: bool
    # the app has a permission, and asks for another in its place
    more: bool


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Looks for what has no answer."""

    store: Store
    now: Clock

    def of(self, session: Session, customer_id: int) -> tuple[Request, ...]:
        """What apps asked this customer, each once, the latest first; for a month where it was never answered."""
        at = self.now()
        with self.store.read(Purpose.PEOPLE) as tx:
            found: dict[int, Request] = {}
            for name, body, ends in tx.sessions.requests_of(customer_id, MOST):
                # what was answered is kept beside the questions, for the way back to the app
                if "chosen" not in body:
                    continue
                party, asked_at = body["asked"]["third_party_id"], ends - REQUEST_SECONDS
                here = ends > at and tx.sessions.request(session.id, name, at) is not None
                # what is open in another browser, was asked again, or got its answer later is nothing to do here
                if not here and (ends > at or party in found or answered(tx, customer_id, party, asked_at)):
                    continue
                request = Request(
                    id=name,
                    name=name_of(tx, party),
                    asked_at=asked_at,
                    ends=ends,
                    open=here,
                    more=bool(tx.authorizations.standing(party, customer_id)),
                )
                found.setdefault(party, request)
        return tuple(found.values())


def answered(tx: Tx, customer_id: int, third_party_id: int, since: int) -> bool:
    """Whether a customer has given a third party a permission since it asked."""
    every = tx.authorizations.of_customer(customer_id)
    return any(held.third_party_id == third_party_id and held.created_at > since for held in every)
