"""Orders as their third party sees them: how far each is, what has come of it, and that it is not wanted any more."""

from dataclasses import dataclass, replace

from wattshare.custodian.model.bearer import BearerClass
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import Unknown
from wattshare.custodian.model.work import BATCH_OVER, MAKE, Batch, BatchState, Job, Part
from wattshare.custodian.services.access import Permission
from wattshare.custodian.services.batches import Batches
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.endpoints import by_name

# seconds after which asking again is worth it
ASK_AGAIN = 5


@dataclass(frozen=True, kw_only=True)
class Order:
    """A batch with what is known of its making."""

    batch: Batch
    parts: tuple[Part, ...]
    # where it is not done
    job: Job | None
    # the address that each part's file has
    href: str
    at: int

    @property
    def state(self) -> str:
        """One word: waiting, making, renewing, ready, failed, cancelled, withdrawn, expired."""
        match self.batch.state:
            case BatchState.CANCELLED:
                return "cancelled"
            case BatchState.VOID:
                return "withdrawn"
            case BatchState.MADE if self._late:
                return "expired"
            case BatchState.MADE:
                return "renewing" if any(part.stale for part in self.parts) else "ready"
            case BatchState.EXPIRED:
                return "expired"
            case _ if self.batch.state is BatchState.FAILED or (self.job is not None and self.job.dead):
                return "failed"
        in_hand = self.job is not None and self.job.owner is not None and (self.job.lease_until or 0) > self.at
        return "making" if in_hand else "waiting"

    @property
    def retry_after(self) -> int | None:
        """Seconds after which there may be something new; None: there will be nothing."""
        return ASK_AGAIN if self.state in ("waiting", "making", "renewing") else None

    @property
    def _late(self) -> bool:
        return self.batch.expires_at is not None and self.batch.expires_at <= self.at

    def facts(self) -> dict[str, object]:
        """As the status page has it: times in epoch seconds."""
        batch, state = self.batch, self.state
        return {
            "id": batch.id,
            "resource": self.href,
            "window": batch.window,
            "transaction": batch.transaction,
            "state": state,
            "ordered_at": batch.ordered_at,
            "made_at": batch.made_at,
            "expires_at": batch.expires_at,
            "retry_after": self.retry_after,
            "progress": {"done": batch.points_done, "of": batch.points_of},
            "parts": [self._part(part) for part in self.parts] if state in ("ready", "renewing") else [],
        }

    def _part(self, part: Part) -> dict[str, object]:
        """A file; `bytes` of the feed and of the gzip member that is kept, which the digest is of."""
        return {
            "number": part.number,
            "href": f"{self.href}?correlationID={part.correlation_id}",
            "ready": not part.stale,
            "version": part.version,
            "usage_points": part.usage_points,
            "entries": part.entries,
            "readings": part.readings,
            "bytes": {"identity": part.identity_bytes, "gzip": part.gzip_bytes},
            "sha256": part.sha256 or None,
        }


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Looking at an order, and cancelling it."""

    store: Store
    now: Clock
    batches: Batches

    def show(self, permission: Permission, order_id: str) -> Order:
        """An order of the bearer's.

        Raises:
            Unknown: there is none of that id, or it is somebody else's: both answer alike.
        """
        with self.store.read() as tx:
            return self._order(tx, self._own(tx, permission, order_id))

    def cancel(self, permission: Permission, order_id: str) -> Order:
        """Cancel an order. What is being made stops, what was made is gone, nobody is told. What is over stays so.

        Raises:
            Unknown: as `show`.
        """
        with self.store.begin() as tx:
            batch = self._own(tx, permission, order_id)
            if batch.state in BATCH_OVER:
                return self._order(tx, batch)
            cancelled = replace(batch, state=BatchState.CANCELLED)
            tx.batches.change(cancelled)
            tx.notices.drop(batch.id)
            # whoever is at the files is done with them before they are thrown away
            tx.jobs.add(MAKE, batch.id, self.now(), rank=0, third_party_id=batch.third_party_id)
            tx.trail.write(
                "batch_cancelled",
                self.now(),
                third_party_id=batch.third_party_id,
                authorization_id=batch.authorization_id,
                endpoint=batch.endpoint,
                window=batch.window,
            )
            return self._order(tx, cancelled)

    def address(self, batch: Batch) -> str:
        """Where its status page is."""
        addresses = self.batches.addresses
        return by_name("order").href(addresses.base, addresses.profile, order=batch.id)

    @staticmethod
    def _own(tx: Tx, permission: Permission, order_id: str) -> Batch:
        batch, bearer = tx.batches.by_id(order_id), permission.bearer
        if batch is None or batch.third_party_id != bearer.third_party.id:
            raise Unknown("There is no such order.")
        if bearer.bearer_class is BearerClass.ACCESS and batch.authorization_id != bearer.authorization_id:
            raise Unknown("There is no such order.")
        return batch

    def _order(self, tx: Tx, batch: Batch) -> Order:
        return Order(
            batch=batch,
            parts=tx.batches.parts(batch.id),
            job=tx.jobs.find(MAKE, batch.id),
            href=self.batches.href(batch, by_name(batch.endpoint)),
            at=self.now(),
        )
