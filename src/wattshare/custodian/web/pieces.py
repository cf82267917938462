"""Bodies on their way out: one gzip member, whole where it is small, in large pieces where it is not."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from wattshare.custodian.services.disclosure.wirepath.member import compressing

# below it gzip costs more than it saves
WORTHWHILE = 1024
# sent with a Content-Length
WHOLE = 4 * 1024 * 1024
PIECE = 256 * 1024
CODING = re.compile(r"([\w*.+-]+)(?:;q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?")


def accepts_gzip(header: str) -> bool:
    """Whether Accept-Encoding wants gzip, and not less than the plain bytes. RFC 9110 §12.5.3."""
    weights: dict[str, float] = {}
    for item in header.lower().replace(" ", "").split(","):
        if found := CODING.fullmatch(item):
            weights[found[1]] = float(found[2] or 1)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


@dataclass(kw_only=True)
class Pouring:
    """A body that is pulled from an iterator. Its methods block, and are called in threads in turn."""

    source: Iterator[bytes]
    # whether the caller has hung up
    gone: Callable[[], bool]
    gzip: bool
    ended: bool = False
    flowing: Iterator[bytes] = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is pulled yet."""
        self.flowing = self.watched()

    def watched(self) -> Iterator[bytes]:
        """The source, for as long as somebody listens."""
        for piece in self.source:
            yield piece
            if self.gone():
                return

    def begin(self) -> bytes:
        """All of a small body, or the first WHOLE bytes of a large one; settles whether gzip is worth it."""
        plain = self.gathered(WORTHWHILE)
        self.gzip = self.gzip and not self.ended
        if not self.gzip:
            return plain if self.ended else plain + self.gathered(WHOLE - len(plain))
        self.flowing = compressing(chained(plain, self.flowing))
        return self.gathered(WHOLE)

    def more(self) -> bytes:
        """The next piece."""
        return self.gathered(PIECE)

    def gathered(self, least: int) -> bytes:
        """At least so many bytes, or all that is left."""
        pieces: list[bytes] = []
        size = 0
        while size < least:
            piece = next(self.flowing, None)
            if piece is None:
                self.ended = True
                break
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Let go of the source and what it holds open."""
        if callable(close := getattr(self.source, "close", None)):
            close()


def chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """One piece before the others."""
    yield first
    yield from rest
