"""Threads in which handlers do what blocks, and the way back to the loop that waits for them."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
# how often somebody who was called off looks whether the thread is done
LOOK_SECONDS = 0.01
# a thread that had nothing to do for so long ends; what it served may be gone
IDLE_SECONDS = 10


class Work:
    """Something to be done in a thread, for one who waits in a loop."""

    __slots__ = ("arguments", "done", "function", "loop", "waiting")

    def __init__(self, function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
        """Wait in the loop that runs."""
        self.function, self.arguments = function, arguments
        self.loop = asyncio.get_running_loop()
        self.waiting: asyncio.Future[Any] = self.loop.create_future()
        self.done = False

    def run(self) -> None:
        """Do it, and tell the loop."""
        result, fault = None, None
        try:
            result = self.function(*self.arguments)
        except BaseException as why:
            fault = why
        self.done = True
        # a loop that has ended waits for nothing
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.tell, result, fault)

    def tell(self, result: object, fault: BaseException | None) -> None:
        """Wake who waits, unless that was called off."""
        if self.waiting.done():
            return
        if fault is None:
            self.waiting.set_result(result)
        else:
            self.waiting.set_exception(fault)


@dataclass(kw_only=True)
class Threads:
    """So many threads at most; each is started when none is free, and ends when it is idle. Loops may come and go."""

    most: int
    idle_seconds: float = IDLE_SECONDS
    coming: SimpleQueue[Work] = field(default_factory=SimpleQueue)
    started: int = 0
    # threads that wait for work; where less than none, work that waits for threads
    idle: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """What a function gives that blocks.

        Who is called off meanwhile goes on when the thread is done, as what runs in it cannot be stopped.
        """
        work = Work(function, arguments)
        with self.lock:
            missing = self.idle <= 0 and self.started < self.most
            if missing:
                self.started += 1
            else:
                self.idle -= 1
        self.coming.put(work)
        if missing:
            threading.Thread(target=self._serve, name="handler", daemon=True).start()
        try:
            result: T = await work.waiting
        except asyncio.CancelledError:
            while not work.done:
                await asyncio.sleep(LOOK_SECONDS)
            raise
        return result

    def _serve(self) -> None:
        while (work := self._next()) is not None:
            work.run()
            # what was done is not kept until there is more to do
            del work
            with self.lock:
                self.idle += 1

    def _next(self) -> Work | None:
        """What is to be done; None when there is nothing, and nobody counts on this thread."""
        while True:
            try:
                return self.coming.get(timeout=self.idle_seconds)
            except Empty:
                with self.lock:
                    if self.idle > 0:
                        self.idle -= 1
                        self.started -= 1
                        return None
