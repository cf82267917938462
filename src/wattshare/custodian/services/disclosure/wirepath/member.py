"""Bytes into one gzip member, and never more than one: several break clients that are in use. RFC 1952.

Or into one frame of zstd, for who asks for that. RFC 8878.
"""

import importlib
import zlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from types import ModuleType
from typing import Protocol

from zstandard import ZstdCompressor

WBITS = 16 + zlib.MAX_WBITS
LEVEL = 1
# what the compressor is given at once: it copies what is less
CHUNK = 256 * 1024


class Coding(StrEnum):
    """A content coding, as Content-Encoding names it. RFC 9110 §8.4.1."""

    IDENTITY = "identity"
    GZIP = "gzip"
    ZSTD = "zstd"


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


def compressor(coding: Coding = Coding.GZIP) -> Compressor:
    """The start of one member or frame: without a time or a name, so that the same bytes give the same bytes.

    Raises:
        LookupError: the coding is none that compresses.
    """
    started: Compressor
    match coding:
        case Coding.GZIP:
            started = DEFLATE.compressobj(LEVEL, zlib.DEFLATED, WBITS)
        case Coding.ZSTD:
            # with a checksum, as gzip has one
            started = ZstdCompressor(level=LEVEL, write_checksum=True, write_content_size=False).compressobj()
        case _:
            raise LookupError(f"nothing compresses into {coding}")
    return started


def compressed(body: bytes, coding: Coding = Coding.GZIP) -> bytes:
    """A whole body as one member or frame."""
    member = compressor(coding)
    return member.compress(body) + member.flush()


def compressing(pieces: Iterable[bytes], coding: Coding = Coding.GZIP) -> Iterator[bytes]:
    """One member or frame, as its bytes get ready."""
    member = compressor(coding)
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
