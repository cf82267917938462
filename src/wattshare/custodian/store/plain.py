"""Small objects of the standard as texts in a column: equal ones are equal texts."""

import json
from functools import lru_cache
from typing import TypeVar

from wattshare.espi.atom import Resource
from wattshare.espi.plain import from_plain, to_plain

T = TypeVar("T")
# reading types are few, and read with every channel
KEPT = 512


def write_text(resource: Resource) -> str:
    """An object as a text."""
    return json.dumps(to_plain(resource), sort_keys=True, separators=(",", ":"))


def read_text(text: str, kind: type[T]) -> T:
    """The object again, which is of that type."""
    resource = from_plain(json.loads(text))
    if not isinstance(resource, kind):
        raise TypeError(f"a {type(resource).__name__} where a {kind.__name__} was kept")
    return resource


@lru_cache(maxsize=KEPT)
def known_text(text: str, kind: type[T]) -> T:
    """The same for texts that are few and the same for everybody: each is read once."""
    return read_text(text, kind)
