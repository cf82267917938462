"""The customer's pages: sign in, decide, look, stop. Server-drawn; they work without JavaScript.

Every POST carries a token bound to the session and comes from our own pages; what a form says is a wish, read again
by the services. The request of an app is kept with the session while the customer finds the way in.
"""

import hmac
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date

from wattshare.custodian.model.authorization import Authorization, Ending, State
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import BadRequest, NotCovered, Refusal, TooMany, Unknown
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.oauth import authorize
from wattshare.custodian.services.consent import Asked, Choice, Consent
from wattshare.custodian.services.overview import Overview
from wattshare.custodian.services.signin import NotSignedIn, Session, SignIn
from wattshare.custodian.services.tokens import Tokens
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.web import words
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.pages import Pages
from wattshare.custodian.web.routes import Route
from wattshare.espi.days import day_of
from wattshare.espi.endpoints import Token
from wattshare.espi.kinds import Kind

# a request waits that long for its customer
REQUEST_SECONDS = 1_800
WRONG = "These details do not match. Check them and try again."
GONE = "This request was answered already, or it waited too long. Go back to the app and start again."


class StalePage(Refusal):
    """This page has grown old. Go back, load it again and try once more."""


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
        answer = Response.redirect(f"/sharing/{step}?request={request_id}", status=302)
        return self._with_cookie(answer, session) if fresh else answer

    def sign_in_page(self, call: Call) -> Response:
        """The two ways in."""
        session = self.sign_in.find(self._cookie(call))
        fresh = session is None
        session = session or self.sign_in.arrive()
        page = self._sign_in(session, call.query.first("request") or "")
        return self._with_cookie(page, session) if fresh else page

    def take_sign_in(self, call: Call) -> Response:
        """Sign in, and go on to where the customer was going."""
        session = self._posted(call)
        request_id = call.form.first("request") or ""
        guest = call.form.first("way") == "guest"
        try:
            arrived = self._identify(call, session, guest=guest)
        except NotSignedIn:
            return self._sign_in(session, request_id, problem=WRONG, guest=guest, status=401)
        except TooMany as refusal:
            return self._sign_in(session, request_id, problem=refusal.told, guest=guest, status=429)
        onward = f"/sharing/review?request={request_id}" if request_id else "/sharing"
        return self._with_cookie(Response.redirect(onward), arrived)

    def _identify(self, call: Call, session: Session, *, guest: bool) -> Session:
        def field(name: str) -> str:
            return (call.form.first(name) or "")[:200]

        if guest:
            return self.sign_in.as_guest(session, field("account_number"), field("phone"), call.address)
        return self.sign_in.with_password(session, field("login"), field("password"), call.address)

    def take_sign_out(self, call: Call) -> Response:
        """Leave."""
        session = self._posted(call)
        self.sign_in.leave(session)
        return Response.redirect("/").with_cookie(self._cookie_name, "", secure=self.secure, seconds=0)

    # deciding

    def review_page(self, call: Call) -> Response:
        """What is asked, by whom, for which services, until when."""
        session = self.sign_in.find(self._cookie(call))
        request_id = call.query.first("request") or ""
        if session is None or session.customer_id is None:
            return Response.redirect(f"/sharing/sign-in?request={request_id}", status=303)
        asked = self._asked(session, request_id)
        return self._review(session, session.customer_id, request_id, asked, Wished())

    def take_decision(self, call: Call) -> Response:
        """Share, or don't: the browser goes back to the app either way."""
        session = self._posted(call)
        request_id = call.form.first("request") or ""
        asked = self._asked(session, request_id)
        if call.form.first("decision") != "share":
            self.consent.decline(asked)
            self._drop(session, request_id)
            return Response.redirect(authorize.denied(asked.redirect_uri, asked.state, self.base), status=302)
        if session.customer_id is None:
            return Response.redirect(f"/sharing/sign-in?request={request_id}")
        wished = Wished.read(call)
        try:
            location = self._agree(session, session.customer_id, request_id, asked, wished)
        except BadRequest as refusal:
            told = words.MENDS.get(refusal.field or "", refusal.told)
            return self._review(session, session.customer_id, request_id, asked, wished, problem=told, status=400)
        return Response.redirect(location, status=302)

    def _agree(self, session: Session, customer_id: int, request_id: str, asked: Asked, wished: "Wished") -> str:
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

        choice = Choice(kinds=wished.kinds, agreement_ids=wished.agreement_ids, until=wished.until())
        scope, code = self.consent.agree(asked, customer_id, choice, issue)
        return authorize.granted(asked.redirect_uri, code, scope, asked.state, self.base)

    # looking and stopping

    def sharing_page(self, call: Call) -> Response:
        """What the customer shares now, and what has ended."""
        session = self.sign_in.find(self._cookie(call))
        if session is None or session.customer_id is None:
            return Response.redirect("/sharing/sign-in", status=303)
        cards = self.overview.cards(session.customer_id)
        told = "Sharing has stopped." if call.query.first("stopped") else None
        return self.pages.draw(
            "sharing.html",
            active=[words.card(card, self.pages.zone) for card in cards if card.state is not State.ENDED],
            ended=[words.card(card, self.pages.zone) for card in cards if card.state is State.ENDED],
            told=told,
            form_token=session.form_token,
        )

    def stop_page(self, call: Call) -> Response:
        """What stopping means, before it is done."""
        session = self._signed_in(call)
        card = self._own_card(session, call.query.first("authorization"))
        return self.pages.draw("stop.html", card=words.card(card, self.pages.zone), form_token=session.form_token)

    def take_stop(self, call: Call) -> Response:
        """Stop sharing, at once."""
        session = self._posted(call)
        if session.customer_id is None:
            return Response.redirect("/sharing/sign-in")
        card = self._own_card(session, call.form.first("authorization"))
        self.consent.withdraw(card.id, Ending.CUSTOMER)
        return Response.redirect("/sharing?stopped=yes")

    # parts

    def _own_card(self, session: Session, authorization_id: str | None) -> "words.Card":
        for card in self.overview.cards(session.customer_id or 0):
            if str(card.id) == authorization_id and card.state is not State.ENDED:
                return card
        raise Unknown("You do not share this, or you have stopped already.")

    def _signed_in(self, call: Call) -> Session:
        session = self.sign_in.find(self._cookie(call))
        if session is None or session.customer_id is None:
            raise NotCovered("Sign in first.")
        return session

    def _posted(self, call: Call) -> Session:
        """The session of a POST that came from one of our own pages.

        Raises:
            StalePage: the form's token is not this session's, or the POST came from elsewhere.
        """
        session = self.sign_in.find(self._cookie(call))
        token = call.form.first("form_token") or ""
        if session is None or not hmac.compare_digest(token.encode(), session.form_token.encode()):
            raise StalePage
        site, origin = call.headers.get("sec-fetch-site"), call.headers.get("origin")
        if site is not None and site not in ("same-origin", "none"):
            raise StalePage
        if site is None and origin is not None and origin != self.base:
            raise StalePage
        return session

    def _asked(self, session: Session, request_id: str) -> Asked:
        with self.store.read() as tx:
            kept = tx.sessions.request(session.id, request_id, self.now())
        if kept is None:
            raise Unknown(GONE)
        return Asked(**kept)

    def _drop(self, session: Session, request_id: str) -> None:
        with self.store.begin() as tx:
            tx.sessions.drop_request(session.id, request_id)

    def _app(self, session: Session, request_id: str) -> tuple[str | None, bool]:
        if not request_id:
            return None, False
        asked = self._asked(session, request_id)
        with self.store.read() as tx:
            party = tx.parties.by_id(asked.third_party_id)
        return (party.name if party else None), asked.guest

    def _sign_in(
        self,
        session: Session,
        request_id: str,
        *,
        problem: str | None = None,
        guest: bool | None = None,
        status: int = 200,
    ) -> Response:
        app, asked_guest = self._app(session, request_id)
        return self.pages.draw(
            "sign_in.html",
            status=status,
            redirect_to=self._redirect_to(session, request_id),
            app=app,
            guest=asked_guest if guest is None else guest,
            problem=problem,
            request_id=request_id,
            form_token=session.form_token,
        )

    def _redirect_to(self, session: Session, request_id: str) -> str | None:
        return self._asked(session, request_id).redirect_uri if request_id else None

    def _review(
        self,
        session: Session,
        customer_id: int,
        request_id: str,
        asked: Asked,
        wished: "Wished",
        *,
        problem: str | None = None,
        status: int = 200,
    ) -> Response:
        review = self.consent.review(asked, customer_id)
        if wished.day is not None:
            review = replace(review, end=wished.day)
        party, zone = review.party, self.pages.zone
        return self.pages.draw(
            "review.html",
            status=status,
            redirect_to=asked.redirect_uri,
            review=review,
            since=words.month(day_of(party.registered_at, zone)),
            words=words.KINDS,
            not_shared=[words.KINDS[kind].title.lower() for kind in Kind if kind not in party.kinds],
            history=words.history(party.history_days),
            today=day_of(self.now(), zone),
            chosen=wished.agreement_ids,
            kinds=wished.kinds,
            problem=problem,
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


@dataclass(frozen=True, kw_only=True)
class Wished:
    """What the form says; nothing of it is believed yet."""

    kinds: frozenset[Kind] = frozenset()
    agreement_ids: tuple[int, ...] = ()
    indefinite: bool = False
    day: date | None = None
    day_text: str = ""

    @classmethod
    def read(cls, call: Call) -> "Wished":
        """Take the fields that the form may set, and no others."""
        named = {kind.value: kind for kind in Kind}
        text = call.form.first("until_day") or ""
        return cls(
            kinds=frozenset(named[value] for value in call.form.every("kind") if value in named),
            agreement_ids=tuple(
                int(value)
                for value in call.form.every("agreement")
                if value.isascii() and value.isdigit() and len(value) <= 18
            ),
            indefinite=call.form.first("until") == "stop",
            day=read_day(text),
            day_text=text,
        )

    def until(self) -> date | None:
        """The last day of sharing; None: until the customer stops.

        Raises:
            BadRequest: neither was said.
        """
        if self.indefinite:
            return None
        if self.day is None:
            raise BadRequest("Name the last day of sharing.", field="until")
        return self.day


def read_day(text: str) -> date | None:
    """A day as a date field sends it."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
