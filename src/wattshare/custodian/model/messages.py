"""What people are written: mails and text messages, each of a kind that has its own words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

MINUTE, DAY = 60, 86_400


class Way(StrEnum):
    """How a message goes."""

    MAIL = "mail"
    # to a telephone
    TEXT = "text"


class MessageKind(StrEnum):
    """What a message is about. Each has its words in `services/letters`, for each way that it may go."""

    CODE = "code"
    RECOVERY = "recovery"
    # to the contacts of a third party
    REGISTRATION = "registration"
    RECEIPT = "receipt"
    REMINDER = "reminder"
    NEW_HOME = "new_home"
    # to who holds an account together with the customer of a permission
    HOLDER = "holder"

    @property
    def seconds(self) -> int:
        """For how long it is worth sending."""
        return LIVES.get(self, 3 * DAY)

    @property
    def rank(self) -> int:
        """What is sent first: somebody sits before a screen and waits for what has a short life."""
        return 0 if self in LIVES else 1


LIVES = {MessageKind.CODE: 10 * MINUTE, MessageKind.RECOVERY: 30 * MINUTE}


class MessageState(StrEnum):
    """Life of a message."""

    DUE = "due"
    SENT = "sent"
    GIVEN_UP = "given_up"


MESSAGE_MOVES: dict[MessageState, set[MessageState]] = {
    MessageState.DUE: {MessageState.SENT, MessageState.GIVEN_UP},
    MessageState.SENT: set(),
    MessageState.GIVEN_UP: set(),
}


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message that is owed to somebody until it is sent."""

    # the same through all tries; a mail's Message-ID is made of it
    id: str
    kind: MessageKind
    way: Way = Way.MAIL
    # whose it is: erased with the customer; None where it goes to addresses that are no customer's
    customer_id: int | None = None
    # where it goes; none: to what is on file for the customer when it is sent
    to: tuple[str, ...] = ()
    language: str | None = None
    # what its words are filled with; kept until it is sent
    facts: Mapping[str, str | int] = field(default_factory=dict, repr=False)
    state: MessageState = MessageState.DUE
    created_at: int
    # from then on it is not worth sending
    ends_at: int
    attempts: int = 0
    # why it was given up
    cause: str | None = None

    def moved(self, to: MessageState, cause: str | None = None) -> "Message":
        """The same message in another state, in which it says nothing any more.

        Raises:
            ValueError: `to` may not follow the present state.
        """
        if to not in MESSAGE_MOVES[self.state]:
            raise ValueError(f"a message that is {self.state} cannot become {to}")
        return replace(self, state=to, cause=cause, to=(), facts={})
