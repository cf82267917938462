"""Keys and certificates for third parties that have none."""

from datetime import UTC, datetime
from pathlib import Path

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.sandbox.authority import Authority, keep
from wattshare.custodian.settings import Settings


def make(settings: Settings, name: str, folder: Path) -> Path:
    """Write `client.pem` and `client.key` into a folder; gives the certificate's path.

    A sandbox issues it by its own authority; elsewhere the issuer is made for this one and thrown away.

    Raises:
        BadRequest: there is a certificate already.
    """
    certificate, key = folder / "client.pem", folder / "client.key"
    for path in (certificate, key):
        if path.exists():
            raise BadRequest(f"{path} is there already.", field="make_certificate")
    now = datetime.now(UTC)
    issuer = own_authority(settings) or Authority.make(f"{name} (own authority)", now)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keep(issuer.issue(name, now), certificate, key)
    return certificate


def own_authority(settings: Settings) -> Authority | None:
    """The sandbox's authority, where this is one."""
    certificate, key = settings.home / "ca.pem", settings.home / "ca.key"
    if not (settings.sandbox and certificate.exists() and key.exists()):
        return None
    return Authority.read(certificate.read_bytes(), key.read_bytes())
