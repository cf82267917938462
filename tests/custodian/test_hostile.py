"""Whatever is sent, the answer is one of ours: never a fault, never a trace of what is inside."""

import asyncio
import base64
import gzip
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.custodian.asking import Asking, Told
from tests.custodian.houses import PASSWORD, Home, StoppedClock, TestHouse, built
from tests.custodian.servers import ENGINES, OpenStore
from wattshare.custodian.front import Front
from wattshare.custodian.services.registration import Registered
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoints import ENDPOINTS, Root
from wattshare.espi.profile import PGE

# what an answer may be: nothing of a fault of ours, and 503 only where the store is away, which it never is here
TRACES = re.compile(
    r"Traceback|File \"|sqlalchemy|sqlite|\.py\b|wattshare\.custodian|Error:|0x[0-9a-f]{8}", re.IGNORECASE
)


def bounded(examples: int) -> settings:
    """So many, the same every time."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


OAUTH, TEST = "/datacustodian/oauth/v2", "/datacustodian/test/oauth/v2"
FORM = ("content-type", "application/x-www-form-urlencoded")


@dataclass(frozen=True, kw_only=True, repr=False)
class Besieged:
    """A house under fire, with what an honest third party has."""

    house: TestHouse
    line: Asking
    party: Registered
    home: Home
    tokens: tuple[str, ...]
    routes: tuple[Route, ...]

    def holds(self, told: Told) -> Told:
        """The answer, after it was looked at."""
        assert told.status < 500, (told.status, told.body[:300])
        assert told.status >= 200
        for name, value in told.headers:
            assert "\n" not in value, name
            assert "\r" not in value, name
        kind = told["content-type"] or ""
        if told.status >= 400:
            body = gzip.decompress(told.body) if told["content-encoding"] == "gzip" else told.body
            assert not TRACES.search(body.decode("utf-8", "replace"))
            if "html" in kind and body:
                assert b"<main" in body
                assert b"<script" not in body.lower()
        assert told["x-content-type-options"] == "nosniff"
        assert told["content-security-policy"]
        assert told["x-correlation-id"]
        return told

    def basic(self) -> tuple[str, str]:
        """Good credentials."""
        pair = f"{self.party.party.client_id}:{self.party.client_secret}"
        return "authorization", "Basic " + base64.b64encode(pair.encode()).decode()

    def still_works(self) -> None:
        """Nothing has been broken on the way."""
        told = self.line.form(f"{OAUTH}/token", {"grant_type": "client_credentials"}, headers=[self.basic()])
        assert told.status == 200
        assert self.line.resource("/ReadServiceStatus", token=told.json["access_token"]).status == 200


@pytest.fixture(scope="module", params=ENGINES)
def besieged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, open_store: OpenStore
) -> Iterator[Besieged]:
    """One house for the whole file."""
    folder = tmp_path_factory.mktemp("hostile")
    store = open_store(folder, request.param)
    loop = asyncio.new_event_loop()
    with built(folder, store) as house:
        edge = Front(house.house).application()
        line = Asking(app=edge, loop=loop)
        party, home = house.third_party(), house.home(days=1)
        house.share(party, home)
        tokens = [
            line.form(
                f"{root}/token",
                {
                    "grant_type": "client_credentials",
                    "client_id": party.party.client_id,
                    "client_secret": party.client_secret,
                },
            ).json["access_token"]
            for root in (OAUTH, TEST)
        ]
        routes = tuple(route for place in edge.routes.places for route in place.methods.values())
        yield Besieged(
            house=house,
            line=line,
            party=party,
            home=home,
            tokens=(*tokens, party.registration_token),
            routes=routes,
        )
    loop.close()
    store.close()


# what is sent

ODD = [
    *("", "0", "-1", "1", "4100001", "4100003", "5390000001", "50001", "9" * 25, "9223372036854775808", "1e9", "NaN"),
    *("null", "true", "..", ".", "%", "%00", "\x00", "\r\n", "\r\nSet-Cookie: a=b", "\u0660\u0661", "\uff11", "\u00b2"),
    *("\u2028", "\u202e", "\ud7ff", "\U0001f50c", "\ufffd", "a" * 3_000, "'; DROP TABLE customer; --", "${jndi:x}"),
    *("<script>alert(1)</script>", "{{7*7}}", "{0.__class__}", "%s%n", "../../etc/passwd", "\\", "/", "//evil.example"),
    *("9999-12-31", "0001-01-01", "2024-02-30", "10000-01-1", "9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z"),
    *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "253402300799", "-62135596800", "NzI6bnVsbDo5MDA6MQ=="),
    *("NzI6bnVsbDo5MDA6MTox", "====", "bnVsbA==", "https://acme-energy.example/callback", "javascript:alert(1)"),
]
text = st.one_of(st.sampled_from(ODD), st.text(max_size=30), st.text(string.digits, min_size=1, max_size=30))
raw = st.one_of(st.binary(max_size=40), text.map(lambda one: one.encode("utf-8", "surrogatepass")))
QUERY_NAMES = [
    *("published-min", "published-max", "updated-min", "updated-max", "correlationID", "client_id", "redirect_uri"),
    *(
        "response_type",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
        "login",
        "request",
        "authorization",
    ),
    *("stopped", "grant_type", "code", "refresh_token", "client_secret", "token", "code_verifier", "form_token", "way"),
    *("account_number", "phone", "password", "agreement", "kind", "until", "until_day", "decision", "token_type_hint"),
]
names = st.one_of(st.sampled_from(QUERY_NAMES), text)
fields = st.lists(st.tuples(names, text), max_size=8)
query = st.one_of(
    fields.map(lambda pairs: urlencode(pairs, errors="surrogatepass").encode()), st.binary(max_size=60)
).map(lambda one: re.sub(rb"[\x00-\x20#\x7f]", b"", one))
HEADERS = [
    *("accept", "accept-encoding", "authorization", "cookie", "client-cert", "x-forwarded-for", "x-transaction"),
    *("if-none-match", "content-type", "content-encoding", "origin", "sec-fetch-site", "range", "expect", "te"),
    *("x-forwarded-host", "forwarded", "content-length", "transfer-encoding", "if-modified-since", "upgrade"),
]
VALUES = [
    *(
        b"gzip",
        b"gzip;q=0",
        b"gzip;q=abc",
        b"*;q=0.0001",
        b"Bearer",
        b"Basic Og==",
        b"Basic /_-+",
        b"Basic =",
        b"Digest",
    ),
    *(b"application/xml", b"*/*;q=nan", b"0", b"-1", b"chunked", b'W/"x"', b'"', b"*", b"bytes=0-0,5-2", b"::1, x, ,"),
    *(b"__Host-wattshare=", b"__Host-wattshare=\xff; ;=;", b"%2D%2DBEGIN", b"-----BEGIN CERTIFICATE-----", b":AAAA:"),
    *(b"application/x-www-form-urlencoded; charset=utf-16", b"multipart/form-data; boundary=", b"\xe2\x82\xac"),
]
value = st.one_of(st.sampled_from(VALUES), raw).map(lambda one: re.sub(rb"[\x00\r\n]", b"", one))
headers = st.lists(st.tuples(st.sampled_from(HEADERS), value), max_size=5)


def segment(one: bytes) -> bytes:
    """An id in a path, escaped or as bare as a request line can have it."""
    return quote(one, safe="=%").encode()


# resources


rows = st.sampled_from([row for row in ENDPOINTS if row.root is not Root.THIRD_PARTY])


@bounded(350)
@given(data=st.data())
def test_no_address_query_or_header_breaks_a_resource(besieged: Besieged, data: st.DataObject) -> None:
    row = data.draw(rows)
    template = data.draw(st.sampled_from([row.template(PGE), *row.alias_templates(PGE)]))
    own = {"bulk": str(besieged.party.party.id).encode(), "subscription": b"4100003", "retail_customer": b"4100003"}
    path = template.encode()
    for name in row.parameters:
        one = data.draw(raw) if data.draw(st.booleans()) else own.get(name, b"5390000001")
        path = path.replace(b"{%s}" % name.encode(), segment(one))
    sent = data.draw(headers)
    token = data.draw(st.sampled_from([None, *besieged.tokens]))
    besieged.holds(
        besieged.line.ask(
            path + b"?" + data.draw(query),
            method=data.draw(st.sampled_from([row.method, row.method, "HEAD", "GET", "POST", "DELETE", "FOO"])),
            token=token,
            headers=sent,
            body=data.draw(st.binary(max_size=50)),
        )
    )


@bounded(300)
@given(path=st.lists(raw, max_size=6), after=query, sent=headers)
def test_no_path_at_all_breaks_anything(besieged: Besieged, path: list[bytes], after: bytes, sent: Any) -> None:
    bare = re.sub(rb"[\x00-\x20?#\x7f]", b"", b"/" + b"/".join(path))
    for target in (bare, b"/GreenButtonConnect/espi/1_1/resource" + bare, b"/sharing" + bare, b"/static" + bare):
        besieged.holds(besieged.line.ask(target + b"?" + after, headers=sent))


@bounded(200)
@given(
    host=st.one_of(st.none(), st.binary(max_size=30)),
    sent=st.lists(st.tuples(st.binary(min_size=1, max_size=12), value)),
)
def test_no_head_breaks_the_door(besieged: Besieged, host: bytes | None, sent: list[tuple[bytes, bytes]]) -> None:
    besieged.holds(besieged.line.ask("/", host=host, headers=sent))


# the OAuth endpoints

OPTIONAL = ("code", "redirect_uri", "refresh_token", "code_verifier", "scope", "token", "client_id")
GRANTS = ("authorization_code", "refresh_token", "client_credentials", "password")
# made once: Hypothesis looks a strategy over before it first draws from it
likely = st.fixed_dictionaries({"grant_type": st.sampled_from(GRANTS)}, optional=dict.fromkeys(OPTIONAL, text))
token_forms = st.one_of(likely.map(lambda told: list(told.items())), fields)
places = st.sampled_from([f"{OAUTH}/token", f"{TEST}/token", f"{OAUTH}/revoke", f"{OAUTH}/introspect"])
without_bearer = headers.map(lambda some: [one for one in some if one[0] not in ("authorization", "content-type")])
without_cookie = headers.map(lambda some: [one for one in some if one[0] not in ("cookie", "content-type")])
some_query = st.one_of(st.just(b""), query)


@bounded(220)
@given(data=st.data())
def test_no_form_breaks_a_token_endpoint(besieged: Besieged, data: st.DataObject) -> None:
    where, pairs = data.draw(places), data.draw(token_forms)
    body = data.draw(st.one_of(st.just(urlencode(pairs, errors="surrogatepass").encode()), st.binary(max_size=80)))
    sent: list[tuple[str, bytes | str]] = [*data.draw(without_bearer)]
    if data.draw(st.integers(0, 3)):
        sent.append(besieged.basic())
    after = data.draw(some_query)
    besieged.holds(besieged.line.ask(where.encode() + b"?" + after, method="POST", headers=[*sent, FORM], body=body))


@bounded(180)
@given(
    root=st.sampled_from([OAUTH, TEST]),
    more=fields,
    scope=st.one_of(
        text,
        st.tuples(st.sampled_from(["MinAuthEndDate", "PreferredAuthEndDate", "FB", "BR"]), text).map("=".join),
        st.integers(-(2**70), 2**70).map("PreferredAuthEndDate={}".format),
    ),
    state=text,
)
def test_no_request_breaks_authorize(
    besieged: Besieged, root: str, more: list[tuple[str, str]], scope: str, state: str
) -> None:
    party = besieged.party.party
    pairs = [("client_id", party.client_id), ("redirect_uri", party.redirect_uris[0]), ("response_type", "code")]
    target = urlencode([*pairs, ("scope", scope), ("state", state), *more], errors="surrogatepass")
    told = besieged.holds(besieged.line.ask(f"{root}/authorize?{target}"))
    location = told["location"]
    if location is not None:
        # back to the registered address or into our own pages, whatever was asked
        assert location.startswith((party.redirect_uris[0] + "?", "/sharing/sign-in?request="))
    if location is not None and location.startswith("/sharing"):
        # and every page that the customer would see is one
        cookie = [("cookie", value.partition(";")[0]) for name, value in told.headers if name == "set-cookie"]
        besieged.holds(besieged.line.ask(location, headers=cookie))


# the pages


def signed_in(besieged: Besieged, scope: str = "") -> tuple[list[tuple[str, str]], str, str]:
    """A customer at the decision: the cookie, the form's token, the request."""
    party = besieged.party.party
    asked = {"client_id": party.client_id, "redirect_uri": party.redirect_uris[0], "response_type": "code"}
    told = besieged.line.ask(f"{OAUTH}/authorize?{urlencode(asked | ({'scope': scope} if scope else {}))}")
    request = str(told["location"]).partition("request=")[2]
    cookie = [("cookie", str(told["set-cookie"]).partition(";")[0])]
    page = besieged.line.ask(f"/sharing/sign-in?request={request}", headers=cookie)
    form = {"form_token": token_in(page), "request": request, "login": besieged.home.login, "password": PASSWORD}
    told = besieged.line.form("/sharing/sign-in", form, headers=cookie)
    assert told.status == 303
    cookie = [("cookie", str(told["set-cookie"]).partition(";")[0])]
    page = besieged.holds(besieged.line.ask(f"/sharing/review?request={request}", headers=cookie))
    return cookie, token_in(page), request


def token_in(page: Told) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


@pytest.fixture(scope="module")
def visitor(besieged: Besieged) -> tuple[list[tuple[str, str]], str, str]:
    """A customer who never decides."""
    return signed_in(besieged)


PAGES = (
    "/",
    "/sharing",
    "/sharing/sign-in",
    "/sharing/sign-out",
    "/sharing/review",
    "/sharing/decide",
    "/sharing/stop",
)


@bounded(200)
@given(data=st.data())
def test_no_form_breaks_a_page(
    besieged: Besieged, visitor: tuple[list[tuple[str, str]], str, str], data: st.DataObject
) -> None:
    cookie, form_token, request = visitor
    page = data.draw(st.sampled_from([one for one in PAGES if one != "/sharing/sign-out"]))
    pairs = data.draw(fields)
    if data.draw(st.integers(0, 3)):
        pairs = [("form_token", form_token), *(one for one in pairs if one[0] not in ("form_token", "login"))]
    if page == "/sharing/decide":
        agreement = str(besieged.home.agreements[0].id)
        # it shares or is refused; a refusal by the customer would end the request that the others need
        pairs = [("request", request), ("decision", "share"), ("kind", "usage"), ("agreement", agreement), *pairs]
        pairs = [one for one in pairs if one[0] != "until"]
    sent = data.draw(without_cookie)
    method = data.draw(st.sampled_from(["GET", "POST"]))
    target = page.encode() + b"?" + data.draw(query)
    body = urlencode(pairs, errors="surrogatepass").encode() if method == "POST" else b""
    besieged.holds(besieged.line.ask(target, method=method, headers=[*sent, *cookie, FORM], body=body))


@pytest.mark.parametrize(
    "day",
    [
        "9999-12-31",
        "9999-12-30",
        "2101-01-01",
        "0001-01-01",
        "1969-12-31",
        "2024-02-30",
        "2024-W11-3",
        "20240313  ",
        "",
    ],
)
def test_a_last_day_that_cannot_be_is_told_so(besieged: Besieged, day: str) -> None:
    cookie, form_token, request = signed_in(besieged)
    form = {
        "form_token": form_token,
        "request": request,
        "decision": "share",
        "agreement": str(besieged.home.agreements[0].id),
        "until": "day",
        "until_day": day,
    }
    sent = besieged.holds(besieged.line.form("/sharing/decide", form, headers=cookie))
    # what is wrong is told on a page that one can go back to
    assert sent.status == 303
    told = besieged.holds(besieged.line.ask(sent["location"] or "", headers=cookie))
    assert told.status == 400
    assert "until_day" in told.text


@pytest.mark.parametrize("end", [2**63 - 1, 253_402_300_799, 4_133_980_799, 4_133_980_800])
def test_an_end_that_is_far_away_is_shown(besieged: Besieged, end: int) -> None:
    signed_in(besieged, f"PreferredAuthEndDate={end}")


@pytest.mark.parametrize(
    "request_id", ["%0d%0aSet-Cookie:%20a=b", "%00", "%E2%82%AC", "%22%3E%3Cscript%3E", "a%26b=c", "x" * 5_000]
)
def test_a_request_that_never_was_leads_nowhere_else(besieged: Besieged, request_id: str) -> None:
    told = besieged.holds(besieged.line.ask(f"/sharing/review?request={request_id}"))
    assert told.status == 303
    assert str(told["location"]).startswith("/sharing/sign-in?request=")
    assert re.fullmatch(r"/sharing/sign-in\?request=[A-Za-z0-9%._~-]*", str(told["location"]))
    assert told["set-cookie"] is None


@bounded(40)
@given(cookie=st.one_of(text, st.text(string.printable, max_size=40)))
def test_no_cookie_breaks_a_page(besieged: Besieged, cookie: str) -> None:
    shown = re.sub(rb"[\x00\r\n]", b"", b"__Host-wattshare=" + cookie.encode("utf-8", "surrogatepass"))
    for page in PAGES[1:]:
        besieged.holds(besieged.line.ask(page, headers=[("cookie", shown)]))
        besieged.holds(besieged.line.form(page, {"form_token": "x"}, headers=[("cookie", shown)]))


# sizes


@pytest.mark.parametrize(
    ("target", "method", "more", "status"),
    [
        (f"{OAUTH}/token", "POST", {"body": b"a=" + b"x" * 70_000}, 413),
        (f"{OAUTH}/token", "POST", {"body": b"&".join(b"a=1" for _ in range(15_000))}, 400),
        (f"{OAUTH}/token", "POST", {"body": b"%" * 60_000}, 400),
        ("/", "GET", {"headers": [("x-a", "x" * 17_000)]}, 431),
        ("/", "GET", {"headers": [(f"x-{number}", "1") for number in range(101)]}, 431),
        (f"{OAUTH}/token", "POST", {"headers": [("content-encoding", "gzip")], "body": b"\x1f\x8b"}, 415),
    ],
)
def test_what_is_too_large_or_packed_is_refused(
    besieged: Besieged, target: str, method: str, more: dict[str, Any], status: int
) -> None:
    assert besieged.holds(besieged.line.ask(target, method=method, **more)).status == status


def test_a_form_that_is_too_large_is_told_so_on_a_page(besieged: Besieged) -> None:
    sent = besieged.holds(besieged.line.ask("/sharing/sign-in", method="POST", body=b"x" * 70_000))
    assert sent.status == 303
    assert besieged.holds(besieged.line.ask(sent["location"] or "")).status == 413


def test_every_route_says_who_may(besieged: Besieged) -> None:
    assert len(besieged.routes) > 40
    assert all(route.token is not None for route in besieged.routes)


def test_after_all_that_everything_works(besieged: Besieged) -> None:
    assert isinstance(besieged.house.clock, StoppedClock)
    besieged.still_works()
    while besieged.house.work():
        pass
    besieged.still_works()
