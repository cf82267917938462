"""Values of leaves as text for XML, by the simple types of the standard. XML Schema part 2 §3; XML 1.0 §2.4.

What a type does not allow is refused here, so that nothing is sent that the schema would refuse. The
sentences name the element and never hold the value: it may be someone's.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from wattshare.espi.fields import Form, SchemaSet, Simple

Printer = Callable[[Any], str]

_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKUP = re.compile("[&<>\r]")
_MARKUP_IN_ATTRIBUTE = re.compile('[&<>"\t\n\r]')
_REFERENCES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    # a parser turns bare ones into others
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
_HEX = re.compile("(?:[0-9A-Fa-f]{2})+")
_SEGMENT = r"A-Za-z0-9\-._~!$&'()*+,;="
_HOST = rf"(?:\[[0-9A-Fa-f:.]+\]|(?:[{_SEGMENT}]|%[0-9A-Fa-f]{{2}})*)"
_USER = rf"(?:(?:[{_SEGMENT}:]|%[0-9A-Fa-f]{{2}})*@)?"
_PATH = rf"(?:[{_SEGMENT}:@/]|%[0-9A-Fa-f]{{2}})*"
_QUERY = rf"(?:[{_SEGMENT}:@/?]|%[0-9A-Fa-f]{{2}})*"
_URI = re.compile(
    # a colon in the first segment ends a scheme, or it is no address
    r"(?:[A-Za-z][A-Za-z0-9+.\-]*:|(?![^/?#]*:))"
    rf"(?://{_USER}{_HOST}(?::[0-9]{{1,5}})?(?=[/?#]|\Z)|(?!//)){_PATH}(?:\?{_QUERY})?(?:\#{_QUERY})?"
)
# xs:float has no more digits before or behind the point
_MOST_EXPONENT = 37
_MOST_DIGITS = 30


def refuse(name: str, why: str) -> ValueError:
    """The refusal to write an element."""
    return ValueError(f"{name} {why}.")


def escape(content: Any, name: str) -> str:
    """A text between tags.

    Raises:
        ValueError: it holds what XML has no way to write.
    """
    return _escape(content, name, _MARKUP)


def escape_attribute(content: Any, name: str) -> str:
    """A text between the quotes of an attribute.

    Raises:
        ValueError: it holds what XML has no way to write.
    """
    return _escape(content, name, _MARKUP_IN_ATTRIBUTE)


def _escape(content: Any, name: str, markup: re.Pattern[str]) -> str:
    if not isinstance(content, str):
        raise refuse(name, "is no text")
    if _NO_CHARACTER.search(content):
        raise refuse(name, "holds a character that XML does not have")
    return markup.sub(lambda found: _REFERENCES[found[0]], str(content))


def check_uri(content: Any, name: str) -> str:
    """An address as it may stand in a document. RFC 3986; characters beyond ASCII must be escaped already.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(content, str) or not _URI.fullmatch(content):
        raise refuse(name, "is no URI")
    return str(content)


def printer(simple: Simple, schema: SchemaSet, name: str) -> Printer:
    """What makes the text of the leaf `name`; it raises ValueError for values that the generation forbids."""
    printed = _PRINTERS[simple.form](simple, name)
    if schema not in simple.closed_in:
        return printed

    def print_listed(value: Any) -> str:
        if value not in simple.listed:
            raise refuse(name, f"is none of the values that {simple.name} lists")
        return printed(value)

    return print_listed


def _whole(simple: Simple, name: str) -> Printer:
    low, high = simple.low, simple.high

    def print_whole(value: Any) -> str:
        if not isinstance(value, int) or isinstance(value, bool):
            raise refuse(name, "is no whole number")
        if (low is not None and value < low) or (high is not None and value > high):
            raise refuse(name, f"is outside the range of {simple.name}")
        return f"{value:d}"

    return print_whole


def _decimal(_: Simple, name: str) -> Printer:
    def print_decimal(value: Any) -> str:
        if not isinstance(value, Decimal) or not value.is_finite():
            raise refuse(name, "is no decimal number")
        if abs(value.adjusted()) > _MOST_EXPONENT or len(value.as_tuple().digits) > _MOST_DIGITS:
            raise refuse(name, "has more digits than are sent")
        return str(value)

    return print_decimal


def _truth(_: Simple, name: str) -> Printer:
    def print_truth(value: Any) -> str:
        if not isinstance(value, bool):
            raise refuse(name, "is neither true nor false")
        return "true" if value else "false"

    return print_truth


def _text(simple: Simple, name: str) -> Printer:
    longest = simple.longest

    def print_text(value: Any) -> str:
        escaped = escape(value, name)
        if longest is not None and len(value) > longest:
            raise refuse(name, f"is longer than {simple.name} allows")
        return escaped

    return print_text


def _uri(_: Simple, name: str) -> Printer:
    def print_uri(value: Any) -> str:
        return escape(check_uri(value, name), name)

    return print_uri


def _hex(simple: Simple, name: str) -> Printer:
    most = 2 * (simple.longest or 0)

    def print_hex(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most or not _HEX.fullmatch(value):
            raise refuse(name, f"is no {simple.name}")
        return str(value)

    return print_hex


_PRINTERS: dict[Form, Callable[[Simple, str], Printer]] = {
    Form.WHOLE: _whole,
    Form.DECIMAL: _decimal,
    Form.TRUTH: _truth,
    Form.TEXT: _text,
    Form.URI: _uri,
    Form.HEX: _hex,
}
