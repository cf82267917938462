"""How much of everything there is, for who watches the house: counted by the database, without anybody's data."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from wattshare.custodian.model.deltas import DeltaState
from wattshare.custodian.model.work import BatchState
from wattshare.custodian.store.batches import BATCH
from wattshare.custodian.store.daily import DELTA, SCHEDULE
from wattshare.custodian.store.jobs import JOB
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.store.notices import NOTICE
from wattshare.custodian.store.receivers import RECEIVER
from wattshare.custodian.store.trail import TRAIL

# as in services.notices: the kind of job that tells one
TELL = "tell"


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What waits of one kind or of one third party."""

    name: str
    count: int
    # how many of them could be done now
    due: int = 0
    # the second since which the oldest of them waits; None: none of them waits
    since: int | None = None


@dataclass(frozen=True, kw_only=True)
class Making:
    """How far a daily delta is of which somebody writes the files."""

    third_party: str
    endpoint: str
    done: int
    of: int


@dataclass(frozen=True, kw_only=True)
class Failing:
    """A receiver that has taken nothing since a failure."""

    third_party: str
    since: int | None
    # the alarm is given
    dead: bool


class Figures:
    """Counts; each is one statement over what is not done, or over an index."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        """Take the transaction's connection."""
        self._connection, self._keys = connection, keys

    def notices(self) -> tuple[Waiting, ...]:
        """Notices that are owed, by third party."""
        owed = (
            select(NOTICE.c.third_party_id, func.count(), func.min(NOTICE.c.owed_at))
            .join(JOB, (JOB.c.kind == TELL) & (JOB.c.subject == NOTICE.c.id))
            .where(~JOB.c.dead)
            .group_by(NOTICE.c.third_party_id)
            .order_by(NOTICE.c.third_party_id)
        )
        return tuple(Waiting(name=str(party), count=count, since=since) for party, count, since in self._rows(owed))

    def receivers(self) -> tuple[Failing, ...]:
        """Receivers that fail."""
        row = RECEIVER.c
        found = select(row.third_party_id, row.failing_since, row.alarmed_at).where(row.failures > 0)
        return tuple(
            Failing(third_party=str(party), since=since, dead=alarmed is not None)
            for party, since, alarmed in self._rows(found.order_by(row.third_party_id))
        )

    def batches(self) -> dict[str, int]:
        """How many batches there are in each state."""
        counted = select(BATCH.c.state, func.count()).group_by(BATCH.c.state)
        known = dict(self._rows(counted))
        return {state.value: known.get(state.value, 0) for state in BatchState}

    def oldest_order(self) -> int | None:
        """The second of the oldest order that is not made."""
        found = select(func.min(BATCH.c.ordered_at)).where(BATCH.c.state == BatchState.ORDERED)
        return self._connection.execute(found).scalar()

    def jobs(self, at: int) -> tuple[Waiting, ...]:
        """Jobs that are not done, by kind; what was given up is not among them."""
        free = JOB.c.lease_until.is_(None) | (JOB.c.lease_until <= at)
        due = (JOB.c.due_at <= at) & free
        counted = (
            select(JOB.c.kind, func.count(), func.sum(_one(due)), func.min(case((due, JOB.c.due_at))))
            .where(~JOB.c.dead)
            .group_by(JOB.c.kind)
            .order_by(JOB.c.kind)
        )
        return tuple(
            Waiting(name=kind, count=count, due=int(now), since=since)
            for kind, count, now, since in self._rows(counted)
        )

    def dead_jobs(self) -> dict[str, int]:
        """Jobs that were given up, by kind."""
        counted = select(JOB.c.kind, func.count()).where(JOB.c.dead).group_by(JOB.c.kind).order_by(JOB.c.kind)
        return dict(self._rows(counted))

    def trail(self) -> tuple[int, int | None]:
        """The number of the last entry of the trail, and its second."""
        found = select(TRAIL.c.id, TRAIL.c.at).order_by(TRAIL.c.id.desc()).limit(1)
        row = self._connection.execute(found).first()
        return (0, None) if row is None else (row.id, row.at)

    def deltas(self) -> tuple[str | None, dict[str, int]]:
        """The last day of which there are deltas, and how many of them are in each state."""
        day = self._connection.execute(select(func.max(DELTA.c.day))).scalar()
        counted = select(DELTA.c.state, func.count()).where(DELTA.c.day == day).group_by(DELTA.c.state)
        known = dict(self._rows(counted))
        return day, {state.value: known.get(state.value, 0) for state in DeltaState}

    def making(self) -> tuple[Making, ...]:
        """How far the deltas are whose files are being written."""
        found = (
            select(DELTA.c.third_party_id, DELTA.c.endpoint, BATCH.c.points_done, BATCH.c.points_of)
            .join(BATCH, BATCH.c.id == DELTA.c.batch_id)
            .where(DELTA.c.state == DeltaState.ORDERED, BATCH.c.state == BatchState.ORDERED)
            .order_by(DELTA.c.third_party_id, DELTA.c.endpoint)
        )
        return tuple(
            Making(third_party=str(party), endpoint=endpoint, done=done, of=of or 0)
            for party, endpoint, done, of in self._rows(found)
        )

    def next_runs(self) -> dict[str, int]:
        """When what is done by a calendar is due next, by name."""
        return dict(self._rows(select(SCHEDULE.c.name, SCHEDULE.c.next_at)))

    def _rows(self, asked: Select[Any]) -> Iterator[Any]:
        yield from self._connection.execute(asked)


def _one(which: ColumnElement[bool]) -> ColumnElement[int]:
    return case((which, 1), else_=0)
