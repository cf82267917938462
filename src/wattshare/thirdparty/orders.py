"""Orders that can be looked at: a page that Wattshare's custodians add to what the standard says."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from wattshare.espi.endpoints import by_name
from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.errors import Failed, Unreadable
from wattshare.thirdparty.reply import Reply

OPEN = frozenset({"waiting", "making", "renewing"})


@dataclass(frozen=True, kw_only=True)
class OrderPart:
    """A file of an order."""

    href: str
    number: int
    usage_points: int
    entries: int
    readings: int
    # of the feed, and of the gzip member that the digest is of
    identity_bytes: int
    gzip_bytes: int
    sha256: str | None


@dataclass(frozen=True, kw_only=True)
class OrderStatus:
    """How far an order is."""

    id: str
    # waiting, making, renewing, ready, failed, cancelled, withdrawn or expired
    state: str
    # usage points that are written, and at most so many; None: not begun
    done: int
    of: int | None
    # seconds after which asking again is worth it
    retry_after: int | None
    # until when the files are kept
    expires_at: datetime | None
    parts: tuple[OrderPart, ...]

    @property
    def is_open(self) -> bool:
        """Whether there will be something new."""
        return self.state in OPEN


class OrderFailed(Failed):
    """An order came to an end without its files."""


def order_id(reply: Reply, custodian: Custodian) -> str | None:
    """The id in the address of an order's page, where the custodian told a page of its own."""
    told = urlsplit(reply.headers.get("content-location", ""))
    root, _, name = told.path.rpartition("/")
    expected = urlsplit(custodian.href(by_name("order"), order=name))
    return name if name and root == expected.path.rpartition("/")[0] else None


def known_id(order: str | None) -> str:
    """The id of an order.

    Raises:
        Failed: the custodian has told none.
    """
    if not order:
        raise Failed("This custodian has no page for the order; a notice tells when its files can be fetched.")
    return order


def read_status(reply: Reply) -> OrderStatus:
    """What an order's page says.

    Raises:
        Unreadable: it is not what such a page is.
    """
    try:
        told = json.loads(reply.read())
        return OrderStatus(
            id=str(told["id"]),
            state=str(told["state"]),
            done=int(told["progress"]["done"]),
            of=told["progress"]["of"],
            retry_after=told["retry_after"],
            expires_at=None if told["expires_at"] is None else datetime.fromtimestamp(told["expires_at"], UTC),
            parts=tuple(map(_part, told["parts"])),
        )
    except (ValueError, KeyError, TypeError) as why:
        raise Unreadable("The page of the order is not what it should be.") from why


def _part(told: dict[str, Any]) -> OrderPart:
    return OrderPart(
        href=str(told["href"]),
        number=int(told["number"]),
        usage_points=int(told["usage_points"]),
        entries=int(told["entries"]),
        readings=int(told["readings"]),
        identity_bytes=int(told["bytes"]["identity"]),
        gzip_bytes=int(told["bytes"]["gzip"]),
        sha256=told["sha256"],
    )


def followed(ask: Callable[[], OrderStatus], wait: Callable[[float], object]) -> Iterator[OrderStatus]:
    """An order's states until it is over; `wait` is given the seconds between two questions.

    Raises:
        OrderFailed: it ended without its files.
    """
    while True:
        status = ask()
        yield status
        if not status.is_open:
            break
        wait(float(status.retry_after or 1))
    if status.state != "ready":
        raise OrderFailed(f"The order {status.id} is {status.state}.")
