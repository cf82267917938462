"""The daily delta of many authorizations by two workers: how long, how large; and with one of them killed half-way."""

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.soak.journal import Journal
from tests.soak.processes import Reaper, Victim, command, module
from tests.soak.saying import say
from tests.soak.town import CHOICE, METER_LOG, Town, built, folder_of
from wattshare.custodian.house import House
from wattshare.custodian.model.clock import system_clock
from wattshare.custodian.model.work import MAKE, Batch, Job, NoticeKind, NoticeState
from wattshare.custodian.sandbox.arrivals import Arrivals
from wattshare.custodian.services.deltas import DELTA
from wattshare.custodian.services.notices import TELL
from wattshare.custodian.store.purposes import Purpose
from wattshare.espi.kinds import Kind

DAY, DAYS = 86_400, 3
# authorizations that are written in one transaction
CHUNK = 500
PARTIES = (CHOICE, METER_LOG)
USAGE = "batch-bulk"
PATIENCE_SECONDS = 3_600
# between two looks at how far it is: files of some thousand authorizations are made in seconds
LOOK_SECONDS = 0.05
# what a delta is made of, from the day to the notice that was taken
ITS_JOBS = (DELTA, MAKE, TELL)


@dataclass
class Workers:
    """The server, two workers, and a receiver that behaves."""

    town: Town
    folder: Path
    peaks: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        environment = self.town.utility.environment
        told = (str(self.town.home.path), str(self.folder), str(self.town.port), "1", "calm")
        hears = Victim(
            "receiver",
            module("tests.soak.receiver", *told),
            environment,
            self.folder / "receiver.log",
            self.town.port,
        )
        serves = Victim("server", command("serve"), environment, self.folder / "server.log", self.town.listens)
        self.hands = tuple(
            Victim(name, command("worker"), environment, self.folder / f"{name}.log")
            for name in ("worker-1", "worker-2")
        )
        self.all = Reaper((serves, *self.hands, hears), random.Random(1), Journal(self.folder / "acts.jsonl"))

    @contextmanager
    def running(self) -> Iterator[None]:
        """All of them, for as long as the block runs."""
        self.all.begin()
        try:
            yield
        finally:
            for victim in self.all.victims:
                victim.end()

    def strike(self, house: House) -> str:
        """Kill the worker that has half of somebody's files written, and start it again. How far it was."""
        found = half_made(house)
        if found is None:
            return ""
        job, batch = found
        for hand in self.hands:
            if hand.running is not None and f"-{hand.running.pid}-" in (job.owner or ""):
                hand.send(signal.SIGKILL)
                hand.running.wait()
                hand.start()
                say(f"  {hand.name} killed with {batch.points_done} of {batch.points_of} usage points written")
                return f"{hand.name} at {batch.points_done} of {batch.points_of}"
        return ""

    def look(self) -> None:
        """Remember the most memory that each worker has had."""
        for hand in self.hands:
            status = Path(f"/proc/{hand.running.pid if hand.running else 0}/status")
            for line in status.read_text().splitlines() if status.exists() else ():
                if line.startswith("VmHWM:"):
                    name = f"{hand.name}, started {hand.starts} times"
                    self.peaks[name] = max(self.peaks.get(name, 0), int(line.split()[1]) // 1024)


@dataclass
class Morning:
    """One day's delta."""

    seconds: float = 0
    files: int = 0
    megabytes: int = 0
    packed_megabytes: int = 0
    readings: int = 0
    notices: int = 0
    # how many usage points were written, of how many, when a worker was killed
    killed: str = ""
    # of each worker, MB
    peaks: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def run(*, engine: str, authorizations: int, seed: int, keep: Path | None = None) -> dict[str, Any]:
    """Two days' deltas on one engine: one in peace, one in which a worker is killed half-way."""
    say(f"delta on {engine}: {authorizations} authorizations, two workers")
    told: dict[str, Any] = {"seed": seed, "homes": authorizations, "days": DAYS, "delta_schedule": ""}
    with folder_of(keep) as folder, built(engine, folder, **told) as town:
        with town.opened() as house:
            shared = share(house, town.points)
        workers = Workers(town, folder)
        with workers.running():
            with town.opened() as house:
                rest(house)
            mornings = [morning(town, workers, shared, killed=killed) for killed in (False, True)]
    wrong = [one for each in mornings for one in each.wrong]
    say(f"  {'held' if not wrong else 'NOT HELD'}")
    return {
        "scenario": "delta",
        "engine": engine,
        "authorizations": authorizations,
        "held": not wrong,
        "mornings": [vars(one) for one in mornings],
    }


def share(house: House, points: tuple[int, ...]) -> dict[int, int]:
    """Let every home share with one of the third parties, in equal parts; how many usage points each has then.

    They have no address for notices before: the beginnings are not what is measured.
    """
    shared: dict[int, int] = {}
    for place, name in enumerate(PARTIES):
        wish = house.registration.wish(house.registration.show(name).party)
        house.registration.change(name, replace(wish, notification_uri=None))
        theirs = points[place :: len(PARTIES)]
        for first in range(0, len(theirs), CHUNK):
            house.consent.add_offline(name, theirs[first : first + CHUNK], frozenset({Kind.USAGE}), None)
        party = house.registration.change(name, replace(wish, notify_daily=True))
        with house.store.read(Purpose.BATCH) as tx:
            shared[party.id] = tx.authorizations.count_shares(party.id, None, house.now())
        say(f"  {shared[party.id]} usage points are shared with {name}")
    return shared


def morning(town: Town, workers: Workers, shared: dict[int, int], *, killed: bool) -> Morning:
    """A day passes, its readings come, intake is closed, and the delta is made and told."""
    clock = town.clock
    clock.shift(clock() - system_clock() + DAY)
    workers.peaks.clear()
    with town.opened() as house:
        arrivals = Arrivals(store=house.store, now=house.now, home=town.home, profile=house.profile)
        brought, since = arrivals.bring(), house.now()
        # as the command does; it would take longer to end than the delta
        began, struck, closed = time.monotonic(), "", house.delivery.deltas.close()
        while waits(house, ITS_JOBS) and time.monotonic() - began < PATIENCE_SECONDS:
            time.sleep(LOOK_SECONDS)
            workers.look()
            if killed and not struck:
                struck = workers.strike(house)
        took = round(time.monotonic() - began, 1)
        made = counted(house, since, shared)
    made.seconds, made.killed, made.peaks = took, struck, dict(workers.peaks)
    if killed and not struck:
        made.wrong.append("it was made before a worker could be killed: take more authorizations")
    say(f"  {brought} day brought, {closed} deltas begun: {vars(made)}")
    return made


def rest(house: House) -> None:
    """Wait until all that the beginnings caused is done, such as mails: it is not what is measured."""
    began = time.monotonic()
    while waits(house) and time.monotonic() - began < PATIENCE_SECONDS:
        time.sleep(1)
    say(f"  all that went before is done after {time.monotonic() - began:.0f} s")


def waits(house: House, kinds: tuple[str, ...] | None = None) -> bool:
    """Whether anything is still to be done."""
    with house.store.read() as tx:
        return any(kinds is None or job.kind in kinds for job in tx.jobs.waiting())


def half_made(house: House) -> tuple[Job, Batch] | None:
    """A job of which at least half is written, and somebody is at it."""
    with house.store.read() as tx:
        for job in tx.jobs.waiting():
            batch = tx.batches.by_id(job.subject) if job.kind == MAKE and job.owner is not None else None
            if batch is not None and batch.endpoint == USAGE and batch.points_done * 2 >= (batch.points_of or 1) > 1:
                return job, batch
    return None


def counted(house: House, since: int, shared: dict[int, int]) -> Morning:
    """What was told, and what is in the files: everybody once, and one notice for each third party."""
    told = Morning()
    for party, count in shared.items():
        with house.store.read() as tx:
            daily = [one for one in tx.notices.of_third_party(party, since) if one.kind is NoticeKind.DAILY]
            batches = {one.id: tx.batches.by_id(one.batch_id or "") for one in daily}
            parts = [part for one in daily for part in tx.batches.parts(one.batch_id or "")]
        usage = [one for one in daily if (batch := batches[one.id]) is not None and batch.endpoint == USAGE]
        theirs = [part for part in parts if part.batch_id in {one.batch_id for one in usage}]
        told.notices += len(daily)
        told.files += len(parts)
        told.megabytes += sum(part.identity_bytes for part in parts) // 1_000_000
        told.packed_megabytes += sum(part.gzip_bytes for part in parts) // 1_000_000
        told.readings += sum(part.readings for part in parts)
        points = sum(part.usage_points for part in theirs)
        if len(usage) != 1 or any(one.state is not NoticeState.TOLD for one in daily):
            told.wrong.append(f"{party} got {len(usage)} deltas: {[one.state.value for one in daily]}")
        if points != count:
            told.wrong.append(f"{party} got {points} usage points of {count}")
    return told
