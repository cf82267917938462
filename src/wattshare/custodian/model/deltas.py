"""What is new for a third party, once a day."""

from dataclasses import dataclass, replace
from enum import StrEnum


class DeltaState(StrEnum):
    """Life of a daily delta."""

    DUE = "due"
    # a batch is being made of it
    ORDERED = "ordered"
    # its notice is owed
    MADE = "made"
    # there was nothing new
    EMPTY = "empty"
    # it was not made in its day: what it would have told is in the next one
    FAILED = "failed"


MOVES = {
    DeltaState.DUE: {DeltaState.ORDERED, DeltaState.EMPTY, DeltaState.FAILED},
    DeltaState.ORDERED: {DeltaState.MADE, DeltaState.EMPTY, DeltaState.FAILED},
    DeltaState.MADE: set(),
    DeltaState.EMPTY: set(),
    DeltaState.FAILED: set(),
}
# what it tells of counts as told
DONE = frozenset({DeltaState.MADE, DeltaState.EMPTY})
OPEN = frozenset({DeltaState.DUE, DeltaState.ORDERED})


@dataclass(frozen=True, kw_only=True)
class Delta:
    """One third party's delta of one row of the API on one local day."""

    id: int
    third_party_id: int
    endpoint: str
    # on which it is made, as ISO 8601
    day: str
    state: DeltaState = DeltaState.DUE
    # of usage: everything up to that revision is in this one or an earlier one
    revision: int | None = None
    batch_id: str | None = None
    # of customers: of its files; the same again is nothing new
    digest: str | None = None
    created_at: int

    def moved(self, to: DeltaState) -> "Delta":
        """The same delta in another state.

        Raises:
            ValueError: `to` may not follow the present state.
        """
        if to not in MOVES[self.state]:
            raise ValueError(f"a delta that is {self.state} cannot become {to}")
        return replace(self, state=to)
