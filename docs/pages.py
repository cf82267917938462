"""Prints the tables of the documentation from the code's own.

A page says where: between `<!-- printed: NAME -->` and `<!-- end -->` stands what `printed.BLOCKS` has by
that name. Everything else in a page is written by hand and left alone.

    python -m docs.pages            write the pages anew
    python -m docs.pages --check    change nothing; fail where a page is stale
"""

import re
import sys
from pathlib import Path

from docs.printed import BLOCKS

DOCS = Path(__file__).resolve().parent
PRINTED = re.compile(r"(<!-- printed: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def every_page() -> tuple[Path, ...]:
    """The pages of the documentation."""
    return tuple(sorted(DOCS.rglob("*.md")))


def names(text: str) -> tuple[str, ...]:
    """What is printed into a page."""
    return tuple(found["name"] for found in PRINTED.finditer(text))


def printed(text: str) -> str:
    """A page with its printed parts as they are now.

    Raises:
        KeyError: it names a part that nobody prints.
    """
    return PRINTED.sub(lambda found: f"{found[1]}\n{BLOCKS[found['name']]().strip()}\n\n{found[3]}", text)


def stale() -> dict[Path, str]:
    """The pages that are not as they should be, each with its new text."""
    texts = {page: page.read_text(encoding="utf-8") for page in every_page()}
    return {page: now for page, text in texts.items() if (now := printed(text)) != text}


def main(arguments: list[str]) -> int:
    """Write, or check; the exit status."""
    found = stale()
    if arguments == ["--check"]:
        for page in found:
            print(f"{page.relative_to(DOCS.parent)} is stale: make docs")
        return 1 if found else 0
    for page, text in found.items():
        page.write_text(text, encoding="utf-8")
        print(f"{page.relative_to(DOCS.parent)} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
