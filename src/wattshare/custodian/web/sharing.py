"""The customer's pages: sign in, decide, look, stop. Server-drawn; they work without JavaScript.

Every POST carries a token bound to the session and comes from our own pages; what a form says is a wish, read again
by the services. The request of an app is kept with the session while the customer finds the way in.
"""

import hmac
from collections.abc import Callable
from dataclasses import asdict, dataclass
from urllib.parse import quote

from wattshare.custodian.model.authorization import Authorization, Ending, State
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import BadRequest, Refusal, TooMany, Unknown
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.oauth import authorize
from wattshare.custodian.services.consent import Asked, Choice, Consent
from wattshare.custodian.services.overview import Card, Overview
from wattshare.custodian.services.signin import NotSignedIn, Session, SignIn
from wattshare.custodian.services.tokens import Tokens
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.web import words
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.wishes import Wished, offered, read_day
from wattshare.espi.days import day_of
from wattshare.espi.endpoints import Token
from wattshare.espi.kinds import Kind

# a request waits that long for its customer
REQUEST_SECONDS = 1_800
WRONG = "These details do not match. Check them and try again."
GONE = (
    "This request was answered already, or it waited too long. If the app does not go on by itself, start again there. "
    "What you share stands in My data sharing."
)


class StalePage(Refusal):
    """This page has grown old: you have signed in or out since. Nothing was done. Load it again and try once more."""

    def __init__(self, request_id: str) -> None:
        """Take the request that was open on the page, if any."""
        super().__init__()
        self.onward = onward(request_id)


class SignedOut(Refusal):
    """Nothing happened for a while, so you were signed out. Nothing was done. If an app sent you, start again there."""


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Handlers of everything below /sharing, and the start of a consent."""

    store: Store
    now: Clock
    new_id: Callable[[], str]
    pages: Pages
    sign_in: SignIn
    consent: Consent
    overview: Overview
    tokens: Tokens
    # scheme, host and port
    base: str
    secure: bool

    def routes(self) -> tuple[Route, ...]:
        """The pages. Those of a customer ask for the session themselves: without one they lead to the sign-in."""
        pages = (
            ("/", "GET", Token.NONE, self.pages.front),
            ("/static/wattshare.css", "GET", Token.NONE, self.pages.style),
            ("/sharing", "GET", Token.SESSION, self.sharing_page),
            ("/sharing/sign-in", "GET", Token.NONE, self.sign_in_page),
            ("/sharing/sign-in", "POST", Token.NONE, self.take_sign_in),
            ("/sharing/sign-out", "POST", Token.SESSION, self.take_sign_out),
            ("/sharing/review", "GET", Token.SESSION, self.review_page),
            ("/sharing/decide", "POST", Token.SESSION, self.take_decision),
            ("/sharing/stop", "GET", Token.SESSION, self.stop_page),
            ("/sharing/stop", "POST", Token.SESSION, self.take_stop),
        )
        return tuple(
            Route(path=path, method=method, token=token, handler=handler) for path, method, token, handler in pages
        )

    # arriving

    def begin(self, call: Call, asked: Asked) -> Response:
        """Keep what an app asks for, and send the customer on to sign in or to decide."""
        session = self.sign_in.find(self._cookie(call))
        fresh = session is None
        session = session or self.sign_in.arrive()
        request_id = self.new_id()
        with self.store.begin() as tx:
            tx.sessions.put_request(session.id, request_id, asdict(asked), self.now() + REQUEST_SECONDS)
        signed_in = session.customer_id is not None
        step = "review" if signed_in else "sign-in"
        answer = Response.redirect(step_at(step, request_id), status=302)
        return self._with_cookie(answer, session) if fresh else answer

    def sign_in_page(self, call: Call) -> Response:
        """The two ways in."""
        session = self.sign_in.find(self._cookie(call))
        request_id = call.query.first("request") or ""
        if session is not None and session.customer_id is not None:
            return Response.redirect(onward(request_id))
        fresh = session is None
        session = session or self.sign_in.arrive()
        page = self._sign_in(session, request_id)
        return self._with_cookie(page, session) if fresh else page

    def take_sign_in(self, call: Call) -> Response:
        """Sign in, and go on to where the customer was going."""
        request_id = call.form.first("request") or ""
        try:
            session = self._posted(call)
        except StalePage:
            # signed in by another tab, or by the same button a moment ago
            if self._is_foreign(call) or not self._is_signed_in(call):
                raise
            return Response.redirect(onward(request_id))
        guest = call.form.first("way") == "guest"
        try:
            arrived = self._identify(call, session, guest=guest)
        except NotSignedIn:
            return self._sign_in(session, request_id, call, problem=WRONG, guest=guest, status=401)
        except TooMany as refusal:
            page = self._sign_in(session, request_id, call, problem=refusal.told, guest=guest, status=429)
            return page.with_headers(("Retry-After", str(refusal.retry_after)))
        return self._with_cookie(Response.redirect(onward(request_id)), arrived)

    def _identify(self, call: Call, session: Session, *, guest: bool) -> Session:
        if guest:
            return self.sign_in.as_guest(session, typed(call, "account_number"), typed(call, "phone"), call.address)
        return self.sign_in.with_password(session, typed(call, "login"), typed(call, "password"), call.address)

    def take_sign_out(self, call: Call) -> Response:
        """Leave. From the page of a request: let somebody else sign in, who is then asked instead."""
        session = self._posted(call)
        if request_id := call.form.first("request"):
            other = self.sign_in.sign_out(session)
            return self._with_cookie(Response.redirect(step_at("sign-in", request_id)), other)
        self.sign_in.leave(session)
        answer = Response.redirect("/?signed_out=yes")
        return answer.with_cookie(self._cookie_name, "", secure=self.secure, seconds=0)

    # deciding

    def review_page(self, call: Call) -> Response:
        """What is asked, by whom, for which services, until when."""
        session = self.sign_in.find(self._cookie(call))
        request_id = call.query.first("request") or ""
        if session is None or session.customer_id is None:
            return Response.redirect(step_at("sign-in", request_id))
        asked = self._asked(session, request_id)
        return self._review(session, session.customer_id, request_id, asked)

    def take_decision(self, call: Call) -> Response:
        """Share, or don't: the browser goes back to the app either way."""
        session = self._posted(call)
        request_id = call.form.first("request") or ""
        asked = self._asked(session, request_id)
        decision = call.form.first("decision")
        if decision not in ("share", "look"):
            self.consent.decline(asked)
            self._drop(session, request_id)
            return Response.redirect(authorize.denied(asked.redirect_uri, asked.state, self.base), status=302)
        if session.customer_id is None:
            return Response.redirect(step_at("sign-in", request_id))
        wished = Wished.read(call.form)
        if decision == "look":
            return self._review(session, session.customer_id, request_id, asked, wished)
        try:
            location = self._agree(session, session.customer_id, request_id, asked, wished)
        except BadRequest as refusal:
            return self._review(session, session.customer_id, request_id, asked, wished, refusal)
        return Response.redirect(location, status=302)

    def _agree(self, session: Session, customer_id: int, request_id: str, asked: Asked, wished: Wished) -> str:
        def issue(tx: Tx, held: Authorization, party: ThirdParty, asked: Asked) -> str:
            if not tx.sessions.drop_request(session.id, request_id):
                raise Unknown(GONE)
            return self.tokens.issue_code(
                tx,
                authorization_id=held.id,
                third_party=party,
                redirect_uri=asked.redirect_uri,
                challenge=asked.code_challenge,
                test=False,
                scope=held.scope,
            )

        choice = Choice(kinds=wished.kinds, agreement_ids=wished.chosen, until=wished.until())
        scope, code = self.consent.agree(asked, customer_id, choice, issue)
        return authorize.granted(asked.redirect_uri, code, scope, asked.state, self.base)

    # looking and stopping

    def sharing_page(self, call: Call) -> Response:
        """What the customer shares now, and what has ended."""
        session = self.sign_in.find(self._cookie(call))
        if session is None or session.customer_id is None:
            return Response.redirect("/sharing/sign-in")
        cards = self.overview.cards(session.customer_id)
        ended = [words.card(card, self.pages.zone) for card in cards if card.state is State.ENDED]
        stopped = call.query.first("stopped")
        return self.pages.draw(
            "sharing.html",
            active=[words.card(card, self.pages.zone) for card in cards if card.state is not State.ENDED],
            ended=ended,
            stopped=next((card for card in ended if str(card.id) == stopped), None),
            customer=self._name(session.customer_id),
            form_token=session.form_token,
        )

    def stop_page(self, call: Call) -> Response:
        """What stopping means, before it is done."""
        session = self.sign_in.find(self._cookie(call))
        if session is None or session.customer_id is None:
            return Response.redirect("/sharing/sign-in")
        card = self._own_card(session, call.query.first("authorization"))
        return self.pages.draw("stop.html", card=words.card(card, self.pages.zone), form_token=session.form_token)

    def take_stop(self, call: Call) -> Response:
        """Stop sharing, at once."""
        session = self._posted(call)
        if session.customer_id is None:
            return Response.redirect("/sharing/sign-in")
        card = self._own_card(session, call.form.first("authorization"))
        self.consent.withdraw(card.id, Ending.CUSTOMER)
        return Response.redirect(f"/sharing?stopped={card.id}")

    # parts

    def _own_card(self, session: Session, authorization_id: str | None) -> Card:
        for card in self.overview.cards(session.customer_id or 0):
            if str(card.id) == authorization_id and card.state is not State.ENDED:
                return card
        raise Unknown("You do not share this, or you have stopped already.")

    def _posted(self, call: Call) -> Session:
        """The session of a POST that came from one of our own pages.

        Raises:
            SignedOut: there is no session, or no more.
            StalePage: the form's token is not this session's, or the POST came from elsewhere.
        """
        stale = StalePage(call.form.first("request") or "")
        if self._is_foreign(call):
            raise stale
        session = self.sign_in.find(self._cookie(call))
        if session is None:
            raise SignedOut
        token = call.form.first("form_token") or ""
        if not hmac.compare_digest(token.encode(), session.form_token.encode()):
            raise stale
        return session

    def _is_foreign(self, call: Call) -> bool:
        site, origin = call.headers.get("sec-fetch-site"), call.headers.get("origin")
        if site is not None:
            return site not in ("same-origin", "none")
        return origin is not None and origin != self.base

    def _is_signed_in(self, call: Call) -> bool:
        session = self.sign_in.find(self._cookie(call))
        return session is not None and session.customer_id is not None

    def _asked(self, session: Session, request_id: str) -> Asked:
        with self.store.read() as tx:
            kept = tx.sessions.request(session.id, request_id, self.now())
        if kept is None:
            raise Unknown(GONE)
        return Asked(**kept)

    def _drop(self, session: Session, request_id: str) -> None:
        with self.store.begin() as tx:
            tx.sessions.drop_request(session.id, request_id)

    def _name(self, customer_id: int) -> str:
        with self.store.read(Purpose.PEOPLE) as tx:
            customer = tx.customers.customer(customer_id)
        return "" if customer is None else words.cut(customer.name)

    def _sign_in(
        self,
        session: Session,
        request_id: str,
        call: Call | None = None,
        *,
        problem: str | None = None,
        guest: bool = False,
        status: int = 200,
    ) -> Response:
        asked, app = None, None
        if request_id:
            asked = self._asked(session, request_id)
            with self.store.read() as tx:
                party = tx.parties.by_id(asked.third_party_id)
            app = words.cut(party.name) if party else None
        return self.pages.draw(
            "sign_in.html",
            status=status,
            redirect_to=asked.redirect_uri if asked else None,
            app=app,
            guest=guest if call else asked is not None and asked.guest,
            # what was typed stands there again, but for the password
            typed={name: typed(call, name) if call else "" for name in ("login", "account_number", "phone")},
            problem=problem,
            request_id=request_id,
            form_token=session.form_token,
        )

    def _review(
        self,
        session: Session,
        customer_id: int,
        request_id: str,
        asked: Asked,
        wished: Wished | None = None,
        refusal: BadRequest | None = None,
    ) -> Response:
        review, zone = self.consent.review(asked, customer_id), self.pages.zone
        first, party = offered(review), review.party
        wished = wished or first
        return self.pages.draw(
            "review.html",
            status=200 if refusal is None else 400,
            redirect_to=asked.redirect_uri,
            review=review,
            app=words.cut(party.name),
            partner=words.cut(review.partner.name) if review.partner else None,
            since=words.month(day_of(party.registered_at, zone)),
            customer=self._name(customer_id),
            words=words.KINDS,
            places=words.places(review.offers, wished.agreement_ids, zone),
            not_shared=[words.KINDS[kind].title.lower() for kind in Kind if kind not in party.kinds],
            history=words.history(party.history_days),
            today=day_of(self.now(), zone),
            wished=wished,
            # an earlier answer's day, where it can be shown in the field
            day=wished.day_text if read_day(wished.day_text) else "",
            offered=first.day_text,
            fault=None if refusal is None else refusal.field,
            problem=None if refusal is None else words.mend(refusal, review),
            request_id=request_id,
            form_token=session.form_token,
        )

    @property
    def _cookie_name(self) -> str:
        return "__Host-wattshare" if self.secure else "wattshare"

    def _cookie(self, call: Call) -> str | None:
        return call.cookies.get(self._cookie_name)

    def _with_cookie(self, answer: Response, session: Session) -> Response:
        return answer.with_cookie(self._cookie_name, session.id, secure=self.secure)


def step_at(step: str, request_id: str) -> str:
    """The address of a step of a consent; what a browser says of the request is no part of any header."""
    return f"/sharing/{step}?request={quote(request_id, safe='')}"


def onward(request_id: str) -> str:
    """Where a customer goes who has signed in."""
    return step_at("review", request_id) if request_id else "/sharing"


def typed(call: Call, name: str) -> str:
    """A field of the sign-in."""
    return (call.form.first(name) or "")[:200]
