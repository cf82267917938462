"""The ledger of notices: what was owed to a third party, every try to tell it, and telling it again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import BadRequest, Unknown
from wattshare.custodian.model.receivers import Circuit
from wattshare.custodian.model.work import MAKE, Attempt, Batch, BatchState, Notice, NoticeState
from wattshare.custodian.services import notices
from wattshare.custodian.services.notices import TELL
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.endpoints import Shape, by_name
from wattshare.espi.window import Window

# most notices of one page, and most that are told again by one request
LONGEST_PAGE, MOST_REPLAYED = 500, 1_000


@dataclass(frozen=True, kw_only=True)
class Record:
    """A notice with its history."""

    notice: Notice
    attempts: tuple[Attempt, ...]
    # when it will be tried again
    next_at: int | None


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some notices of a third party, in their order."""

    records: tuple[Record, ...]
    # the number after which the next page begins
    after: int
    # whether there is more now
    more: bool


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What became of asking for a notice again."""

    notice_id: str
    # due: it is told again; ordered: its file is made again, which another notice will tell
    outcome: str
    batch_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Reads the ledger, and has notices told again: for a third party its own, for the operator everybody's."""

    store: Store
    now: Clock
    new_uuid: Callable[[], str]

    def page(
        self, third_party_id: int, *, since: int = 0, until: int | None = None, after: int = 0, limit: int = 100
    ) -> Page:
        """A third party's notices from a second on, before another, after a number.

        Raises:
            BadRequest: the seconds are the wrong way round.
        """
        in_order(since, until)
        limit = min(limit, LONGEST_PAGE)
        with self.store.read() as tx:
            found = tx.notices.of_third_party(third_party_id, since, until=until, after=after, limit=limit + 1)
            records = self._records(tx, found[:limit])
        last = records[-1].notice.number if records else after
        return Page(records=records, after=last, more=len(found) > limit)

    def every(self, third_party_id: int, *, since: int = 0, until: int | None = None) -> Iterator[Record]:
        """All of them of a time, page by page."""
        after, more = 0, True
        while more:
            page = self.page(third_party_id, since=since, until=until, after=after, limit=LONGEST_PAGE)
            yield from page.records
            after, more = page.after, page.more

    def show(self, notice_id: str, third_party_id: int | None = None) -> Record:
        """One notice; where a third party is named, only if it is that one's.

        Raises:
            Unknown: there is none.
        """
        with self.store.read() as tx:
            [record] = self._records(tx, (named(tx, notice_id, third_party_id),))
        return record

    def replay(self, notice_id: str, third_party_id: int | None = None) -> Replayed:
        """Tell a notice again; where its file is gone, order the same window again.

        Raises:
            Unknown: there is none, or the permission behind its file has ended.
            BadRequest: the third party has no address for notices.
        """
        at = self.now()
        with self.store.begin() as tx:
            notice = named(tx, notice_id, third_party_id)
            tx.trail.write("notice_replayed", at, third_party_id=notice.third_party_id, detail={"notice": notice.id})
            batch = tx.batches.by_id(notice.batch_id) if notice.batch_id else None
            if batch is not None and gone(batch, at):
                again = self._order_again(tx, batch)
                return Replayed(notice_id=notice.id, outcome="ordered", batch_id=again.id)
            self._send_again(tx, notice, at)
        return Replayed(notice_id=notice.id, outcome="due")

    def replay_all(self, third_party_id: int, since: int, until: int | None) -> tuple[Replayed, ...]:
        """Tell every notice of a time again; those whose permission has ended are left out.

        Raises:
            BadRequest: they are too many at once, there is no address for notices, or the seconds are the wrong way
                round.
        """
        in_order(since, until)
        with self.store.read() as tx:
            found = tx.notices.of_third_party(third_party_id, since, until=until, limit=MOST_REPLAYED + 1)
        if len(found) > MOST_REPLAYED:
            raise BadRequest(f"More than {MOST_REPLAYED} notices: name a shorter time.", field="until")
        done = []
        for notice in found:
            try:
                done.append(self.replay(notice.id, third_party_id))
            except Unknown:
                continue
        return tuple(done)

    def forget(self, before: int) -> int:
        """Drop what was created before that second and is not owed any more. How many."""
        with self.store.begin() as tx:
            return tx.notices.forget(before)

    @staticmethod
    def _records(tx: Tx, found: tuple[Notice, ...]) -> tuple[Record, ...]:
        ids = [notice.id for notice in found]
        attempts: dict[str, list[Attempt]] = {}
        for attempt in tx.notices.attempts(*ids):
            attempts.setdefault(attempt.notice_id, []).append(attempt)
        due = tx.jobs.due_at(TELL, ids)
        return tuple(
            Record(
                notice=notice,
                attempts=tuple(attempts.get(notice.id, ())),
                next_at=due.get(notice.id) if notice.state is NoticeState.DUE else None,
            )
            for notice in found
        )

    def _send_again(self, tx: Tx, notice: Notice, at: int) -> None:
        party = tx.parties.by_id(notice.third_party_id)
        if party is None or party.notification_uri is None:
            raise BadRequest("There is no address for notices; fetch what it tells of.", field="notification_uri")
        owed = notice if notice.state is NoticeState.DUE else notice.moved(NoticeState.DUE)
        more = 0 if notice.state is NoticeState.DUE else 1
        tx.notices.change(replace(owed, owed_at=at, attempts=0, replays=notice.replays + more))
        notices.send(tx, notice, at)
        # who asks is there, or was told by somebody that it is
        known = tx.receivers.of(party.id)
        if known.state is not Circuit.CLOSED:
            tx.receivers.keep(replace(known, state=Circuit.OPEN, shut_until=at))

    def _order_again(self, tx: Tx, batch: Batch) -> Batch:
        at, window = self.now(), told_window(tx, batch)
        self._still(tx, batch)
        if known := tx.batches.open_batch(batch.third_party_id, batch.authorization_id, batch.endpoint, window):
            tx.jobs.add(MAKE, known.id, at, third_party_id=known.third_party_id)
            return known
        again = Batch(
            id=self.new_uuid(),
            third_party_id=batch.third_party_id,
            authorization_id=batch.authorization_id,
            endpoint=batch.endpoint,
            window=window,
            transaction=batch.transaction,
            ordered_at=at if window else tx.revisions.known(at),
        )
        tx.batches.add(again)
        tx.jobs.add(MAKE, again.id, at, third_party_id=again.third_party_id)
        tx.trail.write(
            "batch_ordered",
            at,
            third_party_id=batch.third_party_id,
            authorization_id=batch.authorization_id,
            endpoint=batch.endpoint,
            window=window,
        )
        return again

    def _still(self, tx: Tx, batch: Batch) -> None:
        if batch.authorization_id is None:
            return
        held = tx.authorizations.owned(batch.authorization_id, batch.third_party_id)
        if held is None or not held.alive(self.now()):
            raise Unknown("The permission behind this notice has ended.", field="notice")


def in_order(since: int, until: int | None) -> None:
    """See that a time can have something in it.

    Raises:
        BadRequest: it ends before it begins.
    """
    if until is not None and since > until:
        raise BadRequest("since is after until.", field="since")


def named(tx: Tx, notice_id: str, third_party_id: int | None) -> Notice:
    """The notice of an id; another third party's is as one that is not there.

    Raises:
        Unknown: there is none.
    """
    found = tx.notices.by_id(notice_id, third_party_id)
    if found is None:
        raise Unknown("There is no such notice, or it is no longer kept.", field="notice")
    return found


def gone(batch: Batch, at: int) -> bool:
    """Whether nothing of a batch is kept any more."""
    over = batch.expires_at is not None and batch.expires_at <= at
    return over or batch.state in (BatchState.EXPIRED, BatchState.VOID)


def told_window(tx: Tx, batch: Batch) -> str:
    """The window that orders again what a batch held. Bulk without bounds held what was new then."""
    if batch.window or by_name(batch.endpoint).shape is not Shape.BATCH_BULK:
        return batch.window
    since = tx.batches.last_ordered(batch.third_party_id, batch.endpoint, batch.ordered_at)
    return "" if since is None else Window(updated_min=since + 1).key()


# told as facts


def facts_of(record: Record) -> dict[str, object]:
    """A notice as facts: times in epoch seconds, like every time of the API's JSON."""
    notice = record.notice
    return {
        "id": notice.id,
        "number": notice.number,
        "kind": notice.kind.value,
        "state": notice.state.value,
        "created_at": notice.created_at,
        "told_at": notice.told_at,
        "next_try_at": record.next_at,
        "replays": notice.replays,
        "transaction": notice.transaction,
        "resources": list(notice.resources),
        "attempts": [
            {"at": one.at, "status": one.status, "cause": one.cause, "milliseconds": one.milliseconds}
            for one in record.attempts
        ],
    }


def replay_facts(replayed: Replayed) -> dict[str, object]:
    """What became of asking for a notice again, as facts."""
    return {"id": replayed.notice_id, "outcome": replayed.outcome, "batch": replayed.batch_id}
