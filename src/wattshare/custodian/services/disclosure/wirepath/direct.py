"""The direct deflate encoder, by ctypes: days into the bits of a gzip member, without their XML. native/direct.c.

It is there where `wattshare-direct` is installed. A call of it lets other threads run.
"""

import ctypes
import importlib
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from wattshare.custodian.services.disclosure.wirepath.names import Place

PACKAGE, ABI = "wattshare_direct", 3
# what one thing takes at most, and more: so many bytes come out at a time
ROOM = 384 * 1024
# states that are kept for who comes next
KEPT = 8
NO_ROOM = "the encoder has no room for what it is given"


class Absent(Exception):
    """The encoder is not there; the text says why."""


class Compiled(NamedTuple):
    """A template as the encoder has it. It points into the text that it was made of."""

    address: int
    numbers: int
    made: "ctypes.Array[ctypes.c_char]"
    text: bytes
    # its readings are so unlike each other that its days are smaller as text
    unlike: bool

    @property
    def size(self) -> int:
        """Bytes that it takes beside the text."""
        return len(self.made)


class Memory(NamedTuple):
    """What a stream works in: its state, and where its bytes come out."""

    state: "ctypes.Array[ctypes.c_char]"
    room: "ctypes.Array[ctypes.c_char]"


class Days(Protocol):
    """What the encoder takes at once: days of one channel."""

    @property
    def place(self) -> Place:
        """Of the channel."""

    @property
    def records(self) -> list[int]:
        """RECORD numbers a day."""

    @property
    def data(self) -> list[bytes]:
        """Of each day when it was published and updated, as that is written, and its numbers."""


# numbers that say what a day is: template, start, width of a number, bytes of the numbers, of published, of updated
RECORD = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoder:
    """The library."""

    calls: Any
    version: str
    # part of every validator: the same feed may come out as other bytes by another one
    form: int
    idle: "deque[Memory]" = field(default_factory=lambda: deque(maxlen=KEPT))

    def template(self, text: bytes, numbers: int) -> Compiled | None:
        """A template of a day's text; None: it has something that the encoder does not take."""
        made = ctypes.create_string_buffer(self.calls.wattshare_template_size(numbers))
        found = self.calls.wattshare_template(text, len(text), numbers, made, len(made))
        return Compiled(ctypes.addressof(made), numbers, made, text, unlike=found > 0) if found >= 0 else None

    def begin(self) -> "Stream":
        """A stream of its own."""
        try:
            memory = self.idle.pop()
        except IndexError:
            state = ctypes.create_string_buffer(self.calls.wattshare_state_size())
            memory = Memory(state, ctypes.create_string_buffer(ROOM))
        return Stream(self, memory)


class Stream:
    """The body of one member; it is `end`ed once. One thread at a time."""

    def __init__(self, encoder: Encoder, memory: "Memory") -> None:
        """Begin."""
        self._encoder, self._calls, self._memory = encoder, encoder.calls, memory
        (self._state, self._room), self._capacity = memory, len(memory.room)
        self._taken = ctypes.c_size_t()
        self._waiting = [self._out(self._calls.wattshare_begin(self._state, self._room, self._capacity))]

    @property
    def crc(self) -> int:
        """The check sum of all that was taken."""
        return int(self._calls.wattshare_crc(self._state))

    @property
    def size(self) -> int:
        """How much that was."""
        return int(self._calls.wattshare_taken(self._state))

    def text(self, text: bytes) -> bytes:
        """Take text; give what is ready."""
        at, ready = 0, self._ready()
        while at < len(text):
            rest = text[at:] if at else text
            wrote = self._calls.wattshare_text(self._state, rest, len(rest), self._taken, self._room, self._capacity)
            ready.append(self._out(wrote))
            at += self._progress(wrote)
        return b"".join(ready)

    def days(self, days: Days) -> bytes:
        """Take days of one channel; give what is ready.

        Raises:
            ValueError: a day has not the numbers that its template has room for.
        """
        hashed, href = days.place.hashed, days.place.href
        records, data, count = array("q", days.records), b"".join(days.data), len(days.records) // RECORD
        address, _ = records.buffer_info()
        first, ready = 0, self._ready()
        while first < count:
            wrote = self._calls.wattshare_days(
                self._state,
                hashed,
                len(hashed),
                href,
                len(href),
                address,
                count,
                first,
                data,
                len(data),
                self._taken,
                self._room,
                self._capacity,
            )
            if wrote < 0:
                raise ValueError(f"day {self._taken.value} of a channel is not what its template is made for")
            ready.append(self._out(wrote))
            first += self._progress(wrote, first)
        return b"".join(ready)

    def end(self) -> bytes:
        """Give the rest."""
        ready, wrote = self._ready(), self._calls.wattshare_finish(self._state, self._room, self._capacity)
        if not wrote:
            raise RuntimeError(NO_ROOM)
        return b"".join([*ready, self._out(wrote)])

    def release(self) -> None:
        """Let another stream have the memory; nothing is asked of this one any more."""
        self._encoder.idle.append(self._memory)

    def _ready(self) -> list[bytes]:
        ready, self._waiting = self._waiting, []
        return ready

    def _out(self, wrote: int) -> bytes:
        return ctypes.string_at(self._room, wrote) if wrote else b""

    def _progress(self, wrote: int, before: int = 0) -> int:
        """How much more was taken.

        Raises:
            RuntimeError: nothing moves.
        """
        more = self._taken.value - before
        if more <= 0 and not wrote:
            raise RuntimeError(NO_ROOM)
        return more


def chosen(asked: str) -> Encoder | None:
    """What the setting `encoder` asks for; None: feeds are written by templates.

    Raises:
        Absent: it asks for the encoder, which is not there.
    """
    if asked == "templates":
        return None
    try:
        return installed()
    except Absent:
        if asked == "direct":
            raise
        return None


@lru_cache(maxsize=1)
def installed() -> Encoder:
    """The encoder that is installed.

    Raises:
        Absent: there is none, or it is of another release.
    """
    try:
        package = importlib.import_module(PACKAGE)
    except ImportError:
        raise Absent("wattshare-direct is not installed") from None
    if package.ABI != ABI:
        raise Absent(
            f"wattshare-direct {package.__version__} is of another release: it has the interface {package.ABI}"
        )
    try:
        library = ctypes.CDLL(str(package.LIBRARY))
    except OSError as fault:
        raise Absent(f"wattshare-direct cannot be loaded: {fault}") from None
    declare(library)
    return Encoder(calls=library, version=package.__version__, form=library.wattshare_form())


def declare(library: ctypes.CDLL) -> None:
    """Say what the functions take and give."""
    size, text, memory, whole = ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64
    taken = ctypes.POINTER(ctypes.c_size_t)

    def says(name: str, gives: Any, *takes: Any) -> None:
        function: Callable[..., Any] = getattr(library, name)
        function.restype, function.argtypes = gives, takes  # type: ignore[attr-defined]

    says("wattshare_form", ctypes.c_uint32)
    says("wattshare_state_size", size)
    says("wattshare_template_size", size, size)
    says("wattshare_template", whole, text, size, size, memory, size)
    says("wattshare_begin", whole, memory, memory, size)
    says("wattshare_text", whole, memory, text, size, taken, memory, size)
    says("wattshare_days", whole, memory, text, size, text, size, memory, size, size, text, size, taken, memory, size)
    says("wattshare_finish", whole, memory, memory, size)
    says("wattshare_crc", ctypes.c_uint32, memory)
    says("wattshare_taken", ctypes.c_uint64, memory)
