"""TLS at our own listener: the peer's certificate into the request, and trust that grows while we run."""

import asyncio
import ssl
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from wattshare.custodian.model.bearer import Certificate
from wattshare.custodian.settings import Settings, usable
from wattshare.custodian.web.ahead import Gate
from wattshare.custodian.web.certificates import from_der
from wattshare.custodian.web.direct import AT_ONCE, CUT, EXTENSION, OLD, AtOnce, Direct, UntilClosed
from wattshare.custodian.web.incoming import HEADS, LastHead
from wattshare.custodian.web.joined import Joined

log = structlog.get_logger()

# see `quickly.Quickly.begin`
Begin = Callable[[MutableMapping[str, Any], Callable[[bytes, bytes], None], Callable[[], None]], bool]
# given the version that is known: the present one with every registered certificate (PEM), or None for
# no change
Registered = Callable[[int | None], tuple[int, tuple[str, ...]] | None]


@dataclass(frozen=True, kw_only=True)
class HeadLimits:
    """What a request line and headers may be, before anything of them is looked at."""

    bytes: int = 16_384
    count: int = 100
    seconds: int = 10


# a head that no call can be made of; the words are those of web/errors.py
TOO_LARGE = (
    "431 Request Header Fields Too Large",
    b'{"error":"headers_too_large","error_description":"The headers are too many or too large."}',
)
UNREADABLE = (
    "400 Bad Request",
    b'{"error":"invalid_request","error_description":"This is not HTTP/1.1: the method, the address or a header '
    b'cannot be read."}',
)


class HeadTooLarge(Exception):
    """More headers, or longer ones, than are read."""


class ListenerProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, with limits on the head and the client's certificate in the scope.

    The ASGI TLS extension holds `client_cert_chain` (the leaf, PEM) and, for ourselves, `client_certificate`.
    """

    def __init__(self, *args: Any, limits: HeadLimits, begin: Begin | None = None, **kwargs: Any) -> None:
        """Take uvicorn's arguments, the limits, and what answers some requests without a task; see `quickly`."""
        super().__init__(*args, **kwargs)
        self.limits, self.begin = limits, begin
        self.certificate: Certificate | None = None
        self.in_head = True
        self.too_large = False
        # of the head as it arrived
        self.head_bytes = 0
        # of this connection's last head what the next one may have as well
        self.heads = LastHead()
        self.gate: Gate
        self.deadline: asyncio.TimerHandle | None = None
        # the request that is being answered; others may have come behind it
        self.active: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the certificate that the handshake proved."""
        super().connection_made(transport)
        self.flow = self.gate = Gate(transport)
        self.start_clock()
        tls = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True) if tls is not None else None
        self.certificate = from_der(der) if der else None

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more will come: of what this connection held, only an answer under way keeps what it needs.

        uvicorn's timer would keep all of it for as long as the connection could have stayed open.
        """
        self.stop_clock()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        if self.active is not None:
            # uvicorn tells the last of those that wait behind each other: nobody waits for that one yet
            self.active.disconnected = not self.active.response_complete
            self.active.message_event.set()
        self.pipeline.clear()
        self.gate.waiting = b""
        self.heads = LastHead()
        # each holds the other
        self.active = self.cycle = self.scope = None  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Read what comes, but not far ahead of what is answered."""
        self.gate.pass_on(data, self.read, self.pipeline)

    def on_response_complete(self) -> None:
        """Begin with the next request, and read on."""
        super().on_response_complete()
        if self.gate.waiting:
            self.data_received(b"")
            if not self.transport.is_closing():
                # uvicorn was not let to
                self.flow.resume_reading()

    def read(self, data: bytes) -> None:
        """Count what belongs to a head, complete or not."""
        if self.in_head:
            self.head_bytes += len(data)
        super().data_received(data)
        if self.in_head and self.head_bytes:
            # most heads come whole, and need no clock
            self.start_clock()
        if self.in_head and self.head_bytes > 2 * self.limits.bytes and not self.transport.is_closing():
            self.too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Start a request's scope."""
        super().on_message_begin()
        self.in_head = True
        self.head_bytes = 0
        if self.certificate is not None:
            chain = (self.certificate.pem,)
            tls: dict[object, object] = {"client_cert_chain": chain, "client_certificate": self.certificate}
            self.scope["extensions"] = {"tls": tls}

    def on_headers_complete(self) -> None:
        """The head is there."""
        self.measure()
        self.in_head = False
        self.stop_clock()
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Answer a request: without a task where that can be."""
        self.active = cycle
        scope: Any = cycle.scope
        usual = scope["http_version"] != OLD and not cycle.waiting_for_100_continue and not cycle.flow.write_paused
        if usual and self.begin is not None and app is self.app:
            at_once = AtOnce(cycle, self.transport.writelines)

            def otherwise() -> None:
                self.start(cycle, app)

            scope.setdefault("extensions", {})[HEADS] = self.heads
            if self.begin(scope, at_once.send_if_there, otherwise):
                return
        self.start(cycle, app)

    def start(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Answer a request by a task, with what it may need of the connection."""
        joined = Joined(self.transport, self.loop)
        cycle.transport = joined  # type: ignore[assignment]
        scope: Any = cycle.scope
        extensions = scope.setdefault("extensions", {})
        extensions[CUT] = joined.abort
        extensions[HEADS] = self.heads
        if scope["http_version"] == OLD:
            # its callers do not know chunks. RFC 9112 §6.1
            extensions[CUT] = joined.reset
            cycle.chunked_encoding, cycle.expected_content_length = False, UntilClosed()
        extensions[AT_ONCE] = AtOnce(cycle, joined.at_once)
        if self.transport.get_extra_info("ssl_object") is None:
            extensions[EXTENSION] = Direct(cycle)
        super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        """The body is there; what comes next is a head again."""
        self.in_head = True
        self.head_bytes = 0
        super().on_message_complete()

    def measure(self) -> None:
        """Stop the parser when the head is beyond its limits; of one that does not end, twice as much is read."""
        size = len(self.url) + sum([len(name) + len(value) for name, value in self.headers])
        if size > self.limits.bytes or len(self.headers) > self.limits.count:
            self.too_large = True
            raise HeadTooLarge

    def send_400_response(self, msg: str) -> None:
        """Answer a head that cannot be read, and hang up. No call comes of it: this is the only answer made here."""
        del msg
        status, body = TOO_LARGE if self.too_large else UNREADABLE
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json;charset=UTF-8\r\ncontent-length: {len(body)}"
        self.transport.write(head.encode() + b"\r\ncache-control: no-store\r\nconnection: close\r\n\r\n" + body)
        self.transport.close()

    def start_clock(self) -> None:
        """Give a head its time, unless it runs already."""
        if self.deadline is None:
            self.deadline = self.loop.call_later(self.limits.seconds, self.too_slow)

    def stop_clock(self) -> None:
        """The head came in time."""
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def too_slow(self) -> None:
        """Hang up on a head that does not come, but never on an answer that is under way."""
        self.deadline = None
        if self.answered():
            self.transport.close()

    def answered(self) -> bool:
        """Whether no answer is under way."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete


def server_context(settings: Settings) -> ssl.SSLContext:
    """What we show to callers, and whose certificates we ask for.

    A registered certificate is its own anchor, self-signed or not; who shows none is let in, as customers'
    browsers have none, and refused where one is needed.

    Raises:
        BadSettings: a certificate, its key or a CA file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    with usable("tls_certificate, tls_key", settings.tls_certificate, settings.tls_key):
        context.load_cert_chain(str(settings.tls_certificate), settings.tls_key)
    if settings.mutual_tls:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        for file in settings.tls_ca:
            with usable("tls_ca", file):
                context.load_verify_locations(cafile=file)
    return context


@dataclass(kw_only=True)
class TrustStore:
    """The registered certificates that a live context lets in.

    Trust only grows here: whether a certificate is still its third party's is compared at every request.
    """

    context: ssl.SSLContext
    version: int | None = None
    trusted: set[str] = field(default_factory=set)

    def refresh(self, certificates: tuple[str, ...]) -> None:
        """Let in those that are new. One that OpenSSL cannot read keeps no other out."""
        for pem in certificates:
            if pem in self.trusted:
                continue
            self.trusted.add(pem)
            try:
                self.context.load_verify_locations(cadata=pem)
            except (ssl.SSLError, ValueError) as fault:
                log.warning("certificate_unreadable", exc_info=fault)

    def follow(self, registered: Registered) -> None:
        """Ask once whether there are others, and let them in."""
        if found := registered(self.version):
            version, certificates = found
            self.refresh(certificates)
            self.version = version
