"""Whole numbers in as few bytes as they need: seven bits a byte, the lowest first, the high bit where more follow."""

from collections.abc import Iterable, Iterator
from itertools import groupby


def write(packed: bytearray, number: int) -> None:
    """Add a number, which is not negative."""
    while number > 0x7F:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    packed.append(number)


def read(packed: Iterable[int]) -> Iterator[int]:
    """The numbers again; of bytes that are taken one by one, no more than those of the numbers that are asked for."""
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
        else:
            yield number
            number = shift = 0


def zigzag(number: int) -> int:
    """A number of either sign as one that is not negative; small ones stay small."""
    return number << 1 if number >= 0 else (-number << 1) - 1


def signed(number: int) -> int:
    """The number again."""
    return (number >> 1) ^ -(number & 1)


def write_runs(packed: bytearray, column: Iterable[int]) -> None:
    """Add a column of numbers of either sign: how many alike, and what they are."""
    for number, run in groupby(column):
        write(packed, sum(1 for _ in run))
        write(packed, zigzag(number))


def read_runs(coming: Iterator[int], count: int) -> list[int]:
    """The next column, which has that many numbers."""
    column: list[int] = []
    while len(column) < count:
        run = next(coming)
        column += [signed(next(coming))] * run
    return column
