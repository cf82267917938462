"""Refusals of the house. An error's docstring is what the third party is told when nothing else is said.

`web/errors.py` turns each into a status and a body; nothing else knows statuses.
"""


class Refusal(Exception):
    """The request cannot be answered."""

    def __init__(self, told: str | None = None, *, field: str | None = None, logged: str | None = None) -> None:
        """Take what the caller is told, the parameter at fault, and what only we may read."""
        self.told = told or (type(self).__doc__ or "").strip()
        self.field = field
        self.logged = logged
        super().__init__(self.told)


class BadRequest(Refusal):
    """The request does not make sense."""


class NoCertificate(Refusal):
    """Invalid Certificate"""


class WrongCertificate(Refusal):
    """Invalid Certificate"""


class NoBearer(Refusal):
    """This needs a bearer token in the Authorization header."""


class UnknownBearer(Refusal):
    """The bearer token is unknown, expired or revoked."""


class NotCovered(Refusal):
    """This token does not open this resource."""


class Unknown(Refusal):
    """There is no such resource."""


class Expired(Refusal):
    """This is no longer kept."""


class Withdrawn(Refusal):
    """The authorization has ended."""


class TooMany(Refusal):
    """Too many requests."""

    def __init__(
        self, told: str | None = None, *, retry_after: int, policy: tuple[str, int, int] | None = None
    ) -> None:
        """Take the seconds after which another try is worth it, and the policy that says so.

        A policy is its name, how many requests it allows, and in how many seconds.
        """
        super().__init__(told)
        self.retry_after = retry_after
        self.policy = policy


class Unavailable(Refusal):
    """The service cannot answer now; try again."""

    def __init__(self, told: str | None = None, *, retry_after: int = 10, logged: str | None = None) -> None:
        """Take the seconds after which another try is worth it."""
        super().__init__(told, logged=logged)
        self.retry_after = retry_after


class Conflict(Refusal):
    """This contradicts what is already known."""
