"""My data sharing in a browser: change, stop sooner, pause and go on; what is added and removed is said in words."""

from tests.custodian.houses import Home, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, Screen
from wattshare.custodian.model.authorization import Authorization, State
from wattshare.custodian.model.premises import Address, Commodity, UsagePoint
from wattshare.custodian.services.registration import Registered
from wattshare.espi.kinds import Kind

BOTH = (Commodity.ELECTRICITY, Commodity.GAS)
USAGE = frozenset({Kind.USAGE})


def held_by(house: TestHouse, home: Home) -> Authorization:
    with house.store.read() as tx:
        [held] = tx.authorizations.page(home.customer.id, ended=False, before=None, most=2, together={})
    return held


def test_a_customer_changes_what_an_app_sees(house: TestHouse, acme: Registered, screens: Screens) -> None:
    home = house.home(commodities=BOTH)
    held = house.share(acme, home, USAGE)
    screen = screens()
    screen.own(home)
    screen.look("sharing")
    screen.link("Change").click()
    assert screen.heading == "Change what Acme Energy can see"
    assert screen.marks == []
    assert screen.box("Bills").is_checked() is False
    screen.box("Bills").check()
    screen.box("Gas").uncheck()
    # without a script, and without another page
    assert screen.marks == ["Removed Gas", "Added Bills: amounts and dates"]
    screen.look("change")
    screen.page.get_by_text("Change the start").click()
    screen.page.get_by_label("the past 30 days").check()
    screen.press("Save the change")
    told = screen.page.get_by_role("status").inner_text()
    assert "Acme Energy can see electricity use and bills (amounts and dates) until you stop." in told
    screen.look("changed")
    changed = held_by(house, home)
    assert changed.id == held.id
    assert changed.kinds == {Kind.USAGE, Kind.BILLING}
    assert changed.floor == house.midnight(30)
    with house.store.read() as tx:
        assert [agreement for _, agreement in tx.authorizations.shared(held.id)] == [home.agreements[0].id]
    # none at all is nothing to share
    screen.link("Change").click()
    screen.box("Electricity").uncheck()
    screen.press("Save the change")
    assert screen.problem == "Choose at least one home or service. Go there"
    screen.look("change-none")
    screen.press("Leave it as it is")
    assert held_by(house, home) == changed


def test_sharing_ends_sooner_and_is_paused_by_a_press(house: TestHouse, acme: Registered, screens: Screens) -> None:
    home = house.home()
    house.share(acme, home)
    screen = screens(viewport=DESKTOP, color_scheme="dark", locale="en")
    screen.own(home)
    screen.link("Stop sooner").click()
    screen.press("Save the change")
    assert "Choose a last day from March 13, 2024 on." in screen.problem
    screen.look("shorten-problem")
    screen.page.get_by_label("Last day").fill(house.day(-9).isoformat())
    screen.press("Save the change")
    assert "Last day March 22, 2024" in screen.words
    screen.button_like("Pause").click()
    assert held_by(house, home).state is State.PAUSED
    assert "Paused since March 13, 2024. Acme Energy gets nothing until you go on." in screen.words
    screen.look("paused")
    screen.button_like("Go on").click()
    assert held_by(house, home).state is State.ACTIVE
    assert "Sharing goes on." in screen.words


def test_an_app_that_asks_again_is_shown_beside_what_is_shared(
    house: TestHouse, acme: Registered, screen: Screen
) -> None:
    home = house.home(commodities=BOTH)
    house.share(acme, home, USAGE | {Kind.BASIC})
    screen.ask_signed_in(acme, home)
    screen.box("Gas").check()
    screen.press("Continue")
    assert screen.heading == "Change what Acme Energy can see"
    assert screen.marks == ["Removed 1 Elm St, Riverton (electricity)", "Removed Your name and service address"]
    screen.box("Your name").check()
    screen.box("Bills").check()
    assert screen.marks == ["Removed 1 Elm St, Riverton (electricity)", "Added Bills: amounts and dates"]
    screen.look("review-again")


def test_what_waits_and_what_ended_have_lists_of_their_own(house: TestHouse, acme: Registered, screen: Screen) -> None:
    home = house.home()
    for _ in range(12):
        house.share(acme, home)
    screen.own(home)
    screen.ask(acme)
    screen.open("/sharing")
    screen.link("Waiting (1)").click()
    assert "Acme Energy asked to change what it can see" in screen.words
    screen.look("waiting")
    screen.link("Ended").click()
    assert screen.page.locator(".card").count() == 10
    screen.link("Earlier").click()
    assert screen.page.locator(".card").count() == 1
    screen.look("ended-earlier")
    screen.link("Waiting (1)").click()
    screen.link("Answer").click()
    assert screen.heading == "Change what Acme Energy can see"
    # asked twice, never answered
    screen.ask(acme)
    house.clock.advance(1_801)
    screen.own(home)
    assert "Waiting (" not in screen.words
    screen.link("Waiting").click()
    assert screen.page.locator(".card").count() == 1
    assert "You gave no answer, so nothing has changed." in screen.words
    # and answered later
    house.share(acme, home)
    screen.open("/sharing?tab=waiting")
    assert "Nothing waits for you." in screen.words


def test_a_new_home_is_asked_about_without_a_tick(house: TestHouse, acme: Registered, screens: Screens) -> None:
    home = house.home()
    house.share(acme, home)
    with house.store.begin() as tx:
        account = tx.customers.services(home.customer.id)[0].account
        place = tx.customers.add_location(Address(line="7 Oak Ave", city="Riverton", state="CA", postal_code="95990"))
        point = UsagePoint(id=5_400_000_001, commodity=Commodity.ELECTRICITY, location_id=place.id)
        tx.customers.add_usage_point(point)
        tx.customers.add_agreement(point.id, account.id, "9900000077", starts=house.midnight(0))
    assert house.house.homes.ask() == 1
    screen = screens(color_scheme="dark")
    screen.own(home)
    screen.link("Waiting (1)").click()
    assert "Share this home too? 7 Oak Ave, Riverton (electricity)" in screen.words
    screen.look("waiting-home")
    screen.link("Answer").click()
    yes, no = screen.page.locator(".decision button").all()
    assert yes.bounding_box()["width"] == no.bounding_box()["width"]  # type: ignore[index]
    screen.press("Share")
    assert "Choose at least one app" in screen.problem
    screen.look("home")
    screen.box("Acme Energy").check()
    screen.press("Share")
    assert "7 Oak Ave, Riverton (electricity)" in screen.words
    # the receipt of it
    screen.link("Receipts").click()
    assert screen.heading == "You changed what Acme Energy can see"
    assert "What Electricity use" in screen.words
    screen.look("receipt")
