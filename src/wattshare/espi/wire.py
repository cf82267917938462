"""XML, in and out. The only door to it of the whole project."""

from wattshare.espi.deviations import Deviation, DeviationCode, Malformed, Rule, TooBig
from wattshare.espi.reader import Document, read, stream
from wattshare.espi.reading import Limits
from wattshare.espi.writer import entry, feed_head, feed_tail, write

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
