"""Answers that ask nobody: from the head of a request to the last byte, without a task of their own.

What such an answer takes is mostly what stands around it. So it is made while its head is read, in the loop's own
thread; it waits there for its entry of the trail, which a thread writes with those of others, and leaves as one piece.
Whatever is not as usual goes the ordinary way, from the beginning: refusals, bodies, faults, and an answer that no
longer holds when it is written down.
"""

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from starlette.types import Scope

from wattshare.custodian import logs
from wattshare.custodian.model.errors import Unavailable
from wattshare.custodian.web.call import Call, Quick
from wattshare.custodian.web.certificates import Certificates
from wattshare.custodian.web.incoming import Door, bare, has_body, heads_of, raw_path
from wattshare.custodian.web.outgoing import Heads, untagged
from wattshare.custodian.web.ready import Ready, Refuse, asked_quickly, refused
from wattshare.custodian.web.routes import Route, Routes
from wattshare.custodian.web.settling import Settling
from wattshare.custodian.web.watching import Requests

Send = Callable[[bytes, bytes], None]


@dataclass(frozen=True, kw_only=True)
class Quickly:
    """What of the edge such an answer needs."""

    routes: Routes
    certificates: Certificates
    door: Door
    heads: Heads
    new_id: Callable[[], str]
    settling: Settling
    requests: Requests
    refuse: Refuse
    # of the log, of those that are told together
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write their lines together, too."""
        self.settling.after = self.write_lines

    def write_lines(self) -> None:
        """Into the log, if there still is one."""
        if self.lines:
            text = "".join(self.lines)
            self.lines.clear()
            # a closed pipe, a full disk: there is nowhere to say so, and answers do not wait for it
            with suppress(OSError, ValueError):
                sys.stderr.write(text)

    def begin(self, scope: Scope, send: Send, otherwise: Callable[[], None]) -> bool:
        """Begin to answer a request whose head is `scope`; whether one is under way.

        Then, in the loop, either `send` is called with the head of the answer and its body, or `otherwise`: the
        request is to be answered from the beginning.
        """
        if scope["method"] != "GET":
            return False
        try:
            answer = self.answer(scope, send, otherwise)
        except Exception:
            # whatever it is: the ordinary way meets it too, and answers
            return False
        if answer is None:
            return False
        self.settling.owe(answer.ready, answer.end)
        return True

    def answer(self, scope: Scope, send: Send, otherwise: Callable[[], None]) -> "Answer | None":
        """The answer of who asks nobody, if there is one.

        Raises:
            Refusal: the request is not to be let in.
        """
        started = time.monotonic()
        found = self.read(scope)
        if found is None:
            return None
        route, quick, call = found
        ready = asked_quickly(quick, call)
        return None if ready is None else Answer(self, call, route, ready, started, send, otherwise)

    def read(self, scope: Scope) -> tuple[Route, Quick, Call] | None:
        """The call, and what answers it; None where nothing does, or a body comes.

        Raises:
            Refusal: it is not to be let in.
        """
        heads, target = heads_of(scope), (scope["raw_path"], scope["query_string"])
        if heads is not None and heads.asked is not None and heads.asked.again(target, scope["headers"]):
            # the same again on the same connection
            asked = heads.asked
            return asked.route, asked.quick, asked.call.but(correlation_id=self.new_id())
        found = self.routes.find("GET", raw_path(scope))
        quick = found.route.quick
        call = None if quick is None else self.call(scope, found.parameters)
        if quick is None or call is None:
            return None
        if heads is not None:
            heads.asked = Asked(target, [*scope["headers"]], found.route, quick, call)
        return found.route, quick, call

    def call(self, scope: Scope, parameters: Mapping[str, str]) -> Call | None:
        """The call as it is let in; None where a body comes.

        Raises:
            Refusal: it is not.
        """
        call = bare(scope, self.new_id())
        if has_body(call):
            return None
        self.door.check(scope, call)
        call = untagged(call)
        return call.but(
            path=parameters, certificate=self.certificates.shown(scope, call), address=self.certificates.caller(call)
        )


class Asked(NamedTuple):
    """What a connection has asked for last, and what was made of it."""

    target: tuple[bytes, bytes]
    headers: list[tuple[bytes, bytes]]
    route: Route
    quick: Quick
    call: Call

    def again(self, target: tuple[bytes, bytes], headers: list[tuple[bytes, bytes]]) -> bool:
        """Whether this is the same."""
        return target == self.target and headers == self.headers


class Answer:
    """One answer on its way."""

    __slots__ = ("call", "otherwise", "quickly", "ready", "route", "send", "started")

    def __init__(
        self,
        quickly: Quickly,
        call: Call,
        route: Route,
        ready: Ready,
        started: float,
        send: Send,
        otherwise: Callable[[], None],
    ) -> None:
        """It waits for its entry of the trail."""
        self.quickly, self.call, self.route, self.ready = quickly, call, route, ready
        self.started, self.send, self.otherwise = started, send, otherwise

    def end(self, fault: BaseException | None) -> None:
        """Send it, or let the request be answered otherwise."""
        quickly, call = self.quickly, self.call
        # nobody is made to wait for the trail once more
        ready = refused(quickly.refuse, fault, call) if isinstance(fault, Unavailable) else self.ready
        if ready.void or not (fault is None or isinstance(fault, Unavailable)):
            self.otherwise()
            return
        status = ready.response.status
        try:
            head = quickly.heads.written(ready.response, call, length=ready.length, close=False)
        except ValueError:
            self.otherwise()
            return
        self.send(head, ready.pieces[0])
        milliseconds = int((time.monotonic() - self.started) * 1000)
        quickly.requests.note(call.method, self.route.path, status, milliseconds)
        quickly.lines.append(logs.line_of(call.method, self.route.path, status, milliseconds, call.correlation_id))
