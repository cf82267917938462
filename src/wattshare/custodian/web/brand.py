"""A utility's looks: its logo, colours, links and texts, from one folder. What cannot be read well stops the start.

Colours are the names of the stylesheet's own; who gives some takes ours for the rest, and the whole is measured as
WCAG 2.2 does (1.4.3 and 1.4.11).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from wattshare.custodian.settings import BadSettings

FILE = "brand.toml"
LOGO_BYTES = 100_000
LOGOS = {"svg": "image/svg+xml", "png": "image/png"}
PNG = b"\x89PNG\r\n\x1a\n"
COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
# what an image that only shows something has no need of
ACTIVE = re.compile(
    rb"<!doctype|<!entity|<\?xml-stylesheet|<\s*(?:script|foreignobject|iframe|use\b[^>]*https?:)|\son\w+\s*=|javascript:"
    rb"|(?:href|src)\s*=\s*[\"']?\s*(?:https?:|//|data:text)|@import|url\(\s*[\"']?\s*(?:https?:|//)",
    re.IGNORECASE,
)
# a picture may not do anything, whoever opens it by itself
LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
LINKS = ("terms", "privacy", "accessibility")
TEXTS = ("heading", "welcome", "help", "footer")
MOST_TEXT = 1_000
DECLARED = re.compile(r"--([a-z-]+):\s*(#[0-9a-fA-F]{3,6})\s*;")


class Pair(NamedTuple):
    """A colour on another one, and how much they have to differ."""

    over: str
    under: str
    least: Decimal


TEXT, SHAPE = Decimal("4.5"), Decimal(3)
PAIRS = (
    *(Pair(over, under, TEXT) for over in ("ink", "quiet", "act", "bad") for under in ("paper", "soft")),
    Pair("on-act", "act", TEXT),
    Pair("line", "paper", SHAPE),
    Pair("good", "soft", SHAPE),
    Pair("focus", "paper", SHAPE),
)
Colours = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Logo:
    """A picture, as it is sent."""

    body: bytes
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Brand:
    """What a utility gives. Nothing: the pages are ours."""

    logo: Logo | None = None
    dark_logo: Logo | None = None
    # by name: what differs from the stylesheet
    light: Colours = field(default_factory=dict)
    dark: Colours = field(default_factory=dict)
    # https addresses by name
    links: Mapping[str, str] = field(default_factory=dict)
    # by language, then by name
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path | None) -> "Brand":
        """What a folder gives.

        Raises:
            BadSettings: something of it cannot be taken; the text names the file, the field and the way out.
        """
        if folder is None:
            return cls()
        told = _toml(folder / FILE)
        _known(told, ("logo", "dark_logo", "colours", "links", "texts"), "")
        colours = _table(told, "colours")
        _known(colours, ("light", "dark"), "colours.")
        light, dark = (_colours(_table(colours, name), name) for name in ("light", "dark"))
        return cls(
            logo=_logo(folder, told, "logo"),
            dark_logo=_logo(folder, told, "dark_logo"),
            light=light,
            dark=dark,
            links=_links(_table(told, "links")),
            texts=_texts(_table(told, "texts")),
        )

    @property
    def style(self) -> str:
        """The stylesheet of the colours; "" where they are ours. Paper keeps its own."""
        light, dark = (
            ":root {" + "".join(f" --{name}: {colour};" for name, colour in colours.items()) + " }" if colours else ""
            for colours in (self.light, self.dark)
        )
        lines = [f"@media screen {{ {light} }}"] if light else []
        lines += [f"@media screen and (prefers-color-scheme: dark) {{ {dark} }}"] if dark else []
        return "\n".join(lines)

    def text(self, name: str, language: str) -> str:
        """A text of the utility's own, in a language or else in English; "" where it has none."""
        return self.texts.get(language, {}).get(name) or self.texts.get("en", {}).get(name, "")


def ours() -> tuple[dict[str, str], dict[str, str]]:
    """The stylesheet's own colours, light and dark."""
    css = files("wattshare.custodian.web").joinpath("static/wattshare.css").read_text("utf-8")
    light, dark = re.findall(r":root\s*\{([^}]*)\}", css)[:2]
    read = [{name: whole(colour) for name, colour in DECLARED.findall(block)} for block in (light, dark)]
    return read[0], read[0] | read[1]


def whole(colour: str) -> str:
    """A colour with all of its digits."""
    return colour if len(colour) == len("#rrggbb") else "#" + "".join(2 * digit for digit in colour[1:])


def contrast(one: str, other: str) -> Decimal:
    """How much two colours differ. WCAG 2.2, contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + Decimal("0.05")) / (low + Decimal("0.05"))


def luminance(colour: str) -> Decimal:
    """WCAG 2.2, relative luminance."""
    shares = (Decimal(int(colour[place : place + 2], 16)) / 255 for place in (1, 3, 5))
    red, green, blue = (
        share / Decimal("12.92")
        if share <= Decimal("0.04045")
        else ((share + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")
        for share in shares
    )
    return Decimal("0.2126") * red + Decimal("0.7152") * green + Decimal("0.0722") * blue


def too_alike(colours: Colours) -> Iterator[tuple[Pair, Decimal]]:
    """The pairs that cannot be told apart well enough, with what they measure."""
    for pair in PAIRS:
        measured = contrast(colours[pair.over], colours[pair.under])
        if measured < pair.least:
            yield pair, measured


# the file


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as why:
        raise BadSettings(f"brand: {path} cannot be read: {why.strerror}") from why
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as why:
        raise BadSettings(f"brand: {path} is no TOML: {why}") from why


def _table(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name, {})
    if not isinstance(found, dict):
        raise BadSettings(f"brand: {name} in {FILE} must be a table: [{name}]")
    return found


def _known(told: Mapping[str, Any], names: tuple[str, ...], place: str) -> None:
    for name in told:
        if name not in names:
            raise BadSettings(f"brand: there is no {place}{name} in {FILE}; there are {', '.join(names)}")


def _colours(told: Mapping[str, Any], scheme: str) -> Colours:
    standing = ours()[scheme == "dark"]
    _known(told, tuple(standing), f"colours.{scheme}.")
    for name, colour in told.items():
        if not (isinstance(colour, str) and COLOUR.fullmatch(colour)):
            raise BadSettings(f'brand: colours.{scheme}.{name} must be a colour such as "#005ea2", not {colour!r}')
    for pair, measured in too_alike({**standing, **told}):
        raise BadSettings(
            f"brand: colours.{scheme}: {pair.over} on {pair.under} has a contrast of {measured:.2f} to 1 and needs"
            f" {pair.least}; make one of them darker or lighter"
        )
    return dict(told)


def _logo(folder: Path, told: Mapping[str, Any], name: str) -> Logo | None:
    file = told.get(name)
    if file is None:
        found = [folder / f"{name}.{kind}" for kind in LOGOS if (folder / f"{name}.{kind}").is_file()]
        if not found:
            return None
        path = found[0]
    elif isinstance(file, str) and Path(file).name == file:
        path = folder / file
    else:
        raise BadSettings(f"brand: {name} must be the name of a file in {folder}, not {file!r}")
    kind = path.suffix[1:].lower()
    if kind not in LOGOS:
        raise BadSettings(f"brand: {path} must be one of {', '.join(LOGOS)}")
    try:
        body = path.read_bytes()
    except OSError as why:
        raise BadSettings(f"brand: {path} cannot be read: {why.strerror}") from why
    return Logo(body=_picture(path, kind, body), content_type=LOGOS[kind])


def _picture(path: Path, kind: str, body: bytes) -> bytes:
    if len(body) > LOGO_BYTES:
        raise BadSettings(f"brand: {path} has {len(body)} bytes, and may have {LOGO_BYTES}")
    if kind == "png" and not body.startswith(PNG):
        raise BadSettings(f"brand: {path} is no PNG")
    if kind == "svg":
        if b"<svg" not in body.lower():
            raise BadSettings(f"brand: {path} is no SVG in UTF-8")
        if active := ACTIVE.search(body):
            shown = active.group().decode("utf-8", "replace").strip()[:40]
            raise BadSettings(f"brand: {path} has {shown!r} in it; a logo may hold no script and load nothing")
    return body


def _links(told: Mapping[str, Any]) -> Mapping[str, str]:
    _known(told, LINKS, "links.")
    for name, address in told.items():
        parts = urlsplit(address) if isinstance(address, str) else None
        if parts is None or parts.scheme != "https" or not parts.hostname or parts.username:
            raise BadSettings(f"brand: links.{name} must be an https address, not {address!r}")
    return dict(told)


def _texts(told: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    for language in told:
        texts = _table(told, language)
        _known(texts, TEXTS, f"texts.{language}.")
        for name, text in texts.items():
            if not isinstance(text, str) or len(text) > MOST_TEXT:
                raise BadSettings(f"brand: texts.{language}.{name} must be a text of at most {MOST_TEXT} characters")
    return {language: dict(texts) for language, texts in told.items()}
