"""What a sandbox's house stands on: keys, an authority of its own, certificates, and the settings file."""

import json
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wattshare.custodian.sandbox.authority import Authority, Issued
from wattshare.custodian.sandbox.home import MAIL, Home, write_private
from wattshare.custodian.sandbox.identity import CLAIM, CLIENT, NAME, secret_of
from wattshare.custodian.settings import FILE, Settings
from wattshare.custodian.store.keys import Keys

KEYS = "keys.json"
CA = "ca"
SERVER = "server"
# what we show to the receivers of notices
SENDER = "outbound"
LOCAL = ("localhost", "127.0.0.1", "::1")
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened on


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the settings file has to say."""

    port: int
    http: bool
    public_base: str | None
    rate_limits: bool
    # receivers of notices on this machine, beside our own
    allow_notify: tuple[str, ...] = ()
    # where the sign-in of the utility's own is; None: there is none
    sign_in_port: int | None = None

    @property
    def base(self) -> str:
        """Scheme, host and port of every address."""
        return self.public_base or f"{'http' if self.http else 'https'}://localhost:{self.port}"

    @property
    def issuer(self) -> str:
        """The sign-in of the utility's own."""
        if self.sign_in_port is None:
            return ""
        return f"{'http' if self.http else 'https'}://localhost:{self.sign_in_port}"

    @property
    def settings(self) -> dict[str, Any]:
        """By the names of settings; paths are relative to the home."""
        return {
            "sandbox": True,
            "public_base": self.base,
            "listen_port": self.port,
            "tls": "off" if self.http else "native",
            "mutual_tls": not self.http,
            "tls_certificate": f"{SERVER}.pem",
            "tls_key": f"{SERVER}.key",
            "tls_ca": [f"{CA}.pem"],
            "outbound_certificate": f"{SENDER}.pem",
            "outbound_key": f"{SENDER}.key",
            "outbound_ca": [f"{CA}.pem"],
            "allow_notify": [f"localhost:{self.port}", f"127.0.0.1:{self.port}", *self.allow_notify],
            "allow_http_callbacks": self.http,
            "rate_limits": self.rate_limits,
            "mail_dir": MAIL,
            "oidc_issuer": self.issuer,
            "oidc_name": NAME,
            "oidc_client_id": CLIENT,
            "oidc_claim": CLAIM,
            "oidc_claim_names": "login",
            "allow_own": [f"localhost:{self.sign_in_port}"] if self.sign_in_port else [],
        }


def make_keys(home: Home) -> None:
    """Keys of the house and of its authority, and the certificate of its notices."""
    Keys.make(home / KEYS)
    now = datetime.now(UTC)
    authority = Authority.make("Wattshare sandbox: trust it nowhere else", now)
    put(home, CA, authority.issued)
    put(home, SENDER, authority.issue("Wattshare sandbox notices", now))


def equip(home: Home, wanted: Wanted) -> Settings:
    """Write the settings file, keeping what else somebody wrote into it, and the server's certificate.

    Raises:
        BadSettings: the settings do not fit together.
    """
    file = home / FILE
    kept = tomllib.loads(file.read_text()) if file.exists() else {}
    home.write(FILE, written(kept | wanted.settings | {"oidc_client_secret": secret_of(home)}))
    settings = Settings(home=home.path, **wanted.settings)
    hosts = (*LOCAL, settings.listen_host, urlsplit(settings.public_base).hostname or "")
    names = tuple(dict.fromkeys(host for host in hosts if host and host not in EVERYWHERE))
    put(home, SERVER, authority_of(home).issue("Wattshare sandbox", datetime.now(UTC), hosts=names))
    return settings


def receiver_of(settings: Settings) -> str:
    """Scheme, host and port by which the sandbox reaches itself, whatever its public base."""
    host = EVERYWHERE.get(settings.listen_host, settings.listen_host)
    bracketed = f"[{host}]" if ":" in host else host
    return f"{'http' if settings.tls == 'off' else 'https'}://{bracketed}:{settings.listen_port}"


def authority_of(home: Home) -> Authority:
    """The sandbox's own authority."""
    return Authority.read((home / f"{CA}.pem").read_bytes(), (home / f"{CA}.key").read_bytes())


def put(home: Home, name: str, issued: Issued) -> Path:
    """Keep a certificate and its key; gives the certificate's path."""
    certificate = home / f"{name}.pem"
    certificate.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(certificate, issued.certificate)
    write_private(certificate.with_suffix(".key"), issued.private_key)
    return certificate


def written(values: dict[str, Any]) -> str:
    """Flat settings as TOML, whose strings, numbers, booleans and lists are JSON's."""
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
