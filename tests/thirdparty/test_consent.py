"""A browser without a screen, and the customer who uses it."""

from urllib.parse import parse_qs

import httpx2
import pytest

from wattshare.thirdparty.browser import Browser, Field, Form, Lost, PageReader, tick_all
from wattshare.thirdparty.consent import Visit, sign_in_form

SIGN_IN = """<!doctype html><title>Sign in</title>
<form action="/language"><select name="to"><option value="en" selected>English
<option value="es">Español</select></form>
<form method="post" action="/guest"><input name="account">
<input type="tel" name="phone"><button>Go</button></form>
<form method="POST" action="/sign-in"><input type="hidden" name="csrf" value="t&amp;1">
<input name="login"><input name="password" type="password"><button type="submit">Sign in</button></form>"""
CONSENT = """<title>Share?</title><h1>Share with Acme Energy</h1>
<form method="post"><input type="hidden" name="csrf" value="t2">
<fieldset><label><input type="checkbox" name="service" value="1"> 12 Oak Street</label>
<label><input type="checkbox" name="service" value="2" checked> 14 Oak Street</label>
<input type="checkbox" name="kind" value="usage" checked disabled>
<input type="checkbox" name="kind" value="billing">
<input type="radio" name="until" value="year"><input type="radio" name="until" value="never"></fieldset>
<textarea name="note">hello</textarea>
<button name="decision" value="deny">Don't share</button>
<button name="decision" value="share"> Share <b>now</b></button></form>"""


class Utility:
    """Pages of a utility that this side has never seen."""

    def __init__(self, *, password: str = "pw") -> None:
        self.password = password
        self.posts: list[tuple[str, dict[str, list[str]], httpx2.Headers]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        form = parse_qs(request.read().decode(), keep_blank_values=True)
        if request.method == "POST":
            self.posts.append((request.url.path, form, request.headers))
        cookie = request.headers.get("cookie", "")
        match (request.method, request.url.path):
            case ("GET", "/authorize") if "session=1" in cookie:
                return httpx2.Response(200, html=CONSENT)
            case ("GET", "/authorize"):
                return httpx2.Response(302, headers={"location": "/sign-in"})
            case ("GET", "/sign-in"):
                return httpx2.Response(200, html=SIGN_IN)
            case ("POST", "/sign-in") if form["password"] == [self.password]:
                headers = {"location": "/authorize?x=1", "set-cookie": "session=1; Path=/"}
                return httpx2.Response(303, headers=headers)
            case ("POST", "/sign-in"):
                return httpx2.Response(200, html=SIGN_IN)
            case ("POST", "/authorize"):
                return httpx2.Response(303, headers={"location": "https://acme.example/back?code=abc&state=s"})
        return httpx2.Response(404, html="<title>Nothing</title>Not here")

    def browser(self) -> Browser:
        return Browser(httpx2.MockTransport(self), waits_for="https://acme.example/back")


def test_a_customer_signs_in_ticks_and_shares() -> None:
    utility = Utility()
    with utility.browser() as browser:
        arrived = Visit(login="ada", password="pw").agree(browser, "https://riverton.example/authorize?x=1")
    assert arrived == "https://acme.example/back?code=abc&state=s"
    (where, signed_in, headers), (_, shared, _) = utility.posts
    assert (where, signed_in) == ("/sign-in", {"csrf": ["t&1"], "login": ["ada"], "password": ["pw"]})
    assert headers["origin"] == "https://riverton.example"
    assert shared == {
        "csrf": ["t2"],
        "service": ["1", "2"],
        "kind": ["billing"],
        "until": ["year"],
        "note": ["hello"],
        "decision": ["share"],
    }


def test_a_refused_sign_in_is_said() -> None:
    with Utility(password="other").browser() as browser, pytest.raises(Lost, match="sign-in was refused"):
        Visit(login="ada", password="pw").agree(browser, "https://riverton.example/authorize")


def test_a_page_that_leads_nowhere_is_shown_in_words() -> None:
    with Utility().browser() as browser, pytest.raises(Lost, match="404: Nothing: Not here"):
        Visit(login="ada", password="pw").agree(browser, "https://riverton.example/elsewhere")


def test_pages_in_a_circle_have_an_end() -> None:
    circle = httpx2.MockTransport(lambda request: httpx2.Response(302, headers={"location": request.url.path}))
    with (
        Browser(circle, waits_for="https://acme.example/back") as browser,
        pytest.raises(Lost, match="circle"),
    ):
        browser.open("https://riverton.example/a")


def test_the_address_that_is_waited_for_is_not_asked() -> None:
    def astray(request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == "riverton.example"
        return httpx2.Response(302, headers={"location": "https://acme.example/back?error=access_denied"})

    with Browser(httpx2.MockTransport(astray), waits_for="https://acme.example/back") as browser:
        page = browser.open("https://riverton.example/authorize")
    assert page.arrived
    assert page.url == "https://acme.example/back?error=access_denied"


def test_a_form_is_read_with_its_choices_and_without_what_is_disabled() -> None:
    reader = PageReader()
    reader.feed(SIGN_IN)
    language, guest, _ = reader.forms
    assert language.values(None) == {"to": ["en"]}
    assert [each.name for each in guest.fields] == ["account", "phone"]
    assert guest.first("password") is None


@pytest.mark.parametrize(
    ("label", "found"), [("Share", True), (" SHARE now", True), ("Don't share", False), ("", False)]
)
def test_only_a_button_that_begins_with_the_word_shares(label: str, found: bool) -> None:
    form = Form(action="", method="post", buttons=[Field(name="b", type="submit", value="", label=label)])
    assert (form.button("share") is not None) is found


def test_a_choice_that_is_made_stays() -> None:
    fields = [
        Field(name="until", type="radio", value="year"),
        Field(name="until", type="radio", value="month", checked=True),
    ]
    form = Form(action="", method="post", fields=fields)
    tick_all(form)
    assert form.values(None) == {"until": ["month"]}


def test_the_form_with_a_password_is_the_sign_in() -> None:
    with Utility().browser() as browser:
        form = sign_in_form(browser.open("https://riverton.example/sign-in"))
    assert form is not None
    assert form.action == "/sign-in"
