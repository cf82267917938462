"""The third party's own address: takes notices, answers at once, and lets others fetch.

`Receiver` is an ASGI application for those who have a server; `Listener` needs the standard library only.
ESPI asks for no authentication: the custodian shows its client certificate, which TLS checks. Where a secret or a key
is configured, only notices that are signed with it are heard.
"""

import asyncio
import http.server
import json
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from wattshare.thirdparty.client import utc_now
from wattshare.thirdparty.custodian import BadConfiguration, Custodian
from wattshare.thirdparty.inbox import BODY_BYTES, Full, Inbox, NotANotice, Notice
from wattshare.thirdparty.signatures import NotSigned

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# seconds that a sender may take for its handshake, its head and its body
PATIENCE = 30


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a sender is told."""

    status: HTTPStatus
    sentence: str = ""

    @property
    def body(self) -> bytes:
        """Nothing when all is well; else the reason, as JSON."""
        return json.dumps({"error_description": self.sentence}).encode() if self.sentence else b""

    @property
    def headers(self) -> dict[str, str]:
        """Of the answer."""
        kind = {"content-type": "application/json"} if self.sentence else {}
        allow = {"allow": "POST"} if self.status == HTTPStatus.METHOD_NOT_ALLOWED else {}
        again = {"retry-after": "60"} if self.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        return {**kind, **allow, **again, "content-length": str(len(self.body))}


@dataclass(frozen=True, kw_only=True)
class Reception:
    """What is done with a POST, whoever carried it here."""

    custodian: Custodian
    inbox: Inbox
    # the only path that is answered; every path where it is None
    path: str | None = None
    now: Callable[[], datetime] = utc_now
    # called after a notice was kept, before it is acknowledged: must be quick
    heard: Callable[[Notice], None] = lambda _: None

    def refuse(self, method: str, path: str, headers: Mapping[str, str]) -> Told | None:
        """Why the body is not even read; None where it is. `headers` in lower case."""
        if self.path is not None and path.rstrip("/") != self.path.rstrip("/"):
            return Told(status=HTTPStatus.NOT_FOUND, sentence="Nothing is received here.")
        if method != "POST":
            return Told(status=HTTPStatus.METHOD_NOT_ALLOWED, sentence="Notices are sent by POST.")
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 20):
            return Told(status=HTTPStatus.LENGTH_REQUIRED, sentence="A notice has a Content-Length.")
        if int(length) > BODY_BYTES:
            sentence = f"A notice has at most {BODY_BYTES} bytes."
            return Told(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence=sentence)
        return None

    def take(self, body: bytes, headers: Mapping[str, str]) -> Told:
        """Keep a notice, and say so."""
        try:
            if signers := self.custodian.signers:
                signers.check(headers, body, at=self.now())
            notice = self.inbox.take(body, headers, self.custodian, at=self.now())
            if notice is not None:
                self.heard(notice)
        except NotSigned as error:
            return Told(status=HTTPStatus.UNAUTHORIZED, sentence=str(error))
        except NotANotice as error:
            return Told(status=HTTPStatus.BAD_REQUEST, sentence=str(error))
        except Full as error:
            return Told(status=HTTPStatus.SERVICE_UNAVAILABLE, sentence=str(error))
        return Told(status=HTTPStatus.OK)


@dataclass(frozen=True)
class Receiver:
    """The reception as an ASGI application: `uvicorn` and its like can serve it, a framework can mount it."""

    reception: Reception

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; or the server's own start and end, of which there is nothing to do."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            told = await self._hear(scope, receive)
            headers = [(name.encode(), value.encode()) for name, value in told.headers.items()]
            await send({"type": "http.response.start", "status": told.status.value, "headers": headers})
            await send({"type": "http.response.body", "body": told.body})

    async def _hear(self, scope: Scope, receive: Receive) -> Told:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if refused := self.reception.refuse(scope["method"], path, headers):
            return refused
        body = b""
        while len(body) <= BODY_BYTES:
            message = await receive()
            if message["type"] == "http.disconnect":
                return Told(status=HTTPStatus.BAD_REQUEST, sentence="The notice broke off.")
            body += message.get("body", b"")
            if not message.get("more_body", False):
                # the disk is waited for elsewhere: this loop serves others
                return await asyncio.to_thread(self.reception.take, body, headers)
        return Told(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence="The notice is too long.")


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def server_tls(certificate: Path, private_key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """TLS of a receiver; with `client_ca`, only senders with a certificate of it are heard.

    Raises:
        BadConfiguration: a file cannot be used.
    """
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, private_key)
        if client_ca:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise BadConfiguration(f"The receiver's certificate, key or CA cannot be used: {error}") from error
    return context


def in_words(fault: ssl.SSLError) -> str:
    """Why a handshake with a sender came to nothing, and what to do about it."""
    reason = (fault.reason or "").upper()
    if "PEER_DID_NOT_RETURN_A_CERTIFICATE" in reason:
        return "A sender came without a certificate: it is not the custodian, or the custodian has none to show."
    if isinstance(fault, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in reason:
        return "A sender's certificate is not of --client-ca: compare it with the custodian's CA."
    if "UNKNOWN_CA" in reason or "BAD_CERTIFICATE" in reason or "CERTIFICATE_UNKNOWN" in reason:
        return (
            "The sender does not trust our certificate: give it with its whole chain, under the name it is reached by."
        )
    if "EXPIRED" in reason:
        return "The sender says that our certificate has expired: renew it."
    if "HTTP_REQUEST" in reason:
        return "A sender spoke http where https is expected: the registered address begins with http."
    return f"A handshake with a sender failed: {reason.replace('_', ' ').lower() or fault}."


class Listener(http.server.ThreadingHTTPServer):
    """The reception with a port of its own.

    Raises:
        OSError: the port is taken.
    """

    daemon_threads = True

    def __init__(
        self,
        reception: Reception,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.refused = refused
        super().__init__((host, port), _hearing(reception, refused))
        if tls:
            # the handshake is made in each sender's own thread: a silent one holds up nobody
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 the library's
        """A sender that breaks off, or whose certificate is refused, is no fault of ours; but it may be one of ours."""
        if isinstance(fault := sys.exc_info()[1], ssl.SSLError):
            self.refused(in_words(fault))


def _hearing(reception: Reception, refused: Callable[[str], None]) -> type[http.server.BaseHTTPRequestHandler]:
    class Hearing(http.server.BaseHTTPRequestHandler):
        timeout = PATIENCE
        protocol_version = "HTTP/1.1"
        server_version = "wattshare"
        sys_version = ""

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = reception.refuse(self.command, self.path.partition("?")[0], headers)
            if told is None:
                length = int(headers["content-length"])
                body = self.rfile.read(length)
                told = reception.take(body, headers) if len(body) == length else BROKEN_OFF
                if told.sentence:
                    refused(f"A notice was answered {told.status.value}: {told.sentence}")
            else:
                # its body was not read: what follows on this connection is not a request
                self.close_connection = True
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        def do_GET(self) -> None:
            self.do_POST()

        def do_PUT(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None:
            """The one who listens says what it heard; addresses of senders stay out of it."""

    return Hearing


BROKEN_OFF = Told(status=HTTPStatus.BAD_REQUEST, sentence="The notice broke off.")
