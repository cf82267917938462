"""Notices of permissions that will end, to third parties that ask for them: some days before, once each."""

from collections.abc import Callable
from dataclasses import dataclass

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.work import NoticeKind
from wattshare.custodian.services import notices
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.store.database import Store, Tx

DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Expiries:
    """Looks for permissions whose end comes near."""

    store: Store
    now: Clock
    new_uuid: Callable[[], str]
    addresses: Addresses
    # so many days before the end
    days: tuple[int, ...]

    def tell(self) -> int:
        """Owe a notice of each end that has come nearer than one of the days. How many."""
        at = self.now()
        with self.store.read() as tx:
            near = tx.authorizations.ending_before(at + max(self.days, default=0) * DAY)
            names = {party.id for party in tx.parties.every() if party.wants(NoticeKind.EXPIRY_COMING)}
        return sum(self._tell(held.id, at) for held in near if held.third_party_id in names)

    def _tell(self, authorization_id: int, at: int) -> bool:
        with self.store.read() as tx:
            known = tx.authorizations.by_id(authorization_id)
            if known is None or (days := self._passed(known, at)) is None or tx.expiries.told(known, days):
                return False
        with self.store.begin() as tx:
            held = tx.authorizations.by_id(authorization_id)
            return held is not None and self._passed(held, at) == days and self._owe(tx, held, days, at)

    def _owe(self, tx: Tx, held: Authorization, days: int, at: int) -> bool:
        party = tx.parties.by_id(held.third_party_id)
        # another worker may have been here since
        if party is None or not tx.expiries.tell(held, days):
            return False
        resources = (self.addresses.authorization(held.id),)
        notices.owe(tx, party, NoticeKind.EXPIRY_COMING, resources, new_id=self.new_uuid(), at=at)
        return True

    def _passed(self, held: Authorization, at: int) -> int | None:
        """The least of the days that an end has come nearer than, where the permission is older than that."""
        if held.ends is None or not held.alive(at):
            return None
        passed = [days for days in self.days if held.created_at < held.ends - days * DAY <= at]
        return min(passed, default=None)
