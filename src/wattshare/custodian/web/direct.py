"""Past what stands between us and a connection: an answer that is all there, and a file from the disk."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattshare.custodian.web.joined import COPIED

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

# where the scope has it, and what hangs up on any connection
EXTENSION = "wattshare.direct"
CUT = "wattshare.cut"
# the version of HTTP in which the end of the connection may be that of an answer
OLD = "1.0"
# what sends an answer that is all there
AT_ONCE = "wattshare.at_once"
# bytes that the kernel is asked to take at a time: others on this thread are to have their turn after a millisecond or
# two, and each slice costs a turn of the loop
SLICE = 8 * 1024 * 1024


class UntilClosed(int):
    """The length of a body that ends with its connection, as uvicorn counts it: however much is sent, none is left.

    Callers of HTTP/1.0 know no other end of a body whose length nobody knows. RFC 9112 §6.3.
    """

    def __lt__(self, other: object) -> bool:
        """Nothing is too much."""
        return False

    def __sub__(self, other: int) -> "UntilClosed":
        """Nothing is left, as before."""
        return self


@dataclass(frozen=True)
class Direct:
    """The connection of one request."""

    cycle: "RequestResponseCycle"

    @property
    def idle(self) -> bool:
        """Whether all that was written before has left us."""
        return not self.cycle.transport.get_write_buffer_size()

    @property
    def lost(self) -> bool:
        """Whether nobody is there any more."""
        return self.cycle.disconnected or self.cycle.transport.is_closing()

    @contextmanager
    def handle(self) -> Iterator[int]:
        """A descriptor of our own for the socket: the loop lets nobody else wait at its own."""
        handle = os.dup(self.cycle.transport.get_extra_info("socket").fileno())
        try:
            yield handle
        finally:
            os.close(handle)

    def passed(self, count: int) -> None:
        """Say that so many bytes of the body have gone another way."""
        self.cycle.expected_content_length -= count

    def cut(self) -> None:
        """Hang up, so that nobody takes a part for the whole."""
        self.cycle.transport.abort()


class AtOnce:
    """The connection of one request, for an answer that is all there: its head is bytes already, and is not read again.

    uvicorn takes it in two messages, and looks at each header as if it were somebody else's.
    """

    __slots__ = ("_cycle", "_write")

    def __init__(self, cycle: "RequestResponseCycle", write: Callable[[Sequence[bytes]], None]) -> None:
        """Nothing is sent yet; `write` takes all of an answer."""
        self._cycle, self._write = cycle, write

    @property
    def free(self) -> bool:
        """Whether nothing is under way, and the kernel takes what is written."""
        cycle = self._cycle
        return not (cycle.flow.write_paused or cycle.response_started or cycle.disconnected)

    def send_if_there(self, head: bytes, body: bytes) -> None:
        """Send an answer and end it, unless nobody is there any more."""
        if not (self._cycle.disconnected or self._cycle.transport.is_closing()):
            self.send(head, body, close=False)

    def send(self, head: bytes, body: bytes, *, close: bool) -> None:
        """Send an answer and end it. `head`: from the status line on; `close`: it says that the connection ends."""
        cycle = self._cycle
        head += b"".join([b"%b: %b\r\n" % pair for pair in cycle.default_headers])
        if close:
            cycle.keep_alive = False
        elif not cycle.keep_alive:
            head += b"connection: close\r\n"
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        if len(body) <= COPIED:
            self._write((b"%b\r\n%b" % (head, body),))
        else:
            self._write((head + b"\r\n", body))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
