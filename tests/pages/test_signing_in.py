"""The way in: with an account, as a guest, and with what does not match."""

import pytest

from tests.custodian.houses import BASE, PASSWORD, Home, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, STATE, Screen
from wattshare.custodian.services.registration import Registered
from wattshare.custodian.services.tries import FAILURES, WINDOW_SECONDS, Tries

WRONG = "These details do not match. Check them and try again."


@pytest.fixture
def home(house: TestHouse) -> Home:
    """A customer with one service."""
    return house.home()


def test_a_customer_signs_in_and_decides(acme: Registered, home: Home, screen: Screen) -> None:
    screen.ask(acme)
    screen.look("sign-in")
    screen.sign_in(home)
    assert screen.heading == "Share with Acme Energy"


def test_a_guest_comes_in_by_what_stands_on_the_bill(acme: Registered, home: Home, screen: Screen) -> None:
    screen.ask(acme, login="guest")
    screen.look("sign-in-guest")
    headings = screen.page.locator("h2").all_inner_texts()
    assert headings[:2] == ["I don’t have an online account", "Sign in to Riverton Power"]
    screen.come_as_guest(home)
    assert screen.heading == "Share with Acme Energy"
    screen.share()
    assert screen.arrived["state"] == STATE


@pytest.mark.parametrize("known", [True, False])
def test_what_does_not_match_is_told_in_the_same_words(
    acme: Registered, home: Home, screen: Screen, known: bool
) -> None:
    screen.ask(acme)
    screen.page.get_by_label("Email or user name").fill(home.login if known else "nobody@home.example")
    screen.page.get_by_label("Password").fill("wrong")
    screen.press("Sign in")
    assert screen.problem == WRONG
    assert screen.focused == "problem"
    # what was typed stays, but for the password
    assert screen.page.get_by_label("Email or user name").input_value() == (
        home.login if known else "nobody@home.example"
    )
    assert screen.page.get_by_label("Password").input_value() == ""
    screen.look("sign-in-wrong")
    screen.page.get_by_label("Email or user name").fill(home.login)
    screen.page.get_by_label("Password").fill(PASSWORD)
    screen.press("Sign in")
    assert screen.heading == "Share with Acme Energy"


@pytest.mark.parametrize("known", [True, False])
def test_a_guest_who_does_not_match_is_told_the_same(acme: Registered, home: Home, screen: Screen, known: bool) -> None:
    screen.ask(acme)
    screen.page.get_by_label("Account number").fill(home.account_number if known else "99999999999")
    screen.page.get_by_label("Phone number").fill("555-0199")
    screen.press("Continue")
    assert screen.problem == WRONG
    # their own form comes first then
    assert screen.page.locator("h2").first.inner_text() == "I don’t have an online account"
    screen.look("sign-in-guest-wrong")


def test_too_many_tries_are_slowed_down(house: TestHouse, acme: Registered, home: Home, screen: Screen) -> None:
    with house.store.begin() as tx:
        for _ in range(FAILURES.here):
            tx.sessions.fail(Tries(f"login:{home.login}", "127.0.0.1").here, house.clock())
    screen.ask(acme)
    screen.sign_in(home)
    assert screen.problem == "Too many tries. Wait a quarter of an hour."
    screen.look("sign-in-too-many")
    house.clock.advance(WINDOW_SECONDS + 1)
    screen.sign_in(home)
    assert screen.heading == "Share with Acme Energy"


def test_who_is_signed_in_is_asked_at_once(acme: Registered, home: Home, screen: Screen) -> None:
    screen.open("/sharing")
    screen.sign_in(home)
    screen.ask(acme)
    assert screen.heading == "Share with Acme Energy"
    screen.open("/sharing/sign-in")
    assert screen.heading == "My data sharing"


def test_somebody_else_may_sign_in_instead(house: TestHouse, acme: Registered, home: Home, screen: Screen) -> None:
    other = house.home(name="Ada Pine")
    screen.review(acme, home)
    assert "You are signed in as Customer 1." in screen.words
    screen.press("Not you?")
    assert screen.heading == "Prove it is you"
    screen.sign_in(other)
    assert "You are signed in as Ada Pine." in screen.words
    assert "2 Pine St, Riverton" in screen.words
    assert "1 Elm St" not in screen.words
    screen.press("Share")
    with house.store.read() as tx:
        assert tx.authorizations.of_customer(home.customer.id) == ()
        assert len(tx.authorizations.of_customer(other.customer.id)) == 1


def test_the_page_of_ones_own_asks_who_one_is(home: Home, screen: Screen) -> None:
    screen.open("/")
    screen.look("front")
    screen.page.get_by_role("link", name="My data sharing").click()
    assert screen.heading == "Prove it is you"
    assert "is asking" not in screen.words
    screen.look("sign-in-no-request")
    screen.sign_in(home)
    assert screen.heading == "My data sharing"
    # who wanted to see something else comes there, once
    screen.press("Sign out")
    screen.page.get_by_role("link", name="See your energy use").click()
    screen.sign_in(home)
    assert screen.page.url.endswith("/sharing/usage")
    screen.open("/sharing")
    screen.press("Sign out")
    screen.page.get_by_role("link", name="My data sharing").click()
    screen.sign_in(home)
    assert screen.heading == "My data sharing"
    # and nowhere else, whatever the cookie says
    screen.press("Sign out")
    cookie = {"name": "__Host-wattshare-to", "value": "//evil.example", "url": BASE + "/", "secure": True}
    screen.context.add_cookies([cookie])  # type: ignore[list-item]
    screen.open("/sharing")
    screen.sign_in(home)
    assert screen.heading == "My data sharing"


def test_a_customer_turns_back_before_signing_in(acme: Registered, screen: Screen) -> None:
    screen.ask(acme)
    screen.press("Cancel and go back to Acme Energy")
    told = screen.arrived
    assert (told["error"], told["state"]) == ("access_denied", STATE)


def test_the_way_in_needs_no_mouse(acme: Registered, home: Home, screen: Screen) -> None:
    screen.ask(acme)
    keys = screen.page.keyboard
    keys.press("Tab")
    assert screen.focused == "Skip to the main content"
    screen.look("focus-skip")
    keys.press("Enter")
    keys.press("Tab")
    assert screen.focused == "login"
    screen.look("focus-field")
    keys.type(home.login)
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    screen.button("Share").wait_for()
    assert screen.heading == "Share with Acme Energy"


def test_the_order_of_the_keyboard_is_that_of_the_eye(acme: Registered, screen: Screen) -> None:
    screen.ask(acme, login="guest")
    seen = []
    for _ in range(10):
        screen.page.keyboard.press("Tab")
        seen.append(screen.focused)
    assert seen == [
        *("Skip to the main content", "Riverton Power", "Cancel and go back to Acme Energy"),
        *("account_number", "phone", "Continue", "login", "password", "Sign in"),
        "share@rivertonpower.example",
    ]


def test_two_ways_in_stand_side_by_side_where_there_is_room(acme: Registered, screens: Screens) -> None:
    screen = screens(viewport=DESKTOP)
    screen.ask(acme)
    screen.look("sign-in-desktop")
    tops = [box["y"] for form in screen.page.locator("form.way").all() if (box := form.bounding_box())]
    assert tops[0] == tops[1]


@pytest.mark.parametrize("milliseconds", [20, 60])
def test_pressing_twice_signs_in_once(acme: Registered, home: Home, screen: Screen, milliseconds: int) -> None:
    screen.ask(acme)
    screen.page.get_by_label("Email or user name").fill(home.login)
    screen.page.get_by_label("Password").fill(PASSWORD)
    screen.button("Sign in").click(click_count=2, delay=milliseconds)
    screen.button("Share").wait_for()
    screen.share()
    assert screen.arrived["state"] == STATE
