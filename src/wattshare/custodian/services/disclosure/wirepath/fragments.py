"""What the typed writer makes of a reading, and of the entry around readings, cut into fragments with slots.

A fragment is filled in twice: first with what belongs to a date, then with what belongs to one block. So a slot of
the first time is written `%d`, one of the second `%%ld`, and a per cent sign of the text four of them.
"""

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from wattshare.custodian.model.readings import Block, Channel, Reading
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.usage import interval_block, interval_reading
from wattshare.espi import wire
from wattshare.espi.atom import Entry, Link
from wattshare.espi.profile import Profile
from wattshare.espi.usage import DateTimeInterval, IntervalBlock, ReadingType

# stand for numbers while a specimen is cut; no other number of a reading is as long as the latter two
STARTS = (4_000_000_001, 4_000_000_002)
COST, VALUE = 121_212_121_212_121, 123_123_123_123_123
DURATION = 4_000_000_003
# as `%%d`, and as long as most numbers are: room is made for as many bytes as a template has, and where more come out,
# all that is written by then moves to where there is more
NUMBER = b"%%ld"
PUBLISHED, UPDATED = 4_000_000_004, 4_000_000_005
ID, UP = "urn:specimen:id", "urn:specimen:up"
UUID_LENGTH = 36
# closing tags behind the last reading: the block's, the content's, the entry's
CLOSING = 3
# what a block fills in, in this order; then the costs and values of its readings
FILLED = (b"id", b"up", b"up", b"published", b"updated")


class Manner(NamedTuple):
    """Everything that a reading says but its start, and the numbers of its cost and value."""

    duration: int
    cost: bool
    value: bool
    quality: tuple[int, ...]
    tier: int | None
    tou: int | None
    cpp: int | None


def manner(reading: Reading) -> Manner:
    """Of one reading."""
    return Manner(
        reading.duration,
        reading.cost is not None,
        reading.value is not None,
        reading.quality,
        reading.tier,
        reading.tou,
        reading.cpp,
    )


def fragment(said: Manner, profile: Profile) -> bytes:
    """A reading of this manner, with slots for its start, and then for its cost and value.

    Raises:
        ValueError: it says what the profile's schemas refuse.
    """
    start = next(one for one in STARTS if one != said.duration)
    reading = Reading(
        start=start,
        duration=said.duration,
        value=VALUE if said.value else None,
        quality=said.quality,
        cost=COST if said.cost else None,
        tou=said.tou,
        tier=said.tier,
        cpp=said.cpp,
    )
    slots = {start: (b"start", b"%d")}
    slots |= {COST: (b"cost", NUMBER)} if said.cost else {}
    slots |= {VALUE: (b"value", NUMBER)} if said.value else {}
    slotted, met = _slotted(
        _readings(reading, profile),
        {b">%d<" % number: (name, b">%b<" % slot) for number, (name, slot) in slots.items()},
    )
    numbers = tuple(name for name in met if name != b"start")
    if numbers != (b"cost",) * said.cost + (b"value",) * said.value or len(met) != len(numbers) + 1:
        raise LookupError(f"the writer has the numbers of a reading in the order {met}")
    return slotted


@dataclass(frozen=True, kw_only=True)
class Shell:
    """An entry around the readings of a block."""

    # with slots for start and duration, by name; then for what FILLED says
    head: bytes
    # with no slot
    tail: bytes
    # the first tag of an entry in a feed, and of one that is a document
    tag: bytes
    tag_alone: bytes

    @classmethod
    def of(cls, addresses: Addresses) -> "Shell":
        """Cut out of an entry of the typed writer."""
        entry = _specimen(addresses)
        prefix, entry = entry.id[:-UUID_LENGTH], replace(entry, id=ID)
        profile, start = addresses.profile, b"%d" % STARTS[0]
        written = wire.entry(entry, profile)
        head, tail = _parted(written)
        slots = {
            ID.encode(): (b"id", b"%b%%%%b" % prefix.encode().replace(b"%", b"%%%%")),
            UP.encode(): (b"up", b"%%b"),
            stamp(PUBLISHED, profile): (b"published", b"%%b"),
            stamp(UPDATED, profile): (b"updated", b"%%b"),
            start: (b"start", b"%(start)d"),
            b"%d" % DURATION: (b"duration", b"%(duration)d"),
        }
        slotted, met = _slotted(head, slots)
        if tuple(name for name in met if name not in (b"start", b"duration")) != FILLED:
            raise LookupError(f"the writer has the parts of an entry in the order {met}")
        alone = wire.write(entry, profile)
        opening = written.index(b">") + 1
        return cls(
            head=slotted,
            tail=tail.replace(b"%", b"%%"),
            tag=written[:opening],
            tag_alone=alone[: len(alone) - len(written) + opening],
        )


def stamp(seconds: int, profile: Profile) -> bytes:
    """A time as it stands in an entry.

    Raises:
        ValueError: it cannot be written.
    """
    written = wire.entry(Entry(id=ID, published=seconds), profile)
    return written.rsplit(b"</", 2)[0].rpartition(b">")[2]


def _specimen(addresses: Addresses) -> Entry:
    """An entry of a block without readings, with marks for everything that differs from block to block."""
    channel = Channel(usage_point_id=1, number=1, reading_type_id="", reading_type=ReadingType())
    block = Block(
        usage_point_id=1,
        channel=1,
        start=STARTS[0],
        duration=DURATION,
        day_end=STARTS[0],
        step=1,
        count=0,
        width=1,
        values=b"",
        published_at=PUBLISHED,
        updated_at=UPDATED,
    )
    entry = interval_block(addresses, 1, channel, block)
    address = f"/{block.start}"
    if entry.self_href != f"{entry.up}{address}":
        raise LookupError("a block's address is not its collection's and its start")
    return replace(entry, links=(Link(rel="up", href=UP), Link(rel="self", href=UP + address)))


def _readings(reading: Reading, profile: Profile) -> bytes:
    """The bytes of a reading: what an entry has more with it than without."""
    interval = DateTimeInterval(duration=0, start=0)
    without, with_one = (
        wire.entry(Entry(id=ID, content=(IntervalBlock(interval=interval, reading=readings),)), profile)
        for readings in ((), (interval_reading(reading),))
    )
    head, tail = _parted(without)
    return with_one.removeprefix(head).removesuffix(tail)


def _parted(entry: bytes) -> tuple[bytes, bytes]:
    """An entry of a block without readings, where these would stand."""
    head = entry.rsplit(b"</", CLOSING)[0]
    return head, entry[len(head) :]


def _slotted(written: bytes, slots: dict[bytes, tuple[bytes, bytes]]) -> tuple[bytes, tuple[bytes, ...]]:
    """Bytes with slots in the place of marks, and the names of the slots in the order in which they stand."""
    met: list[bytes] = []

    def fill(found: re.Match[bytes]) -> bytes:
        name, slot = slots[found[0]]
        met.append(name)
        return slot

    marks = b"|".join(re.escape(mark) for mark in slots)
    return re.sub(marks, fill, written.replace(b"%", b"%%%%")), tuple(met)
