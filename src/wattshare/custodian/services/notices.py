"""Notices: owed in the transaction that causes them, told by a worker until the third party accepts them.

RFC 9110 2xx is an acceptance; everything else is tried again. contract: the notification POST.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.parties import Standing, ThirdParty
from wattshare.custodian.model.work import Attempt, Job, Notice, NoticeKind, NoticeState
from wattshare.custodian.outbound import Delivered, Failed, Outbound
from wattshare.custodian.store.database import Store, Tx
from wattshare.espi.profile import Profile
from wattshare.espi.usage import BatchList
from wattshare.espi.wire import write

log = structlog.get_logger()

TELL = "tell"
# seconds after each failed try; the last repeats until the batch's files are gone
SCHEDULE = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600)
# a suspended third party may come back: its notices wait, and are looked at that often
SUSPENDED_SECONDS = 3_600


def pause(attempts: int, chance: Callable[[], float]) -> int:
    """Seconds until the next try, with full jitter over the schedule's step."""
    step = SCHEDULE[min(attempts, len(SCHEDULE)) - 1]
    return 1 + int(step * chance())


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
) -> Notice | None:
    """Write down that a third party must be told, in the transaction of the cause.

    None where it registered no address for notices: it polls.
    """
    if party.notification_uri is None:
        return None
    notice = Notice(
        id=new_id,
        third_party_id=party.id,
        kind=kind,
        resources=resources,
        transaction=transaction,
        batch_id=batch_id,
        created_at=at,
    )
    tx.notices.add(notice)
    tx.jobs.add(TELL, notice.id, at)
    return notice


@dataclass(frozen=True, kw_only=True)
class Notices:
    """The worker's side: one POST of a BatchList for each try."""

    store: Store
    now: Clock
    outbound: Outbound
    profile: Profile
    # seconds for which a notice is worth telling: as long as files are kept
    worth_seconds: int
    chance: Callable[[], float] = random.random

    def tell(self, job: Job) -> int | None:
        """Try to deliver. The second of the next try, or None when there is nothing more to do."""
        with self.store.read() as tx:
            notice = tx.notices.by_id(job.subject)
            party = tx.parties.by_id(notice.third_party_id) if notice else None
        if notice is None or party is None or notice.state is not NoticeState.DUE:
            return None
        late = self.now() - notice.created_at > self.worth_seconds
        if party.notification_uri is None or party.standing is Standing.REVOKED or late:
            self._give_up(notice)
            return None
        if party.standing is Standing.SUSPENDED:
            return self.now() + SUSPENDED_SECONDS
        began = self.now()
        outcome = self.outbound.post(party.notification_uri, self._body(notice), self._headers(notice))
        return self._note(notice, outcome, began)

    def _body(self, notice: Notice) -> bytes:
        return write(BatchList(resources=notice.resources), self.profile)

    @staticmethod
    def _headers(notice: Notice) -> dict[str, str]:
        headers = {"Content-Type": "application/xml", "webhook-id": notice.id}
        if notice.transaction is not None:
            headers["x-transaction"] = notice.transaction
        return headers

    def _note(self, notice: Notice, outcome: Delivered | Failed, began: int) -> int | None:
        accepted = isinstance(outcome, Delivered)
        cause = outcome.cause.value if isinstance(outcome, Failed) else None
        said = log.info if accepted else log.warning
        said(
            "notice_told" if accepted else "notice_not_told",
            notice=notice.id,
            third_party=notice.third_party_id,
            status=outcome.status,
            cause=cause,
            attempts=notice.attempts + 1,
        )
        tried = replace(notice, attempts=notice.attempts + 1)
        with self.store.begin() as tx:
            tx.notices.add_attempt(
                Attempt(
                    notice_id=notice.id,
                    at=began,
                    status=outcome.status,
                    cause=cause,
                    milliseconds=outcome.milliseconds,
                )
            )
            if accepted:
                tx.notices.change(replace(tried, state=NoticeState.TOLD, told_at=self.now()))
                return None
            tx.notices.change(tried)
        return self.now() + pause(tried.attempts, self.chance)

    def _give_up(self, notice: Notice) -> None:
        with self.store.begin() as tx:
            tx.notices.change(replace(notice, state=NoticeState.GIVEN_UP))
