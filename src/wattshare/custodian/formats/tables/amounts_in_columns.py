"""The values of a batch, as columns: how wide those of each day are, and their bytes as they are kept."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from wattshare.custodian.formats.tables.days import NotPlain
from wattshare.custodian.formats.tables.parquet import ROWS

INTEGERS = {1: pa.int8(), 2: pa.int16(), 4: pa.int32(), 8: pa.int64()}
# of each day so many values are looked at before all of them are; the rest of so few days by themselves
LOOKS, FEW = 6, 64
# espi.xsd Int48
TOO_LARGE = 1 << 47


def whole(number: int, kind: pa.DataType = INTEGERS[8]) -> pa.Scalar:
    """A number for pyarrow, which looks for other libraries each time that it is given one of Python's."""
    return pa.scalar(number, kind)


PLACES = pc.subtract(pc.cumulative_sum(pa.repeat(whole(1), ROWS)), whole(1))


def places_of(marks: pa.Array) -> pa.Array:
    """The places that are marked. A filter passes over those that are not by the dozen."""
    if len(marks) > len(PLACES):
        return pc.indices_nonzero(marks).cast(pa.int64())
    return PLACES.slice(0, len(marks)).filter(marks)


@dataclass
class Amounts:
    """Whole numbers, each times a factor; none is below zero."""

    digits: pa.Array
    factor: int
    # the greatest, without the factor
    most: int
    _bytes: dict[int, pa.Buffer] = field(default_factory=dict)

    @classmethod
    def of(cls, value: pa.Array, shift: int) -> "Amounts":
        """Values times ten to the power of `shift`, exactly.

        Raises:
            NotPlain: they have more digits, are too large or below zero.
            ArrowInvalid: they are too large.
        """
        if pa.types.is_decimal(value.type):
            # the digits themselves, times ten to the power of what is missing
            shift -= value.type.scale
            value = _digits(value)
        elif not pa.types.is_signed_integer(value.type):
            value = value.cast(pa.int64())
        if shift < 0:
            value = _divided(value.cast(pa.int64()), 10**-shift)
        bounds, factor = pc.min_max(value).as_py(), 10 ** max(shift, 0)
        least, most = bounds["min"] or 0, bounds["max"] or 0
        if least < 0 or most * factor >= TOO_LARGE:
            raise NotPlain
        return cls(value, factor, most)

    def widths(self, firsts: pa.Array, counts: pa.Array) -> pa.Array:
        """The narrowest width that holds all values of each day, as a power of two."""
        power = pa.repeat(whole(0, pa.int8()), len(firsts))
        # what is above a bound is above those below it: mostly the first one that is asked about says all
        for place, width in ((3, 4), (2, 2), (1, 1)):
            bound = ((1 << (8 * width - 1)) - 1) // self.factor
            if self.most > bound:
                above = self._above(bound, firsts, counts)
                power = pc.max_element_wise(power, pc.if_else(above, whole(place, pa.int8()), whole(0, pa.int8())))
                if pc.all(above).as_py():
                    break
        return power

    def _above(self, bound: int, firsts: pa.Array, counts: pa.Array) -> pa.Array:
        """Whether a day has a value above a bound. Most days show it at the first look or never."""
        found = pa.repeat(pa.scalar(False), len(firsts))
        last, limit = pc.subtract(counts, whole(1)), whole(bound)
        for look in range(LOOKS, 0, -1):
            places = pc.add(firsts, pc.divide(pc.multiply(last, whole(look)), whole(LOOKS)))
            found = pc.or_(found, pc.greater(self.digits.take(places), limit))
            if pc.all(found).as_py():
                return found
        unsure = places_of(pc.invert(found))
        if len(unsure) > FEW:
            # how many there are up to each place
            wide = pc.cumulative_sum(pc.greater(self.digits, limit).cast(pa.int32()))
            after = wide.take(pc.add(firsts, last))
            first = pc.greater(self.digits.take(firsts), limit).cast(pa.int32())
            return pc.greater(pc.add(pc.subtract(after, wide.take(firsts)), first), whole(0))
        flags = found.to_pylist()
        for place in unsure.to_pylist():
            first, count = firsts[place].as_py(), counts[place].as_py()
            flags[place] = pc.max(self.digits.slice(first, count)).as_py() > bound
        return pa.array(flags, pa.bool_())

    def packed(self, firsts: pa.Array, counts: pa.Array, width: int) -> pa.Array:
        """The bytes of each day in a width; what does not fit into it is cut off."""
        end = pc.add(firsts.slice(len(firsts) - 1), counts.slice(len(counts) - 1))
        offsets = pc.multiply(pa.concat_arrays([firsts, end]), whole(width)).cast(pa.int32())
        return pa.Array.from_buffers(pa.binary(), len(firsts), [None, offsets.buffers()[1], self._in(width)])

    def _in(self, width: int) -> pa.Buffer:
        """All values in a width, little end first."""
        if width not in self._bytes:
            kind, half = INTEGERS[width], 1 << (8 * width - 1)
            narrow = pc.cast(self.digits, kind, safe=False)
            if self.factor != 1:
                # as whole numbers of that width go round
                narrow = pc.multiply(narrow, whole((self.factor + half) % (2 * half) - half, kind))
            self._bytes[width] = narrow.buffers()[1].slice(narrow.offset * width)
        return self._bytes[width]


def _divided(digits: pa.Array, divisor: int) -> pa.Array:
    quotient = pc.divide(digits, whole(divisor))
    if not pc.all(pc.equal(pc.multiply(quotient, whole(divisor)), digits)).as_py():
        raise NotPlain
    return quotient


def _digits(value: pa.Array) -> pa.Array:
    """The digits of decimals of up to 18 of them, without the point: the low half of their 128 bits."""
    buffer, offset = value.buffers()[1], value.offset
    halves = pa.Array.from_buffers(pa.int64(), 2 * (len(value) + offset), [None, buffer]).slice(2 * offset)
    return pc.list_element(pa.FixedSizeListArray.from_arrays(halves, 2), 0)
