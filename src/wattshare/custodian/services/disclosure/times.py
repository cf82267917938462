"""First and last revision of a thing, in the order that an Atom entry says them."""

from typing import NamedTuple


class Times(NamedTuple):
    """UTC epoch seconds of the first and of the last revision."""

    published: int
    updated: int

    def joined(self, other: "Times") -> "Times":
        """The span of both."""
        return Times(min(self.published, other.published), max(self.updated, other.updated))
