"""A folder of notices: on disk before they are acknowledged, gone when all that they told of was fetched."""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from wattshare.espi import wire
from wattshare.espi.customer import CustomerBatchList
from wattshare.espi.endpoints import Shape
from wattshare.espi.usage import BatchList
from wattshare.espi.wire import Limits, Malformed
from wattshare.thirdparty.authorizations import held
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.errors import (
    Accepted,
    ConsentNeeded,
    Failed,
    ForeignAddress,
    NotFound,
    NotPermitted,
)
from wattshare.thirdparty.files import settle, write_aside
from wattshare.thirdparty.partial import Partial

# what is packed and cannot be unpacked
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)
# a notice is a list of addresses; the custodian's bulk is not in it
BODY_BYTES = 1 << 20
LIMITS = Limits(bytes=BODY_BYTES, depth=4, elements=10_000, attributes=8, text=4096)
# more than so many unfetched notices and the receiver says 503: the disk is not the sender's
MOST_WAITING = 10_000


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a custodian told: addresses where something new can be fetched. espi.xsd BatchList."""

    id: str
    received_at: str
    urls: tuple[str, ...]
    # addresses in it that are not the custodian's; never fetched
    foreign: tuple[str, ...] = ()
    transaction: str | None = None
    correlation_id: str | None = None
    webhook_id: str | None = None
    # addresses that were dealt with already
    handed: tuple[str, ...] = ()

    @classmethod
    def of_ledger(cls, told: Mapping[str, Any], custodian: Custodian, *, at: datetime) -> "Notice | None":
        """A notice out of the custodian's ledger; None where nothing in it is the custodian's."""
        urls, foreign = _parted(tuple(told["resources"]), custodian)
        if not urls:
            return None
        return cls(
            id=_named(told["id"], str(told["replays"] or ""), urls),
            received_at=at.isoformat(),
            urls=urls,
            foreign=foreign,
            transaction=_short(told["transaction"]),
            webhook_id=_short(told["id"]),
        )


@dataclass(frozen=True, kw_only=True)
class Drained:
    """What became of one address of a notice."""

    notice: str
    url: str
    # fetched, empty, ended (an authorization), changed (an authorization), gone, refused, foreign
    outcome: str
    file: Path | None = None
    detail: str = ""


class Full(Failed):
    """Too many notices wait to be fetched."""


class NotANotice(Failed):
    """The body is not a list of addresses at the custodian."""


class Inbox:
    """Notices as files in a folder: `new/` waits, `done/` is what was fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.new = folder / "new"
        self.done = folder / "done"
        for each in (self.new, self.done):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)

    def take(self, body: bytes, headers: Mapping[str, str], custodian: Custodian, *, at: datetime) -> Notice | None:
        """Keep a notice; on disk when it returns. None: it is known, and waits or was dealt with.

        `headers` have lower-case names. Without a webhook-id a notice that was dealt with may come again: nothing says
        that it is not another one.

        Raises:
            NotANotice: it is no BatchList, or tells of nothing at this custodian.
            Full: too many wait already.
        """
        urls, foreign = _parted(read_notice(body), custodian)
        if not urls:
            raise NotANotice("No address in the list is the custodian's.")
        webhook_id = headers.get("webhook-id")
        notice = Notice(
            id=_named(webhook_id, headers.get("x-notice-replay", ""), urls),
            received_at=at.isoformat(),
            urls=urls,
            foreign=foreign,
            transaction=_short(headers.get("x-transaction")),
            correlation_id=_short(headers.get("x-correlation-id")),
            webhook_id=_short(webhook_id),
        )
        return notice if self.keep(notice) else None

    def keep(self, notice: Notice) -> bool:
        """Let a notice wait; on disk when it returns. Whether it was not known.

        Raises:
            Full: too many wait already.
        """
        name = f"{notice.id}.json"
        if (self.new / name).exists() or (notice.webhook_id and (self.done / name).exists()):
            return False
        if sum(1 for _ in self.new.glob("*.json")) >= MOST_WAITING:
            raise Full("Too many notices wait to be fetched.")
        self._write(notice)
        return True

    def forget(self, before: float) -> int:
        """Drop what was dealt with before that second of the disk's clock. How many."""
        old = [file for file in self.done.glob("*.json") if file.stat().st_mtime < before]
        for file in old:
            file.unlink(missing_ok=True)
        return len(old)

    def _write(self, notice: Notice) -> None:
        write_aside(self.new / f"{notice.id}.json", json.dumps(asdict(notice), indent=1).encode())

    def waiting(self) -> Iterator[Notice]:
        """What was not fetched yet, oldest first."""
        notices = [_notice(file.read_bytes()) for file in self.new.glob("*.json")]
        yield from sorted(notices, key=lambda notice: notice.received_at)

    def finish(self, notice: Notice) -> None:
        """All of it was fetched, or never will be."""
        (self.new / f"{notice.id}.json").replace(self.done / f"{notice.id}.json")
        settle(self.new)
        settle(self.done)

    def drain(self, client: Client, into: Path) -> Iterator[Drained]:
        """Fetch all that was told of into files of a folder.

        What is given out is dealt with when the next is asked for: that is written down, and after a kill it is not
        given out again. A notice whose fetch fails for the time being stays; the error is raised after nothing was
        lost.

        Raises:
            Unreachable, TooMany, Unavailable: the custodian, for now; the notice waits.
        """
        for notice in self.waiting():
            waits = False
            for url in (*notice.urls, *notice.foreign):
                if url in notice.handed:
                    continue
                foreign = Drained(notice=notice.id, url=url, outcome="foreign")
                drained = foreign if url in notice.foreign else fetch_one(client, notice, url, into)
                yield drained
                if drained.outcome == "waits":
                    waits = True
                else:
                    notice = replace(notice, handed=(*notice.handed, url))  # noqa: PLW2901 one address further
                    self._write(notice)
            if not waits:
                self.finish(notice)


def read_notice(body: bytes) -> tuple[str, ...]:
    """The addresses of a BatchList, of either namespace.

    Raises:
        NotANotice: it is something else.
    """
    try:
        root = wire.read(body, limits=LIMITS).root
    except Malformed as error:
        raise NotANotice(f"Not a BatchList: {error}") from error
    if not isinstance(root, (BatchList, CustomerBatchList)):
        raise NotANotice(f"A {type(root).__name__} is no BatchList.")
    return root.resources


def fetch_one(client: Client, notice: Notice, url: str, into: Path) -> Drained:
    """One address of a notice, with the token that fits, as a file."""
    file = into / _file_name(url)
    partial = Partial(file)
    try:
        reply = client.fetch(url, into=partial)
        if reply.is_empty:
            partial.drop()
            return Drained(notice=notice.id, url=url, outcome="empty")
        reply.save(file)
        partial.drop()
        if reply.endpoint.shape is Shape.AUTHORIZATION:
            authorization = held(reply.only())
            if not authorization.is_active:
                client.store.drop(authorization.id)
            outcome = "changed" if authorization.is_active else "ended"
            return Drained(notice=notice.id, url=url, outcome=outcome, file=file)
        return Drained(notice=notice.id, url=url, outcome="fetched", file=file)
    except Accepted as error:
        return Drained(notice=notice.id, url=url, outcome="waits", detail=str(error))
    except BROKEN as error:
        # nothing of it can be used: all of it is asked for the next time
        partial.drop()
        return Drained(notice=notice.id, url=url, outcome="waits", detail=f"What came is broken: {error}")
    except NotFound as error:
        return Drained(notice=notice.id, url=url, outcome="gone", detail=str(error))
    except (NotPermitted, ConsentNeeded) as error:
        return Drained(notice=notice.id, url=url, outcome="refused", detail=str(error))


def _parted(urls: tuple[str, ...], custodian: Custodian) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those at the custodian, and the others."""
    ours: dict[str, None] = {}
    foreign: dict[str, None] = {}
    for url in urls:
        try:
            custodian.recognise(url)
            ours[url] = None
        except ForeignAddress:
            foreign[url] = None
    return tuple(ours), tuple(foreign)


def _file_name(url: str) -> str:
    """A file name of our own making: what was told of, and a digest of the whole address."""
    path = url.partition("?")[0].rstrip("/").split("/")[-3:]
    words = "-".join("".join(char for char in part if char.isascii() and char.isalnum())[:32] for part in path)
    return f"{words}-{hashlib.sha256(url.encode()).hexdigest()[:12]}.xml"


def _notice(content: bytes) -> Notice:
    said = json.loads(content)
    lists = {name: tuple(said.get(name, ())) for name in ("urls", "foreign", "handed")}
    return Notice(**{**said, **lists})


def _named(webhook_id: str | None, replay: str, urls: tuple[str, ...]) -> str:
    """What a notice is called here: copies of one have one name; one that was asked for again has another."""
    parts = (webhook_id, replay) if webhook_id else ("", *urls)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _short(header: str | None) -> str | None:
    return header[:200] if header else None
