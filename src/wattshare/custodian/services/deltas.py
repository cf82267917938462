"""The daily delta: what is new for a third party since the last one, once a day, told by one notice for each row.

When a day has come, each third party that wants it gets a row for that day, which the database has once only. A worker
orders a batch of what was taken in since the last delta; where that is nothing, nothing is told. A delta that was not
made in its day is folded into the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import tzinfo
from hashlib import sha256

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.deltas import OPEN, Delta, DeltaState
from wattshare.custodian.model.parties import Standing, ThirdParty
from wattshare.custodian.model.work import MAKE, Batch, BatchState, Job, NoticeKind, Part
from wattshare.custodian.services.calendar import following
from wattshare.custodian.services.disclosure.bulk import news_between
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.days import day_of
from wattshare.espi.endpoints import Document, by_name

DELTA = "delta"
DAY = 86_400
# usage and bills, customers, demand response programmes
ROWS = tuple(by_name(name) for name in ("batch-bulk", "batch-bulk-retail-customers", "batch-bulk-programs"))


@dataclass(frozen=True, kw_only=True)
class Deltas:
    """The story of a daily delta up to its batch; `settle` has its end."""

    store: Store
    now: Clock
    new_uuid: Callable[[], str]
    zone: tzinfo
    # a cron expression in the zone's time; empty: only when intake is closed
    schedule: str

    # a day comes

    def run_due(self) -> int:
        """Begin the day's deltas when the schedule says so. How many."""
        if not self.schedule:
            return 0
        at = self.now()
        with self.store.begin() as tx:
            slot = tx.daily.next_run(DELTA, self.schedule)
            if slot is not None and slot > at:
                return 0
            ahead = following(self.schedule, at, self.zone)
            tx.daily.set_next_run(DELTA, self.schedule, ahead)
            # where nobody was here for days, the last of them is the one that counts
            return 0 if slot is None else self._begin(tx, self._last_slot(slot, at), at)

    def close(self) -> int:
        """All of today is taken in: begin the day's deltas now. How many; those that have begun are not among them."""
        at = self.now()
        with self.store.begin() as tx:
            return self._begin(tx, at, at)

    def _last_slot(self, slot: int, at: int) -> int:
        while (later := following(self.schedule, slot, self.zone)) <= at:
            slot = later
        return slot

    def _begin(self, tx: Tx, slot: int, at: int) -> int:
        day = day_of(slot, self.zone).isoformat()
        begun = 0
        for party in tx.parties.every():
            for endpoint in wanted(party):
                delta = tx.daily.begin(party.id, endpoint, day, at)
                if delta is not None:
                    tx.jobs.add(DELTA, str(delta.id), at, third_party_id=party.id)
                    begun += 1
        return begun

    # a delta is ordered

    def order(self, job: Job) -> None:
        """Order the batch of a delta, or find that nothing is new."""
        with self.store.begin() as tx:
            delta = tx.daily.by_id(int(job.subject))
            if delta is None:
                return
            for earlier in tx.daily.open_before(delta):
                fold(tx, earlier)
            delta = tx.daily.by_id(delta.id)
            if delta is not None and delta.state is DeltaState.DUE:
                self._order(tx, delta)

    def _order(self, tx: Tx, delta: Delta) -> None:
        at, window, revision = self.now(), "", None
        if by_name(delta.endpoint).window:
            told = self._told(tx, delta, at)
            span = tx.revisions.span(told)
            if span is None:
                tx.daily.change(replace(delta.moved(DeltaState.EMPTY), revision=told))
                return
            revision = span.last
            window = news_between(span.earliest, span.latest)
        batch = Batch(
            id=self.new_uuid(),
            third_party_id=delta.third_party_id,
            authorization_id=None,
            endpoint=delta.endpoint,
            window=window,
            ordered_at=at,
        )
        tx.batches.add(batch)
        tx.jobs.add(MAKE, batch.id, at, third_party_id=batch.third_party_id)
        tx.daily.change(replace(delta.moved(DeltaState.ORDERED), batch_id=batch.id, revision=revision))
        tx.trail.write(
            "batch_ordered",
            at,
            third_party_id=batch.third_party_id,
            endpoint=batch.endpoint,
            window=window,
            detail={"daily": delta.day},
        )

    @staticmethod
    def _told(tx: Tx, delta: Delta, at: int) -> int:
        """The revision up to which all was told: by the last delta; where there is none, before the last day."""
        last = tx.daily.last_done(delta)
        return tx.revisions.before(at - DAY) if last is None or last.revision is None else last.revision


def wanted(party: ThirdParty) -> tuple[str, ...]:
    """The rows of which a third party gets a delta."""
    if not party.notify_daily or party.standing is not Standing.PRODUCTION:
        return ()
    open_to = (row for row in ROWS if party.role in row.roles and party.user_type in row.user_types)
    return tuple(row.name for row in open_to if row.kinds & party.kinds)


def fold(tx: Tx, delta: Delta) -> None:
    """Give up a delta that was not made in its day, unless it is told by now: a later one has what it had."""
    batch = tx.batches.by_id(delta.batch_id) if delta.batch_id else None
    known = tx.daily.by_id(delta.id)
    if known is None or known.state not in OPEN:
        return
    if batch is not None and batch.state is BatchState.ORDERED:
        tx.batches.change(replace(batch, state=BatchState.VOID))
    tx.daily.change(known.moved(DeltaState.FAILED))


def settle(tx: Tx, batch: Batch, parts: tuple[Part, ...]) -> NoticeKind | None:
    """What the files of a batch are told as; None: they are of a delta in which nothing is new.

    In the transaction that makes them visible, in which the batch is held.
    """
    delta = tx.daily.of_batch(batch.id)
    if delta is None:
        return NoticeKind.BATCH_READY
    digest = sha256("".join(part.sha256 for part in parts).encode()).hexdigest()
    empty = not any(part.entries for part in parts)
    made = delta.moved(DeltaState.EMPTY if empty or known_already(tx, delta, digest) else DeltaState.MADE)
    tx.daily.change(replace(made, digest=digest))
    return NoticeKind.DAILY if made.state is DeltaState.MADE else None


def known_already(tx: Tx, delta: Delta, digest: str) -> bool:
    """Whether customers were told of, in just these words, the last time."""
    if by_name(delta.endpoint).document is not Document.CUSTOMER_FEED:
        return False
    last = tx.daily.last_done(delta)
    return last is not None and last.digest == digest
