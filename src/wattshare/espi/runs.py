"""Runs of readings of the usual shape, read many at a time. espi.xsd IntervalReading.

A feed is readings, and little else. Where they are plain — every value in range at a glance, one quality at
most, no attribute, no blank inside a value — one expression over the block, printed from its tree, reads a
whole run. What it does not fit is read one by one, so nothing passes here that would not pass there.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from wattshare.espi.fields import ESPI
from wattshare.espi.usage import DateTimeInterval, IntervalReading, ReadingQuality

READING = f"{{{ESPI}}}IntervalReading"
# of fewer it is not worth the while
SHORTEST = 4
# as many digits as are within the type whatever they are
_INT48, _INT16, _UINT16, _UINT32, _TIME = (
    rb"-?\d{1,14}",
    rb"-?\d{1,4}",
    rb"\d{1,4}",
    rb"\d{1,9}",
    rb"[123]?\d{1,9}",
)


@lru_cache(maxsize=16)
def _shape(prefix: str) -> re.Pattern[bytes]:
    p = re.escape(prefix.encode())

    def leaf(name: bytes, digits: bytes) -> bytes:
        return rb"\s*<%b%b>(%b)</%b%b>" % (p, name, digits, p, name)

    def around(name: bytes, content: bytes) -> bytes:
        return rb"\s*<%b%b>%b\s*</%b%b>" % (p, name, content, p, name)

    parts = [
        leaf(b"cost", _INT48),
        around(b"ReadingQuality", leaf(b"quality", _UINT16)),
        around(b"timePeriod", leaf(b"duration", _UINT32) + leaf(b"start", _TIME)),
        leaf(b"value", _INT48),
        leaf(b"consumptionTier", _INT16),
        leaf(b"tou", _INT16),
        leaf(b"cpp", _INT16),
    ]
    return re.compile(around(b"IntervalReading", b"".join(b"(?:%b)?" % part for part in parts)))


@lru_cache(maxsize=64)
def _quality(code: bytes | None) -> tuple[ReadingQuality, ...]:
    return () if code is None else (ReadingQuality(quality=int(code)),)


def read_run(block: etree._Element, most: int) -> Iterator[IntervalReading]:
    """The readings that a block begins with, up to `most` of them, or to the first that is not plain."""
    printed = etree.tostring(block)
    prefix = f"{block.prefix}:" if block.prefix else ""
    # the first bracket ends the block's own tag: the parser takes no namespace that holds one
    scan = _shape(prefix).scanner(printed, printed.index(b">") + 1)  # type: ignore[attr-defined]
    for _ in range(most):
        found = scan.match()
        if found is None:
            return
        cost, quality, duration, start, value, tier, tou, cpp = found.groups()
        period = None if start is None else DateTimeInterval(duration=int(duration), start=int(start))
        yield IntervalReading(
            cost=None if cost is None else int(cost),
            quality=_quality(quality),
            time_period=period,
            value=None if value is None else int(value),
            consumption_tier=None if tier is None else int(tier),
            tou=None if tou is None else int(tou),
            cpp=None if cpp is None else int(cpp),
        )
