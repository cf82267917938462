"""Finding a few of many services: by words, by service, page by page, by a pasted list or a file of numbers."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from wattshare.custodian.model.premises import Commodity, Service

# on one page; more than that is searched and paged
PAGE = 50
# what a pasted list or a file is taken apart by: whatever a number does not hold
APART = re.compile(r"[^0-9A-Za-z._/-]+")
DIGITS = re.compile(r"\d")
# of a pasted list or file, at most
MOST_NUMBERS = 5_000
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Item]):
    """Some of many, in their order."""

    items: tuple[Item, ...]
    # from 1
    number: int
    pages: int
    # of all pages
    count: int


def paged(items: Sequence[Item], number: int, size: int = PAGE) -> Page[Item]:
    """One page; the nearest where there is none of that number."""
    pages = max(1, -(-len(items) // size))
    number = min(max(number, 1), pages)
    return Page(items=tuple(items[(number - 1) * size : number * size]), number=number, pages=pages, count=len(items))


def found(services: Iterable[Service], text: str, commodity: Commodity | None = None) -> tuple[Service, ...]:
    """The services in whose address or numbers each word stands, in whatever case."""
    words = text.casefold().split()
    return tuple(
        service
        for service in services
        if commodity in (None, service.usage_point.commodity) and all(word in told(service) for word in words)
    )


def told(service: Service) -> str:
    """What a service is searched by."""
    address = service.location.address if service.location else None
    places = (address.line, address.city, address.postal_code) if address else ()
    return "\n".join((*places, service.agreement.number, service.account.number)).casefold()


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What a list of numbers names."""

    agreement_ids: frozenset[int]
    # numbers that name nothing of this customer
    unknown: tuple[str, ...]


def listed(services: Iterable[Service], text: str) -> Listed:
    """The services that a list names, each by its own number or by that of its account.

    Whatever stands between numbers is passed over: commas, quotes, lines, the words of a header.
    """
    by_number: dict[str, set[int]] = {}
    for service in services:
        for number in (service.agreement.number, service.account.number):
            by_number.setdefault(plain(number), set()).add(service.agreement.id)
    ids: set[int] = set()
    unknown: dict[str, None] = {}
    for number in numbers(text):
        if known := by_number.get(plain(number)):
            ids |= known
        else:
            unknown[number] = None
    return Listed(agreement_ids=frozenset(ids), unknown=tuple(unknown))


def numbers(text: str) -> tuple[str, ...]:
    """The words of a list that have a digit in them."""
    return tuple(word for word in APART.split(text)[: 20 * MOST_NUMBERS] if DIGITS.search(word))[:MOST_NUMBERS]


def plain(number: str) -> str:
    """A number as it is compared: without dashes and dots, and without the zeros that a spreadsheet drops."""
    return re.sub(r"[^0-9a-z]", "", number.casefold()).lstrip("0")
