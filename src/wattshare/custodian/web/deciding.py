"""The decision: which homes, what and until when, share or don't, done, and back to the app.

What a form says is a wish, read again by the services. What the review shows is what its form carries: two pages of one
request cannot share what the other shows.
"""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.model.funnel import Step
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.model.references import reference
from wattshare.custodian.oauth import authorize
from wattshare.custodian.services.consent import Asked, Consent
from wattshare.custodian.services.funnel import Funnel
from wattshare.custodian.services.signin import Session
from wattshare.custodian.services.terms import Choice, Review
from wattshare.custodian.services.tokens import Tokens
from wattshare.custodian.store.database import Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.web import words
from wattshare.custodian.web.call import NO_PAIRS, Call, Response
from wattshare.custodian.web.choosing import Choosing, many
from wattshare.custodian.web.complaints import HOMES, TERMS, of_form
from wattshare.custodian.web.lobby import Done, Lobby, Pending, onward, request_of, step_at, way_of
from wattshare.custodian.web.names import cut
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.refusals import Answered
from wattshare.custodian.web.reviewing import Reviewing, open_ids
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.wishes import Wished, offered
from wattshare.espi.days import day_of
from wattshare.espi.endpoints import Token
from wattshare.espi.kinds import Kind

# the browser goes back to the app by itself then, unless the customer stays
BACK_SECONDS = 10
CHOOSE, REVIEW = "/sharing/choose", "/sharing/review"


@dataclass(frozen=True, kw_only=True)
class Deciding:
    """Handlers of the steps after the sign-in."""

    lobby: Lobby
    pages: Pages
    consent: Consent
    tokens: Tokens
    reviewing: Reviewing
    funnel: Funnel
    choosing: Choosing

    def routes(self) -> tuple[Route, ...]:
        """The pages of a customer ask for the session themselves: without one they lead to the sign-in."""
        pages = (
            ("/sharing/choose", "GET", self.choose_page),
            ("/sharing/choose", "POST", self.take_choice),
            ("/sharing/review", "GET", self.review_page),
            ("/sharing/decide", "POST", self.take_decision),
            ("/sharing/done", "GET", self.done_page),
            ("/sharing/return", "GET", self.go_back),
        )
        return tuple(
            Route(path=path, method=method, token=Token.SESSION, handler=handler) for path, method, handler in pages
        )

    # which homes

    def choose_page(self, call: Call) -> Response:
        """Homes and services, by address."""
        request_id = request_of(call)
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(step_at("sign-in", request_id))
        session, customer_id = known
        pending = self.lobby.pending(session, request_id)
        self._reach(call, session, request_id, Step.AUTHENTICATED)
        return self._choose(call, session, customer_id, pending)

    def take_choice(self, call: Call) -> Response:
        """Keep what was chosen, and go on."""
        request_id = request_of(call)
        session = self.lobby.posted(call, onward(request_id))
        pending = self.lobby.pending(session, request_id)
        if session.customer_id is None:
            return Response.redirect(step_at("sign-in", request_id))
        chosen = Wished.read(call.form).chosen
        review = self.consent.review(pending.asked, session.customer_id)
        if not chosen or not set(chosen) <= open_ids(review):
            complaint = of_form(call, CHOOSE, HOMES, BadRequest(words.MENDS["agreement"]))
            return self.lobby.complain(session, step_at("choose", request_id), complaint)
        self.lobby.choose(session, pending, chosen)
        return Response.redirect(step_at("review", request_id))

    def _choose(self, call: Call, session: Session, customer_id: int, pending: Pending) -> Response:
        complaint = self.lobby.complaint(session, call)
        review, tongue = self.consent.review(pending.asked, customer_id), self.pages.tongue(call)
        if many(review):
            return self.choosing.page(call, session, customer_id, pending, complaint)
        wished = Wished.read(complaint.form if complaint else NO_PAIRS)
        return self.pages.draw(
            call,
            "choose.html",
            status=complaint.status if complaint else 200,
            redirect_to=pending.asked.redirect_uri,
            app=cut(review.party.name),
            customer=self.lobby.name(customer_id),
            places=words.places(
                tongue, review.offers, wished.agreement_ids if complaint else pending.chosen or (), self.pages.zone
            ),
            all_ticked=bool(wished.listed_ids),
            problem=tongue.say(complaint.told) if complaint else None,
            request_id=pending.id,
            form_token=session.form_token,
        )

    # what, and until when

    def review_page(self, call: Call) -> Response:
        """What is asked, by whom, for which services, until when."""
        request_id = request_of(call)
        if (known := self.lobby.customer(call)) is None:
            return Response.redirect(step_at("sign-in", request_id))
        session, customer_id = known
        try:
            pending = self.lobby.pending(session, request_id)
        except Answered:
            if self._own_done(call, request_id) is None:
                raise
            return Response.redirect(step_at("done", request_id))
        review = self.consent.review(pending.asked, customer_id)
        if (complaint := self.lobby.complaint(session, call)) is not None:
            wished = Wished.read(complaint.form)
            return self._review(call, session, customer_id, pending, review, wished, complaint.refusal)
        chosen = chosen_of(review, pending)
        if chosen is None:
            return Response.redirect(step_at("choose", request_id))
        self._reach(call, session, request_id, Step.CHOSEN)
        wished = replace(offered(review), agreement_ids=chosen)
        return self._review(call, session, customer_id, pending, review, wished)

    def take_decision(self, call: Call) -> Response:
        """Share, or don't: don't leads back to the app at once."""
        request_id = request_of(call)
        session = self.lobby.posted(call, onward(request_id))
        try:
            pending = self.lobby.pending(session, request_id)
        except Answered:
            # pressed twice
            if self._own_done(call, request_id) is None:
                raise
            return Response.redirect(step_at("done", request_id))
        decision = call.form.first("decision")
        if decision not in ("share", "look"):
            self.consent.decline(pending.asked)
            self.funnel.decline(request_id)
            self.lobby.drop(session, pending)
            asked = pending.asked
            return Response.redirect(authorize.denied(asked.redirect_uri, asked.state, self.lobby.base), status=302)
        if session.customer_id is None:
            return Response.redirect(step_at("sign-in", request_id))
        if decision == "look":
            return self.lobby.complain(session, step_at("review", request_id), of_form(call, REVIEW, TERMS))
        try:
            self._agree(call, session, pending, Wished.read(call.form))
        except BadRequest as refusal:
            complaint = of_form(call, REVIEW, TERMS, refusal)
            return self.lobby.complain(session, step_at("review", request_id), complaint)
        return Response.redirect(step_at("done", request_id))

    def _reach(self, call: Call, session: Session, request_id: str, step: Step) -> None:
        self.funnel.reach(request_id, step, language=self.pages.tongue(call).code, way=way_of(session))

    def _agree(self, call: Call, session: Session, pending: Pending, wished: Wished) -> None:
        language = self.pages.tongue(call).code

        def note(tx: Tx, held: Authorization, party: ThirdParty, asked: Asked) -> str:
            del party, asked
            self.lobby.answer(tx, session, pending, held.id, self.consent.addresses.profile.code_seconds)
            if session.delegate_id is not None:
                detail = {"delegate": session.delegate_id}
                tx.trail.write("consented_by_delegate", self.lobby.now(), authorization_id=held.id, detail=detail)
            tx.funnel.reach(pending.id, Step.SHARED, language=language, authorization_id=held.id)
            return str(held.id)

        choice = Choice(
            kinds=wished.kinds,
            agreement_ids=wished.chosen,
            until=wished.until(self.reviewing.tomorrow),
            history_days=wished.history_days,
        )
        self.consent.agree(pending.asked, session.customer_id or 0, choice, note)

    def _review(
        self,
        call: Call,
        session: Session,
        customer_id: int,
        pending: Pending,
        review: Review,
        wished: Wished,
        refusal: BadRequest | None = None,
    ) -> Response:
        return self.pages.draw(
            call,
            "review.html",
            status=200 if refusal is None else 400,
            redirect_to=pending.asked.redirect_uri,
            site=urlsplit(review.party.portal_uri or pending.asked.redirect_uri).hostname or "",
            warnings=review.warnings,
            request_id=pending.id,
            form_token=session.form_token,
            **self.reviewing.values(call, review, offered(review), wished, customer_id, refusal),
        )

    # done

    def _own_done(self, call: Call, request_id: str) -> tuple[Done, Authorization] | None:
        """A request that this very customer has just said yes to."""
        if (known := self.lobby.customer(call)) is None:
            return None
        session, customer_id = known
        if (done := self.lobby.done(session, request_id)) is None:
            return None
        with self.lobby.store.read() as tx:
            held = tx.authorizations.by_id(done.authorization_id)
        return (done, held) if held is not None and held.customer_id == customer_id else None

    def done_page(self, call: Call) -> Response:
        """What is shared now, and the way back to the app, which goes by itself after a while."""
        request_id = request_of(call)
        if self.lobby.customer(call) is None:
            return Response.redirect(step_at("sign-in", request_id))
        if (known := self._own_done(call, request_id)) is None:
            raise Answered
        done, held = known
        tongue = self.pages.tongue(call)
        # who was at the app already has come back by themselves
        stays = call.query.first("stay") is not None or done.location is not None
        with self.lobby.store.read(Purpose.PEOPLE) as tx:
            shared = {agreement for _, agreement in tx.authorizations.shared(held.id)}
            mine = tx.customers.services(held.customer_id or 0)
        services = [service for service in mine if service.agreement.id in shared]
        page = self.pages.draw(
            call,
            "done.html",
            redirect_to=done.asked.redirect_uri,
            app=self.lobby.app(done.asked),
            partner=self.lobby.partner(done.asked),
            kinds=[words.titled(tongue, kind, services) for kind in Kind if kind in held.kinds],
            homes=words.gathered(tongue, services),
            until=None if held.ends is None else tongue.day(day_of(held.ends - 1, self.pages.zone)),
            spoken=reference(held.id),
            authorization=held.id,
            seconds=None if stays else BACK_SECONDS,
            request_id=request_id,
        )
        back = step_at("return", request_id)
        return page if stays else page.with_headers(("Refresh", f"{BACK_SECONDS};url={back}"))

    def go_back(self, call: Call) -> Response:
        """To the app, with a code. Who comes twice is sent to the same place."""
        request_id = request_of(call)
        if (known := self._own_done(call, request_id)) is None:
            raise Answered
        done, held = known
        if done.location is None:
            done = self._issued(call, done, held)
        return Response.redirect(done.location or "/sharing", status=302)

    def _issued(self, call: Call, done: Done, held: Authorization) -> Done:
        asked = done.asked
        if (known := self.lobby.customer(call)) is None:
            raise Answered
        with self.lobby.store.begin() as tx:
            code = self.tokens.issue_code(
                tx,
                authorization_id=held.id,
                third_party=self.consent.asking(tx, asked.third_party_id),
                redirect_uri=asked.redirect_uri,
                challenge=asked.code_challenge,
                test=False,
                scope=held.scope,
            )
            # the app has its time from now on
            tx.authorizations.change(replace(held, changed_at=self.lobby.now(), version=held.version + 1))
            location = authorize.granted(asked.redirect_uri, code, held.scope, asked.state, self.lobby.base)
            done = replace(done, location=location)
            self.lobby.note(tx, known[0], done)
        return done


def chosen_of(review: Review, pending: Pending) -> tuple[int, ...] | None:
    """What was chosen, or is the only one; None: the customer has to choose."""
    can = open_ids(review)
    if len(can) <= 1:
        return tuple(can)
    return pending.chosen if pending.chosen and set(pending.chosen) <= can else None
