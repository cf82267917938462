"""Choosing from many: search, filter, page by page, a pasted list or a file. What is ticked is kept on the server.

One form holds all of it, so that no way of leaving a page loses what is ticked on it. Every id is a wish: it counts if
it is one of this customer's, and open.
"""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.model.premises import Commodity, Service
from wattshare.custodian.services.consent import Consent
from wattshare.custodian.services.finding import PAGE, Listed, found, listed, listed_in, paged
from wattshare.custodian.services.signin import Session
from wattshare.custodian.services.terms import Review
from wattshare.custodian.services.tongues import Tongue
from wattshare.custodian.web import words
from wattshare.custodian.web.call import Call, Query, Response
from wattshare.custodian.web.complaints import Complaint, of_form
from wattshare.custodian.web.lobby import Lobby, Pending, onward, request_of, step_at
from wattshare.custodian.web.multipart import unpacked
from wattshare.custodian.web.names import cut
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.wishes import NUMBER, numbers
from wattshare.espi.endpoints import Token

# numbers that name nothing, shown again
MOST_UNKNOWN = 20
CHOOSE = "/sharing/choose"
# where on the page it stands what was found
FOUND = "#found"


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What is looked for among many, and which page of it."""

    text: str = ""
    commodity: Commodity | None = None
    # only what is ticked
    only: bool = False
    page: int = 1

    @classmethod
    def read(cls, asked: Query) -> "Sought":
        """Take it from an address or a form."""
        page = asked.first("page") or ""
        return cls(
            text=(asked.first("find") or "")[:200],
            commodity=next((one for one in Commodity if one == asked.first("commodity")), None),
            only=asked.first("only") == "yes",
            page=int(page) if NUMBER.fullmatch(page) else 1,
        )

    @property
    def query(self) -> str:
        """As it stands in an address."""
        told = {"find": self.text, "commodity": self.commodity or "", "only": "yes" if self.only else ""}
        return urlencode({name: value for name, value in told.items() if value} | {"page": self.page})

    def among(self, services: tuple[Service, ...], picked: set[int]) -> tuple[Service, ...]:
        """What is found."""
        some = found(services, self.text, self.commodity)
        return tuple(one for one in some if one.agreement.id in picked) if self.only else some


def many(review: Review) -> bool:
    """Whether there is more to choose from than one page shows."""
    return len(review.offers) > PAGE


@dataclass(frozen=True, kw_only=True)
class Choosing:
    """Handlers of the step that chooses homes, where there are many."""

    lobby: Lobby
    pages: Pages
    consent: Consent

    def routes(self) -> tuple[Route, ...]:
        """Where the form leads; the page itself is that of the step."""
        return (Route(path="/sharing/choose/many", method="POST", token=Token.SESSION, handler=self.take),)

    def page(
        self,
        call: Call,
        session: Session,
        customer_id: int,
        pending: Pending,
        complaint: Complaint | None,
    ) -> Response:
        """Some of the many, with what is ticked."""
        review, tongue = self.consent.review(pending.asked, customer_id), self.pages.tongue(call)
        sought = Sought.read(call.query)
        open_ids = {offer.service.agreement.id for offer in review.offers if offer.reason is None}
        picked = set(pending.picked) & open_ids
        some = {one.agreement.id for one in sought.among(services_of(review), picked)}
        listed_offers = [offer for offer in review.offers if offer.service.agreement.id in some]
        listed_offers.sort(key=lambda one: (one.reason is not None, words.place(tongue, one.service)))
        few = paged(listed_offers, sought.page)
        lines = [
            (words.place(tongue, offer.service), words.line(tongue, offer, picked, self.pages.zone))
            for offer in few.items
        ]
        return self.pages.draw(
            call,
            "choose_many.html",
            status=complaint.status if complaint else 200,
            redirect_to=pending.asked.redirect_uri,
            app=cut(review.party.name),
            customer=self.lobby.name(customer_id),
            lines=lines,
            few=few,
            found_open=len(some & open_ids),
            sought=sought,
            commodities=commodities(tongue, review),
            picked=len(picked),
            count=len(open_ids),
            listed=pending.listed,
            shut=pending.shut,
            unknown=pending.unlisted,
            more_unknown=pending.more_unlisted,
            problem=tongue.say(complaint.told) if complaint else None,
            request_id=pending.id,
            form_token=session.form_token,
        )

    def take(self, call: Call) -> Response:
        """Keep the ticks of a page, do what was pressed, and go on."""
        call = unpacked(call)
        request_id = request_of(call)
        session = self.lobby.posted(call, onward(request_id))
        pending = self.lobby.pending(session, request_id)
        if session.customer_id is None:
            return Response.redirect(step_at("sign-in", request_id))
        review = self.consent.review(pending.asked, session.customer_id)
        open_ids = {offer.service.agreement.id for offer in review.offers if offer.reason is None}
        pressed, form = call.form.first("do") or "", call.form
        kept = ticked(pending, form, open_ids)
        picking = replace(pending, picked=(), listed=None, shut=0, unlisted=(), more_unlisted=0)
        sought = Sought.read(form)
        some = {one.agreement.id for one in sought.among(services_of(review), set(pending.picked))}
        match pressed:
            case "all":
                kept |= some & open_ids
            case "none":
                kept -= some
            case "list":
                told = named(review, form)
                kept |= told.agreement_ids & open_ids
                picking = replace(
                    picking,
                    listed=len(told.agreement_ids & open_ids),
                    shut=len(told.agreement_ids - open_ids),
                    unlisted=tuple((line, cut(number)) for line, number in told.unknown[:MOST_UNKNOWN]),
                    more_unlisted=max(0, len(told.unknown) - MOST_UNKNOWN),
                )
        picking = replace(picking, picked=tuple(sorted(kept)))
        self.lobby.pick(session, picking)
        if pressed == "go":
            if not kept:
                complaint = of_form(call, CHOOSE, (), BadRequest(words.MENDS["agreement"]))
                return self.lobby.complain(session, f"{step_at('choose', request_id)}&{sought.query}", complaint)
            self.lobby.choose(session, picking, picking.picked)
            return Response.redirect(step_at("review", request_id))
        turned = pressed.removeprefix("page-")
        page = int(turned) if NUMBER.fullmatch(turned) else 1 if pressed == "find" else sought.page
        # what a list named stands above; whatever else was pressed, what was found is what is looked for
        place = "" if pressed == "list" else FOUND
        return Response.redirect(f"{step_at('choose', request_id)}&{replace(sought, page=page).query}{place}")


def services_of(review: Review) -> tuple[Service, ...]:
    """Everything that a customer may choose from, or may not."""
    return tuple(offer.service for offer in review.offers)


def ticked(pending: Pending, form: Query, open_ids: set[int]) -> set[int]:
    """What is ticked once the ticks of a page are taken in; what the page did not show stays as it was."""
    shown = set(numbers((form.first("shown") or "").split()))
    return ((set(pending.picked) - shown) | (set(numbers(form.every("agreement"))) & shown)) & open_ids


def named(review: Review, form: Query) -> Listed:
    """What a pasted list and a file name."""
    every = services_of(review)
    pasted, filed = listed(every, form.first("numbers") or ""), listed_in(every, form.first("file") or "")
    return Listed(
        agreement_ids=pasted.agreement_ids | filed.agreement_ids,
        unknown=tuple(dict.fromkeys((*pasted.unknown, *filed.unknown))),
    )


def commodities(tongue: Tongue, review: Review) -> list[tuple[str, str]]:
    """The commodities that there are, by value and word."""
    return list({one.usage_point.commodity.value: words.commodity(tongue, one) for one in services_of(review)}.items())
