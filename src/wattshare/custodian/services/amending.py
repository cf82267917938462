"""What becomes of a permission while it stands: changed, shortened, paused, gone on with.

It keeps its id, and the app its tokens. What is less from then on is less for every process with the commit: files with
more in them are void, as if it had ended.
"""

from dataclasses import dataclass, replace
from datetime import date

from wattshare.custodian.model.authorization import STANDING, Authorization, Ending, State, history_days, history_floor
from wattshare.custodian.model.delegation import THEMSELVES, Actor
from wattshare.custodian.model.errors import BadRequest, NotCovered, Unknown
from wattshare.custodian.model.parties import Standing, ThirdParty
from wattshare.custodian.model.premises import Service
from wattshare.custodian.services.endings import Endings
from wattshare.custodian.services.offers import offers, seen_only
from wattshare.custodian.services.receipts import Event, services_of
from wattshare.custodian.services.terms import Choice, Review, chosen, day_end, granted_scope, kinds_of, shares
from wattshare.custodian.store.database import Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.days import day_of
from wattshare.espi.kinds import in_order


@dataclass(frozen=True, kw_only=True)
class Amending(Endings):
    """Changes permissions that stand, for the customer who gave them."""

    # the page

    def review_change(self, authorization_id: int, customer_id: int) -> Review:
        """What to show to a customer who wants to change a permission.

        Raises:
            NotCovered: the third party may not ask any more.
            Unknown: it is not the customer's, or does not stand.
        """
        now, zone = self.now(), self.addresses.profile.zone
        with self.store.read(Purpose.PEOPLE) as tx:
            held = self.own(tx, authorization_id, customer_id)
            party = self.asking(tx, held.third_party_id)
            partners = tx.authorizations.partner_of(held.id)
            partner = None if partners is None else tx.parties.by_id(partners.third_party_id)
            services, seen = tx.customers.services(customer_id), seen_only(tx, customer_id, now)
            shared = frozenset(agreement for _, agreement in tx.authorizations.shared(held.id))
        needed = party.kinds_required & held.kinds
        return Review(
            party=party,
            partner=partner,
            required=in_order(needed),
            optional=in_order(party.kinds - needed),
            offers=offers(services, now, party, shared, seen),
            earliest_end=day_of(now, zone),
            end=None if held.ends is None else day_of(held.ends - 1, zone),
            replaces=held,
            shared=shared,
            change=True,
        )

    # what is done

    def change(
        self, authorization_id: int, customer_id: int, choice: Choice, actor: Actor = THEMSELVES
    ) -> Authorization:
        """Share something else from now on, with the same third party. Without a difference nothing happens.

        Raises:
            BadRequest: nothing was chosen, something that is not the customer's, or an end that is past.
            NotCovered: the third party may not ask any more.
            Unknown: it is not the customer's, or does not stand.
        """
        with self.store.begin(Purpose.PEOPLE) as tx:
            held = self.own(tx, authorization_id, customer_id)
            party = self.asking(tx, held.third_party_id)
            kinds = kinds_of(party, choice.kinds, needed=party.kinds_required & held.kinds)
            shared = frozenset(agreement for _, agreement in tx.authorizations.shared(held.id))
            listed = offers(tx.customers.services(customer_id), self.now(), party, shared)
            services = chosen(listed, choice.agreement_ids)
            ends = self._new_end(held, choice.until)
            floor = self._new_floor(held, party, choice.history_days)
            wanted = replace(held, kinds=kinds, ends=ends, floor=floor)
            return self._amend(tx, held, party, wanted, services, actor=actor)

    def add_services(
        self, authorization_id: int, customer_id: int, agreement_ids: tuple[int, ...], actor: Actor = THEMSELVES
    ) -> Authorization:
        """Share more services on the same terms.

        Raises:
            BadRequest, NotCovered, Unknown: as `change`.
        """
        zone = self.addresses.profile.zone
        with self.store.read() as tx:
            held = self.own(tx, authorization_id, customer_id)
            before = tuple(agreement for _, agreement in tx.authorizations.shared(held.id))
        until = None if held.ends is None else day_of(held.ends - 1, zone)
        choice = Choice(kinds=held.kinds, agreement_ids=(*before, *agreement_ids), until=until)
        return self.change(authorization_id, customer_id, choice, actor)

    def shorten(self, authorization_id: int, customer_id: int, until: date, actor: Actor = THEMSELVES) -> Authorization:
        """End sharing with an earlier day than before.

        Raises:
            BadRequest: the day is past, or no earlier.
            Unknown: it is not the customer's, or does not stand.
        """
        with self.store.begin(Purpose.PEOPLE) as tx:
            held = self.own(tx, authorization_id, customer_id)
            ends = self._new_end(held, until)
            if ends is None or (held.ends is not None and ends >= held.ends):
                raise BadRequest("This end is no earlier than before.", field="until")
            party = self._party(tx, held)
            services = services_of(tx, held)
            return self._amend(tx, held, party, replace(held, ends=ends), services, actor=actor)

    def stop_shared(self, authorization_id: int, customer_id: int, delegate_id: int | None = None) -> bool:
        """Stop what somebody else allowed of accounts that a customer holds too. Whether nothing of it is left.

        What it shares besides is none of theirs, and goes on.

        Raises:
            NotCovered: it is their own, or nothing to them.
            Unknown: it has ended already.
        """
        actor = Actor(holder_id=customer_id, delegate_id=delegate_id)
        with self.store.begin(Purpose.PEOPLE) as tx:
            held = tx.authorizations.by_id(authorization_id)
            if held is None or held.customer_id in (None, customer_id):
                raise NotCovered
            together, services = tx.holders.together(customer_id, self.now()), services_of(tx, held)
            rest = tuple(one for one in services if one.account.id not in together)
            if len(rest) == len(services):
                raise NotCovered
            if held.state is State.ENDED:
                raise Unknown("This permission has ended already.")
            goes_on = any(one.agreement.ends is None or one.agreement.ends > self.now() for one in rest)
            if goes_on and held.state in STANDING:
                self._amend(tx, held, self._party(tx, held), held, rest, actor=actor)
            else:
                self.end(tx, held, Ending.HOLDER, actor=actor)
            return not goes_on

    def pause(self, authorization_id: int, customer_id: int, actor: Actor = THEMSELVES) -> Authorization:
        """Let nothing of it out until the customer goes on. Paused once is paused.

        Raises:
            Unknown: it is not the customer's, or does not stand.
        """
        return self._turn(authorization_id, customer_id, State.PAUSED, Event.PAUSED, actor)

    def resume(self, authorization_id: int, customer_id: int, actor: Actor = THEMSELVES) -> Authorization:
        """Go on with what was paused.

        Raises:
            Unknown: as `pause`.
        """
        return self._turn(authorization_id, customer_id, State.ACTIVE, Event.RESUMED, actor)

    # parts

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
    def own(tx: Tx, authorization_id: int, customer_id: int) -> Authorization:
        """A permission of a customer's that stands.

        Raises:
            Unknown: it is somebody else's, or does not stand.
        """
        held = tx.authorizations.by_id(authorization_id)
        if held is None or held.customer_id != customer_id or held.state not in STANDING:
            raise Unknown("This permission does not stand.")
        return held

    @staticmethod
    def _party(tx: Tx, held: Authorization) -> ThirdParty:
        party = tx.parties.by_id(held.third_party_id)
        if party is None:
            raise LookupError(f"authorization {held.id} is of no third party")
        return party

    def _turn(self, authorization_id: int, customer_id: int, to: State, event: Event, actor: Actor) -> Authorization:
        with self.store.begin(Purpose.PEOPLE) as tx:
            held = self.own(tx, authorization_id, customer_id)
            partners = tx.authorizations.partner_of(held.id)
            for one in (held,) if partners is None else (held, partners):
                if one.state in STANDING and one.state is not to:
                    self._turned(tx, one, to, event, actor)
            turned = self.own(tx, authorization_id, customer_id)
            if turned != held:
                self.receipts.write(tx, turned, event, self.now())
            return turned

    def _turned(self, tx: Tx, held: Authorization, to: State, event: Event, actor: Actor) -> None:
        at = self.now()
        tx.authorizations.change(held.moved(to, at=at))
        if to is State.PAUSED:
            self.close_files(tx, held, at)
        tx.trail.write(
            event.value, at, third_party_id=held.third_party_id, authorization_id=held.id, detail=actor.detail
        )
        self.tell(tx, self._party(tx, held), held.id)

    def _new_end(self, held: Authorization, until: date | None) -> int | None:
        zone = self.addresses.profile.zone
        if until is None:
            return None
        if held.ends is not None and until == day_of(held.ends - 1, zone):
            return held.ends
        ends = day_end(until, zone)
        if ends <= self.now():
            raise BadRequest("This day is past.", field="until")
        return ends

    def _new_floor(self, held: Authorization, party: ThirdParty, days: int | None) -> int:
        if days is None:
            return held.floor
        return history_floor(self.now(), min(days, party.history_days), self.addresses.profile.zone)

    def _amend(
        self,
        tx: Tx,
        held: Authorization,
        party: ThirdParty,
        wanted: Authorization,
        services: tuple[Service, ...],
        *,
        along: bool = False,
        actor: Actor = THEMSELVES,
    ) -> Authorization:
        """Write a change down with what follows from it: less is less at once, both third parties are told.

        `along`: it is a partner's, and the primary's receipt tells of it.
        """
        at, zone = self.now(), self.addresses.profile.zone
        before, after = set(tx.authorizations.shared(held.id)), set(shares(services))
        if wanted == held and before == after:
            return held
        days = history_days(wanted, zone, held.starts if wanted.floor == held.floor else at)
        scope = granted_scope(party, wanted.kinds, services, days, self.addresses.profile, offline=held.offline)
        less = not (held.kinds <= wanted.kinds and before <= after and wanted.floor <= held.floor)
        changed = replace(
            wanted,
            scope=scope,
            version=held.version + 1,
            changed_at=at,
            narrowed=tx.authorizations.narrow() if less else held.narrowed,
        )
        tx.authorizations.change(changed)
        tx.authorizations.change_shares(held.id, shares(services))
        if less:
            self.close_files(tx, held, at)
        told = {"kinds": sorted(changed.kinds), "ends": changed.ends, "scope": scope, "less": less, **actor.detail}
        party_id, count = held.third_party_id, len(services)
        tx.trail.write("changed", at, third_party_id=party_id, authorization_id=held.id, count=count, detail=told)
        self.tell(tx, party, held.id)
        self._amend_partner(tx, held, changed, services, actor)
        if not along:
            event = Event.CHANGED if actor.holder_id is None else Event.REDUCED
            before_it = frozenset(agreement for _, agreement in before)
            self.receipts.write(tx, changed, event, at, before=before_it, holder_id=actor.holder_id)
        return changed

    def _amend_partner(
        self, tx: Tx, former: Authorization, changed: Authorization, services: tuple[Service, ...], actor: Actor
    ) -> None:
        """What came with a permission changes with it: the customer agrees to both at once."""
        held = tx.authorizations.partner_of(changed.id)
        if held is None or held.state not in STANDING:
            return
        party = self._party(tx, held)
        kinds, had = changed.kinds & party.kinds, {agreement for _, agreement in tx.authorizations.shared(held.id)}
        services = tuple(
            one for one in services if one.agreement.id in had or party.asks_for(one.usage_point.commodity)
        )
        if not (kinds and services):
            self.end(tx, held, Ending.CUSTOMER, along=True, actor=actor)
            return
        floor = held.floor if changed.floor == former.floor else max(changed.floor, self._own_floor(party))
        wanted = replace(held, kinds=kinds, ends=changed.ends, floor=floor)
        self._amend(tx, held, party, wanted, services, along=True, actor=actor)

    def _own_floor(self, party: ThirdParty) -> int:
        return history_floor(self.now(), party.history_days, self.addresses.profile.zone)
