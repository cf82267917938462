"""Sharing that begins at the utility: pick an app, go on there, be asked here without a second sign-in."""

from tests.custodian.houses import TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, Screen
from tests.pages.test_everybody import check
from wattshare.custodian.model.parties import Role, Standing, UserType


def links(screen: Screen) -> list[str]:
    """The apps that are listed."""
    return [link.inner_text() for link in screen.page.locator("li.card h2 a").all()]


def test_a_customer_starts_at_the_utility(house: TestHouse, screens: Screens) -> None:
    portal = "https://harbor.example/start?from=utility"
    lumen = house.third_party("Lumen Insights", role=Role.PARTNER, visible=True, portal_uri="https://lumen.example/")
    harbor = house.third_party(
        "Harbor Home",
        role=Role.PRIMARY,
        partner=lumen.party.name,
        visible=True,
        portal_uri=portal,
        purpose="Shows you where your energy goes.",
    )
    house.third_party("Hidden House", portal_uri="https://hidden.example/")
    house.third_party("No Portal", visible=True)
    gone = house.third_party("Gone Green", visible=True, portal_uri="https://gone.example/").party
    house.third_party("Own Log", user_type=UserType.SELF_ACCESS, visible=True, portal_uri="https://own.example/")
    home = house.home()
    screen = screens()
    screen.open("/sharing/apps")
    assert screen.heading == "Prove it is you"
    screen.own(home)
    screen.page.get_by_role("link", name="Share with an app").click()
    assert links(screen) == ["Gone Green", "Harbor Home"]
    screen.look("apps")
    house.house.registration.move("Gone Green", Standing.SUSPENDED)
    for path in ("app", "app/start"):
        assert screen.open(f"/sharing/{path}?app={gone.id}").status == 404
        assert screen.open(f"/sharing/{path}?app={lumen.party.id}").status == 404
    screen.open("/sharing/apps?find=ENERGY+harbor")
    assert links(screen) == ["Harbor Home"]
    screen.page.get_by_role("link", name="Harbor Home").click()
    assert "Together with Lumen Insights, which gets the same data." in screen.words
    screen.look("app")
    screen.page.get_by_role("link", name="Go on to Harbor Home").click()
    assert screen.page.url == portal
    # who comes back is known still
    screen.ask(harbor)
    assert screen.heading == "Share with Harbor Home"
    assert "Together with Lumen Insights" in screen.words
    screen.press("Share")
    assert "Together with Lumen Insights, which gets the same data." in screen.words
    screen.look("done-with-partner")
    # who stops can ask the app to delete what it has
    screen.open("/sharing")
    screen.press("Stop sharing with Harbor Home")
    assert "You reach Harbor Home at harbor.example." in screen.words
    wide = screens(java_script_enabled=True, viewport=DESKTOP, color_scheme="dark", locale="fr")
    wide.be_signed_in(home)
    for name, path in (("apps", "apps"), ("app", f"app?app={harbor.party.id}")):
        wide.open(f"/sharing/{path}")
        check(wide, f"fr-dark-{name}")
    assert "Vous partagez déjà avec" in wide.words
