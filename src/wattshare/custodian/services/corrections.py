"""Notices of data that was corrected, to third parties that ask for them: where the new values can be fetched."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.work import NoticeKind
from wattshare.custodian.services import notices
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.view import View
from wattshare.custodian.store.corrections import Corrected
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.endpoints import by_name
from wattshare.espi.window import Window

# addresses in one notice
MOST = 200
ByPoint = Mapping[int, Corrected]


@dataclass(frozen=True, kw_only=True)
class Corrections:
    """Looks at the ledger of corrections, from where it stopped the last time."""

    store: Store
    now: Clock
    new_uuid: Callable[[], str]
    addresses: Addresses

    def tell(self) -> int:
        """Owe a notice of what was corrected since the last time to everybody who may see it. How many."""
        with self.store.read(Purpose.UPKEEP) as tx:
            told, last = tx.corrections.told(), tx.revisions.last()
            corrected = {} if told is None else tx.corrections.between(told, last)
        if told == last:
            return 0
        # where nobody has looked before, what was corrected is history
        seen = [(party, tuple(self._resources(party, corrected))) for party in self._asking(corrected)]
        with self.store.begin() as tx:
            if tx.corrections.told() != told:
                # another worker was faster
                return 0
            tx.corrections.tell(last)
            return sum(self._owe(tx, party, resources) for party, resources in seen)

    def _asking(self, corrected: ByPoint) -> tuple[ThirdParty, ...]:
        if not corrected:
            return ()
        with self.store.read() as tx:
            return tuple(party for party in tx.parties.every() if party.wants(NoticeKind.DATA_CORRECTED))

    def _resources(self, party: ThirdParty, corrected: ByPoint) -> Iterator[str]:
        """Where a third party finds what was corrected, as far as it may see it."""
        with self.store.read() as tx:
            shared = [
                (held, {point for point, _ in tx.authorizations.shared(held.id)} & corrected.keys())
                for held in tx.authorizations.of_third_party(party.id, alive_only=True)
                if held.customer_id is not None and held.alive(self.now())
            ]
        for held, points in shared:
            if points:
                yield from self._of(held, points, corrected)

    def _of(self, held: Authorization, points: set[int], corrected: ByPoint) -> Iterator[str]:
        """The same of one authorization: usage points of which it opens something that was corrected."""
        row = by_name("batch-usage-point")
        with self.store.read(held.id) as tx:
            view = View(tx=tx, held=held, addresses=self.addresses, at=self.now())
            for point in view.points():
                if point.id not in points:
                    continue
                window = Window(updated_min=corrected[point.id].earliest, updated_max=corrected[point.id].latest)
                if view.extent(window, point) is not None or view.bills(point, window):
                    ids = {"subscription": held.id, "usage_point": point.id}
                    href = row.href(self.addresses.base, self.addresses.profile, **ids)
                    yield f"{href}?{urlencode(window.query())}"

    def _owe(self, tx: Tx, party: ThirdParty, resources: tuple[str, ...]) -> int:
        """A notice for each so many addresses. How many."""
        starts = range(0, len(resources), MOST)
        for start in starts:
            told = resources[start : start + MOST]
            notices.owe(tx, party, NoticeKind.DATA_CORRECTED, told, new_id=self.new_uuid(), at=self.now())
        return len(starts)
