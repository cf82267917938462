"""The worker: claims due jobs under a lease, does them, and says what became of each.

Everything it does may be done twice: another worker takes a job over when its lease ends. Jobs have lanes: what waits
for others, as a notice does for its receiver, holds up nothing that is made here.
"""

import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.model.work import Job
from wattshare.custodian.store.database import Store

LOG = structlog.get_logger(__name__)

LEASE_SECONDS = 60
# tries of a job that fails by our own fault, before it is put aside for the operator
TRIES = 12
LONGEST_PAUSE = 3_600
# of what was cut off by the store: the pause is that after so many tries, some seconds
AWAY_TRIES = 3
IDLE_SECONDS = 0.2
SWEEP_SECONDS = 60
# between two lines that say that the database is away
MISSED_SECONDS = 60

# what is to be done with a job: the second of its next run, or None when it is done
Step = Callable[[Job], int | None]


def backoff(attempts: int, chance: Callable[[], float]) -> int:
    """Seconds until a failed job's next try: doubling, capped, with full jitter."""
    ceiling: int = min(LONGEST_PAUSE, 2 ** min(attempts, 20))
    return 1 + int(ceiling * chance())


@dataclass(frozen=True, kw_only=True)
class Lane:
    """Jobs that are done beside those of other lanes."""

    kinds: tuple[str, ...]
    # so many at a time
    slots: int = 1
    # about so many of one third party at a time, and none while its receiver is shut
    each: int | None = None
    # one third party's after another's
    in_turn: bool = False
    # one after the other, whoever does them: each may need what the one before brought
    one_at_a_time: bool = False


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One worker of any number on one store."""

    store: Store
    now: Clock
    name: str
    steps: Mapping[str, Step]
    # none: all kinds in one
    lanes: tuple[Lane, ...] = ()
    # done at most once a minute each: retention, endings
    chores: tuple[Callable[[], object], ...] = ()
    chance: Callable[[], float] = random.random
    stopped: threading.Event = field(default_factory=threading.Event)
    # when it was said last that the database is away
    missed: list[int] = field(default_factory=lambda: [-MISSED_SECONDS])

    def run(self) -> None:
        """Work until stopped: a thread for each lane and one for the chores."""
        with ThreadPoolExecutor(len(self.all_lanes) + 1, thread_name_prefix="lane") as threads:
            working = [threads.submit(self._guarded, self._sweep_on)]
            working += [threads.submit(self._guarded, self._work, lane) for lane in self.all_lanes]
        for each in working:
            # a lane that broke has stopped the others: its fault is the worker's
            each.result()

    @property
    def all_lanes(self) -> tuple[Lane, ...]:
        """The lanes, at least one."""
        return self.lanes or (Lane(kinds=tuple(self.steps)),)

    def stop(self) -> None:
        """Take no further job; those at hand are finished."""
        self.stopped.set()

    def _guarded(self, work: Callable[..., None], *given: Lane) -> None:
        try:
            work(*given)
        except BaseException:
            self.stopped.set()
            raise

    def _sweep_on(self) -> None:
        while not self.stopped.is_set():
            began = self.now()
            self.sweep()
            # by the house's clock, which may be moved on
            while not self.stopped.wait(IDLE_SECONDS) and 0 <= self.now() - began < SWEEP_SECONDS:
                pass

    def _work(self, lane: Lane) -> None:
        """Claim for a lane while it has a free slot."""
        free = threading.Semaphore(lane.slots)
        with ThreadPoolExecutor(lane.slots, thread_name_prefix="slot") as slots:
            while not self.stopped.is_set():
                if not free.acquire(timeout=IDLE_SECONDS):
                    continue
                job = self._claimed(lane)
                if job is None:
                    free.release()
                    self.stopped.wait(IDLE_SECONDS)
                else:
                    slots.submit(self._finish, job).add_done_callback(lambda _: free.release())

    def _finish(self, job: Job) -> None:
        """Do a job; what fails beyond it, such as a store that is away, lets its lease run out."""
        try:
            self._beating(job)
        except Unavailable:
            LOG.warning("store_unavailable", job=job.id)
        # nobody else would say it: this thread is a slot's
        except Exception:
            LOG.exception("slot_failed", kind=job.kind, job=job.id)

    def sweep(self) -> None:
        """Do the chores: what fails is logged, and tried again with the next pass."""
        for chore in self.chores:
            try:
                chore()
            except Unavailable as why:
                self._miss(why)
            # the chore's fault must not end the worker
            except Exception:
                LOG.exception("chore_failed")

    def once(self) -> bool:
        """Do one due job of each lane. Whether there was any."""
        return self._round() > 0

    def _round(self) -> int:
        return sum(self._one(lane) for lane in self.all_lanes)

    def _one(self, lane: Lane) -> bool:
        job = self._claim(lane)
        if job is not None:
            self._beating(job)
        return job is not None

    def _claim(self, lane: Lane) -> Job | None:
        with self.store.begin() as tx:
            if lane.in_turn:
                kinds = (tx.jobs.claim_in_turn(self.name, self.now(), LEASE_SECONDS, kind) for kind in lane.kinds)
                return next((job for job in kinds if job is not None), None)
            return tx.jobs.claim(
                self.name, self.now(), LEASE_SECONDS, lane.kinds, each=lane.each, one_at_a_time=lane.one_at_a_time
            )

    def _claimed(self, lane: Lane) -> Job | None:
        try:
            return self._claim(lane)
        # the database is away: asked again after a moment, and a job at hand is taken over when its lease ends
        except Unavailable as why:
            self._miss(why)
            return None

    def _miss(self, why: Unavailable) -> None:
        """Say that the database is away: once a minute, however many lanes ask how often."""
        now = self.now()
        if not 0 <= now - self.missed[0] < MISSED_SECONDS:
            self.missed[0] = now
            LOG.warning("store_unavailable", cause=why.logged)

    def _beating(self, job: Job) -> None:
        with Heartbeat(self, job):
            self._do(job)

    def drain(self) -> int:
        """Do everything that is due now. How many jobs."""
        done = 0
        while count := self._round():
            done += count
        return done

    def _do(self, job: Job) -> None:
        try:
            again = self.steps[job.kind](job)
        except Unavailable:
            LOG.warning("store_unavailable", kind=job.kind, job=job.id)
            self._put_back(job)
            return
        # the job's fault must not end the worker: it is logged, kept with the job and tried again
        except Exception as fault:
            LOG.exception("job_failed", kind=job.kind, job=job.id, attempts=job.attempts)
            self._failed(job, f"{type(fault).__name__}: {fault}")
            return
        with self.store.begin() as tx:
            if again is None:
                tx.jobs.finish(job)
            else:
                tx.jobs.retry(job, again, None)

    def _put_back(self, job: Job) -> None:
        """It was not the job's fault: its tries are not counted. Where the store is away still, its lease ends."""
        with self.store.begin() as tx:
            tx.jobs.retry(job, self.now() + backoff(AWAY_TRIES, self.chance), None)

    def _failed(self, job: Job, why: str) -> None:
        with self.store.begin() as tx:
            if job.attempts >= TRIES:
                tx.jobs.bury(job, why)
            else:
                tx.jobs.retry(job, self.now() + backoff(job.attempts, self.chance), why)


class Heartbeat:
    """Extends a job's lease while it is being done."""

    def __init__(self, worker: Worker, job: Job) -> None:
        """Take the worker that does the job."""
        self._worker, self._job = worker, job
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{job.id}", daemon=True)

    def __enter__(self) -> "Heartbeat":
        """Start to beat."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._done.wait(LEASE_SECONDS / 3):
            try:
                with self._worker.store.begin() as tx:
                    tx.jobs.extend(self._job, self._worker.now() + LEASE_SECONDS)
            # two more beats before the lease ends
            except Unavailable:
                LOG.warning("store_unavailable", job=self._job.id)
