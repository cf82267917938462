"""Answers as far as they are there: made in a thread, told when what they owe the trail is written."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from wattshare.custodian.services.recent import Proof
from wattshare.custodian.store.trail import TrailEntry
from wattshare.custodian.web.call import Call, Handler, Quick, Response
from wattshare.custodian.web.outgoing import encoded, fitted, header, varied, wanted_of
from wattshare.custodian.web.pieces import Pouring
from wattshare.custodian.web.threads import Owing

# writes disclosures into the trail; gives whether each was written, as its proof held
Note = Callable[[list[TrailEntry], list[Proof | None]], Sequence[bool]]


# the answer to a refusal or a fault, for the call as far as it was read
Refuse = Callable[[Exception, Call], Response]


def nowhere(_: list[TrailEntry], _proofs: list[Proof | None]) -> Sequence[bool]:
    """For routes that tell nothing of anybody.

    Raises:
        LookupError: one does.
    """
    raise LookupError("an answer owes an entry of the trail, and there is none to write it into")


@dataclass(kw_only=True)
class Ready(Owing):
    """An answer as far as it is there."""

    response: Response
    # of the body; sent and let go one by one
    pieces: list[bytes]
    # of the whole body; None: not known
    length: int | None = None
    # where the rest comes from
    rest: Pouring | None = None
    # the file that the kernel sends, opened
    source: BinaryIO | None = None
    # it was made from what has changed since: it may not leave
    void: bool = False

    def drop(self) -> None:
        """Let go of what it keeps open: it is not told."""
        if self.rest is not None:
            self.rest.close()
        if self.source is not None:
            self.source.close()


def settle(note: Note, every: list[Ready]) -> None:
    """Write down what answers tell, before any of them leaves; one that no longer holds is void.

    Raises:
        Unavailable: it cannot be written down, so none of them is given.
    """
    try:
        held = note([ready.owed for ready in every], [ready.response.proof for ready in every])
    except BaseException:
        for ready in every:
            ready.drop()
        raise
    for ready, holds in zip(every, held, strict=True):
        ready.void = not holds


def whole(response: Response, body: bytes) -> Ready:
    """An answer that is all there."""
    return Ready(response=response, pieces=[body], length=len(body))


def refused(refuse: Refuse, fault: Exception, call: Call) -> Ready:
    """The answer to a refusal or a fault."""
    response = refuse(fault, call)
    body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    return whole(*fitted(response, body, call))


def asked(handler: Handler, call: Call, direct: bool) -> Ready:
    """Ask the handler, and in the same thread write its body, or the beginning of a long one.

    A fault before the first byte is an answer of its own.
    """
    response = handler(call)
    ready = prepared(response, call, direct)
    ready.owed = response.owed
    return ready


def asked_quickly(quick: Quick, call: Call) -> Ready | None:
    """The answer of who asks nobody, if there is one: all of it is there."""
    response = quick(call)
    if response is None or not isinstance(response.body, bytes):
        return None
    ready = whole(*fitted(response, response.body, call))
    ready.owed = response.owed
    return ready


def prepared(response: Response, call: Call, direct: bool) -> Ready:
    """An answer with its body, or the beginning of a long one."""
    for name, value in response.headers:
        header(name, value)
    if isinstance(response.body, bytes):
        return whole(*fitted(response, response.body, call))
    gone = threading.Event()
    pouring = Pouring(source=response.body, gone=gone, wanted=wanted_of(response, call))
    response = varied(response)
    if call.method == "HEAD":
        try:
            pouring.settle()
        finally:
            pouring.close()
        return Ready(response=encoded(response, pouring.coding), pieces=[])
    if direct and response.file is not None:
        pouring.close()
        return Ready(response=response, pieces=[], length=response.file.count, source=response.file.open())
    return begun(response, pouring)


def begun(response: Response, pouring: Pouring) -> Ready:
    """The beginning of a body that is pulled; its source is closed when that is all."""
    rest: Pouring | None = None
    try:
        pieces = pouring.begin()
        rest = None if pouring.ended else pouring
    finally:
        if rest is None:
            pouring.close()
    length = None if rest else sum(map(len, pieces))
    return Ready(response=encoded(response, pouring.coding), pieces=pieces, length=length, rest=rest)
