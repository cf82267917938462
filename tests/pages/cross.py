"""Every path of a customer in every combination of screen, colours, language and scripts, and by keyboard alone.

Too long for each run: `make soak SCENARIO=pages`. Pictures land in `screenshots/cross`.
"""

from itertools import product
from typing import Any

import pytest

from tests.custodian.houses import EVERYTHING, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, PHONE, SHOTS, Screen
from tests.pages.test_choosing import business
from tests.pages.test_everybody import BOTH, check
from wattshare.custodian.model.parties import Role

SIZES = {"phone": PHONE, "wide": DESKTOP, "zoomed": {"width": 640, "height": 400}}
SCHEMES = ("light", "dark")
LANGUAGES = ("en-US", "es-US", "fr-CA")
SCRIPTS = {"scripts": True, "plain": False}
# what the keyboard has to come to, and in how many steps at most
TABBED = 400
REACHED = """() => {
  const within = (element) => element.closest("details:not([open])") && !element.closest("summary");
  const every = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")];
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !within(one);
  const open = every.filter((one) => !one.disabled && one.tabIndex >= 0 && shown(one));
  const names = new Set();
  for (const one of open) names.add(one.type === "radio" ? `radio ${one.name}` : every.indexOf(one));
  return [...names].map(String);
}"""
FOCUSED = """() => {
  const every = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")];
  const one = document.activeElement, box = one.getBoundingClientRect();
  // what has the focus is in sight, and not wholly under something else
  const seen = document.elementsFromPoint(box.left + box.width / 2, box.top + box.height / 2)[0];
  const labels = [...(one.labels || [])];
  const near = !seen || one.contains(seen) || seen.contains(one) || labels.some((label) => label.contains(seen));
  const name = one.type === "radio" ? `radio ${one.name}` : String(every.indexOf(one));
  return [name, every.includes(one) && !near ? one.outerHTML.slice(0, 120) : ""];
}"""


def by_keyboard(screen: Screen, name: str) -> None:
    """The keyboard comes to every control, and what it comes to can be seen."""
    left = set(screen.page.evaluate(REACHED))
    screen.page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0) }")
    for _ in range(TABBED):
        if not left:
            return
        screen.page.keyboard.press("Tab")
        focused, covered = screen.page.evaluate(FOCUSED)
        assert not covered, (name, covered)
        left.discard(focused)
    raise AssertionError(f"{name}: the keyboard does not come to {left}")


def seen(screen: Screen, name: str) -> None:
    """Nothing is wrong with a page."""
    (SHOTS / "cross").mkdir(parents=True, exist_ok=True)
    if SCRIPTS[name.split("-")[3]]:
        check(screen, f"cross/{name}")
    else:
        # axe waits for timers, and none runs where no script may
        screen.look(f"cross/{name}")
    by_keyboard(screen, name)


def press(screen: Screen, selector: str) -> None:
    """Press a button, whatever the language."""
    with screen.page.expect_navigation():
        screen.page.locator(selector).first.click()


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("size", "scheme", "language", "scripts"), list(product(SIZES, SCHEMES, LANGUAGES, SCRIPTS)))
def test_every_path_in_every_way(
    house: TestHouse, screens: Screens, size: str, scheme: str, language: str, scripts: str
) -> None:
    way = f"{size}-{scheme}-{language[:2]}-{scripts}"
    options: dict[str, Any] = {"viewport": SIZES[size], "color_scheme": scheme, "locale": language}
    screen = screens(java_script_enabled=SCRIPTS[scripts], **options)
    lumen = house.third_party("Lumen Insights", role=Role.PARTNER)
    party = house.third_party(
        "Harbor Home",
        role=Role.PRIMARY,
        partner=lumen.party.name,
        visible=True,
        portal_uri="https://harbor.example/",
        purpose="To size a heat pump for your home.",
    )
    home, many = house.home(commodities=BOTH, days=8), business(house)
    house.share(house.third_party("Beta Solar"), home, EVERYTHING)
    service = home.agreements[0].id

    screen.open("/")
    seen(screen, f"{way}-01-front")
    screen.ask(party)
    seen(screen, f"{way}-02-sign-in")
    screen.page.locator("#login").fill("nobody")
    screen.page.locator("#password").fill("wrong")
    press(screen, "form:has(#login) button[type=submit]")
    seen(screen, f"{way}-03-wrong")
    screen.open("/sharing/forgotten")
    seen(screen, f"{way}-04-forgotten")
    screen.ask_signed_in(party, home)
    seen(screen, f"{way}-05-choose")
    press(screen, "main form:not(.who) button[type=submit]")
    seen(screen, f"{way}-06-nothing-chosen")
    screen.page.locator("#all-agreements").check()
    press(screen, "main form:not(.who) button[type=submit]")
    for summary in screen.page.locator("main summary").all():
        summary.click()
    seen(screen, f"{way}-07-review")
    press(screen, "button[value=share]")
    screen.open(screen.page.url.replace("/done?", "/done?stay=yes&"))
    seen(screen, f"{way}-08-done")
    for number, (name, path) in enumerate(
        {
            "sharing": "/sharing",
            "apps": "/sharing/apps",
            "app": f"/sharing/app?app={party.party.id}",
            "services": "/sharing/usage",
            "day": f"/sharing/usage?service={service}",
            "month": f"/sharing/usage?service={service}&by=month",
            "year": f"/sharing/usage?service={service}&by=year",
            "no-such-page": "/sharing/nothing",
        }.items(),
        start=9,
    ):
        screen.open(path)
        seen(screen, f"{way}-{number:02}-{name}")
    screen.open("/sharing")
    press(screen, "section form[action='/sharing/stop'] button")
    seen(screen, f"{way}-17-stop")
    screen.context.clear_cookies()
    screen.ask_signed_in(party, many)
    seen(screen, f"{way}-18-choose-many")
