"""One request and its answer over a connection that is open, in the time that is left; and what may go wrong."""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

READ_BYTES = 65_536
PORTS = {"http": 80, "https": 443}


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
