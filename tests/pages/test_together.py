"""Who holds an account together with somebody: what they see of the other's sharing, and how they stop it."""

from tests.custodian.houses import EVERYTHING, PASSWORD, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP
from tests.pages.test_everybody import BOTH, check
from wattshare.custodian.services.registration import Registered


def test_a_holder_sees_and_stops_what_the_other_shares(house: TestHouse, acme: Registered, screens: Screens) -> None:
    ada = house.home(commodities=BOTH, name="Ada Elm")
    bob = house.holder(ada, "Bob Oak")
    house.share(acme, ada, EVERYTHING)
    lumen = house.third_party("Lumen Insights", support="help@lumen.example", portal_uri="https://lumen.example/app")
    shared = house.share(lumen, bob, EVERYTHING)
    screen = screens(java_script_enabled=True)
    screen.open("/sharing")
    screen.sign_in(bob, PASSWORD)
    check(screen, "together-sharing")
    assert "Given by Ada Elm (holds the account too)" in screen.words
    screen.open(f"/sharing/stop?authorization={shared.id}")
    check(screen, "stop-contact")
    assert "Ask Lumen Insights to delete your data here: help@lumen.example." in screen.words
    assert screen.link("help@lumen.example").get_attribute("href") == "mailto:help@lumen.example"
    screen.open("/sharing")
    screen.press("Stop sharing with Acme Energy")
    check(screen, "together-stop")
    assert "We tell Ada Elm." in screen.words
    screen.press("Stop sharing")
    assert "Sharing has stopped for the home whose account you hold too." in screen.words
    wide = screens(java_script_enabled=True, viewport=DESKTOP, color_scheme="dark")
    wide.open("/sharing")
    wide.sign_in(ada, PASSWORD)
    wide.open("/sharing?tab=ended")
    assert "somebody who holds the account with you stopped it" in wide.words
    wide.page.get_by_role("link", name="Receipts").click()
    check(wide, "together-receipt-dark")
    assert "Bob Oak holds an account with you, and stopped it there." in wide.words
