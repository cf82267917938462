"""The same pages in other languages, in the dark, on a large screen, zoomed, and under a checker of accessibility."""

from pathlib import Path
from typing import Any

import pytest

from tests.custodian.houses import EVERYTHING, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, PHONE, Screen
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.services.registration import Registered

# axe-core, as its makers publish it; see the licence beside it
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHECK = (
    "rules => axe.run(document, { runOnly: rules })"
    ".then(found => found.violations.map(one => [one.id, one.nodes.map(node => node.html)]))"
)
# each pair of these meets at least once
WAYS: dict[str, dict[str, Any]] = {
    "en-wide-dark": {"locale": "en-US", "viewport": DESKTOP, "color_scheme": "dark"},
    "es-phone-dark": {"locale": "es-US", "viewport": PHONE, "color_scheme": "dark"},
    "fr-phone-light": {"locale": "fr", "viewport": PHONE, "color_scheme": "light"},
    "es-wide-light": {"locale": "es-MX", "viewport": DESKTOP, "color_scheme": "light"},
    # 200 % of a screen of 1280
    "fr-zoomed-dark": {"locale": "fr-CA", "viewport": {"width": 640, "height": 400}, "color_scheme": "dark"},
}
BOTH = (Commodity.ELECTRICITY, Commodity.GAS)


def check(screen: Screen, name: str) -> None:
    """Nothing is wrong with the page, by our own measure and by axe's."""
    screen.look(name)
    screen.page.evaluate(AXE)
    assert screen.page.evaluate(CHECK, RULES) == [], name


@pytest.mark.parametrize("way", WAYS)
def test_every_step_is_for_everybody(house: TestHouse, acme: Registered, screens: Screens, way: str) -> None:
    screen, home = screens(java_script_enabled=True, **WAYS[way]), house.home(commodities=BOTH)
    house.share(house.third_party("Beta Solar"), home, EVERYTHING)
    language = way[:2]
    screen.ask(acme)
    assert screen.page.locator("html").get_attribute("lang") == language
    check(screen, f"{way}-1-sign-in")
    screen.ask_signed_in(acme, home)
    check(screen, f"{way}-2-choose")
    screen.page.locator("#all-agreements").check()
    screen.page.locator("main button[type=submit]:not(.plain)").click()
    for summary in screen.page.locator("summary").all():
        summary.click()
    check(screen, f"{way}-3-review")
    screen.page.locator("button[value=share]").click()
    check(screen, f"{way}-4-done")
    screen.open("/sharing")
    screen.page.locator("#address summary").click()
    check(screen, f"{way}-5-sharing")
    screen.page.locator("section form button").first.click()
    check(screen, f"{way}-6-stop")


def test_a_link_changes_the_language_and_it_stays(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    screen.review(acme, home)
    screen.page.get_by_role("link", name="Español").click()
    assert screen.heading == "Compartir con Acme Energy"
    assert "Hasta el 13 de marzo de 2025" in screen.words
    screen.page.locator("button[value=share]").click()
    assert screen.heading == "Usted comparte con Acme Energy"
    screen.open("/sharing")
    assert screen.heading == "Mis datos compartidos"
    screen.page.get_by_role("link", name="English").click()
    assert screen.heading == "My data sharing"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_the_way_back_from_the_language_is_ours(house: TestHouse, back: str) -> None:
    told = house.browser.get("/sharing/language", params={"to": "es", "back": back})
    assert (told.status_code, told.headers["location"]) == (303, "/")


def test_the_first_load_is_small(house: TestHouse, acme: Registered, screen: Screen) -> None:
    loaded: list[int] = []
    screen.page.on("response", lambda response: loaded.append(int(response.headers.get("content-length", "0"))))
    screen.review(acme, house.home())
    assert len(loaded) >= 2
    assert 0 < sum(loaded) < 150_000
