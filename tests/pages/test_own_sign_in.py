"""The utility's own sign-in, in a real browser: there, back, and out again."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.custodian.houses import PASSWORD, Home, TestHouse
from tests.custodian.identities import Provider, free_port, providing, settings_for
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, STATE, Screen
from wattshare.custodian.services.registration import Registered


@pytest.fixture
def settings() -> dict[str, Any]:
    """With a sign-in of its own, and mails."""
    return settings_for(free_port()) | {"mail_dir": "mail"}


@pytest.fixture
def provider(house: TestHouse) -> Iterator[Provider]:
    """Which answers."""
    with providing(house) as answering:
        yield answering


@pytest.fixture
def home(house: TestHouse) -> Home:
    """A customer with one service."""
    return house.home()


def sign_in_there(screen: Screen, home: Home) -> None:
    screen.page.get_by_role("link", name="Go on to My Riverton").click()
    assert screen.heading == "Sign in to My Riverton"
    screen.page.get_by_label("Login").fill(home.login)
    screen.page.get_by_label("Password").fill(PASSWORD)
    screen.press("Sign in")


def test_a_customer_signs_in_there_and_decides_here(
    provider: Provider, acme: Registered, home: Home, screen: Screen
) -> None:
    screen.ask(acme)
    headings = screen.page.locator("h2").all_inner_texts()
    assert headings == ["Sign in to My Riverton", "Sign in here", "I don’t have an online account", "Get help"]
    screen.look("sign-in-own")
    sign_in_there(screen, home)
    # two screens here: the review, and what is shared
    assert screen.heading == "Share with Acme Energy"
    screen.page.go_back()
    screen.page.go_forward()
    assert screen.heading == "Share with Acme Energy"
    screen.share()
    assert screen.arrived["state"] == STATE
    screen.open("/sharing")
    screen.press("Sign out")
    screen.page.wait_for_url("**/?signed_out=yes")
    assert "You are signed out." in screen.words
    assert provider.memory.browsers == {}


def test_who_turns_back_there_may_take_another_way(
    provider: Provider, acme: Registered, home: Home, screens: Screens
) -> None:
    screen = screens(viewport=DESKTOP)
    screen.ask(acme)
    screen.look("sign-in-own-desktop")
    screen.page.get_by_role("link", name="Go on to My Riverton").click()
    screen.press("Cancel")
    assert screen.problem == "You did not sign in there. Try again, or take another way in."
    screen.look("sign-in-own-declined")
    screen.page.get_by_label("Account number").fill(home.account_number)
    screen.page.get_by_label("Phone number").fill(home.phone)
    screen.press("Continue")
    assert screen.heading == "Share with Acme Energy"


def test_an_answer_that_comes_twice_or_from_nowhere_is_told(provider: Provider, screen: Screen) -> None:
    assert screen.open("/sharing/own/back?code=x&state=y").status == 400
    assert screen.heading == "This is not open any more"
    screen.look("own-not-open")
