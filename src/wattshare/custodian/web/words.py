"""What customers read: every word of the pages that is not in a template."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from wattshare.custodian.model.authorization import Ending, State
from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.model.premises import Service
from wattshare.custodian.services.consent import LAST_DAY, Offer, Review
from wattshare.custodian.services.overview import Card
from wattshare.espi.days import day_of
from wattshare.espi.kinds import Kind

LONGEST_NAME = 80
# they join letters and emoji, and hide nothing
JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Word:
    """A kind of data as a person would say it."""

    title: str
    hint: str


KINDS = {
    Kind.USAGE: Word("Energy use", "How much you use, down to every 15 minutes"),
    Kind.BILLING: Word("Bills", "Amounts, dates, charges and rate plan"),
    Kind.BASIC: Word("Name and service address", "Your name, where the service is, and which meter"),
    Kind.ACCOUNT: Word("Account number and contact", "Your account number, mailing address, phone and e-mail"),
    Kind.PROGRAM_ENROLLMENT: Word("Energy programs", "The programs that you are in, and since when"),
}

ENDINGS = {
    Ending.CUSTOMER: "you stopped it",
    Ending.THIRD_PARTY: "the app ended it",
    Ending.OPERATOR: "we ended it",
    Ending.REPLACED: "you gave a newer permission",
    Ending.LAPSED: "the app never came for it",
    Ending.EXPIRED: "its time was over",
    Ending.MOVED_OUT: "the service ended",
}

MENDS = {
    "agreement": "Choose at least one home or service.",
    "kinds": "Choose at least one kind of data.",
    "until_both": "You named a last day, and chose “Until I stop” as well. Choose one of them.",
}

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def spelled(day: date) -> str:
    """A day with its month's name."""
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"


def month(day: date) -> str:
    """A month and its year."""
    return f"{MONTHS[day.month - 1]} {day.year}"


def history(days: int) -> str:
    """How far back, in words."""
    if days % 365 == 0:
        return "year" if days == 365 else f"{days // 365} years"
    return f"{days} days"


def plain(text: str) -> str:
    """A text from outside on one line, without anything that is unseen or turns the direction of writing."""
    kinds = ((letter, unicodedata.category(letter)) for letter in text)
    seen = (" " if kind in ("Cc", "Zl", "Zp") else letter for letter, kind in kinds if drawn(letter, kind))
    return "".join(seen)


def drawn(letter: str, category: str) -> bool:
    """Whether a character is more than a mark for those who lay text out."""
    return category not in ("Cf", "Cs", "Co", "Cn") or letter in JOINERS


def cut(text: str, most: int = LONGEST_NAME) -> str:
    """A text from outside, no longer than a page can bear."""
    seen = " ".join(plain(text).split())
    return seen if len(seen) <= most else seen[: most - 1].rstrip() + "…"


def mend(refusal: BadRequest, review: Review) -> str:
    """What is wrong with a customer's choice, and what to do about it."""
    if refusal.field == "until":
        return (
            f"Choose a last day between {spelled(review.earliest_end)} and {spelled(LAST_DAY)}, "
            "or share until you stop."
        )
    return MENDS.get(refusal.field or "", refusal.told)


# services


@dataclass(frozen=True, kw_only=True)
class Line:
    """One service that can be chosen, or cannot."""

    id: int
    title: str
    hint: str
    chosen: bool
    # why it cannot be
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Place:
    """The services at one address."""

    name: str
    lines: tuple[Line, ...]

    @property
    def open(self) -> tuple[Line, ...]:
        """Those that can be chosen."""
        return tuple(line for line in self.lines if line.reason is None)


def place(service: Service) -> str:
    """Where a service is, as its customer knows it."""
    if service.location is None:
        return "Other services"
    address = service.location.address
    return cut(f"{address.line}, {address.city}")


def places(offers: Iterable[Offer], chosen: Iterable[int], zone: ZoneInfo) -> list[Place]:
    """Services by address, those first where something can be chosen."""
    found: dict[str, list[Line]] = {}
    ticked = set(chosen)
    for offer in offers:
        found.setdefault(place(offer.service), []).append(line(offer, ticked, zone))
    listed = [
        Place(name=name, lines=tuple(sorted(lines, key=lambda one: one.reason is not None)))
        for name, lines in found.items()
    ]
    return sorted(listed, key=lambda one: not one.open)


def line(offer: Offer, ticked: set[int], zone: ZoneInfo) -> Line:
    """Put an offer into words."""
    agreement = offer.service.agreement
    hint = f"ends in {agreement.number[-4:]}"
    if offer.reason:
        hint += f". {offer.reason}"
        if agreement.ends is not None:
            hint += f" Its last day was {spelled(day_of(agreement.ends - 1, zone))}."
    return Line(
        id=agreement.id,
        title=offer.service.usage_point.commodity.value.capitalize(),
        hint=hint,
        chosen=agreement.id in ticked and offer.reason is None,
        reason=offer.reason,
    )


def gathered(services: Iterable[Service]) -> list[str]:
    """Addresses, each with what is shared there."""
    found: dict[str, list[str]] = {}
    for service in services:
        found.setdefault(place(service), []).append(service.usage_point.commodity.value)
    return [f"{name} ({', '.join(dict.fromkeys(commodities))})" for name, commodities in found.items()]


# what is shared


@dataclass(frozen=True, kw_only=True)
class Told:
    """A card of the sharing page, in words."""

    id: int
    name: str
    # the app has not yet come for it
    waiting: bool
    kinds: list[str]
    places: list[str]
    since: str
    until: str
    ended: str
    why: str
    # who came with it, and stops with it
    partner: str | None = None


def card(shown: Card, zone: ZoneInfo) -> Told:
    """Put a card into words."""

    def day(at: int | None) -> str:
        return "" if at is None else spelled(day_of(at, zone))

    return Told(
        id=shown.id,
        name=cut(shown.name),
        waiting=shown.state is State.CONSENTED,
        kinds=[KINDS[kind].title.lower() for kind in Kind if kind in shown.kinds],
        places=gathered(shown.services),
        since=day(shown.starts),
        # the end is the first second without sharing
        until="you stop" if shown.ends is None else day(shown.ends - 1),
        ended=day(shown.ended_at),
        why=ENDINGS[shown.ending] if shown.ending else "",
        partner=cut(shown.partner) if shown.partner else None,
    )
