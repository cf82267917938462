"""A file from the disk to a plain connection without passing through us."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

# where the scope has it, and what hangs up on any connection
EXTENSION = "wattshare.direct"
CUT = "wattshare.cut"
# bytes that the kernel is asked to take at a time: others on this thread are to have their turn
SLICE = 2 * 1024 * 1024


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
