"""What a customer may choose from when an app asks."""

from dataclasses import dataclass, replace
from enum import StrEnum

from wattshare.custodian.model.premises import Service


class Closed(StrEnum):
    """Why a service cannot be shared."""

    ENDED = "ended"
    NOT_BEGUN = "not begun"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One service agreement on the consent page."""

    service: Service
    # why it cannot be chosen; None: it can
    reason: "Closed | None" = None
    chosen: bool = False


def offers(services: tuple[Service, ...], at: int, shared: frozenset[int] = frozenset()) -> tuple[Offer, ...]:
    """What a customer may choose from: one service is chosen already, of several none.

    `shared`: agreements that a permission has already; where it is changed they can be kept, ended ones too.
    """
    listed = tuple(
        Offer(service=service, reason=None if service.agreement.id in shared else closed(service, at))
        for service in services
    )
    open_ones = [offer for offer in listed if offer.reason is None]
    if len(open_ones) != 1:
        return listed
    return tuple(replace(offer, chosen=offer.reason is None) for offer in listed)


def closed(service: Service, at: int) -> Closed | None:
    """Why a service cannot be shared, or None."""
    agreement = service.agreement
    if agreement.ends is not None and agreement.ends <= at:
        return Closed.ENDED
    if agreement.starts > at:
        return Closed.NOT_BEGUN
    return None
