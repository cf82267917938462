"""Who may share for somebody else: a business names a person, who accepts with an online account of their own."""

from dataclasses import dataclass

# of one customer, at a time
MOST_DELEGATES = 20
# an invitation that nobody took is worth nothing then
INVITATION_SECONDS = 7 * 86_400
# ways in that prove an online account
ACCOUNTS = frozenset({"account", "own"})
RESIDENTIAL = "RES"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who is really there, where that is not the customer whose permission it is."""

    # who acts for the customer
    delegate_id: int | None = None
    # who holds an account together with the customer, and acts for themselves
    holder_id: int | None = None

    @property
    def detail(self) -> dict[str, object]:
        """As the trail has it: numbers."""
        named = {"delegate": self.delegate_id, "holder": self.holder_id}
        return {name: number for name, number in named.items() if number is not None}


# the customer
THEMSELVES = Actor()


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """One permission to act for a customer, or an invitation to it."""

    id: int
    customer_id: int
    # None: nobody has accepted yet
    delegate_id: int | None
    made_at: int
    expires_at: int
