"""F1, F2, F3: the whole server, from the token to the last byte."""

import secrets
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench.asking import END, Request, cpu_of_one, fetched
from bench.databases import Databases
from bench.machine import REPEATS, median, resident
from bench.outcome import NotMeasured, Outcome, Wrong
from bench.rendering import read, typed
from bench.servers import Served, nginx, ours
from bench.utility import LONG, Utility
from wattshare.custodian.services.disclosure.wirepath.direct import Absent, chosen

MEGA = 1 << 20
# that one turn of ours, or of nginx, takes
SECONDS = 1.0
# turns of what is told beside a bar
FEWER = 3
# bearers for the same that take turns
STRANGERS = 5_000
# those whose figure is against nginx that copies, as we do: what is not a file the kernel cannot send by itself, nor
# anything over TLS. For what fits one packet that makes no difference
COPYING = frozenset({"F1", "F1d"})
# bytes a second that a slow reader takes, and for how long it is looked at
SLOW, LOOKED = 4 * MEGA, 15.0


def measure(utility: Utility, databases: Databases, wanted: frozenset[str], folder: Path) -> Iterator[Outcome]:
    """Those of F1, by either encoder, and F2 that are wanted."""
    told = utility.facts
    feed = Request(target=told["feed"], token=told["token"])
    point = Request(target=told["point"], token=told["token"])
    for encoder, asked in (("templates", {"F1": feed, "F2": point}), ("direct", {"F1d": feed})):
        if not wanted & asked.keys():
            continue
        try:
            chosen(encoder)
        except Absent as why:
            yield from (Outcome(id=name, note=str(why)) for name in asked)
            continue
        with ours(utility, databases, encoder) as server:
            gate(utility, fetched(server.port, feed))
            others = strangers(utility, feed.token)
            for name, request in asked.items():
                if name in wanted:
                    outcome = against_nginx(name, server, request, folder)
                    strange = replace(request, others=others)
                    yield outcome if name == "F1d" else with_strangers(server, strange, outcome)


def gate(utility: Utility, member: bytes) -> None:
    """What came over the wire is what the typed writer makes, but for the feed's own head.

    Raises:
        Wrong: it is not.
    """
    inflating = zlib.decompressobj(31)
    came = inflating.decompress(member)
    if not inflating.eof or inflating.unused_data:
        raise Wrong("the answer is not one gzip member")
    mine = typed(*read(utility))
    entry = b"<ns1:entry>"
    if came[came.index(entry) :] != mine[mine.index(entry) :]:
        raise Wrong("the answer is not what the typed writer makes of it")


def against_nginx(name: str, server: Served, request: Request, folder: Path) -> Outcome:
    """CPU of nginx for the same bytes, by ours, in turns: with sendfile, and where `COPYING` says so, without."""
    static, body = Request(target=f"/{name}"), fetched(server.port, request)
    folders = {way: folder / way for way in (("sendfile", "copying") if name in COPYING else ("sendfile",))}
    for files in (one / "files" for one in folders.values()):
        files.mkdir(parents=True, exist_ok=True)
        (files / name).write_bytes(body)
    costs: dict[str, list[float]] = {"ours": [], **{way: [] for way in folders}}
    try:
        with ExitStack() as stack:
            asked = [("ours", server, request)]
            for way, where in folders.items():
                asked.append((way, stack.enter_context(nginx(where, copying=way == "copying")), static))
            for _ in range(REPEATS):
                for way, one, what in asked:
                    costs[way].append(cpu_of_one(one, what, seconds=SECONDS))
    except NotMeasured as why:
        cost = median(cpu_of_one(server, request, seconds=SECONDS) for _ in range(REPEATS))
        return Outcome(id=name, note=f"{why}; ours: {cost * 1e6:.0f} µs of CPU", parts={"our_cpu_seconds": cost})
    cost, held_against = median(costs.pop("ours")), {way: median(found) for way, found in costs.items()}
    *others, counted = held_against
    told = [f"nginx {held_against[counted] * 1e6:.0f} µs"]
    told += [f"{held_against[way] * 1e6:.0f} µs with {way}: {held_against[way] / cost:.2%}" for way in others]
    return Outcome(
        id=name,
        figure=held_against[counted] / cost,
        note=f"{cost * 1e6:.0f} µs of CPU for {len(body)} bytes; {'; '.join(told)}",
        parts={"our_cpu_seconds": cost, "bytes": len(body)}
        | {f"nginx_{way}_cpu_seconds": found for way, found in held_against.items()},
    )


def with_strangers(server: Served, asked: Request, outcome: Outcome) -> Outcome:
    """The same of bearers that have not asked in the same second, beside it: nothing is known of them yet."""
    anew = median(cpu_of_one(server, asked, seconds=SECONDS) for _ in range(FEWER))
    cost = outcome.parts["our_cpu_seconds"]
    against = "" if outcome.figure is None else f": {outcome.figure * cost / anew:.2%}"
    return replace(
        outcome,
        note=f"{outcome.note}; by bearers that did not ask in the same second {anew * 1e6:.0f} µs{against}",
        parts=outcome.parts | {"our_cpu_seconds_anew": anew},
    )


def strangers(utility: Utility, known: str) -> tuple[str, ...]:
    """More tokens that open the same: so many that none is shown twice in a second."""
    texts = tuple(f"ws_{secrets.token_hex(32)}" for _ in range(STRANGERS))
    with utility.opened() as house, house.store.begin() as tx:
        token = tx.tokens.find(known)
        if token is None:
            raise LookupError("the utility's own token is gone")
        for text in texts:
            tx.tokens.add(token, text)
    return texts


def slow_reader(utility: Utility, databases: Databases) -> Outcome:
    """F3: how the server's memory grows while somebody takes a long answer slowly.

    What it keeps between answers (templates, pages of the database) is there before: a quick reader has had the same.
    """
    request = Request(target=utility.facts["feed"], token=utility.facts["token"], coding="identity")
    with ours(utility, databases) as server:
        taken(server.port, request, 200 * MEGA, rate=None)
        time.sleep(1)
        before, most = resident(server.pid), 0
        for _ in taken_slowly(server.port, request):
            most = max(most, resident(server.pid))
    grown = max(0, most - before)
    return Outcome(
        id="F3",
        figure=grown / MEGA,
        note=f"of {before / MEGA:.0f} MB; {LONG} blocks asked for, looked at for {LOOKED:.0f} s",
        parts={"resident_before_bytes": before, "resident_most_bytes": most},
    )


def taken_slowly(port: int, request: Request) -> Iterator[int]:
    """Take an answer at the slow rate for a while; gives how much, again and again."""
    yield from taking(port, request, int(SLOW * LOOKED), SLOW)


def taken(port: int, request: Request, most: int, rate: int | None) -> int:
    """Take so much of an answer and hang up. How much it was."""
    return max(taking(port, request, most, rate))


def taking(port: int, request: Request, most: int, rate: int | None) -> Iterator[int]:
    """Take an answer, at a rate of bytes a second or as fast as it comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
        connection.sendall(request.head(port))
        got, begun, looked = len(connection.recv(65_536).partition(END)[2]), time.monotonic(), 0.0
        while got < most and (piece := connection.recv(1 << 17)):
            got += len(piece)
            if rate is not None and (ahead := got / rate - (time.monotonic() - begun)) > 0:
                time.sleep(ahead)
            if time.monotonic() - looked > 0.1:
                looked = time.monotonic()
                yield got
        yield got
