"""Things that are ordered now and done later."""

from dataclasses import dataclass
from enum import StrEnum


class BatchState(StrEnum):
    """Life of a batch."""

    ORDERED = "ordered"
    MADE = "made"
    FAILED = "failed"
    VOID = "void"  # nothing in it may be served any more
    EXPIRED = "expired"


BATCH_MOVES = {
    BatchState.ORDERED: {BatchState.MADE, BatchState.FAILED, BatchState.VOID},
    BatchState.MADE: {BatchState.ORDERED, BatchState.VOID, BatchState.EXPIRED},
    BatchState.FAILED: {BatchState.ORDERED, BatchState.VOID, BatchState.EXPIRED},
    BatchState.VOID: set(),
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


class NoticeState(StrEnum):
    """Life of a notice."""

    DUE = "due"
    TOLD = "told"
    GIVEN_UP = "given_up"


class NoticeKind(StrEnum):
    """What a notice tells."""

    BATCH_READY = "batch_ready"
    AUTHORIZATION_CHANGED = "authorization_changed"
    DAILY = "daily"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A BatchList that is owed to a third party until it accepts it with a 2xx."""

    # webhook-id: the same through all tries
    id: str
    third_party_id: int
    kind: NoticeKind
    resources: tuple[str, ...]
    state: NoticeState = NoticeState.DUE
    transaction: str | None = None
    batch_id: str | None = None
    created_at: int
    told_at: int | None = None
    attempts: int = 0


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try to tell a notice."""

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
