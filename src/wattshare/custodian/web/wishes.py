"""What the form of a consent says. Its values are wishes: nothing of them is believed here."""

import re
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.services.terms import Review
from wattshare.custodian.web.call import Call, Query
from wattshare.espi.kinds import Kind

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
LONGEST_HISTORY = 36_500


class End(StrEnum):
    """When sharing is to end: a day, never by itself, or tomorrow."""

    DAY = "day"
    STOP = "stop"
    ONCE = "once"


@dataclass(frozen=True, kw_only=True)
class Wished:
    """The fields that the form may set, and no others."""

    kinds: frozenset[Kind] = frozenset()
    # what was ticked one by one
    agreement_ids: tuple[int, ...] = ()
    # what "all of them" stood for when it was ticked: exactly those that the page listed
    listed_ids: tuple[int, ...] = ()
    ending: End = End.DAY
    day_text: str = ""
    # the last day as the page offered it, to tell whether another one was typed
    offered_text: str = ""
    # how far back; None: as far as is asked
    history_days: int | None = None

    @classmethod
    def read(cls, form: Query) -> "Wished":
        """Take them."""
        named = {kind.value: kind for kind in Kind}
        return cls(
            kinds=frozenset(named[value] for value in form.every("kind") if value in named),
            agreement_ids=numbers(form.every("agreement")),
            listed_ids=numbers((form.first("all_agreements") or "").split()),
            ending=next((end for end in End if end == form.first("until")), End.DAY),
            day_text=form.first("until_day") or "",
            offered_text=form.first("until_offered") or "",
            history_days=days(form.first("history") or ""),
        )

    @property
    def chosen(self) -> tuple[int, ...]:
        """The agreements that are to be shared."""
        return tuple(dict.fromkeys((*self.listed_ids, *self.agreement_ids)))

    @property
    def both(self) -> bool:
        """Whether a last day was typed although another end is chosen."""
        typed = bool(self.day_text and self.offered_text) and self.day_text != self.offered_text
        return self.ending is not End.DAY and typed

    def until(self, tomorrow: date) -> date | None:
        """The last day of sharing; None: until the customer stops.

        Raises:
            BadRequest: neither was said, or both.
        """
        if self.both:
            raise BadRequest("There is a last day, and another end.", field="until_both")
        match self.ending:
            case End.STOP:
                return None
            case End.ONCE:
                return tomorrow
        if (day := read_day(self.day_text)) is None:
            raise BadRequest("Name the last day of sharing.", field="until")
        return day

    def read_until(self, tomorrow: date) -> date | None:
        """The same for a page that shows it, where nothing is refused."""
        if self.ending is End.ONCE:
            return tomorrow
        return None if self.ending is End.STOP and not self.both else read_day(self.day_text)


def offered(review: Review) -> Wished:
    """The form as a customer first sees it."""
    day = "" if review.end is None else review.end.isoformat()
    chosen = tuple(offer.service.agreement.id for offer in review.offers if offer.chosen)
    return Wished(agreement_ids=chosen, day_text=day, offered_text=day)


def as_now(review: Review) -> Wished:
    """The form of a change as a customer first sees it: what is shared now."""
    kinds = frozenset() if review.replaces is None else review.replaces.kinds
    shown = replace(offered(review), kinds=kinds - frozenset(review.required), agreement_ids=tuple(review.shared))
    return shown if review.end is not None else replace(shown, ending=End.STOP)


def numbers(texts: tuple[str, ...] | list[str]) -> tuple[int, ...]:
    """Those that are ids."""
    return tuple(int(text) for text in texts if NUMBER.fullmatch(text))


def number_of(call: Call, name: str) -> int | None:
    """A number in the address; None where it is none."""
    text = call.query.first(name) or ""
    return int(text) if NUMBER.fullmatch(text) else None


def read_day(text: str) -> date | None:
    """A day as a date field sends it."""
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None


def days(text: str) -> int | None:
    """A number of days that makes sense."""
    return int(text) if NUMBER.fullmatch(text) and 0 < int(text) <= LONGEST_HISTORY else None
