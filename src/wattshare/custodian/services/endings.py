"""How a permission ends: by whom, what dies with it, who is told."""

from collections.abc import Callable
from dataclasses import dataclass

from wattshare.custodian.model.authorization import STANDING, Authorization, Ending, State
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.delegation import THEMSELVES, Actor
from wattshare.custodian.model.errors import NotCovered, Unknown
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.work import NoticeKind
from wattshare.custodian.services import notices
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.receipts import Event, Receipts
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose

# codes are taken that long after their end, for clocks that differ
SKEW_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Endings:
    """Ends permissions, at once and by the clock."""

    store: Store
    now: Clock
    addresses: Addresses
    new_uuid: Callable[[], str]
    receipts: Receipts

    def withdraw(
        self, authorization_id: int, why: Ending, *, third_party_id: int | None = None, actor: Actor = THEMSELVES
    ) -> None:
        """End an authorization: after the commit no process sends any of its data.

        Raises:
            NotCovered: it is another third party's, or one of the two that a third party always has.
            Unknown: it has ended already.
        """
        with self.store.begin(Purpose.PEOPLE) as tx:
            held = tx.authorizations.by_id(authorization_id)
            if held is None or (third_party_id is not None and held.third_party_id != third_party_id):
                raise NotCovered
            if held.customer_id is None:
                raise NotCovered("A registration's own authorizations cannot be withdrawn.")
            if held.state is State.ENDED:
                raise Unknown("This authorization has ended already.")
            self.end(tx, held, why, actor=actor)

    def end(self, tx: Tx, held: Authorization, why: Ending, *, along: bool = False, actor: Actor = THEMSELVES) -> None:
        """End it with all that hangs on it: tokens die, files are void, the third party is told.

        A partner's that it brought ends too: the customer agreed to both at once. `along`: it is such a one, and the
        other's receipt tells of it.
        """
        at = self.now()
        ended = held.moved(State.ENDED, at=at, why=why)
        tx.authorizations.change(ended)
        tx.tokens.revoke_authorization(held.id, at)
        self.close_files(tx, held, at)
        tx.trail.write(
            "ended",
            at,
            third_party_id=held.third_party_id,
            authorization_id=held.id,
            detail={"why": why.value, **actor.detail},
        )
        party = tx.parties.by_id(held.third_party_id)
        if party is not None and held.state in STANDING:
            self.tell(tx, party, held.id)
        partners = tx.authorizations.partner_of(held.id)
        if partners is not None and partners.state is not State.ENDED:
            self.end(tx, partners, why, along=True, actor=actor)
        # of what is replaced the new one tells
        if not along and why is not Ending.REPLACED:
            self.receipts.write(tx, ended, Event.ENDED, at, holder_id=actor.holder_id)

    @staticmethod
    def close_files(tx: Tx, held: Authorization, at: int) -> None:
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
        with self.store.begin(Purpose.PEOPLE) as tx:
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

    def tell(self, tx: Tx, party: ThirdParty, authorization_id: int) -> None:
        """Owe the third party the news that something of a permission changed."""
        notices.owe(
            tx,
            party,
            NoticeKind.AUTHORIZATION_CHANGED,
            (self.addresses.authorization(authorization_id),),
            new_id=self.new_uuid(),
            at=self.now(),
        )
