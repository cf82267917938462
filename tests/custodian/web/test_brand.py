"""A utility's looks: what is taken, what stops the start, and that a picture can do nothing."""

from pathlib import Path

import pytest

from tests.custodian.houses import TestHouse, built
from wattshare.custodian.settings import BadSettings
from wattshare.custodian.store.database import Store
from wattshare.custodian.web.brand import LOGO_BYTES, LOGO_POLICY, PNG, Brand, contrast, ours, too_alike

SAMPLE = Path(__file__).parents[3] / "docs" / "sample-brand"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'


def folder(path: Path, told: str = "", **logos: bytes) -> Path:
    """A brand's folder."""
    (path / "brand.toml").write_text(told, encoding="utf-8")
    for name, body in logos.items():
        (path / name.replace("__", ".")).write_bytes(body)
    return path


def test_contrast_is_measured_as_wcag_does() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == round(contrast("#ffffff", "#777777"), 2)
    # the darkest grey that fails on white, and the lightest that passes
    assert contrast("#777777", "#ffffff") < contrast("#767676", "#ffffff")
    assert [contrast(grey, "#ffffff") >= 4.5 for grey in ("#777777", "#767676")] == [False, True]


def test_our_own_colours_and_those_of_the_sample_can_be_read() -> None:
    assert [list(too_alike(colours)) for colours in ours()] == [[], []]
    brand = Brand.read(SAMPLE)
    assert brand.style.count("--act:") == 2
    assert "prefers-color-scheme: dark" in brand.style
    assert brand.text("heading", "es").startswith("En Cedar Valley")
    # a language that has none takes English
    assert brand.text("heading", "de") == brand.text("heading", "en")


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (
            '[colours.light]\nact = "#8ab4f8"',
            r"colours\.light: act on paper has a contrast of 2\.\d\d to 1 and needs 4\.5",
        ),
        ('[colours.dark]\n"on-act" = "#ffffff"', r"colours\.dark: on-act on act has a contrast of 1\.\d\d to 1"),
        ('[colours.light]\nact = "blue"', r'colours\.light\.act must be a colour such as "#005ea2", not \'blue\''),
        ('[colours.light]\naccent = "#005ea2"', r"there is no colours\.light\.accent .*; there are ink, quiet"),
        ('[colors.light]\nact = "#005ea2"', "there is no colors in brand.toml; there are logo"),
        ('colours = "blue"', r"colours in brand\.toml must be a table"),
        ('[links]\nterms = "http://utility.example/terms"', r"links\.terms must be an https address"),
        ('[links]\nterms = "javascript:alert(1)"', r"links\.terms must be an https address"),
        ("[texts.en]\nheading = 7", r"texts\.en\.heading must be a text"),
        ('logo = "../keys.json"', "logo must be the name of a file in"),
        ('logo = "logo.gif"', "must be one of svg, png"),
        ('logo = "none.svg"', "cannot be read: No such file"),
        ("[links", "is no TOML"),
    ],
)
def test_what_cannot_be_taken_stops_the_start(tmp_path: Path, told: str, why: str) -> None:
    with pytest.raises(BadSettings, match=why):
        Brand.read(folder(tmp_path, told))


@pytest.mark.parametrize(
    "body",
    [
        SVG.replace("<path", "<script>alert(1)</script><path"),
        SVG.replace("<path", '<path onload="alert(1)"'),
        SVG.replace("<path", "<foreignObject/><path"),
        SVG.replace("<path", '<image href="https://elsewhere.example/a.png"/><path'),
        SVG.replace("<path", '<a href="javascript:alert(1)"/><path'),
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG,
        "<html></html>",
        SVG + " " * LOGO_BYTES,
    ],
)
def test_a_picture_that_does_something_is_no_logo(tmp_path: Path, body: str) -> None:
    with pytest.raises(BadSettings):
        Brand.read(folder(tmp_path, logo__svg=body.encode()))


def test_a_logo_is_sent_as_a_picture_that_may_do_nothing(tmp_path: Path, store: Store, house: TestHouse) -> None:
    assert house.browser.get("/static/logo").status_code == 404
    assert house.browser.get("/static/brand.css").text == ""
    brand = tmp_path / "brand"
    brand.mkdir()
    folder(brand, logo__svg=SVG.encode(), dark_logo__png=PNG + b"picture")
    with built(tmp_path, store, brand=brand) as branded:
        logo, dark = branded.browser.get("/static/logo"), branded.browser.get("/static/dark-logo")
        assert (logo.headers["content-type"], logo.text) == ("image/svg+xml", SVG)
        assert dark.headers["content-type"] == "image/png"
        for told in (logo, dark):
            assert told.headers["content-security-policy"] == LOGO_POLICY
            assert told.headers["x-content-type-options"] == "nosniff"
        assert 'alt="Riverton Power"' in branded.browser.get("/").text
    (brand / "dark_logo.png").write_bytes(b"GIF89a")
    with pytest.raises(BadSettings, match="is no PNG"), built(tmp_path, store, brand=brand):
        pass
