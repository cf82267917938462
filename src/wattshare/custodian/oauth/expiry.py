"""Whether something has run out. The one place where the end of a code or token is compared."""

# clocks of several machines differ; an end is believed once it is this far behind
SKEW_SECONDS = 60


def expired(expires_at: int, now: int) -> bool:
    """Whether an end has passed, clocks a minute apart allowed for."""
    return now >= expires_at + SKEW_SECONDS


def after(seconds: int, now: int) -> int:
    """The end to write down for what is to stop working that many seconds from now, skew and all."""
    return now + seconds - SKEW_SECONDS
