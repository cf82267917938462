"""Progress is told beside the report."""

import sys


def say(text: str) -> None:
    """One line of it."""
    print(text, file=sys.stderr, flush=True)
