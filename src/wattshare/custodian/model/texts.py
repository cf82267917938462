"""Texts from outside, made fit to be shown: on one line, of bearable length, nothing unseen in them."""

import unicodedata

LONGEST_NAME = 80
# they join letters and emoji, and hide nothing
JOINERS = "\u200c\u200d"


def plain(text: str) -> str:
    """A text from outside on one line, without anything that is unseen or turns the direction of writing."""
    kinds = ((letter, unicodedata.category(letter)) for letter in text)
    seen = (" " if kind in ("Cc", "Zl", "Zp") else letter for letter, kind in kinds if drawn(letter, kind))
    return "".join(seen)


def drawn(letter: str, category: str) -> bool:
    """Whether a character is more than a mark for those who lay text out."""
    return category not in ("Cf", "Cs", "Co", "Cn") or letter in JOINERS


def cut(text: str, most: int = LONGEST_NAME) -> str:
    """A text from outside, no longer than a page can bear."""
    seen = " ".join(plain(text).split())
    return seen if len(seen) <= most else seen[: most - 1].rstrip() + "…"
