"""A customer's permission: asked for, given, opened, ended.

The form's values are wishes: who asks, what may be asked and what the customer has are read again here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from wattshare.custodian.model.authorization import Authorization, Ending, State, history_floor
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import BadRequest, NotCovered, Unknown
from wattshare.custodian.model.parties import Standing, ThirdParty
from wattshare.custodian.model.premises import Service
from wattshare.custodian.model.work import NoticeKind
from wattshare.custodian.services import notices
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.offers import Offer, offers
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi import scope
from wattshare.espi.days import day_of, midnight
from wattshare.espi.kinds import Kind
from wattshare.espi.scope_terms import read_terms

DAY = 86_400
# shown as the end where the third party prefers none
DEFAULT_DAYS = 365
# codes are taken that long after their end, for clocks that differ
SKEW_SECONDS = 60
# times on the wire are within these years
LAST_DAY = date(2100, 12, 30)


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


@dataclass(frozen=True, kw_only=True)
class Review:
    """Everything that the consent page shows."""

    party: ThirdParty
    partner: ThirdParty | None
    required: tuple[Kind, ...]
    optional: tuple[Kind, ...]
    offers: tuple[Offer, ...]
    earliest_end: date
    end: date
    # scope terms that nobody here understands
    warnings: tuple[str, ...] = ()
    replaces: Authorization | None = None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the customer chose."""

    kinds: frozenset[Kind]
    agreement_ids: tuple[int, ...]
    # the last local day of sharing; None: until the customer stops
    until: date | None
    # how far back; None: as far as the third party is registered for
    history_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class Consent:
    """The story of an authorization from the question to its end."""

    store: Store
    now: Clock
    addresses: Addresses
    new_uuid: Callable[[], str]
    utility: str = field(default="the utility")

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
            services = tx.customers.services(customer_id)
            standing = tx.authorizations.standing(party.id, customer_id)
        earliest = max(asked.min_end or 0, now)
        end = asked.preferred_end or max(now + DEFAULT_DAYS * DAY, earliest)
        zone = self.addresses.profile.zone
        return Review(
            party=party,
            partner=partner,
            required=self._ordered(party.kinds_required),
            optional=self._ordered(party.kinds_optional),
            offers=offers(services, now),
            earliest_end=day_of(earliest, zone),
            end=day_of(end, zone),
            warnings=unknown_terms(asked.scope),
            replaces=next((held for held in standing if held.state is State.ACTIVE), None),
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
            kinds = self._kinds(party, choice.kinds)
            services = self._services(tx, customer_id, choice.agreement_ids)
            ends = self._end(asked, choice.until)
            history = min(choice.history_days or party.history_days, party.history_days)
            held = self._authorization(
                tx, party, customer_id, services, kinds, ends, State.CONSENTED, history_days=history
            )
            tx.authorizations.add(held, shares(services))
            tx.trail.write(
                "consented",
                self.now(),
                third_party_id=party.id,
                authorization_id=held.id,
                count=len(services),
                detail={"kinds": sorted(kinds), "ends": ends, "scope": held.scope},
            )
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
            wanted = self._kinds(party, party.kinds if kinds is None else kinds, required=False)
            by_customer: dict[int, list[Service]] = {}
            for usage_point_id in usage_point_ids:
                service = self._current(tx, usage_point_id)
                by_customer.setdefault(service.customer.id, []).append(service)
            ends = None if until is None else self._day_end(until)
            if ends is not None and ends <= self.now():
                raise BadRequest("The end is in the past.", field="until")
            return tuple(
                self._begin(tx, party, customer_id, tuple(services), wanted, ends, offline=True)
                for customer_id, services in by_customer.items()
            )

    # endings

    def withdraw(self, authorization_id: int, why: Ending, *, third_party_id: int | None = None) -> None:
        """End an authorization: after the commit no process sends any of its data.

        Raises:
            NotCovered: it is another third party's, or one of the two that a third party always has.
            Unknown: it has ended already.
        """
        with self.store.begin() as tx:
            held = tx.authorizations.by_id(authorization_id)
            if held is None or (third_party_id is not None and held.third_party_id != third_party_id):
                raise NotCovered
            if held.customer_id is None:
                raise NotCovered("A registration's own authorizations cannot be withdrawn.")
            if held.state is State.ENDED:
                raise Unknown("This authorization has ended already.")
            self.end(tx, held, why)

    def end(self, tx: Tx, held: Authorization, why: Ending) -> None:
        """End it with all that hangs on it: tokens die, files are void, the third party is told.

        A partner's that it brought ends too: the customer agreed to both at once.
        """
        at = self.now()
        tx.authorizations.change(held.moved(State.ENDED, at=at, why=why))
        tx.tokens.revoke_authorization(held.id, at)
        self._close_files(tx, held, at)
        tx.trail.write(
            "ended",
            at,
            third_party_id=held.third_party_id,
            authorization_id=held.id,
            detail={"why": why.value},
        )
        party = tx.parties.by_id(held.third_party_id)
        if party is not None and held.state is State.ACTIVE:
            self._tell(tx, party, held.id)
        partners = tx.authorizations.partner_of(held.id)
        if partners is not None and partners.state is not State.ENDED:
            self.end(tx, partners, why)

    @staticmethod
    def _close_files(tx: Tx, held: Authorization, at: int) -> None:
        """Void the orders that are its own, and close the files that also hold others until they are made again."""
        void = tx.batches.void(held.id)
        for batch_id in void:
            tx.notices.drop(batch_id)
        for batch_id in (*void, *tx.batches.mark_stale(held.id)):
            # before any order: somebody may be waiting
            tx.jobs.add("make_batch", batch_id, at, rank=0, third_party_id=held.third_party_id)

    def end_due(self) -> int:
        """End what has run out: periods, consents without a redeemed code, services of who moved out. How many."""
        at = self.now()
        with self.store.begin() as tx:
            lapsed = tx.authorizations.consented_before(at - self.addresses.profile.code_seconds - SKEW_SECONDS)
            expired = tx.authorizations.ending_before(at)
            for held in lapsed:
                self.end(tx, held, Ending.LAPSED)
            for held in expired:
                if held not in lapsed and self._stands(tx, held):
                    self.end(tx, held, Ending.EXPIRED)
        return len(lapsed) + len(expired) + self._end_moved_out(at)

    def _end_moved_out(self, at: int) -> int:
        """End what is of customers none of whose services goes on."""
        with self.store.begin(Purpose.PEOPLE) as tx:
            moved = tx.authorizations.moved_out_by(at)
            for held in moved:
                if self._stands(tx, held):
                    self.end(tx, held, Ending.MOVED_OUT)
        return len(moved)

    # parts

    @staticmethod
    def _stands(tx: Tx, held: Authorization) -> bool:
        """Whether it has not ended meanwhile, as a partner's does with its primary's."""
        known = tx.authorizations.by_id(held.id)
        return known is not None and known.state is not State.ENDED

    @staticmethod
    def asking(tx: Tx, third_party_id: int) -> ThirdParty:
        """Who asks, as long as it may.

        Raises:
            NotCovered: it may not any more.
        """
        party = tx.parties.by_id(third_party_id)
        if party is None or party.standing is not Standing.PRODUCTION:
            raise NotCovered("This app may not ask for data at the moment.")
        return party

    @staticmethod
    def _ordered(kinds: frozenset[Kind]) -> tuple[Kind, ...]:
        return tuple(kind for kind in Kind if kind in kinds)

    @staticmethod
    def _kinds(party: ThirdParty, wanted: frozenset[Kind], *, required: bool = True) -> frozenset[Kind]:
        if not wanted <= party.kinds:
            raise BadRequest("The third party is not registered for all of this.", field="kinds")
        kinds = wanted | party.kinds_required if required else wanted
        if not kinds:
            raise BadRequest("Choose at least one kind of data.", field="kinds")
        return kinds

    def _services(self, tx: Tx, customer_id: int, agreement_ids: tuple[int, ...]) -> tuple[Service, ...]:
        open_now = {
            offer.service.agreement.id: offer.service
            for offer in offers(tx.customers.services(customer_id), self.now())
            if offer.reason is None
        }
        if not agreement_ids:
            raise BadRequest("Choose at least one service.", field="agreement")
        if not set(agreement_ids) <= open_now.keys():
            raise BadRequest("One of the services cannot be shared.", field="agreement")
        return tuple(open_now[chosen] for chosen in dict.fromkeys(agreement_ids))

    def _current(self, tx: Tx, usage_point_id: int) -> Service:
        if tx.customers.usage_point(usage_point_id) is None:
            raise Unknown(f"There is no usage point {usage_point_id}.", field="usage_point")
        for agreement in tx.customers.agreements_of(usage_point_id):
            if agreement.covers(self.now()):
                return tx.customers.service(agreement.id)
        raise BadRequest(
            f"Usage point {usage_point_id} belongs to no customer now; import it with --account first.",
            field="usage_point",
        )

    def _day_end(self, day: date) -> int:
        if day > LAST_DAY:
            raise BadRequest(f"Nothing ends after {LAST_DAY}: choose an earlier day, or none.", field="until")
        return midnight(day + timedelta(days=1), self.addresses.profile.zone)

    def _end(self, asked: Asked, until: date | None) -> int | None:
        if until is None:
            return None
        zone = self.addresses.profile.zone
        if asked.preferred_end is not None and until == day_of(asked.preferred_end, zone):
            return asked.preferred_end
        ends = self._day_end(until)
        if ends <= self.now() or (asked.min_end is not None and ends < asked.min_end):
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
        history_days: int | None = None,
        offline: bool = False,
        primary_id: int | None = None,
    ) -> Authorization:
        now, zone = self.now(), self.addresses.profile.zone
        history = party.history_days if history_days is None else history_days
        standing = tx.authorizations.standing(party.id, customer_id)
        granted = scope.grant(
            kinds,
            frozenset(service.usage_point.commodity.service_kind for service in services),
            history_seconds=history * DAY,
            accounts=len(services),
            third_party_id=party.id,
            profile=self.addresses.profile,
            offline=offline,
        )
        return Authorization(
            id=tx.authorizations.next_id(),
            third_party_id=party.id,
            state=state,
            customer_id=customer_id,
            kinds=kinds,
            scope=granted.write(),
            starts=now,
            ends=ends,
            floor=history_floor(now, history, zone),
            created_at=now,
            changed_at=now,
            replaces_id=next((held.id for held in standing if held.state is State.ACTIVE), None),
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
        self._replace(tx, held)
        self._tell(tx, party, held.id)
        return held

    def _begin_partner(self, tx: Tx, held: Authorization, partner_id: int) -> None:
        partner = tx.parties.by_id(partner_id)
        if partner is None or partner.standing is not Standing.PRODUCTION or held.customer_id is None:
            return
        kinds = held.kinds & partner.kinds
        agreements = {share.agreement_id for share in tx.authorizations.shares(held, self.now())}
        services = tuple(
            service for service in tx.customers.services(held.customer_id) if service.agreement.id in agreements
        )
        if kinds and services:
            self._begin(
                tx,
                partner,
                held.customer_id,
                services,
                kinds,
                held.ends,
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

    def _tell(self, tx: Tx, party: ThirdParty, authorization_id: int) -> None:
        notices.owe(
            tx,
            party,
            NoticeKind.AUTHORIZATION_CHANGED,
            (self.addresses.authorization(authorization_id),),
            new_id=self.new_uuid(),
            at=self.now(),
        )


# what follows from a fresh permission: (transaction, authorization, third party, request) -> a code, or a note of it
Then = Callable[[Tx, Authorization, ThirdParty, Asked], str]


def unknown_terms(text: str) -> tuple[str, ...]:
    """What a scope names and nobody here understands, cut to a length for a page."""
    lost = (remark.term for remark in read_terms(text).remarks if remark.oddity.lost)
    return tuple(dict.fromkeys(term[:80] for term in lost))


def shares(services: tuple[Service, ...]) -> tuple[tuple[int, int], ...]:
    """(usage point, agreement) of each service."""
    return tuple((service.usage_point.id, service.agreement.id) for service in services)
