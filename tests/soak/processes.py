"""Processes that are killed, ended and stopped at random, and are there again."""

import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak.commands import COMMAND
from tests.soak.journal import Journal

# seconds for which one may take to come up on a machine that has other things to do
COMES_SECONDS = 120
# a worker has that many threads when its lanes are open
LANES = 4
# seconds for which one that is told to end may finish what it has in hand: a receiver stalls for 30
LEAVES_SECONDS = 45
# so many are down at the same time, at most: there is something to do for those that are up
AT_ONCE = 2
# of a hundred
KILLED, ENDED = 40, 25
# seconds for which one is stopped; one in so many is stopped for longer than a lease
STOPPED, LONG_STOP, LONG_ONE_IN = (0.3, 6.0), 70.0, 8


@dataclass
class Victim:
    """One process, started again whenever it is gone."""

    name: str
    words: Callable[[int], list[str]]
    environment: dict[str, str]
    log: Path
    # where it listens; None: it is a worker
    port: int | None = None
    # how often it is chosen, beside others
    share: int = 3
    # how often it was started
    starts: int = 0
    running: "subprocess.Popen[bytes] | None" = None
    busy: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start it."""
        self.starts += 1
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.words(self.starts), env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def comes_up(self) -> None:
        """Wait until it is at its work, or gone again."""
        ends = time.monotonic() + COMES_SECONDS
        while time.monotonic() < ends and self.running is not None and self.running.poll() is None:
            if self.is_up(self.running.pid):
                return
            time.sleep(0.1)

    def is_up(self, process: int) -> bool:
        """Whether it listens, or has opened its lanes."""
        if self.port is None:
            tasks = Path(f"/proc/{process}/task")
            return not tasks.exists() or len(list(tasks.iterdir())) > LANES
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def send(self, sign: signal.Signals) -> None:
        """Send it a signal."""
        if self.running is not None:
            self.running.send_signal(sign)

    def end(self) -> bool:
        """Let it end by itself, or not. Whether it did."""
        if self.running is None:
            return True
        # one that is stopped hears nothing
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            self.running.wait(LEAVES_SECONDS)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self.running.wait()
            return False
        return True


def command(*words: str) -> Callable[[int], list[str]]:
    """A command of the installation."""
    return lambda _start: [*COMMAND, *words]


def module(name: str, *words: str) -> Callable[[int], list[str]]:
    """A module of ours; its chance is another with each start."""
    return lambda start: [sys.executable, "-m", name, *(word.format(start=start) for word in words)]


@dataclass
class Reaper:
    """Chooses whom to kill, and how."""

    victims: tuple[Victim, ...]
    chance: random.Random
    journal: Journal
    # what else can be done to somebody, by name
    others: dict[str, Callable[[], None]] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    slow: list[str] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def strike(self) -> None:
        """Do it to one of those that are up; the rest of it goes on beside."""
        names = [*(victim.name for victim in self.victims for _ in range(victim.share)), *self.others]
        chosen, draw, long = self.chance.choice(names), self.chance.randrange(100), self.chance.randrange(LONG_ONE_IN)
        pause = LONG_STOP if not long else self.chance.uniform(*STOPPED)
        if chosen in self.others:
            self.note(chosen, "DISCONNECTED")
            self.others[chosen]()
            return
        [victim] = (one for one in self.victims if one.name == chosen)
        # the same seed chooses the same, however long each takes to come up again
        while victim.busy.is_set() or sum(one.busy.is_set() for one in self.victims) >= AT_ONCE:
            time.sleep(0.05)
        victim.busy.set()
        how = "KILL" if draw < KILLED else "TERM" if draw < KILLED + ENDED else "STOP"
        self.note(victim.name, how)
        thread = threading.Thread(target=self._struck, args=(victim, how, pause), daemon=True)
        thread.start()
        self.threads.append(thread)

    def _struck(self, victim: Victim, how: str, pause: float) -> None:
        match how:
            case "KILL":
                victim.send(signal.SIGKILL)
                if victim.running is not None:
                    victim.running.wait()
                victim.start()
            case "TERM":
                if not victim.end():
                    self.slow.append(victim.name)
                victim.start()
            case _:
                victim.send(signal.SIGSTOP)
                time.sleep(pause)
                victim.send(signal.SIGCONT)
        victim.comes_up()
        while victim.running is not None and victim.running.poll() is not None:
            # it was hit by something else on its way up: who keeps it running starts it again
            victim.start()
            victim.comes_up()
        victim.busy.clear()

    def note(self, name: str, how: str) -> None:
        """Count it, and write it down."""
        self.done[how] = self.done.get(how, 0) + 1
        self.journal.write("struck", whom=name, how=how)

    def raise_the_dead(self) -> list[str]:
        """Start those that have ended by themselves. Who."""
        fallen = []
        for victim in self.victims:
            if not victim.busy.is_set() and victim.running is not None and victim.running.poll() is not None:
                fallen.append(f"{victim.name} ended by itself with {victim.running.returncode}")
                victim.start()
        return fallen

    def begin(self) -> None:
        """Start everybody, and wait until they are up."""
        for victim in self.victims:
            victim.start()
        for victim in self.victims:
            victim.comes_up()

    def join(self) -> None:
        """Wait until everybody that was struck is up again."""
        for thread in self.threads:
            thread.join()
