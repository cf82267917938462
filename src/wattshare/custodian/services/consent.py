"""A customer's permission: asked for, given, opened, ended.

The form's values are wishes: who asks, what may be asked and what the customer has are read again here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from wattshare.custodian.model.authorization import (
    STANDING,
    Authorization,
    Ending,
    State,
    history_days,
    history_floor,
)
from wattshare.custodian.model.errors import BadRequest, Unknown
from wattshare.custodian.model.parties import Standing, ThirdParty
from wattshare.custodian.model.premises import Service
from wattshare.custodian.services.amending import Amending
from wattshare.custodian.services.offers import offers, seen_only
from wattshare.custodian.services.receipts import Event
from wattshare.custodian.services.terms import (
    LAST_DAY,
    Choice,
    Review,
    chosen,
    day_end,
    granted_scope,
    kinds_of,
    shares,
)
from wattshare.custodian.store.database import Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.days import day_of
from wattshare.espi.kinds import Kind, in_order
from wattshare.espi.scope_terms import read_terms

DAY = 86_400
# shown as the end where the third party prefers none
DEFAULT_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the authorize request asked for, kept while the customer signs in and decides."""

    third_party_id: int
    redirect_uri: str
    state: str | None = None
    scope: str = ""
    code_challenge: str | None = None
    # epoch seconds; the customer may not choose an earlier end, and is shown this one
    min_end: int | None = None
    preferred_end: int | None = None
    guest: bool = False


def last_day(ends: int, zone: ZoneInfo) -> date:
    """The last local day of what ends then: an end at midnight is that of the day before."""
    return day_of(ends - 1, zone)


def earliest_day(asked: Asked, now: int, zone: ZoneInfo) -> date:
    """The earliest last day that may be chosen; one that can be chosen, whatever the app asked for."""
    today = day_of(now, zone)
    return today if asked.min_end is None else min(max(today, last_day(asked.min_end, zone)), LAST_DAY)


@dataclass(frozen=True, kw_only=True)
class Consent(Amending):
    """The story of an authorization from the question to its end."""

    # the page

    def review(self, asked: Asked, customer_id: int) -> Review:
        """What to show to this customer.

        Raises:
            NotCovered: the third party may not ask any more.
        """
        now = self.now()
        with self.store.read(Purpose.PEOPLE) as tx:
            party = self.asking(tx, asked.third_party_id)
            partner = tx.parties.by_id(party.partner_id) if party.partner_id else None
            services, seen = tx.customers.services(customer_id), seen_only(tx, customer_id, now)
            replaced = replaced_by(tx, party, customer_id)
            shared = () if replaced is None else tx.authorizations.shared(replaced.id)
        zone = self.addresses.profile.zone
        earliest = earliest_day(asked, now, zone)
        end = max(day_of(now + DEFAULT_DAYS * DAY, zone), earliest)
        if asked.preferred_end is not None:
            end = min(last_day(asked.preferred_end, zone), LAST_DAY)
        return Review(
            party=party,
            partner=partner,
            required=in_order(party.kinds_required),
            optional=in_order(party.kinds_optional),
            offers=offers(services, now, party, seen=seen),
            earliest_end=earliest,
            end=end,
            warnings=unknown_terms(asked.scope),
            replaces=replaced,
            shared=frozenset(agreement for _, agreement in shared),
        )

    def agree(self, asked: Asked, customer_id: int, choice: Choice, then: "Then") -> tuple[str, str]:
        """Write the customer's permission down, and what follows from it, in one transaction.

        Gives the granted scope, and what `then` gives.

        Raises:
            BadRequest: nothing was chosen, something that is not the customer's, or an end that is too early.
            NotCovered: the third party may not ask any more.
        """
        with self.store.begin(Purpose.PEOPLE) as tx:
            party = self.asking(tx, asked.third_party_id)
            kinds = kinds_of(party, choice.kinds, needed=party.kinds_required)
            listed = offers(tx.customers.services(customer_id), self.now(), party)
            services = chosen(listed, choice.agreement_ids)
            ends = self._end(asked, choice.until)
            history = min(choice.history_days or party.history_days, party.history_days)
            held = self._authorization(tx, party, customer_id, services, kinds, ends, State.CONSENTED, history=history)
            tx.authorizations.add(held, shares(services))
            tx.trail.write(
                "consented",
                self.now(),
                third_party_id=party.id,
                authorization_id=held.id,
                count=len(services),
                detail={"kinds": sorted(kinds), "ends": ends, "scope": held.scope},
            )
            self.receipts.write(tx, held, Event.SHARED, self.now())
            return held.scope, then(tx, held, party, asked)

    def decline(self, asked: Asked) -> None:
        """The customer says no."""
        with self.store.begin() as tx:
            tx.trail.write("declined", self.now(), third_party_id=asked.third_party_id)

    # data

    def open_data(self, tx: Tx, held: Authorization, at: int) -> Authorization:
        """The code was redeemed: data flows, the one it replaces ends, a partner's begins."""
        opened = held.moved(State.ACTIVE, at=at)
        tx.authorizations.change(opened)
        tx.funnel.exchanged(held.id)
        tx.trail.write("opened", at, third_party_id=held.third_party_id, authorization_id=held.id)
        if held.customer_id is None:
            return opened
        self._replace(tx, opened)
        party = tx.parties.by_id(held.third_party_id)
        if party is not None and party.partner_id is not None:
            self._begin_partner(tx, opened, party.partner_id)
        return opened

    def add_offline(
        self,
        party_name: str,
        usage_point_ids: tuple[int, ...],
        kinds: frozenset[Kind] | None,
        until: date | None,
    ) -> tuple[Authorization, ...]:
        """Consent given on paper, or a customer's own access: an authorization without OAuth for each customer.

        Raises:
            Unknown: no such third party or usage point.
            BadRequest: a usage point is nobody's, or a kind is not registered.
        """
        with self.store.begin(Purpose.PEOPLE) as tx:
            party = tx.parties.by_name(party_name)
            if party is None:
                raise Unknown(f"There is no third party named {party_name!r}.", field="third_party")
            wanted = kinds_of(party, party.kinds if kinds is None else kinds)
            by_customer: dict[int, list[Service]] = {}
            for usage_point_id in usage_point_ids:
                service = self._current(tx, usage_point_id)
                if not party.asks_for(service.usage_point.commodity):
                    raise BadRequest(
                        f"{party.name} does not ask for {service.usage_point.commodity}, which usage point "
                        f"{usage_point_id} delivers.",
                        field="usage_point",
                    )
                by_customer.setdefault(service.customer.id, []).append(service)
            ends = None if until is None else day_end(until, self.addresses.profile.zone)
            if ends is not None and ends <= self.now():
                raise BadRequest("The end is in the past.", field="until")
            return tuple(
                self._begin(tx, party, customer_id, tuple(services), wanted, ends, offline=True)
                for customer_id, services in by_customer.items()
            )

    # parts

    def _current(self, tx: Tx, usage_point_id: int) -> Service:
        if tx.customers.usage_point(usage_point_id) is None:
            raise Unknown(f"There is no usage point {usage_point_id}.", field="usage_point")
        for agreement in tx.customers.agreements_of(usage_point_id):
            if not agreement.covers(self.now()):
                continue
            # of several holders the first one
            for customer_id in tx.holders.at((agreement.account_id,), self.now())[agreement.account_id][:1]:
                services = tx.customers.services(customer_id)
                return next(one for one in services if one.agreement.id == agreement.id)
        raise BadRequest(
            f"Usage point {usage_point_id} belongs to no customer now; import it with --account first.",
            field="usage_point",
        )

    def _end(self, asked: Asked, until: date | None) -> int | None:
        if until is None:
            return None
        zone = self.addresses.profile.zone
        if asked.preferred_end is not None and until == last_day(asked.preferred_end, zone):
            return asked.preferred_end
        ends = day_end(until, zone)
        if until < earliest_day(asked, self.now(), zone):
            raise BadRequest("This end is earlier than the app needs.", field="until")
        return ends

    def _authorization(
        self,
        tx: Tx,
        party: ThirdParty,
        customer_id: int,
        services: tuple[Service, ...],
        kinds: frozenset[Kind],
        ends: int | None,
        state: State,
        *,
        history: int | None = None,
        offline: bool = False,
        primary_id: int | None = None,
    ) -> Authorization:
        now, zone = self.now(), self.addresses.profile.zone
        days = party.history_days if history is None else history
        granted = granted_scope(party, kinds, services, days, self.addresses.profile, offline=offline)
        return Authorization(
            id=tx.authorizations.next_id(),
            third_party_id=party.id,
            state=state,
            customer_id=customer_id,
            kinds=kinds,
            scope=granted,
            starts=now,
            ends=ends,
            floor=history_floor(now, days, zone),
            created_at=now,
            changed_at=now,
            replaces_id=None if (replaced := replaced_by(tx, party, customer_id)) is None else replaced.id,
            offline=offline,
            primary_id=primary_id,
        )

    def _begin(
        self,
        tx: Tx,
        party: ThirdParty,
        customer_id: int,
        services: tuple[Service, ...],
        kinds: frozenset[Kind],
        ends: int | None,
        *,
        history: int | None = None,
        offline: bool,
        primary_id: int | None = None,
    ) -> Authorization:
        held = self._authorization(
            tx,
            party,
            customer_id,
            services,
            kinds,
            ends,
            State.ACTIVE,
            history=history,
            offline=offline,
            primary_id=primary_id,
        )
        tx.authorizations.add(held, shares(services))
        tx.trail.write(
            "consented_offline" if primary_id is None else "consented_with_primary",
            self.now(),
            third_party_id=party.id,
            authorization_id=held.id,
            count=len(services),
            detail={"kinds": sorted(kinds), "ends": ends, "scope": held.scope},
        )
        if primary_id is None:
            self.receipts.write(tx, held, Event.SHARED, self.now())
        self._replace(tx, held)
        self.tell(tx, party, held.id)
        return held

    def _begin_partner(self, tx: Tx, held: Authorization, partner_id: int) -> None:
        partner = tx.parties.by_id(partner_id)
        if partner is None or partner.standing is not Standing.PRODUCTION or held.customer_id is None:
            return
        kinds = held.kinds & partner.kinds
        agreements = {share.agreement_id for share in tx.authorizations.shares(held, self.now())}
        services = tuple(
            service
            for service in tx.customers.services(held.customer_id)
            if service.agreement.id in agreements and partner.asks_for(service.usage_point.commodity)
        )
        if kinds and services:
            self._begin(
                tx,
                partner,
                held.customer_id,
                services,
                kinds,
                held.ends,
                history=min(partner.history_days, history_days(held, self.addresses.profile.zone)),
                offline=True,
                primary_id=held.id,
            )

    def _replace(self, tx: Tx, held: Authorization) -> None:
        """Re-authorization replaces: every earlier one of the same customer and third party ends."""
        if held.customer_id is None:
            return
        for other in tx.authorizations.standing(held.third_party_id, held.customer_id):
            if other.id < held.id:
                self.end(tx, other, Ending.REPLACED)


# what follows from a fresh permission: (transaction, authorization, third party, request) -> a code, or a note of it
Then = Callable[[Tx, Authorization, ThirdParty, Asked], str]


def unknown_terms(text: str) -> tuple[str, ...]:
    """What a scope names and nobody here understands, cut to a length for a page."""
    lost = (remark.term for remark in read_terms(text).remarks if remark.oddity.lost)
    return tuple(dict.fromkeys(term[:80] for term in lost))


def replaced_by(tx: Tx, party: ThirdParty, customer_id: int) -> Authorization | None:
    """The permission whose place a fresh one of the same customer and third party takes."""
    standing = tx.authorizations.standing(party.id, customer_id)
    return next((held for held in standing if held.state in STANDING), None)
