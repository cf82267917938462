"""Change what an app can see, end it sooner, pause it and go on: from the card in My data sharing."""

from dataclasses import dataclass, replace

from wattshare.custodian.model.errors import BadRequest, Unknown
from wattshare.custodian.services.consent import Consent
from wattshare.custodian.services.signin import Session
from wattshare.custodian.services.terms import Choice
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.complaints import TERMS, Complaint, of_form
from wattshare.custodian.web.lobby import Lobby
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.refusals import NotShared
from wattshare.custodian.web.reviewing import Reviewing, open_ids
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.sharing import SIGN_IN
from wattshare.custodian.web.wishes import Wished, as_now, read_day
from wattshare.espi.endpoints import Token

CHANGE, SHORTEN = "/sharing/change", "/sharing/shorten"


@dataclass(frozen=True, kw_only=True)
class Changing:
    """Handlers of what a customer does to a permission that stands."""

    lobby: Lobby
    pages: Pages
    consent: Consent
    reviewing: Reviewing

    def routes(self) -> tuple[Route, ...]:
        """They ask for the session themselves: without one they lead to the sign-in."""
        pages = (
            ("/sharing/change", "GET", self.change_page),
            ("/sharing/change", "POST", self.take_change),
            ("/sharing/shorten", "GET", self.shorten_page),
            ("/sharing/shorten", "POST", self.take_shorter),
            ("/sharing/pause", "POST", self.take_pause),
            ("/sharing/resume", "POST", self.take_resume),
        )
        return tuple(
            Route(path=path, method=method, token=Token.SESSION, handler=handler) for path, method, handler in pages
        )

    # change

    def change_page(self, call: Call) -> Response:
        """The review once more, as it stands now."""
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(SIGN_IN)
        complaint = self.lobby.complaint(known[0], call)
        wished = None if complaint is None else Wished.read(complaint.form)
        return self._change(call, *known, number_of(call), wished, complaint.refusal if complaint else None)

    def take_change(self, call: Call) -> Response:
        """Change it, or look again, or leave it."""
        session = self.lobby.posted(call, f"/sharing/change?authorization={number_of(call)}")
        if session.customer_id is None:
            return Response.redirect(SIGN_IN)
        number, wished, decision = number_of(call), Wished.read(call.form), call.form.first("decision")
        if decision == "look":
            return self.lobby.complain(session, at(CHANGE, number), of_form(call, CHANGE, TERMS))
        if decision != "change":
            return Response.redirect("/sharing")
        try:
            choice = Choice(
                kinds=wished.kinds,
                agreement_ids=wished.chosen,
                until=wished.until(self.reviewing.tomorrow),
                history_days=wished.history_days,
            )
            self.consent.change(number, session.customer_id, choice, session.actor)
        except BadRequest as refusal:
            return self.lobby.complain(session, at(CHANGE, number), of_form(call, CHANGE, TERMS, refusal))
        except Unknown as gone:
            raise NotShared from gone
        return Response.redirect(f"/sharing?changed={number}")

    def _change(
        self,
        call: Call,
        session: Session,
        customer_id: int,
        number: int,
        wished: Wished | None,
        refusal: BadRequest | None = None,
    ) -> Response:
        try:
            review = self.consent.review_change(number, customer_id)
        except Unknown as gone:
            raise NotShared from gone
        first = as_now(review)
        shown = wished or first
        if not open_ids(review) >= set(shown.chosen):
            shown = replace(shown, agreement_ids=first.agreement_ids, listed_ids=())
        return self.pages.draw(
            call,
            "change.html",
            status=200 if refusal is None else 400,
            number=number,
            form_token=session.form_token,
            **self.reviewing.values(call, review, first, shown, customer_id, refusal),
        )

    # end it sooner

    def shorten_page(self, call: Call) -> Response:
        """Name an earlier last day."""
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(SIGN_IN)
        return self._shorten(call, *known, number_of(call), self.lobby.complaint(known[0], call))

    def take_shorter(self, call: Call) -> Response:
        """End it sooner."""
        session = self.lobby.posted(call)
        if session.customer_id is None:
            return Response.redirect(SIGN_IN)
        number, text = number_of(call), call.form.first("until_day") or ""
        day = read_day(text)
        if day is None:
            return self._too_late(call, session, number, BadRequest("This is no day.", field="until"))
        try:
            self.consent.shorten(number, session.customer_id, day, session.actor)
        except BadRequest as refusal:
            return self._too_late(call, session, number, refusal)
        except Unknown as gone:
            raise NotShared from gone
        return Response.redirect(f"/sharing?changed={number}")

    def _too_late(self, call: Call, session: Session, number: int, refusal: BadRequest) -> Response:
        return self.lobby.complain(session, at(SHORTEN, number), of_form(call, SHORTEN, {"until_day"}, refusal))

    def _shorten(
        self,
        call: Call,
        session: Session,
        customer_id: int,
        number: int,
        complaint: Complaint | None,
    ) -> Response:
        card = self.reviewing.overview.standing(customer_id, number)
        if card is None:
            raise NotShared
        return self.pages.draw(
            call,
            "shorten.html",
            status=complaint.status if complaint else 200,
            number=number,
            form_token=session.form_token,
            **self.reviewing.shorter(
                call,
                card,
                (complaint.form.first("until_day") or "") if complaint else "",
                refused=complaint is not None,
            ),
        )

    # pause

    def take_pause(self, call: Call) -> Response:
        """Let nothing out for a while."""
        return self._turn(call, pause=True)

    def take_resume(self, call: Call) -> Response:
        """Go on."""
        return self._turn(call, pause=False)

    def _turn(self, call: Call, *, pause: bool) -> Response:
        session = self.lobby.posted(call)
        if session.customer_id is None:
            return Response.redirect(SIGN_IN)
        number = number_of(call)
        try:
            (self.consent.pause if pause else self.consent.resume)(number, session.customer_id, session.actor)
        except Unknown as gone:
            raise NotShared from gone
        return Response.redirect(f"/sharing?{'paused' if pause else 'resumed'}={number}")


def at(path: str, number: int) -> str:
    """The address of a page about a permission."""
    return f"{path}?authorization={number}"


def number_of(call: Call) -> int:
    """The permission that a page or its form is about; 0, which is nobody's, where it is no number."""
    text = (call.form if call.method == "POST" else call.query).first("authorization") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
