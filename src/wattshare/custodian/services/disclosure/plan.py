"""An answer before it is written."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wattshare.custodian.services.disclosure.render import Item
from wattshare.custodian.services.disclosure.view import View
from wattshare.espi.atom import Entry


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is in an answer, and when that last changed."""

    # made anew from the view of the transaction in which the answer is written
    items: Callable[[View], Iterable[Item]]
    # blocks, summaries or entries: what the trail counts
    count: int
    updated: int
    # what a validator is made of beside the window; None: the answer is not to be kept
    mark: str | None = None
    # a windowed answer without any of what was asked for
    empty: bool = False


def fixed(entries: tuple[Entry, ...], otherwise: int = 0) -> Plan:
    """An answer of a few entries, small enough to be its own validator; `otherwise` is the age of an empty one."""
    updated = max((entry.updated or 0 for entry in entries), default=otherwise)
    mark = hashlib.sha256(repr(entries).encode()).hexdigest()[:16]
    return Plan(items=lambda _: entries, count=len(entries), updated=updated, mark=mark)
