"""Answers that ask nobody, over a real connection: they leave when they are written down, and as all others do."""

import socket
import sys
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog

from tests.custodian.web.served import HOST, ask, plain, read, routed
from wattshare.custodian import logs
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.services.recent import Proof
from wattshare.custodian.store.trail import TrailEntry
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.edge import Edge
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.server import serving
from wattshare.espi.endpoints import Token

PROOF = Proof("1", 1, None)


@dataclass
class Trail:
    """Where answers are written down."""

    written: list[str] = field(default_factory=list)
    # whether what quick answers were made from has not changed
    holds: bool = True
    away: bool = False
    broken: bool = False
    opened: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)

    def note(self, entries: list[TrailEntry], proofs: list[Proof | None]) -> Sequence[bool]:
        self.reached.set()
        assert self.opened.wait(30)
        if self.away:
            raise Unavailable
        if self.broken:
            raise LookupError
        held = [proof is None or self.holds for proof in proofs]
        self.written += [entry.event for entry, holds in zip(entries, held, strict=True) if holds]
        return held


def slowly(call: Call) -> Response:
    """What the handler says."""
    return Response(body=b"slowly " + call.method.encode(), content_type="text/plain")


def quickly(call: Call) -> Response | None:
    """The same without asking."""
    if "not" in call.query:
        return None
    if "fault" in call.query:
        raise LookupError
    event = call.query.first("name") or "quick"
    return Response(
        body=f"quickly {event}".encode() * (100 if "long" in call.query else 1),
        content_type="text/plain",
        compressible=True,
        owed=TrailEntry(event=event, at=1),
        proof=PROOF,
    )


@contextmanager
def served(home: Path) -> Iterator[tuple[int, Trail]]:
    """A listener with one such route, and its trail."""
    trail = Trail()
    trail.opened.set()
    settings = plain(home)
    routes = routed(Route(path="/one", token=Token.NONE, handler=slowly, quick=quickly))
    edge = Edge.of(settings, routes, new_id=lambda: str(uuid.uuid4()), note=trail.note)
    with serving(edge, settings, bearers=False) as port:
        yield port, trail


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[int, Trail]]:
    """The same."""
    with served(tmp_path) as made:
        yield made


def test_it_is_written_down_and_has_every_header(line: tuple[int, Trail]) -> None:
    port, trail = line
    quick, slow = ask(port, "/one"), ask(port, "/one?not")
    assert (quick.status, quick.body, slow.body) == (200, b"quickly quick", b"slowly GET")
    assert trail.written == ["quick"]
    assert quick.headers.keys() == slow.headers.keys() | {"vary"}
    assert len({quick.headers["x-correlation-id"], slow.headers["x-correlation-id"]}) == 2


def test_it_is_packed_for_who_takes_that(line: tuple[int, Trail]) -> None:
    answer = ask(line[0], "/one?long", headers=(("Accept-Encoding", "gzip"),))
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.body == b"quickly quick" * 100


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("/one?not", {}),
        ("/one?fault", {}),
        ("/one", {"method": "HEAD"}),
        ("/one", {"body": b"a body"}),
        ("/one", {"headers": (("Transfer-Encoding", "chunked"),), "body": b""}),
    ],
)
def test_what_is_not_as_usual_goes_the_ordinary_way(
    line: tuple[int, Trail], target: str, told: dict[str, object]
) -> None:
    port, trail = line
    if "headers" in told:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            head = f"GET /one HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            connection.sendall(head.encode())
            answer = read(connection)
    else:
        answer = ask(port, target, **told)  # type: ignore[arg-type]
    assert answer.status == 200
    assert answer.body in (b"slowly GET", b"")
    assert not trail.written


@pytest.mark.parametrize(("target", "host", "status"), [("/one", "other.example", 421), ("/two", HOST, 404)])
def test_refusals_are_those_of_all_others(line: tuple[int, Trail], target: str, host: str, status: int) -> None:
    assert ask(line[0], target, host=host).status == status
    assert not line[1].written


def test_what_no_longer_holds_is_asked_for_anew(line: tuple[int, Trail]) -> None:
    port, trail = line
    trail.holds = False
    assert ask(port, "/one").body == b"slowly GET"
    assert not trail.written


def test_nothing_leaves_before_it_is_written_down(line: tuple[int, Trail]) -> None:
    port, trail = line
    trail.opened.clear()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"GET /one HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert trail.reached.wait(30)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(30)
        trail.opened.set()
        assert read(connection).body == b"quickly quick"


def test_where_the_trail_is_away_that_is_said_at_once(line: tuple[int, Trail]) -> None:
    port, trail = line
    trail.away = True
    answer = ask(port, "/one")
    assert (answer.status, answer.headers["content-type"]) == (503, "application/json;charset=UTF-8")
    assert answer.headers["x-correlation-id"].encode() in answer.body
    trail.away = False
    assert ask(port, "/one").body == b"quickly quick"


def test_another_fault_is_for_the_ordinary_way(line: tuple[int, Trail]) -> None:
    port, trail = line
    trail.broken = True
    assert ask(port, "/one").body == b"slowly GET"


def test_requests_behind_each_other_are_answered_in_their_order(line: tuple[int, Trail]) -> None:
    port, trail = line
    names = ("a", "b", "c", "d", "e")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for _ in range(2):
            targets = [f"/one?name={name}" if place % 2 == 0 else "/one?not" for place, name in enumerate(names)]
            heads = [f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\n\r\n" for target in targets]
            connection.sendall("".join(heads).encode())
            got = b""
            while got.count(b"HTTP/1.1 200") < len(names) or not got.endswith(b"quickly e"):
                got += connection.recv(65_536)
            found = [part.rpartition(b"\r\n\r\n")[2] for part in got.split(b"HTTP/1.1 200 OK")[1:]]
            assert found == [b"quickly a", b"slowly GET", b"quickly c", b"slowly GET", b"quickly e"]
    assert trail.written == ["a", "c", "e"] * 2


def test_who_hangs_up_meanwhile_harms_nobody(line: tuple[int, Trail]) -> None:
    port, trail = line
    trail.opened.clear()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"GET /one?name=gone HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert trail.reached.wait(30)
    trail.opened.set()
    assert ask(port, "/one").body == b"quickly quick"
    assert trail.written == ["gone", "quick"]


def test_who_says_close_is_hung_up_on(line: tuple[int, Trail]) -> None:
    with socket.create_connection(("127.0.0.1", line[0]), timeout=30) as connection:
        connection.sendall(f"GET /one HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        got = b"".join(iter(lambda: connection.recv(4_096), b""))
    assert b"connection: close" in got
    assert got.endswith(b"quickly quick")


def test_callers_of_http_1_0_get_theirs(line: tuple[int, Trail]) -> None:
    with socket.create_connection(("127.0.0.1", line[0]), timeout=30) as connection:
        connection.sendall(f"GET /one HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
        got = b"".join(iter(lambda: connection.recv(4_096), b""))
    assert got.endswith(b"slowly GET")


def test_the_server_stops_once_they_are_told(tmp_path: Path) -> None:
    with served(tmp_path) as (port, trail):
        trail.opened.clear()
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.sendall(f"GET /one HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert trail.reached.wait(30)
        threading.Timer(0.3, trail.opened.set).start()
    with connection:
        answer = read(connection)
    assert answer.body == b"quickly quick"


def test_lines_behind_a_body_are_none_of_the_next_head(line: tuple[int, Trail]) -> None:
    port, _ = line
    head = f"GET /one HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer a\r\nTransfer-Encoding: chunked\r\n"
    behind = f"Host: {HOST}\r\nAuthorization: Bearer a\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"{head}\r\n".encode())
        threading.Event().wait(0.05)
        connection.sendall(f"0\r\n{behind}\r\n".encode())
        assert read(connection).status == 200
        connection.sendall(f"{head}{behind}\r\n0\r\n\r\n".encode())
        assert read(connection).status == 400


def test_a_log_that_cannot_be_written_keeps_nobody_waiting(
    line: tuple[int, Trail], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, trail = line

    class Closed:
        def write(self, _: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    logs.configure()
    monkeypatch.setattr(sys, "stderr", Closed())
    try:
        for number in range(3):
            assert ask(port, f"/one?name={number}").body == b"quickly %d" % number
    finally:
        monkeypatch.undo()
        structlog.reset_defaults()
    assert trail.written == ["0", "1", "2"]


def test_a_second_head_is_read_as_the_first_was(line: tuple[int, Trail]) -> None:
    """Headers that are the same as before are not read again; others are."""
    port, _ = line
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for host, status in ((HOST, 200), (HOST, 200), ("other.example", 421)):
            connection.sendall(f"GET /one HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            answer = read(connection)
            assert answer.status == status
            if status != 200:
                break
