"""Requests that come before others are answered: all are answered, in their order, and few are read beforehand."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.custodian.web.served import HOST, Counted, listening, plain
from wattshare.custodian.web.ahead import FEW, SLICE, Gate
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token

MANY = 1_000


class Handlers:
    """One that waits for us, and one that says what it was told."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def first(self, _call: Call) -> Response:
        self.reached.set()
        assert self.opened.wait(30)
        return Response(body=b"first", content_type="text/plain")

    @staticmethod
    def echo(call: Call) -> Response:
        return Response(body=call.body or str(call.query.first("n")).encode(), content_type="text/plain")


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Handlers]]:
    """A listener with them."""
    Counted.begin(monkeypatch)
    handlers = Handlers()
    routes = (
        Route(path="/first", token=Token.NONE, handler=handlers.first),
        Route(path="/echo", token=Token.NONE, handler=handlers.echo),
        Route(path="/take", method="POST", token=Token.NONE, handler=handlers.echo),
    )
    with listening(plain(tmp_path), *routes) as port:
        yield port, handlers


@contextmanager
def sent(port: int, requests: list[bytes]) -> Iterator[socket.socket]:
    """A connection on which requests are sent, beside whoever reads."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        sender = threading.Thread(target=connection.sendall, args=(b"".join(requests),), daemon=True)
        sender.start()
        yield connection
        sender.join(30)


def bodies_of(connection: socket.socket) -> Iterator[bytes]:
    """The bodies of answers that come one behind the other."""
    with connection.makefile("rb") as coming:
        while status := coming.readline():
            assert status.split()[1] == b"200"
            heads = {name.lower(): value for name, _, value in (line.partition(b":") for line in lines_of(coming))}
            yield coming.read(int(heads[b"content-length"]))


def lines_of(coming: BinaryIO) -> Iterator[bytes]:
    """Those of a head."""
    return iter(lambda: coming.readline().strip(), b"")


def get(path: str) -> bytes:
    """A request."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def post(body: bytes) -> bytes:
    """One with a body."""
    return f"POST /take HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def test_all_are_answered_and_few_are_read_beforehand(line: tuple[int, Handlers]) -> None:
    port, handlers = line
    with sent(port, [get("/first"), *(get(f"/echo?n={number}") for number in range(MANY))]) as connection:
        assert handlers.reached.wait(30)
        waiting = len(Counted.every)
        handlers.opened.set()
        came = list(islice(bodies_of(connection), MANY + 1))
    assert came == [b"first", *(str(number).encode() for number in range(MANY))]
    # a slice is read to its end, and requests take some fifty bytes
    assert waiting <= FEW + SLICE // 50


@pytest.mark.parametrize("size", [1, 100, SLICE, 3 * SLICE + 7, 50_000])
def test_bodies_stay_whole(line: tuple[int, Handlers], size: int) -> None:
    port, handlers = line
    handlers.opened.set()
    bodies = [bytes([65 + number % 26]) * size for number in range(2 * FEW)]
    requests = [one for body in bodies for one in (post(body), get(f"/echo?n={len(body)}"))]
    with sent(port, [get("/first"), *requests]) as connection:
        came = list(islice(bodies_of(connection), 1 + len(requests)))
    assert came == [b"first", *(one for body in bodies for one in (body, str(size).encode()))]


class Wire:
    """A transport that only says whether it is closed."""

    def __init__(self) -> None:
        self.paused = self.closing = False

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return self.closing


def test_who_is_not_read_on_sends_no_more() -> None:
    wire, ahead, taken = Wire(), list[int](), list[bytes]()
    gate = Gate(wire)  # type: ignore[arg-type]

    def take(data: bytes) -> None:
        taken.append(data)
        ahead.extend(range(FEW // 2))

    data = bytes(range(256)) * SLICE
    gate.pass_on(data, take, ahead)
    gate.resume_reading()
    assert (wire.paused, b"".join(taken), gate.waiting) == (True, data[: 2 * SLICE], data[2 * SLICE :])
    while gate.waiting:
        ahead.clear()
        gate.pass_on(b"", take, ahead)
    gate.resume_reading()
    assert (wire.paused, b"".join(taken)) == (False, data)


def test_of_a_connection_that_is_closed_nothing_waits() -> None:
    wire, taken = Wire(), list[bytes]()
    gate = Gate(wire)  # type: ignore[arg-type]

    def take(data: bytes) -> None:
        taken.append(data)
        wire.closing = True

    gate.pass_on(b"x" * 3 * SLICE, take, [])
    assert (taken, gate.waiting) == ([b"x" * SLICE], b"")
