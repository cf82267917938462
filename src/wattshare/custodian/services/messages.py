"""Messages to people: written down with the fact that causes them, sent by a worker, tried again for as long as they
are worth it.

Whoever owes somebody a message says so in the transaction of its cause:

    messages.put(tx, customer_id, MessageKind.RECEIPT, {"app": party.name, "reference": reference(held.id)})

It is committed with that transaction or not at all. The worker sends it, at least once, and each try carries the same
Message-ID. A new kind is a name in `model.messages.MessageKind`, with a life where three days are wrong, and its words
in `letters/mail/<kind>.txt`; the first line is the subject. Facts are texts and numbers. `utility`, `portal`, `phone`
and `email` are there in each template, and so is `tongue`, which writes days (`tongue.day_at(seconds, zone)`).
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from wattshare.custodian.mailing import MAIL_ADDRESS, Mail, Mailing, NotSent, ShortText, Texting
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.messages import Message, MessageKind, MessageState, Way
from wattshare.custodian.model.work import Job
from wattshare.custodian.store.database import Store, Tx
from wattshare.custodian.store.purposes import Purpose

if TYPE_CHECKING:
    from wattshare.custodian.services.tongues import Tongues

LOG = structlog.get_logger(__name__)
SEND = "send_message"
# most seconds before each further try; the pause is a random part of it
STEPS = (5, 15, 60, 300, 900, 3_600)
LAST_STEP = 14_400
# what became of a message is kept for that long
KEEP_SECONDS = 30 * 86_400


@dataclass(frozen=True, kw_only=True)
class Messages:
    """Owes messages, and sends them."""

    store: Store
    now: Clock
    # so many random hexadecimal digits
    new_id: Callable[[int], str]
    mailing: Mailing
    texting: Texting
    # the languages that there are; asked for by who sends
    tongues: Callable[[], "Tongues"]
    # what every template may say: utility, portal, phone, email, zone
    house: Mapping[str, object] = field(default_factory=dict)
    chance: Callable[[], float] = random.random

    def put(
        self,
        tx: Tx,
        customer_id: int | None,
        kind: MessageKind,
        facts: Mapping[str, str | int],
        *,
        way: Way = Way.MAIL,
        to: tuple[str, ...] = (),
        language: str | None = None,
    ) -> str:
        """Owe a message, in the transaction of its cause; any purpose will do. Its id.

        `to`: where it goes, where that is not the mail address on file for the customer when it is sent. Without a
        customer, as to the contacts of a third party, it must be said. `language`: where the customer is at a page,
        that page's; otherwise it is the one that the customer read last, else English.
        """
        at = self.now()
        message = Message(
            # in the order of time, as files are listed
            id=f"{at}-{kind}-{self.new_id(16)}",
            kind=kind,
            way=way,
            customer_id=customer_id,
            to=to,
            language=language,
            facts=facts,
            created_at=at,
            ends_at=at + kind.seconds,
        )
        tx.messages.add(message)
        tx.jobs.add(SEND, message.id, at, rank=kind.rank)
        return message.id

    def can(self, way: Way) -> bool:
        """Whether messages go that way at all."""
        return self.mailing.able if way is Way.MAIL else self.texting.able

    def reaches(self, tx: Tx, customer_id: int) -> bool:
        """Whether a mail comes to a customer."""
        customer = tx.customers.customer(customer_id) if self.can(Way.MAIL) else None
        return customer is not None and MAIL_ADDRESS.fullmatch(customer.email or "") is not None

    # the worker's side

    def send(self, job: Job) -> int | None:
        """Try to send one. The second of the next try, or None when there is nothing more to do."""
        with self.store.read(Purpose.PEOPLE) as tx:
            message = tx.messages.by_id(job.subject)
            if message is None or message.state is not MessageState.DUE:
                return None
            to, language = self._to(tx, message), message.language or self._language(tx, message)
        if (why := self._hopeless(message, to)) is not None:
            self._close(message, MessageState.GIVEN_UP, why)
            return None
        try:
            self._deliver(message, to, language)
        except NotSent as refusal:
            return self._not_sent(message, refusal)
        self._close(message, MessageState.SENT)
        return None

    def forget(self) -> int:
        """Drop what is known of messages that are long past. How many."""
        with self.store.begin() as tx:
            return tx.messages.forget(self.now() - KEEP_SECONDS)

    def _hopeless(self, message: Message, to: tuple[str, ...]) -> str | None:
        """Why no try is worth it."""
        if self.now() >= message.ends_at:
            return "too_late"
        if not self.can(message.way):
            return "no_way"
        return None if to else "no_address"

    def _deliver(self, message: Message, to: tuple[str, ...], language: str | None) -> None:
        # templates take megabytes, and are needed by those alone who send
        from wattshare.custodian.services import letters  # noqa: PLC0415

        tongue, facts = self.tongues().wanted(language, ""), {**self.house, **message.facts}
        if message.way is Way.TEXT:
            self.texting.send(ShortText(id=message.id, to=to[0], text=letters.short(tongue, message.kind, facts)))
            return
        letter = letters.mail(tongue, message.kind, facts)
        self.mailing.send(
            Mail(
                id=message.id,
                to=to,
                subject=letter.subject,
                text=letter.text,
                html=letter.html,
                at=message.created_at,
            )
        )

    def _to(self, tx: Tx, message: Message) -> tuple[str, ...]:
        if message.to or message.customer_id is None:
            found = message.to
        else:
            customer = tx.customers.customer(message.customer_id)
            found = () if customer is None or customer.email is None else (customer.email,)
        return found if message.way is Way.TEXT else tuple(one for one in found if MAIL_ADDRESS.fullmatch(one))

    @staticmethod
    def _language(tx: Tx, message: Message) -> str | None:
        return None if message.customer_id is None else tx.messages.language(message.customer_id)

    def _not_sent(self, message: Message, why: NotSent) -> int | None:
        if why.permanent:
            self._close(message, MessageState.GIVEN_UP, str(why))
            return None
        with self.store.begin() as tx:
            tx.messages.tried(message)
        step = STEPS[message.attempts] if message.attempts < len(STEPS) else LAST_STEP
        LOG.warning("message_not_sent", kind=message.kind, attempts=message.attempts + 1, cause=str(why))
        return self.now() + 1 + int(step * self.chance())

    def _close(self, message: Message, state: MessageState, cause: str | None = None) -> None:
        with self.store.begin() as tx:
            tx.messages.close(message.moved(state, cause))
        # what is for nobody was never meant to arrive: it takes as long as what does
        if state is MessageState.GIVEN_UP and (message.customer_id is not None or message.to):
            LOG.warning("message_given_up", kind=message.kind, attempts=message.attempts, cause=cause)
