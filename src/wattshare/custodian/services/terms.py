"""The terms of a permission: what may be chosen, and what a choice comes to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.premises import Service
from wattshare.custodian.services.offers import Offer
from wattshare.espi import scope
from wattshare.espi.days import midnight
from wattshare.espi.kinds import Kind
from wattshare.espi.profile import Profile

DAY = 86_400
# times on the wire are within these years
LAST_DAY = date(2100, 12, 30)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the customer chose."""

    kinds: frozenset[Kind]
    agreement_ids: tuple[int, ...]
    # the last local day of sharing; None: until the customer stops
    until: date | None
    # how far back; None: as far as the third party is registered for, or as before
    history_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class Review:
    """Everything that a customer is shown before the yes."""

    party: ThirdParty
    partner: ThirdParty | None
    required: tuple[Kind, ...]
    optional: tuple[Kind, ...]
    offers: tuple[Offer, ...]
    earliest_end: date
    # None: until the customer stops
    end: date | None
    # scope terms that nobody here understands
    warnings: tuple[str, ...] = ()
    # the permission that is changed, or whose place this one takes; and the agreements that it shares
    replaces: Authorization | None = None
    shared: frozenset[int] = frozenset()
    # the customer changes it where it stands; no app has asked
    change: bool = False


def kinds_of(party: ThirdParty, wanted: frozenset[Kind], *, needed: frozenset[Kind] = frozenset()) -> frozenset[Kind]:
    """The kinds that are shared: those wanted and those needed.

    Raises:
        BadRequest: the third party is not registered for all of them, or there are none.
    """
    if not wanted <= party.kinds:
        raise BadRequest("The third party is not registered for all of this.", field="kinds")
    kinds = wanted | needed
    if not kinds:
        raise BadRequest("Choose at least one kind of data.", field="kinds")
    return kinds


def chosen(offers: Iterable[Offer], agreement_ids: tuple[int, ...]) -> tuple[Service, ...]:
    """The services of the agreements that were chosen.

    Raises:
        BadRequest: there are none, or one of them is not on offer.
    """
    open_now = {offer.service.agreement.id: offer.service for offer in offers if offer.reason is None}
    if not agreement_ids:
        raise BadRequest("Choose at least one service.", field="agreement")
    if not set(agreement_ids) <= open_now.keys():
        raise BadRequest("One of the services cannot be shared.", field="agreement")
    return tuple(open_now[one] for one in dict.fromkeys(agreement_ids))


def day_end(day: date, zone: ZoneInfo) -> int:
    """The first second after a local day.

    Raises:
        BadRequest: it is beyond what can be written down.
    """
    if day > LAST_DAY:
        raise BadRequest(f"Nothing ends after {LAST_DAY}: choose an earlier day, or none.", field="until")
    return midnight(day + timedelta(days=1), zone)


def granted_scope(
    party: ThirdParty,
    kinds: frozenset[Kind],
    services: tuple[Service, ...],
    history_days: int,
    profile: Profile,
    *,
    offline: bool,
) -> str:
    """The scope string of a permission."""
    return scope.grant(
        kinds,
        frozenset(service.usage_point.commodity.service_kind for service in services),
        history_seconds=history_days * DAY,
        accounts=len(services),
        third_party_id=party.id,
        profile=profile,
        offline=offline,
    ).write()


def shares(services: Iterable[Service]) -> tuple[tuple[int, int], ...]:
    """(usage point, agreement) of each service."""
    return tuple((service.usage_point.id, service.agreement.id) for service in services)
