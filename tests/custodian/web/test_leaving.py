"""Callers that go, in the midst of whatever it is: nothing of theirs stays, and none of it is a fault of ours."""

import gc
import logging
import socket
import struct
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from tests.custodian.web.served import HOST, Counted, ask, listening, plain, read
from wattshare.custodian.web import server
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.errors import NoListener
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.tls import ListenerProtocol
from wattshare.espi.endpoints import Token

# what a reset leaves of a connection: nothing, at once
AT_ONCE = struct.pack("ii", 1, 0)
# far more than an answer that is worth waiting for
PATIENCE = 30


class Endless:
    """A body that never ends, and notices when it is closed."""

    def __init__(self) -> None:
        self.closed = threading.Semaphore(0)

    def pieces(self) -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 65_536
        finally:
            self.closed.release()

    def handler(self, _call: Call) -> Response:
        return Response.xml(self.pieces())


def short(_call: Call) -> Response:
    """A small answer."""
    return Response(body=b"short", content_type="text/plain")


def nothing(_call: Call) -> Response:
    """A refusal."""
    raise NoListener


class Made(ListenerProtocol):
    """Connections that are counted."""

    every: "list[weakref.ref[Made]]"

    def connection_made(self, transport: object) -> None:
        """One more."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self.every.append(weakref.ref(self))


@pytest.fixture
def unlooked() -> Iterator[None]:
    """Nobody looks for rings: what goes, goes because nobody holds it."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture
def endless() -> Endless:
    """A long answer."""
    return Endless()


@pytest.fixture
def port(tmp_path: Path, endless: Endless, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A listener whose connections are counted."""
    Made.every = []
    Counted.begin(monkeypatch)
    monkeypatch.setattr(server, "ListenerProtocol", Made)
    routes = (
        Route(path="/short", token=Token.NONE, handler=short),
        Route(path="/nothing", token=Token.NONE, handler=nothing),
        Route(path="/endless", token=Token.NONE, handler=endless.handler),
    )
    with listening(plain(tmp_path), *routes) as at:
        yield at


def head(path: str) -> bytes:
    """A request."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def come_true(what: Callable[[], bool]) -> bool:
    """Wait for something."""
    ends = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > ends:
            return False
        time.sleep(0.01)
    return True


def leave(connection: socket.socket, *, reset: bool) -> None:
    """Hang up."""
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    connection.close()


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("asked", [("/short",), ("/nothing",), ("/short", "/short", "/short"), ("/endless", "/short")])
@pytest.mark.usefixtures("unlooked")
def test_nothing_of_a_connection_stays(port: int, asked: tuple[str, ...], *, reset: bool) -> None:
    for _ in range(5):
        connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        connection.sendall(b"".join(map(head, asked)))
        connection.recv(100)
        leave(connection, reset=reset)
    assert come_true(lambda: len(Made.every) == 5 and all(one() is None for one in Made.every))
    assert come_true(lambda: not Counted.every)


@pytest.mark.usefixtures("unlooked")
def test_nothing_of_a_request_stays_when_it_is_answered(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        for _ in range(50):
            for path, status in (("/short", 200), ("/nothing", 404)):
                connection.sendall(head(path))
                assert read(connection).status == status
        # the last one is the connection's own
        assert come_true(lambda: len(Counted.every) <= 1)


def test_who_goes_while_others_of_theirs_wait_is_not_written_for_any_more(port: int, endless: Endless) -> None:
    for reset in (True, False):
        connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        connection.sendall(head("/endless") + head("/short") * 3)
        connection.recv(100_000)
        leave(connection, reset=reset)
        assert endless.closed.acquire(timeout=PATIENCE)


def test_it_is_no_fault_of_ours(port: int, endless: Endless, caplog: pytest.LogCaptureFixture) -> None:
    with structlog.testing.capture_logs() as heard, caplog.at_level(logging.WARNING):
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            connection.sendall(head("/endless"))
            connection.recv(1_000)
            leave(connection, reset=True)
            assert endless.closed.acquire(timeout=PATIENCE)
        assert ask(port, "/short").status == 200
    assert [line["event"] for line in heard if line["log_level"] != "info"] == []
    assert caplog.messages == []
