"""Documents read as they come, an entry at a time. RFC 4287; the content by `strict`.

The parser builds a tree, and every child of an open element is read and cut off as soon as its successor has
begun; so what is held is one entry's values and a chunk's worth of tree, however long the document is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import BinaryIO, Literal

from lxml import etree

from wattshare.espi.atom import Entry, Feed, Resource
from wattshare.espi.deviations import Deviation, Malformed, Rule, refusal
from wattshare.espi.fields import CUSTOMER, ESPI
from wattshare.espi.frames import A
from wattshare.espi.lifting import Lifting
from wattshare.espi.limits import Limits
from wattshare.espi.prolog import read_prolog
from wattshare.espi.reading import Reading
from wattshare.espi.spine import Spine
from wattshare.espi.strict import is_resource

_CHUNK = 64 * 1024
# besides the root, what may be too long to be held as a tree
_OPENED = (
    A + "entry",
    A + "content",
    "{" + ESPI + "}IntervalBlock",
    "{" + ESPI + "}BatchList",
    "{" + CUSTOMER + "}BatchList",
)
_ROOTS = frozenset({A + "feed", A + "entry"})
# libxml2's error numbers. Its own limits: name, buffer, depth and the like
_PARSER_LIMITS = frozenset({110, 114})
_UNDECLARED_ENTITIES = frozenset({26, 27})
_BAD_BYTES = frozenset({32, 81, 6003})
# and the faults that people make, in words
_FAULTS = {
    4: "there is no XML in it",
    5: "something follows the end of its root element",
    9: "it holds a character that XML does not have",
    23: "an ampersand is not escaped",
    38: "an attribute holds a bracket that is not escaped",
    68: "an ampersand or a bracket is not escaped",
    76: "an end tag does not match the tag that is open",
    77: "it ends while elements are open",
    201: "a prefix is not declared",
}


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document read as a whole, and how it deviates."""

    root: Feed | Entry | Resource
    deviations: tuple[Deviation, ...]


def read(source: bytes | BinaryIO, *, limits: Limits | None = None, lenient: bool = False) -> Document:
    """Read a document that fits into memory: a feed, an entry, or an object of the standard alone.

    Raises:
        Malformed: it breaks a rule that this manner of reading does not waive; nothing of it is given.
    """
    deviations: list[Deviation] = []
    entries: list[Entry] = []
    last: Feed | Entry | Resource | None = None
    for item in stream(source, limits=limits, lenient=lenient):
        if isinstance(item, Deviation):
            deviations.append(item)
            continue
        last = item
        if isinstance(item, Entry):
            entries.append(item)
    if last is None:
        # lenient, and the only object lacks what it must have
        raise refusal(Rule.TOO_FEW, line=1, name="The one object of the document")
    root = replace(last, entries=tuple(entries)) if isinstance(last, Feed) else last
    return Document(root=root, deviations=tuple(deviations))


def stream(
    source: bytes | BinaryIO, *, limits: Limits | None = None, lenient: bool = False, columns: bool = False
) -> Iterator[Feed | Entry | Resource | Deviation]:
    """Read a document as it comes: each entry when it has ended, before it what deviates in it.

    A feed itself, with `entries` empty, comes last, since its title and links may stand anywhere in it.
    With `columns` a block's readings are `PlainReadings` where they are plain: for who wants no object of each.
    What was given before a refusal must be given up: the refusal is the whole document's.

    Raises:
        Malformed: the document breaks a rule that this manner of reading does not waive.
    """
    reading = Reading(limits=limits or Limits(), lenient=lenient, columns=columns)
    chunks = _within(_chunks(source), reading.limits)
    prolog = read_prolog(chunks)
    reading.lines = prolog.lines
    for code in prolog.deviations:
        reading.note_at(code, line=1, element="")
    head, tag = _read_root_tag(prolog.head, chunks, reading)
    spine = Spine(reading)
    parser = _parser(("start", "end"), (tag, *_OPENED))
    lifting = Lifting()
    reading.lifted = lifting.runs
    for chunk in chain([head], chunks, [b""]):
        fault = _feed(parser, lifting.feed(chunk) if chunk else lifting.rest(), reading)
        yield from spine.follow(parser.read_events(), grown=len(chunk))
        if fault:
            raise fault
    if fault := _close(parser, reading):
        raise fault


def _chunks(source: bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield from (source[at : at + _CHUNK] for at in range(0, len(source), _CHUNK))
    else:
        while chunk := source.read(_CHUNK):
            yield chunk


def _within(chunks: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    """The chunks, as long as bytes and elements are within the limits.

    Elements are counted by their opening brackets, before any of them is built.
    """
    size = elements = 0
    line = 1
    for chunk in chunks:
        size += len(chunk)
        if size > limits.bytes:
            raise refusal(Rule.LIMIT_BYTES, line=line)
        elements += chunk.count(b"<") - chunk.count(b"</")
        if elements > limits.elements:
            raise refusal(Rule.LIMIT_ELEMENTS, line=line)
        yield chunk
        # many documents have no line breaks, which is soon seen
        line += chunk.count(b"\n") if b"\n" in chunk else 0


def _parser(events: tuple[Literal["start", "end"], ...], tags: tuple[str, ...] | None) -> etree.XMLPullParser:
    return etree.XMLPullParser(
        events=events,
        tag=tags,
        encoding="utf-8",
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        resolve_entities=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )


def _read_root_tag(head: bytes, chunks: Iterator[bytes], reading: Reading) -> tuple[bytes, str]:
    """What the root element is, and all bytes that were needed to see it."""
    parser = _parser(("start",), None)
    fault = _feed(parser, head, reading)
    while not (event := next(iter(parser.read_events()), None)) and not fault:
        chunk = next(chunks, b"")
        if not chunk:
            fault = _close(parser, reading)
        elif len(head) > reading.limits.part:
            fault = refusal(Rule.LIMIT_PART, line=1)
        else:
            head += chunk
            fault = _feed(parser, chunk, reading)
    if event is None:
        raise fault or refusal(Rule.WELL_FORMED, line=1)
    root = event[1]
    if root.getroottree().docinfo.internalDTD is not None:
        raise reading.refusal(Rule.DTD, root)
    if root.tag not in _ROOTS and not is_resource(root):
        raise reading.refusal(Rule.ROOT, root)
    return head, str(root.tag)


def _feed(parser: etree.XMLPullParser, chunk: bytes, reading: Reading) -> Malformed | None:
    """Hand a chunk to the parser; what is wrong with it is given back, not raised, so that what
    stands before the fault can be read first."""
    try:
        parser.feed(chunk)
    except etree.XMLSyntaxError as fault:
        return _fault(fault.code, fault.lineno or 0, reading)
    # an undeclared entity stops the parser without an exception
    fatal = next((e for e in parser.feed_error_log if e.level_name == "FATAL"), None)
    return _fault(fatal.type, fatal.line, reading) if fatal else None


def _close(parser: etree.XMLPullParser, reading: Reading) -> Malformed | None:
    try:
        parser.close()
    except etree.XMLSyntaxError as fault:
        return _fault(fault.code, fault.lineno or 0, reading)
    return None


def _fault(code: int, line: int, reading: Reading) -> Malformed:
    rule = Rule.WELL_FORMED
    if code in _PARSER_LIMITS:
        rule = Rule.LIMIT_PART
    elif code in _UNDECLARED_ENTITIES:
        rule = Rule.ENTITY
    elif code in _BAD_BYTES:
        rule = Rule.ENCODING
    return refusal(rule, line=line + reading.lines, why=_FAULTS.get(code, ""))
