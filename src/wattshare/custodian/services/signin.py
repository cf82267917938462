"""Customers' ways in: an account's login and password, or account number and phone as a guest.

Known and unknown names take the same time and get the same words. Codes and the utility's own sign-in are `codes` and
`single`; all of them end here, where a session becomes somebody's.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from wattshare.custodian.model.clock import Clock, Secrets
from wattshare.custodian.model.delegation import Actor
from wattshare.custodian.model.premises import Customer
from wattshare.custodian.services.tries import Counting, Tries
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.premises import normal_number
from wattshare.custodian.store.purposes import Purpose

if TYPE_CHECKING:
    from argon2 import PasswordHasher

# somebody's who is not there: checked in place of a missing one, so that both take as long. Of random bytes that nobody
# has kept; made as every other is, but not anew by each process that starts
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$KHubeAMTCZjr2RyGndOMYg$+3FixvF/E3b+yKW1AEkTAyf8pgAgfZ9P5FJaPGixLTU"

# between two presses of the button that signs in, at most
TWICE_SECONDS = 60


class NotSignedIn(Exception):
    """The details do not match an account."""


@cache
def hasher() -> "PasswordHasher":
    """argon2id, 19 MiB, 2 passes."""
    # who knows of sessions and has no password in hand, as a worker, does without it
    from argon2 import PasswordHasher  # noqa: PLC0415

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hashed(password: str) -> str:
    """A password as it is kept."""
    return hasher().hash(password)


def fits(kept: str, password: str) -> bool:
    """Whether a password is the one that was kept."""
    from argon2.exceptions import VerificationError  # noqa: PLC0415 as above

    try:
        return hasher().verify(kept, password)
    except VerificationError:
        return False


@dataclass(frozen=True, kw_only=True)
class Session:
    """A browser that is signed in, or is about to be."""

    # the cookie's value: known to the browser only, the store keeps its mac
    id: str
    customer_id: int | None
    # bound into every form of this session
    form_token: str
    # by which way in somebody came: account, guest, code, own; "" while nobody is signed in
    way: str = ""
    expires_at: int = 0
    # who is really there, where somebody acts for the customer
    delegate_id: int | None = None

    @property
    def actor(self) -> Actor:
        """Who is there, beside the customer."""
        return Actor(delegate_id=self.delegate_id)


@dataclass(frozen=True, kw_only=True)
class Former:
    """What took the place of a session that is over."""

    session: Session
    was_signed_in: bool


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """Who is at the browser."""

    store: Store
    now: Clock
    secrets: Secrets
    session_seconds: int
    counting: Counting

    def arrive(self) -> Session:
        """A session for a browser that has none yet."""
        return self._start(None)

    def find(self, session_id: str | None) -> Session | None:
        """The session of a cookie, while it lasts; looking lengthens it."""
        if not session_id:
            return None
        with self.store.begin() as tx:
            found = tx.sessions.find(session_id, self.now())
            if found is None:
                return None
            if found.delegate_id is not None and not tx.delegations.stands(found.customer_id or 0, found.delegate_id):
                # the customer has taken it back
                tx.sessions.end(session_id)
                return None
            tx.sessions.touch(session_id, self.now() + self.session_seconds)
        return Session(
            id=session_id,
            delegate_id=found.delegate_id,
            customer_id=found.customer_id,
            form_token=found.form_token,
            way=found.way,
            expires_at=found.expires_at,
        )

    def revive(self, session_id: str | None) -> "Former | None":
        """A session of nobody in place of one that is over, with what waits there; None where there was none."""
        if not session_id:
            return None
        with self.store.read() as tx:
            found = tx.sessions.find(session_id, 0)
        if found is None or found.expires_at > self.now():
            return None
        old = Session(id=session_id, customer_id=found.customer_id, form_token=found.form_token, way=found.way)
        return Former(session=self._start(None, instead_of=old), was_signed_in=found.customer_id is not None)

    def with_password(self, session: Session, login: str, password: str, address: str) -> Session:
        """Sign in by login and password. The session gets another id.

        Raises:
            NotSignedIn: they do not match.
            TooMany: too many failures for this login or from this address.
        """
        tries = Tries("login:" + login.casefold(), address)
        self.counting.slow_down(tries)
        with self.store.read(Purpose.PEOPLE) as tx:
            known = tx.customers.login(login)
        if not fits(known.password_hash if known else NOBODY, password):
            known = None
        return self.enter(session, known.customer_id if known else None, "account", tries)

    def as_guest(self, session: Session, account_number: str, phone: str, address: str) -> Session:
        """Sign in by account number and the phone number on file.

        Raises:
            NotSignedIn: they do not match.
            TooMany: too many failures for this account or from this address.
        """
        tries = Tries("account:" + normal_number(account_number), address)
        self.counting.slow_down(tries)
        with self.store.read(Purpose.PEOPLE) as tx:
            customer: Customer | None = tx.customers.by_account_and_phone(account_number, phone, self.now())
        return self.enter(session, customer.id if customer else None, "guest", tries)

    def sign_out(self, session: Session) -> Session:
        """A session of nobody in place of somebody's: what apps ask for waits there for whoever signs in next."""
        return self._start(None, instead_of=session)

    def become(self, session: Session, customer_id: int, *, delegate_id: int | None) -> Session:
        """A session that acts for another customer, for who may; it came in by the same way."""
        return self._start(customer_id, way=session.way, instead_of=session, delegate_id=delegate_id)

    def leave(self, session: Session) -> None:
        """End a session."""
        with self.store.begin() as tx:
            tx.sessions.end(session.id)

    def enter(self, session: Session, customer_id: int | None, way: str, tries: Tries | None) -> Session:
        """Let somebody in who has proved who it is. The session gets another id.

        Raises:
            NotSignedIn: nobody has; where `tries` says under which keys, it is counted.
        """
        with self.store.begin() as tx:
            if customer_id is not None:
                # not what others tried from elsewhere
                if tries is not None:
                    tx.sessions.forgive(tries.here)
                tx.trail.write("signed_in", self.now(), detail={"customer": customer_id, "way": way})
            elif tries is not None:
                self.counting.count(tx, tries)
        if customer_id is None:
            raise NotSignedIn
        return self._start(customer_id, way=way, instead_of=session)

    def _start(
        self,
        customer_id: int | None,
        *,
        way: str = "",
        instead_of: Session | None = None,
        delegate_id: int | None = None,
    ) -> Session:
        session = Session(
            id=self.secrets("wss_"),
            customer_id=customer_id,
            form_token=self.secrets("wsf_"),
            way=way,
            expires_at=self.now() + self.session_seconds,
            delegate_id=delegate_id,
        )
        with self.store.begin() as tx:
            if instead_of is not None:
                self._carry(tx, instead_of, session)
            else:
                self._add(tx, session)
        return session

    def _carry(self, tx: Tx, old: Session, new: Session) -> None:
        # a new id at every gain of rights; the pending request comes along
        self._add(tx, new)
        tx.sessions.copy_requests(old.id, new.id)
        if old.customer_id is None and old.expires_at > self.now():
            # it opens nothing; who presses the button twice sends its cookie once more
            tx.sessions.touch(old.id, self.now() + TWICE_SECONDS)
        else:
            tx.sessions.end(old.id)

    @staticmethod
    def _add(tx: Tx, session: Session) -> None:
        tx.sessions.add(
            session.id,
            customer_id=session.customer_id,
            form_token=session.form_token,
            way=session.way,
            expires_at=session.expires_at,
            delegate_id=session.delegate_id,
        )
