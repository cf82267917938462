"""What the house tells of its third parties and authorizations, as facts for commands and files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.services.registration import Registered
from wattshare.espi.kinds import in_order

DAY = 86_400


def of_third_party(
    registered: Registered, partner: ThirdParty | None, certificate: Path | None, now: int
) -> dict[str, Any]:
    """A registration with its credentials, as the sandbox's file has it, and its milestones."""
    party = registered.party
    return {
        "name": party.name,
        "user_type": party.user_type.value,
        "third_party_id": party.id,
        "client_id": party.client_id,
        "client_secret": registered.client_secret,
        "certificate": None if certificate is None else str(certificate),
        "private_key": None if certificate is None else str(certificate.with_suffix(".key")),
        "certificate_sha256": party.certificate_sha256,
        "redirect_uris": list(party.redirect_uris),
        "portal_uri": party.portal_uri,
        "notification_uri": party.notification_uri,
        "notify_daily": party.notify_daily,
        "notify_kinds": sorted(party.notify_kinds),
        "application_information_id": party.application_id,
        "registration_access_token": registered.registration_token,
        "role": party.role.value,
        "partner": partner.name if partner else None,
        "kinds_required": [kind.value for kind in in_order(party.kinds_required)],
        "kinds_optional": [kind.value for kind in in_order(party.kinds_optional)],
        "commodities": sorted(party.commodities),
        "history_days": party.history_days,
        "visible": party.visible,
        "pkce": "required" if party.pkce_required else "optional",
        "purpose": party.purpose,
        "support": party.support,
        "contacts": list(party.contacts),
        "standing": party.standing.value,
        "milestones": {
            "connectivity_test": moment(party.milestones.connectivity_test_at),
            "oauth_test": moment(party.milestones.oauth_test_at),
            "due": moment(party.milestones.due_at),
            "registered": moment(party.registered_at),
            "days_left": max(0, -((now - party.milestones.due_at) // DAY)),
        },
    }


def of_authorization(held: Authorization, third_party: str, usage_points: list[int]) -> dict[str, Any]:
    """An authorization as facts."""
    return {
        "id": held.id,
        "third_party": third_party,
        "entry": held.entry.value,
        "state": held.state.value,
        "kinds": [kind.value for kind in in_order(held.kinds)],
        "scope": held.scope,
        "usage_points": usage_points,
        "starts": moment(held.starts),
        "ends": moment(held.ends),
        "ended": moment(held.ended_at),
        "ending": held.ending.value if held.ending else None,
        "offline": held.offline,
    }


def moment(at: int | None) -> str | None:
    """A second as ISO 8601 in UTC."""
    return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
