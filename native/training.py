"""Makes `code.inc`, the Huffman code of the direct encoder, from members that it has written: python training.py FILE …

What a member's symbols are is read back from its bits. So the encoder is built with one code, writes feeds of several
kinds, and is built again with the code that these want; after two or three rounds nothing changes any more.
"""

import heapq
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LITERALS, DISTANCES, END = 286, 30, 256
MOST = 15
# in which order the lengths of the code for lengths stand. RFC 1951 §3.2.7
ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
# header of a gzip member without a name
HEADER = 10


@dataclass
class Bits:
    """Bits of a text, the least significant first."""

    text: bytes
    at: int = 0

    def take(self, count: int) -> int:
        """As a number."""
        low = self.at >> 3
        taken = int.from_bytes(self.text[low : low + 6], "little") >> (self.at & 7) & ((1 << count) - 1)
        self.at += count
        return taken


def codes(lengths: Sequence[int]) -> dict[tuple[int, int], int]:
    """Symbols by length and code. RFC 1951 §3.2.2."""
    made, code = {}, 0
    for length in range(1, MOST + 1):
        for symbol, its in enumerate(lengths):
            if its == length:
                made[length, code] = symbol
                code += 1
        code <<= 1
    return made


def symbol(bits: Bits, known: dict[tuple[int, int], int]) -> int:
    """The next one."""
    code = 0
    for length in range(1, MOST + 1):
        code = code << 1 | bits.take(1)
        if (length, code) in known:
            return known[length, code]
    raise ValueError("no such code")


def lengths_of(bits: Bits) -> tuple[list[int], list[int]]:
    """The code of a block. RFC 1951 §3.2.7."""
    literals, distances, few = bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4
    own = [0] * len(ORDER)
    for place in ORDER[:few]:
        own[place] = bits.take(3)
    known, read = codes(own), list[int]()
    while len(read) < literals + distances:
        match symbol(bits, known):
            case 16:
                read += read[-1:] * (3 + bits.take(2))
            case 17:
                read += [0] * (3 + bits.take(3))
            case 18:
                read += [0] * (11 + bits.take(7))
            case length:
                read.append(length)
    return read[:literals], read[literals:]


def count(member: bytes, literals: list[float], distances: list[float]) -> None:
    """Add what a member's dynamic blocks have of each symbol."""
    bits, last = Bits(member, HEADER * 8), 0
    while not last:
        last, kind = bits.take(1), bits.take(2)
        if kind == 0:
            bits.at = (bits.at + 7) // 8 * 8
            size = bits.take(16)
            bits.at += 16 + size * 8
            continue
        if kind == 1:
            raise ValueError("a block of the fixed code")
        one, other = map(codes, lengths_of(bits))
        while (found := symbol(bits, one)) != END:
            # blocks of others are passed over
            literals[found] += last
            if found > END:
                bits.take(0 if found < 265 or found == 285 else (found - 261) // 4)
                far = symbol(bits, other)
                distances[far] += last
                bits.take(0 if far < 4 else far // 2 - 1)


def limited(weights: Sequence[float], most: int) -> list[int]:
    """The lengths of the best code of which none is longer than `most`: package-merge."""
    leaves = sorted((weight, (symbol,)) for symbol, weight in enumerate(weights) if weight)
    packages: list[tuple[float, tuple[int, ...]]] = []
    for _ in range(most):
        row = list(heapq.merge(leaves, packages))
        packages = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(row[::2], row[1::2], strict=False)]
    lengths = [0] * len(weights)
    for _, symbols in packages[: len(leaves) - 1]:
        for one in symbols:
            lengths[one] += 1
    return lengths


def runs(lengths: Sequence[int]) -> list[tuple[int, int, int]]:
    """Lengths as symbols of the code for lengths, each with its extra bits and how many of these there are."""
    made, at = list[tuple[int, int, int]](), 0
    while at < len(lengths):
        same = 1
        while at + same < len(lengths) and lengths[at + same] == lengths[at]:
            same += 1
        made.append((lengths[at], 0, 0))
        at, same = at + 1, same - 1
        while same >= 3:
            some = min(same, 6)
            made.append((16, some - 3, 2))
            at, same = at + some, same - some
    return made


def opening(literals: Sequence[int], distances: Sequence[int]) -> tuple[bytes, int]:
    """The first bits of the block, which is the last one: its code."""
    said = runs([*literals, *distances])
    own = limited([sum(1 for one in said if one[0] == symbol) for symbol in range(len(ORDER))], 7)
    named = {symbol: key for key, symbol in codes(own).items()}
    few = max(place for place, symbol in enumerate(ORDER) if own[symbol]) + 1
    fields = [(1, 1), (2, 2), (LITERALS - 257, 5), (DISTANCES - 1, 5), (few - 4, 4)]
    fields += [(own[symbol], 3) for symbol in ORDER[:few]]
    for symbol, extra, size in said:
        length, code = named[symbol]
        fields += [(int(f"{code:0{length}b}"[::-1], 2), length), (extra, size)]
    bits = at = 0
    for value, size in fields:
        bits |= value << at
        at += size
    return bits.to_bytes((at + 7) // 8, "little"), at


def table(name: str, numbers: Sequence[int]) -> str:
    """An array of C."""
    rows = (", ".join(map(str, numbers[at : at + 24])) for at in range(0, len(numbers), 24))
    body = ",\n  ".join(rows)
    return f"static const uint8_t {name}[{len(numbers)}] = {{\n  {body},\n}};\n"


def main(files: list[str]) -> None:
    """Read the members and write the code."""
    # everything may come: it has a code, if a long one
    literals, distances = [0.01] * LITERALS, [0.01] * DISTANCES
    literals[END] = 0.01
    for file in files:
        one, other = [0.0] * LITERALS, [0.0] * DISTANCES
        count(Path(file).read_bytes(), one, other)
        # each kind of feed has the same say
        literals = [sum + its / (total(one)) * 1e5 for sum, its in zip(literals, one, strict=True)]
        distances = [sum + its / (total(other)) * 1e5 for sum, its in zip(distances, other, strict=True)]
    if not files:
        # to begin with
        for place in b"0123456789":
            literals[place] = 10.0
        literals[257:] = [1.0] * (LITERALS - 257)
        distances = [1.0] * DISTANCES
    one, other = limited(literals, MOST), limited(distances, MOST)
    first, bits = opening(one, other)
    text = "/* made by training.py */\n" + table("LITERAL_LENGTHS", one) + table("DISTANCE_LENGTHS", other)
    text += table("OPENING", list(first)) + f"#define OPENING_BITS {bits}u\n"
    Path(__file__).with_name("code.inc").write_text(text)
    longest = max(one[digit] for digit in b"0123456789")
    if longest > 6:
        raise SystemExit("a digit has more bits than the encoder's tables have room for")


def total(counts: Sequence[float]) -> float:
    """Of all."""
    return sum(counts) or 1.0


if __name__ == "__main__":
    main(sys.argv[1:])
