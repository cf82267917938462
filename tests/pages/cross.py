"""Every path of a customer in every combination of screen, colours, language and scripts, and by keyboard alone.

Too long for each run: `make soak SCENARIO=pages`. Pictures land in `screenshots/cross`.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from tests.custodian.houses import BASE, DAY, EVERYTHING, Home, TestHouse
from tests.pages.conftest import Screens
from tests.pages.screen import DESKTOP, PHONE, SHOTS, Screen
from tests.pages.test_choosing import business
from tests.pages.test_everybody import BOTH, check
from tests.pages.test_proving import NEW, link_of, sent
from wattshare.custodian.model.parties import Role
from wattshare.custodian.store.receipts import RECEIPT

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


EVERY_WAY = pytest.mark.parametrize(
    ("size", "scheme", "language", "scripts"), list(product(SIZES, SCHEMES, LANGUAGES, SCRIPTS))
)
# the button of the page's own form
SEND = "main form:not(.who) button[type=submit]:not(.hidden)"


@pytest.fixture
def settings() -> dict[str, Any]:
    """Mails are files."""
    return {"mail_dir": "mail"}


def way_in(screen: Screen, home: Home) -> None:
    """Be signed in with an account, as if by its password."""
    screen.context.clear_cookies()
    doors = screen.house.house.sign_in
    session = doors.enter(doors.arrive(), home.customer.id, "account", None)
    screen.context.add_cookies([{"name": "__Host-wattshare", "value": session.id, "url": BASE + "/", "secure": True}])


@dataclass(kw_only=True)
class Walk:
    """Pages one after the other, each looked at."""

    screen: Screen
    way: str
    pages: int = 0

    def seen(self, name: str, path: str | None = None) -> None:
        """Come to a page, or be there, and look."""
        if path is not None:
            self.screen.open(path)
        self.pages += 1
        seen(self.screen, f"{self.way}-{self.pages:02}-{name}")

    def sent(self, name: str, selector: str = SEND) -> None:
        """Press a button, and look at what comes."""
        press(self.screen, selector)
        self.seen(name)

    def fill(self, **values: str) -> None:
        """Type into fields, by their ids."""
        for field, value in values.items():
            self.screen.page.locator(f"#{field}").fill(value)


def started(screens: Screens, size: str, scheme: str, language: str, scripts: str) -> tuple[str, Screen]:
    """A screen, and what its pictures are named by."""
    options: dict[str, Any] = {"viewport": SIZES[size], "color_scheme": scheme, "locale": language}
    way = f"{size}-{scheme}-{language[:2]}-{scripts}"
    return way, screens(java_script_enabled=SCRIPTS[scripts], **options)


@pytest.mark.timeout(900)
@EVERY_WAY
def test_every_path_in_every_way(
    house: TestHouse, screens: Screens, size: str, scheme: str, language: str, scripts: str
) -> None:
    way, screen = started(screens, size, scheme, language, scripts)
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


@pytest.mark.timeout(900)
@EVERY_WAY
def test_every_way_in_and_everything_done_later(
    house: TestHouse, screens: Screens, tmp_path: Path, size: str, scheme: str, language: str, scripts: str
) -> None:
    way, screen = started(screens, size, scheme, language, scripts)
    walk = Walk(screen=screen, way=f"{way}-in")
    party, home = house.third_party("Harbor Home"), house.home(commodities=BOTH, days=8, name="Ada Elm")

    # a code, and a forgotten password
    screen.ask(party)
    walk.fill(account_number=home.account_number)
    walk.sent("code", "button[value=mail]")
    walk.fill(code="000000")
    walk.sent("code-wrong")
    screen.open("/sharing/forgotten")
    walk.fill(login=home.login)
    walk.sent("link-sent")
    link = link_of(sent(house, tmp_path)[-1])
    walk.seen("new-password", link)
    walk.fill(password=NEW, password_again="another")
    walk.sent("new-password-wrong")
    walk.fill(password=NEW, password_again=NEW)
    press(screen, SEND)
    walk.seen("link-used-up", link)

    # what is done to a permission later
    held, old = house.share(party, home, EVERYTHING), house.share(house.third_party("Old Meter"), home)
    with house.store.begin() as tx:
        tx.receipts._connection.execute(delete(RECEIPT).where(RECEIPT.c.authorization_id == old.id))
    way_in(screen, home)
    own = f"?authorization={held.id}"
    walk.seen("change", f"/sharing/change{own}")
    for box in screen.page.locator("main input[name=agreement]").all():
        box.uncheck()
    walk.sent("change-nothing", "button[value=change]")
    walk.seen("shorten", f"/sharing/shorten{own}")
    walk.fill(until_day="2020-01-01")
    screen.page.locator("main form").first.evaluate("(form) => { form.noValidate = true }")
    walk.sent("shorten-wrong", "main form button[type=submit]")
    screen.open("/sharing")
    walk.sent("paused", "form[action='/sharing/pause'] button")
    walk.sent("resumed", "form[action='/sharing/resume'] button")
    walk.seen("receipt", f"/sharing/receipt{own}")
    walk.seen("no-receipt", f"/sharing/receipt?authorization={old.id}")

    new_homes(walk, home)


def new_homes(walk: Walk, home: Home) -> None:
    """Asked about a home that is new: once beside others, and once after all of them."""
    house, mine = walk.screen.house, home.agreements
    for until in (None, house.clock()):
        house.clock.advance(DAY)
        with house.store.begin() as tx:
            for one in mine if until is not None else ():
                tx.customers.end_agreement(one.id, house.clock())
        house.house.worker("test").sweep()
        fresh = house.home(commodities=(BOTH[0],), days=0)
        with house.store.begin() as tx:
            tx.customers.end_agreement(fresh.agreements[0].id, house.clock())
            point, account = fresh.usage_points[0], mine[0].account_id
            mine = (*mine, tx.customers.add_agreement(point, account, f"NEW{point}", starts=house.clock()))
        house.house.homes.ask()
        way_in(walk.screen, home)
        walk.seen("waiting", "/sharing?tab=waiting")
        [asked, *_] = house.house.homes.open(home.customer.id)
        walk.seen("new-home", f"/sharing/home?home={asked.id}")
        if asked.apps:
            walk.sent("new-home-nothing", "button[value=share]")


@pytest.mark.timeout(900)
@EVERY_WAY
def test_everybody_who_shares_with_or_for_somebody(
    house: TestHouse, screens: Screens, size: str, scheme: str, language: str, scripts: str
) -> None:
    way, screen = started(screens, size, scheme, language, scripts)
    walk = Walk(screen=screen, way=f"{way}-with")
    party, ada = house.third_party("Harbor Home"), house.home(commodities=BOTH, name="Ada Elm")
    bob = house.holder(ada, "Bob Oak", since=9)
    held = house.share(party, ada, EVERYTHING)

    # who holds the account too
    way_in(screen, bob)
    walk.seen("given-by", "/sharing")
    walk.sent("stop-theirs", "section form[action='/sharing/stop'] button")
    walk.sent("stopped-theirs")
    walk.seen("ended-theirs", "/sharing?tab=ended")
    screen.ask(party)
    screen.page.locator("#all-agreements").check()
    walk.sent("review-together")
    way_in(screen, ada)
    walk.seen("ended-by-other", "/sharing?tab=ended")
    walk.seen("receipt-by-other", f"/sharing/receipt?authorization={held.id}")

    # who shares for a business
    owner = house.home(name="Harbor Foods", customer_class="COM")
    way_in(screen, owner)
    walk.seen("people", "/sharing/people")
    walk.sent("invited", "form[action='/sharing/people/invite'] button")
    link = screen.page.locator("main code").first.inner_text()
    screen.context.clear_cookies()
    walk.seen("join-signed-out", link)
    way_in(screen, bob)
    walk.seen("join", link)
    walk.sent("joined")
    walk.sent("acting", "form[action='/sharing/people/act'] button")
    walk.seen("people-acting", "/sharing/people")
    walk.seen("join-used-up", link)
