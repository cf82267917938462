"""Bodies on their way out: in the coding that is wanted, whole where they are small, in large pieces where not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from threading import Event
from typing import TypeVar

from wattshare.custodian.services.disclosure.wirepath.deflating import gzipped
from wattshare.custodian.services.disclosure.wirepath.flow import Flow, Piece, least, texts
from wattshare.custodian.services.disclosure.wirepath.member import Coding, compressing, gathered
from wattshare.custodian.web.codings import Wanted

# below it a coding costs more than it saves
WORTHWHILE = 1024
# sent with a Content-Length
WHOLE = 4 * 1024 * 1024
PIECE = 256 * 1024

P = TypeVar("P", bytes, Piece)


@dataclass(kw_only=True)
class Pouring:
    """A body that is pulled from an iterator. Its methods block, and are called in threads in turn."""

    source: Iterator[bytes]
    # set when the caller has hung up
    gone: Event
    wanted: Wanted
    ended: bool = False
    # settled by `begin`
    coding: Coding = Coding.IDENTITY
    flowing: Iterator[bytes] = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is pulled yet."""
        self.flowing = self.watched(self.source)

    def watched(self, source: Iterator[P]) -> Iterator[P]:
        """A source, for as long as somebody listens."""
        for piece in source:
            yield piece
            if self.gone.is_set():
                return

    def begin(self) -> list[bytes]:
        """All of a small body, or WHOLE bytes of a large one and a piece; settles whether a coding is worth it.

        In pieces, as they are: a body is not there twice.
        """
        if self.wanted.coding is Coding.GZIP and isinstance(self.source, Flow) and self.source.packed:
            return self._packed(self.source)
        first = self.more(WORTHWHILE)
        if self.ended and not self.wanted.always:
            return [first]
        self.ended, self.flowing = False, chained(first, self.flowing)
        if self.wanted.coding is not Coding.IDENTITY:
            self.coding = self.wanted.coding
            self.flowing = compressing(self.flowing, self.coding)
        return list(self.filled(WHOLE))

    def settle(self) -> None:
        """Settle whether a coding is worth it, for who wants the head alone."""
        if self.wanted.coding is Coding.IDENTITY:
            return
        self.more(WORTHWHILE)
        if not self.ended or self.wanted.always:
            self.coding = self.wanted.coding

    def _packed(self, source: Flow) -> list[bytes]:
        """The same of a feed whose days are still packed: they are left so."""
        pieces, first, size = self.watched(source.pieces), list[Piece](), 0
        for piece in pieces:
            first.append(piece)
            size += least(piece)
            if size >= WORTHWHILE:
                break
        else:
            body = b"".join(texts(first))
            if len(body) < WORTHWHILE and not self.wanted.always:
                self.ended = True
                return [body]
        self.coding, self.flowing = Coding.GZIP, gzipped(chain(first, pieces))
        return list(self.filled(WHOLE))

    def filled(self, least: int) -> Iterator[bytes]:
        """Pieces until there are so many bytes, or none are left."""
        size = 0
        while size < least and (piece := self.more()):
            size += len(piece)
            yield piece

    def more(self, least: int = PIECE) -> bytes:
        """The next piece; the last one may be smaller, and after it there are none."""
        piece = b"" if self.ended else next(gathered(self.flowing, least), b"")
        self.ended = self.ended or len(piece) < least
        return piece

    def close(self) -> None:
        """Let go of the source and what it holds open."""
        if callable(close := getattr(self.source, "close", None)):
            close()


def chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """One piece before the others."""
    yield first
    yield from rest
