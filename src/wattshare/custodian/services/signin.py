"""Customers' ways in: an account's login and password, or account number and phone as a guest.

Failures are counted per name, per address, and per name from an address: that last count is the lowest, so that who
guesses at a name from elsewhere does not keep its owner out. Known and unknown names take the same time and get the
same words.
"""

from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from wattshare.custodian.model.clock import Clock, Secrets
from wattshare.custodian.model.errors import TooMany
from wattshare.custodian.model.premises import Customer
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose

# argon2id, 19 MiB, 2 passes
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# somebody's who is not there: checked in place of a missing one, so that both take as long
NOBODY = HASHER.hash("nobody's password")

FAILURES_PER_NAME_AND_ADDRESS = 10
FAILURES_PER_ADDRESS = 20
# from all addresses together
FAILURES_PER_NAME = 50
WINDOW_SECONDS = 900
# between two presses of the button that signs in, at most
TWICE_SECONDS = 60


class NotSignedIn(Exception):
    """The details do not match an account."""


def hashed(password: str) -> str:
    """A password as it is kept."""
    return HASHER.hash(password)


@dataclass(frozen=True, kw_only=True)
class Session:
    """A browser that is signed in, or is about to be."""

    # the cookie's value: known to the browser only, the store keeps its mac
    id: str
    customer_id: int | None
    # bound into every form of this session
    form_token: str
    guest: bool = False
    expires_at: int = 0


@dataclass(frozen=True)
class Tries:
    """Under which keys a wrong try at a name from an address is counted."""

    name: str
    address: str

    @property
    def here(self) -> str:
        """The name as tried from this address."""
        return f"{self.name} from {self.address}"

    @property
    def limits(self) -> dict[str, int]:
        """The keys, and how many failures stop further tries."""
        return {
            self.here: FAILURES_PER_NAME_AND_ADDRESS,
            "address:" + self.address: FAILURES_PER_ADDRESS,
            self.name: FAILURES_PER_NAME,
        }


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """Who is at the browser."""

    store: Store
    now: Clock
    secrets: Secrets
    session_seconds: int

    def arrive(self) -> Session:
        """A session for a browser that has none yet."""
        return self._start(None, guest=False)

    def find(self, session_id: str | None) -> Session | None:
        """The session of a cookie, while it lasts; looking lengthens it."""
        if not session_id:
            return None
        with self.store.begin() as tx:
            found = tx.sessions.find(session_id, self.now())
            if found is None:
                return None
            tx.sessions.touch(session_id, self.now() + self.session_seconds)
        return Session(
            id=session_id,
            customer_id=found.customer_id,
            form_token=found.form_token,
            guest=found.guest,
            expires_at=found.expires_at,
        )

    def with_password(self, session: Session, login: str, password: str, address: str) -> Session:
        """Sign in by login and password. The session gets another id.

        Raises:
            NotSignedIn: they do not match.
            TooMany: too many failures for this login or from this address.
        """
        tries = Tries("login:" + login.casefold(), address)
        self._slow_down(tries)
        with self.store.read(Purpose.PEOPLE) as tx:
            known = tx.customers.login(login)
        try:
            HASHER.verify(known.password_hash if known else NOBODY, password)
        except VerificationError:
            known = None
        return self._arrived(session, known.customer_id if known else None, tries)

    def as_guest(self, session: Session, account_number: str, phone: str, address: str) -> Session:
        """Sign in by account number and the phone number on file.

        Raises:
            NotSignedIn: they do not match.
            TooMany: too many failures for this account or from this address.
        """
        tries = Tries("account:" + "".join(filter(str.isdigit, account_number)), address)
        self._slow_down(tries)
        with self.store.read(Purpose.PEOPLE) as tx:
            customer: Customer | None = tx.customers.by_account_and_phone(account_number, phone)
        return self._arrived(session, customer.id if customer else None, tries, guest=True)

    def sign_out(self, session: Session) -> Session:
        """A session of nobody in place of somebody's: what apps ask for waits there for whoever signs in next."""
        return self._start(None, guest=False, instead_of=session)

    def leave(self, session: Session) -> None:
        """End a session."""
        with self.store.begin() as tx:
            tx.sessions.end(session.id)

    def _slow_down(self, tries: Tries) -> None:
        with self.store.read() as tx:
            since = self.now() - WINDOW_SECONDS
            for key, limit in tries.limits.items():
                if tx.sessions.failures(key, since) >= limit:
                    raise TooMany("Too many tries. Wait a quarter of an hour.", retry_after=WINDOW_SECONDS)

    def _arrived(self, session: Session, customer_id: int | None, tries: Tries, *, guest: bool = False) -> Session:
        with self.store.begin() as tx:
            if customer_id is None:
                for key in tries.limits:
                    tx.sessions.fail(key, self.now())
            else:
                # not what others tried from elsewhere
                tx.sessions.forgive(tries.here)
                tx.trail.write("signed_in", self.now(), detail={"customer": customer_id, "guest": guest})
        if customer_id is None:
            raise NotSignedIn
        return self._start(customer_id, guest=guest, instead_of=session)

    def _start(self, customer_id: int | None, *, guest: bool, instead_of: Session | None = None) -> Session:
        session = Session(
            id=self.secrets("wss_"),
            customer_id=customer_id,
            form_token=self.secrets("wsf_"),
            guest=guest,
            expires_at=self.now() + self.session_seconds,
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
        if old.customer_id is None:
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
            guest=session.guest,
            expires_at=session.expires_at,
        )
