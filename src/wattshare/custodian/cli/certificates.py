"""Keys and certificates for third parties that have none."""

from datetime import UTC, datetime
from pathlib import Path

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.sandbox.authority import Authority, keep


def make(authority: Authority | None, name: str, folder: Path) -> Path:
    """Write `client.pem` and `client.key` into a folder; gives the certificate's path.

    Without an authority of the house, the certificate's issuer is made for this one and thrown away.

    Raises:
        BadRequest: there is a certificate already.
    """
    certificate, key = folder / "client.pem", folder / "client.key"
    for path in (certificate, key):
        if path.exists():
            raise BadRequest(f"{path} is there already.", field="make_certificate")
    now = datetime.now(UTC)
    issuer = authority or Authority.make(f"{name} (own authority)", now)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keep(issuer.issue(name, now), certificate, key)
    return certificate
