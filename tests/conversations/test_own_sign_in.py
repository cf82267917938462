"""The utility's own sign-in, asked over sockets: what comes back lets in who it says, and nobody else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.testclient import TestClient

from tests.conversations.stage import Desk, desk
from tests.custodian.houses import BASE, PASSWORD, Home, TestHouse, built
from tests.custodian.identities import KEY, Provider, free_port, providing, settings_for
from wattshare.custodian.services.signin import NotSignedIn
from wattshare.custodian.store.database import Store

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


@pytest.fixture
def house(store: Store, tmp_path: Path) -> Iterator[TestHouse]:
    """With a sign-in of its own."""
    with built(tmp_path, store, **settings_for(free_port())) as made:
        yield made


@pytest.fixture
def provider(house: TestHouse) -> Iterator[Provider]:
    """Which answers."""
    with providing(house) as answering:
        yield answering


@pytest.fixture
def acme(house: TestHouse) -> Desk:
    """An app."""
    return desk(house)


@pytest.fixture
def home(house: TestHouse) -> Home:
    """A customer."""
    return house.home(days=0, bills=0)


@dataclass
class Visitor:
    """A browser that keeps cookies of both."""

    house: TestHouse
    here: TestClient = field(init=False)
    there: httpx2.Client = field(default_factory=httpx2.Client)

    def __post_init__(self) -> None:
        app = self.house.browser.app
        self.here = TestClient(app, base_url=BASE, follow_redirects=False, client=("127.0.0.1", 50_000))

    def begin(self, acme: Desk) -> str:
        """From the app to the provider; its address."""
        asked = self.here.get(acme.journey().url)
        page = self.here.get(asked.headers["Location"])
        assert "Go on to My Riverton" in page.text
        link = re.search(r'href="(/sharing/own\?request=[^"]+)"', page.text)
        assert link is not None
        return str(self.here.get(link.group(1)).headers["Location"])

    def sign_in(self, address: str, home: Home, password: str = PASSWORD) -> str:
        """At the provider; the address to come back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        shown = self.there.get(address)
        if shown.status_code == 303:
            # signed in there by now
            return str(shown.headers["Location"])
        assert shown.status_code == 200
        form = asked | {"login": home.login, "password": password}
        answer = self.there.post(address.partition("?")[0], data=form)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])

    def come_back(self, address: str) -> str:
        """The address that the house sends the browser on to, with the page's words where it does not."""
        answer = self.here.get(address)
        return str(answer.headers.get("Location", answer.text))

    def page(self, address: str) -> str:
        return str(self.here.get(address).text)


def test_who_signed_in_there_is_asked_here(
    house: TestHouse, provider: Provider, acme: Desk, home: Home, store: Store
) -> None:
    visitor = Visitor(house)
    address = visitor.begin(acme)
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["ui_locales"] == ["en"]
    before = visitor.here.cookies["__Host-wattshare"]
    back = visitor.sign_in(address, home)
    to = visitor.come_back(back)
    assert to.startswith("/sharing/review?request=")
    assert visitor.here.cookies["__Host-wattshare"] != before
    assert "Share with Acme Energy" in visitor.page(to)
    # the answer is used: by who is in, by who was there before, by somebody else
    assert visitor.come_back(back).startswith("/sharing/review?request=")
    for cookies in ({"__Host-wattshare": before}, {}):
        stranger = Visitor(house)
        stranger.here.cookies.update(cookies)
        told = stranger.here.get(back)
        assert (told.status_code, "This sign-in was used already" in told.text) == (400, True)
    with store.read() as tx:
        rows = tx.trail._connection.exec_driver_sql("SELECT detail FROM trail WHERE event = 'signed_in'").all()
    assert '"way": "own"' in str(rows[0]) or '"way":"own"' in str(rows[0])


def test_two_tabs_lead_to_two_requests(house: TestHouse, provider: Provider, acme: Desk, home: Home) -> None:
    visitor = Visitor(house)
    first, second = visitor.begin(acme), visitor.begin(acme)
    backs = [visitor.sign_in(second, home), visitor.sign_in(first, home)]
    places = [visitor.come_back(back) for back in backs]
    assert all(place.startswith("/sharing/review?request=") for place in places)
    assert places[0] != places[1]


def test_a_session_that_ends_meanwhile_goes_on(house: TestHouse, provider: Provider, acme: Desk, home: Home) -> None:
    object.__setattr__(house.house.sign_in, "session_seconds", 300)
    visitor = Visitor(house)
    back = visitor.sign_in(visitor.begin(acme), home)
    house.clock.advance(301)
    # the provider's code is over by then
    told = visitor.come_back(back)
    assert told.endswith("&own=failed")
    assert "is asking to see your energy data" in visitor.page(told)


@pytest.mark.parametrize(
    "says",
    [
        {"nonce": "another"},
        {"aud": "somebody else"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"preferred_username": ""},
    ],
    ids=lambda says: next(iter(says)),
)
def test_a_token_that_does_not_fit_lets_nobody_in(
    house: TestHouse, provider: Provider, acme: Desk, home: Home, says: dict[str, Any]
) -> None:
    provider.says.update(says)
    visitor = Visitor(house)
    told = visitor.come_back(visitor.sign_in(visitor.begin(acme), home))
    assert told.endswith("&own=failed")
    page = visitor.page(told)
    assert "Signing in there does not work at the moment." in page
    assert "Acme Energy" in page


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", RSAKey.generate_key(2048)),
        ("ES256", ECKey.generate_key("P-256")),
        ("HS256", OctKey.import_key(str(KEY.as_pem(private=False)))),
        ("none", KEY),
        ("RS384", KEY),
    ],
)
def test_a_token_that_is_signed_otherwise_lets_nobody_in(
    house: TestHouse, provider: Provider, acme: Desk, home: Home, algorithm: str, key: Any
) -> None:
    provider.signs.append((algorithm, key))
    visitor = Visitor(house)
    assert visitor.come_back(visitor.sign_in(visitor.begin(acme), home)).endswith("&own=failed")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"state": "another"}, "This sign-in was used already"),
        ({"iss": "https://elsewhere.example"}, "&own=failed"),
        ({"code": "another"}, "&own=failed"),
        ({"code": None}, "&own=failed"),
        ({"code": None, "error": "access_denied"}, "&own=declined"),
        ({"code": None, "error": "server_error"}, "&own=failed"),
        ({"error": "<script>alert(1)</script>"}, "&own=failed"),
    ],
)
def test_an_answer_that_was_tampered_with_lets_nobody_in(
    house: TestHouse, provider: Provider, acme: Desk, home: Home, change: dict[str, str | None], told: str
) -> None:
    visitor = Visitor(house)
    address, _, query = visitor.sign_in(visitor.begin(acme), home).partition("?")
    came = {name: values[0] for name, values in parse_qs(query).items()} | change
    kept = {name: value for name, value in came.items() if value is not None}
    answer = visitor.come_back(f"{address}?{urlencode(kept)}")
    assert told in answer
    assert "<script>" not in answer
    # nobody is in
    assert visitor.come_back("/sharing").startswith("/sharing/sign-in")


def test_a_customer_that_is_nobody_here_is_told_so(
    house: TestHouse, provider: Provider, acme: Desk, home: Home
) -> None:
    provider.says["preferred_username"] = "nobody"
    visitor = Visitor(house)
    told = visitor.come_back(visitor.sign_in(visitor.begin(acme), home))
    assert told.endswith("&own=unknown")
    assert "we do not find your account by it" in visitor.page(told)


def test_the_local_sign_in_can_be_closed_where_another_way_is_open(store: Store, tmp_path: Path) -> None:
    closed = {"account_sign_in": False, **settings_for(free_port())}
    with built(tmp_path, store, **closed) as house:
        visitor, home = Visitor(house), house.home()
        told = visitor.page("/sharing/sign-in")
        assert "Go on to My Riverton" in told
        assert "Forgot your password?" not in told
        assert 'id="login"' not in told
        token = re.findall(r'name="form_token" value="([^"]+)"', told)[0]
        form = {"form_token": token, "way": "account", "login": home.login, "password": PASSWORD}
        answer = visitor.here.post("/sharing/sign-in", data=form, headers={"origin": BASE})
        refused = visitor.here.get(answer.headers["location"])
        assert (refused.status_code, "This way in is not open here." in refused.text) == (401, True)
        assert house.browser.get("/sharing/forgotten").status_code == 404


def test_an_account_number_says_who_it_is_where_one_person_holds_it(
    house: TestHouse, provider: Provider, home: Home
) -> None:
    del provider
    assert house.house.single is not None
    single = replace(house.house.single, claim_names="account")
    assert single._customer(home.account_number) == home.customer.id
    house.holder(home)
    with pytest.raises(NotSignedIn):
        single._customer(home.account_number)


def test_a_provider_that_does_not_answer_is_told_in_words(house: TestHouse, acme: Desk) -> None:
    visitor = Visitor(house)
    told = visitor.begin(acme)
    assert told.endswith("&own=failed")
    assert "Sign in here" in visitor.page(told)


def test_who_signs_out_here_signs_out_there(house: TestHouse, provider: Provider, acme: Desk, home: Home) -> None:
    visitor = Visitor(house)
    visitor.come_back(visitor.sign_in(visitor.begin(acme), home))
    page = visitor.page("/sharing")
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token is not None
    out = visitor.here.post("/sharing/sign-out", data={"form_token": token.group(1)}, headers={"Origin": BASE})
    assert out.headers["Location"] == "/sharing/own/out"
    told = visitor.here.get("/sharing/own/out")
    seconds, _, address = told.headers["Refresh"].partition(";url=")
    asked = parse_qs(urlsplit(address).query)
    assert (seconds, asked["post_logout_redirect_uri"]) == ("0", [BASE + "/?signed_out=yes"])
    assert len(provider.memory.browsers) == 1
    assert visitor.there.get(address).headers["Location"] == BASE + "/?signed_out=yes"
    assert provider.memory.browsers == {}
    # once
    assert visitor.come_back("/sharing/own/out") == "/?signed_out=yes"
    assert visitor.come_back("/sharing").startswith("/sharing/sign-in")


def test_who_is_not_who_was_signed_in_is_asked_there_again(
    house: TestHouse, provider: Provider, acme: Desk, home: Home
) -> None:
    other, visitor = house.home(days=0, bills=0), Visitor(house)
    to = visitor.come_back(visitor.sign_in(visitor.begin(acme), home))
    page = visitor.page(to)
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token is not None
    request_id = parse_qs(urlsplit(to).query)["request"][0]
    form = {"form_token": token.group(1), "request": request_id}
    visitor.here.post("/sharing/sign-out", data=form, headers={"Origin": BASE})
    address = visitor.come_back(f"/sharing/own?request={request_id}")
    assert parse_qs(urlsplit(address).query)["prompt"] == ["login"]
    to = visitor.come_back(visitor.sign_in(address, other))
    assert other.customer.name in visitor.page(to)
