"""A forgotten password: a link by mail, good once and for half an hour, to choose another.

Whether a login is somebody's cannot be told from the outside: a link is made and counted for any, and the mail of one
that is nobody's goes to no one.
"""

from dataclasses import dataclass

from wattshare.custodian.model.clock import Clock, Secrets
from wattshare.custodian.model.messages import MINUTE, MessageKind, Way
from wattshare.custodian.services.messages import Messages
from wattshare.custodian.services.signin import Session, SignIn, hashed
from wattshare.custodian.services.tries import ASKED, Counting, Tries
from wattshare.custodian.store.database import Store
from wattshare.custodian.store.proofs import KeptLink
from wattshare.custodian.store.purposes import Purpose

FEWEST, MOST = 10, 200
LINK = "/sharing/new-password?link="


class BadPassword(Exception):
    """A password that cannot be: too short, too long, or the login again."""


class LinkUsedUp(Exception):
    """The link was used, is over, or never was one."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Sends links, and takes new passwords."""

    store: Store
    now: Clock
    secrets: Secrets
    counting: Counting
    sign_in: SignIn
    messages: Messages
    # scheme, host and port
    base: str

    @property
    def able(self) -> bool:
        """Whether links can be sent."""
        return self.messages.can(Way.MAIL)

    def ask(self, login: str, address: str, language: str) -> None:
        """Send a link for a login.

        Raises:
            TooMany: too many were asked for.
        """
        tries = Tries("link-asked:" + login.strip().casefold(), address, ASKED)
        self.counting.slow_down(tries)
        link = self.secrets("")
        with self.store.begin(Purpose.PEOPLE) as tx:
            known = tx.customers.login(login)
            customer_id = None if known is None else known.customer_id
            kept = KeptLink(customer_id=customer_id, login=login)
            tx.proofs.put_link(link, kept, self.now() + MessageKind.RECOVERY.seconds)
            facts: dict[str, str | int] = {
                "link": self.base + LINK + link,
                "minutes": MessageKind.RECOVERY.seconds // MINUTE,
            }
            self.messages.put(tx, customer_id, MessageKind.RECOVERY, facts, language=language)
            self.counting.count(tx, tries)

    def open(self, link: str) -> None:
        """Look at a link; that does not use it up, as programs look at mails, too.

        Raises:
            LinkUsedUp: it opens nothing.
        """
        with self.store.read() as tx:
            if tx.proofs.link(link, self.now()) is None:
                raise LinkUsedUp

    def choose(self, session: Session, link: str, password: str) -> Session:
        """Take the new password, end the customer's other sessions, and sign in. The session gets another id.

        Raises:
            LinkUsedUp: the link opens nothing.
            BadPassword: the password cannot be.
        """
        with self.store.read() as tx:
            kept = tx.proofs.link(link, self.now())
        if kept is None or kept.customer_id is None:
            raise LinkUsedUp
        if not FEWEST <= len(password) <= MOST or password.casefold() == kept.login.strip().casefold():
            raise BadPassword
        # it takes its time: not while the database waits
        made = hashed(password)
        with self.store.begin(Purpose.PEOPLE) as tx:
            if not tx.proofs.use_link(link):
                raise LinkUsedUp
            tx.customers.change_password(kept.login, made)
            tx.sessions.end_of_customer(kept.customer_id, but=session.id)
            tx.trail.write("password_changed", self.now(), detail={"customer": kept.customer_id})
        return self.sign_in.enter(session, kept.customer_id, "account", None)
