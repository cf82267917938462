"""Work due, written beside the facts that cause it and claimed under a lease."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from wattshare.custodian.model.receivers import Circuit
from wattshare.custodian.model.work import Job
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.metadata import METADATA, Big, Row
from wattshare.custodian.store.receivers import RECEIVER
from wattshare.custodian.store.statements import insert

JOB = Table(
    "job",
    METADATA,
    Column("id", Big, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("due_at", Big, nullable=False),
    Column("attempts", Big, nullable=False),
    Column("fence", Big, nullable=False),
    Column("owner", String),
    Column("lease_until", Big),
    Column("dead", Boolean, nullable=False),
    Column("last_error", Text),
    # due again although somebody is at it: a cause came up that the one at it may have missed
    Column("again_at", Big),
    Column("rank", Big, nullable=False),
    Column("third_party_id", Big),
    UniqueConstraint("kind", "subject"),
    Index("ix_job_due_at", "dead", "rank", "due_at"),
    Index("ix_job_third_party_id", "third_party_id", "lease_until"),
    # a late worker's id never comes to mean another job
    sqlite_autoincrement=True,
)


class Jobs:
    """Jobs that are not done; a finished one is gone."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def add(self, kind: str, subject: str, due_at: int, *, rank: int = 1, third_party_id: int | None = None) -> None:
        """Let something be done. One that waits already is the same job, at the earlier second.

        One that somebody is at is done once more afterwards; one that was given up is tried anew.
        """
        waiting = insert(self._connection, JOB).values(
            kind=kind,
            subject=subject,
            due_at=due_at,
            attempts=0,
            fence=0,
            dead=False,
            rank=rank,
            third_party_id=third_party_id,
        )
        row = JOB.c
        sooner = case((row.dead | (row.due_at > due_at), due_at), else_=row.due_at)
        self._connection.execute(
            waiting.on_conflict_do_update(
                index_elements=["kind", "subject"],
                set_={
                    "due_at": case((row.owner.is_(None), sooner), else_=row.due_at),
                    "again_at": case((row.owner.is_(None), row.again_at), else_=due_at),
                    "attempts": case((row.dead, 0), else_=row.attempts),
                    "dead": False,
                },
            )
        )

    def claim(
        self, owner: str, at: int, lease_seconds: int, kinds: Iterable[str], *, each: int | None = None
    ) -> Job | None:
        """Take the job of the lowest rank that is due for longest; nobody else gets it before the lease ends.

        With `each`, a third party has at most about so many in hand, and none while its receiver is shut. A
        transaction of its own: what follows must see the claim committed.
        """
        free = or_(JOB.c.lease_until.is_(None), JOB.c.lease_until <= at)
        fair = () if each is None else (_heard(at), _few(at, each))
        due = (
            select(JOB.c.id, JOB.c.fence)
            .where(JOB.c.kind.in_(tuple(kinds)), ~JOB.c.dead, JOB.c.due_at <= at, free, *fair)
            .order_by(JOB.c.rank, JOB.c.due_at, JOB.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        found = self._connection.execute(due).first()
        if found is None:
            return None
        claimed = (
            update(JOB)
            .where(JOB.c.id == found.id, JOB.c.fence == found.fence)
            .values(
                owner=owner,
                lease_until=at + lease_seconds,
                fence=JOB.c.fence + 1,
                attempts=JOB.c.attempts + 1,
                # whoever claims now sees every cause that was written down before
                again_at=None,
            )
            .returning(JOB)
        )
        row = self._connection.execute(claimed).mappings().one_or_none()
        return None if row is None else _job(row)

    def extend(self, job: Job, until: int) -> bool:
        """Lengthen the lease. Whether the job is still the caller's."""
        return self._changed(job, lease_until=until)

    def release(self, owner: str) -> None:
        """Free what a worker of that name had in hand; for whoever knows that it has died."""
        self._connection.execute(update(JOB).where(JOB.c.owner == owner).values(owner=None, lease_until=None))

    def finish(self, job: Job) -> bool:
        """Say that it is done. Whether it was still the caller's to say."""
        # in this order: a cause that comes up between the two is still met
        if self._connection.execute(delete(JOB).where(self._mine(job), JOB.c.again_at.is_(None))).rowcount == 1:
            return True
        return self._changed(job, due_at=JOB.c.again_at, attempts=0, last_error=None, **FREE)

    def retry(self, job: Job, due_at: int, error: str | None) -> bool:
        """Let it be tried again then. Without an error its count starts anew. Whether it was the caller's."""
        asked = case((JOB.c.again_at < due_at, JOB.c.again_at), else_=due_at)
        attempts = JOB.c.attempts if error is not None else 0
        return self._changed(job, due_at=asked, last_error=error, attempts=attempts, **FREE)

    def bury(self, job: Job, error: str) -> bool:
        """Give it up and keep it for the operator. Whether it was the caller's."""
        return self._changed(job, dead=True, last_error=error, **FREE)

    def hasten(self, kind: str, third_party_id: int, at: int) -> int:
        """Let everything of a third party that waits be due now. How many."""
        waits = (JOB.c.kind == kind) & (JOB.c.third_party_id == third_party_id) & ~JOB.c.dead
        hastened = update(JOB).where(waits, JOB.c.owner.is_(None), JOB.c.due_at > at).values(due_at=at)
        return self._connection.execute(hastened).rowcount

    def due_at(self, kind: str, subjects: Iterable[str]) -> dict[str, int]:
        """When each of these will be done, by subject."""
        found = select(JOB.c.subject, JOB.c.due_at).where(
            JOB.c.kind == kind, JOB.c.subject.in_(tuple(subjects)), ~JOB.c.dead
        )
        return {row.subject: row.due_at for row in self._connection.execute(found)}

    def waiting(self, *, dead: bool = False) -> tuple[Job, ...]:
        """Every job that is not done, or those that were given up; the earliest first."""
        found = select(JOB).where(JOB.c.dead if dead else ~JOB.c.dead).order_by(JOB.c.due_at, JOB.c.id)
        return tuple(map(_job, self._connection.execute(found).mappings()))

    @staticmethod
    def _mine(job: Job) -> ColumnElement[bool]:
        return (JOB.c.id == job.id) & (JOB.c.fence == job.fence) & (JOB.c.owner == job.owner)

    def _changed(self, job: Job, **values: object) -> bool:
        return self._connection.execute(update(JOB).where(self._mine(job)).values(**values)).rowcount == 1


def _heard(at: int) -> ColumnElement[bool]:
    """Whether the receiver of a job's third party may be sent to."""
    shut = (RECEIVER.c.shut_until > at) | (RECEIVER.c.state == Circuit.GONE)
    return ~select(RECEIVER.c.third_party_id).where(RECEIVER.c.third_party_id == JOB.c.third_party_id, shut).exists()


def _few(at: int, each: int) -> ColumnElement[bool]:
    """Whether fewer jobs of a job's third party are in hand."""
    others = JOB.alias("other")
    in_hand = select(func.count()).where(
        others.c.third_party_id == JOB.c.third_party_id, others.c.kind == JOB.c.kind, others.c.lease_until > at
    )
    return in_hand.correlate(JOB).scalar_subquery() < each


# nobody is at it
FREE: dict[str, Any] = {"owner": None, "lease_until": None, "again_at": None}


def _job(row: Row) -> Job:
    return Job(**{name: value for name, value in row.items() if name != "again_at"})
