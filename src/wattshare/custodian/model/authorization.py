"""A customer's permission to one third party, and the two entries that every third party has besides."""

from dataclasses import dataclass, replace
from datetime import tzinfo
from enum import StrEnum

from wattshare.espi.days import day_of, midnight
from wattshare.espi.kinds import Kind

DAY = 86_400


def history_floor(at: int, days: int, zone: tzinfo) -> int:
    """The local midnight so many days before a second, and none before 1970."""
    return midnight(day_of(max(at - days * DAY, DAY), zone), zone)


class Entry(StrEnum):
    """What an entry of the Authorization feed stands for. One growing sequence of ids serves all three."""

    REGISTRATION = "registration"
    BULK = "bulk"
    CUSTOMER = "customer"


class State(StrEnum):
    """Where an authorization stands."""

    # consented; listed with status 1, but no data flows until its code is redeemed
    CONSENTED = "consented"
    ACTIVE = "active"
    # the customer holds it back for a while: it stands, and opens nothing
    PAUSED = "paused"
    ENDED = "ended"


MOVES = {
    State.CONSENTED: {State.ACTIVE, State.ENDED},
    State.ACTIVE: {State.PAUSED, State.ENDED},
    State.PAUSED: {State.ACTIVE, State.ENDED},
    State.ENDED: set(),
}


# its code was redeemed, and it has not ended
STANDING = frozenset({State.ACTIVE, State.PAUSED})


class Ending(StrEnum):
    """Why an authorization ended."""

    CUSTOMER = "customer"
    THIRD_PARTY = "third_party"
    OPERATOR = "operator"
    REPLACED = "replaced"
    LAPSED = "lapsed"  # its code was never redeemed
    EXPIRED = "expired"
    MOVED_OUT = "moved_out"
    # who holds the account together with the customer stopped it
    HOLDER = "holder"


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """What one third party may see of one customer. espi.xsd Authorization.

    Its id is the AuthorizationID, the SubscriptionID and the RetailCustomerID.
    """

    id: int
    third_party_id: int
    entry: Entry = Entry.CUSTOMER
    state: State = State.ACTIVE
    customer_id: int | None = None
    kinds: frozenset[Kind] = frozenset()
    # the granted scope string
    scope: str = ""
    # authorizedPeriod: to the second; None: no end
    starts: int
    ends: int | None = None
    # publishedPeriod: the earliest day of data, a local midnight
    floor: int
    # grows with every change; part of each ETag
    version: int = 1
    created_at: int
    changed_at: int
    ended_at: int | None = None
    ending: Ending | None = None
    # the authorization that ends when this one opens
    replaces_id: int | None = None
    # the primary's authorization that brought this partner's
    primary_id: int | None = None
    # made without OAuth: no code will be redeemed
    offline: bool = False
    # which narrowing of all was the last of this one: what was read before it may show too much
    narrowed: int = 0

    def moved(self, to: State, *, at: int, why: Ending | None = None) -> "Authorization":
        """The same authorization in another state.

        Raises:
            ValueError: `to` may not follow the present state.
        """
        if to not in MOVES[self.state]:
            raise ValueError(f"an authorization that is {self.state} cannot become {to}")
        ended = at if to is State.ENDED else None
        return replace(self, state=to, changed_at=at, ended_at=ended, ending=why, version=self.version + 1)

    def alive(self, at: int) -> bool:
        """Whether data may flow at that second."""
        return self.state is State.ACTIVE and self._within(at)

    def stands(self, at: int) -> bool:
        """Whether its tokens are good at that second; while it is paused they open nothing."""
        return self.state in STANDING and self._within(at)

    def _within(self, at: int) -> bool:
        return self.starts <= at and (self.ends is None or at < self.ends)


@dataclass(frozen=True, kw_only=True)
class Share:
    """One usage point of an authorization, with the seconds of metering that it opens: [since, until).

    Already cut by the agreement's dates, the authorization's floor and its end; `until` None means still running.
    """

    usage_point_id: int
    agreement_id: int
    since: int
    until: int | None = None


def history_days(held: Authorization, zone: tzinfo, at: int | None = None) -> int:
    """How far back a permission goes, in days before its beginning, or before another second."""
    return (day_of(held.starts if at is None else at, zone) - day_of(held.floor, zone)).days
