"""The words of messages, in the language of whoever reads them.

Each kind has a template for each way that it may go: `letters/mail/<kind>.txt`, whose first line is the subject, and
`letters/text/<kind>.txt`. A mail's HTML is made of its text: paragraphs, links, and what is to be typed written large.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from wattshare.custodian.model.messages import MessageKind, Way
from wattshare.custodian.model.texts import plain
from wattshare.custodian.services.tongues import Tongue

LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")
TYPED = re.compile(r"[0-9]{4,10}")
LARGE = Markup(' style="font-size:2em;letter-spacing:.1em"')

PAGE = Markup(
    '<!DOCTYPE html>\n<html lang="{}"><head><meta charset="utf-8"><title>{}</title></head>\n'
    "<body>\n{}\n</body></html>\n"
)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What somebody reads."""

    subject: str
    text: str
    html: str


@lru_cache(maxsize=64)
def environment(tongue: Tongue) -> Environment:
    """The templates in one language."""
    made = Environment(
        loader=PackageLoader("wattshare.custodian.services", "letters"),
        extensions=["jinja2.ext.i18n"],
        autoescape=False,  # noqa: S701 plain text; its HTML is made of it, escaped
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # names from outside bring no line of their own
        finalize=lambda value: plain(value) if type(value) is str else value,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]
        tongue.texts.gettext, tongue.texts.ngettext, newstyle=True
    )
    made.globals |= {"tongue": tongue}
    return made


def mail(tongue: Tongue, kind: MessageKind, facts: Mapping[str, object]) -> Letter:
    """The mail of a kind, filled with facts."""
    subject, _, text = filled(tongue, Way.MAIL, kind, facts).partition("\n")
    body = text.strip() + "\n"
    return Letter(subject=subject.strip(), text=body, html=marked_up(tongue, subject.strip(), body))


def short(tongue: Tongue, kind: MessageKind, facts: Mapping[str, object]) -> str:
    """The text message of a kind, filled with facts: one line."""
    return " ".join(filled(tongue, Way.TEXT, kind, facts).split())


def filled(tongue: Tongue, way: Way, kind: MessageKind, facts: Mapping[str, object]) -> str:
    """A template with its facts."""
    return environment(tongue).get_template(f"{way}/{kind}.txt").render(**facts)


def marked_up(tongue: Tongue, subject: str, text: str) -> str:
    """A text as HTML that fetches nothing."""
    body = Markup("\n").join(
        Markup("<p{}>{}</p>").format(
            LARGE if TYPED.fullmatch(part) else "", Markup("<br>\n").join(map(linked, part.split("\n")))
        )
        for part in re.split(r"\n{2,}", text.strip())
    )
    return str(PAGE.format(tongue.code, subject, body))


def linked(text: str) -> Markup:
    """A text whose addresses can be followed."""
    parts, last = [], 0
    for found in LINK.finditer(text):
        address = found.group()
        parts += [escape(text[last : found.start()]), Markup('<a href="{0}">{0}</a>').format(address)]
        last = found.end()
    return Markup("").join([*parts, escape(text[last:])])
