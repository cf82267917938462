"""A gzip member whose beginning is settled last. RFC 1951 §3.2.4, RFC 1952.

A feed says in its head when something in it last changed. In a file of a hundred thousand customers that is known
when the last one is written: so the head stands in a block of its own that is not compressed, and is written over.
"""

import zlib
from struct import pack

from wattshare.custodian.services.disclosure.wirepath.member import DEFLATE, LEVEL

# no name, no time, no extra fields; made by an unknown system
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# before the bytes of a block that is stored: not the last one, its length, and that length's complement
STORED = 5
# the longest that is stored in one block
LONGEST = 65_535
AT = len(HEADER) + STORED
SIZES = 2**32


class HeadedMember:
    """One member: `begin`, then `compress` as often as there is something, then `finish` with the head as it is."""

    def __init__(self) -> None:
        """Start empty."""
        self._deflate = DEFLATE.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._crc = self._size = self._head = 0

    def begin(self, head: bytes) -> bytes:
        """The first bytes, with a head that is of the length of the final one.

        Raises:
            ValueError: it is too long to stand alone.
        """
        if len(head) > LONGEST:
            raise ValueError(f"a head of {len(head)} bytes does not fit into one block")
        self._head = len(head)
        return HEADER + b"\0" + pack("<HH", len(head), len(head) ^ 0xFFFF) + head

    def compress(self, data: bytes) -> bytes:
        """Take what follows the head; give what is ready."""
        self._crc = DEFLATE.crc32(data, self._crc)
        self._size += len(data)
        ready: bytes = self._deflate.compress(data)
        return ready

    def finish(self, head: bytes) -> bytes:
        """The last bytes. `head` is to be written over the one at `AT`.

        Raises:
            ValueError: it has another length.
        """
        if len(head) != self._head:
            raise ValueError(f"a head of {len(head)} bytes cannot be written over one of {self._head}")
        crc = combined(DEFLATE.crc32(head), self._crc, self._size)
        rest: bytes = self._deflate.flush()
        return rest + pack("<LL", crc, (len(head) + self._size) % SIZES)


def combined(one: int, other: int, size: int) -> int:
    """The CRC-32 of two texts one after the other, the second of `size` bytes, from those of each."""
    if (fast := getattr(DEFLATE, "crc32_combine", None)) is not None:
        return int(fast(one, other, size))
    return combine(one, other, size)


def combine(one: int, other: int, size: int) -> int:
    """The same by hand: what so many zero bytes make of the first, by doubling. The sum of both is theirs."""
    # what one zero bit makes of each bit
    step = [0xEDB88320, *(1 << bit for bit in range(31))]
    for _ in range(3):
        step = [_times(step, row) for row in step]
    while size:
        if size & 1:
            one = _times(step, one)
        step = [_times(step, row) for row in step]
        size >>= 1
    return one ^ other


def _times(matrix: list[int], vector: int) -> int:
    product = 0
    for row in matrix:
        if vector & 1:
            product ^= row
        vector >>= 1
        if not vector:
            break
    return product
