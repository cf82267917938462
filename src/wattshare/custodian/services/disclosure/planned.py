"""What is told to whom, decided and found: all of an answer but its bytes."""

from dataclasses import dataclass

from wattshare.custodian.services.access import Permission
from wattshare.custodian.services.disclosure.plan import Plan
from wattshare.custodian.store.trail import TrailEntry


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One answer, at one second."""

    permission: Permission
    plan: Plan
    at: int
    # a strong validator without quotes; None: not to be kept at all
    etag: str | None
    # what the trail is owed for it, under the id of each answer; None: nothing of anybody's is told
    owed: TrailEntry | None
