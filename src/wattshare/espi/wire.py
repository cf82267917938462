"""XML, in and out. The only door to it of the whole project.

What reads, and its parser with it, is loaded for whoever reads first: who only writes keeps megabytes free.
"""

from typing import TYPE_CHECKING

from wattshare.espi.deviations import Deviation, DeviationCode, Malformed, Rule, TooBig
from wattshare.espi.limits import Limits
from wattshare.espi.writer import entry, feed_head, feed_tail, write

if TYPE_CHECKING:
    from wattshare.espi.reader import Document, read, stream

__all__ = [
    "Deviation",
    "DeviationCode",
    "Document",
    "Limits",
    "Malformed",
    "Rule",
    "TooBig",
    "entry",
    "feed_head",
    "feed_tail",
    "read",
    "stream",
    "write",
]


def __getattr__(name: str) -> object:
    """What stands in `__all__` and is not loaded yet. PEP 562."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # for the reason above
    from wattshare.espi import reader  # noqa: PLC0415

    return getattr(reader, name)
