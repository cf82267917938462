"""What pages write in a way of their own: names that keep their direction, links, numbers, codes."""

from markupsafe import Markup

from wattshare.custodian.model.texts import cut, plain

__all__ = ("apart", "code", "cut", "linked", "mail", "number", "plain")


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


def code(text: str) -> Markup:
    """What is to be read letter by letter."""
    return Markup("<code>{}</code>").format(plain(text))
