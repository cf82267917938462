"""A gzip member whose beginning is settled last. RFC 1951 §3.2.4, RFC 1952.

A feed says in its head when something in it last changed. In a file of a hundred thousand customers that is known
when the last one is written: so the head stands in a block of its own that is not compressed, and is written over.
"""

from struct import pack

from wattshare.custodian.services.disclosure.wirepath.combining import combined
from wattshare.custodian.services.disclosure.wirepath.deflating import HEADER, Deflating, trailer
from wattshare.custodian.services.disclosure.wirepath.flow import Piece
from wattshare.custodian.services.disclosure.wirepath.member import DEFLATE

# before the bytes of a block that is stored: not the last one, its length, and that length's complement
STORED = 5
# the longest that is stored in one block
LONGEST = 65_535
AT = len(HEADER) + STORED


class HeadedMember:
    """One member: `begin`, then `add` as often as there is something, then `finish` with the head as it is."""

    def __init__(self) -> None:
        """Start empty."""
        self._inside = Deflating()
        self._head = 0

    @property
    def size(self) -> int:
        """Bytes of what has been added, once it is finished."""
        return self._inside.size

    def begin(self, head: bytes) -> bytes:
        """The first bytes, with a head that is of the length of the final one.

        Raises:
            ValueError: it is too long to stand alone.
        """
        if len(head) > LONGEST:
            raise ValueError(f"a head of {len(head)} bytes does not fit into one block")
        self._head = len(head)
        return HEADER + b"\0" + pack("<HH", len(head), len(head) ^ 0xFFFF) + head

    def add(self, piece: Piece) -> bytes:
        """Take what follows the head; give what is ready."""
        return self._inside.add(piece)

    def finish(self, head: bytes) -> bytes:
        """The last bytes. `head` is to be written over the one at `AT`.

        Raises:
            ValueError: it has another length.
        """
        if len(head) != self._head:
            raise ValueError(f"a head of {len(head)} bytes cannot be written over one of {self._head}")
        rest, inside = self._inside.end(), self._inside
        return rest + trailer(combined(DEFLATE.crc32(head), inside.crc, inside.size), len(head) + inside.size)
