"""Who is at the browser, and what an app asks of them: sessions, their cookie and forms, requests that wait."""

import hmac
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.services.consent import Asked
from wattshare.custodian.services.signin import Session, SignIn
from wattshare.custodian.services.waiting import REQUEST_SECONDS
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.complaints import COMPLAINT, MOST, Complaint, at
from wattshare.custodian.web.names import cut
from wattshare.custodian.web.refusals import Answered, Elsewhere, SignedOut, StalePage, StillWaits

# what is kept of a request that was answered is named by it
DONE = "done:"
# pages that only show something: where who had to sign in first may go on to, as nobody else can send them elsewhere
SHOWING = re.compile(r"/sharing/(usage|apps|app|people|receipt|join)(\?[\w=&%+.-]{1,300})?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A request that waits for its customer."""

    id: str
    asked: Asked
    # the agreements that were chosen on the page before the review; None: not yet
    chosen: tuple[int, ...] | None = None
    # of who chooses from many, page by page: the agreements that are ticked so far
    picked: tuple[int, ...] = ()
    # what became of a list: how many it named, how many that cannot be shared, and what in it names nothing
    listed: int | None = None
    shut: int = 0
    # numbers of it that name nothing, with their lines; and how many more there are
    unlisted: tuple[tuple[int, str], ...] = ()
    more_unlisted: int = 0

    @property
    def body(self) -> dict[str, Any]:
        """As it is kept."""
        told = {
            "listed": self.listed,
            "shut": self.shut,
            "unlisted": self.unlisted,
            "more_unlisted": self.more_unlisted,
        }
        return {"asked": asdict(self.asked), "chosen": self.chosen, "picked": self.picked, **told}


@dataclass(frozen=True, kw_only=True)
class Done:
    """A request that was answered with yes, until the customer is back at the app."""

    id: str
    asked: Asked
    authorization_id: int
    # where the browser goes, once it has been sent there
    location: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "asked": asdict(self.asked),
            "authorization_id": self.authorization_id,
            "location": self.location,
        }


@dataclass(frozen=True, kw_only=True)
class Entered:
    """Whoever comes, with a session."""

    session: Session
    # the browser has yet to be given it
    fresh: bool = False
    # it takes the place of a customer's session that is over
    timed_out: bool = False


@dataclass(frozen=True, kw_only=True)
class Lobby:
    """Where every page begins."""

    store: Store
    now: Clock
    new_id: Callable[[], str]
    sign_in: SignIn
    # scheme, host and port
    base: str
    secure: bool

    # sessions

    def session(self, call: Call) -> Session | None:
        """The session of the cookie, while it lasts."""
        return self.sign_in.find(call.cookies.get(self.cookie))

    def customer(self, call: Call) -> tuple[Session, int] | None:
        """The session of somebody who is signed in, and who."""
        session = self.session(call)
        if session is None or session.customer_id is None:
            return None
        return session, session.customer_id

    def posted(self, call: Call, onward: str = "/sharing") -> Session:
        """The session of a POST that came from one of our own pages.

        Raises:
            SignedOut: there is no session, or no more.
            StalePage: the form's token is not this session's, or the POST came from elsewhere.
        """
        if self.is_foreign(call):
            raise Elsewhere(onward)
        session = self.session(call)
        if session is None:
            raise self._timed_out(call)
        token = call.form.first("form_token") or ""
        if not hmac.compare_digest(token.encode(), session.form_token.encode()):
            raise StalePage(onward)
        return session

    def enter(self, call: Call) -> Entered:
        """A session for whoever comes: theirs, or another in place of one that is over, with what waits there."""
        if (session := self.session(call)) is not None:
            return Entered(session=session)
        former = self.sign_in.revive(call.cookies.get(self.cookie))
        if former is not None:
            return Entered(session=former.session, fresh=True, timed_out=former.was_signed_in)
        return Entered(session=self.sign_in.arrive(), fresh=True)

    def _timed_out(self, call: Call) -> SignedOut:
        """What is said of a form whose session is over; the request that it is about waits on."""
        former = self.sign_in.revive(call.cookies.get(self.cookie))
        if former is None:
            return SignedOut()
        request_id = request_of(call)
        with self.store.read() as tx:
            waits = bool(request_id) and tx.sessions.request(former.session.id, request_id, self.now()) is not None
        if not waits:
            return SignedOut()
        return StillWaits(step_at("sign-in", request_id), (self.cookie, former.session.id, self.secure))

    def is_foreign(self, call: Call) -> bool:
        """Whether a form came from another site's page."""
        site, origin = call.headers.get("sec-fetch-site"), call.headers.get("origin")
        if site is not None:
            return site not in ("same-origin", "none")
        return origin is not None and origin != self.base

    @property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return "__Host-wattshare" if self.secure else "wattshare"

    def with_cookie(self, answer: Response, session: Session) -> Response:
        """The same answer, which gives the browser its session."""
        return answer.with_cookie(self.cookie, session.id, secure=self.secure)

    def sign_in_first(self, call: Call) -> Response:
        """To the sign-in, and then on to the page that was asked for."""
        return self.remembering(Response.redirect("/sharing/sign-in"), call)

    def remembering(self, answer: Response, call: Call) -> Response:
        """The same answer, after which the browser knows which page was asked for, as long as a request waits."""
        query = urlencode(call.query.pairs)
        wanted = f"{call.path_text}?{query}" if query else call.path_text
        return answer.with_cookie(self.wanted_cookie, wanted, secure=self.secure, seconds=REQUEST_SECONDS)

    def wanted(self, call: Call) -> str:
        """The page that was asked for before the sign-in."""
        wanted = call.cookies.get(self.wanted_cookie, "")
        return wanted if SHOWING.fullmatch(wanted) else "/sharing"

    @property
    def wanted_cookie(self) -> str:
        """The name of the cookie with that page."""
        return f"{self.cookie}-to"

    def acting(self, call: Call) -> tuple[str, str] | None:
        """Who is really at the browser, and for whom they act; None where nobody acts for another."""
        if not (session_id := call.cookies.get(self.cookie)):
            return None
        with self.store.read(Purpose.PEOPLE) as tx:
            found = tx.sessions.find(session_id, self.now())
            if found is None or found.delegate_id is None or found.customer_id is None:
                return None
            people = [tx.customers.customer(one) for one in (found.delegate_id, found.customer_id)]
        myself, business = (cut(one.name) if one else "" for one in people)
        return myself, business

    # complaints

    def complain(self, session: Session, address: str, complaint: Complaint) -> Response:
        """Send the browser to a page that complains."""
        name = self.new_id()
        kept = f"{COMPLAINT}:{name}"
        with self.store.begin() as tx:
            tx.sessions.put_request(session.id, kept, complaint.body, self.now() + REQUEST_SECONDS)
            tx.sessions.keep_latest(session.id, kept, MOST)
        return Response.redirect(at(address, name))

    def complaint(self, session: Session | None, call: Call) -> Complaint | None:
        """What a page is to complain of."""
        name = call.query.first(COMPLAINT)
        if session is None or not name:
            return None
        with self.store.read() as tx:
            kept = tx.sessions.request(session.id, f"{COMPLAINT}:{name}", self.now())
        complaint = None if kept is None else Complaint.read(kept)
        return complaint if complaint is not None and complaint.path == call.path_text else None

    def name(self, customer_id: int) -> str:
        """A customer's name."""
        with self.store.read(Purpose.PEOPLE) as tx:
            customer = tx.customers.customer(customer_id)
        return "" if customer is None else cut(customer.name)

    # requests

    def keep(self, session: Session, asked: Asked) -> str:
        """Keep what an app asks; gives the request's id."""
        pending = Pending(id=self.new_id(), asked=asked)
        with self.store.begin() as tx:
            tx.sessions.put_request(session.id, pending.id, pending.body, self.now() + REQUEST_SECONDS)
        return pending.id

    def pending(self, session: Session, request_id: str) -> Pending:
        """A request that waits.

        Raises:
            Answered: it was answered, or it waited too long.
        """
        with self.store.read() as tx:
            kept = tx.sessions.request(session.id, request_id, self.now())
        if kept is None or "chosen" not in kept:
            raise Answered
        chosen = kept["chosen"]
        return Pending(
            id=request_id,
            asked=Asked(**kept["asked"]),
            chosen=None if chosen is None else tuple(chosen),
            picked=tuple(kept.get("picked", ())),
            listed=kept.get("listed"),
            shut=kept.get("shut", 0),
            unlisted=tuple((line, number) for line, number in kept.get("unlisted", ())),
            more_unlisted=kept.get("more_unlisted", 0),
        )

    def choose(self, session: Session, pending: Pending, chosen: tuple[int, ...]) -> None:
        """Keep which agreements were chosen."""
        with self.store.begin() as tx:
            tx.sessions.change_request(session.id, pending.id, replace(pending, chosen=chosen).body)

    def pick(self, session: Session, picking: Pending) -> None:
        """Keep what is ticked so far."""
        with self.store.begin() as tx:
            tx.sessions.change_request(session.id, picking.id, picking.body)

    def drop(self, session: Session, pending: Pending) -> None:
        """Forget a request."""
        with self.store.begin() as tx:
            tx.sessions.drop_request(session.id, pending.id)

    def answer(self, tx: Tx, session: Session, pending: Pending, authorization_id: int, seconds: int) -> None:
        """Note the yes to a request, in the transaction of the permission.

        Raises:
            Answered: it was answered already.
        """
        if not tx.sessions.drop_request(session.id, pending.id):
            raise Answered
        done = Done(id=pending.id, asked=pending.asked, authorization_id=authorization_id)
        tx.sessions.put_request(session.id, DONE + done.id, done.body, self.now() + seconds)

    def done(self, session: Session, request_id: str) -> Done | None:
        """A request that was answered with yes a moment ago."""
        with self.store.read() as tx:
            kept = tx.sessions.request(session.id, DONE + request_id, self.now())
        if kept is None:
            return None
        return Done(
            id=request_id,
            asked=Asked(**kept["asked"]),
            authorization_id=kept["authorization_id"],
            location=kept["location"],
        )

    @staticmethod
    def note(tx: Tx, session: Session, done: Done) -> None:
        """Keep where the browser was sent."""
        tx.sessions.change_request(session.id, DONE + done.id, done.body)

    def waiting(self, session: Session) -> str:
        """The request that came last of those that wait in a session; "" where none does."""
        with self.store.read() as tx:
            return tx.sessions.waiting(session.id, self.now()) or ""

    def app(self, asked: Asked) -> str:
        """The name of the app that asks."""
        with self.store.read() as tx:
            party = tx.parties.by_id(asked.third_party_id)
        return cut(party.name) if party else ""

    def partner(self, asked: Asked) -> str | None:
        """The name of who gets the same as the app that asks."""
        with self.store.read() as tx:
            party = tx.parties.by_id(asked.third_party_id)
            partner = tx.parties.by_id(party.partner_id) if party and party.partner_id else None
        return cut(partner.name) if partner else None


def step_at(step: str, request_id: str) -> str:
    """The address of a step of a consent; what a browser says of the request is no part of any header."""
    return f"/sharing/{step}?request={quote(request_id, safe='')}"


def onward(request_id: str) -> str:
    """Where a customer goes who has signed in."""
    return step_at("review", request_id) if request_id else "/sharing"


def way_of(session: Session) -> str:
    """By which way in somebody came; "" while nobody is signed in."""
    return session.way if session.customer_id is not None else ""


def request_of(call: Call) -> str:
    """The request that a page or its form is about."""
    return (call.form if call.method == "POST" else call.query).first("request") or ""
