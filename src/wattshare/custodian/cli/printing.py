"""How the operator's commands print: facts for people, or the same facts as JSON."""

from rich import markup
from rich.console import Console

from wattshare.custodian.cli.failing import fail, failing, print_json

__all__ = ["err", "escape", "fail", "failing", "out", "plain", "print_json"]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def plain(text: str, *, lines: bool = False) -> str:
    """A text from outside, fit for a terminal: blanks are blanks, but ends of lines where they are wanted.

    What cannot be printed is �: it could be a command to the terminal.
    """
    blanks = "\t\r" if lines else "\t\r\n"
    return "".join(
        letter if letter.isprintable() or (lines and letter == "\n") else " " if letter in blanks else "�"
        for letter in text
    )


def escape(text: str, *, lines: bool = False) -> str:
    """The same where markup is read, which none of it is."""
    return markup.escape(plain(text, lines=lines))
