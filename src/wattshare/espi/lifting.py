"""Runs of plain readings taken out of a document's bytes, so that no parser builds a tree of what is in them.

Of a run only the first reading is left, with an attribute that nobody can guess; who reads the block finds them all by
it. A run is lifted where it follows the tag of its block, or the block's interval, or another run: there, readings are
read alike, or not at all. All else stays where it is: runs of readings that differ in more than numbers, and what comes
behind a comment, an instruction or a section.
"""

import re
import secrets
import sys
from functools import lru_cache

from wattshare.espi.plain_readings import PlainReadings
from wattshare.espi.runs import SHORTEST, Alike, alike, shape

ATTRIBUTE = "lifted"

_BLOCK = b"IntervalBlock"
# a bracket may stand within quotes, too; but what follows begins with one that may not
_OPENS = re.compile(rb"<((?:[A-Za-z_][A-Za-z0-9_.-]*:)?)IntervalBlock(?:[ \t\r\n][^<>]*)?(?<!/)>")
# comments and instructions before the root; whoever gave the bytes has seen that they end
_PROLOG = re.compile(rb"(?:[ \t\r\n]*(?:<\?.*?\?>|<!--.*?-->))*", re.DOTALL)
# in so many bytes the beginning of a block has room, or two readings, or a tag; what is longer is not waited for
_ROOM = 4_096
# runs at a time that nobody has asked for
_MOST = 256


@lru_cache(maxsize=16)
def _lead(prefix: bytes) -> re.Pattern[bytes]:
    """What may stand before a block's first reading: its interval."""
    p = re.escape(prefix)
    leaf = rb"[ \t\r\n]*<%b(duration|start)>\d+</%b\%d>"
    return re.compile(
        rb"(?:[ \t\r\n]*<%binterval>%b%b[ \t\r\n]*</%binterval>)?" % (p, leaf % (p, p, 1), leaf % (p, p, 2), p)
    )


def _closing(prefix: bytes) -> bytes:
    return b"</" + prefix + b"IntervalBlock>"


class Lifting:
    """The way of a document's bytes to its parser."""

    def __init__(self) -> None:
        """Nothing has come."""
        # what was lifted, by the attribute of the reading that is left
        self.runs: dict[str, PlainReadings] = {}
        self._name, self._number = secrets.token_hex(8), 0
        # the end of what came, which is not handed on yet: until there is enough of it, or what is awaited
        self._kept, self._enough, self._awaited = b"", 0, b""
        # the prefix of the block whose readings are next
        self._prefix: bytes | None = None
        self._begun = self._over = False

    def feed(self, chunk: bytes) -> bytes:
        """What the parser is to see of what has come, but for an end that may be the beginning of a run."""
        self._kept += chunk
        if len(self._kept) < self._enough and self._awaited not in self._kept:
            return b""
        return self._handed_on(last=False)

    def rest(self) -> bytes:
        """The rest of it, when nothing more comes."""
        return self._handed_on(last=True)

    def _handed_on(self, *, last: bool) -> bytes:
        data, parts, done, at, hold = self._kept, list[bytes](), 0, self._begins(), None
        self._enough = 0
        while hold is None and not self._over:
            if self._prefix is None:
                at, hold = self._next_block(data, at)
                continue
            closing = _closing(self._prefix)
            close = data.find(closing, at)
            # behind the last tag the reading may not be whole
            stop = close if close >= 0 else data.rfind(b"<%bIntervalReading>" % self._prefix, at)
            run = alike(data, shape(self._prefix.decode()), at, most=sys.maxsize, stop=max(at, stop))
            if run and len(run.readings) >= SHORTEST:
                parts += (data[done : run.begin], self._lift(data, run))
                done = at = run.end
            elif close < 0 and len(data) - at < _ROOM:
                hold = self._wait(data, at, closing)
            else:
                self._prefix = None
        hold = len(data) if hold is None or last else hold
        self._kept = data[hold:]
        return b"".join((*parts, data[done:hold]))

    def _wait(self, data: bytes, at: int, closing: bytes) -> int:
        """Wait for twice as much, or the end of the block: bytes that come one by one are not looked at each time."""
        self._enough, self._awaited = min(2 * (len(data) - at), _ROOM), closing
        return at

    def _begins(self) -> int:
        if self._begun:
            return 0
        self._begun = True
        found = _PROLOG.match(self._kept)
        return found.end() if found else 0

    def _next_block(self, data: bytes, at: int) -> tuple[int, int | None]:
        """Find the tag of the next block. The place behind what leads to its readings; and from where on to wait."""
        found = data.find(_BLOCK, at)
        until = found if found >= 0 else len(data)
        if data.find(b"<!", at, until) >= 0 or data.find(b"<?", at, until) >= 0:
            # what looks like a tag may be none from here on
            self._over = True
            return at, None
        begin = data.rfind(b"<", at) if found < 0 else data.rfind(b"<", at, found)
        if begin >= 0 and len(data) - begin < _ROOM and data.find(b">", max(begin, found)) < 0:
            return at, begin
        opened = _OPENS.match(data, begin) if found >= 0 and begin >= 0 else None
        if opened is None:
            return until + len(_BLOCK), None if found >= 0 else len(data)
        if len(data) - begin < _ROOM and data.find(closing := _closing(opened[1]), begin) < 0:
            return at, self._wait(data, begin, closing)
        self._prefix = opened[1]
        lead = _lead(opened[1]).match(data, opened.end())
        return lead.end() if lead else opened.end(), None

    def _lift(self, data: bytes, run: Alike) -> bytes:
        """The reading that is left of a run, with as many lines as all of them."""
        self._over = len(self.runs) >= _MOST
        self._number += 1
        name = f"{self._name}-{self._number}"
        self.runs[name] = run.readings
        tag, first = b"<%bIntervalReading" % (self._prefix or b""), data[run.begin : run.first]
        told = b' %b="%b"' % (ATTRIBUTE.encode(), name.encode())
        return tag + told + first[len(tag) : -1] + b"\n" * run.breaks + b">"
