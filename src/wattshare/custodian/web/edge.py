"""The edge of the house: ASGI on one side, plain functions on the other. The only module that awaits."""

import threading
import time
from asyncio import timeout
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO, TypeVar

import structlog
from anyio import CancelScope, create_task_group, sleep
from starlette.types import Message, Receive, Scope, Send

from wattshare.custodian import logs, memory
from wattshare.custodian.model.errors import Refusal
from wattshare.custodian.services import access
from wattshare.custodian.settings import Settings
from wattshare.custodian.web import errors
from wattshare.custodian.web.call import Call, FileStretch, Query, Response
from wattshare.custodian.web.certificates import Certificates
from wattshare.custodian.web.crowd import Crowd
from wattshare.custodian.web.direct import AT_ONCE, CUT, EXTENSION, OLD, AtOnce, Direct
from wattshare.custodian.web.errors import TooLarge, TooSlow
from wattshare.custodian.web.incoming import Door, bare, has_body, raw_path
from wattshare.custodian.web.outgoing import Heads, confirmed, untagged
from wattshare.custodian.web.pieces import Pouring
from wattshare.custodian.web.quickly import Quickly
from wattshare.custodian.web.ready import Note, Ready, Refuse, asked, nowhere, refused, settle
from wattshare.custodian.web.routes import Route, Routes
from wattshare.custodian.web.sending import Sending
from wattshare.custodian.web.settling import Settling
from wattshare.custodian.web.threads import Threads
from wattshare.custodian.web.watching import Requests

log = structlog.get_logger()
T = TypeVar("T")

BODILESS = frozenset({"GET", "HEAD", "DELETE"})
FORM = "application/x-www-form-urlencoded"
# a reader who takes no piece for so long is hung up on
READER_SECONDS = 60


class Gone(Exception):
    """The caller hung up before the request was there."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """The ASGI application: finds the route, reads what came, asks the handler in a thread, answers."""

    routes: Routes
    certificates: Certificates
    door: Door
    heads: Heads
    new_id: Callable[[], str]
    # the answer to a refusal or a fault, for the call as far as it was read
    refuse: Refuse
    body_bytes: int
    body_seconds: float
    threads: Threads
    crowd: Crowd
    requests: Requests = field(default_factory=Requests)

    @classmethod
    def of(
        cls,
        settings: Settings,
        routes: Routes,
        *,
        new_id: Callable[[], str],
        note: Note = nowhere,
        refuse: Refuse = errors.answer,
    ) -> "Edge":
        """As the settings have it; `new_id` makes correlation ids (UUIDs)."""
        return cls(
            routes=routes,
            certificates=Certificates.of(settings),
            door=Door.of(settings),
            heads=Heads.of(settings),
            new_id=new_id,
            refuse=refuse,
            body_bytes=settings.body_bytes,
            body_seconds=settings.body_seconds,
            threads=Threads(most=settings.threads, settle=partial(settle, note), quiet=memory.given_back),
            crowd=Crowd(each=settings.threads_each),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, and a line in the log."""
        if scope["type"] != "http":
            return
        started = time.monotonic()
        call = bare(scope, self.new_id())
        exchange = Exchange(edge=self, scope=scope, receive=receive, send=send, call=call)
        try:
            status = await exchange.run()
        finally:
            # what it has of the connection has the request in turn: it would stay until somebody looks for such rings
            scope.pop("extensions", None)
        milliseconds = int((time.monotonic() - started) * 1000)
        self.requests.note(call.method, exchange.template, status, milliseconds)
        logs.answered(call.method, exchange.template, status, milliseconds, call.correlation_id)

    def quickly(self) -> Quickly:
        """What answers without a task, where it can; for one loop."""
        return Quickly(
            routes=self.routes,
            certificates=self.certificates,
            door=self.door,
            heads=self.heads,
            new_id=self.new_id,
            settling=Settling(threads=self.threads, settle=self.threads.settle),
            requests=self.requests,
            refuse=self.refuse,
        )

    async def in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        """Run what blocks."""
        return await self.threads.run(work, *arguments)


def key_of(call: Call) -> str:
    """Who calls: by certificate, else by address."""
    return str(call.address) if call.certificate is None else call.certificate.sha256


@dataclass(kw_only=True)
class Exchange:
    """One request and its answer."""

    edge: Edge
    scope: Scope
    receive: Receive
    send: Send
    call: Call
    # of the route, for the log
    template: str = ""
    # nothing of the request is left in the connection
    read_all: bool = False

    async def run(self) -> int:
        """Read, ask, answer; gives the status, 0 for none."""
        self.read_all = not has_body(self.call)
        condition = self.call.headers.get("if-none-match", "")
        direct: Direct | None = self.scope.get("extensions", {}).get(EXTENSION)
        try:
            route = await self.admitted()
            ready = await self.asked(route, direct is not None)
        except Gone:
            return 0
        except Exception as fault:
            ready = self.refused(fault)
        response = confirmed(ready.response, condition)
        if direct is not None and ready.source is not None:
            await self.hand_over(ready, ready.source, direct)
        elif ready.rest is None:
            await self.whole(response, ready.pieces, ready.length)
        else:
            await self.pour(response, ready.pieces, ready.rest)
        return response.status

    async def asked(self, route: Route, direct: bool) -> Ready:
        """The answer of a handler, in a thread; asked for again where what it was made from has changed meanwhile."""
        edge = self.edge
        async with edge.crowd.place(key_of(self.call)):
            while (ready := await edge.in_thread(asked, route.handler, self.call, direct)).void:
                await edge.in_thread(ready.drop)
            return ready

    async def admitted(self) -> Route:
        """Check the head, read the rest, and say who answers."""
        edge = self.edge
        edge.door.check(self.scope, self.call)
        found = edge.routes.find(self.call.method, raw_path(self.scope))
        self.template = found.route.path
        call = untagged(self.call)
        self.call = call.but(
            path=found.parameters,
            certificate=edge.certificates.shown(self.scope, call),
            address=edge.certificates.caller(call),
        )
        body = await self.read_body()
        if body and call.method not in BODILESS:
            form = Query.read(body) if call.content_type == FORM else call.form
            self.call = self.call.but(body=body, form=form)
        return found.route

    async def read_body(self) -> bytes:
        """The body, within its size and time. What comes with a GET is read too, and dropped."""
        if self.read_all:
            return b""
        body = bytearray()
        try:
            async with timeout(self.edge.body_seconds):
                while not self.took_last(await self.receive(), body):
                    pass
        except TimeoutError:
            raise TooSlow from None
        self.read_all = True
        return bytes(body)

    def took_last(self, message: Message, body: bytearray) -> bool:
        """Take one more piece of the body; whether it was the last."""
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if len(body) > self.edge.body_bytes:
            raise TooLarge
        return not message.get("more_body", False)

    def refused(self, fault: Exception) -> Ready:
        """The answer to a refusal or a fault."""
        return refused(self.edge.refuse, fault, self.call)

    async def whole(self, response: Response, pieces: list[bytes], length: int | None) -> None:
        """Send an answer that is all there."""
        at_once: AtOnce | None = self.scope.get("extensions", {}).get(AT_ONCE)
        known = length is not None or self.call.method == "HEAD"
        if at_once is not None and at_once.free and known and len(pieces) <= 1:
            close = not self.read_all
            head = self.edge.heads.written(response, self.call, length=length, close=close)
            at_once.send(head, pieces[0] if pieces and self.call.method != "HEAD" else b"", close=close)
            return
        try:
            async with timeout(READER_SECONDS):
                await self.start(response, length)
                if len(pieces) <= 1:
                    await self.piece(pieces[0] if pieces else b"", more=False)
                    return
            await self.flow(pieces, more=False)
        except TimeoutError:
            log.warning("reader_too_slow", route=self.template, correlation_id=self.call.correlation_id)

    async def pour(self, response: Response, pieces: list[bytes], pouring: Pouring) -> None:
        """Send what there is, pull the rest while somebody reads it, and close its source whatever happens.

        A fault here cuts the connection, so that nobody takes a part for the whole.
        """
        async with create_task_group() as group:
            group.start_soon(self.watch, pouring.gone)
            if response.still is not None:
                group.start_soon(self.guard, response.still, group.cancel_scope)
            try:
                async with timeout(READER_SECONDS):
                    await self.start(response, None)
                await self.pull(pieces, pouring)
            except Refusal as why:
                await self.cut(why)
            except Exception:
                log.exception("cut_short", route=self.template, correlation_id=self.call.correlation_id)
                self.hang_up_old()
            except BaseException:
                # called off, as at the end of the server's time to leave
                self.hang_up_old()
                raise
            finally:
                with CancelScope(shield=True):
                    await self.edge.in_thread(pouring.close)
                group.cancel_scope.cancel()

    async def guard(self, still: Callable[[], None], sending: CancelScope) -> None:
        """Ask whether the caller may still have it while it is sent: a slow reader takes long over one piece."""
        while True:
            await sleep(access.ASK_SECONDS)
            try:
                await self.edge.in_thread(still)
            except Refusal as why:
                await self.cut(why)
                sending.cancel()
                return

    async def cut(self, why: Refusal) -> None:
        """Hang up on who may no longer have it, so that nothing of it leaves any more. That is no fault."""
        log.info("cut_off", route=self.template, correlation_id=self.call.correlation_id, cause=type(why).__name__)
        if self.hang_up():
            while (await self.receive())["type"] != "http.disconnect":
                pass

    def hang_up_old(self) -> None:
        """End a connection whose orderly end would be that of the body."""
        if self.scope["http_version"] == OLD:
            self.hang_up()

    def hang_up(self) -> bool:
        """End the connection with whatever has not left yet, where the server can. Whether it can."""
        hang_up: Callable[[], None] | None = self.scope.get("extensions", {}).get(CUT)
        if hang_up is not None:
            hang_up()
        return hang_up is not None

    async def hand_over(self, ready: Ready, source: BinaryIO, direct: Direct) -> None:
        """Let the kernel send a file for as long as its caller may have it; else the connection is cut."""
        try:
            with source:
                async with timeout(READER_SECONDS):
                    await self.start(ready.response, ready.length)
                    while not direct.idle:
                        await sleep(0.001)
                await self.send_file(source.fileno(), ready.response.file, direct)
            await self.piece(b"", more=False)
        except Refusal as why:
            await self.cut(why)
        except Exception:
            direct.cut()
            log.exception("cut_short", route=self.template, correlation_id=self.call.correlation_id)

    async def send_file(self, source: int, file: FileStretch | None, direct: Direct) -> None:
        """Send the bytes of a file.

        Raises:
            TimeoutError: the reader takes none of them for too long.
            Refusal: the caller may no longer have them.
        """
        if file is None or not file.count:
            return
        with direct.handle() as handle:
            sending = Sending(source, file.first, file.count, direct, handle)
            await sending.run(partial(self.edge.in_thread, file.still), READER_SECONDS)

    async def watch(self, gone: threading.Event) -> None:
        """Wait for the caller to hang up."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
        gone.set()

    async def pull(self, pieces: list[bytes], pouring: Pouring) -> None:
        """Send what there is, and then what comes, until the end or until nobody listens.

        Raises:
            TimeoutError: the reader takes too long over a piece.
        """
        await self.flow(pieces, more=True)
        while not pouring.gone.is_set():
            body = await self.edge.in_thread(pouring.more)
            await self.flow([body], more=not pouring.ended)
            if pouring.ended:
                return

    async def flow(self, pieces: list[bytes], *, more: bool) -> None:
        """Send pieces one by one, and let go of each. `more`: others follow.

        Raises:
            TimeoutError: the reader takes too long over a piece.
        """
        pieces.reverse()
        while len(pieces) > 1:
            async with timeout(READER_SECONDS):
                await self.piece(pieces.pop(), more=True)
        async with timeout(READER_SECONDS):
            await self.piece(pieces.pop() if pieces else b"", more=more)

    async def start(self, response: Response, length: int | None) -> None:
        """Send the status and the headers."""
        headers = self.edge.heads.head(response, self.call, length=length, close=not self.read_all)
        await self.send({"type": "http.response.start", "status": response.status, "headers": headers})

    async def piece(self, body: bytes, *, more: bool) -> None:
        """Send a piece; HEAD's reader takes none."""
        shown = b"" if self.call.method == "HEAD" else body
        await self.send({"type": "http.response.body", "body": shown, "more_body": more})
