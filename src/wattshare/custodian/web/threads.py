"""Threads in which handlers do what blocks, and the way back to the loop that waits for them.

Python runs one thread at a time. Eight that each ask the database a little hand that turn to each other some fifty
times a request, which costs as much as the request itself. So one thread does what is there, piece after piece, and
another one is woken only when it has been at the same piece for a while: soon where it waits for something, later
where the process computes, as two that compute take longer together than one after the other.

What is owed by an answer before it may be told, its entry of the trail, is settled for all pieces that were done
together: one commit instead of many.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from weakref import WeakSet

T = TypeVar("T")
# how often somebody who was called off looks whether the thread is done
LOOK_SECONDS = 0.01
# a thread that had nothing to do for so long ends; what it served may be gone
IDLE_SECONDS = 10
# a thread that has been at one piece for so long keeps nobody else from being woken
FRESH_SECONDS = 0.002
# a process that computes for so much of its time wakes another thread only for who has waited for so long, for each one
# that is awake; and how long the time is that is looked at
COMPUTES, WAITED_SECONDS, SAMPLE_SECONDS = 0.7, 0.1, 0.01
# what is owed is settled after so long, and for so many, at the latest
SETTLED_SECONDS, TOGETHER = 0.005, 16


@dataclass(kw_only=True)
class Owing:
    """A result that nobody is told of before what it owes is settled."""

    owed: Any = None


# settles what several results owe; a fault becomes the result of each
Settle = Callable[[list[Any]], None]


class Work:
    """Something to be done in a thread, for one who waits in a loop."""

    __slots__ = ("arguments", "asked", "done", "fault", "function", "loop", "result", "waiting")

    def __init__(self, function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
        """Wait in the loop that runs."""
        self.function, self.arguments = function, arguments
        self.asked = time.monotonic()
        self.loop = asyncio.get_running_loop()
        self.waiting: asyncio.Future[Any] = self.loop.create_future()
        self.result: Any = None
        self.fault: BaseException | None = None
        self.done = False

    def run(self) -> None:
        """Do it."""
        try:
            self.result = self.function(*self.arguments)
        except BaseException as why:
            self.fault = why

    @property
    def owes(self) -> bool:
        """Whether something is to be settled."""
        return isinstance(self.result, Owing) and self.result.owed is not None

    def tell(self) -> None:
        """Wake who waits, unless that was called off."""
        fault, waiting = self.fault, self.waiting
        # a fault knows by which frames it came, and they know this: it is not to lead back to the fault
        del self.fault, self.waiting
        if waiting.done():
            return
        if fault is None:
            waiting.set_result(self.result)
        else:
            waiting.set_exception(fault)


@dataclass(kw_only=True)
class Threads:
    """So many threads at most; each is started when it is needed, and ends when it is idle. Loops may come and go."""

    most: int
    settle: Settle = lambda _: None
    idle_seconds: float = IDLE_SECONDS
    # called in the last thread when it ends
    quiet: Callable[[], None] = lambda: None
    # so many are woken without waiting whether those at work are soon done
    abreast: int = 1
    coming: deque[Work] = field(default_factory=deque)
    started: int = 0
    # threads that sleep, and have not been woken
    asleep: int = 0
    waking: SimpleQueue[None] = field(default_factory=SimpleQueue)
    # when those were woken that have not come yet
    woken: deque[float] = field(default_factory=deque)
    # since when each thread that is awake has been at its piece
    begun: dict[int, float] = field(default_factory=dict)
    # what was done and is not told yet, as what it owes is not settled; and since when
    owing: list[Work] = field(default_factory=list)
    since: float = 0.0
    # when it was last looked how much the process computes, what it had computed by then, and whether that was much
    sample: tuple[float, float, bool] = (0.0, 0.0, False)
    # loops in which it is looked soon whether another thread is needed
    looking: "WeakSet[asyncio.AbstractEventLoop]" = field(default_factory=WeakSet)
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """What a function gives that blocks, once what it owes is settled.

        Who is called off meanwhile goes on when the thread is done, as what runs in it cannot be stopped.
        """
        work = self._put(function, arguments)
        try:
            result: T = await work.waiting
        except asyncio.CancelledError:
            while not work.done:
                await asyncio.sleep(LOOK_SECONDS)
            raise
        return result

    def start(self, function: Callable[..., T], *arguments: object) -> "asyncio.Future[T]":
        """Have something done that blocks, without waiting for it here."""
        return self._put(function, arguments).waiting

    def _put(self, function: Callable[..., Any], arguments: tuple[object, ...]) -> Work:
        work = Work(function, arguments)
        with self.lock:
            self.coming.append(work)
            try:
                self._wake()
            except RuntimeError:
                self.coming.remove(work)
                raise
        if (self.coming or self.owing) and work.loop not in self.looking:
            self._look_again(work.loop)
        return work

    # whether another thread is needed

    def _needed(self) -> bool:
        """Whether another thread should be at work: there is something to do, and nobody will come soon."""
        now, awake = time.monotonic(), (*self.begun.values(), *self.woken)
        if not self.coming or sum(now - since < FRESH_SECONDS for since in awake) >= self.abreast:
            return False
        return now - self.coming[0].asked >= WAITED_SECONDS * len(awake) or not self._computes(now)

    def _computes(self, now: float) -> bool:
        """Whether the process has computed for most of the time lately."""
        since, computed, much = self.sample
        if now - since >= SAMPLE_SECONDS:
            spent = time.process_time()
            much = spent - computed > COMPUTES * (now - since)
            self.sample = now, spent, much
        return much

    def _wake(self) -> None:
        """See that somebody comes, where somebody is needed."""
        if not self._needed():
            return
        if self.asleep:
            self.asleep -= 1
            self.waking.put(None)
        elif self.started < self.most:
            self.started += 1
            try:
                threading.Thread(target=self._serve, name="handler", daemon=True).start()
            except RuntimeError:
                # the machine has none left; those that there are come when they can
                self.started -= 1
                if self.started:
                    return
                raise
        else:
            return
        self.woken.append(time.monotonic())

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self.looking.add(loop)
        loop.call_later(FRESH_SECONDS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self.looking.discard(loop)
        if self.coming or self.owing:
            with self.lock:
                if not self.coming and self.owing and time.monotonic() - self.since >= SETTLED_SECONDS:
                    # who did it has begun something long: somebody else is to come, and settle it
                    self.coming.append(Work(nothing, ()))
                self._wake()
            self._look_again(loop)

    # in a thread

    def _serve(self) -> None:
        me = threading.get_ident()
        self._come(me)
        while True:
            work, owing = self._next(me)
            if owing:
                self._settled(owing)
            if work is not None:
                work.run()
                if work.owes:
                    self._owe(work)
                else:
                    told((work,))
            elif not owing:
                if self._ends():
                    if not self.started:
                        self.quiet()
                    return
                self._come(me)
            # what was done is not kept until there is more to do
            del work, owing

    def _come(self, me: int) -> None:
        with self.lock:
            self.woken.popleft()
            # there is no moment at which nobody seems to be at work
            self.begun[me] = time.monotonic()

    def _next(self, me: int) -> tuple[Work | None, list[Work]]:
        """The piece that waits longest, and what is to be settled before it. Neither: who gets none sleeps."""
        with self.lock:
            self.begun.pop(me, None)
            work = self.coming.popleft() if self._needed() else None
            now, owing = time.monotonic(), list[Work]()
            if work is None or len(self.owing) >= TOGETHER or now - self.since >= SETTLED_SECONDS:
                owing, self.owing = self.owing[:TOGETHER], self.owing[TOGETHER:]
            if work is None and not owing:
                self.asleep += 1
            else:
                self.begun[me] = now
            return work, owing

    def _owe(self, work: Work) -> None:
        with self.lock:
            if not self.owing:
                self.since = time.monotonic()
            self.owing.append(work)

    def _ends(self) -> bool:
        """Sleep until woken. Whether there was nothing for so long that this thread may end."""
        while True:
            try:
                self.waking.get(timeout=self.idle_seconds)
            except Empty:
                with self.lock:
                    if not self.asleep:
                        # somebody was woken just now: maybe this one
                        continue
                    self.asleep -= 1
                    self.started -= 1
                    return True
            return False

    def _settled(self, owing: list[Work]) -> None:
        try:
            self.settle([work.result for work in owing])
        except BaseException as why:
            for work in owing:
                work.result, work.fault = None, why
        told(owing)


def nothing() -> None:
    """Be there."""


def told(works: Iterable[Work]) -> None:
    """Let the loops know of what is done. A loop that has ended waits for nothing."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Work]] = {}
    for work in works:
        work.done = True
        by_loop.setdefault(work.loop, []).append(work)
    for loop, done in by_loop.items():
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell_every, done)


def tell_every(works: Iterable[Work]) -> None:
    """In the loop."""
    for work in works:
        work.tell()
