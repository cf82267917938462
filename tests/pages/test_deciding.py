"""The page of the decision: what is asked, by whom, for which services, until when; share or don't."""

from datetime import date, timedelta

import pytest

from tests.custodian.houses import EVERYTHING, PASSWORD, Home, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, STATE, Screen
from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.parties import Role, Standing
from wattshare.custodian.model.premises import Commodity
from wattshare.custodian.services.registration import Registered
from wattshare.espi.days import midnight
from wattshare.espi.kinds import Kind

BOTH = (Commodity.ELECTRICITY, Commodity.GAS)


def given(house: TestHouse, home: Home) -> Authorization:
    """The one permission of a customer."""
    with house.store.read() as tx:
        [held] = tx.authorizations.of_customer(home.customer.id)
    return held


def shared(house: TestHouse, home: Home) -> set[int]:
    """The agreements in it."""
    held = given(house, home)
    with house.store.read() as tx:
        return {agreement for _, agreement in tx.authorizations.shared(held.id)}


def ends(house: TestHouse, day: date) -> int:
    """The first second without sharing, when that is the last day of it."""
    return midnight(day + timedelta(days=1), house.house.profile.zone)


# what is there


def test_who_asks_and_for_what_is_said(house: TestHouse, acme: Registered, screen: Screen) -> None:
    screen.review(acme, house.home())
    screen.look("review")
    for said in (
        "Acme Energy asks to see your energy data. It has been registered with Riverton Power since March 2024.",
        "Why, in their words: To size a heat pump for your home.",
        "1 Elm St, Riverton Electricity, number ends in 0001",
        "Energy use How much you use, down to every 15 minutes. Acme Energy does not work without it.",
        "From: the past 4 years",
        "Suggested: March 13, 2025.",
        "You can stop at any time in My data sharing.",
    ):
        assert said in screen.words


def test_a_partner_is_named(house: TestHouse, screen: Screen) -> None:
    house.third_party("Quiet Partner", role=Role.PARTNER, redirect_uris=())
    primary = house.third_party("Loud Primary", role=Role.PRIMARY, partner="Quiet Partner")
    screen.review(primary, house.home())
    assert "Together with Quiet Partner, which gets the same data." in screen.words
    screen.look("review-partner")


def test_what_is_needed_is_fixed_and_what_is_liked_is_not_ticked(
    house: TestHouse, acme: Registered, screen: Screen
) -> None:
    screen.review(acme, house.home())
    needed = screen.box("Energy use")
    assert (needed.is_checked(), needed.is_disabled()) == (True, True)
    liked = screen.page.locator("input[name=kind]")
    assert liked.count() == len(EVERYTHING) - 1
    assert not any(box.is_checked() for box in liked.all())
    screen.press("Share")
    assert screen.arrived["scope"]


def test_what_is_ticked_is_shared_and_nothing_else(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    screen.review(acme, home)
    screen.box("Bills").check()
    screen.press("Share")
    assert set(screen.arrived) == {"code", "scope", "iss", "state"}
    assert screen.arrived["state"] == STATE
    assert given(house, home).kinds == {Kind.USAGE, Kind.BILLING}


def test_the_two_answers_are_alike(house: TestHouse, acme: Registered, screens: Screens) -> None:
    home = house.home()
    for viewport in (None, DESKTOP):
        screen = screens(**({"viewport": viewport} if viewport else {}))
        screen.review(acme, home)
        share, decline = (screen.button(name) for name in ("Share", "Don’t share"))
        look = "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.font, s.border] }"
        assert share.evaluate(look) == decline.evaluate(look)
        boxes = [button.bounding_box() for button in (share, decline)]
        assert [(box["width"], box["height"]) for box in boxes if box] == [
            (boxes[0]["width"], boxes[0]["height"])  # type: ignore[index]
        ] * 2


# declining


def test_a_customer_says_no_and_is_not_asked_again(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    screen.review(acme, home)
    review = screen.page.url
    screen.press("Don’t share")
    told = screen.arrived
    assert (told["error"], told["state"]) == ("access_denied", STATE)
    with house.store.read() as tx:
        assert tx.authorizations.of_customer(home.customer.id) == ()
    # the button that leads back shows that it is over
    screen.open(review)
    assert "This request was answered already" in screen.words
    screen.look("answered-already")


# which services


def test_of_several_services_none_is_chosen(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home(commodities=BOTH)
    screen.review(acme, home)
    screen.look("review-two-services")
    assert not any(box.is_checked() for box in screen.page.locator("input[name=agreement]").all())
    screen.box("Bills").check()
    screen.press("Share")
    assert screen.problem == "Choose at least one home or service. Go there"
    assert screen.focused == "problem"
    screen.look("review-none-chosen")
    # what was chosen before stands
    assert screen.box("Bills").is_checked()
    screen.box("Gas").check()
    screen.press("Share")
    assert screen.arrived["state"] == STATE
    assert shared(house, home) == {home.agreements[1].id}


def test_a_single_service_is_chosen_already_and_can_be_taken_back(
    house: TestHouse, acme: Registered, screen: Screen
) -> None:
    screen.review(acme, house.home())
    [only] = screen.page.locator("input[name=agreement]").all()
    assert only.is_checked()
    only.uncheck()
    screen.press("Share")
    assert screen.problem.startswith("Choose at least one home or service.")
    assert not screen.page.locator("input[name=agreement]").is_checked()


def test_an_ended_service_is_greyed_with_its_reason(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home(commodities=BOTH)
    with house.store.begin() as tx:
        tx.customers.end_agreement(home.agreements[1].id, house.midnight(2))
    screen.review(acme, home)
    gas = screen.box("Gas")
    assert (gas.is_checked(), gas.is_disabled()) == (False, True)
    assert "This service has ended. Its last day was March 10, 2024." in screen.words
    # of the two only one can be chosen: it is
    assert screen.box("Electricity").is_checked()
    screen.look("review-ended-service")
    screen.press("Share")
    assert shared(house, home) == {home.agreements[0].id}


def test_who_has_nothing_to_share_can_only_turn_back(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    with house.store.begin() as tx:
        tx.customers.end_agreement(home.agreements[0].id, house.midnight(2))
    screen.review(acme, home)
    assert "There is nothing on your account that could be shared." in screen.words
    assert screen.button("Share").count() == 0
    screen.look("review-nothing")
    screen.press("Don’t share")
    assert screen.arrived["error"] == "access_denied"


# until when


@pytest.mark.parametrize(
    ("asked", "suggested", "earliest"),
    [
        ({}, date(2025, 3, 13), date(2024, 3, 13)),
        ({"scope": "MinAuthEndDate=1750000000"}, date(2025, 6, 15), date(2025, 6, 15)),
        ({"scope": "PreferredAuthEndDate=1720000000"}, date(2024, 7, 3), date(2024, 3, 13)),
        (
            {"scope": "MinAuthEndDate=1715000000;PreferredAuthEndDate=1720000000"},
            date(2024, 7, 3),
            date(2024, 5, 6),
        ),
    ],
)
def test_a_last_day_is_suggested(
    house: TestHouse, acme: Registered, screen: Screen, asked: dict[str, str], suggested: date, earliest: date
) -> None:
    screen.review(acme, house.home(), **asked)
    field = screen.page.get_by_label("Last day")
    assert field.input_value() == suggested.isoformat()
    assert field.get_attribute("min") == earliest.isoformat()
    assert f"Suggested: {suggested:%B} {suggested.day}, {suggested.year}." in screen.words
    assert ("needs at least until" in screen.words) == ("Min" in asked.get("scope", ""))
    screen.look("review-least-end" if "Min" in asked.get("scope", "") else None)


def test_a_typed_day_is_the_last(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home, day = house.home(), date(2024, 12, 24)
    screen.review(acme, home)
    screen.page.get_by_label("Last day").fill(day.isoformat())
    screen.press("Share")
    assert given(house, home).ends == ends(house, day)


def test_a_customer_shares_until_stopping(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    screen.review(acme, home)
    screen.page.get_by_label("Until I stop").check()
    screen.press("Share")
    assert given(house, home).ends is None


def test_a_day_and_until_i_stop_do_not_go_together(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home, day = house.home(), date(2024, 12, 24)
    screen.review(acme, home)
    screen.page.get_by_label("Last day").fill(day.isoformat())
    screen.page.get_by_label("Until I stop").check()
    screen.press("Share")
    assert screen.problem == ("You named a last day, and chose “Until I stop” as well. Choose one of them. Go there")
    screen.look("review-both-ends")
    # the lesser of the two is what is ticked
    assert screen.page.get_by_label("Until a day").is_checked()
    assert screen.page.get_by_label("Last day").input_value() == day.isoformat()
    screen.press("Share")
    assert given(house, home).ends == ends(house, day)


@pytest.mark.parametrize("day", ["2024-04-01", "", "2101-01-01"])
def test_a_last_day_that_does_not_fit_is_told(house: TestHouse, acme: Registered, screen: Screen, day: str) -> None:
    screen.review(acme, house.home(), scope="MinAuthEndDate=1715000000")
    field = screen.page.get_by_label("Last day")
    # a browser that does not keep to the bounds
    field.evaluate("field => { field.removeAttribute('min'); field.removeAttribute('max') }")
    field.fill(day)
    screen.press("Share")
    assert screen.problem.startswith("Choose a last day between May 6, 2024 and December 30, 2100, or share until")
    screen.look("review-wrong-day" if day == "2024-04-01" else None)
    assert screen.page.get_by_label("Last day").input_value() == day


def test_a_browser_holds_back_a_day_that_is_too_early(house: TestHouse, acme: Registered, screen: Screen) -> None:
    screen.review(acme, house.home(), scope="MinAuthEndDate=1715000000")
    screen.page.get_by_label("Last day").fill("2024-04-01")
    screen.press("Share")
    assert screen.heading == "Share with Acme Energy?"
    assert screen.page.get_by_role("alert").count() == 0
    # who says no is not held back
    screen.press("Don’t share")
    assert screen.arrived["error"] == "access_denied"


# without a mouse


def test_the_decision_needs_no_mouse(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home(commodities=BOTH)
    screen.review(acme, home)
    keys = screen.page.keyboard

    def to(name: str) -> None:
        for _ in range(40):
            keys.press("Tab")
            if screen.focused.startswith(name):
                return
        raise AssertionError(f"the keyboard does not come to {name}")

    to(f"agreement-{home.agreements[1].id}")
    keys.press("Space")
    # a slip of the finger in a field shares nothing
    with screen.page.expect_navigation():
        keys.press("Enter")
    assert screen.heading == "Share with Acme Energy?"
    assert screen.box("Gas").is_checked()
    to("kind-billing")
    keys.press("Space")
    to("until-day")
    keys.press("ArrowDown")
    assert screen.focused == "until-stop"
    screen.look("focus-radio")
    to("Share")
    keys.press("Enter")
    screen.page.wait_for_url("**/callback?*")
    assert screen.arrived["state"] == STATE
    held = given(house, home)
    assert (held.kinds, held.ends) == (frozenset({Kind.USAGE, Kind.BILLING}), None)
    assert shared(house, home) == {home.agreements[1].id}


def test_enter_in_the_day_shares_nothing(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    screen.review(acme, home)
    screen.page.get_by_label("Last day").fill("2024-12-24")
    with screen.page.expect_navigation():
        screen.page.get_by_label("Last day").press("Enter")
    assert screen.page.get_by_label("Last day").input_value() == "2024-12-24"
    assert screen.heading == "Share with Acme Energy?"
    with house.store.read() as tx:
        assert tx.authorizations.of_customer(home.customer.id) == ()


# on the way


def test_a_form_that_is_sent_twice_counts_once(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    screen.review(acme, home)
    review = screen.page.url
    screen.press("Share")
    screen.page.go_back()
    # pages are not kept: what comes back is asked for anew
    screen.open(review)
    assert screen.heading == "This is not open any more"
    assert "What you share stands in My data sharing." in screen.words
    given(house, home)
    screen.page.get_by_role("link", name="Go to My data sharing").click()
    assert "Not yet: we wait for the app to come for it" in screen.words
    screen.look("sharing-waiting")


def test_two_tabs_are_two_requests(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home, other = house.home(), house.third_party("Beta Solar")
    second = Screen.of(house, screen.context)
    screen.ask(acme)
    second.ask(other)
    second.sign_in(home)
    assert second.heading == "Share with Beta Solar?"
    # the first tab's form is of before; it leads on all the same
    screen.sign_in(home)
    assert screen.heading == "Share with Acme Energy?"
    screen.press("Don’t share")
    assert screen.arrived["error"] == "access_denied"
    second.press("Share")
    assert second.arrived["state"] == STATE
    assert given(house, home).third_party_id == other.party.id


def test_a_page_of_before_signing_in_again_is_stale(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    screen.review(acme, home)
    second = Screen.of(house, screen.context)
    second.open(screen.page.url)
    second.press("Not you?")
    second.sign_in(home)
    screen.press("Share")
    assert "This page has grown old" in screen.words
    screen.look("stale-page")
    screen.page.get_by_role("link", name="Load the page again").click()
    screen.press("Share")
    assert screen.arrived["state"] == STATE


def test_a_request_does_not_wait_for_ever(house: TestHouse, acme: Registered, screen: Screen) -> None:
    screen.review(acme, house.home())
    house.clock.advance(1_801)
    screen.press("Share")
    assert "you were signed out. Nothing was done." in screen.words
    screen.look("signed-out")
    screen.page.get_by_role("link", name="Go to My data sharing").click()
    assert screen.heading == "Prove it is you"


def test_a_third_party_that_is_suspended_meanwhile_gets_nothing(
    house: TestHouse, acme: Registered, screen: Screen
) -> None:
    home = house.home()
    screen.review(acme, home)
    house.house.registration.move("Acme Energy", Standing.SUSPENDED)
    screen.press("Share")
    assert screen.heading == "This cannot be shared now"
    assert "This app may not ask for data at the moment." in screen.words
    screen.look("suspended")
    with house.store.read() as tx:
        assert tx.authorizations.of_customer(home.customer.id) == ()


def test_who_shares_already_is_told_so(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    house.share(acme, home)
    screen.review(acme, home)
    assert "You share with Acme Energy already. What you choose here takes the place of that." in screen.words
    screen.look("review-again")


def test_a_request_that_nobody_can_read_gets_a_page(acme: Registered, screen: Screen) -> None:
    told = screen.ask(acme, redirect_uri="https://elsewhere.example/callback")
    assert told.status == 400
    assert "redirect_uri is not a registered one" in screen.words
    screen.look("bad-request")


def test_the_pages_work_with_scripts_allowed_too(house: TestHouse, acme: Registered, screens: Screens) -> None:
    screen = screens(java_script_enabled=True)
    home = house.home()
    screen.ask(acme)
    assert screen.page.evaluate("document.scripts.length") == 0
    screen.page.get_by_label("E-mail or user name").fill(home.login)
    screen.page.get_by_label("Password").fill(PASSWORD)
    screen.press("Sign in")
    assert screen.page.evaluate("document.scripts.length") == 0
    screen.press("Share")
    assert screen.arrived["state"] == STATE
