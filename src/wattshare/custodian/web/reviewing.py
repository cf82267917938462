"""What stands on the page of a yes: one for an app that asks, one for a customer who changes what is shared."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.services.overview import Card, Overview
from wattshare.custodian.services.own_data import SAMPLES, OwnData
from wattshare.custodian.services.receipts import Receipts
from wattshare.custodian.services.terms import LAST_DAY, Review
from wattshare.custodian.services.tongues import Tongue
from wattshare.custodian.web import words
from wattshare.custodian.web.call import Call
from wattshare.custodian.web.drawing import drawn_samples
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.names import cut
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.wishes import Wished, read_day
from wattshare.espi.days import day_of
from wattshare.espi.kinds import Kind

# what a customer may have none of
RARE = (Kind.BILLING, Kind.PROGRAM_ENROLLMENT)
HISTORIES = (30, 90, 365, 730, 1_095)


@dataclass(frozen=True, kw_only=True)
class Reviewing:
    """Puts a review into words."""

    lobby: Lobby
    pages: Pages
    own: OwnData
    overview: Overview
    receipts: Receipts

    @property
    def tomorrow(self) -> date:
        """The day after this one, here."""
        return day_of(self.lobby.now(), self.pages.zone) + timedelta(days=1)

    def values(
        self,
        call: Call,
        review: Review,
        first: Wished,
        wished: Wished,
        customer_id: int,
        refusal: BadRequest | None = None,
    ) -> dict[str, Any]:
        """What both pages show of a review. `first`: the form as it is seen first."""
        tongue, zone, party = self.pages.tongue(call), self.pages.zone, review.party
        chosen = set(wished.chosen) & open_ids(review)
        services = [offer.service for offer in review.offers if offer.service.agreement.id in chosen]
        samples = self.own.samples(customer_id, wished.chosen)
        places = words.places(tongue, review.offers, wished.chosen, zone)
        return {
            "review": review,
            "app": cut(party.name),
            "partner": cut(review.partner.name) if review.partner else None,
            "since": tongue.month(day_of(party.registered_at, zone)),
            "customer": self.lobby.name(customer_id),
            "titles": {kind: words.title(tongue, kind, services) for kind in Kind},
            "every": words.every(tongue, samples),
            "hints": {kind: tongue.say(words.HINTS[kind]) for kind in Kind},
            "samples": drawn_samples(tongue, samples, zone),
            "none_yet": RARE if len(services) <= SAMPLES else (),
            "homes": words.marked_homes(tongue, review, services),
            "chosen": [service.agreement.id for service in services],
            "several": len(open_ids(review)) > 1,
            "nothing": not open_ids(review),
            "holders": self.overview.holders(customer_id, wished.chosen),
            "mailed": self.receipts.goes_by_mail(customer_id),
            "places": places,
            "closed": [(place.name, line) for place in places for line in place.lines if not line.is_open],
            "gone": words.gone_kinds(tongue, review),
            "not_shared": words.not_shared(tongue, party.kinds, services),
            "today": day_of(self.lobby.now(), zone),
            "tomorrow": self.tomorrow,
            "last_day": LAST_DAY.isoformat(),
            "wished": wished,
            **self._start(tongue, review, wished),
            **self._end(tongue, review, first, wished),
            "fault": None if refusal is None else refusal.field,
            "problem": None if refusal is None else words.mend(tongue, refusal, review),
        }

    def _start(self, tongue: Tongue, review: Review, wished: Wished) -> dict[str, Any]:
        """How far back, as it is and as it may be."""
        most, kept = review.party.history_days, review.change
        history = wished.history_days or (None if kept else most)
        return {
            "history": self._from(tongue, review) if history is None else words.history(tongue, history),
            "histories": list(self._histories(tongue, review, history)),
            "changed_start": history != (None if kept else most),
        }

    def _histories(self, tongue: Tongue, review: Review, history: int | None) -> Iterator[tuple[str, str, bool]]:
        most = review.party.history_days
        if review.change:
            yield "", self._from(tongue, review), history is None
        for days in (*(one for one in HISTORIES if one < most), most):
            yield str(days), words.history(tongue, days), days == history

    def _from(self, tongue: Tongue, review: Review) -> str:
        if review.replaces is None:
            return ""
        return tongue.say("%(day)s, as now", day=tongue.day(day_of(review.replaces.floor, self.pages.zone)))

    def _end(self, tongue: Tongue, review: Review, first: Wished, wished: Wished) -> dict[str, Any]:
        """Until when, as it is and as it may be."""
        until, held = wished.read_until(self.tomorrow), review.replaces
        now = None if held is None or held.ends is None else day_of(held.ends - 1, self.pages.zone)
        return {
            "until": None if until is None else tongue.day(until),
            # an earlier answer's day, where it can be shown in the field
            "day": wished.day_text if read_day(wished.day_text) else "",
            "offered": first.day_text,
            "changed_end": (wished.ending, wished.day_text) != (first.ending, first.day_text),
            "until_now": None
            if held is None or until == now
            else tongue.say("you stop")
            if now is None
            else tongue.day(now),
        }

    def shorter(self, call: Call, card: Card, text: str, *, refused: bool) -> dict[str, Any]:
        """What the page of an earlier end shows."""
        tongue, zone = self.pages.tongue(call), self.pages.zone
        today = day_of(self.lobby.now(), zone)
        last = None if card.ends is None else day_of(card.ends - 1, zone)
        latest = LAST_DAY if last is None else last - timedelta(days=1)
        told = words.LAST_DAYS if last is None else words.SOONER
        return {
            "app": cut(card.name),
            "day": text if read_day(text) else "",
            "first_day": today.isoformat(),
            "latest_day": None if last is None else latest.isoformat(),
            "until_now": None if last is None else tongue.day(last),
            "problem": tongue.say(told, first=tongue.day(today), last=tongue.day(latest)) if refused else None,
        }


def open_ids(review: Review) -> set[int]:
    """The agreements that can be chosen."""
    return {offer.service.agreement.id for offer in review.offers if offer.reason is None}
