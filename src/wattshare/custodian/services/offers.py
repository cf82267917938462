"""What a customer may choose from when an app asks."""

from dataclasses import dataclass, replace
from enum import StrEnum

from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.premises import Service
from wattshare.custodian.services.overview import customer_name
from wattshare.custodian.store.database import Tx


class Closed(StrEnum):
    """Why a service cannot be shared."""

    ENDED = "ended"
    NOT_BEGUN = "not begun"
    NOT_ASKED = "not asked for"
    NOT_HOLDER = "not the holder"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One service agreement on the consent page."""

    service: Service
    # why it cannot be chosen; None: it can
    reason: "Closed | None" = None
    chosen: bool = False
    # who may share it, where the customer only sees it: their names
    holders: tuple[str, ...] = ()


def offers(
    services: tuple[Service, ...],
    at: int,
    party: ThirdParty,
    shared: frozenset[int] = frozenset(),
    seen: tuple[Offer, ...] = (),
) -> tuple[Offer, ...]:
    """What a customer may choose from when a third party asks: one service is chosen already, of several none.

    `shared`: agreements that a permission has already; where it is changed they can be kept, ended ones and those that
    the third party does not ask for any more, too. `seen`: what of somebody else's the customer sees.
    """
    listed = tuple(
        Offer(service=service, reason=None if service.agreement.id in shared else closed(service, at, party))
        for service in services
    )
    open_ones = [offer for offer in listed if offer.reason is None]
    if len(open_ones) != 1:
        return (*listed, *seen)
    return (*(replace(offer, chosen=offer.reason is None) for offer in listed), *seen)


def seen_only(tx: Tx, customer_id: int, at: int) -> tuple[Offer, ...]:
    """What goes on of somebody else's accounts that a customer sees: closed, with whom to ask."""
    found = [one for one in tx.customers.seen(customer_id, at) if one.agreement.covers(at)]
    holding = tx.holders.at({one.account.id for one in found}, at)
    names = {account: tuple(customer_name(tx, one) for one in held) for account, held in holding.items()}
    return tuple(Offer(service=one, reason=Closed.NOT_HOLDER, holders=names[one.account.id]) for one in found)


def closed(service: Service, at: int, party: ThirdParty) -> Closed | None:
    """Why a service cannot be shared, or None."""
    agreement = service.agreement
    if agreement.ends is not None and agreement.ends <= at:
        return Closed.ENDED
    if not party.asks_for(service.usage_point.commodity):
        return Closed.NOT_ASKED
    if agreement.starts > at:
        return Closed.NOT_BEGUN
    return None
