"""JSON that is signed: one way to write it, and a reader that takes nothing that could be read in two ways.

What is signed is a line that says what it is, and the document: members in order of their names, no space that means
nothing, UTF-8. There are no fractions in it. A signed document is `{"<what>": {…}, "signature": {…}}`.
"""

import json
from typing import Any, NoReturn

# most bytes of a document that is read
MOST_BYTES = 1 << 20
MOST_DIGITS = 18
ALGORITHM = "ed25519"
# what can be signed
RECEIPT, RECORD = "receipt", "record"
# the version of its members that is written
VERSION = 1


class Ambiguous(ValueError):
    """It is no JSON, or has something in it that two readers could take for two things."""


def content(what: str, document: dict[str, Any]) -> bytes:
    """The bytes that a signature is over."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"wattshare {what}\n{text}".encode()


def read(raw: bytes) -> dict[str, Any]:
    """A document from outside.

    Raises:
        Ambiguous: it is no JSON object, too long, or has a name twice or a fraction in it.
    """
    if len(raw) > MOST_BYTES:
        raise Ambiguous(f"It has more than {MOST_BYTES} bytes.")
    try:
        found = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_once,
            parse_float=_fraction,
            parse_constant=_fraction,
            parse_int=_whole,
        )
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as half:
        raise Ambiguous("There is half a character in it.") from half
    except UnicodeDecodeError as wrong:
        raise Ambiguous("It is not written in UTF-8.") from wrong
    except json.JSONDecodeError as wrong:
        raise Ambiguous(f"It is no JSON: line {wrong.lineno}, column {wrong.colno}.") from wrong
    except RecursionError as deep:
        raise Ambiguous("It is too deep.") from deep
    if not isinstance(found, dict):
        raise Ambiguous("It is no JSON object.")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Ambiguous("A name is in it twice.")
    return found


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise Ambiguous(f"There is a number of more than {MOST_DIGITS} digits in it.")
    return int(text)


def _fraction(text: str) -> NoReturn:
    raise Ambiguous(f"There is a fraction in it: {text[:20]}.")
