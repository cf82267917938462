"""Addresses and atom ids of blocks, a channel at a time.

A day of a hundred thousand customers is a hundred thousand channels with one block each: what is the same for
all channels of a kind is made once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from typing import NamedTuple
from uuid import NAMESPACE_URL

from wattshare.custodian.model.readings import Channel
from wattshare.custodian.services.disclosure.addresses import Addresses
from wattshare.custodian.services.disclosure.usage import interval_blocks
from wattshare.espi.leaves import check_uri, escape_attribute
from wattshare.espi.usage import ReadingType

# stand for the ids of a subscription and of a usage point while an address is cut
SUBSCRIPTION, USAGE_POINT = 911_911_911_911_911_911, 922_922_922_922_922_922
# the first digit of the fourth group holds the variant in its two high bits. RFC 9562 §4.1
VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class Place(NamedTuple):
    """Where the blocks of one channel are."""

    # the collection's address, as it stands in an attribute
    href: bytes
    # what the hash behind an atom id starts with: the name space, then the collection's address
    hashed: bytes

    def name(self, start: int) -> bytes:
        """The UUID of a block."""
        return uuid_of(b"%b/%d" % (self.hashed, start))

    def naming(self) -> Callable[[int], bytes]:
        """What gives the UUIDs of many blocks: what their addresses begin with is hashed once."""
        begun = sha1(self.hashed + b"/", usedforsecurity=False)

        def name(start: int) -> bytes:
            hashing = begun.copy()
            hashing.update(b"%d" % start)
            return uuid_text(hashing.hexdigest())

        return name


def uuid_of(hashed: bytes) -> bytes:
    """A UUID of version 5, of a name space and an address. RFC 9562 §5.5."""
    # a name, not a signature: the algorithm is the RFC's
    return uuid_text(sha1(hashed, usedforsecurity=False).hexdigest())


def uuid_text(digits: str) -> bytes:
    """A UUID of version 5, of the digits of the hash."""
    variant = VARIANT[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}".encode()


@dataclass(frozen=True, kw_only=True)
class Naming:
    """How the blocks of one kind of channel are addressed: with slots for the subscription and the usage point."""

    href: bytes
    hashed: bytes

    @classmethod
    def of(cls, addresses: Addresses, reading_type_id: str, number: int) -> "Naming":
        """Cut out of an address as the typed entries have it.

        Raises:
            ValueError: the address cannot be written.
        """
        channel = Channel(
            usage_point_id=USAGE_POINT, number=number, reading_type_id=reading_type_id, reading_type=ReadingType()
        )
        return hashed_of(interval_blocks(addresses, SUBSCRIPTION, channel))

    def place(self, subscription: int, usage_point: int) -> Place:
        """Of one channel."""
        numbers = (subscription, usage_point)
        return Place(self.href % numbers, self.hashed % numbers)

    def own_name(self, subscription: int, usage_point: int) -> bytes:
        """The UUID of what is at the address itself."""
        return uuid_of(self.hashed % (subscription, usage_point))


def hashed_of(address: str) -> Naming:
    """Cut out of one address of the specimen's numbers.

    Raises:
        ValueError: it cannot be written.
    """
    address = check_uri(address, "link/@href")
    return Naming(
        href=_slotted(escape_attribute(address, "link/@href").encode()),
        hashed=NAMESPACE_URL.bytes.replace(b"%", b"%%") + _slotted(address.encode()),
    )


def _slotted(address: bytes) -> bytes:
    """An address with slots for the two ids; of whatever else is in it, nothing is one."""
    before, rest = address.replace(b"%", b"%%").split(b"%d" % SUBSCRIPTION)
    between, after = rest.split(b"%d" % USAGE_POINT)
    return b"%d".join((before, between, after))
