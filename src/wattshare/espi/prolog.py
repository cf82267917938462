"""What stands before the root element: marks, junk, the declaration, a document type. XML 1.0 §2.8.

Looked at as bytes, so that a document type is refused before any XML parser has seen it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wattshare.espi.deviations import DeviationCode, Rule, refusal

_MARK = b"\xef\xbb\xbf"
_LEAST = 4
_MOST_JUNK = 1024
_MOST_PROLOG = 64 * 1024
_BLANK = re.compile(rb"[ \t\r\n]*")
_DECLARED = re.compile(rb"<\?xml[ \t\r\n][^>]*?encoding[ \t\r\n]*=[ \t\r\n]*[\"']([^\"']*)[\"']")
_READABLE = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})


@dataclass(frozen=True, kw_only=True)
class Prolog:
    """The first bytes of a document, from the XML on, and what was passed over before them."""

    head: bytes
    # line breaks that were passed over with the junk
    lines: int
    deviations: tuple[DeviationCode, ...]


def read_prolog(chunks: Iterator[bytes]) -> Prolog:
    """Take as many chunks as it needs to see where the root element begins.

    Raises:
        Malformed: there is a document type, an encoding other than UTF-8, or nothing like XML.
    """
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        # in fewer bytes another encoding is not seen
        if len(buffer) >= _LEAST and _root_begins(buffer):
            return _passed_over(buffer)
        if len(buffer) > _MOST_PROLOG:
            raise refusal(Rule.LIMIT_PART, line=1)
    return _passed_over(buffer)


def _passed_over(buffer: bytes) -> Prolog:
    deviations = []
    if buffer.startswith(_MARK):
        deviations.append(DeviationCode.BYTE_ORDER_MARK)
        buffer = buffer.removeprefix(_MARK)
    junk = buffer[: _xml_begins(buffer)]
    if junk.strip() or (junk and buffer.startswith(b"<?xml", len(junk))):
        deviations.append(DeviationCode.JUNK_BEFORE_XML)
    return Prolog(head=buffer[len(junk) :], lines=junk.count(b"\n"), deviations=tuple(deviations))


def _xml_begins(buffer: bytes) -> int:
    # UTF-16 and UTF-32 have a mark, or a zero byte beside their first ASCII character
    if b"\x00" in buffer[:_LEAST] or buffer[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise refusal(Rule.ENCODING, line=1)
    at = buffer.find(b"<")
    if at > _MOST_JUNK or (at < 0 and len(buffer) > _MOST_JUNK):
        raise refusal(Rule.WELL_FORMED, line=1)
    return at if at >= 0 else len(buffer)


def _root_begins(buffer: bytes) -> bool:
    """Whether the root element is in sight; declaration, comments and instructions are stepped over."""
    at = _xml_begins(buffer)
    while True:
        at = _BLANK.match(buffer, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        rest = buffer[at : at + 4]
        if rest.startswith(b"<?"):
            end = buffer.find(b"?>", at)
            _check_encoding(buffer[at : max(at, end)])
            width = 2
        elif rest == b"<!--":
            end = buffer.find(b"-->", at)
            width = 3
        elif rest.startswith(b"<!") and not b"<!--".startswith(rest):
            raise refusal(Rule.DTD, line=buffer.count(b"\n", 0, at) + 1)
        else:
            return len(rest) > 1 and not b"<!--".startswith(rest)
        if end < 0:
            return False
        at = end + width


def _check_encoding(instruction: bytes) -> None:
    declared = _DECLARED.match(instruction)
    if declared and declared[1].lower() not in _READABLE:
        raise refusal(Rule.ENCODING, line=1)
