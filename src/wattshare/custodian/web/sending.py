"""A stretch of a file on its way to a plain connection: the kernel copies, and calls us when it can take more."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from wattshare.custodian.services.access import ASK_SECONDS
from wattshare.custodian.web.direct import SLICE, Direct


class Sending:
    """The bytes of a file that are still to be sent, and who waits for their end.

    The loop calls as often as the kernel has room, some fifty times for a hundred megabytes: so nobody is woken
    until there is something to decide.
    """

    __slots__ = ("_at", "_direct", "_ended", "_left", "_loop", "_moved", "_source", "_to")

    def __init__(self, source: int, first: int, count: int, direct: Direct, to: int) -> None:
        """Of the open file `source`, to the socket `to`."""
        self._source, self._direct, self._to = source, direct, to
        self._at, self._left = first, count
        self._moved = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()

    async def run(self, still: Callable[[], Awaitable[None]], patience: float) -> None:
        """Send all of it; `still` is asked again and again, and nothing leaves meanwhile.

        Raises:
            TimeoutError: the reader has taken nothing for so many seconds.
            EOFError: the file is shorter than it was.
            OSError: the connection is broken.
            Refusal: `still` says that the caller may no longer have it.
        """
        while True:
            self._loop.add_writer(self._to, self._more)
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(ASK_SECONDS):
                        await asyncio.shield(self._ended)
            finally:
                self._loop.remove_writer(self._to)
            if self._ended.done():
                return self._ended.result()
            if self._direct.lost:
                return None
            if time.monotonic() - self._moved >= patience:
                raise TimeoutError
            await still()

    def _more(self) -> None:
        """The kernel has room: one slice, so that others on this thread have their turn."""
        if self._ended.done():
            return
        try:
            if not self._left or self._direct.lost:
                self._ended.set_result(None)
                return
            sent = os.sendfile(self._to, self._source, self._at, min(SLICE, self._left))
        except BlockingIOError:
            return
        except OSError as fault:
            self._ended.set_exception(fault)
            return
        if not sent:
            self._ended.set_exception(EOFError("a file is shorter than it was"))
            return
        self._at, self._left, self._moved = self._at + sent, self._left - sent, time.monotonic()
        self._direct.passed(sent)
        if not self._left:
            self._ended.set_result(None)
