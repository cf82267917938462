"""Orders, ends of sharing and notices while everything is killed: what was promised against what came.

A server, two workers and a receiver run as commands on a sandbox's town. Third parties, customers and the operator act
at random; processes are killed, ended and stopped at random; the receiver misbehaves at random. Then all is calm, what
is owed is told, and the two sides are compared. The retry schedule is short by a setting.
"""

import json
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import stamina

from tests.soak.acts import Actor
from tests.soak.journal import Journal
from tests.soak.processes import Reaper, Victim, command, module
from tests.soak.receiver import JOURNAL
from tests.soak.saying import say
from tests.soak.town import CHOICE, HARBOR, METER_LOG, PARTIES, Town, built, folder_of
from tests.soak.verdict import Ends, Order, Report, compare
from wattshare.custodian.house import House
from wattshare.custodian.model.clock import system_clock
from wattshare.custodian.model.work import Job
from wattshare.custodian.store.database import Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.errors import NotFound
from wattshare.thirdparty.ledger import Ledger

HOMES, DAYS = 24, 3
# seconds between two acts of one third party, and between two kills where no time is said
PACE, KILL_PACE = 1.0, 3.0
SETTINGS: dict[str, Any] = {
    "notice_steps": [1, 2, 4, 8],
    "notice_last_step": 15,
    "delta_schedule": "",
    "session_minutes": 5,
}
# real seconds for what is owed in the end, and those after which nobody seems to be at anything
CALM_SECONDS, QUIET_SECONDS = 900, 2.0
HURRY_SECONDS = 4


@dataclass
class Scene:
    """One run."""

    town: Town
    folder: Path
    kills: int
    seconds: float
    seed: int
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.acts = Journal(self.folder / "acts.jsonl")
        self.received = Journal(self.folder / JOURNAL)
        environment = self.town.utility.environment
        unruly = self.words("{start}", "unruly")
        log = self.folder / "receiver.log"
        self.receiver = Victim("receiver", unruly, environment, log, self.town.port, share=1)
        ours = (
            Victim(name, command(words), environment, self.folder / f"{name}.log", port)
            for name, words, port in (
                ("server", "serve", self.town.listens),
                ("worker-1", "worker", None),
                ("worker-2", "worker", None),
            )
        )
        self.reaper = Reaper((*ours, self.receiver), random.Random(f"{self.seed}-kills"), self.acts)
        if self.town.server is not None:
            self.reaper.others["database"] = self.disconnect

    def words(self, start: str, manner: str) -> Any:
        """The receiver's command."""
        told = (str(self.town.home.path), str(self.folder), str(self.town.port), f"{self.seed}-{start}", manner)
        return module("tests.soak.receiver", *told)

    def disconnect(self) -> None:
        """Every connection to the database breaks."""
        if self.town.server is not None:
            self.town.server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'wattshare%'"
            )

    def chaos(self) -> list[str]:
        """Act and kill. Who ended without being killed."""
        fallen: list[str] = []
        self.reaper.begin()
        actors = [self.actor(name) for name in (CHOICE, METER_LOG, HARBOR)]
        threads = [threading.Thread(target=actor.run, args=(PACE,), daemon=True) for actor in actors]
        threads.append(threading.Thread(target=self.hurry, daemon=True))
        for thread in threads:
            thread.start()
        pause, chance = self.seconds / max(1, self.kills), random.Random(f"{self.seed}-pauses")
        for number in range(1, self.kills + 1):
            time.sleep(chance.uniform(0.5, 1.5) * pause)
            self.reaper.strike()
            fallen += self.reaper.raise_the_dead()
            if number % 10 == 0 or number == self.kills:
                facts = sum(1 for _ in self.acts.read()), sum(1 for _ in self.received.read())
                say(f"  {number} of {self.kills} kills {self.reaper.done}; {facts[0]} acts, {facts[1]} at the receiver")
        self.stopped.set()
        for thread in threads:
            thread.join()
        self.reaper.join()
        return fallen + self.reaper.raise_the_dead()

    def hurry(self) -> None:
        """Let the town's time go twice as fast: leases and pauses end sooner, and still outlast their heartbeats."""
        clock = self.town.clock
        while not self.stopped.wait(HURRY_SECONDS):
            clock.shift(clock.offset() + HURRY_SECONDS)

    def actor(self, name: str) -> Actor:
        """One third party at its acts, with the permissions that it begins with."""
        chance = random.Random(f"{self.seed}-{name}")
        made = Actor(self.town, name, self.folder, chance, self.acts, DAYS, self.stopped)
        if name != HARBOR:
            with self.town.opened() as house:
                for point in self.town.points:
                    [held] = house.consent.add_offline(name, (point,), None, None)
                    made.begun(str(held.id), point)
        return made

    def calm(self) -> bool:
        """Let all that is owed come about: nobody is killed, the receiver behaves. Whether it did in time."""
        self.receiver.end()
        self.receiver.words = self.words("calm", "calm")
        self.receiver.start()
        self.receiver.comes_up()
        began = quiet = time.monotonic()
        clock = self.town.clock
        with self.town.opened() as house:
            while time.monotonic() - began < CALM_SECONDS:
                time.sleep(0.5)
                with house.store.read() as tx:
                    waiting, at = tx.jobs.waiting(), house.now()
                unread = any(file for inbox in self.folder.glob("inbox-*/new") for file in inbox.iterdir())
                if not waiting and not unread:
                    return True
                in_hand = any(job.owner is not None and (job.lease_until or 0) > at for job in waiting)
                if in_hand or unread:
                    quiet = time.monotonic()
                if time.monotonic() - quiet > QUIET_SECONDS:
                    clock.shift(clock() - system_clock() + ahead(house, waiting))
                    quiet = time.monotonic()
            dead = [(job.kind, job.subject, job.last_error) for job in waiting]
        say(f"  still waiting after {CALM_SECONDS} s: {dead[:10]}")
        return False

    def ends(self) -> Ends:
        """How things stand, as third parties and the operator see it."""
        orders: dict[str, Order] = {}
        clients = {}
        for name in PARTIES:
            client = Client(Custodian.from_sandbox(self.town.home.path, name))
            clients[str(client.custodian.bulk_id)] = client
        for fact in self.acts.read():
            if fact["what"] == "ordered" and fact["order"] not in orders:
                orders[fact["order"]] = looked_at(clients[fact["party"]], fact["order"])
        held: dict[str, dict[str, bool]] = {party: {} for party in clients}
        numbers = {name: party for party, name in zip(clients, PARTIES, strict=True)}
        listed = json.loads(self.town.utility.do("authorization", "list", "--json"))
        with self.town.opened() as house, house.store.read(Purpose.PEOPLE) as tx:
            for fact in listed:
                if fact["third_party"] in numbers and fact["entry"] == "customer":
                    # whose code nobody came for has never begun, however it ended: nobody is told of that
                    over = fact["state"] == "ended" and (fact["offline"] or has_begun(tx, fact["id"]))
                    held[numbers[fact["third_party"]]][str(fact["id"])] = over
        ledger = {party: tuple(Ledger(client).notices()) for party, client in clients.items()}
        return Ends(orders=orders, authorizations=held, ledger=ledger)

    def close(self) -> None:
        """End every process."""
        for victim in self.reaper.victims:
            if victim.running is not None:
                victim.end()


def ahead(house: House, waiting: tuple[Job, ...]) -> int:
    """Seconds until something can happen by itself: a job is due, a lease ends, or a receiver is tried again."""
    at = house.now()
    with house.store.read() as tx:
        shut = [receiver.shut_until for receiver in tx.receivers.failing()]
    comes = [*shut, *(job.due_at for job in waiting), *(job.lease_until or 0 for job in waiting)]
    return max(1, min((one - at for one in comes if one > at), default=1))


def has_begun(tx: Tx, authorization_id: int) -> bool:
    """Whether somebody came for the code of an authorization."""
    return any(entry.event == "opened" for entry in tx.trail.of_authorization(authorization_id))


def looked_at(client: Client, order: str) -> Order:
    """An order's page."""
    try:
        status = client.order_status(order)
    except NotFound:
        return Order(state="unknown")
    return Order(state=status.state, hrefs=tuple(part.href for part in status.parts))


def run(*, engine: str, kills: int, seconds: float | None, seed: int, keep: Path | None = None) -> dict[str, Any]:
    """One run on one engine: its facts, of which `held` says whether all promises were kept."""
    # each retry of the client's is not worth a line
    stamina.instrumentation.set_on_retry_hooks([])
    lasts = seconds if seconds is not None else kills * KILL_PACE
    say(f"delivery on {engine}: seed {seed}, {kills} kills in about {lasts:.0f} s")
    with folder_of(keep) as folder, built(engine, folder, seed=seed, homes=HOMES, days=DAYS, **SETTINGS) as town:
        scene = Scene(town=town, folder=folder, kills=kills, seconds=lasts, seed=seed)
        began = time.monotonic()
        try:
            fallen = scene.chaos()
            say(f"  calm after {time.monotonic() - began:.0f} s: what is owed is told now")
            settled = scene.calm()
            report = compare(scene.acts.read(), scene.received.read(), scene.ends())
        finally:
            scene.close()
        return told(report, scene, engine, fallen, settled=settled, took=time.monotonic() - began)


def told(report: Report, scene: Scene, engine: str, fallen: list[str], *, settled: bool, took: float) -> dict[str, Any]:
    """The report of a run."""
    if not settled:
        report.lost.append("not everything came to rest in time")
    report.lost += fallen
    struck = scene.reaper.done
    say(f"{engine}, seed {scene.seed}: {sum(struck.values())} times {struck}, {took:.0f} s")
    for line in report.lines():
        say(f"  {line}")
    say(f"  {'held' if report.held else 'NOT HELD'}")
    return {
        "scenario": "delivery",
        "engine": engine,
        "seed": scene.seed,
        "struck": struck,
        "slow_to_end": scene.reaper.slow,
        "seconds": round(took),
        **report.facts(),
    }
