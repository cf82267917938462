"""`wattshare sandbox`: a whole utility in one process, made where there is none, serving until it is stopped."""

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from wattshare.custodian.app import opened
from wattshare.custodian.clocks import FILE as CLOCK
from wattshare.custodian.clocks import ShiftedClock
from wattshare.custodian.front import Front
from wattshare.custodian.house import House
from wattshare.custodian.model.clock import system_clock
from wattshare.custodian.sandbox import parties
from wattshare.custodian.sandbox.arrivals import Arrivals
from wattshare.custodian.sandbox.doubles import Doubles
from wattshare.custodian.sandbox.equipment import Wanted, equip, make_keys, receiver_of
from wattshare.custodian.sandbox.faults import Faults
from wattshare.custodian.sandbox.home import FACTS, Home, Made, held
from wattshare.custodian.sandbox.households import SHOPS
from wattshare.custodian.sandbox.identity import Identity
from wattshare.custodian.sandbox.making import make
from wattshare.custodian.sandbox.stopping import Stop
from wattshare.custodian.sandbox.telling import COMMAND, tell, what_next
from wattshare.custodian.sandbox.unruly import Gate, hand, manners_of, unruly
from wattshare.custodian.settings import BadSettings, Settings, host_and_port
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.server import serving
from wattshare.custodian.worker.loop import Worker

# of the sandbox's own worker
WORKER = "sandbox"
DEFAULT_SEED, DEFAULT_DAYS = 1, 760
MOST_SERVICES = 5_000
# between 2000 and 2100: what the data's times can be
EARLIEST, LATEST = 946_684_800, 4_102_444_800


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was asked for on the command line, understood."""

    home: Path
    port: int
    http: bool = False
    fresh: bool = False
    seed: int = DEFAULT_SEED
    days: int = DEFAULT_DAYS
    # the second at which the clock is to start; None: the machine's, or where it was
    now: int | None = None
    usage_points: int = 0
    # of the business
    services: int = SHOPS
    allow_notify: tuple[str, ...] = ()
    public_base: str | None = None
    rate_limits: bool = False

    @classmethod
    def read(cls, *, now: str | None, rate_limits: str, allow_notify: tuple[str, ...], **rest: Any) -> "Plan":
        """From the command line's texts.

        Raises:
            BadSettings: one of them makes no sense.
        """
        for receiver in allow_notify:
            if not fits(host_and_port, receiver):
                raise BadSettings(f"--allow-notify: {receiver!r} is not HOST:PORT.")
        if rate_limits not in ("on", "off"):
            raise BadSettings("--rate-limits: on or off.")
        plan = cls(
            now=None if now is None else read_time(now),
            rate_limits=rate_limits == "on",
            allow_notify=allow_notify,
            **rest,
        )
        plan.check()
        return plan

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            BadSettings: a number is out of range, or the public base is not one.
        """
        if not 0 <= self.port <= 65_535:
            raise BadSettings("--port: 0 to 65535.")
        if not 2 <= self.days <= 3_650:
            raise BadSettings("--days: 2 to 3650.")
        if not 0 <= self.usage_points <= 1_000_000:
            raise BadSettings("--usage-points: 0 to 1000000.")
        if not SHOPS <= self.services <= MOST_SERVICES:
            raise BadSettings(f"--services: {SHOPS} to {MOST_SERVICES}.")
        if self.public_base is not None and not fits(Settings.bare_base, self.public_base):
            raise BadSettings("--public-base: http(s)://host[:port] without a path.")

    def wanted(self, port: int, sign_in_port: int | None = None) -> Wanted:
        """What the settings file has to say."""
        base = None if self.public_base is None else Settings.bare_base(self.public_base)
        return Wanted(
            port=port,
            http=self.http,
            public_base=base,
            rate_limits=self.rate_limits,
            allow_notify=self.allow_notify,
            sign_in_port=sign_in_port,
        )


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A sandbox that serves."""

    home: Home
    house: House
    # what sandbox.json says
    told: dict[str, Any]
    # set when the worker has come to an end
    ended: threading.Event


def run(plan: Plan, *, command: str = COMMAND) -> None:
    """Make the sandbox where there is none, and serve it until SIGINT or SIGTERM.

    `command` is how this program was typed.

    Raises:
        BadSettings: the home is not ours or in use, the port is taken, or the settings do not fit together.
    """
    console, stop = Console(highlight=False, soft_wrap=True), Stop()
    with stop.heard():
        try:
            with opened_sandbox(plan, console, stop) as sandbox:
                console.print(what_next(sandbox.told, sandbox.home, http=plan.http, command=command), markup=False)
                stop.wait(sandbox.ended)
                if not stop.came:
                    raise RuntimeError("the worker has come to an end; its last words are in the log")
        except KeyboardInterrupt:
            # while the town was built
            pass
        console.print("Closed.")


@contextmanager
def opened_sandbox(plan: Plan, console: Console, stop: Stop | None = None) -> Iterator[Sandbox]:
    """A sandbox that serves for as long as the block runs; `stop` interrupts nothing once it is opened.

    Raises:
        BadSettings: as for `run`.
    """
    with ExitStack() as stack:
        home = stack.enter_context(held(plan.home))
        wanted = plan.wanted(plan.port or free_port(), free_port())
        check_port(Settings(home=home.path, **wanted.settings))
        settings = prepare(home, plan, wanted, console)
        if stop is not None:
            stop.hold()
        house = unruly(stack.enter_context(opened(home.path, **wanted.settings)), Faults(home.path))
        resettle(house, home, settings)
        routes = Doubles.of(house, home).routes()
        identity = Identity.of(house, home)
        stack.enter_context(serving(identity.edge(), identity.settings, bearers=False))
        stack.enter_context(served(house, routes))
        # the home is ours alone: what a worker of ours had in hand, it has no more
        with house.store.begin() as tx:
            tx.jobs.release(WORKER)
        ended = stack.enter_context(working(own_hand(house, home)))
        # whoever finds the file finds a sandbox that serves
        stack.callback(home.forget, FACTS)
        yield Sandbox(home=home, house=house, told=tell(house, home), ended=ended)


def prepare(home: Home, plan: Plan, wanted: Wanted, console: Console) -> Settings:
    """Bring a home to where it can be opened: its settings, its clock, and all else where it has not been made.

    Raises:
        BadSettings: the clock would go back.
    """
    if plan.fresh or home.made is None:
        home.begin()
        make_keys(home)
    # left by one that was killed
    home.forget(FACTS)
    made = home.made
    settings = equip(home, wanted)
    set_clock(home, plan.now, made)
    if made is not None:
        remark(plan, made, console)
        return settings
    with shown(console, "Building the town") as progress:
        make(
            home,
            settings,
            seed=plan.seed,
            days=plan.days,
            usage_points=plan.usage_points,
            services=plan.services,
            progress=progress,
        )
    return settings


def set_clock(home: Home, now: int | None, made: Made | None) -> None:
    """Let the sandbox's clock start at a time.

    Raises:
        BadSettings: it would go back in a home that has lived.
    """
    clock = ShiftedClock(home / CLOCK)
    if now is None:
        return
    if made is not None and now < clock():
        raise BadSettings("--now: the clock of this home is ahead of that and cannot go back; --fresh begins anew.")
    clock.shift(now - system_clock())
    (home / CLOCK).chmod(0o600)


def remark(plan: Plan, made: Made, console: Console) -> None:
    """Say that what a home was made with stays, where something else was asked for."""
    asked = (plan.seed, plan.days, plan.usage_points)
    if asked not in ((DEFAULT_SEED, DEFAULT_DAYS, 0), (made.seed, made.days, made.usage_points)):
        console.print(
            f"This home was made with --seed {made.seed} --days {made.days} --usage-points {made.usage_points}"
            " and stays as it is; --fresh makes it anew."
        )


def resettle(house: House, home: Home, settings: Settings) -> None:
    """Register third parties at the present addresses where the sandbox was elsewhere before."""
    made = home.made
    if made is None:
        raise LookupError("the home is not made")
    now_at = (settings.public_base, receiver_of(settings))
    if (made.base, made.receiver) != now_at:
        parties.move(house, (made.base, made.receiver), now_at)
        home.finish(
            Made(
                seed=made.seed,
                days=made.days,
                usage_points=made.usage_points,
                base=now_at[0],
                receiver=now_at[1],
            )
        )


@contextmanager
def served(house: House, routes: tuple[Route, ...]) -> Iterator[int]:
    """The listener, with the doubles beside the house's own routes.

    Raises:
        BadSettings: the port was taken in the meantime.
    """
    with ExitStack() as stack:
        gate = Gate(house=house, faults=Faults(house.settings.home))
        edge = Front(house).edge(gate.around(lambda one: Front(one).table(routes)))
        listener = serving(edge, house.settings, house.registered)
        try:
            port = stack.enter_context(listener)
        except OSError as why:
            raise port_refused(house.settings, why) from why
        yield port


def own_hand(house: House, home: Home) -> Worker:
    """The sandbox's own worker: mornings come for it too."""
    arrivals = Arrivals(store=house.store, now=house.now, home=home, profile=house.profile)
    faults, worker = Faults(home.path), house.worker(WORKER)
    chores = (lambda: arrivals.bring(manners_of(faults)), *worker.chores)
    return hand(replace(worker, chores=chores), house, faults)


@contextmanager
def working(worker: Worker) -> Iterator[threading.Event]:
    """A worker in a thread of its own; the job at hand is finished at the end."""
    ended = threading.Event()

    def work() -> None:
        try:
            worker.run()
        finally:
            ended.set()

    thread = threading.Thread(target=work, name="worker", daemon=True)
    thread.start()
    try:
        yield ended
    finally:
        worker.stop()
        thread.join()


@contextmanager
def shown(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that grows."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def check_port(settings: Settings) -> None:
    """See that the port is free before the town is built.

    Raises:
        BadSettings: it is not.
    """
    family = socket.AF_INET6 if ":" in settings.listen_host else socket.AF_INET
    try:
        socket.create_server((settings.listen_host, settings.listen_port), family=family).close()
    except OSError as why:
        raise port_refused(settings, why) from why


def port_refused(settings: Settings, why: OSError) -> BadSettings:
    """One sentence for a port that cannot be had."""
    reason = os.strerror(why.errno) if why.errno else str(why)
    return BadSettings(
        f"Port {settings.listen_port} of {settings.listen_host} cannot be had ({reason}): name another by --port."
    )


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def read_time(text: str) -> int:
    """A moment, as ISO 8601 with its offset or as epoch seconds.

    Raises:
        BadSettings: it is none, or not between 2000 and 2100.
    """
    try:
        at = int(text) if re.fullmatch(r"[0-9]{1,11}", text) else seconds(text)
    except ValueError:
        at = 0
    if not EARLIEST <= at < LATEST:
        raise BadSettings(f"--now: {text!r} is not a time like 2026-03-01T12:00:00Z.")
    return at


def seconds(text: str) -> int:
    """ISO 8601 with its offset as epoch seconds.

    Raises:
        ValueError: it is none.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("without an offset")
    return int((moment - datetime.fromtimestamp(0, UTC)).total_seconds())


def fits(check: Callable[[str], object], text: str) -> bool:
    """Whether a check takes a text."""
    try:
        check(text)
    except ValueError:
        return False
    return True
