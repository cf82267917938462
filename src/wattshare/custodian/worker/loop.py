"""The worker: claims due jobs under a lease, does them, and says what became of each.

Everything it does may be done twice: another worker takes a job over when its lease ends.
"""

import random
import threading
from collections.abc import Callable, Mapping
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
IDLE_SECONDS = 0.2

# what is to be done with a job: the second of its next run, or None when it is done
Step = Callable[[Job], int | None]


def backoff(attempts: int, chance: Callable[[], float]) -> int:
    """Seconds until a failed job's next try: doubling, capped, with full jitter."""
    ceiling: int = min(LONGEST_PAUSE, 2 ** min(attempts, 20))
    return 1 + int(ceiling * chance())


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One worker of any number on one store."""

    store: Store
    now: Clock
    name: str
    steps: Mapping[str, Step]
    # done at every pass, at most once a minute each: retention, endings
    chores: tuple[Callable[[], object], ...] = ()
    chance: Callable[[], float] = random.random
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Work until stopped."""
        swept = 0
        while not self.stopped.is_set():
            if self.now() - swept >= 60:
                swept = self.now()
                self.sweep()
            if not self._once():
                self.stopped.wait(IDLE_SECONDS)

    def stop(self) -> None:
        """Take no further job; the one at hand is finished."""
        self.stopped.set()

    def sweep(self) -> None:
        """Do the chores: what fails is logged, and tried again with the next pass."""
        for chore in self.chores:
            try:
                chore()
            # the chore's fault must not end the worker
            except Exception:
                LOG.exception("chore_failed")

    def once(self) -> bool:
        """Do one due job. Whether there was one."""
        with self.store.begin() as tx:
            job = tx.jobs.claim(self.name, self.now(), LEASE_SECONDS, tuple(self.steps))
        if job is None:
            return False
        with Heartbeat(self, job):
            self._do(job)
        return True

    def _once(self) -> bool:
        try:
            return self.once()
        # the database is away: asked again after a moment, and a job at hand is taken over when its lease ends
        except Unavailable:
            LOG.warning("store_unavailable")
            return False

    def drain(self) -> int:
        """Do everything that is due now. How many jobs."""
        done = 0
        while self.once():
            done += 1
        return done

    def _do(self, job: Job) -> None:
        try:
            again = self.steps[job.kind](job)
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
