"""Check sums of texts one after the other, from those of each. RFC 1952 §8."""

from wattshare.custodian.services.disclosure.wirepath.member import DEFLATE


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
