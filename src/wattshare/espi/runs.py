"""Runs of readings of the usual shape, read many at a time. espi.xsd IntervalReading.

A feed is readings, and little else. Where they are plain — every value in range at a glance, one quality at
most, no attribute, no blank inside a value — they are read from text: those of a run that differ in nothing but
numbers all at once, others by one expression each. What it does not fit is read element by element, so nothing
passes here that would not pass there.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from lxml import etree

from wattshare.espi.fields import ESPI
from wattshare.espi.plain_readings import FIELDS, PlainReadings

READING = f"{{{ESPI}}}IntervalReading"
# of fewer it is not worth the while
SHORTEST = 4
# as many digits as are within the type whatever they are, and what they can be
_INT48, _INT16, _UINT16, _UINT32, _TIME = (
    (rb"-?\d{1,14}", range(1 - 10**14, 10**14)),
    (rb"-?\d{1,4}", range(1 - 10**4, 10**4)),
    (rb"\d{1,4}", range(10**4)),
    (rb"\d{1,9}", range(10**9)),
    (rb"[123]?\d{1,9}", range(4 * 10**9)),
)
_TYPES = dict(zip(FIELDS, (_INT48, _UINT16, _UINT32, _TIME, _INT48, _INT16, _INT16, _INT16), strict=True))
_BLANKS = b" \t\r\n"

# a field's number, or each one's
Numbers = Mapping[str, Sequence[int]]


class Alike(NamedTuple):
    """Readings that differ in nothing but numbers, and where they stand in a text."""

    readings: PlainReadings
    begin: int
    # where the first one ends, and the last
    first: int
    end: int
    # line breaks between the two
    breaks: int


@lru_cache(maxsize=16)
def shape(prefix: str) -> re.Pattern[bytes]:
    """One plain reading, and the blanks before it; a group for each field. `prefix` has its colon."""
    p = re.escape(prefix.encode())

    def leaf(name: bytes, field: str) -> bytes:
        return rb"[%b]*<%b%b>(?P<%b>%b)</%b%b>" % (_BLANKS, p, name, field.encode(), _TYPES[field][0], p, name)

    def around(name: bytes, content: bytes) -> bytes:
        return rb"[%b]*<%b%b>%b[%b]*</%b%b>" % (_BLANKS, p, name, content, _BLANKS, p, name)

    parts = [
        leaf(b"cost", "cost"),
        around(b"ReadingQuality", leaf(b"quality", "quality")),
        around(b"timePeriod", leaf(b"duration", "duration") + leaf(b"start", "start")),
        leaf(b"value", "value"),
        leaf(b"consumptionTier", "consumption_tier"),
        leaf(b"tou", "tou"),
        leaf(b"cpp", "cpp"),
    ]
    return re.compile(around(b"IntervalReading", b"".join(b"(?:%b)?" % part for part in parts)))


def read_run(block: etree._Element, most: int) -> PlainReadings:
    """The readings that a block begins with, up to `most` of them, or to the first that is not plain."""
    printed = etree.tostring(block)
    one = shape(f"{block.prefix}:" if block.prefix else "")
    # the first bracket ends the block's own tag: the parser takes no namespace that holds one
    at = printed.index(b">") + 1
    if run := alike(printed, one, at, most=most):
        return run.readings
    parts = list[PlainReadings]()
    while len(parts) < most and (found := one.match(printed, at)):
        parts.append(PlainReadings(1, {name: [number] for name, number in _said(found).items()}))
        at = found.end()
    return PlainReadings.joined(parts)


def alike(text: bytes, one: re.Pattern[bytes], at: int, *, most: int, stop: int = sys.maxsize) -> Alike | None:
    """The readings from a place on, up to `most` and to `stop`, where all of them differ in nothing but numbers.

    Which numbers these are is guessed, and then shown: written as the second one is, they are what stands there.
    """
    first = one.match(text, at, stop)
    second = one.match(text, first.end(), stop) if first and most > 1 else None
    if first is None or second is None or not (said := _said(second)) or said.keys() != (before := _said(first)).keys():
        return None
    begin = text.index(b"<", first.start())
    opening = second[0].lstrip(_BLANKS).partition(b">")[0] + b">"
    count = min(most, text.count(opening, begin, stop))
    body = text[begin : min(stop, len(text))]
    try:
        numbers = _usual(body, second, count, before, said)
        if (written := _written(second, count, numbers)) is None or not body.startswith(written):
            numbers = {name: _column(body, second, name, count) for name in said}
            written = _written(second, count, numbers)
    except ValueError:
        return None
    if written is None or not body.startswith(written):
        return None
    columns: dict[str, list[int | None]] = {
        name: [*numbers[name]] if name in numbers else [number] * count for name, number in said.items()
    }
    breaks = second[0].count(b"\n") * (count - 1)
    return Alike(PlainReadings(count, columns), begin, first.end(), begin + len(written), breaks)


def _said(found: re.Match[bytes]) -> dict[str, int]:
    return {name: int(digits) for name, digits in found.groupdict().items() if digits is not None}


def _usual(body: bytes, second: re.Match[bytes], count: int, before: dict[str, int], said: dict[str, int]) -> Numbers:
    """The numbers of readings of which each follows the one before, and nothing else than the value changes."""
    numbers = dict[str, Sequence[int]]()
    if "start" in said and (step := said["start"] - before["start"]):
        numbers["start"] = range(before["start"], before["start"] + count * step, step)
    if "value" in said:
        numbers["value"] = _column(body, second, "value", count)
    return numbers


def _column(body: bytes, second: re.Match[bytes], name: str, count: int) -> list[int]:
    """What stands in the first tags of a name.

    Raises:
        ValueError: one of them is no number.
    """
    tag = second.string[second.string.rindex(b"<", 0, second.start(name)) : second.start(name)]
    return [int(part.partition(b"<")[0]) for part in body.split(tag, count)[1:]]


def _written(second: re.Match[bytes], count: int, numbers: Numbers) -> bytes | None:
    """Readings as the second one is written, without the blanks before the first; None: it cannot be what was meant."""
    parts, at = list[bytes](), second.start()
    for name, column in numbers.items():
        within = _TYPES[name][1]
        if len(column) != count or min(column) not in within or max(column) not in within:
            return None
    for name in FIELDS:
        if name in numbers:
            parts += (second.string[at : second.start(name)], b"%d")
            at = second.end(name)
    template = b"".join((*parts, second.string[at : second.end()]))
    told = zip(*(numbers[name] for name in FIELDS if name in numbers), strict=True)
    return ((template * count) % tuple(chain.from_iterable(told))).lstrip(_BLANKS)
