"""Pieces into the inside of one gzip member: by isal, and from the first day on by the direct encoder. RFC 1951."""

import zlib
from collections.abc import Iterable, Iterator
from struct import pack

from wattshare.custodian.services.disclosure.wirepath.combining import combined
from wattshare.custodian.services.disclosure.wirepath.direct import Stream
from wattshare.custodian.services.disclosure.wirepath.flow import Piece, Run
from wattshare.custodian.services.disclosure.wirepath.member import CHUNK, DEFLATE, LEVEL

# no name, no time, no extra fields; made by an unknown system
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
SIZES = 2**32


def gzipped(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """One member of pieces, as its bytes get ready."""
    inside = Deflating()
    yield HEADER
    for piece in pieces:
        if ready := inside.add(piece):
            yield ready
    rest = inside.end()
    yield rest + trailer(inside.crc, inside.size)


def trailer(crc: int, size: int) -> bytes:
    """What a member ends with."""
    return pack("<LL", crc, size % SIZES)


class Deflating:
    """`add` as often as there is something, then `end`. What was added is known then: its check sum and its size."""

    def __init__(self) -> None:
        """Start empty."""
        self._deflate = DEFLATE.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._gathered: list[bytes] = []
        self._waiting = 0
        self._stream: Stream | None = None
        self.crc = self.size = 0

    def add(self, piece: Piece) -> bytes:
        """Take a piece; give what is ready."""
        if isinstance(piece, Run):
            return self._direct(piece)
        self._gathered.append(piece)
        self._waiting += len(piece)
        return self._text() if self._waiting >= CHUNK else b""

    def end(self) -> bytes:
        """Give the rest: the last block is the last one."""
        ready, stream = self._text(), self._stream
        if stream is None:
            last: bytes = self._deflate.flush()
            return ready + last
        ready += stream.end()
        self.crc, self.size = combined(self.crc, stream.crc, stream.size), self.size + stream.size
        stream.release()
        return ready

    def _direct(self, run: Run) -> bytes:
        before = self._text() if self._gathered else b""
        if self._stream is None:
            # up to a whole byte, where the encoder's block begins
            before += self._deflate.flush(zlib.Z_SYNC_FLUSH) if self.size else b""
            self._stream = run.encoder.begin()
        return before + self._stream.days(run)

    def _text(self) -> bytes:
        """Take the plain pieces that have come together: a call costs as much as some hundred bytes do."""
        data = b"".join(self._gathered)
        self._gathered, self._waiting = [], 0
        if self._stream is not None:
            return self._stream.text(data)
        self.crc = DEFLATE.crc32(data, self.crc)
        self.size += len(data)
        ready: bytes = self._deflate.compress(data)
        return ready
