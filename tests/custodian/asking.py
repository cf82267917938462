"""Asks the application byte for byte: no client between that would mend a path or a header."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

from starlette.types import ASGIApp, Message

from tests.custodian.houses import BASE
from wattshare.custodian.web.edge import Edge
from wattshare.custodian.web.quickly import Quickly

HOST = BASE.removeprefix("https://").encode()
ROOT = "/GreenButtonConnect/espi/1_1/resource"
Headers = Iterable[tuple[bytes | str, bytes | str]]


@dataclass
class Quick:
    """How often an answer came without the database being asked."""

    answers: int = 0


@dataclass(frozen=True, kw_only=True)
class Told:
    """An answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def __getitem__(self, name: str) -> str | None:
        """The one header of a name."""
        found = [value for other, value in self.headers if other == name]
        assert len(found) <= 1, f"{name} is there {len(found)} times"
        return found[0] if found else None

    @property
    def text(self) -> str:
        """The body."""
        return self.body.decode()

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        read: dict[str, Any] = json.loads(self.body)
        return read


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Somebody at the other end of the connection."""

    app: ASGIApp
    loop: asyncio.AbstractEventLoop
    # the address that connects
    address: str = "127.0.0.1"
    quick: Quick = field(default_factory=Quick)

    @cached_property
    def quickly(self) -> Quickly | None:
        """What the listener asks first."""
        return self.app.quickly() if isinstance(self.app, Edge) else None

    def ask(
        self,
        target: str | bytes,
        *,
        method: str = "GET",
        token: str | None = None,
        headers: Headers = (),
        body: bytes = b"",
        host: bytes | None = HOST,
    ) -> Told:
        """Send one request; `target` is path and query as they go over the wire."""
        raw = target if isinstance(target, bytes) else target.encode("latin-1")
        path, _, query = raw.partition(b"?")
        sent = [(b"host", host)] if host is not None else []
        sent += [(name_of(name), latin(value)) for name, value in headers]
        if token is not None:
            sent.append((b"authorization", b"Bearer " + token.encode("latin-1")))
        if body:
            sent.append((b"content-length", b"%d" % len(body)))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": unquote_to_bytes(path).decode("utf-8", "replace"),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": sent,
            "client": (self.address, 50_000),
            "server": ("127.0.0.1", 8443),
            "extensions": {},
        }
        return self.loop.run_until_complete(self._exchange(scope, body))

    def resource(self, path: str, **more: Any) -> Told:
        """Ask for something below the resource root."""
        return self.ask(ROOT + path, **more)

    def form(self, target: str, fields: dict[str, str] | list[tuple[str, str]], **more: Any) -> Told:
        """Post a form."""
        kind = ("content-type", "application/x-www-form-urlencoded")
        headers = (kind, *more.pop("headers", ()))
        return self.ask(target, method="POST", body=urlencode(fields).encode(), headers=headers, **more)

    async def _exchange(self, scope: dict[str, Any], body: bytes) -> Told:
        came: list[Message] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if waiting:
                return waiting.pop()
            # the caller stays until the answer is there
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            came.append(message)

        if not body and (told := await self._begun(scope)):
            return told
        await self.app(scope, receive, send)
        start, *pieces = came
        assert start["type"] == "http.response.start"
        assert not pieces[-1].get("more_body", False)
        return Told(
            status=start["status"],
            headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]),
            body=b"".join(piece.get("body", b"") for piece in pieces),
        )

    async def _begun(self, scope: dict[str, Any]) -> Told | None:
        """The answer of who asks nobody, as the listener asks it; None: it is to be had otherwise."""
        ended: asyncio.Future[Told | None] = asyncio.get_running_loop().create_future()

        def send(head: bytes, body: bytes) -> None:
            self.quick.answers += 1
            ended.set_result(read(head, body))

        if self.quickly is None or not self.quickly.begin(scope, send, lambda: ended.set_result(None)):
            return None
        return await ended


def read(head: bytes, body: bytes) -> Told:
    """An answer as it goes over the wire."""
    status, *lines = head.decode("latin-1").splitlines()
    pairs = (line.partition(": ") for line in lines)
    headers = tuple((name, value) for name, _, value in pairs)
    return Told(status=int(status.split()[1]), headers=headers, body=body)


def name_of(name: bytes | str) -> bytes:
    """A header's name as listeners hand it on."""
    return latin(name).lower()


def latin(value: bytes | str) -> bytes:
    """A header's bytes."""
    return value if isinstance(value, bytes) else value.encode("latin-1")


def escaped(text: str) -> str:
    """An id as it stands in a path, the `=` of base64 as it is."""
    return quote(text, safe="=")
