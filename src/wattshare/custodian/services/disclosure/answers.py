"""What a service hands to the web: a feed in pieces, and what is known of it beforehand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from wattshare.custodian.store.trail import TrailEntry


class Content(StrEnum):
    """What kind of document it is."""

    ATOM = "atom"
    XML = "xml"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A document to send: whole where it is small. The caller closes pieces when it stops early."""

    body: bytes | Iterator[bytes]
    content: Content = Content.ATOM
    # a strong validator of the identity form, without quotes; None: not to be kept at all
    etag: str | None = None
    # whether the caller's copy is as good: `body` is empty then
    unchanged: bool = False
    # to be written down before any of it leaves; None: nothing of anybody's is told
    owed: TrailEntry | None = None
    # asked while a long one is sent; raises when the caller may no longer have it
    still: Callable[[], None] | None = None
