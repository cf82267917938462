"""Times at which the service will not be there, as the operator announces them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A planned outage, in UTC epoch seconds; the end is not in it."""

    id: int
    begins: int
    ends: int
    # why, for the third parties
    text: str

    def covers(self, at: int) -> bool:
        """Whether it is under way."""
        return self.begins <= at < self.ends
