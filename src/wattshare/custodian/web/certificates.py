"""The one place where a client certificate comes from: off the connection, or out of the proxy's header."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Literal
from urllib.parse import unquote

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from wattshare.custodian.model.bearer import Certificate
from wattshare.custodian.settings import Network, Settings
from wattshare.custodian.web.call import Call

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Who proves certificates: the listener itself, or a proxy at one of these addresses."""

    source: Literal["native", "proxy", "off"]
    proxies: tuple[Network, ...] = ()
    # lower case
    header: str = "client-cert"

    @classmethod
    def of(cls, settings: Settings) -> "Certificates":
        """As the settings have it."""
        return cls(
            source=settings.tls,
            proxies=settings.proxy_addresses,
            header=settings.proxy_certificate_header.lower(),
        )

    def shown(self, scope: Mapping[str, Any], call: Call) -> Certificate | None:
        """The certificate that the caller proved to hold; `call.address` is still the connection's.

        A header counts from the proxy's own address only, and only once: two of them are none.
        """
        if self.source == "native":
            proved = scope.get("extensions", {}).get("tls", {}).get("client_certificate")
            return proved if isinstance(proved, Certificate) else None
        if not self.is_proxy(call.address) or self.header in call.repeated_headers:
            return None
        return from_header(call.headers.get(self.header, ""))

    def is_proxy(self, peer: str) -> bool:
        """Whether the other end of the connection is our proxy."""
        if self.source != "proxy":
            return False
        address = read_address(peer)
        return address is not None and within(address, self.proxies)

    def caller(self, call: Call) -> str:
        """The caller's address: the connection's, or the last one that is not our own proxies'."""
        if not self.is_proxy(call.address):
            return call.address
        for hop in reversed(call.headers.get("x-forwarded-for", "").split(",")):
            if not (address := read_address(hop.strip())):
                break
            if not within(address, self.proxies):
                return str(address)
        return call.address


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """An IP address, out of its IPv6 wrapping where it has one; None for anything else."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def within(address: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    """Whether an address is in one of the networks."""
    return any(address in network for network in networks)


def from_der(der: bytes) -> Certificate:
    """A certificate as the listener has it.

    Raises:
        ValueError: it is none.
    """
    certificate = x509.load_der_x509_certificate(der)
    return Certificate(
        sha256=hashlib.sha256(der).hexdigest(),
        pem=certificate.public_bytes(Encoding.PEM).decode("ascii"),
        not_after=int(certificate.not_valid_after_utc.timestamp()),
    )


@lru_cache(maxsize=1024)
def from_header(value: str) -> Certificate | None:
    """A certificate as a proxy writes it; None for an empty or an unreadable one.

    nginx escapes PEM as in a URL, RFC 9440 has base64 DER between colons, others the same without them. Caddy
    hands on its own placeholder, in braces, where the caller showed none.
    """
    if not value or value.startswith("{"):
        return None
    try:
        return from_der(der_of(value))
    except (ValueError, binascii.Error):
        log.warning("certificate_header_unreadable")
        return None


def der_of(value: str) -> bytes:
    """The DER in a header's value.

    Raises:
        ValueError: there is none.
    """
    if "BEGIN" in value:
        pem = unquote(value).encode("ascii")
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    return base64.b64decode(value.strip(":"), validate=True)
