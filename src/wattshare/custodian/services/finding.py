"""Finding a few of many services: by words, by service, page by page, by a pasted list or a file of numbers."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from wattshare.custodian.model.premises import Commodity, Service

# on one page; more than that is searched and paged
PAGE = 50
# what a pasted list or a file is taken apart by: whatever a number does not hold
APART = re.compile(r"[^0-9A-Za-z._/-]+")
DIGITS = re.compile(r"\d")
# of a pasted list or file, at most
MOST_NUMBERS = 5_000
# of a number, to find it by a part of it
FEWEST_DIGITS = 4
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
    """The services of which each word says something: the beginning of a word of the address, or a part of a number."""
    words = text.casefold().split()
    return tuple(
        service
        for service in services
        if commodity in (None, service.usage_point.commodity) and all(says(service, word) for word in words)
    )


def says(service: Service, word: str) -> bool:
    """Whether a word is of a service."""
    address = service.location.address if service.location else None
    told = f"{address.line} {address.city} {address.postal_code}".casefold().split() if address else []
    if any(part.startswith(word) for part in told):
        return True
    numbers = (service.agreement.number, service.account.number)
    return len(word) >= FEWEST_DIGITS and any(word in number.casefold() for number in numbers)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What a list of numbers names."""

    agreement_ids: frozenset[int]
    # numbers that name nothing of this customer, each with the line on which it stands first
    unknown: tuple[tuple[int, str], ...]


def listed(services: Iterable[Service], text: str) -> Listed:
    """The services that a list names, each by its own number or by that of its account.

    Whatever stands between numbers is passed over: commas, quotes, lines, words.
    """
    return named(by_number(services), numbers(text))


def listed_in(services: Iterable[Service], table: str) -> Listed:
    """The same of a table of comma-separated values: by the column that names most; the others are passed over."""
    known = by_number(services)
    first = table.partition("\n")[0]
    apart = max(",;\t", key=first.count)
    read = csv.reader(table.splitlines()[:MOST_NUMBERS], delimiter=apart)
    rows = [(read.line_num, row) for row in read if row]
    width = max((len(row) for _, row in rows), default=0)
    columns = [[(line, row[place].strip()) for line, row in rows if place < len(row)] for place in range(width)]
    best = max(columns, key=lambda column: sum(plain(cell) in known for _, cell in column), default=[])
    return named(known, [(line, cell) for line, cell in best if DIGITS.search(cell)])


def by_number(services: Iterable[Service]) -> Mapping[str, set[int]]:
    """Agreements by the numbers that they and their accounts are known by."""
    found: dict[str, set[int]] = {}
    for service in services:
        for number in (service.agreement.number, service.account.number):
            found.setdefault(plain(number), set()).add(service.agreement.id)
    return found


def named(known: Mapping[str, set[int]], wanted: Iterable[tuple[int, str]]) -> Listed:
    """What numbers name, and which of them name nothing."""
    ids: set[int] = set()
    unknown: dict[str, int] = {}
    for line, number in wanted:
        if agreements := known.get(plain(number)):
            ids |= agreements
        else:
            unknown.setdefault(number, line)
    return Listed(agreement_ids=frozenset(ids), unknown=tuple((line, number) for number, line in unknown.items()))


def numbers(text: str) -> tuple[tuple[int, str], ...]:
    """The words of a list that have a digit in them, each with its line."""
    words = ((line, word) for line, told in enumerate(text.splitlines(), start=1) for word in APART.split(told))
    return tuple(islice(((line, word) for line, word in words if DIGITS.search(word)), MOST_NUMBERS))


def plain(number: str) -> str:
    """A number as it is compared: without dashes and dots, and without the zeros that a spreadsheet drops."""
    return re.sub(r"[^0-9a-z]", "", number.casefold()).lstrip("0")
