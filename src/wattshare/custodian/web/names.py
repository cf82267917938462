"""What pages write in a way of their own: names that keep their direction, links, numbers, codes."""

import re

from markupsafe import Markup

from wattshare.custodian.model.texts import cut, plain

__all__ = ("apart", "code", "contact", "cut", "linked", "mail", "number", "plain")

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)


def apart(text: str) -> Markup:
    """A text from outside as HTML that keeps its direction of writing to itself."""
    return Markup("<bdi>{}</bdi>").format(plain(text))


def linked(words: str, address: str) -> Markup:
    """Words that lead somewhere."""
    return Markup('<a href="{}">{}</a>').format(address, words)


def number(text: str) -> Markup:
    """A telephone number, in one piece."""
    return Markup('<span class="number">{}</span>').format(plain(text))


def mail(address: str) -> Markup:
    """A mail address."""
    return Markup('<a href="mailto:{0}">{0}</a>').format(plain(address))


def contact(text: str) -> Markup:
    """Where somebody is reached: a mail address, or a telephone number."""
    return mail(text) if ADDRESS.fullmatch(text) else number(text)


def code(text: str) -> Markup:
    """What is to be read letter by letter."""
    return Markup("<code>{}</code>").format(plain(text))
