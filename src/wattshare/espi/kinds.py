"""The kinds of data that a customer can share."""

import enum
from collections.abc import Iterable


class Kind(enum.StrEnum):
    """One kind of data, in the order in which scope strings name them.

    What a person ticks on the consent page, and what opens a row of the endpoint table.
    """

    USAGE = "usage"
    BILLING = "billing"
    BASIC = "basic"
    ACCOUNT = "account"
    PROGRAM_ENROLLMENT = "program_enrollment"

    @property
    def term(self) -> str:
        """Its word in the scope term `AdditionalScope`."""
        return TERMS[self]

    @classmethod
    def named(cls, word: str) -> "Kind | None":
        """The kind that a scope string calls by `word`, in whatever case; None where there is none."""
        return BY_TERM.get(word.strip().lower())


TERMS = {
    Kind.USAGE: "Usage",
    Kind.BILLING: "Billing",
    Kind.BASIC: "Basic",
    Kind.ACCOUNT: "Account",
    Kind.PROGRAM_ENROLLMENT: "ProgramEnrollment",
}

BY_TERM = {term.lower(): kind for kind, term in TERMS.items()}

ALL_KINDS = frozenset(Kind)
# what is metered or billed, and leads to usage points
METERED = frozenset({Kind.USAGE, Kind.BILLING})
# what the customer feeds are made of
CUSTOMER = frozenset({Kind.BASIC, Kind.ACCOUNT, Kind.PROGRAM_ENROLLMENT})


def in_order(kinds: Iterable[Kind]) -> tuple[Kind, ...]:
    """The kinds in the order of scope strings, each once."""
    wanted = frozenset(kinds)
    return tuple(kind for kind in Kind if kind in wanted)
