"""Going back: whatever was complained of, each page on the way is one of ours, and none asks to send a form again."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.custodian.houses import BASE, EVERYTHING, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import Screen
from tests.pages.test_everybody import BOTH
from wattshare.custodian.model.authorization import Ending
from wattshare.custodian.services.registration import Registered


def complained(screen: Screen, path: str) -> None:
    """The page says what is wrong at an address that names nothing of it."""
    parts = urlsplit(screen.page.url)
    assert (parts.path, screen.problem != "") == (path, True)
    assert set(parse_qs(parts.query)) <= {"request", "authorization", "complaint", "page"}


def back(screen: Screen, times: int) -> list[str]:
    """The headings of the pages before, each of them ours."""
    seen = []
    for _ in range(times):
        screen.page.go_back()
        assert screen.page.url.startswith(BASE + "/sharing"), screen.page.url
        seen.append(screen.heading)
    return seen


@pytest.mark.parametrize("script", [False, True], ids=["no script", "script"])
def test_back_from_where_a_page_complained(house: TestHouse, acme: Registered, screens: Screens, script: bool) -> None:
    screen, home = screens(java_script_enabled=script), house.home(commodities=BOTH)
    screen.ask(acme)
    screen.sign_in(home, "not the password")
    complained(screen, "/sharing/sign-in")
    assert screen.page.get_by_label("Email or user name").input_value() == home.login
    assert screen.page.get_by_label("Password").input_value() == ""
    screen.look("complaint-sign-in" if script else None)
    screen.sign_in(home)
    screen.press("Continue")
    complained(screen, "/sharing/choose")
    screen.box("Electricity").check()
    screen.press("Continue")
    screen.box("Bills").check()
    screen.open_end()
    screen.page.locator("#until_day").fill("2020-01-01")
    screen.press("Share")
    complained(screen, "/sharing/review")
    screen.look("complaint-review" if script else None)
    assert screen.page.locator("#until_day").input_value() == "2020-01-01"
    assert screen.box("Bills").is_checked()
    # before it is mended
    assert back(screen, 2) == ["Share with Acme Energy", "Which homes or services do you want to share?"]
    screen.page.go_forward()
    screen.page.go_forward()
    complained(screen, "/sharing/review")
    screen.page.locator("#until_day").fill(house.day(-30).isoformat())
    screen.press("Share")
    done = screen.heading
    assert back(screen, 2) == [done, done]


def test_back_from_the_pages_of_what_is_shared(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    held = house.share(acme, home, EVERYTHING)
    screen.own(home)
    screen.page.get_by_role("link", name="Stop sooner").click()
    screen.press("Save the change")
    complained(screen, "/sharing/shorten")
    screen.open(f"/sharing/stop?authorization={held.id}")
    house.house.consent.withdraw(held.id, Ending.CUSTOMER)
    # it was stopped elsewhere meanwhile
    screen.press("Stop sharing")
    assert urlsplit(screen.page.url).path == "/sharing/told"
    assert screen.heading == "This is not open any more"
    screen.look("complaint-told")
    screen.page.get_by_role("link", name="My data sharing").click()
    assert back(screen, 3) == ["This is not open any more"] * 3
