"""What is told to whom, decided and found: all of an answer but its bytes."""

from dataclasses import dataclass

from wattshare.custodian.services.access import Permission
from wattshare.custodian.services.disclosure.plan import Plan
from wattshare.espi.window import Window


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One answer, at one second."""

    permission: Permission
    window: Window | None
    plan: Plan
    at: int
    # a strong validator without quotes; None: not to be kept at all
    etag: str | None
