"""What the form of a consent says. Its values are wishes: nothing of them is believed here."""

import re
from dataclasses import dataclass
from datetime import date

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.services.consent import Review
from wattshare.custodian.web.call import Query
from wattshare.espi.kinds import Kind

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
# of the form: a last day, or none
STOP = "stop"


@dataclass(frozen=True, kw_only=True)
class Wished:
    """The fields that the form may set, and no others."""

    kinds: frozenset[Kind] = frozenset()
    # what was ticked one by one
    agreement_ids: tuple[int, ...] = ()
    # what "all of them" stood for when it was ticked: exactly those that the page listed
    listed_ids: tuple[int, ...] = ()
    indefinite: bool = False
    day_text: str = ""
    # the last day as the page offered it, to tell whether another one was typed
    offered_text: str = ""

    @classmethod
    def read(cls, form: Query) -> "Wished":
        """Take them."""
        named = {kind.value: kind for kind in Kind}
        return cls(
            kinds=frozenset(named[value] for value in form.every("kind") if value in named),
            agreement_ids=numbers(form.every("agreement")),
            listed_ids=numbers((form.first("all_agreements") or "").split()),
            indefinite=form.first("until") == STOP,
            day_text=form.first("until_day") or "",
            offered_text=form.first("until_offered") or "",
        )

    @property
    def chosen(self) -> tuple[int, ...]:
        """The agreements that are to be shared."""
        return tuple(dict.fromkeys((*self.listed_ids, *self.agreement_ids)))

    @property
    def both(self) -> bool:
        """Whether a last day was typed although sharing is to go on until it is stopped."""
        typed = bool(self.day_text and self.offered_text) and self.day_text != self.offered_text
        return self.indefinite and typed

    def until(self) -> date | None:
        """The last day of sharing; None: until the customer stops.

        Raises:
            BadRequest: neither was said, or both.
        """
        if self.both:
            raise BadRequest("There is a last day, and none.", field="until_both")
        if self.indefinite:
            return None
        if (day := read_day(self.day_text)) is None:
            raise BadRequest("Name the last day of sharing.", field="until")
        return day


def offered(review: Review) -> Wished:
    """The form as a customer first sees it."""
    day = review.end.isoformat()
    chosen = tuple(offer.service.agreement.id for offer in review.offers if offer.chosen)
    return Wished(agreement_ids=chosen, day_text=day, offered_text=day)


def numbers(texts: tuple[str, ...] | list[str]) -> tuple[int, ...]:
    """Those that are ids."""
    return tuple(int(text) for text in texts if NUMBER.fullmatch(text))


def read_day(text: str) -> date | None:
    """A day as a date field sends it."""
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None
