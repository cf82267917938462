"""What a page's form may do: nothing from elsewhere, nothing that was not offered, nothing in another's name."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.conversations.stage import USAGE, Desk, desk
from tests.custodian.houses import BASE, PASSWORD, Home, TestHouse
from wattshare.custodian.model.authorization import Authorization
from wattshare.espi.kinds import Kind

# what a form sends: a value, or several
Form = dict[str, str | list[str]]
COOKIE = "__Host-wattshare"
COMPLAINT = "complaint="
OURS = {"origin": BASE}
ELSEWHERE: tuple[dict[str, str], ...] = (
    {"origin": "https://share.example.evil.example"},
    {"origin": "http://share.example"},
    {"origin": "https://share.example:444"},
    {"origin": "null"},
    {"origin": BASE, "sec-fetch-site": "cross-site"},
    {"origin": BASE, "sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site"},
)


@dataclass
class Window:
    """A browser's window, on the page where one customer decides about one request."""

    house: TestHouse
    home: Home
    acme: Desk
    request: str = ""
    form_token: str = ""
    cookies: list[str] = field(default_factory=list)

    def arrive(self) -> None:
        """From the app to the sign-in, signed in, to the decision."""
        self.house.browser.cookies.clear()
        told = self.get(self.acme.journey().url.removeprefix(BASE))
        self.request = parse_qs(urlsplit(told.headers["location"]).query)["request"][0]
        self.look(f"/sharing/sign-in?request={self.request}")
        told = self.post("/sharing/sign-in", {"login": self.home.login, "password": PASSWORD})
        assert told.status_code == 303
        self.look(f"/sharing/review?request={self.request}")

    def get(self, path: str) -> httpx2.Response:
        """A page."""
        return self.noted(self.house.browser.get(path))

    def look(self, path: str) -> None:
        """A page with a form on it."""
        found = re.search(r'name="form_token" value="([^"]+)"', self.get(path).text)
        assert found
        self.form_token = found[1]

    def post(
        self,
        path: str,
        form: Form,
        headers: dict[str, str] | None = None,
        token: str | None = None,
    ) -> httpx2.Response:
        """A form, with what stands hidden on every one."""
        hidden = {"form_token": self.form_token if token is None else token, "request": self.request}
        told = self.noted(
            self.house.browser.post(path, data=hidden | form, headers=OURS if headers is None else headers)
        )
        # what is wrong with a form is told at an address of its own
        where = told.headers.get("location", "")
        return self.get(where) if COMPLAINT in where else told

    def noted(self, told: httpx2.Response) -> httpx2.Response:
        """Remember the cookies that an answer sets."""
        self.cookies += told.headers.get_list("set-cookie")
        return told

    def decision(self, **more: str | list[str]) -> Form:
        """The form of who shares usage of everything until stopping."""
        agreements = [str(one.id) for one in self.home.agreements]
        form: Form = {"decision": "share", "kind": "usage", "agreement": agreements, "until": "stop"}
        return form | more

    def shared(self) -> tuple[Authorization, ...]:
        """What the customer shares."""
        with self.house.store.read() as tx:
            return tx.authorizations.of_customer(self.home.customer.id)


@pytest.fixture
def window(house: TestHouse) -> Window:
    """Before the decision."""
    acme = desk(house, kinds_required=USAGE, kinds_optional=frozenset({Kind.BILLING}))
    made = Window(house=house, home=house.home(), acme=acme)
    made.arrive()
    return made


def test_a_form_that_comes_from_elsewhere_does_nothing(window: Window) -> None:
    for headers in ELSEWHERE:
        assert window.post("/sharing/decide", window.decision(), headers).status_code == 400, headers
        assert window.post("/sharing/decide", {"decision": "decline"}, headers).status_code == 400, headers
        assert window.post("/sharing/sign-out", {}, headers).status_code == 400, headers
    assert window.shared() == ()
    assert window.post("/sharing/decide", window.decision()).status_code == 303
    [held] = window.shared()
    for headers in ELSEWHERE:
        assert window.post("/sharing/stop", {"authorization": str(held.id)}, headers).status_code == 400, headers
    assert window.shared() == (held,)


def test_a_sign_in_from_elsewhere_signs_nobody_in(window: Window) -> None:
    window.house.browser.cookies.clear()
    window.look("/sharing/sign-in")
    login: Form = {"login": window.home.login, "password": PASSWORD, "request": ""}
    for headers in ELSEWHERE:
        told = window.post("/sharing/sign-in", login, headers)
        assert (told.status_code, told.headers.get_list("set-cookie")) == (400, []), headers
    assert window.get("/sharing").headers["location"] == "/sharing/sign-in"


def test_a_form_without_its_token_or_with_anothers_does_nothing(house: TestHouse, window: Window) -> None:
    other = Window(house=house, home=house.home(), acme=window.acme)
    cookie = house.browser.cookies[COOKIE]
    other.arrive()
    house.browser.cookies.clear()
    house.browser.cookies.set(COOKIE, cookie)
    for token in ("", "x", other.form_token, window.form_token[:-1], window.form_token + "x"):
        assert window.post("/sharing/decide", window.decision(), token=token).status_code == 400, token
    # nor is another's request one's own
    mine = window.request
    window.request = other.request
    assert window.post("/sharing/decide", window.decision()).status_code == 404
    window.request = mine
    assert window.shared() == other.shared() == ()
    assert window.post("/sharing/decide", window.decision()).status_code == 303


def test_the_session_changes_with_the_sign_in_and_its_cookie_is_out_of_reach(window: Window) -> None:
    before, after = window.cookies
    assert before.partition(";")[0] != after.partition(";")[0]
    for cookie in (before, after):
        name, *attributes = cookie.split("; ")
        assert name.startswith(f"{COOKIE}=")
        assert {"Path=/", "HttpOnly", "Secure", "SameSite=Lax"} <= set(attributes)
        assert not [one for one in attributes if one.startswith("Domain")]
    window.house.browser.cookies.clear()
    window.house.browser.cookies.set(COOKIE, before.partition("=")[2].partition(";")[0])
    # what was shown before the sign-in opens nothing after it
    assert "/sharing/sign-in" in window.get(f"/sharing/review?request={window.request}").headers["location"]


def test_a_form_cannot_choose_what_was_not_offered(house: TestHouse, window: Window) -> None:
    stranger = house.home()
    theirs = str(stranger.agreements[0].id)
    own = str(window.home.agreements[0].id)
    for agreements in ([theirs], [own, theirs], ["999999"], [""], ["-1"], []):
        assert window.post("/sharing/choose", {"agreement": agreements}).status_code == 400, agreements
        assert window.post("/sharing/decide", window.decision(agreement=agreements)).status_code == 400, agreements
    assert window.post("/sharing/decide", window.decision(all_agreements=theirs, agreement=[])).status_code == 400
    assert window.post("/sharing/decide", window.decision(kind=["usage", "account"])).status_code == 400
    assert window.shared() == ()


def test_whatever_else_a_form_says_is_nothing_to_it(house: TestHouse, window: Window) -> None:
    beta = desk(house, "Beta Solar")
    more: Form = {
        "third_party": str(beta.bulk_id),
        "third_party_id": str(beta.bulk_id),
        "client_id": beta.registered.party.client_id,
        "redirect_uri": "https://beta-solar.example/callback",
        "scope": "FB=46",
        "customer_id": str(house.home().customer.id),
        "floor": "0",
        "history_days": "36500",
        "state": "forged",
        # what is required is shared, ticked or not
        "kind": [],
    }
    assert window.post("/sharing/decide", window.decision(**more)).status_code == 303
    told = window.get(f"/sharing/return?request={window.request}")
    assert told.status_code == 302
    assert told.headers["location"].startswith("https://acme-energy.example/callback?")
    assert "forged" not in told.headers["location"]
    [held] = window.shared()
    assert (held.third_party_id, held.kinds) == (window.acme.bulk_id, USAGE)
    assert held.customer_id == window.home.customer.id


def test_nobody_stops_what_is_somebody_elses(house: TestHouse, window: Window) -> None:
    stranger = house.home()
    theirs = house.share(window.acme.registered, stranger, USAGE)
    for number in (str(theirs.id), "999999", ""):
        assert window.post("/sharing/stop", {"authorization": number}).status_code == 404
        assert window.get(f"/sharing/stop?authorization={number}").status_code == 404
    assert window.acme.client.authorization(theirs.id).is_active


def test_every_page_may_load_and_lead_to_what_it_needs_alone(house: TestHouse, window: Window) -> None:
    named = desk(house, '<script>alert("x")</script>')
    told = window.get(named.journey().url.removeprefix(BASE))
    pages = (
        "/",
        "/sharing",
        f"/sharing/review?request={window.request}",
        told.headers["location"].replace("sign-in", "review"),
        "/sharing/stop?authorization=1",
    )
    for path in pages:
        page = window.get(path)
        rules = dict(one.strip().partition(" ")[::2] for one in page.headers["content-security-policy"].split(";"))
        assert (rules["default-src"], rules["frame-ancestors"], rules["base-uri"]) == ("'none'",) * 3
        assert "script-src" not in rules
        assert "unsafe" not in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["cache-control"] == "no-store"
        assert re.search(r"<script|\son[a-z]+=|\sstyle=|javascript:", page.text) is None, path
    # one review leads back to its app, and to no other
    [first, second] = (window.get(path).headers["content-security-policy"] for path in pages[2:4])
    assert "form-action 'self' https://acme-energy.example" in first
    assert "acme-energy" not in second
