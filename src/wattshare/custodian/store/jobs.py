"""Work due, written beside the facts that cause it and claimed under a lease."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Insert,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
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
from wattshare.custodian.store.statements import alone, insert, insert_on

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
    Index("ix_job_turn", "kind", "third_party_id", "due_at"),
    # a late worker's id never comes to mean another job
    sqlite_autoincrement=True,
)


# whose turn it is where third parties' jobs are done in turns: who has waited for longest
TURN = Table(
    "turn",
    METADATA,
    Column("third_party_id", Big, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    # grows with every job of that kind that is claimed in turns
    Column("number", Big, nullable=False),
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
        if third_party_id is not None:
            newcomer = insert(self._connection, TURN).values(third_party_id=third_party_id, kind=kind, number=0)
            self._connection.execute(newcomer.on_conflict_do_nothing())
        told = {"kind": kind, "subject": subject, "due_at": due_at, "rank": rank, "third_party_id": third_party_id}
        self._connection.execute(added(self._connection.dialect.name), {**told, **NEW, "due": due_at})

    def claim(
        self,
        owner: str,
        at: int,
        lease_seconds: int,
        kinds: Iterable[str],
        *,
        each: int | None = None,
        one_at_a_time: bool = False,
    ) -> Job | None:
        """Take the job of the lowest rank that is due for longest; nobody else gets it before the lease ends.

        With `each`, a third party has at most about so many in hand, and none while its receiver is shut. With
        `one_at_a_time` nobody has another one of that kind in hand. A transaction of its own: what follows must see
        the claim committed.
        """
        if one_at_a_time:
            alone(self._connection, "jobs that are done one at a time")
        told = {"kinds": tuple(kinds), "at": at} | ({} if each is None else {"each": each})
        return self._take(owner, lease_seconds, first_due(each is not None, one_at_a_time), told)

    def claim_in_turn(self, owner: str, at: int, lease_seconds: int, kind: str) -> Job | None:
        """Take a job of the third party that has waited for its turn longest, so that nobody's many hold up another's.

        What has rank 0, and what is nobody's, goes before. Otherwise as `claim`.
        """
        told = {"of_kind": kind, "at": at}
        if self._connection.execute(URGENT, told).first() is not None:
            return self._take(owner, lease_seconds, FIRST_URGENT, told)
        whose = self._connection.execute(WHOSE, told).scalar()
        if whose is None:
            return None
        job = self._take(owner, lease_seconds, FIRST_OF_ONE, {**told, "whose": whose})
        if job is not None:
            last = select(func.max(TURN.c.number) + 1).scalar_subquery()
            mine = (TURN.c.third_party_id == whose) & (TURN.c.kind == kind)
            self._connection.execute(update(TURN).where(mine).values(number=last))
        return job

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

    def find(self, kind: str, subject: str) -> Job | None:
        """The job of that kind about that, while it is not done."""
        found = select(JOB).where(JOB.c.kind == kind, JOB.c.subject == subject)
        row = self._connection.execute(found).mappings().one_or_none()
        return None if row is None else _job(row)

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

    def _take(self, owner: str, lease_seconds: int, first: Select[Any], told: dict[str, Any]) -> Job | None:
        """Claim the first of some jobs."""
        found = self._connection.execute(first, told).first()
        if found is None:
            return None
        claimed = {"by": owner, "until": told["at"] + lease_seconds, "which": found.id, "seen": found.fence}
        row = self._connection.execute(CLAIMED, claimed).mappings().one_or_none()
        return None if row is None else _job(row)

    @staticmethod
    def _mine(job: Job) -> ColumnElement[bool]:
        return (JOB.c.id == job.id) & (JOB.c.fence == job.fence) & (JOB.c.owner == job.owner)

    def _changed(self, job: Job, **values: object) -> bool:
        return self._connection.execute(update(JOB).where(self._mine(job)).values(**values)).rowcount == 1


# what is asked again and again, and so made once. `AT`: now
AT: BindParameter[int] = bindparam("at", type_=Big)
OF_KIND: BindParameter[str] = bindparam("of_kind", type_=String)


def _free() -> ColumnElement[bool]:
    """Whether nobody is at a job."""
    return or_(JOB.c.lease_until.is_(None), JOB.c.lease_until <= AT)


def _heard() -> ColumnElement[bool]:
    """Whether the receiver of a job's third party may be sent to."""
    shut = (RECEIVER.c.shut_until > AT) | (RECEIVER.c.state == Circuit.GONE)
    return ~select(RECEIVER.c.third_party_id).where(RECEIVER.c.third_party_id == JOB.c.third_party_id, shut).exists()


def _few() -> ColumnElement[bool]:
    """Whether fewer than `each` jobs of a job's third party are in hand."""
    others = JOB.alias("other")
    in_hand = select(func.count()).where(
        others.c.third_party_id == JOB.c.third_party_id, others.c.kind == JOB.c.kind, others.c.lease_until > AT
    )
    return in_hand.correlate(JOB).scalar_subquery() < bindparam("each", type_=Big)


def _nobody_at_another() -> ColumnElement[bool]:
    """Whether no other job of that kind is in hand."""
    others = JOB.alias("other")
    return ~select(others.c.id).where(others.c.kind == JOB.c.kind, others.c.lease_until > AT).correlate(JOB).exists()


def _first(*which: ColumnElement[bool]) -> Select[Any]:
    """The first of some jobs, for who claims it."""
    found = select(JOB.c.id, JOB.c.fence).where(*which).order_by(JOB.c.rank, JOB.c.due_at, JOB.c.id)
    return found.limit(1).with_for_update(skip_locked=True)


@cache
def first_due(fair: bool, one_at_a_time: bool) -> Select[Any]:
    """The first that is due of some `kinds`; see `Jobs.claim`."""
    of_kinds = JOB.c.kind.in_(bindparam("kinds", expanding=True))
    which = [of_kinds, ~JOB.c.dead, JOB.c.due_at <= AT, _free()]
    which += [_heard(), _few()] if fair else []
    which += [_nobody_at_another()] if one_at_a_time else []
    return _first(*which)


WAITS = (JOB.c.kind == OF_KIND) & ~JOB.c.dead & (JOB.c.due_at <= AT) & _free()
BEFORE_ALL = (JOB.c.rank == 0) | JOB.c.third_party_id.is_(None)
URGENT = select(JOB.c.id).where(WAITS, BEFORE_ALL).limit(1)
FIRST_URGENT = _first(WAITS & BEFORE_ALL)
FIRST_OF_ONE = _first(WAITS & (JOB.c.third_party_id == bindparam("whose", type_=Big)))
WHOSE = (
    select(TURN.c.third_party_id)
    .where(
        TURN.c.kind == OF_KIND, select(JOB.c.id).where(WAITS, JOB.c.third_party_id == TURN.c.third_party_id).exists()
    )
    .order_by(TURN.c.number, TURN.c.third_party_id)
    .limit(1)
)
CLAIMED = (
    update(JOB)
    .where(JOB.c.id == bindparam("which", type_=Big), JOB.c.fence == bindparam("seen", type_=Big))
    .values(
        owner=bindparam("by", type_=String),
        lease_until=bindparam("until", type_=Big),
        fence=JOB.c.fence + 1,
        attempts=JOB.c.attempts + 1,
        # whoever claims now sees every cause that was written down before
        again_at=None,
    )
    .returning(JOB)
)


@cache
def added(dialect: str) -> Insert:
    """A job that waits already, or a new one: its columns, and once more as `due` when it is due."""
    row, due = JOB.c, bindparam("due", type_=Big)
    sooner = case((row.dead | (row.due_at > due), due), else_=row.due_at)
    return insert_on(dialect, JOB).on_conflict_do_update(
        index_elements=["kind", "subject"],
        set_={
            "due_at": case((row.owner.is_(None), sooner), else_=row.due_at),
            "again_at": case((row.owner.is_(None), row.again_at), else_=due),
            "attempts": case((row.dead, 0), else_=row.attempts),
            "dead": False,
        },
    )


# nobody has tried it
NEW = {"attempts": 0, "fence": 0, "dead": False}
# nobody is at it
FREE: dict[str, Any] = {"owner": None, "lease_until": None, "again_at": None}


def _job(row: Row) -> Job:
    return Job(**{name: value for name, value in row.items() if name != "again_at"})
