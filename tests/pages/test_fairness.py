"""What a page must never do to a customer: each a rule that is counted or measured."""

from typing import Any

import pytest

from tests.custodian.houses import TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, Screen
from wattshare.custodian.services.registration import Registered

LOOKS = (
    "button => { const style = getComputedStyle(button), box = button.getBoundingClientRect();"
    " return [box.width, box.height, style.fontSize, style.fontWeight, style.color, style.backgroundColor,"
    " style.borderColor, style.opacity, style.textDecorationLine] }"
)


@pytest.mark.parametrize(
    "options", [{}, {"viewport": DESKTOP}, {"color_scheme": "dark"}], ids=["phone", "wide", "dark"]
)
@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_yes_and_no_look_alike(
    house: TestHouse, acme: Registered, screens: Screens, options: dict[str, Any], language: str
) -> None:
    screen = screens(**options, locale=language)
    screen.review(acme, house.home())
    yes, no = screen.page.locator(".decision button").all()
    assert (yes.get_attribute("value"), no.get_attribute("value")) == ("share", "decline")
    assert yes.evaluate(LOOKS) == no.evaluate(LOOKS)
    assert no.is_visible()


def test_nothing_that_is_optional_is_ticked_and_an_end_is_set(
    house: TestHouse, acme: Registered, screen: Screen
) -> None:
    screen.review(acme, house.home())
    assert not [box for box in screen.page.locator("input[name=kind]").all() if box.is_checked()]
    assert screen.page.locator("input[name=until]:checked").get_attribute("value") == "day"


def test_no_is_final_and_asked_only_once(house: TestHouse, acme: Registered, screen: Screen) -> None:
    screen.review(acme, house.home())
    screen.press("Don’t share")
    assert screen.arrived["error"] == "access_denied"


def test_stopping_takes_no_more_clicks_than_starting(house: TestHouse, acme: Registered, screen: Screen) -> None:
    screen.review(acme, house.home())
    starting = 0
    for name in ("Share", "Go back to Acme Energy"):
        screen.press(name)
        starting += 1
    screen.open("/sharing")
    stopping = 0
    for name in ("Stop sharing with Acme Energy", "Stop sharing"):
        screen.press(name)
        stopping += 1
    assert "Sharing has stopped." in screen.words
    assert stopping <= starting


def test_two_screens_follow_the_sign_in_where_there_is_one_home(
    house: TestHouse, acme: Registered, screen: Screen
) -> None:
    home, seen = house.home(), []
    screen.ask(acme)
    screen.sign_in(home)
    seen.append(screen.heading)
    screen.press("Share")
    seen.append(screen.heading)
    screen.press("Go back to Acme Energy")
    assert screen.arrived["code"]
    assert seen == ["Share with Acme Energy", "You share with Acme Energy"]
