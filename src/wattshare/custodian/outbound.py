"""The only way out: to a receiver that a third party named, without being led into a private network.

The same way leads to the utility's own services, which the operator named; only of those the answer is read.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from wattshare.custodian.exchange import (
    PORTS,
    Answered,
    Cause,
    Deadline,
    Target,
    Undelivered,
    answer_of,
    causes,
    send,
    status_of,
    written,
)
from wattshare.custodian.model.addresses import Address, is_global
from wattshare.custodian.settings import Settings, usable

CONNECT_SECONDS = 10.0
ALL_SECONDS = 30.0
# visible ASCII and nothing that ends a line
SAFE_URL = re.compile(r"[!-~]+")


# another try changes nothing until the third party or the operator does
PERMANENT = frozenset({Cause.BAD_URL, Cause.NOT_HTTPS, Cause.ADDRESS_REFUSED})
GONE = 410


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """The receiver took it: any 2xx."""

    status: int
    milliseconds: int


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The receiver did not take it. What it said is not kept."""

    cause: Cause
    milliseconds: int
    # where an answer came at all
    status: int | None = None
    permanent: bool = False


# name and port to addresses, in the order of preference
LookUp = Callable[[str, int], tuple[str, ...]]


def system_look_up(name: str, port: int) -> tuple[str, ...]:
    """The addresses of a name, as the system resolves it."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, kw_only=True)
class Outbound:
    """Posts notices: https, one look-up, only checked addresses, no redirects, 30 seconds in all."""

    context: ssl.SSLContext
    # HOST:PORT that may be anywhere; HOST is a name, an address or a CIDR
    allowed: tuple[str, ...] = ()
    # whether those may be http
    allow_http: bool = False
    look_up: LookUp = field(default=system_look_up, repr=False)

    @classmethod
    def of(cls, settings: Settings, *, allowed: tuple[str, ...] | None = None) -> "Outbound":
        """As the settings have it; `allowed` in place of `allow_notify`.

        Raises:
            BadSettings: a certificate, its key or a CA file cannot be used.
        """
        context = ssl.create_default_context()
        for file in settings.outbound_ca:
            with usable("outbound_ca", file):
                context.load_verify_locations(cafile=file)
        if settings.outbound_certificate:
            with usable("outbound_certificate, outbound_key", settings.outbound_certificate, settings.outbound_key):
                context.load_cert_chain(settings.outbound_certificate, settings.outbound_key)
        exempt = settings.allow_notify if allowed is None else allowed
        return cls(context=context, allowed=exempt, allow_http=settings.allow_http_callbacks)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Delivered | Failed:
        """Post a body; Host, Content-Length and Connection are ours to say.

        Raises:
            ValueError: a header has control characters.
        """
        started = time.monotonic()
        try:
            status = self.deliver(url, body, headers, started)
        except Undelivered as failure:
            return failed(failure.cause, since(started))
        if not 200 <= status < 300:
            return failed(Cause.STATUS, since(started), status)
        return Delivered(status=status, milliseconds=since(started))

    def deliver(self, url: str, body: bytes, headers: Mapping[str, str], started: float) -> int:
        """The receiver's status.

        Raises:
            Undelivered: there is none.
        """
        target = read_url(url)
        with self.sent(target, written(target, body, headers), started) as (connection, whole):
            return status_of(connection, whole)

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answered | Failed:
        """Ask a service that the operator named; what it answers is read, up to 64 KiB.

        Raises:
            ValueError: a header has control characters.
        """
        started = time.monotonic()
        try:
            target = read_url(url)
            request = written(target, body, headers, method)
            with self.sent(target, request, started) as (connection, whole):
                return answer_of(connection, whole, method)
        except Undelivered as failure:
            return failed(failure.cause, since(started))

    @contextmanager
    def sent(self, target: Target, request: bytes, started: float) -> Iterator[tuple[socket.socket, Deadline]]:
        """A connection on which a request was sent, and until when all of it has to be over.

        Raises:
            Undelivered: it could not be sent, or what the block does with the connection fails.
        """
        connecting = Deadline(at=started + CONNECT_SECONDS)
        whole = Deadline(at=started + ALL_SECONDS)
        with causes(), self.connected(target, self.addresses(target, connecting), connecting) as connection:
            send(connection, request, whole)
            yield connection, whole

    def addresses(self, target: Target, deadline: Deadline) -> tuple[Address, ...]:
        """Where we may connect to: the name is looked up here, and not again.

        Raises:
            Undelivered: there is no such place.
        """
        if target.scheme != "https" and not self.allow_http:
            raise Undelivered(Cause.NOT_HTTPS)
        found = [ip_address(text) for text in looked_up(self.look_up, target, deadline)]
        exempt = tuple(address for address in found if self.allows(target, address))
        if target.scheme != "https" and not exempt:
            raise Undelivered(Cause.NOT_HTTPS)
        fit = exempt or tuple(address for address in found if is_global(address))
        if not fit:
            raise Undelivered(Cause.ADDRESS_REFUSED)
        return fit

    def allows(self, target: Target, address: Address) -> bool:
        """Whether the operator lists that host, or that address, with that port."""
        for entry in self.allowed:
            host, _, port = entry.rpartition(":")
            if int(port) == target.port and names(host.strip("[]").lower(), target.name, address):
                return True
        return False

    def connected(self, target: Target, addresses: tuple[Address, ...], deadline: Deadline) -> socket.socket:
        """A connection to the first address that takes one, with TLS under the target's name."""
        connection = reached(addresses, target.port, deadline)
        if target.scheme == "http":
            return connection
        try:
            connection.settimeout(deadline.left())
            return self.context.wrap_socket(connection, server_hostname=target.name)
        except BaseException:
            connection.close()
            raise


def read_url(url: str) -> Target:
    """Take a URL apart.

    Raises:
        Undelivered: it is not one that we follow.
    """
    if not SAFE_URL.fullmatch(url):
        raise Undelivered(Cause.BAD_URL)
    try:
        parts = urlsplit(url)
        port = PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError:
        raise Undelivered(Cause.BAD_URL) from None
    if parts.scheme not in PORTS or not parts.hostname or not port or "@" in parts.netloc:
        raise Undelivered(Cause.BAD_URL)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, name=parts.hostname, port=port, path=path)


def names(host: str, name: str, address: Address) -> bool:
    """Whether an entry of the operator's list means a name or an address."""
    try:
        return address in ip_network(host)
    except ValueError:
        return host == name


def looked_up(look_up: LookUp, target: Target, deadline: Deadline) -> tuple[str, ...]:
    """What a look-up gives in time; the system's has no deadline of its own.

    Raises:
        TimeoutError: it takes too long.
        OSError: there is no such name.
    """
    found: list[tuple[str, ...] | OSError] = []

    def ask() -> None:
        try:
            found.append(look_up(target.name, target.port))
        except (OSError, UnicodeError) as unknown:
            found.append(socket.gaierror(str(unknown)))

    thread = threading.Thread(target=ask, name="look-up", daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not found:
        raise TimeoutError
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


def reached(addresses: tuple[Address, ...], port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first address that takes one.

    Raises:
        Undelivered: none does.
        TimeoutError: none does in time.
    """
    for address in addresses:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(deadline.left())
            connection.connect((str(address), port))
        except TimeoutError:
            connection.close()
            raise
        except OSError:
            connection.close()
        else:
            return connection
    raise Undelivered(Cause.NO_CONNECTION)


def failed(cause: Cause, milliseconds: int, status: int | None = None) -> Failed:
    """What a failure means for another try."""
    permanent = cause in PERMANENT or status == GONE
    return Failed(cause=cause, milliseconds=milliseconds, status=status, permanent=permanent)


def since(started: float) -> int:
    """Milliseconds on the monotonic clock."""
    return int((time.monotonic() - started) * 1000)
