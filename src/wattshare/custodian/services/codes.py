"""A way in for customers without an online account: the account number, and a code sent to what is on file for it.

Whether a number is somebody's cannot be told from the outside: a code is made, kept and counted for any number, and the
message of a number that is nobody's goes to no one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.messages import MINUTE, MessageKind, Way
from wattshare.custodian.services.messages import Messages
from wattshare.custodian.services.signin import NotSignedIn, Session, SignIn
from wattshare.custodian.services.tries import ASKED, Counting, Tries
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.premises import normal_number
from wattshare.custodian.store.proofs import KeptCode
from wattshare.custodian.store.purposes import Purpose

DIGITS = 6
TRIES = 5


class CodeUsedUp(NotSignedIn):
    """The code is over, or takes no more tries."""


@dataclass(frozen=True, kw_only=True)
class Codes:
    """Sends codes, and takes them."""

    store: Store
    now: Clock
    counting: Counting
    sign_in: SignIn
    messages: Messages
    # a number below the one that is given
    dice: Callable[[int], int]

    @property
    def ways(self) -> tuple[Way, ...]:
        """How a code may go."""
        return tuple(way for way in Way if self.messages.can(way))

    def ask(self, session: Session, account_number: str, way: Way, address: str, language: str) -> None:
        """Send a code for an account; the session's code before it is none any more.

        Raises:
            TooMany: too many were asked for.
        """
        tries = Tries("code-asked:" + normal_number(account_number), address, ASKED)
        self.counting.slow_down(tries)
        code = f"{self.dice(10**DIGITS):0{DIGITS}}"
        with self.store.begin(Purpose.PEOPLE) as tx:
            customer_id, way, to = self._on_file(tx, account_number, way)
            kept = KeptCode(customer_id=customer_id, account_number=account_number, way=way)
            tx.proofs.put_code(session.id, code, kept, self.now() + MessageKind.CODE.seconds)
            facts: dict[str, str | int] = {"code": code, "minutes": MessageKind.CODE.seconds // MINUTE}
            self.messages.put(tx, customer_id, MessageKind.CODE, facts, way=way, to=to, language=language)
            self.counting.count(tx, tries)

    def again(self, session: Session, address: str, language: str) -> bool:
        """Send another code to where the last one went. Whether there was one.

        Raises:
            TooMany: too many were asked for.
        """
        if (kept := self.waits(session)) is None:
            return False
        self.ask(session, kept.account_number, Way(kept.way), address, language)
        return True

    def waits(self, session: Session) -> KeptCode | None:
        """What a session's code is for; None when it has none."""
        with self.store.read() as tx:
            return tx.proofs.asked(session.id, self.now())

    def prove(self, session: Session, typed: str, address: str) -> Session:
        """Sign in by the code. The session gets another id.

        Raises:
            CodeUsedUp: there is none, it is over, or it takes no more tries.
            NotSignedIn: it is another.
            TooMany: too many failures for this account, from this address, or in all.
        """
        kept = self.waits(session)
        if kept is None:
            raise CodeUsedUp
        tries = Tries("code:" + normal_number(kept.account_number), address)
        self.counting.slow_down(tries)
        code = "".join(filter(str.isdecimal, typed))
        with self.store.begin() as tx:
            mac = tx.proofs.try_code(session.id, self.now(), TRIES)
        if mac is None:
            raise CodeUsedUp
        with self.store.begin() as tx:
            good = tx.proofs.fits(session.id, mac, code) and tx.proofs.use_code(session.id, mac, self.now())
        return self.sign_in.enter(session, kept.customer_id if good else None, "code", tries)

    def _on_file(self, tx: Tx, account_number: str, way: Way) -> tuple[int | None, Way, tuple[str, ...]]:
        """Whose the number is, and where a code for it goes: as was asked, or else the other way."""
        account = tx.customers.by_account_number(account_number) if normal_number(account_number) else None
        customer = None if account is None else tx.customers.customer(account.customer_id)
        if account is None or customer is None:
            return None, way, ()
        if tx.holders.only(account.id, self.now()) != customer.id:
            # the telephone is that of all who hold the account, the mail address that of one
            account = replace(account, phone=None)
        there = {Way.MAIL: customer.email, Way.TEXT: account.phone}
        fit = [one for one in (way, *self.ways) if there[one] and one in self.ways]
        chosen = fit[0] if fit else way
        return customer.id, chosen, tuple(filter(None, (there[chosen],)))
