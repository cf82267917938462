"""Brings the catalogues of the customer's pages and mails up to what these say.

python -m docs.catalogues            write the catalogues anew: new texts come in without a translation
python -m docs.catalogues --check    change nothing; fail where a text is not translated
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

from wattshare.custodian.services.tongues import OURS

CUSTODIAN = OURS.parents[1]
# what stands before a text in Python, and in which place of a call it stands
KEYWORDS = {"said": None, "say": None, "many": (1, 2), "_": None, "gettext": None, "ngettext": (1, 2)}
# the module whose words are drawn; whoever imports it or says something by it speaks to customers
TONGUES = OURS.parent / "tongues.py"
SPEAKS = ("services.tongues import", ".say(")
TEMPLATES = ("web/templates/*", "services/letters/*/*.txt")
WIDTH = 120


def texts() -> Catalog:
    """Every text that a customer may read."""
    found = Catalog()
    templates = (file for folder in TEMPLATES for file in sorted(CUSTODIAN.glob(folder)))
    sources = [("jinja2.ext:babel_extract", file) for file in templates]
    every = {file: file.read_text(encoding="utf-8") for file in sorted(CUSTODIAN.rglob("*.py"))}
    speaking = (file for file, text in every.items() if any(mark in text for mark in SPEAKS))
    sources += [("python", file) for file in (TONGUES, *speaking)]
    for method, file in sources:
        options = {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true"} if "jinja" in method else {}
        with file.open("rb") as source:
            for _, message, _, _ in extract(method, source, KEYWORDS, options=options):
                if message:
                    found.add(message)
        if "jinja" in method:
            for text in spoken(file):
                found.add(text)
    return found


def spoken(file: Path) -> Iterator[str | tuple[str, ...]]:
    """What a template has the tongue say: calls of an object's method, which Jinja's own extraction passes over."""
    template = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(file.read_text(encoding="utf-8"))
    for call in template.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr in KEYWORDS:
            count = len(KEYWORDS[call.node.attr] or (1,))
            told = [each.value for each in call.args[:count] if isinstance(each, nodes.Const)]
            yield told[0] if len(told) == 1 else tuple(told)


def catalogues() -> dict[Path, Catalog]:
    """Every catalogue of ours."""
    return {file: read(file) for file in sorted(OURS.glob("*.po"))}


def read(file: Path) -> Catalog:
    """One of them."""
    with file.open("rb") as source:
        return read_po(source)


def updated(catalogue: Catalog, known: Catalog) -> bytes:
    """A catalogue with exactly the texts that there are."""
    catalogue.update(known, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    out = BytesIO()
    write_po(out, catalogue, width=WIDTH, no_location=True, sort_output=True, omit_header=False)
    return out.getvalue()


def missing(catalogue: Catalog, known: Catalog) -> list[str]:
    """The texts that a catalogue does not have, and those that nobody says any more."""
    lost = [str(message.id) for message in known if message.id and not translated(catalogue, message.id)]
    left = [str(message.id) for message in catalogue if message.id and message.id not in known]
    return lost + left


def translated(catalogue: Catalog, text: str | tuple[str, ...] | list[str]) -> bool:
    """Whether a text has its translation, every form of it."""
    message = catalogue.get(text if isinstance(text, str) else text[0])
    if message is None or not message.string or message.fuzzy:
        return False
    return all(message.string) if isinstance(message.string, tuple) else True


def main(arguments: list[str]) -> int:
    """Write, or check; the exit status."""
    known = texts()
    if arguments == ["--check"]:
        lost = {file.name: lost for file, catalogue in catalogues().items() if (lost := missing(catalogue, known))}
        for name, each in lost.items():
            print(f"{name}: {each}")
        return 1 if lost else 0
    for file, catalogue in catalogues().items():
        file.write_bytes(updated(catalogue, known))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
