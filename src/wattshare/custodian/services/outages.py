"""Planned outages: announced by the operator, told to who asks for such notices, shown while they last."""

from collections.abc import Callable
from dataclasses import dataclass

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import BadRequest, Unknown
from wattshare.custodian.model.outages import Outage
from wattshare.custodian.model.work import NoticeKind
from wattshare.custodian.services import notices
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.store.database import Store

LONGEST_TEXT = 500


@dataclass(frozen=True, kw_only=True)
class Outages:
    """What the operator announces."""

    store: Store
    now: Clock
    new_uuid: Callable[[], str]
    addresses: Addresses

    def announce(self, begins: int, ends: int, text: str) -> Outage:
        """Plan an outage, and owe a notice to every third party that wants to hear of such.

        Raises:
            BadRequest: it ends before it begins, is over already, or the text is none.
        """
        at = self.now()
        if ends <= begins:
            raise BadRequest("An outage ends after it begins.", field="to")
        if ends <= at:
            raise BadRequest("This outage would be over already.", field="to")
        if not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
            raise BadRequest(f"The text has 1 to {LONGEST_TEXT} printable characters.", field="text")
        with self.store.begin() as tx:
            outage = tx.outages.add(begins, ends, text)
            for party in tx.parties.every():
                if party.wants(NoticeKind.OUTAGE_PLANNED):
                    status = (self.addresses.status(),)
                    notices.owe(tx, party, NoticeKind.OUTAGE_PLANNED, status, new_id=self.new_uuid(), at=at)
            tx.trail.write("outage_planned", at, detail={"outage": outage.id, "begins": begins, "ends": ends})
        return outage

    def drop(self, outage_id: int) -> None:
        """Take an outage back.

        Raises:
            Unknown: there is none of that id.
        """
        with self.store.begin() as tx:
            if not tx.outages.drop(outage_id):
                raise Unknown(f"There is no outage {outage_id}.", field="outage")
            tx.trail.write("outage_dropped", self.now(), detail={"outage": outage_id})

    def to_come(self) -> tuple[Outage, ...]:
        """Those that are planned or under way, the earliest first."""
        with self.store.read() as tx:
            return tx.outages.to_come(self.now())
