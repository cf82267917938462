"""The head of an answer and the beginning of its body in one write.

Each write to a socket is a call into the kernel, and wakes whoever reads at the other end: for a small answer that is
more than all else that its sending costs.
"""

import asyncio
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

# what is longer is written beside the head, not copied behind it
COPIED = 64 * 1024
# of a connection that ends: what the kernel has not sent is dropped, after no time
AT_ONCE = struct.pack("ii", 1, 0)


class Joined:
    """The transport of one answer. What is written first waits for what comes next in the same turn of the loop."""

    __slots__ = ("_held", "_loop", "_plain", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing is written yet."""
        self._transport, self._loop = transport, loop
        self._held: bytes | None = None
        # from the second write on
        self._plain = False

    def write(self, data: bytes) -> None:
        """Write, or wait with the head. Where the other end has gone, that is told otherwise: nothing is written."""
        if self._transport.is_closing():
            self._held, self._plain = None, True
        elif self._plain:
            self._transport.write(data)
        elif self._held is None:
            self._held = data
            # a body that takes its time keeps nobody waiting for the head
            self._loop.call_soon(self.flush)
        else:
            held, self._held, self._plain = self._held, None, True
            if len(data) <= COPIED:
                self._transport.write(held + data)
            else:
                self._transport.writelines((held, data))

    def at_once(self, parts: Sequence[bytes]) -> None:
        """Write all of an answer, of which nothing has been written."""
        self._plain = True
        if self._transport.is_closing():
            return
        if len(parts) == 1:
            self._transport.write(parts[0])
        else:
            self._transport.writelines(parts)

    def flush(self) -> None:
        """Write what waits."""
        if self._held is not None:
            held, self._held, self._plain = self._held, None, True
            if not self._transport.is_closing():
                self._transport.write(held)

    def close(self) -> None:
        """Hang up when all is sent."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Hang up now."""
        self._held, self._plain = None, True
        self._transport.abort()

    def reset(self) -> None:
        """Hang up now, and so that the other end does not take that for the end of an answer."""
        connection = self.get_extra_info("socket")
        # there is none, or a closed one, where the other end has gone first
        if connection is not None:
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.abort()

    def is_closing(self) -> bool:
        """Whether it is hung up."""
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return self._transport.get_write_buffer_size() + len(self._held or b"")

    def get_extra_info(self, name: str) -> Any:
        """What the connection says of itself."""
        return self._transport.get_extra_info(name)
