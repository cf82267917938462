"""What cannot be shared is greyed with its reason: on the choice of homes, or on the review where none is to choose."""

from tests.custodian.houses import TestHouse
from tests.pages.conftest import Screens
from tests.pages.test_everybody import BOTH, check
from wattshare.custodian.model.premises import Commodity

NOT_ASKED = "The app does not ask for this service."
NOT_HOLDER = "You are not the account holder. Ask Bob Oak."


def test_what_cannot_be_shared_is_greyed_with_its_reason(house: TestHouse, screens: Screens) -> None:
    sunny = house.third_party("Sunny Roofs", commodities=frozenset({Commodity.ELECTRICITY}))
    ada, bob = house.home(commodities=(*BOTH, Commodity.ELECTRICITY), name="Ada Elm"), house.home(name="Bob Oak")
    house.viewer(bob, ada.customer.id)
    screen = screens(java_script_enabled=True)
    screen.ask_signed_in(sunny, ada)
    check(screen, "closed-choose")
    assert NOT_ASKED in screen.words
    assert NOT_HOLDER in screen.words
    boxes = screen.page.locator("input[name=agreement]").all()
    assert [box.is_disabled() for box in boxes] == [False, False, True, True]
    screen.page.locator("#all-agreements").check()
    screen.press("Continue")
    check(screen, "closed-review")
    screen.press("Share")
    with house.store.read() as tx:
        [held] = tx.authorizations.of_customer(ada.customer.id)
        assert len(tx.authorizations.shared(held.id)) == 2
    # what they see is for their own eyes
    screen.open("/sharing/usage")
    assert "Oak St" in screen.words
    screen.page.get_by_role("link", name="Oak St").click()
    check(screen, "closed-usage")
    french = screens(java_script_enabled=True, locale="fr")
    cora = house.home(commodities=BOTH, name="Cora Pine")
    french.ask_signed_in(sunny, cora)
    check(french, "closed-review-fr")
    assert "L’application ne demande pas ce service." in (french.page.locator("main").text_content() or "")
