"""The listener: uvicorn with our settings."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from wattshare.custodian import memory
from wattshare.custodian.settings import Settings
from wattshare.custodian.web.edge import Edge
from wattshare.custodian.web.tls import HeadLimits, ListenerProtocol, Registered, TrustStore, server_context

log = structlog.get_logger()

POLL_SECONDS = 1.0
# longer than the idle time of the usual proxies, so that the one who reuses a connection is never surprised
KEEP_ALIVE_SECONDS = 75
LEAVE_SECONDS = 10


def none_registered(_version: int | None) -> None:
    """Nobody has registered a certificate."""


def serve(app: ASGIApp, settings: Settings, registered: Registered = none_registered) -> None:
    """Serve until a signal ends it.

    Raises:
        BadSettings: something that serving needs is missing.
        OSError: the port is taken, or a TLS file cannot be read.
    """
    warn(settings.for_serving())
    memory.kept()
    with listening(settings) as door, following(settings, registered) as tls:
        log.info("serving", port=door.getsockname()[1])
        configured(app, settings, tls).run(sockets=[door])


@contextmanager
def serving(
    app: ASGIApp, settings: Settings, registered: Registered = none_registered, *, bearers: bool = True
) -> Iterator[int]:
    """Serve in a thread for as long as the block runs; gives the port.

    Where no bearers are taken, nothing is said of how they are kept from thieves.

    Raises:
        BadSettings: something that serving needs is missing.
        OSError: the port is taken, or a TLS file cannot be read.
    """
    settings = settings.for_serving()
    if bearers:
        warn(settings)
    with listening(settings) as door, following(settings, registered) as tls:
        port = int(door.getsockname()[1])
        server = configured(app, settings, tls)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, name="listener", daemon=True)
        thread.start()
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join()


def listening(settings: Settings) -> socket.socket:
    """The open port; callers wait in its backlog until the server is up."""
    family = socket.AF_INET6 if ":" in settings.listen_host else socket.AF_INET
    return socket.create_server((settings.listen_host, settings.listen_port), family=family, backlog=2048)


@contextmanager
def following(settings: Settings, registered: Registered) -> Iterator[TrustStore | None]:
    """A TLS context that a thread keeps trusting what is registered; None without TLS of our own."""
    if settings.tls != "native":
        yield None
        return
    trust = TrustStore(context=server_context(settings))
    if not settings.mutual_tls:
        yield trust
        return
    trust.follow(registered)
    ended = threading.Event()
    thread = threading.Thread(target=follow, args=(trust, registered, ended), name="trust", daemon=True)
    thread.start()
    try:
        yield trust
    finally:
        ended.set()
        thread.join()


def follow(trust: TrustStore, registered: Registered, ended: threading.Event) -> None:
    """Look for new certificates every second; a database that is away is asked again."""
    while not ended.wait(POLL_SECONDS):
        try:
            trust.follow(registered)
        except Exception:
            log.exception("trust_not_refreshed")


def configured(app: ASGIApp, settings: Settings, trust: TrustStore | None) -> uvicorn.Server:
    """The server. Its own access log stays off: it would write query strings."""
    limits = HeadLimits(bytes=settings.header_bytes, count=settings.header_count, seconds=settings.body_seconds)
    begin = app.quickly().begin if isinstance(app, Edge) else None
    protocol: Any = partial(ListenerProtocol, limits=limits, begin=begin)
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=LEAVE_SECONDS,
        ssl_context_factory=None if trust is None else lambda _config, _default: trust.context,
    )
    return uvicorn.Server(config)


def warn(settings: Settings) -> None:
    """Say loudly what is not safe."""
    if settings.tls == "off":
        log.warning("tls_off", setting="tls", advice="Everything travels in the clear: tokens, names, readings.")
    if not settings.mutual_tls:
        log.warning(
            "mutual_tls_off",
            setting="mutual_tls",
            advice="Whoever holds a bearer token can use it from anywhere.",
        )
