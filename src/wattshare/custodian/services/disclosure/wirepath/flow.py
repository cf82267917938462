"""A feed on its way: plain bytes, and days that are still packed.

Whoever iterates over it gets bytes. Only who writes a gzip member asks for the days themselves, which the direct
encoder takes as they are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wattshare.custodian.services.disclosure.wirepath.direct import RECORD, Encoder
from wattshare.custodian.services.disclosure.wirepath.names import Place
from wattshare.custodian.services.disclosure.wirepath.numbers import unpacking
from wattshare.custodian.services.disclosure.wirepath.templates import Template

# days that go to the encoder at once
LONGEST = 64


@dataclass(slots=True)
class Run:
    """Days of one channel that follow each other, as the encoder takes them."""

    encoder: Encoder
    place: Place
    templates: list[Template] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        """How many days."""
        return len(self.templates)

    @property
    def least(self) -> int:
        """Bytes of XML that it has at least: a slot is never filled with nothing."""
        return sum(len(template.text) // 2 for template in self.templates)

    def texts(self) -> Iterator[bytes]:
        """The entries, by their templates."""
        href = self.place.href
        for number, template in enumerate(self.templates):
            _, start, width, size, _, _ = self.records[number * RECORD : (number + 1) * RECORD]
            published, updated, numbers = self.data[number * 3 : number * 3 + 3]
            named = self.place.name(start), href, href, published, updated
            yield template.text % (named + unpacking(size // width, width)(numbers))


Piece = bytes | Run


@dataclass
class Flow(Iterator[bytes]):
    """Pieces on their way. They go once: as bytes, or by `pieces` as they are."""

    pieces: Iterator[Piece]
    # whether there may be days among them that are still packed
    packed: bool = True
    _bytes: Iterator[bytes] = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is pulled yet."""
        # without any, what is iterated over is the source itself
        self._bytes = texts(self.pieces) if self.packed else self.pieces  # type: ignore[assignment]

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, without a call of ours for each."""
        return self._bytes

    def __next__(self) -> bytes:
        """The next bytes."""
        return next(self._bytes)

    def close(self) -> None:
        """Let go of the source and what it holds open."""
        if callable(close := getattr(self.pieces, "close", None)):
            close()


def texts(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """The bytes of pieces."""
    for piece in pieces:
        if isinstance(piece, Run):
            yield from piece.texts()
        else:
            yield piece


def least(piece: Piece) -> int:
    """Bytes of XML that a piece has at least."""
    return piece.least if isinstance(piece, Run) else len(piece)
