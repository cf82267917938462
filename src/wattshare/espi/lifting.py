"""Runs of plain readings taken out of a document's bytes, so that no parser builds a tree of what is in them.

Of a run only the first reading is left, with an attribute that nobody can guess; who reads the block finds them all by
it. A run is lifted where it follows the tag of its block, or the block's interval, or another run: there, readings are
read alike, or not at all. All else stays where it is, and so do readings that differ in more than numbers. In comments,
instructions and sections, what looks like a tag is none: they are stepped over.
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
# what begins a comment, a section, an instruction; and what ends it
_HIDING = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
# in so many bytes the beginning of a block has room, or two readings, or a tag; what is longer is not waited for
_ROOM = 4_096
# runs at a time that nobody has asked for
_MOST = 256


@lru_cache(maxsize=16)
def _lead(prefix: bytes) -> re.Pattern[bytes]:
    """What may stand before a block's first reading: its interval, and comments."""
    p, between = re.escape(prefix), rb"(?:[ \t\r\n]|<!--.*?-->)*"
    leaves = b"".join(rb"%b<%b%b>\d+</%b%b>" % (between, p, name, p, name) for name in (b"duration", b"start"))
    return re.compile(rb"%b(?:<%binterval>%b%b</%binterval>)?%b" % (between, p, leaves, between, p, between), re.DOTALL)


def _closing(prefix: bytes) -> bytes:
    return b"</" + prefix + _BLOCK


class _Coming:
    """Which of some words comes next in bytes; no stretch is looked through twice for one of them."""

    def __init__(self, data: bytes, words: tuple[bytes, ...]) -> None:
        self._data = data
        self._next = dict.fromkeys(words, -1)

    def next(self, at: int) -> tuple[int, bytes | None]:
        """Where it is, and which; or the end, and none. `at` never goes back."""
        for word, place in self._next.items():
            if place < at:
                found = self._data.find(word, at)
                self._next[word] = found if found >= 0 else len(self._data)
        word, place = min(self._next.items(), key=lambda item: item[1])
        return place, word if place < len(self._data) else None


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
        self._over = False

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
        data, parts, done, at, hold = self._kept, list[bytes](), 0, 0, None
        self._enough, coming = 0, _Coming(data, (_BLOCK, b"<!", b"<?"))
        while hold is None and not self._over:
            if self._prefix is None:
                at, hold = self._next_block(data, at, coming)
            elif run := self._run(data, at):
                parts += (data[done : run.begin], self._lift(data, run))
                done = at = run.end
            elif len(data) - at < _ROOM and data.find(closing := _closing(self._prefix), at) < 0:
                hold = self._wait(data, at, closing)
            else:
                self._prefix = None
        hold = len(data) if hold is None or last else hold
        self._kept = data[hold:]
        return b"".join((*parts, data[done:hold]))

    def _run(self, data: bytes, at: int) -> Alike | None:
        """The run that begins here, if it is worth the while."""
        prefix = self._prefix or b""
        one = shape(prefix.decode())
        if not one.match(data, at):
            return None
        # where the end of the block has not come, what is behind the last tag of a reading may not be whole
        close = data.find(_closing(prefix), at)
        stop = close if close >= 0 else data.rfind(b"<%bIntervalReading>" % prefix, at)
        run = alike(data, one, at, most=sys.maxsize, stop=stop)
        return run if run and len(run.readings) >= SHORTEST else None

    def _wait(self, data: bytes, at: int, closing: bytes) -> int:
        """Wait for twice as much, or the end of the block: bytes that come one by one are not looked at each time."""
        self._enough, self._awaited = min(2 * (len(data) - at), _ROOM), closing
        return at

    def _next_block(self, data: bytes, at: int, coming: "_Coming") -> tuple[int, int | None]:
        """Find the tag of the next block. The place behind what leads to its readings; and from where on to wait."""
        found, what = coming.next(at)
        if what and what != _BLOCK:
            return self._step_over(data, found)
        begin = data.rfind(b"<", at, found)
        if begin >= 0 and len(data) - begin < _ROOM and data.find(b">", found if what else begin) < 0:
            return at, begin
        if not what:
            return at, len(data)
        opened = _OPENS.match(data, begin) if begin >= 0 else None
        if opened is None:
            return found + len(_BLOCK), None
        if len(data) - begin < _ROOM and data.find(closing := _closing(opened[1]), begin) < 0:
            return at, self._wait(data, begin, closing)
        self._prefix = opened[1]
        lead = _lead(opened[1]).match(data, opened.end())
        return lead.end() if lead else opened.end(), None

    def _step_over(self, data: bytes, begin: int) -> tuple[int, int | None]:
        """The place behind a comment, a section or an instruction, or where it begins, to wait for its end."""
        for mark, end in _HIDING.items():
            if data.startswith(mark, begin) and (found := data.find(end, begin + len(mark))) >= 0:
                return found + len(end), None
        # a document type is refused, and what is longer may be all that comes
        self._over = len(data) - begin >= _ROOM or data.startswith(b"<!DOCTYPE", begin)
        return begin, begin

    def _lift(self, data: bytes, run: Alike) -> bytes:
        """The reading that is left of a run, with as many lines as all of them."""
        self._over = len(self.runs) >= _MOST
        self._number += 1
        name = f"{self._name}-{self._number}"
        self.runs[name] = run.readings
        tag, first = b"<%bIntervalReading" % (self._prefix or b""), data[run.begin : run.first]
        told = b' %b="%b"' % (ATTRIBUTE.encode(), name.encode())
        return tag + told + first[len(tag) : -1] + b"\n" * run.breaks + b">"
