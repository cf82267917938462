"""A utility's looks in a real browser, and pages on paper."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.custodian.houses import EVERYTHING, TestHouse, built
from tests.custodian.stores import hurried
from tests.custodian.web.test_brand import SAMPLE
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, PHONE, Screen
from tests.pages.test_everybody import check
from wattshare.custodian.front import Front
from wattshare.custodian.services.registration import Registered
from wattshare.custodian.store.keys import Keys
from wattshare.custodian.web.server import serving

SEEN = "body => [getComputedStyle(body).color, getComputedStyle(body).backgroundColor]"


@pytest.fixture
def house(template: Path, tmp_path: Path, certificates: Path, house_port: int) -> Iterator[TestHouse]:
    """A house with the sample's looks."""
    shutil.copy(template, tmp_path / "wattshare.db")
    store = hurried(f"sqlite:///{tmp_path / 'wattshare.db'}", Keys.make(tmp_path / "keys.json"))
    settings: dict[str, Any] = {"tls": "native", "tls_certificate": certificates, "tls_key": certificates}
    settings |= {"brand": SAMPLE, "utility_name": "Cedar Valley Power and Light"}
    try:
        with (
            built(tmp_path, store, listen_port=house_port, **settings) as made,
            serving(Front(made.house).application(), made.house.settings),
        ):
            yield made
    finally:
        store.close()


def act(screen: Screen) -> str:
    """The colour of buttons."""
    told: str = screen.page.evaluate("() => getComputedStyle(document.documentElement).getPropertyValue('--act')")
    return told.strip()


def test_pages_have_the_utilitys_looks_and_print_dark_on_white(
    house: TestHouse, acme: Registered, screens: Screens
) -> None:
    home = house.home()
    house.share(house.third_party("Beta Solar"), home, EVERYTHING)
    light = screens(java_script_enabled=True, viewport=DESKTOP)
    light.open("/")
    assert (light.heading, act(light)) == ("Cedar Valley keeps your data yours", "#1d6b45")
    assert light.page.get_by_role("img", name="Cedar Valley Power and Light").is_visible()
    assert light.page.get_by_role("link", name="Terms").get_attribute("href", timeout=1_000) is not None
    check(light, "brand-front")
    dark = screens(java_script_enabled=True, viewport=PHONE, color_scheme="dark", locale="es-US")
    dark.ask(acme)
    assert act(dark) == "#8fd8b0"
    assert "Main Street" in dark.words
    check(dark, "brand-sign-in-dark")
    dark.ask_signed_in(acme, home)
    for name, address in (("review", dark.page.url), ("sharing", "/sharing"), ("usage", "/sharing/usage")):
        dark.open(address)
        dark.page.emulate_media(media="print")
        body = dark.page.locator("body")
        assert body.evaluate(SEEN) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        pressed = dark.page.locator("button, nav a, .languages a")
        assert [one for one in pressed.all() if one.is_visible()] == []
        assert act(dark) == "#000"
        dark.look(f"print-{name}")
        dark.page.emulate_media(media="screen")
