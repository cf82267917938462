"""Requests that come before those ahead of them are answered: a few are read, the others wait as bytes.

A request that was read takes a hundred times its bytes; who sends very many small ones, and waits for none of them,
is to take no more of our memory than anybody else.
"""

import asyncio
from collections.abc import Callable, Sized

from uvicorn.protocols.http.flow_control import FlowControl

# requests that are read ahead of their turn, about; and bytes that are read at a time, of which each may be many
FEW, SLICE = 16, 2_048


class Gate(FlowControl):
    """uvicorn's, which does not read on while something waits here."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Nothing waits."""
        super().__init__(transport)
        self.waiting = b""

    def resume_reading(self) -> None:
        """Read on, if that is all there is."""
        if not self.waiting:
            super().resume_reading()

    def pass_on(self, data: bytes, read: Callable[[bytes], None], ahead: Sized) -> None:
        """Have bytes read, after those that wait, for as long as there are few requests `ahead`; the others wait."""
        coming, self.waiting, at = self.waiting + data if self.waiting else data, b"", 0
        while at < len(coming) and len(ahead) < FEW and not self._transport.is_closing():
            read(coming[at : at + SLICE] if at or len(coming) > SLICE else coming)
            at += SLICE
        if at < len(coming) and not self._transport.is_closing():
            self.waiting = coming[at:]
            self.pause_reading()
