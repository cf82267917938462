"""Cells of a batch, column by column, as numbers; what is wrong with a row is noted and the row left out."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from wattshare.custodian.formats.tables.amounts import Amounts, shown
from wattshare.custodian.formats.tables.faults import MOST_BAD, BadRow, Fault, TooManyBad
from wattshare.custodian.formats.tables.mapping import FLOWS, Mapping, Values
from wattshare.custodian.formats.tables.units import Unit, stored_power, unit_of, worded
from wattshare.custodian.model.premises import Commodity
from wattshare.espi.profile import Profile

Thing = TypeVar("Thing")
SMALL = range(-32_768, 32_768)
# a cost is kept in 1/100 000 of the currency
CENTS = 5
# texts that are remembered of one column, and how long the longest of them may be
MEMORY, LONGEST = 200_000, 256
# the flow of what is split by its sign
BY_SIGN = 0


# what a spreadsheet makes of a long number; and other programs, of numbers of which some are missing
CUT = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{1,2}")
FRACTION = re.compile(r"[0-9]{5,}\.0+")


def unnamed(text: str) -> str:
    """Why a text can be no name of a usage point, a meter or an account; else ""."""
    if len(text) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if CUT.fullmatch(text):
        return "is a longer number that a spreadsheet has cut; have its cells be text there"
    if FRACTION.fullmatch(text):
        return (
            "has a fraction, which no number of a usage point, a meter or an account has; have its cells be text there"
        )
    if "\ufffd" in text:
        return "holds letters that were lost where its bytes are no UTF-8"
    if all(letter.isprintable() or letter.isspace() for letter in text):
        return ""
    return "holds signs that nobody sees, or that are none"


class Named(NamedTuple):
    """What a row says of the channel that it is of."""

    name: str
    # FlowDirection; BY_SIGN: two channels
    flow: int
    unit: str
    channel: str


class Series(NamedTuple):
    """What readings of a table belong to: one flow in one unit, of whatever is named."""

    # the role of the column that names it: usage_point, meter or account
    role: str
    name: str
    # FlowDirection; BY_SIGN: of each value
    flow: int
    unit: str
    # what tells channels of one unit and flow apart
    channel: str
    # seconds; None: longer than a day and uneven
    length: int | None


@dataclass
class Faults:
    """Rows that cannot be taken."""

    # so many are kept with their reasons; others are counted
    most: int = 1_000
    bad: dict[int, BadRow] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)
    # how many of each channel, where that is known
    of: Counter[Named | None] = field(default_factory=Counter)
    # rows of an hour that does not come, passed over because the mapping says so
    skipped: int = 0

    def note(self, row: int, fault: Fault, of: Named | None = None) -> None:
        """Write down what is wrong with a row, and what it is of; the first thing counts.

        Raises:
            TooManyBad: so many are bad that the file will not be taken.
        """
        if row in self.numbers:
            return
        if len(self.numbers) == MOST_BAD:
            raise TooManyBad
        if len(self.bad) < self.most:
            self.bad[row] = BadRow(row=row, column=fault.column, sentence=fault.sentence)
        self.numbers.add(row)
        self.of[of] += 1


class Words(dict[str, "Thing | Fault"], Generic[Thing]):
    """Texts of one column that stand for something: each is looked up once."""

    def __init__(self, read: Callable[[str], "Thing | Fault"]) -> None:
        """Take what reads a text, without blanks around it."""
        super().__init__()
        self._of = read

    def __missing__(self, text: str) -> "Thing | Fault":
        """Read a text that was not met before."""
        read = self._of(text.strip())
        if len(text) <= LONGEST:
            if len(self) >= MEMORY:
                self.clear()
            self[text] = read
        return read


def flows(column: str, mapping: Mapping) -> Words[int]:
    """FlowDirections by the words of a column."""
    known = {word.casefold(): FLOWS[name] for name in FLOWS for word in getattr(mapping.flow, name)}

    def read(text: str) -> int | Fault:
        said = f"{shown(text)} names no flow; put it into flow.delivered, flow.received or flow.net."
        return known.get(text.casefold(), Fault(column, said))

    return Words(read)


def qualities(column: str, mapping: Mapping) -> Words[int | None]:
    """QualityOfReading by the words of a column; an empty one says nothing."""
    known: dict[str, int | None] = {word.casefold(): code for word, code in mapping.quality.items()}
    known.setdefault("", None)

    def read(text: str) -> int | Fault | None:
        said = f"{shown(text)} is no quality that is known; say its number under quality."
        return known.get(text.casefold(), Fault(column, said))

    return Words(read)


def small_numbers(column: str) -> Words[int | None]:
    """Whole numbers as tou, consumptionTier and cpp are. espi.xsd Int16."""

    def read(text: str) -> int | Fault | None:
        if not text:
            return None
        digits = text.removeprefix("-")
        if len(digits) > 5 or not (digits.isascii() and digits.isdigit()) or int(text) not in SMALL:
            return Fault(column, f"{shown(text)} is no whole number between -32768 and 32767.")
        return int(text)

    return Words(read)


def made_by(values: Values, column: str, shift: int, *, chosen: bool = True) -> Amounts:
    """Amounts as a mapping says that they are written."""
    return Amounts(
        column,
        shift,
        values.decimal,
        values.thousands,
        chosen=chosen,
        gaps=values.empty == "gap",
        rounds=values.digits == "round",
    )


def costs(column: str, mapping: Mapping) -> Amounts:
    """Costs in 1/100 000 of the currency."""
    values = mapping.values
    return made_by(values, column, CENTS, chosen=False)


@dataclass(frozen=True)
class Measure:
    """A unit in which a table's values stand, of one service, kept in a power of ten."""

    unit: Unit
    commodity: Commodity
    power: int


def measure_of(word: str, mapping: Mapping, profile: Profile) -> Measure | str:
    """What values in a unit are; else why they are nothing that can be kept."""
    unit = unit_of(word)
    if unit is None:
        return f"{shown(word)} {worded(word)}."
    given = Commodity(mapping.values.commodity) if mapping.values.commodity else None
    if unit.commodity and given and unit.commodity is not given:
        return f"{shown(word)} measures {unit.commodity}, and values.commodity says {given}."
    commodity = given or unit.commodity
    if commodity is None:
        return f"{shown(word)} may measure several services; say which under values.commodity."
    power = mapping.values.power_of_ten
    return Measure(unit, commodity, stored_power(unit, commodity, profile) if power is None else power)


class ByUnit(dict[str, "Amounts | Fault"]):
    """What reads the values of each unit of a column."""

    def __init__(self, column: str, unit_column: str, mapping: Mapping, profile: Profile) -> None:
        """Take the columns' names."""
        super().__init__()
        self._columns, self._mapping, self._profile = (column, unit_column), mapping, profile

    def __missing__(self, word: str) -> "Amounts | Fault":
        """Make ready for a unit that was not met before."""
        measure = measure_of(word.strip(), self._mapping, self._profile)
        if isinstance(measure, str):
            made: Amounts | Fault = Fault(self._columns[1], measure)
        else:
            values = self._mapping.values
            made = made_by(values, self._columns[0], measure.unit.power - measure.power)
        self[word] = made
        return made

    def read(self, words: Sequence[str], values: Sequence[str]) -> list[int | Fault | None]:
        """Values, each in its unit."""
        if len(set(words)) == 1:
            amounts = self[words[0]]
            return [amounts] * len(values) if isinstance(amounts, Fault) else list(map(amounts.__getitem__, values))
        pairs = ((self[word], value) for word, value in zip(words, values, strict=True))
        return [amounts if isinstance(amounts, Fault) else amounts[value] for amounts, value in pairs]
