"""Decimal texts as whole numbers, exactly: no text is ever a float on the way."""

import re
from dataclasses import dataclass

from wattshare.custodian.formats.tables.faults import Fault

# espi.xsd Int48
LEAST, MOST = -(1 << 47), (1 << 47) - 1
# as many digits as the widest decimals of databases have
_NUMBER = re.compile(r"([+-]?)([0-9]{0,76})(?:\.([0-9]{0,76}))?(?:[eE]([+-]?[0-9]{1,2}))?")
# what programs write where nothing was read
NOTHING = re.compile(r"#?n/?a|nan|null|none|nil|-+|missing", re.IGNORECASE)
# what would help with texts that are nearly numbers
_HELP = (
    (
        re.compile(r"[+-]?[0-9]+(?:['\u2019 \xa0\u202f][0-9]{3})+(?:[.,][0-9]*)?"),
        "the mark between its thousands is said by values.thousands",
    ),
    (re.compile(r"\([0-9.,]+\)|[0-9.,]+-|\u2212[0-9.,]+"), "what is below zero begins with -"),
    (NOTHING, "where it says that nothing was read, values.empty = “gap” leaves it out"),
)
_COMMA = re.compile(r"[+-]?[0-9.]*,[0-9.,]+")
# powers of ten that a wrong unit may be off by
LIKELY = 6
# as many texts as are remembered at a time, none longer than that
MEMORY, LONGEST = 200_000, 64


@dataclass
class Amounts(dict[str, int | Fault | None]):
    """Texts of one column, each a whole number of ten to the power of `-shift`; an empty text is None.

    Remembers what it has read: readings repeat themselves.
    """

    column: str
    # how many digits the point moves to the right
    shift: int
    # what stands before the decimals, and between thousands
    decimal: str = "."
    thousands: str = ""
    # whether the mapping says in which power of ten they are kept
    chosen: bool = True
    # whether words that say that nothing was read are empty texts
    gaps: bool = False
    # whether digits that are not kept are rounded, half of one away from zero
    rounds: bool = False

    def __post_init__(self) -> None:
        """Make ready what tells marks between thousands from others: 1,234,567.8, and 12,34,567 as in India."""
        mark, point = re.escape(self.thousands), re.escape(self.decimal)
        groups = rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]{{1,2}}(?:{mark}[0-9]{{2}})+{mark}[0-9]{{3}})"
        self._grouped = re.compile(rf"[+-]?{groups}(?:{point}[0-9]*)?")

    def __missing__(self, text: str) -> int | Fault | None:
        """Read a text that was not met before."""
        read = self._read(text.strip())
        if len(text) <= LONGEST:
            if len(self) >= MEMORY:
                self.clear()
            self[text] = read
        return read

    def _read(self, text: str) -> int | Fault | None:
        if not text or (self.gaps and NOTHING.fullmatch(text)):
            return None
        if self.thousands and self.thousands in text:
            # taken away elsewhere it would make 15 of 1,5
            if not self._grouped.fullmatch(text):
                return Fault(
                    self.column,
                    f"{shown(text)} is no number: what values.thousands names stands before three digits each.",
                )
            text = text.replace(self.thousands, "")
        if self.decimal != "." and "." in text:
            return Fault(self.column, f"{shown(text)} has a point where values.decimal is {self.decimal!r}.")
        if self.decimal != ".":
            text = text.replace(self.decimal, ".")
        found = _NUMBER.fullmatch(text)
        if found is None or not (found[2] or found[3]):
            comma = _COMMA.fullmatch(text) and not self.thousands and self.decimal != ","
            hint = "if its comma is a mark, say which: values.decimal or values.thousands" if comma else _help(text)
            return Fault(self.column, f"{shown(text)} is no number{'; ' * bool(hint)}{hint}.")
        return self._scaled(text, found)

    def _scaled(self, text: str, found: re.Match[str]) -> int | Fault:
        sign, whole, decimals, exponent = found.groups(default="")
        more = False
        digits, behind = (whole + decimals).lstrip("0"), len(decimals) - int(exponent or 0) - self.shift
        if behind > 0:
            digits, cut = digits[:-behind], digits[-behind:]
            if cut.strip("0") and not self.rounds:
                return self._fine(text, behind)
            more = cut.rjust(behind, "0") >= "5"
        many = len(digits) - min(behind, 0)
        if many > 15:
            return self._large(text, many - 14)
        number = int(digits or "0") * 10 ** max(-behind, 0) + more
        number = -number if sign == "-" else number
        return number if LEAST <= number <= MOST else self._large(text, 1)

    def _fine(self, text: str, by: int) -> Fault:
        lower = f"lower values.power_of_ten by {by} or more"
        advice = f"; {lower}, or say values.digits = “round”" * self.chosen
        return Fault(self.column, f"{shown(text)} has more digits than are kept{advice}.")

    def _large(self, text: str, by: int) -> Fault:
        advice = f"; raise values.power_of_ten by {by} or more, if it is right" * (self.chosen and by <= LIKELY)
        return Fault(self.column, f"{shown(text)} is too large{advice}.")


def _help(text: str) -> str:
    return next((help_ for near, help_ in _HELP if near.fullmatch(text)), "")


def shown(text: str) -> str:
    """A cell, fit for a sentence."""
    short = text if len(text) <= 40 else text[:40] + "…"
    return "".join(letter if letter.isprintable() else "�" for letter in f"“{short}”")
