"""Requests as a third party sends them, again and again on open connections, from a process of their own."""

import multiprocessing
import socket
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle
from typing import Protocol

from bench.machine import cpu_seconds
from bench.outcome import Refused, Wrong

END = b"\r\n\r\n"
BUFFER = 1 << 20
# seconds before it is counted
WARM = 0.25


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for."""

    target: str
    token: str = ""
    coding: str = "gzip"
    # more tokens for the same, shown one after the other
    others: tuple[str, ...] = ()

    def heads(self, port: int) -> list[bytes]:
        """The same with each token."""
        return [replace(self, token=token).head(port) for token in (self.token, *self.others)]

    def head(self, port: int) -> bytes:
        """Its bytes."""
        lines = [f"GET {self.target} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Accept-Encoding: {self.coding}"]
        lines += [f"Authorization: Bearer {self.token}"] if self.token else []
        return "\r\n".join([*lines, "", ""]).encode()


class Connection:
    """One open connection."""

    def __init__(self, port: int) -> None:
        """Open it."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._buffer = bytearray(BUFFER)

    def ask(self, head: bytes) -> int:
        """Send a request and drop its body. How many bytes the body had.

        Raises:
            Refused: the answer is a 5xx.
            Wrong: it is not a whole 200.
        """
        self._socket.sendall(head)
        got = b""
        while END not in got:
            if not (more := self._socket.recv(65_536)):
                raise Wrong("the server hung up")
            got += more
        answer, _, body = got.partition(END)
        if answer.startswith(b"HTTP/1.1 5"):
            raise Refused(answer[9:12].decode())
        if not answer.startswith(b"HTTP/1.1 200"):
            raise Wrong("an answer is no 200")
        lengths = [line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if not lengths:
            raise Wrong("the answer does not say how long it is")
        left = length = int(lengths[0].partition(b":")[2])
        left -= len(body)
        while left:
            taken = self._socket.recv_into(self._buffer, min(left, BUFFER))
            if not taken:
                raise Wrong("the answer is cut")
            left -= taken
        return length


def fetched(port: int, request: Request) -> bytes:
    """One whole body, in the coding in which it came."""
    with socket.create_connection(("127.0.0.1", port), timeout=600) as connection:
        head = request.head(port).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        connection.sendall(head)
        got = b"".join(iter(lambda: connection.recv(BUFFER), b""))
    answer, _, body = got.partition(END)
    if b"transfer-encoding: chunked" in answer.lower():
        raise Wrong("a whole answer was wanted")
    if not answer.startswith(b"HTTP/1.1 200"):
        raise Wrong(f"{request.target} is not answered by 200")
    return body


def repeat(port: int, request: Request, seconds: float, connections: int) -> int:
    """Ask for so long on so many connections. How many answers came."""
    heads, ends = request.heads(port), time.monotonic() + seconds

    def loop(place: int) -> int:
        connection, count = Connection(port), 0
        # no two connections show the same, where there are several
        mine = cycle(heads[place::connections] if len(heads) > connections else heads)
        while time.monotonic() < ends:
            connection.ask(next(mine))
            count += 1
        return count

    with ThreadPoolExecutor(connections) as pool:
        return sum(pool.map(loop, range(connections)))


@cache
def beside() -> Executor:
    """A process beside us, whose time is nobody's."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


class Measured(Protocol):
    """A server with its processes."""

    @property
    def port(self) -> int:
        """Where it listens."""

    def pids(self) -> tuple[int, ...]:
        """Its processes."""


def cpu_of_one(served: Measured, request: Request, *, seconds: float, connections: int = 8) -> float:
    """CPU seconds that a server needs for one answer."""
    beside().submit(repeat, served.port, request, WARM, connections).result()
    before = cpu_seconds(served.pids())
    count = beside().submit(repeat, served.port, request, seconds, connections).result()
    return (cpu_seconds(served.pids()) - before) / count
