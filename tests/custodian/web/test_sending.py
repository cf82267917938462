"""A file that the kernel sends over a plain connection, and how its sending ends."""

import hashlib
import io
import os
import socket
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.custodian.web.served import HOST, listening, plain
from wattshare.custodian.model.errors import Withdrawn
from wattshare.custodian.services import access
from wattshare.custodian.web import edge, sending
from wattshare.custodian.web.call import Call, FileStretch, Response
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import Token

# more than the buffers of two sockets hold
SIZE = 24 * 1024 * 1024


class Shelf:
    """One file, and what becomes of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked, self.closed = threading.Event(), threading.Event()
        self.withdrawn = False
        # what the answer says of the file's size
        self.promised = SIZE

    def open(self) -> BinaryIO:
        shelf = self

        class Watched(io.FileIO):
            def close(self) -> None:
                super().close()
                shelf.closed.set()

        return Watched(self.path)

    def still(self) -> None:
        self.asked.set()
        if self.withdrawn:
            raise Withdrawn

    def handler(self, call: Call) -> Response:
        first = int(call.query.one("first") or 0)
        stretch = FileStretch(self.open, first, self.promised - first, self.still)
        return Response(body=iter(()), headers=(("Content-Length", str(stretch.count)),), file=stretch)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bytes that are nowhere alike."""
    path = tmp_path_factory.mktemp("files") / "part"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.fixture
def shelf(file: Path) -> Shelf:
    """The file, not asked for yet."""
    return Shelf(file)


@pytest.fixture
def port(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A listener that has it."""
    monkeypatch.setattr(sending, "ASK_SECONDS", 0.05)
    with listening(plain(tmp_path), Route(path="/file", token=Token.NONE, handler=shelf.handler)) as open_port:
        yield open_port


def asking(port: int, target: str = "/file", *, room: int | None = None) -> socket.socket:
    """A connection on which the file has been asked for."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    if room is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
    return connection


def body(connection: socket.socket) -> bytes:
    """What came behind the head until the connection ended."""
    got = bytearray()
    try:
        while piece := connection.recv(1 << 20):
            got += piece
    except ConnectionResetError:
        pass
    return bytes(got.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("first", [0, 1, SIZE - 1])
def test_a_stretch_arrives_whole(port: int, shelf: Shelf, first: int) -> None:
    with asking(port, f"/file?first={first}") as connection:
        got = body(connection)
    expected = shelf.path.read_bytes()[first:]
    assert (len(got), hashlib.sha256(got).digest()) == (len(expected), hashlib.sha256(expected).digest())
    assert shelf.closed.wait(30)


def test_a_slow_reader_gets_it_whole_and_its_permission_is_asked_about_meanwhile(port: int, shelf: Shelf) -> None:
    with asking(port, room=65_536) as connection:
        assert shelf.asked.wait(30)
        shelf.asked.clear()
        assert shelf.asked.wait(30)
        got = body(connection)
    assert hashlib.sha256(got).digest() == hashlib.sha256(shelf.path.read_bytes()).digest()


def test_who_may_no_longer_have_it_is_cut_off(port: int, shelf: Shelf) -> None:
    with asking(port, room=65_536) as connection:
        assert shelf.asked.wait(30)
        shelf.withdrawn = True
        assert shelf.closed.wait(30)
        assert len(body(connection)) < SIZE


def test_who_may_no_longer_have_what_goes_through_us_is_cut_off_in_the_middle_of_a_piece(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "ASK_SECONDS", 0.05)

    def pulled() -> Iterator[bytes]:
        # it never asks by itself, and its reader takes nothing
        with shelf.open() as file:
            yield from iter(partial(file.read, 65_536), b"")

    def handler(_call: Call) -> Response:
        return Response(body=pulled(), still=shelf.still)

    with (
        listening(plain(tmp_path), Route(path="/file", token=Token.NONE, handler=handler)) as port,
        asking(port, room=65_536) as connection,
    ):
        assert shelf.asked.wait(30)
        shelf.withdrawn = True
        assert shelf.closed.wait(30)
        assert len(body(connection)) < SIZE


def test_a_reader_who_takes_nothing_is_hung_up_on(port: int, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "READER_SECONDS", 0.3)
    with asking(port, room=4_096):
        assert shelf.closed.wait(30)


def test_a_reader_who_hangs_up_leaves_nothing_open(port: int, shelf: Shelf) -> None:
    with asking(port) as connection:
        connection.recv(1_000)
    assert shelf.closed.wait(30)


def test_a_file_that_is_shorter_than_promised_is_cut_and_never_ended(port: int, shelf: Shelf) -> None:
    shelf.promised = SIZE + 10
    with asking(port) as connection:
        assert len(body(connection)) <= SIZE
    assert shelf.closed.wait(30)
