"""A listener of its own for who watches the house: the figures at /metrics, for whoever can connect."""

import http.server
import ipaddress
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

import structlog

from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.services.metrics import TYPE, Family, Metrics, Sample, text

log = structlog.get_logger()

PATH = "/metrics"
# seconds that somebody who asks may take
PATIENCE = 10
MILLISECONDS = 1_000


@dataclass(frozen=True)
class Requests:
    """What this process has answered since it was started."""

    answered: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    milliseconds: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, method: str, route: str, status: int, milliseconds: int) -> None:
        """One answer; `route` is the template, empty where none was found: so nobody can make names up."""
        with self.lock:
            self.answered[method if route else "", route, status] += 1
            self.milliseconds[route] += milliseconds

    def families(self) -> tuple[Family, ...]:
        """As figures. Seconds are whole ones."""
        with self.lock:
            answered, spent = sorted(self.answered.items()), sorted(self.milliseconds.items())
        return (
            Family(
                name="wattshare_requests_total",
                meant="Requests that this process has answered; status 0: the caller hung up.",
                samples=tuple(
                    Sample(count, (("method", method), ("route", route), ("status", str(status))))
                    for (method, route, status), count in answered
                ),
                counts=True,
            ),
            Family(
                name="wattshare_request_milliseconds_total",
                meant="Time between a request and the end of its answer, in all.",
                samples=tuple(Sample(count, (("route", route),)) for route, count in spent),
                counts=True,
            ),
        )


Told = Callable[[], str]


@contextmanager
def watched(place: str | None, metrics: Metrics, requests: Requests) -> Iterator[int | None]:
    """Tell figures at HOST:PORT for as long as the block runs; gives the port. None: nowhere.

    Raises:
        OSError: the port is taken.
    """
    if place is None:
        yield None
        return
    host, _, port = place.rpartition(":")
    warn(host.strip("[]"))

    def told() -> str:
        return text((*requests.families(), *metrics.families()))

    server = Listener((host.strip("[]"), int(port)), told)
    thread = threading.Thread(target=server.serve_forever, name="watching", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def warn(host: str) -> None:
    """Say loudly that others than this machine's may look."""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    if not here:
        log.warning("metrics_open", setting="metrics_listen", advice="Whoever can connect may read the figures.")


class Listener(http.server.ThreadingHTTPServer):
    """Answers one path."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], told: Told) -> None:
        """Take the port, and what is told."""
        self.told = told
        if ":" in address[0]:
            self.address_family = http.server.socket.AF_INET6  # type: ignore[attr-defined]
        super().__init__(address, Answering)


class Answering(http.server.BaseHTTPRequestHandler):
    """One question."""

    timeout = PATIENCE
    server_version = "wattshare"
    sys_version = ""

    def do_GET(self) -> None:
        """The figures; 503 while the store cannot be asked, which is a figure too."""
        if self.path.partition("?")[0] != PATH:
            self.answer(HTTPStatus.NOT_FOUND, b"")
            return
        try:
            told = self.server.told()  # type: ignore[attr-defined]
        except Unavailable:
            self.answer(HTTPStatus.SERVICE_UNAVAILABLE, b"")
            return
        self.answer(HTTPStatus.OK, told.encode())

    def answer(self, status: HTTPStatus, body: bytes) -> None:
        """One answer."""
        self.send_response(status)
        self.send_header("content-type", TYPE)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quietly: it is asked every few seconds."""
