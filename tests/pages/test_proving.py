"""The ways in that go by mail: a code for an account number, and a link to another password."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.custodian.houses import PASSWORD, Home, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, STATE, Screen
from wattshare.custodian.services.registration import Registered
from wattshare.custodian.services.tries import ASKED

OTHER = "This code does not match. Look at it again and type it once more."
USED_UP = "This code does not work any more. Ask for another one."
NEW = "a better battery staple"


@pytest.fixture
def settings() -> dict[str, Any]:
    """Mails and text messages are files."""
    return {"mail_dir": "mail"}


@pytest.fixture
def home(house: TestHouse) -> Home:
    """A customer with one service."""
    return house.home()


def sent(house: TestHouse, tmp_path: Path) -> list[str]:
    """The messages that went out, the latest last."""
    house.work()
    files = sorted((tmp_path / "mail").glob("[!.]*"), key=lambda file: file.stat().st_mtime_ns)
    return [file.read_text() for file in files]


def code_of(message: str) -> str:
    [code] = set(re.findall(r"\b\d{6}\b", message.partition("\n\n")[2]))
    return str(code)


def link_of(message: str) -> str:
    return str(re.findall(r"https://share\.example(/sharing/new-password\?link=[\w-]+)", message)[0])


def ask_for_code(screen: Screen, number: str, by: str = "Send a code by email") -> None:
    screen.page.get_by_label("Account number").fill(number)
    screen.press(by)
    assert screen.heading == "Type the code"


def type_code(screen: Screen, code: str) -> None:
    screen.page.get_by_label("Code").fill(code)
    screen.press("Continue")


def test_a_customer_comes_in_by_a_code_and_decides(
    house: TestHouse, acme: Registered, home: Home, screens: Screens, tmp_path: Path
) -> None:
    screen = screens(viewport=DESKTOP)
    screen.ask(acme)
    screen.look("sign-in-codes-desktop")
    # two custodian screens follow: the review, and what is shared
    ask_for_code(screen, home.account_number)
    screen.look("code-desktop")
    field = screen.page.get_by_label("Code")
    assert field.get_attribute("autocomplete") == "one-time-code"
    [mail] = sent(house, tmp_path)
    assert f"To: {home.customer.email}" in mail
    # as it is copied, with a blank in it
    code = code_of(mail)
    type_code(screen, f" {code[:3]} {code[3:]}")
    assert screen.heading == "Share with Acme Energy"
    # the code's page is behind them
    screen.page.go_back()
    assert screen.heading == "Share with Acme Energy"
    screen.share()
    assert screen.arrived["state"] == STATE


@pytest.mark.parametrize("known", [True, False])
def test_a_number_that_is_nobodys_looks_like_any_other(
    house: TestHouse, acme: Registered, home: Home, screen: Screen, tmp_path: Path, known: bool
) -> None:
    screen.ask(acme, login="guest")
    screen.look("sign-in-codes")
    ask_for_code(screen, home.account_number if known else "99999999999", "Send a code by text message")
    screen.look("code")
    messages = sent(house, tmp_path)
    assert len(messages) == (1 if known else 0)
    right = code_of(messages[0]) if known else "000000"
    wrong = "111111" if right != "111111" else "222222"
    for _ in range(5):
        type_code(screen, wrong)
        assert screen.problem == OTHER
    screen.look("code-wrong")
    type_code(screen, right)
    assert screen.problem == USED_UP
    # who asks still stands there, and the way back
    screen.press("Cancel and go back to Acme Energy")
    assert screen.arrived["error"] == "access_denied"


def test_another_code_takes_the_place_of_the_one_before(
    house: TestHouse, acme: Registered, home: Home, screen: Screen, screens: Screens, tmp_path: Path
) -> None:
    screen.ask(acme)
    ask_for_code(screen, home.account_number)
    [first] = map(code_of, sent(house, tmp_path))
    house.clock.advance(1)
    screen.press("Send another code")
    assert "Another code is on its way." in screen.words
    screen.look("code-again")
    second = code_of(sent(house, tmp_path)[-1])
    if first != second:
        type_code(screen, first)
        assert screen.problem == OTHER
    # it opens nothing in another browser
    other = screens()
    other.ask(acme)
    ask_for_code(other, house.home().account_number)
    type_code(other, second)
    assert other.problem == OTHER
    # nor with a session's code page that was left open while its time passed
    type_code(screen, second)
    assert screen.heading == "Share with Acme Energy"
    screen.open("/sharing/code")
    assert screen.heading == "My data sharing"


def test_a_code_lasts_ten_minutes_and_works_once(
    house: TestHouse, acme: Registered, home: Home, screen: Screen, tmp_path: Path
) -> None:
    screen.ask(acme)
    ask_for_code(screen, home.account_number)
    [late] = map(code_of, sent(house, tmp_path))
    house.clock.advance(600)
    type_code(screen, late)
    assert screen.problem == USED_UP
    screen.page.get_by_role("link", name="Take another way in").click()
    ask_for_code(screen, home.account_number)
    # pressed twice
    screen.page.get_by_label("Code").fill(code_of(sent(house, tmp_path)[-1]))
    screen.button("Continue").click(click_count=2, delay=20)
    screen.button("Share").wait_for()
    assert screen.heading == "Share with Acme Energy"


def test_codes_are_not_asked_for_without_end(house: TestHouse, acme: Registered, home: Home, screen: Screen) -> None:
    screen.ask(acme)
    ask_for_code(screen, home.account_number)
    for _ in range(ASKED.here - 1):
        screen.press("Send another code")
        assert screen.heading == "Type the code"
    screen.press("Send another code")
    assert screen.problem == "Too many tries. Wait a quarter of an hour."


def test_a_forgotten_password_is_recovered_on_the_way_to_the_app(
    house: TestHouse, acme: Registered, home: Home, screen: Screen, screens: Screens, tmp_path: Path
) -> None:
    elsewhere = screens()
    elsewhere.open("/sharing")
    elsewhere.sign_in(home)
    assert elsewhere.heading == "My data sharing"
    screen.ask(acme)
    screen.page.get_by_role("link", name="Forgot your password?").click()
    screen.look("forgotten")
    screen.page.get_by_label("Email or user name").fill(home.login)
    screen.press("Send the link")
    assert screen.heading == "Look into your mail"
    screen.look("forgotten-sent")
    [mail] = sent(house, tmp_path)
    link = link_of(mail)
    # a program that looks at mails does not use it up
    screens().open(link)
    screen.open(link)
    assert "Acme Energy is asking" in screen.page.locator("header").inner_text()
    screen.look("new-password")
    for first, again, told in (
        (NEW, NEW + "!", "The two passwords are not the same"),
        ("short", "short", "too short"),
    ):
        screen.page.get_by_label("New password").fill(first)
        screen.page.get_by_label("The same once more").fill(again)
        screen.press("Save and go on")
        assert told in screen.problem
    screen.look("new-password-wrong")
    screen.page.get_by_label("New password").fill(NEW)
    screen.page.get_by_label("The same once more").fill(NEW)
    screen.press("Save and go on")
    assert screen.heading == "Share with Acme Energy"
    # the session elsewhere is over, the link is used, and the old password is none
    elsewhere.open("/sharing")
    assert elsewhere.heading == "Prove it is you"
    elsewhere.sign_in(home, PASSWORD)
    assert "do not match" in elsewhere.problem
    elsewhere.sign_in(home, NEW)
    assert elsewhere.heading == "My data sharing"
    assert screens().open(link).status == 410


@pytest.mark.parametrize("known", [True, False])
def test_who_asks_for_a_link_is_told_the_same(
    house: TestHouse, home: Home, screen: Screen, tmp_path: Path, known: bool
) -> None:
    screen.open("/sharing/forgotten")
    screen.page.get_by_label("Email or user name").fill(home.login.upper() if known else "nobody")
    screen.press("Send the link")
    assert screen.heading == "Look into your mail"
    mails = sent(house, tmp_path)
    assert len(mails) == (1 if known else 0)
    house.clock.advance(1_800)
    told = screen.open(link_of(mails[0]) if known else "/sharing/new-password?link=x")
    assert (told.status, screen.heading) == (410, "This link does not work any more")
    screen.look("link-used-up")


def test_a_session_that_ends_in_the_middle_is_told_and_the_request_waits(
    house: TestHouse, acme: Registered, home: Home, screen: Screen
) -> None:
    object.__setattr__(house.house.sign_in, "session_seconds", 300)
    screen.ask(acme)
    screen.sign_in(home)
    house.clock.advance(301)
    screen.press("Share")
    assert screen.heading == "That did not work"
    assert "What the app asks for still waits for you." in screen.words
    screen.look("timed-out")
    screen.page.get_by_role("link", name="Sign in again and go on").click()
    assert "Acme Energy is asking" in screen.page.locator("header").inner_text()
    screen.sign_in(home)
    assert screen.heading == "Share with Acme Energy"
    house.clock.advance(301)
    screen.page.reload()
    assert "you were signed out" in screen.words
    screen.look("sign-in-timed-out")
    screen.sign_in(home)
    screen.share()
    assert screen.arrived["state"] == STATE


def test_a_session_warns_before_it_ends_and_a_button_lengthens_it(
    house: TestHouse, acme: Registered, home: Home, screen: Screen
) -> None:
    screen.review(acme, home)
    stay = screen.button("Stay signed in")
    assert not stay.is_visible()
    # its time is there two minutes before the end
    told = "() => document.querySelector('.ending').getAnimations()[0].effect.getTiming().delay"
    assert screen.page.evaluate(told) == (house.house.sign_in.session_seconds - 120) * 1000
    screen.box("Bills").check()
    house.clock.advance(house.house.sign_in.session_seconds - 60)
    screen.page.evaluate("() => document.querySelector('.ending').getAnimations()[0].finish()")
    warning = screen.page.locator(".ending")
    assert "you are signed out soon" in warning.inner_text()
    screen.look("session-warning")
    with screen.page.expect_response("**/sharing/stay") as answer:
        stay.click()
    assert answer.value.status == 204
    assert "You stay signed in." in warning.inner_text()
    # it goes after a while, and comes again when time is nearly over again
    screen.page.evaluate("() => document.body.getAnimations().forEach((one) => one.finish())")
    assert not warning.is_visible()
    assert screen.page.evaluate(told) == 2 * (house.house.sign_in.session_seconds - 120) * 1000
    # the page is as it was, and its session lasts
    assert screen.box("Bills").is_checked()
    house.clock.advance(house.house.sign_in.session_seconds - 60)
    screen.open("/sharing")
    assert screen.heading == "My data sharing"
    screen.open("/")
    assert screen.page.locator(".ending").count() == 0
