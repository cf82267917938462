"""Third parties for tests of decisions."""

from dataclasses import replace
from typing import Any

from wattshare.custodian.model.parties import ThirdParty, UserType
from wattshare.espi.kinds import Kind

REDIRECT = "https://acme.example/callback"
ACME = ThirdParty(
    id=50001,
    name="Acme Energy",
    user_type=UserType.STANDARD,
    client_id="0123456789abcdef0123456789abcdef",
    application_id="5c7f2a4e-0b1d-4d2c-9a52-6b7d0f1e2a3b",
    redirect_uris=(REDIRECT, "https://acme.example/query?tenant=7"),
    kinds_required=frozenset({Kind.USAGE}),
    kinds_optional=frozenset({Kind.BILLING}),
)


def party(**changes: Any) -> ThirdParty:
    """Acme Energy, but for some changes."""
    return replace(ACME, **changes)
