"""Naming somebody who shares for a business, accepting, and acting for it."""

from tests.custodian.houses import BASE, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP
from tests.pages.test_everybody import check
from wattshare.custodian.services.registration import Registered


def test_a_business_is_shared_for(house: TestHouse, acme: Registered, screens: Screens) -> None:
    business, ada = house.home(name="Harbor Foods", customer_class="COM"), house.home(name="Ada Elm")
    owner, person = screens(), screens(java_script_enabled=True, viewport=DESKTOP, color_scheme="dark")
    owner.open("/sharing")
    owner.sign_in(business)
    owner.page.get_by_role("link", name="Who may share").click()
    owner.press("Invite a person")
    link = owner.page.locator("code").first.inner_text()
    owner.look("people-invited")
    assert person.open(link).status == 200
    assert person.heading == "Sign in first"
    person.page.get_by_role("link", name="Español").click()
    assert person.heading == "Primero inicie sesión"
    person.page.get_by_role("link", name="English").click()
    person.page.get_by_role("link", name="Sign in").first.click()
    person.sign_in(ada)
    assert person.heading == "Share for Harbor Foods?"
    check(person, "join-dark")
    # a household that shares for nobody has nothing to do with it
    person.open("/sharing")
    assert person.page.get_by_role("link", name="Who may share").count() == 0
    person.open(link)
    person.press("Accept")
    person.press("Act for Harbor Foods")
    assert "You are signed in as Harbor Foods." in person.words
    # on each page stands who is really there
    for path in ("/", "/sharing", "/sharing/people", "/sharing/apps", "/sharing/usage"):
        person.open(path)
        assert "You are Ada Elm, acting for Harbor Foods." in person.page.locator("header").inner_text(), path
    phone = screens(locale="fr", java_script_enabled=True)
    [cookie] = [one["value"] for one in person.context.cookies() if one["name"] == "__Host-wattshare"]
    phone.context.add_cookies([{"name": "__Host-wattshare", "value": cookie, "url": f"{BASE}/", "secure": True}])
    phone.ask(acme)
    assert "Vous êtes Ada Elm et agissez pour Harbor Foods." in phone.page.locator("header").inner_text()
    check(phone, "acting-review-fr")
    owner.open("/sharing")
    assert "acting for" not in owner.page.locator("header").inner_text()
    person.open("/sharing/people")
    check(person, "people-acting-dark")
    assert "Invite a person" not in person.words
    person.ask(acme)
    assert "1 Foods St" in person.words
    person.press("Share")
    with house.store.read() as tx:
        [held] = tx.authorizations.of_customer(business.customer.id)
        [entry] = [one for one in tx.trail.of_authorization(held.id) if one.event == "consented_by_delegate"]
    assert entry.detail == {"delegate": ada.customer.id}
    owner.open("/sharing/people")
    owner.press("Take back from Ada Elm")
    person.open("/sharing")
    assert person.heading == "Prove it is you"
