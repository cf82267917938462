"""A stretch of a prepared file: what Range, If-Range and If-Match ask for. RFC 9110 §14, §13.1.1, §13.1.5."""

import re
from dataclasses import dataclass

from wattshare.custodian.web.errors import NotInFile, OtherVersion

# one stretch: first-last, first-, or -count; a number may be far behind the end
STRETCH = re.compile(r"bytes=\s*(?:(\d{1,200})-(\d{1,200})?|-(\d{1,200}))\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Stretch:
    """Bytes of a representation, both ends in."""

    first: int
    last: int

    @property
    def count(self) -> int:
        """How many."""
        return self.last - self.first + 1

    def of(self, size: int) -> str:
        """As Content-Range says it."""
        return f"bytes {self.first}-{self.last}/{size}"


def stretch(asked: str | None, condition: str | None, *, etag: str, size: int) -> Stretch | None:
    """The bytes to send; None: all of them.

    Several stretches, and what cannot be read, are as if nothing was asked for. `condition` is If-Range: only the
    very representation that it names is continued; a date names none, as we send no date of change.

    Raises:
        NotInFile: it begins behind the end.
    """
    if asked is None or (condition is not None and condition.strip() != etag):
        return None
    found = STRETCH.fullmatch(asked)
    if found is None:
        return None
    first, last, tail = (None if text is None else int(text) for text in found.groups())
    if tail is not None:
        first, last = max(0, size - tail), size - 1
        if not tail or not size:
            raise NotInFile(size)
    elif first is None or (last is not None and last < first):
        return None
    if first >= size:
        raise NotInFile(size)
    return Stretch(first, size - 1 if last is None else min(last, size - 1))


def insist(condition: str | None, *, etag: str) -> None:
    """Go on where If-Match is not there, or names the very representation that would be sent.

    Raises:
        OtherVersion: it names another one; bytes of this one do not belong behind what is there.
    """
    if condition is not None and not {etag, "*"} & {one.strip() for one in condition.split(",")}:
        raise OtherVersion
