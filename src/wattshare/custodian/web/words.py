"""What customers read: every word of the pages that is not in a template."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.premises import Service
from wattshare.custodian.services.overview import Card
from wattshare.espi.days import day_of
from wattshare.espi.kinds import Kind

__all__ = ["ENDINGS", "KINDS", "MENDS", "Card", "Word", "card", "history", "month", "place", "spelled"]


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
    "until": "Choose a last day that is not too early, or share until you stop.",
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


def place(service: Service) -> str:
    """Where a service is, as its customer knows it."""
    if service.location is None:
        return f"Service {service.agreement.number[-4:]}"
    address = service.location.address
    return f"{address.line}, {address.city}"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A card of the sharing page, in words."""

    id: int
    name: str
    kinds: list[str]
    places: list[str]
    since: str
    until: str
    ended: str
    why: str


def card(shown: Card, zone: ZoneInfo) -> Told:
    """Put a card into words."""

    def day(at: int | None) -> str:
        return "" if at is None else spelled(day_of(at, zone))

    return Told(
        id=shown.id,
        name=shown.name,
        kinds=[KINDS[kind].title.lower() for kind in Kind if kind in shown.kinds],
        places=[place(service) for service in shown.services],
        since=day(shown.starts),
        # the end is the first second without sharing
        until="you stop" if shown.ends is None else day(shown.ends - 1),
        ended=day(shown.ended_at),
        why=ENDINGS[shown.ending] if shown.ending else "",
    )
