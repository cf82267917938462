"""The only way out: to a receiver that a third party named, without being led into a private network.

The same way leads to the utility's own services, which the operator named; only of those the answer is read.
"""

import http.client
import io
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from wattshare.custodian.model.addresses import Address, is_global
from wattshare.custodian.settings import Settings, usable

CONNECT_SECONDS = 10.0
ALL_SECONDS = 30.0
READ_BYTES = 65_536
PORTS = {"http": 80, "https": 443}
# visible ASCII and nothing that ends a line
SAFE_URL = re.compile(r"[!-~]+")


class Cause(StrEnum):
    """Why a receiver was not told."""

    BAD_URL = "bad_url"
    NOT_HTTPS = "not_https"
    ADDRESS_REFUSED = "address_refused"
    NAME_UNKNOWN = "name_unknown"
    NO_CONNECTION = "no_connection"
    BAD_CERTIFICATE = "bad_certificate"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    CONNECTION_LOST = "connection_lost"
    NOT_HTTP = "not_http"
    STATUS = "status"
    TOO_LONG = "too_long"


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


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a service of the utility's own said."""

    status: int
    body: bytes = field(repr=False)


class Undelivered(Exception):
    """A step on the way out did not succeed."""

    def __init__(self, cause: Cause) -> None:
        """Take the cause."""
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A moment of the monotonic clock."""

    at: float

    def left(self) -> float:
        """The seconds until then.

        Raises:
            TimeoutError: it is past.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a URL leads."""

    scheme: str
    # as it stands in the certificate: lower case, A-labels
    name: str
    port: int
    path: str

    @property
    def host(self) -> str:
        """The Host header."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port == PORTS[self.scheme] else f"{name}:{self.port}"


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


def written(target: Target, body: bytes, headers: Mapping[str, str], method: str = "POST") -> bytes:
    """The request as it goes out: always with Content-Length, never chunked.

    Raises:
        ValueError: a header has control characters.
    """
    ours = {"host": target.host, "content-length": str(len(body)), "connection": "close"}
    theirs = {name: value for name, value in headers.items() if name.lower() not in (*ours, "transfer-encoding")}
    lines = [f"{name}: {value}" for name, value in {**ours, "user-agent": "wattshare", **theirs}.items()]
    if not all(line.isprintable() for line in lines):
        raise ValueError("a header has control characters")
    return "\r\n".join((f"{method} {target.path} HTTP/1.1", *lines, "", "")).encode("latin-1") + body


def send(connection: socket.socket, request: bytes, deadline: Deadline) -> None:
    """Send all of it in time."""
    left = memoryview(request)
    while left:
        connection.settimeout(deadline.left())
        left = left[connection.send(left) :]


def status_of(connection: socket.socket, deadline: Deadline) -> int:
    """The status of the answer; the rest of it is read and dropped.

    Raises:
        HTTPException: it is not HTTP.
    """
    with http.client.HTTPResponse(Receiving(connection, deadline), method="POST") as response:  # type: ignore[arg-type]
        response.begin()
        # what comes after the status is not asked for: a receiver that breaks off there has taken the notice
        with suppress(OSError, http.client.HTTPException):
            response.read(READ_BYTES)
        return response.status


def answer_of(connection: socket.socket, deadline: Deadline, method: str) -> Answered:
    """The whole answer.

    Raises:
        Undelivered: it is longer than we read.
        HTTPException: it is not HTTP, or breaks off.
    """
    source = Receiving(connection, deadline, most=4 * READ_BYTES)
    with http.client.HTTPResponse(source, method=method) as response:  # type: ignore[arg-type]
        response.begin()
        body = response.read(READ_BYTES + 1)
        if len(body) > READ_BYTES:
            raise Undelivered(Cause.TOO_LONG)
        if response.length:
            raise http.client.IncompleteRead(body, response.length)
        return Answered(status=response.status, body=body)


@dataclass
class Receiving:
    """What http.client needs of a socket."""

    connection: socket.socket
    deadline: Deadline
    most: int = READ_BYTES

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The bytes that come."""
        return io.BufferedReader(Arriving(self.connection, self.deadline, self.most))


class Arriving(io.RawIOBase):
    """What comes in time, and not more than we read."""

    def __init__(self, connection: socket.socket, deadline: Deadline, most: int) -> None:
        """Nothing has come yet."""
        self.connection = connection
        self.deadline = deadline
        self.left = most

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer with what there is."""
        self.connection.settimeout(self.deadline.left())
        count = self.connection.recv_into(buffer, min(len(buffer), self.left)) if self.left else 0
        self.left -= count
        return count


# the first that fits; those of OpenSSL and of the clock are OSErrors too
CAUSES: tuple[tuple[type[Exception], Cause], ...] = (
    (TimeoutError, Cause.TIMEOUT),
    (ssl.SSLCertVerificationError, Cause.BAD_CERTIFICATE),
    (ssl.SSLError, Cause.TLS_FAILED),
    (socket.gaierror, Cause.NAME_UNKNOWN),
    (OSError, Cause.CONNECTION_LOST),
    (http.client.HTTPException, Cause.NOT_HTTP),
)


@contextmanager
def causes() -> Iterator[None]:
    """Name what goes wrong on the network."""
    try:
        yield
    except (OSError, http.client.HTTPException) as fault:
        raise Undelivered(next(cause for kind, cause in CAUSES if isinstance(fault, kind))) from fault


def failed(cause: Cause, milliseconds: int, status: int | None = None) -> Failed:
    """What a failure means for another try."""
    permanent = cause in PERMANENT or status == GONE
    return Failed(cause=cause, milliseconds=milliseconds, status=status, permanent=permanent)


def since(started: float) -> int:
    """Milliseconds on the monotonic clock."""
    return int((time.monotonic() - started) * 1000)
