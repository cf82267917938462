"""The head of an answer goes out with its body, over real connections."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from wattshare.custodian.web.joined import COPIED, Joined

Told = Callable[[Joined], Awaitable[None]]


class Counted(asyncio.Protocol):
    """The sending end: counts what its transport is given to write."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self.made: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.made.set_result(transport)


class Writes:
    """A transport that keeps count of the writes on their way through it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """None yet."""
        self.transport, self.sizes = transport, list[int]()

    def __getattr__(self, name: str) -> object:
        """All else is the transport's."""
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        """One write."""
        self.sizes.append(len(data))
        self.transport.write(data)

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        """One write too."""
        self.sizes.append(sum(map(len, pieces)))
        self.transport.writelines(pieces)


def received(tell: Told) -> tuple[bytes, list[int]]:
    """What comes at the other end of a connection, and the sizes of the writes that it took."""

    async def run() -> tuple[bytes, list[int]]:
        loop, sender = asyncio.get_running_loop(), Counted()
        server = await loop.create_server(lambda: sender, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writes = Writes(await sender.made)
        joined = Joined(writes, loop)  # type: ignore[arg-type]
        await tell(joined)
        joined.close()
        got = b""
        with suppress(ConnectionResetError):
            got = await reader.read()
        writer.close()
        server.close()
        return got, writes.sizes

    return asyncio.run(run())


def test_head_and_body_are_one_write() -> None:
    async def tell(joined: Joined) -> None:
        joined.write(b"head ")
        joined.write(b"body")

    assert received(tell) == (b"head body", [9])


@pytest.mark.parametrize("size", [COPIED, COPIED + 1, 20 * COPIED])
def test_a_long_body_is_whole_and_in_order(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)

    async def tell(joined: Joined) -> None:
        joined.write(b"head")
        joined.write(body)
        joined.write(b"tail")

    got, sizes = received(tell)
    assert got == b"head" + body + b"tail"
    assert sizes == [4 + len(body), 4]


def test_a_head_does_not_wait_for_a_body_that_takes_its_time() -> None:
    async def tell(joined: Joined) -> None:
        joined.write(b"head")
        assert joined.get_write_buffer_size() >= 4
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        joined.write(b"body")

    assert received(tell) == (b"headbody", [4, 4])


def test_a_head_alone_goes_out_at_the_end() -> None:
    async def tell(joined: Joined) -> None:
        joined.write(b"head")

    assert received(tell) == (b"head", [4])


def test_nothing_is_sent_after_hanging_up_at_once() -> None:
    async def tell(joined: Joined) -> None:
        joined.write(b"head")
        joined.abort()
        assert joined.is_closing()
        await asyncio.sleep(0)

    assert received(tell) == (b"", [])


def test_who_hung_up_first_is_not_hung_up_on_once_more() -> None:
    async def tell(joined: Joined) -> None:
        joined.abort()
        await asyncio.sleep(0.01)
        joined.reset()
        assert joined.is_closing()

    assert received(tell) == (b"", [])


def test_who_has_gone_is_written_nothing() -> None:
    async def tell(joined: Joined) -> None:
        joined.write(b"head")
        await asyncio.sleep(0)
        # as by a reset that is met while others of this turn are still to write
        joined._transport.abort()
        joined.write(b"body")
        joined.at_once((b"head", b"body"))
        joined.write(b"more")
        joined.flush()

    assert received(tell) == (b"head", [4])
