"""How much of a document is read before it is refused. Known without what reads."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a document may cost.

    `part` bounds whatever has to be held as a tree: every element but feed, entry, content,
    IntervalBlock and the document's root is read when it has ended, and may be no larger.
    """

    bytes: int = 2 * 1024**3
    depth: int = 32
    elements: int = 50_000_000
    attributes: int = 64
    text: int = 1024**2
    part: int = 8 * 1024**2
