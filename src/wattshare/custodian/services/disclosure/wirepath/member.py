"""Bytes into one gzip member, and never more than one: several break clients that are in use. RFC 1952."""

import importlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

GZIP = 16 + zlib.MAX_WBITS
LEVEL = 1
# a call of the compressor costs as much as some kilobytes do
CHUNK = 64 * 1024


class Compressor(Protocol):
    """What zlib and isal have in common."""

    def compress(self, data: bytes, /) -> bytes:
        """Take data; give what is ready."""

    def flush(self) -> bytes:
        """Give the rest and the trailer."""


def fastest() -> ModuleType:
    """isal where it is installed: six times as fast for the same bytes."""
    try:
        return importlib.import_module("isal.isal_zlib")
    except ImportError:
        return zlib


DEFLATE = fastest()


def compressor() -> Compressor:
    """The start of one gzip member: without a time or a name, so that the same bytes give the same bytes."""
    started: Compressor = DEFLATE.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    return started


def compressed(body: bytes) -> bytes:
    """A body as one gzip member."""
    member = compressor()
    return member.compress(body) + member.flush()


def compressing(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """One gzip member, as its bytes get ready."""
    member = compressor()
    for chunk in gathered(pieces, CHUNK):
        if ready := member.compress(chunk):
            yield ready
    yield member.flush()


def gathered(pieces: Iterable[bytes], least: int) -> Iterator[bytes]:
    """The same bytes in pieces of at least this size, but for the last."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= least:
            yield waiting[0] if len(waiting) == 1 else b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


@dataclass
class Counted:
    """Pieces on their way, and how many bytes have passed."""

    pieces: Iterable[bytes]
    size: int = 0

    def __iter__(self) -> Iterator[bytes]:
        """Let them pass."""
        for piece in self.pieces:
            self.size += len(piece)
            yield piece
