"""What waits for a customer's answer: what apps have asked."""

from dataclasses import dataclass

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.services.overview import name_of
from wattshare.custodian.services.signin import Session
from wattshare.custodian.store.database import Store
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
        """What apps asked this customer, the latest first; for a month where it was never answered."""
        at = self.now()
        with self.store.read(Purpose.PEOPLE) as tx:
            kept = tx.sessions.requests_of(customer_id, MOST)
            found = []
            for name, body, ends in kept:
                # what was answered is kept beside the questions, for the way back to the app
                if "chosen" not in body:
                    continue
                party = body["asked"]["third_party_id"]
                here = ends > at and tx.sessions.request(session.id, name, at) is not None
                found.append(
                    Request(
                        id=name,
                        name=name_of(tx, party),
                        asked_at=ends - REQUEST_SECONDS,
                        ends=ends,
                        open=here,
                        more=bool(tx.authorizations.standing(party, customer_id)),
                    )
                )
        return tuple(found)
