"""Things that are ordered now and done later."""

from dataclasses import dataclass, replace
from enum import StrEnum

# kinds of jobs: one makes the files of a batch, the other takes in a file that was dropped
MAKE, TAKE = "make_batch", "take_file"


class BatchState(StrEnum):
    """Life of a batch."""

    ORDERED = "ordered"
    MADE = "made"
    FAILED = "failed"
    VOID = "void"  # nothing in it may be served any more
    CANCELLED = "cancelled"  # not wanted any more
    EXPIRED = "expired"


# of which nothing is kept
BATCH_OVER = frozenset({BatchState.VOID, BatchState.CANCELLED, BatchState.EXPIRED})

BATCH_MOVES = {
    BatchState.ORDERED: {BatchState.MADE, BatchState.FAILED, BatchState.VOID, BatchState.CANCELLED},
    BatchState.MADE: {BatchState.ORDERED, BatchState.VOID, BatchState.CANCELLED, BatchState.EXPIRED},
    BatchState.FAILED: {BatchState.ORDERED, BatchState.VOID, BatchState.CANCELLED, BatchState.EXPIRED},
    BatchState.VOID: set(),
    BatchState.CANCELLED: set(),
    BatchState.EXPIRED: set(),
}


@dataclass(frozen=True, kw_only=True)
class Batch:
    """An order for a feed that is made by a worker. contract: rows that answer 202."""

    id: str
    third_party_id: int
    # of the access token that ordered it; None for bulk
    authorization_id: int | None
    # the endpoint's name in espi.endpoints
    endpoint: str
    # the window in normal form (Window.key()), or ""
    window: str
    state: BatchState = BatchState.ORDERED
    # the x-transaction header, echoed in the notice and the file
    transaction: str | None = None
    ordered_at: int
    made_at: int | None = None
    # the files are kept until then
    expires_at: int | None = None
    failure: str | None = None
    # usage points (of customer files: authorizations) that are written, and all that will be
    points_done: int = 0
    points_of: int | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of a batch, named on the wire by its correlationID."""

    correlation_id: str
    batch_id: str
    number: int
    # file name below the batches folder; None: the window held nothing, the answer is "no content"
    file: str | None
    # bytes of the feed, and of its gzip member
    identity_bytes: int = 0
    gzip_bytes: int = 0
    sha256: str = ""
    entries: int = 0
    readings: int = 0
    usage_points: int = 0
    # an authorization in it has ended since: must be made again without it
    stale: bool = False
    # grows when the part is made again
    version: int = 1
    # what the usage points in it supply; None: it is of customers, or of nothing
    commodity: str | None = None


class NoticeState(StrEnum):
    """Life of a notice."""

    DUE = "due"
    TOLD = "told"
    GIVEN_UP = "given_up"
    # there is no address to tell it to: it is asked for
    KEPT = "kept"


NOTICE_MOVES = {
    NoticeState.DUE: {NoticeState.TOLD, NoticeState.GIVEN_UP, NoticeState.KEPT},
    NoticeState.TOLD: {NoticeState.DUE},
    NoticeState.GIVEN_UP: {NoticeState.DUE},
    NoticeState.KEPT: {NoticeState.DUE},
}


class NoticeKind(StrEnum):
    """What a notice tells."""

    BATCH_READY = "batch_ready"
    DAILY = "daily"
    AUTHORIZATION_CHANGED = "authorization_changed"
    EXPIRY_COMING = "expiry_coming"
    DATA_CORRECTED = "data_corrected"
    OUTAGE_PLANNED = "outage_planned"

    @property
    def rank(self) -> int:
        """What is told first: 0 before 1."""
        return RANKS[self]

    @property
    def has_files(self) -> bool:
        """Whether it tells of files, which are kept for some days only."""
        return self in (NoticeKind.BATCH_READY, NoticeKind.DAILY)


# a permission that ended goes before everything: who hears of it stops asking
RANKS = {
    NoticeKind.AUTHORIZATION_CHANGED: 0,
    NoticeKind.BATCH_READY: 1,
    NoticeKind.DAILY: 2,
    NoticeKind.DATA_CORRECTED: 3,
    NoticeKind.OUTAGE_PLANNED: 3,
    NoticeKind.EXPIRY_COMING: 4,
}
# told to third parties that ask for them
OPTIONAL_KINDS = frozenset({NoticeKind.EXPIRY_COMING, NoticeKind.DATA_CORRECTED, NoticeKind.OUTAGE_PLANNED})


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A BatchList that is owed to a third party until it accepts it with a 2xx."""

    # webhook-id: the same through all tries
    id: str
    third_party_id: int
    # grows with each notice of the third party, in the order of the commits
    number: int = 0
    kind: NoticeKind
    resources: tuple[str, ...]
    state: NoticeState = NoticeState.DUE
    transaction: str | None = None
    batch_id: str | None = None
    created_at: int
    told_at: int | None = None
    # since it was owed for the last time
    attempts: int = 0
    # the second since which it is owed: of its creation, or of the last replay
    owed_at: int = 0
    # how often it was asked for anew after all
    replays: int = 0

    def moved(self, to: NoticeState) -> "Notice":
        """The same notice in another state.

        Raises:
            ValueError: `to` may not follow the present state.
        """
        if to not in NOTICE_MOVES[self.state]:
            raise ValueError(f"a notice that is {self.state} cannot become {to}")
        return replace(self, state=to)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try to tell a notice. What the receiver said to it is not kept."""

    notice_id: str
    at: int
    # HTTP status of the receiver, or None with a cause
    status: int | None
    cause: str | None
    milliseconds: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work due. Claimed under a lease; `fence` grows with every claim, so a late worker cannot finish another's."""

    id: int
    kind: str
    subject: str
    due_at: int
    attempts: int = 0
    fence: int = 0
    owner: str | None = None
    lease_until: int | None = None
    # given up: shown to the operator, never tried again by itself
    dead: bool = False
    last_error: str | None = None
    # of jobs that are due, those of the lowest rank are done first
    rank: int = 1
    # for whom it is done, where it is for one third party
    third_party_id: int | None = None
