"""Texts of leaves into values, by the simple types of the standard. XML Schema part 2 §3; espi.xsd."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from wattshare.espi.deviations import Rule
from wattshare.espi.fields import Form, Simple

_BLANKS = " \t\r\n"
_MOST_DIGITS = 20
# as many digits, and as high an exponent, as a float on the wire can need
_DECIMAL = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class Unfit(Exception):
    """A text that is no value of its type, and the rule that it breaks."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self.rule = rule


def parser(simple: Simple) -> Callable[[str], Any]:
    """What reads the texts of a type, as its most generous generation has it; it raises `Unfit`."""
    match simple.form:
        case Form.WHOLE:
            return _whole(simple)
        case Form.TEXT:
            return _listed(simple.listed) if simple.closed() else _text(simple.longest)
        case Form.URI:
            return _collapsed
        case Form.TRUTH:
            return _truth
        case Form.HEX:
            return _hexadecimal(simple.longest)
        case Form.DECIMAL:
            return _decimal


def _whole(simple: Simple) -> Callable[[str], int]:
    low, high = simple.low, simple.high
    if low is None or high is None:
        raise ValueError(f"{simple.name} has no range.")

    def parse(text: str) -> int:
        digits = text.strip(_BLANKS)
        unsigned = digits[1:] if digits[:1] in {"-", "+"} else digits
        # isdigit() knows the digits of all scripts, isascii() only ours
        if len(unsigned) > _MOST_DIGITS or not (unsigned.isdigit() and unsigned.isascii()):
            raise Unfit(Rule.NOT_A_NUMBER)
        number = int(digits)
        if not low <= number <= high:
            raise Unfit(Rule.OUT_OF_RANGE)
        return number

    return parse


def _text(longest: int | None) -> Callable[[str], str]:
    def parse(content: str) -> str:
        if longest is not None and len(content) > longest:
            raise Unfit(Rule.TOO_LONG)
        return content

    return parse


def _collapsed(content: str) -> str:
    return " ".join(content.split())


def _listed(values: frozenset[int | str]) -> Callable[[str], str]:
    def parse(content: str) -> str:
        if content not in values:
            raise Unfit(Rule.NOT_LISTED)
        return content

    return parse


def _truth(content: str) -> bool:
    value = _TRUTHS.get(content.strip(_BLANKS))
    if value is None:
        raise Unfit(Rule.NOT_A_TRUTH_VALUE)
    return value


def _hexadecimal(most_bytes: int | None) -> Callable[[str], str]:
    def parse(content: str) -> str:
        digits = content.strip(_BLANKS)
        odd = len(digits) % 2 or (most_bytes is not None and len(digits) > 2 * most_bytes)
        if odd or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise Unfit(Rule.NOT_HEX)
        return digits

    return parse


def _decimal(content: str) -> Decimal:
    digits = content.strip(_BLANKS)
    if not _DECIMAL.fullmatch(digits):
        raise Unfit(Rule.NOT_A_NUMBER)
    return Decimal(digits)
