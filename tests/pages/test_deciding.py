"""The page of the decision: what is asked, by whom, for which services, until when; share or don't."""

from datetime import date, timedelta

import pytest

from tests.custodian.houses import EVERYTHING, PASSWORD, Home, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, STATE, Screen
from wattshare.custodian.model.authorization import Authorization
from wattshare.custodian.model.parties import Role, Standing
from wattshare.custodian.model.premises import Commodity, Enrollment, ProgramEnrollment
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
        "Acme Energy · registered with Riverton Power since March 2024 · acme-energy.example",
        "Why they ask To size a heat pump for your home. (their words)",
        "1 Elm St, Riverton (electricity)",
        "Electricity use, every 15 minutes how much you use and when. Acme Energy does not work without it.",
        "They would also like (off unless you choose) Bills: amounts and dates",
        "Energy programs you are in and since when There is none yet.",
        "They will not get: payment details, your password and other homes.",
        "From the past 4 years",
        "Until March 13, 2025",
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
    needed = screen.box("Electricity use")
    assert (needed.is_checked(), needed.is_disabled()) == (True, True)
    liked = screen.page.locator("input[name=kind]")
    assert liked.count() == len(EVERYTHING) - 1
    assert not any(box.is_checked() for box in liked.all())
    screen.share()
    assert screen.arrived["scope"]


def test_what_is_ticked_is_shared_and_nothing_else(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    screen.review(acme, home)
    screen.box("Bills").check()
    screen.share()
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


# see before you share


def test_each_kind_shows_a_sample_of_the_customers_own(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home(commodities=BOTH)
    with house.store.begin() as tx:
        since = (("CUST_DR_PROGRAM_ENROLLMENT_DATE", house.midnight(30)),)
        point, status = home.usage_points[0], Enrollment.ENROLLED
        tx.programs.put(ProgramEnrollment(usage_point_id=point, program="SmartAC", status=status, dates=since))
    screen.review(acme, home)
    for summary in screen.page.locator(".sample summary").all():
        summary.click()
    for told in (
        "Electricity use, 1 Elm St, Riverton, Tuesday, March 12",
        "96 readings, every 15 minutes",
        "Gas use, 1 Elm St, Riverton, Tuesday, March 12",
        "Last bill, Electricity, 1 Elm St, Riverton Dated March 11, 2024 Amount: $233.64 Rate plan: E-1",
        "Customer 1 1 Elm St, Riverton",
        "Account number ends in 0001 Phone number ends in 0001",
        "Electricity, 1 Elm St, Riverton SmartAC: you are in it since February 12, 2024",
    ):
        assert told in screen.words
    assert screen.page.locator("svg.curve").count() == 1
    screen.look("review-samples")


def test_a_sample_shows_no_day_of_who_lived_there_before(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    following = house.home(days=0, bills=0)
    with house.store.begin() as tx:
        tx.customers.end_agreement(home.agreements[0].id, house.midnight(0))
        account = tx.customers.services(following.customer.id)[0].account
        tx.customers.end_agreement(following.agreements[0].id, house.midnight(0))
        tx.customers.add_agreement(home.usage_points[0], account.id, "9900000077", starts=house.midnight(0))
    screen.review(acme, following)
    assert screen.page.get_by_text("See yesterday’s").count() == 0
    assert screen.page.get_by_text("See your last").count() == 0


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
    assert "You answered this request already" in screen.words
    screen.look("answered-already")


# which services


def test_of_several_services_none_is_chosen(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home(commodities=BOTH)
    screen.ask_signed_in(acme, home)
    assert screen.heading == "Which homes or services do you want to share?"
    assert "Acme Energy is asking to see your energy data" in screen.page.locator("header").inner_text()
    screen.look("choose")
    assert not any(box.is_checked() for box in screen.page.locator("input[type=checkbox]").all())
    screen.press("Continue")
    assert screen.problem == "Choose at least one home or service. Go there"
    assert screen.focused == "problem"
    screen.look("choose-none")
    screen.box("Gas").check()
    screen.press("Continue")
    assert screen.heading == "Share with Acme Energy"
    assert "1 Elm St, Riverton (gas)" in screen.words
    assert "Gas use" in screen.words
    screen.look("review-gas")
    # another thought
    screen.page.get_by_role("link", name="Change homes").click()
    assert screen.box("Gas").is_checked()
    screen.press("Continue")
    screen.share()
    assert screen.arrived["state"] == STATE
    assert shared(house, home) == {home.agreements[1].id}


def test_what_the_page_shows_is_shared_whatever_another_tab_chose(
    house: TestHouse, acme: Registered, screen: Screen
) -> None:
    home = house.home(commodities=BOTH)
    screen.ask_signed_in(acme, home)
    screen.box("Gas").check()
    screen.press("Continue")
    second = Screen.of(house, screen.context)
    second.open(screen.page.url.replace("review", "choose"))
    second.page.locator("#all-agreements").check()
    second.press("Continue")
    screen.share()
    assert shared(house, home) == {home.agreements[1].id}


def test_a_single_service_is_chosen_already_and_its_step_is_left_out(
    house: TestHouse, acme: Registered, screen: Screen
) -> None:
    home = house.home()
    screen.ask_signed_in(acme, home)
    assert screen.heading == "Share with Acme Energy"
    screen.share()
    assert shared(house, home) == {home.agreements[0].id}


def test_an_ended_service_is_greyed_with_its_reason(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home, other = house.home(commodities=BOTH), house.home(commodities=(*BOTH, Commodity.ELECTRICITY))
    with house.store.begin() as tx:
        tx.customers.end_agreement(home.agreements[1].id, house.midnight(2))
        tx.customers.end_agreement(other.agreements[1].id, house.midnight(2))
    screen.ask_signed_in(acme, other)
    gas = screen.box("Gas")
    assert (gas.is_checked(), gas.is_disabled()) == (False, True)
    assert "This service has ended. Its last day was March 10, 2024." in screen.words
    screen.look("choose-ended")
    # of the two only one can be chosen: it is, and the other is said
    screen.ask_signed_in(acme, home)
    screen.page.get_by_text("What cannot be shared").click()
    assert "Gas, number ends in" in screen.words
    assert "This service has ended. Its last day was March 10, 2024." in screen.words
    # what cannot be chosen any more leads to the choice
    screen.page.locator("#decision input[name=agreement]").evaluate("(field) => { field.value = 4711 }")
    screen.press("Share")
    assert screen.problem == "Choose at least one home or service. Go there"
    screen.link("Go there").click()
    assert screen.heading == "Which homes or services do you want to share?"
    screen.ask_signed_in(acme, home)
    screen.share()
    assert shared(house, home) == {home.agreements[0].id}


def test_who_has_nothing_to_share_can_only_turn_back(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    with house.store.begin() as tx:
        tx.customers.end_agreement(home.agreements[0].id, house.midnight(2))
    screen.review(acme, home)
    assert "There is nothing on your account that could be shared." in screen.words
    assert "They need" not in screen.words
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
        # midnight: the day before is the last
        ({"scope": "MinAuthEndDate=1717225200;PreferredAuthEndDate=1717225200"}, date(2024, 5, 31), date(2024, 5, 31)),
        # as far as a time can be
        ({"scope": "MinAuthEndDate=9223372036854775807"}, date(2100, 12, 30), date(2100, 12, 30)),
    ],
)
def test_a_last_day_is_suggested(
    house: TestHouse, acme: Registered, screen: Screen, asked: dict[str, str], suggested: date, earliest: date
) -> None:
    screen.review(acme, house.home(), **asked)
    field = screen.page.get_by_label("Last day")
    assert field.input_value() == suggested.isoformat()
    assert field.get_attribute("min") == earliest.isoformat()
    assert f"Until {suggested:%B} {suggested.day}, {suggested.year}" in screen.words
    screen.open_end()
    # what is chosen there is not contradicted
    assert f"Until {suggested:%B} {suggested.day}, {suggested.year}" not in screen.words
    assert ("needs at least until" in screen.words) == ("Min" in asked.get("scope", ""))
    screen.look("review-least-end" if "Min" in asked.get("scope", "") else None)
    screen.press("Share")
    assert f"until {suggested:%B} {suggested.day}, {suggested.year}" in screen.words


def test_a_typed_day_is_the_last(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home, day = house.home(), date(2024, 12, 24)
    screen.review(acme, home)
    screen.open_end()
    screen.page.get_by_label("Last day").fill(day.isoformat())
    screen.press("Share")
    assert given(house, home).ends == ends(house, day)


def test_a_customer_shares_until_stopping(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    screen.review(acme, home)
    screen.open_end()
    screen.page.get_by_label("Until I stop").check()
    screen.press("Share")
    assert given(house, home).ends is None


def test_a_day_and_until_i_stop_do_not_go_together(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home, day = house.home(), date(2024, 12, 24)
    screen.review(acme, home)
    screen.open_end()
    screen.page.get_by_label("Last day").fill(day.isoformat())
    screen.page.get_by_label("Until I stop").check()
    screen.press("Share")
    assert screen.problem == ("You named a last day, and chose another end as well. Choose one of them. Go there")
    screen.look("review-both-ends")
    # the lesser of the two is what is ticked
    assert screen.page.get_by_label("Until a day").is_checked()
    assert screen.page.get_by_label("Last day").input_value() == day.isoformat()
    screen.press("Share")
    assert given(house, home).ends == ends(house, day)


@pytest.mark.parametrize("day", ["2024-04-01", "", "2101-01-01"])
def test_a_last_day_that_does_not_fit_is_told(house: TestHouse, acme: Registered, screen: Screen, day: str) -> None:
    screen.review(acme, house.home(), scope="MinAuthEndDate=1715000000")
    screen.open_end()
    field = screen.page.get_by_label("Last day")
    # a browser that does not keep to the bounds
    field.evaluate("field => { field.removeAttribute('min'); field.removeAttribute('max') }")
    field.fill(day)
    screen.press("Share")
    assert screen.problem.startswith("Choose a last day between May 6, 2024 and December 30, 2100, or share until")
    screen.look("review-wrong-day" if day == "2024-04-01" else None)
    assert screen.page.get_by_label("Last day").input_value() == day


def test_a_day_that_is_folded_away_holds_nothing_back(house: TestHouse, acme: Registered, screen: Screen) -> None:
    screen.review(acme, house.home(), scope="MinAuthEndDate=1715000000")
    screen.open_end()
    screen.page.get_by_label("Last day").fill("2024-04-01")
    screen.open_end()
    screen.press("Share")
    assert screen.problem.startswith("Choose a last day between May 6, 2024 and December 30, 2100")
    assert screen.page.get_by_label("Last day").is_visible()
    # who says no is not held back
    screen.press("Don’t share")
    assert screen.arrived["error"] == "access_denied"


# without a mouse


def test_the_decision_needs_no_mouse(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home(commodities=BOTH)
    screen.ask_signed_in(acme, home)
    keys = screen.page.keyboard

    def to(name: str) -> None:
        for _ in range(40):
            keys.press("Tab")
            if screen.focused.startswith(name):
                return
        raise AssertionError(f"the keyboard does not come to {name}")

    to(f"agreement-{home.agreements[1].id}")
    keys.press("Space")
    with screen.page.expect_navigation():
        keys.press("Enter")
    assert screen.heading == "Share with Acme Energy"
    to("kind-billing")
    keys.press("Space")
    # a slip of the finger in a field shares nothing
    with screen.page.expect_navigation():
        keys.press("Enter")
    assert screen.heading == "Share with Acme Energy"
    assert screen.box("Bills").is_checked()
    to("Change the end")
    keys.press("Enter")
    to("until-day")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    assert screen.focused == "until-stop"
    screen.look("focus-radio")
    to("Share")
    keys.press("Enter")
    screen.button_like("Go back to").wait_for()
    to("Go back to Acme Energy")
    keys.press("Enter")
    screen.page.wait_for_url("**/callback?*")
    assert screen.arrived["state"] == STATE
    held = given(house, home)
    assert (held.kinds, held.ends) == (frozenset({Kind.USAGE, Kind.BILLING}), None)
    assert shared(house, home) == {home.agreements[1].id}


def test_enter_in_the_day_shares_nothing(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    screen.review(acme, home)
    screen.open_end()
    screen.page.get_by_label("Last day").fill("2024-12-24")
    with screen.page.expect_navigation():
        screen.page.get_by_label("Last day").press("Enter")
    assert screen.page.get_by_label("Last day").input_value() == "2024-12-24"
    assert screen.heading == "Share with Acme Energy"
    with house.store.read() as tx:
        assert tx.authorizations.of_customer(home.customer.id) == ()


# on the way


def test_a_form_that_is_sent_twice_counts_once(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    screen.review(acme, home)
    review = screen.page.url
    screen.press("Share")
    assert screen.heading == "You share with Acme Energy"
    assert "Acme Energy can now see electricity use for 1 Elm St, Riverton (electricity) until" in screen.words
    screen.look("done")
    done = screen.page.url
    # pages are not kept: what comes back is asked for anew, and it is done already
    screen.open(review)
    assert screen.page.url == done
    screen.button_like("Go back to").click()
    first = screen.arrived
    screen.open(done)
    screen.button_like("Go back to").click()
    assert screen.arrived == first
    given(house, home)
    screen.open("/sharing")
    assert "Not yet: we wait for the app to come for it" in screen.words
    screen.look("sharing-waiting")
    house.clock.advance(601)
    assert screen.open(done).status == 404
    assert screen.heading == "This is not open any more"
    assert "What you share stands in My data sharing." in screen.words


def test_the_way_back_goes_by_itself_unless_the_customer_stays(
    house: TestHouse, acme: Registered, screen: Screen
) -> None:
    screen.review(acme, house.home())
    screen.press("Share")
    told = screen.open(screen.page.url)
    assert told.headers["refresh"].startswith("10;url=/sharing/return?request=")
    assert "We send you back to Acme Energy in 10 seconds." in screen.words
    screen.page.get_by_role("link", name="Stay on this page").click()
    assert "We send you back" not in screen.words
    told = screen.open(screen.page.url)
    assert "refresh" not in told.headers
    # nor is who was at the app already sent there again
    done = screen.page.url.replace("stay=yes&", "")
    screen.button_like("Go back to").click()
    assert "code" in screen.arrived
    told = screen.open(done)
    assert screen.button_like("Go back to").count() == 1
    assert "refresh" not in told.headers


def test_somebody_else_at_the_browser_sees_nothing_of_it(house: TestHouse, acme: Registered, screen: Screen) -> None:
    screen.review(acme, house.home())
    screen.press("Share")
    done = screen.page.url
    screen.context.clear_cookies()
    screen.be_signed_in(house.home())
    assert screen.open(done).status == 404
    assert screen.open(done.replace("done", "return")).status == 404


def test_two_tabs_are_two_requests(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home, other = house.home(), house.third_party("Beta Solar")
    second = Screen.of(house, screen.context)
    screen.ask(acme)
    second.ask(other)
    second.sign_in(home)
    assert second.heading == "Share with Beta Solar"
    # the first tab's form is of before; it leads on all the same
    screen.sign_in(home)
    assert screen.heading == "Share with Acme Energy"
    screen.press("Don’t share")
    assert screen.arrived["error"] == "access_denied"
    second.share()
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
    screen.share()
    assert screen.arrived["state"] == STATE


def test_a_request_does_not_wait_for_ever(house: TestHouse, acme: Registered, screen: Screen) -> None:
    screen.review(acme, house.home())
    house.clock.advance(1_801)
    screen.press("Share")
    assert "you signed out elsewhere. Nothing was shared or changed." in screen.words
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
    # and so when it sends somebody anew
    assert screen.ask(acme).status == 400
    assert screen.heading == "This cannot be shared now"
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
    screen.page.get_by_label("Email or user name").fill(home.login)
    screen.page.get_by_label("Password").fill(PASSWORD)
    screen.press("Sign in")
    assert screen.page.evaluate("document.scripts.length") == 0
    screen.share()
    assert screen.arrived["state"] == STATE
