"""Notices: owed in the transaction that causes them, told by a worker until the third party accepts them.

RFC 9110 2xx is an acceptance; everything else is tried again. contract: the notification POST. What is never told is
kept all the same: a third party can ask for its notices.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.model.parties import Standing, ThirdParty
from wattshare.custodian.model.receivers import Circuit
from wattshare.custodian.model.work import Attempt, Job, Notice, NoticeKind, NoticeState
from wattshare.custodian.outbound import GONE, Delivered, Failed, Outbound
from wattshare.custodian.services.signing import Signing
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.profile import Profile
from wattshare.espi.usage import BatchList
from wattshare.espi.wire import write

log = structlog.get_logger()

TELL = "tell"
# pauses in which it is tried to write down what became of a try, when the store is away: shorter than a lease in all
INSIST_SECONDS = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
# a suspended third party may come back: its notices wait, and are looked at that often
SUSPENDED_SECONDS = 3_600


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a notice that was not taken is tried again, and until when."""

    # most seconds after each failed try; the actual pause is a random part of it
    steps: tuple[int, ...]
    # after those, until it is not worth telling any more
    last_step: int
    # seconds for which a notice of files is worth telling: as long as they are kept
    file_seconds: int
    # for which any other is
    other_seconds: int

    def pause(self, attempts: int, chance: Callable[[], float]) -> int:
        """Seconds until the next try, with full jitter over the schedule's step."""
        step = self.steps[attempts - 1] if attempts <= len(self.steps) else self.last_step
        return 1 + int(step * chance())

    def ends(self, notice: Notice) -> int:
        """The second after which a notice is given up."""
        return notice.owed_at + (self.file_seconds if notice.kind.has_files else self.other_seconds)


def owe(
    tx: Tx,
    party: ThirdParty,
    kind: NoticeKind,
    resources: tuple[str, ...],
    *,
    new_id: str,
    at: int,
    transaction: str | None = None,
    batch_id: str | None = None,
) -> Notice:
    """Write down that a third party must be told, in the transaction of the cause.

    Where it registered no address for notices, it asks for them.
    """
    told = party.notification_uri is not None
    notice = tx.notices.add(
        Notice(
            id=new_id,
            third_party_id=party.id,
            kind=kind,
            resources=resources,
            state=NoticeState.DUE if told else NoticeState.KEPT,
            transaction=transaction,
            batch_id=batch_id,
            created_at=at,
            owed_at=at,
        )
    )
    if told:
        send(tx, notice, at)
    return notice


def send(tx: Tx, notice: Notice, at: int) -> None:
    """Let a worker tell it."""
    tx.jobs.add(TELL, notice.id, at, rank=notice.kind.rank, third_party_id=notice.third_party_id)


@dataclass(frozen=True, kw_only=True)
class Notices:
    """The worker's side: one POST of a BatchList for each try."""

    store: Store
    now: Clock
    outbound: Outbound
    signing: Signing
    profile: Profile
    schedule: Schedule
    # what stands in webhook-timestamp: receivers compare it with their own clocks
    stamp: Clock
    chance: Callable[[], float] = random.random
    wait: Callable[[float], object] = time.sleep

    def tell(self, job: Job) -> int | None:
        """Try to deliver. The second of the next try, or None when there is nothing more to do."""
        with self.store.read() as tx:
            notice = tx.notices.by_id(job.subject)
            party = tx.parties.by_id(notice.third_party_id) if notice else None
        if notice is None or party is None or notice.state is not NoticeState.DUE:
            return None
        if party.notification_uri is None:
            self._close(notice.id, NoticeState.KEPT)
            return None
        if party.standing is Standing.REVOKED or self.now() > self.schedule.ends(notice):
            self._close(notice.id, NoticeState.GIVEN_UP)
            return None
        if party.standing is Standing.SUSPENDED:
            return self.now() + SUSPENDED_SECONDS
        if (shut_until := self._shut(party.id)) is not None:
            return shut_until
        began, body = self.now(), write(BatchList(resources=notice.resources), self.profile)
        outcome = self.outbound.post(party.notification_uri, body, self._headers(notice, self.stamp(), body))
        self._log(notice, outcome)
        return self._insist(notice, outcome, began)

    def _insist(self, notice: Notice, outcome: Delivered | Failed, began: int) -> int | None:
        """Write down what became of a try, even where the store is away for a moment: else it would be told twice."""
        for pause in INSIST_SECONDS:
            try:
                return self._note(notice, outcome, began)
            except Unavailable:
                self.wait(pause)
        return self._note(notice, outcome, began)

    def _shut(self, third_party_id: int) -> int | None:
        """Until when nothing may be sent there; None: now, and where it is on trial, this one alone."""
        with self.store.read() as tx:
            known = tx.receivers.of(third_party_id)
        if known.state is Circuit.CLOSED:
            return None
        with self.store.begin() as tx:
            known = tx.receivers.of(third_party_id)
            admitted = known.admitted(self.now())
            if admitted is None:
                # where it is gone, the job waits for what ends that
                return max(known.shut_until, self.now() + 1)
            tx.receivers.keep(admitted)
        return None

    def _headers(self, notice: Notice, at: int, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/xml",
            **self.signing.headers(notice.third_party_id, notice.id, at, body),
            "x-notice-kind": notice.kind.value,
        }
        if notice.transaction is not None:
            headers["x-transaction"] = notice.transaction
        if notice.replays:
            headers["x-notice-replay"] = str(notice.replays)
        return headers

    def _note(self, notice: Notice, outcome: Delivered | Failed, began: int) -> int | None:
        """Write down what became of a try, of the notice and of the receiver."""
        cause = outcome.cause.value if isinstance(outcome, Failed) else None
        attempt = Attempt(
            notice_id=notice.id, at=began, status=outcome.status, cause=cause, milliseconds=outcome.milliseconds
        )
        with self.store.begin() as tx:
            tx.notices.add_attempt(attempt)
            self._judge(tx, notice.third_party_id, outcome)
            known = tx.notices.by_id(notice.id)
            if known is None or known.state is not NoticeState.DUE:
                # another worker told it, after our lease ran out
                return None
            tried = replace(known, attempts=known.attempts + 1)
            if isinstance(outcome, Delivered):
                tx.notices.change(replace(tried.moved(NoticeState.TOLD), told_at=self.now()))
                return None
            tx.notices.change(tried)
        return self.now() + self.schedule.pause(tried.attempts, self.chance)

    @staticmethod
    def _log(notice: Notice, outcome: Delivered | Failed) -> None:
        cause = outcome.cause.value if isinstance(outcome, Failed) else None
        said, event = (log.info, "notice_told") if cause is None else (log.warning, "notice_not_told")
        said(
            event,
            notice=notice.id,
            third_party=notice.third_party_id,
            status=outcome.status,
            cause=cause,
            attempts=notice.attempts + 1,
        )

    def _judge(self, tx: Tx, third_party_id: int, outcome: Delivered | Failed) -> None:
        """What a try says of its receiver. One that is back has all that waits sent to it at once."""
        at, known = self.now(), tx.receivers.of(third_party_id)
        if isinstance(outcome, Failed):
            failed = known.failed(
                at,
                outcome.cause.value,
                permanent=outcome.permanent,
                gone=outcome.status == GONE,
                chance=self.chance,
            )
            tx.receivers.keep(failed)
        elif known.failures:
            # the alarm, where it was given, is taken back by who gave it
            well = known.succeeded()
            tx.receivers.keep(replace(well, alarmed_at=known.alarmed_at))
            tx.jobs.hasten(TELL, third_party_id, at)

    def _close(self, notice_id: str, to: NoticeState) -> None:
        with self.store.begin() as tx:
            known = tx.notices.by_id(notice_id)
            if known is not None and known.state is NoticeState.DUE:
                tx.notices.change(known.moved(to))
