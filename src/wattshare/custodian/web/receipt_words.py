"""Receipts as customers read them: the facts as they were then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.services.receipts import Event
from wattshare.custodian.services.tongues import Tongue, in_zone, said
from wattshare.custodian.store.receipts import KeptReceipt
from wattshare.custodian.web import words
from wattshare.espi.days import day_of
from wattshare.espi.kinds import Kind

TITLES = {
    Event.SHARED: said("You share with %(app)s"),
    Event.CHANGED: said("You changed what %(app)s can see"),
    Event.PAUSED: said("You paused sharing with %(app)s"),
    Event.RESUMED: said("Sharing with %(app)s goes on"),
    Event.REDUCED: said("%(app)s can see less now"),
    Event.ENDED: said("Sharing with %(app)s has ended"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """A receipt in a list."""

    id: int
    title: str
    moment: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A receipt, in words."""

    line: Line
    app: str
    partner: str | None
    kinds: list[str]
    homes: list[str]
    since: str
    data_from: str
    until: str
    endless: bool
    # why it ended
    why: str
    paused: bool
    # who gave it, and who did this where it was somebody else; of older ones it is not known
    giver: str
    doer: str
    spoken: str
    number: str


def line(tongue: Tongue, kept: KeptReceipt, zone: ZoneInfo) -> Line:
    """What became of the permission, and when."""
    title = tongue.say(TITLES[Event(kept.event)], app=kept.facts["app"])
    return Line(id=kept.id, title=title, moment=tongue.moment(in_zone(kept.at, zone)))


def receipt(tongue: Tongue, kept: KeptReceipt, zone: ZoneInfo) -> Shown:
    """Put a receipt into words."""
    facts = kept.facts

    def day(text: str | None, less: int = 0) -> str:
        return "" if text is None else tongue.day(day_of(int(datetime.fromisoformat(text).timestamp()) - less, zone))

    return Shown(
        line=line(tongue, kept, zone),
        app=facts["app"],
        partner=facts["together_with"],
        kinds=[
            words.used(tongue, (Commodity(one["commodity"]) for one in facts["services"]))
            if kind is Kind.USAGE
            else words.title(tongue, kind)
            for kind in Kind
            if kind in facts["data"]
        ],
        homes=homes(tongue, facts["services"]),
        since=day(facts["since"]),
        data_from=tongue.day(datetime.fromisoformat(facts["data_from"]).date()),
        # the end is the first second without sharing
        endless=facts["until"] is None,
        until=tongue.say("you stop") if facts["until"] is None else day(facts["until"], 1),
        why=tongue.say(words.ENDINGS[Ending(facts["ending"])]) if facts["ending"] else "",
        paused=kept.event == Event.PAUSED,
        giver=facts.get("given_by") or "",
        doer=facts.get("done_by") or "",
        spoken=facts["reference"],
        number=facts["number"],
    )


def homes(tongue: Tongue, services: list[dict[str, Any]]) -> list[str]:
    """Addresses, each with what is shared there."""
    found: dict[str, list[str]] = {}
    for service in services:
        kind = Commodity(service["commodity"])
        name = tongue.say(words.COMMODITIES.get(kind, kind.value.capitalize())).lower()
        found.setdefault(service["address"] or tongue.say(words.OTHER), []).append(name)
    return [f"{place} ({', '.join(dict.fromkeys(names))})" for place, names in found.items()]
