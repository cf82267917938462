"""A real listener for the tests of the edge, and a client that sends exactly what it is told to."""

import gzip
import http.client
import socket
import uuid
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from uvicorn.protocols.http import httptools_impl

from wattshare.custodian.settings import Settings
from wattshare.custodian.web.edge import Edge
from wattshare.custodian.web.routes import Route, Routes, placed
from wattshare.custodian.web.server import serving

HOST = "share.example"


def plain(home: Path, **values: Any) -> Settings:
    """A listener without TLS on any free port."""
    defaults: dict[str, Any] = {
        "home": home,
        "public_base": f"https://{HOST}",
        "listen_port": 0,
        "tls": "off",
        "mutual_tls": False,
    }
    return Settings(**(defaults | values))


def routed(*routes: Route) -> Routes:
    """Routes of their own, without the table's; one method a path."""
    return Routes(tuple(placed({route.method: route}) for route in routes))


@contextmanager
def listening(settings: Settings, *routes: Route) -> Iterator[int]:
    """The port of an edge with these routes."""
    edge = Edge.of(settings, routed(*routes), new_id=lambda: str(uuid.uuid4()))
    with serving(edge, settings) as port:
        yield port


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    # as on the wire, but for chunks
    raw: bytes = field(repr=False)

    @property
    def body(self) -> bytes:
        """Unpacked."""
        return gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw


def ask(
    port: int,
    target: str,
    *,
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    host: str | None = HOST,
) -> Answer:
    """Send one request, byte for byte, and read its answer."""
    pairs = [("Host", host)] if host is not None else []
    pairs += [("Content-Length", str(len(body)))] if body else []
    lines = [
        f"{method} {target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in (*pairs, *headers)),
        "",
        "",
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + body)
        return read(connection, method)


def read(connection: socket.socket, method: str = "GET") -> Answer:
    """Read one answer to its end."""
    with http.client.HTTPResponse(connection, method=method) as response:
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=headers, raw=response.read())


class Counted(httptools_impl.RequestResponseCycle):
    """Requests in memory. Who asks Python for all that is there breaks what others are just putting together."""

    every: ClassVar["weakref.WeakSet[Counted]"] = weakref.WeakSet()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """One more."""
        super().__init__(*args, **kwargs)
        self.every.add(self)

    @classmethod
    def begin(cls, monkeypatch: pytest.MonkeyPatch) -> None:
        """Count those of listeners that are started from now on."""
        cls.every.clear()
        monkeypatch.setattr(httptools_impl, "RequestResponseCycle", cls)
