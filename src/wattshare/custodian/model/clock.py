"""Time and chance as arguments."""

import time
from collections.abc import Callable

# UTC epoch seconds
Clock = Callable[[], int]
# 256 random bits as text, under a prefix that says what it is
Secrets = Callable[[str], str]


def system_clock() -> int:
    """The machine's time."""
    return int(time.time())
