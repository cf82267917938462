"""A customer before a screen: a real browser, the real pages."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Response

from tests.custodian.houses import BASE, PASSWORD, Home, TestHouse
from wattshare.custodian.services.registration import Registered

AUDIT = (Path(__file__).parent / "audit.js").read_text()
SHOTS = Path(__file__).parents[2] / "screenshots"
# for who wants to look; no test does, and each takes as long as a page
PICTURES = bool(os.environ.get("WATTSHARE_PICTURES"))
AUTHORIZE = BASE + "/datacustodian/oauth/v2/authorize"
STATE = "s/7 &é"

PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 800}


@dataclass(kw_only=True)
class Screen:
    """One tab of one browser."""

    house: TestHouse
    context: BrowserContext
    page: Page
    # what the browser complains of
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, house: TestHouse, context: BrowserContext) -> "Screen":
        """A new tab."""
        screen = cls(house=house, context=context, page=context.new_page())
        screen.page.on("console", screen.hear)
        return screen

    def hear(self, message: ConsoleMessage) -> None:
        """Remember what the browser refuses to do."""
        if "Content Security Policy" in message.text or "Refused" in message.text or "Insecure" in message.text:
            self.complaints.append(message.text)

    # going

    def open(self, path: str) -> Response:
        """Type an address."""
        told = self.page.goto(BASE + path if path.startswith("/") else path)
        assert told is not None
        return told

    def ask(self, party: Registered, **more: str) -> Response:
        """Follow an app's link."""
        asked = {
            "client_id": party.party.client_id,
            "redirect_uri": party.party.redirect_uris[0],
            "response_type": "code",
            "state": STATE,
        }
        return self.open(f"{AUTHORIZE}?{urlencode(asked | more)}")

    def sign_in(self, home: Home, password: str = PASSWORD) -> None:
        """With an account."""
        self.page.get_by_label("Email or user name").fill(home.login)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")

    def come_as_guest(self, home: Home) -> None:
        """With what stands on the bill."""
        self.page.get_by_label("Account number").fill(home.account_number)
        self.page.get_by_label("Phone number").fill(home.phone)
        self.press("Continue")

    def be_signed_in(self, home: Home) -> None:
        """As if the customer had just been at the sign-in."""
        doors = self.house.house.sign_in
        session = doors.as_guest(doors.arrive(), home.account_number, home.phone, "127.0.0.1")
        self.context.add_cookies([{"name": "__Host-wattshare", "value": session.id, "url": BASE + "/", "secure": True}])

    def review(self, party: Registered, home: Home, **asked: str) -> None:
        """Come to the decision, with every home chosen."""
        self.ask_signed_in(party, home, **asked)
        if self.heading.startswith("Which homes"):
            self.page.locator("#all-agreements").check()
            self.press("Continue")
        assert party.party.name in self.heading

    def ask_signed_in(self, party: Registered, home: Home, **asked: str) -> None:
        """Come to whatever is asked first."""
        self.be_signed_in(home)
        self.ask(party, **asked)

    def share(self) -> None:
        """Say yes, and go back to the app."""
        self.press("Share")
        self.button_like("Go back to").click()

    def open_end(self) -> None:
        """Open what changes the end."""
        self.page.get_by_text("Change the end").click()

    def own(self, home: Home) -> None:
        """Come to the customer's own page."""
        self.be_signed_in(home)
        self.open("/sharing")
        assert self.heading == "My data sharing"

    def press(self, name: str) -> None:
        """Press a button."""
        self.button(name).click()

    # seeing

    def button(self, name: str) -> Locator:
        """A button by its name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def button_like(self, name: str) -> Locator:
        """A button by a part of its name."""
        return self.page.get_by_role("button", name=name)

    def link(self, name: str) -> Locator:
        """A link by the beginning of its name."""
        return self.page.get_by_role("link", name=name).first

    def box(self, name: str) -> Locator:
        """A tick box by the beginning of its name."""
        return self.page.get_by_role("checkbox", name=name).first

    @property
    def heading(self) -> str:
        """The h1."""
        return self.page.locator("h1").inner_text()

    @property
    def words(self) -> str:
        """Everything that is there to read."""
        return " ".join(self.page.locator("main").inner_text().split())

    @property
    def marks(self) -> list[str]:
        """What a change adds and removes, as far as it is to be seen."""
        told: list[str] = self.page.evaluate(
            "() => [...document.querySelectorAll('.mark')].filter(mark => mark.checkVisibility())"
            ".map(mark => mark.innerText + ' ' + (mark.closest('label, li').innerText.replace(mark.innerText, '')"
            ".trim().split('\\n')[0]))"
        )
        return [" ".join(each.split()) for each in told]

    @property
    def problem(self) -> str:
        """What the page complains of."""
        return self.page.get_by_role("alert").inner_text()

    @property
    def focused(self) -> str:
        """What has the focus, by id or words."""
        told: str = self.page.evaluate(
            "() => document.activeElement.id || document.activeElement.innerText || document.activeElement.tagName"
        )
        return " ".join(told.split())

    @property
    def arrived(self) -> dict[str, str]:
        """What the app is told, when the browser is back there."""
        parts = urlsplit(self.page.url)
        assert parts.path == "/callback", self.page.url
        return {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}

    def look(self, name: str | None = None) -> None:
        """Nothing is wrong with the page. Where pictures are wanted, one is kept under the name."""
        if name and PICTURES:
            SHOTS.mkdir(exist_ok=True)
            self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
        found: Any = self.page.evaluate(AUDIT)
        assert not found, found
