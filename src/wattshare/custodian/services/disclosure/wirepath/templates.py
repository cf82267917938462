"""Templates of days: everything of a block but its values, address and times.

One template serves every meter of a zone for its day, as long as the readings say the same beside their values.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import groupby
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from wattshare.custodian.model.packing import unpack
from wattshare.custodian.model.readings import Block
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.wirepath.direct import Compiled, Encoder
from wattshare.custodian.services.disclosure.wirepath.fragments import FILLED, Manner, Shell, fragment, manner
from wattshare.espi import wire
from wattshare.espi.profile import Profile
from wattshare.espi.usage import DateTimeInterval, IntervalBlock, IntervalReading

# three years of quarter-hourly days in two manners, with room to spare
DAY_BYTES, FORM_BYTES = 64 * 1024 * 1024, 16 * 1024 * 1024
# what an object and its key take beside their text
OVERHEAD = 1_024
# combinations of what readings say beside their numbers
MANNERS = 4_096

# what a form is kept under, and a template: the same on its date
LAYOUT = ("step", "count", "presence", "grid", "quality", "tou", "tier", "cpp", "valueless")
LAYOUT_OF, DAY_OF = attrgetter(*LAYOUT), attrgetter("start", "duration", *LAYOUT)

# which of the readings have a cost; one truth for all of them
Costed = bool | tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """The readings of a day of any date."""

    # with slots for their starts, and then for costs and values
    text: bytes
    # seconds from the start of the block
    offsets: tuple[int, ...]
    # which of them have a value; None: all
    valued: tuple[bool, ...] | None

    @property
    def size(self) -> int:
        """Bytes that it takes, roughly."""
        return len(self.text) + 32 * len(self.offsets) + OVERHEAD


@dataclass(frozen=True, slots=True)
class Template:
    """The entry of a day: with slots for id, address twice, published, updated, and then for costs and values."""

    text: bytes
    valued: tuple[bool, ...] | None
    # as the direct encoder has it, if it is there and takes it
    compiled: Compiled | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes, roughly."""
        return len(self.text) + OVERHEAD + (self.compiled.size if self.compiled else 0)


class Sized(Protocol):
    """What knows how much it takes."""

    @property
    def size(self) -> int:
        """Bytes."""


S = TypeVar("S", bound=Sized)


class Shelf(Generic[S]):
    """What was used last, up to so many bytes. Any thread may come.

    Two rows, a new and an old one: what is found in the old row is put into the new one, and when that is full, it
    becomes the old one, whose things go. So nothing is written down when something is found where it mostly is.
    """

    def __init__(self, limit: int) -> None:
        """Start empty."""
        self._row = limit // 2
        self._new: dict[Hashable, S] = {}
        self._old: dict[Hashable, S] = {}
        self._filled = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes that are taken."""
        with self._lock:
            return self._filled + sum(kept.size for kept in self._old.values())

    def find(self, key: Hashable) -> S | None:
        """What was put under a key, if it is still there."""
        found = self._new.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: Hashable, value: S) -> S:
        """Keep it."""
        with self._lock:
            if key in self._new:
                return value
            if self._filled + value.size > self._row:
                self._old, self._new, self._filled = self._new, {}, 0
            self._new[key] = value
            self._filled += value.size
        return value


@dataclass(frozen=True, kw_only=True)
class Templates:
    """The templates of one profile below one public base."""

    profile: Profile
    shell: Shell
    fragment: Callable[[Manner], bytes]
    days: Shelf[Template] = field(default_factory=lambda: Shelf(DAY_BYTES))
    forms: Shelf[Form] = field(default_factory=lambda: Shelf(FORM_BYTES))
    encoder: Encoder | None = None

    @classmethod
    def of(cls, addresses: Addresses, encoder: Encoder | None = None) -> "Templates":
        """With nothing kept yet."""
        profile = addresses.profile
        kept = lru_cache(maxsize=MANNERS)(partial(fragment, profile=profile))
        return cls(profile=profile, shell=Shell.of(addresses), fragment=kept, encoder=encoder)

    def find(self, block: Block, costed: Costed = False) -> Template:
        """The template of a block.

        Raises:
            ValueError: it says what the profile's schemas refuse.
        """
        key = DAY_OF(block), costed
        return self.days.find(key) or self.days.put(key, self._dated(block, self._form(block, costed)))

    def _form(self, block: Block, costed: Costed) -> Form:
        layout = LAYOUT_OF(block), costed
        return self.forms.find(layout) or self.forms.put(layout, self._made(block))

    def _made(self, block: Block) -> Form:
        """The readings of a block without their date and values."""
        readings = unpack(block)
        runs = (self.fragment(said) * sum(1 for _ in run) for said, run in groupby(map(manner, readings)))
        valued = tuple(reading.value is not None for reading in readings)
        return Form(
            text=b"".join(runs),
            offsets=tuple(reading.start - block.start for reading in readings),
            valued=None if all(valued) else valued,
        )

    def _dated(self, block: Block, form: Form) -> Template:
        """A form on its date."""
        starts = tuple(block.start + offset for offset in form.offsets)
        check_times(block, starts, self.profile)
        head = self.shell.head % {b"start": block.start, b"duration": block.duration}
        text = b"".join((head, form.text % starts, self.shell.tail))
        if self.encoder is None:
            return Template(text, form.valued)
        numbers = text.count(b"%") - text.count(b"%%") * 2 - len(FILLED)
        compiled = self.encoder.template(text, numbers)
        return Template(text, form.valued, None if compiled is None or compiled.unlike else compiled)


def check_times(block: Block, starts: tuple[int, ...], profile: Profile) -> None:
    """Let the typed writer refuse what it would refuse.

    Raises:
        ValueError: a time or a duration is outside the profile's schemas.
    """
    ends = tuple(
        IntervalReading(time_period=DateTimeInterval(duration=0, start=start)) for start in (min(starts), max(starts))
    )
    interval = DateTimeInterval(duration=block.duration, start=block.start)
    wire.write(IntervalBlock(interval=interval, reading=ends), profile)
