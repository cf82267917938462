"""What customers read: every word of the pages that is not in a template."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from wattshare.custodian.model.authorization import STANDING, Ending, State
from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.model.premises import Commodity, Enrollment, Service
from wattshare.custodian.model.references import reference
from wattshare.custodian.services.offers import Closed, Offer
from wattshare.custodian.services.overview import Card, Look
from wattshare.custodian.services.own_data import Sample
from wattshare.custodian.services.terms import LAST_DAY, Review
from wattshare.custodian.services.tongues import Tongue, in_zone, said
from wattshare.custodian.services.waiting import Request
from wattshare.custodian.web.names import cut
from wattshare.espi.days import day_of
from wattshare.espi.kinds import Kind

COMMODITIES = {
    Commodity.ELECTRICITY: said("Electricity"),
    Commodity.GAS: said("Gas"),
    Commodity.WATER: said("Water"),
    Commodity.HEAT: said("Heat"),
}
OTHER = said("Other services")
HIDDEN = said("Address hidden")
USES = {
    Commodity.ELECTRICITY: said("Electricity use"),
    Commodity.GAS: said("Gas use"),
    Commodity.WATER: said("Water use"),
    Commodity.HEAT: said("Heat use"),
}
USE = said("Energy use")

KINDS = {
    Kind.BILLING: said("Bills: amounts and dates"),
    Kind.BASIC: said("Your name and service address"),
    Kind.ACCOUNT: said("Your account number and contact details"),
    Kind.PROGRAM_ENROLLMENT: said("Energy programs you are in"),
}
# where a sentence goes on behind it
IN_SENTENCES = {Kind.BILLING: said("bills (amounts and dates)")}
# of somebody else
THEIR_KINDS = {
    Kind.BASIC: said("Their name and the service address"),
    Kind.ACCOUNT: said("The account number and their contact details"),
    Kind.PROGRAM_ENROLLMENT: said("Energy programs"),
}
HINTS = {
    Kind.USAGE: said("how much you use and when"),
    Kind.BILLING: said("what you pay, for what, and your rate plan"),
    Kind.BASIC: said("also which meter you have"),
    Kind.ACCOUNT: said("also your mailing address, phone and email"),
    Kind.PROGRAM_ENROLLMENT: said("and since when"),
}
# as things that an app does not get
NOT_SHARED = {
    Kind.USAGE: said("your energy use"),
    Kind.BILLING: said("your bills"),
    Kind.BASIC: said("your name and address"),
    Kind.ACCOUNT: said("your account number and phone number"),
    Kind.PROGRAM_ENROLLMENT: said("your energy programs"),
}
# where it is hidden from everybody
HIDDEN_ONE = said("your address, which is hidden")
NEVER = (said("payment details"), said("your password"), said("other homes"))

ENROLLMENTS = {
    Enrollment.ENROLLED: said("you are in it"),
    Enrollment.PENDING: said("you have asked to join"),
    Enrollment.UNENROLLED: said("you are not in it any more"),
}
REASONS = {
    Closed.ENDED: said("This service has ended. Its last day was %(day)s."),
    Closed.NOT_BEGUN: said("This service has not begun yet."),
    Closed.NOT_HOLDER: said("You are not the account holder. Ask %(names)s."),
    Closed.NOT_ASKED: said("The app does not ask for this service."),
}
ENDINGS = {
    Ending.CUSTOMER: said("you stopped it"),
    Ending.THIRD_PARTY: said("the app ended it"),
    Ending.OPERATOR: said("we ended it"),
    Ending.REPLACED: said("you changed what you share"),
    Ending.LAPSED: said("the app never came for it"),
    Ending.EXPIRED: said("its time was over"),
    Ending.MOVED_OUT: said("the service ended"),
    Ending.HOLDER: said("somebody who holds the account with you stopped it"),
}
# of what somebody else gave who holds the account too
THEIR_ENDINGS = ENDINGS | {
    Ending.CUSTOMER: said("they stopped it"),
    Ending.REPLACED: said("they changed what they share"),
    Ending.HOLDER: said("a holder of the account stopped it"),
}
MENDS = {
    "agreement": said("Choose at least one home or service."),
    "kinds": said("Choose at least one kind of data."),
    "until_both": said("You named a last day, and chose another end as well. Choose one of them."),
}
SOONER = said("Choose a last day between %(first)s and %(last)s.")
LAST_DAYS = said("Choose a last day from %(first)s on.")
LAST = said("Choose a last day between %(first)s and %(last)s, or share until you stop.")


def use(tongue: Tongue, services: Iterable[Service]) -> str:
    """Usage, named by what is delivered."""
    return used(tongue, (service.usage_point.commodity for service in services))


def used(tongue: Tongue, commodities: Iterable[Commodity]) -> str:
    """The same of what is delivered."""
    names = dict.fromkeys(USES.get(commodity, USE) for commodity in commodities)
    first, *others = [tongue.say(name) for name in names or (USE,)]
    return tongue.joined((first, *(inside(name) for name in others)))


def inside(words: str) -> str:
    """Words as they stand within a sentence."""
    return words[:1].lower() + words[1:]


def title(tongue: Tongue, kind: Kind, services: Iterable[Service] = ()) -> str:
    """A kind of data as a person would say it."""
    return use(tongue, services) if kind is Kind.USAGE else tongue.say(KINDS[kind])


def titled(tongue: Tongue, kind: Kind, services: Iterable[Service] = ()) -> str:
    """The same inside a sentence."""
    return tongue.say(IN_SENTENCES[kind]) if kind in IN_SENTENCES else inside(title(tongue, kind, services))


def not_shared(tongue: Tongue, granted: frozenset[Kind], services: Iterable[Service]) -> str:
    """What an app does not get, in a row."""
    missing = [NOT_SHARED[kind] for kind in Kind if kind not in granted]
    if Kind.BASIC in granted and any(service.hidden for service in services):
        missing.insert(0, HIDDEN_ONE)
    return tongue.joined(tongue.say(name) for name in (*missing, *NEVER))


def history(tongue: Tongue, days: int) -> str:
    """How far back, in words."""
    if days % 365 == 0 and days > 365:
        return tongue.many("the past year", "the past %(count)s years", days // 365)
    if days == 365:
        return tongue.say("the past 12 months")
    return tongue.many("the past day", "the past %(count)s days", days)


def steps(tongue: Tongue, seconds: int | None) -> str:
    """How close together readings are."""
    if not seconds:
        return ""
    if seconds >= 82_800:
        return tongue.say("every day")
    if seconds % 3_600 == 0:
        return tongue.many("every hour", "every %(count)s hours", seconds // 3_600)
    return tongue.many("every minute", "every %(count)s minutes", seconds // 60)


def every(tongue: Tongue, samples: Iterable[Sample]) -> str:
    """How close together the closest of these readings are."""
    known = [day.measure.step for sample in samples for day in sample.days if day.measure.step]
    return steps(tongue, min(known, default=None))


def mend(tongue: Tongue, refusal: BadRequest, review: Review) -> str:
    """What is wrong with a customer's choice, and what to do about it."""
    if refusal.field == "until":
        return tongue.say(LAST, first=tongue.day(review.earliest_end), last=tongue.day(LAST_DAY))
    return tongue.say(MENDS.get(refusal.field or "", refusal.told))


# services


@dataclass(frozen=True, kw_only=True)
class Line:
    """One service that can be chosen, or cannot."""

    id: int
    # electricity, gas
    title: str
    # its number's last digits, and why it cannot be chosen
    hint: str
    chosen: bool
    is_open: bool


@dataclass(frozen=True, kw_only=True)
class Place:
    """The services at one address."""

    name: str
    lines: tuple[Line, ...]

    @property
    def open(self) -> tuple[Line, ...]:
        """Those that can be chosen."""
        return tuple(line for line in self.lines if line.is_open)


def place(tongue: Tongue, service: Service) -> str:
    """Where a service is, as its customer knows it."""
    if service.hidden:
        return tongue.say(HIDDEN)
    if service.location is None:
        return tongue.say(OTHER)
    address = service.location.address
    return cut(f"{address.line}, {address.city}")


def commodity(tongue: Tongue, service: Service) -> str:
    """What a service delivers."""
    kind = service.usage_point.commodity
    return tongue.say(COMMODITIES.get(kind, kind.value.capitalize()))


def hint(tongue: Tongue, service: Service) -> str:
    """What a service delivers, and the end of its number."""
    digits = tongue.say("number ends in %(digits)s", digits=service.agreement.number[-4:])
    return f"{commodity(tongue, service)}, {digits}"


def places(tongue: Tongue, offers: Iterable[Offer], chosen: Iterable[int], zone: ZoneInfo) -> list[Place]:
    """Services by address, those first where something can be chosen."""
    found: dict[str, list[Line]] = {}
    ticked = set(chosen)
    for offer in offers:
        found.setdefault(place(tongue, offer.service), []).append(line(tongue, offer, ticked, zone))
    listed = [
        Place(name=name, lines=tuple(sorted(lines, key=lambda one: not one.is_open))) for name, lines in found.items()
    ]
    return sorted(listed, key=lambda one: not one.open)


def line(tongue: Tongue, offer: Offer, ticked: set[int], zone: ZoneInfo) -> Line:
    """Put an offer into words."""
    agreement = offer.service.agreement
    hint = tongue.say("number ends in %(digits)s", digits=agreement.number[-4:])
    if offer.reason:
        day = "" if agreement.ends is None else tongue.day(day_of(agreement.ends - 1, zone))
        hint += ". " + tongue.say(REASONS[offer.reason], day=day, names=tongue.joined(offer.holders))
    return Line(
        id=agreement.id,
        title=commodity(tongue, offer.service),
        hint=hint,
        chosen=agreement.id in ticked and offer.reason is None,
        is_open=offer.reason is None,
    )


def gathered(tongue: Tongue, services: Iterable[Service]) -> list[str]:
    """Addresses, each with what is shared there."""
    found: dict[str, list[str]] = {}
    for service in services:
        found.setdefault(place(tongue, service), []).append(commodity(tongue, service).lower())
    return [f"{name} ({', '.join(dict.fromkeys(commodities))})" for name, commodities in found.items()]


@dataclass(frozen=True, kw_only=True)
class Home:
    """An address with what is shared there, and what becomes of it."""

    name: str
    # "added", "removed"; "" where it stays, or nothing was shared before
    mark: str = ""


def marked_homes(tongue: Tongue, review: Review, chosen: Iterable[Service]) -> list[Home]:
    """What is chosen by address; beside what is shared already, what comes and what goes."""
    wanted = {service.agreement.id: service for service in chosen}
    if review.replaces is None:
        return [Home(name=name) for name in gathered(tongue, wanted.values())]
    kept = [service for number, service in wanted.items() if number in review.shared]
    more = [service for number, service in wanted.items() if number not in review.shared]
    less = [
        offer.service
        for offer in review.offers
        if offer.service.agreement.id in review.shared and offer.service.agreement.id not in wanted
    ]
    marked = (("", kept), ("added", more), ("removed", less))
    return [Home(name=name, mark=mark) for mark, services in marked for name in gathered(tongue, services)]


def gone_kinds(tongue: Tongue, review: Review) -> list[str]:
    """What is shared now, and cannot be kept: the app does not ask for it any more."""
    held = frozenset() if review.replaces is None else review.replaces.kinds
    return [title(tongue, kind) for kind in Kind if kind in held - review.party.kinds]


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
    # the last day, or that there is none
    until: str
    endless: bool
    ended: str
    why: str
    # who came with it, and stops with it
    partner: str | None = None
    # when they took data, and which; the newest first
    looks: list[str] = field(default_factory=list)
    # whether that is told at all
    looks_told: bool = True
    reference: str = ""
    # it stands, and can be changed
    stands: bool = False
    # since when it is paused
    paused: str = ""
    # the app may do nothing at present
    suspended: bool = False
    # who gave it, where that is somebody else who holds the account too
    giver: str | None = None
    # whether there are receipts of it
    receipts: bool = True
    # where the app is, and where its people are reached
    site: str = ""
    support: str = ""


def card(tongue: Tongue, shown: Card, zone: ZoneInfo) -> Told:
    """Put a card into words."""

    def day(at: int | None) -> str:
        return "" if at is None else tongue.day(day_of(at, zone))

    return Told(
        id=shown.id,
        name=cut(shown.name),
        waiting=shown.state is State.CONSENTED,
        kinds=[kind_of(tongue, shown, kind) for kind in Kind if kind in shown.kinds],
        places=gathered(tongue, shown.services),
        since=day(shown.starts),
        # the end is the first second without sharing
        until=endless(tongue, shown) if shown.ends is None else day(shown.ends - 1),
        endless=shown.ends is None,
        ended=day(shown.ended_at),
        why=tongue.say((THEIR_ENDINGS if shown.giver else ENDINGS)[shown.ending]) if shown.ending else "",
        partner=cut(shown.partner) if shown.partner else None,
        looks=[looked(tongue, shown, one, zone) for one in shown.looks],
        looks_told=shown.looks_told,
        reference=reference(shown.id),
        stands=shown.state in STANDING,
        paused=day(shown.paused_at),
        suspended=shown.suspended,
        giver=shown.giver,
        receipts=shown.receipts,
        site=urlsplit(shown.portal_uri or "").hostname or "",
        support=cut(shown.support),
    )


def kind_of(tongue: Tongue, shown: Card, kind: Kind) -> str:
    """A kind of data on a card, inside a sentence."""
    if shown.giver and kind in THEIR_KINDS:
        return inside(tongue.say(THEIR_KINDS[kind]))
    return titled(tongue, kind, shown.services)


def endless(tongue: Tongue, shown: Card) -> str:
    """How long, where no end is set."""
    return tongue.say("one of you stops") if shown.giver else tongue.say("you stop")


@dataclass(frozen=True, kw_only=True)
class Waits:
    """What waits for the customer, in words."""

    name: str
    # when it was asked, and until when it can be answered
    asked: str
    until: str
    # where it is answered; None: its time is over
    link: str | None
    # the app has a permission already
    more: bool


def waiting(tongue: Tongue, one: Request, zone: ZoneInfo) -> Waits:
    """Put a request into words."""
    return Waits(
        name=cut(one.name),
        asked=tongue.moment(in_zone(one.asked_at, zone)),
        until=tongue.time(in_zone(one.ends, zone)),
        link=f"/sharing/review?request={quote(one.id, safe='')}" if one.open else None,
        more=one.more,
    )


def looked(tongue: Tongue, shown: Card, look: Look, zone: ZoneInfo) -> str:
    """When data was taken, and which."""
    what = tongue.joined(kind_of(tongue, shown, kind) for kind in Kind if kind in look.kinds)
    return tongue.say("%(moment)s: %(what)s", moment=tongue.moment(in_zone(look.at, zone)), what=what)
