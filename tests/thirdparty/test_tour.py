"""The tour, before a custodian of a few words; the conversation with the real one is told elsewhere."""

import json
from pathlib import Path

import httpx2
import pytest

from tests.thirdparty.test_client import AUTHORIZATION, client_token
from tests.thirdparty.test_consent import CONSENT, SIGN_IN
from tests.thirdparty.test_custodian import SANDBOX
from tests.thirdparty.test_feeds import BLOCK, CODES, METER_READING, READING_TYPE, USAGE_POINT, feed
from tests.thirdparty.test_receiver import notice
from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.tour import Step, StepFailed, Tour

BASE = "https://localhost:8443/GreenButtonConnect/espi/1_1/resource"
USAGE = feed(READING_TYPE, USAGE_POINT, METER_READING, BLOCK, CODES)
STATUS = '<ServiceStatus xmlns="http://naesb.org/espi"><currentStatus>1</currentStatus></ServiceStatus>'
ESPI = 'xmlns:ns0="http://naesb.org/espi" xmlns:ns1="http://www.w3.org/2005/Atom"'


class Sandbox:
    """What a sandbox answers on the tour."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ended = False
        self.broken: dict[str, httpx2.Response] = {}
        told = {
            **SANDBOX,
            "customers": [
                {"login": None, "household": "guest", "usage_points": [1]},
                {"login": "ada", "password": "pw", "household": "solar", "usage_points": [5390000001]},
            ],
        }
        (home / "sandbox.json").write_text(json.dumps(told))
        (home / "notices").mkdir()

    def carry(self, custodian: Custodian) -> httpx2.BaseTransport:
        return httpx2.MockTransport(self)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        path = request.url.path.removeprefix("/GreenButtonConnect/espi/1_1/resource")
        if broken := self.broken.get(path):
            return broken
        if path.endswith("/token"):
            return self.token(request)
        if request.url.path.startswith("/datacustodian") or not request.url.path.startswith("/GreenButton"):
            return self.page(request)
        return self.resource(request, path)

    def page(self, request: httpx2.Request) -> httpx2.Response:
        asked = request.url.params
        back = f"{asked.get('redirect_uri', '')}?state={asked.get('state', '')}&code=code-1"
        match (request.method, request.url.path):
            case ("GET", "/datacustodian/test/oauth/v2/authorize"):
                return httpx2.Response(302, headers={"location": back})
            case ("GET", "/datacustodian/oauth/v2/authorize"):
                self.back = back
                return httpx2.Response(200, html=SIGN_IN)
            case ("POST", "/sign-in") if b"password" in request.content:
                return httpx2.Response(200, html=CONSENT)
            case _:
                return httpx2.Response(303, headers={"location": self.back})

    def token(self, request: httpx2.Request) -> httpx2.Response:
        if b"client_credentials" in request.content:
            return client_token()
        if b"refresh_token" in request.content:
            return httpx2.Response(400, json={"error": "invalid_grant"})
        said = {"access_token": "a" * 30, "refresh_token": "r" * 30, "expires_in": 3600, "scope": "FB=1"}
        return httpx2.Response(200, json={**said, "resourceURI": f"{BASE}/Batch/Subscription/4100001"})

    def resource(self, request: httpx2.Request, path: str) -> httpx2.Response:
        match (request.method, path):
            case ("GET", "/ReadServiceStatus"):
                return httpx2.Response(200, content=STATUS.encode())
            case ("GET", "/DownloadSampleData"):
                return httpx2.Response(200, content=USAGE)
            case ("GET", "/Batch/Subscription/4100001") if "correlationID" in request.url.params:
                return httpx2.Response(200, content=USAGE)
            case ("GET", "/Batch/Subscription/4100001"):
                url = f"{BASE}/Batch/Subscription/4100001?correlationID=1"
                (self.home / "notices" / "1.xml").write_bytes(notice(url))
                return httpx2.Response(202)
            case ("GET", "/Authorization/4100001"):
                text = AUTHORIZATION.replace("<ns1:entry>", f"<ns1:entry {ESPI}>", 1)
                resource = "Batch/Subscription/4100001"
                status = 0 if self.ended else 1
                return httpx2.Response(
                    200,
                    content=text.format(n=2, id=4100001, length=0, status=status, resource=resource).encode(),
                )
            case ("DELETE", "/Authorization/4100001"):
                self.ended = True
                return httpx2.Response(200)
        return httpx2.Response(401 if self.ended else 404)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def tour(sandbox: Sandbox) -> Tour:
    return Tour(home=sandbox.home, carry=sandbox.carry, sleep=lambda _: None)


def test_the_tour_walks_ten_steps_and_shows_each(sandbox: Sandbox) -> None:
    steps = list(tour(sandbox).walk())
    assert [step.number for step in steps] == list(range(1, 11))
    assert all(step.exchanges for step in steps if not step.title.startswith("notice"))
    assert steps[7].facts["totals"] == {"electricity delivered Wh": "98.999"}
    assert steps[9].outcome == "401 for the access token; status 0."
    shown = str(steps)
    for secret in ("a" * 30, "r" * 30, "pw'", "client-1", "'s1'"):
        assert secret not in shown


TOKEN = "/datacustodian/oauth/v2/token"
BREAKS = [
    ("/ReadServiceStatus", httpx2.Response(400, json="Invalid Certificate"), 1, "Invalid Certificate"),
    ("/DownloadSampleData", httpx2.Response(204), 2, "no reading"),
    ("/datacustodian/test/oauth/v2/authorize", httpx2.Response(400, json={"error": "x"}), 3, "400"),
    ("/sign-in", httpx2.Response(200, html=SIGN_IN), 4, "sign-in was refused"),
    (
        "/datacustodian/oauth/v2/token",
        httpx2.Response(401, json={"error": "invalid_client"}),
        5,
        "invalid_client",
    ),
    ("/Batch/Subscription/4100001", httpx2.Response(403), 6, "403"),
]


@pytest.mark.parametrize(("path", "answer", "number", "words"), BREAKS)
def test_a_step_that_fails_is_named_with_its_reason(
    sandbox: Sandbox, path: str, answer: httpx2.Response, number: int, words: str
) -> None:
    sandbox.broken = {path: answer}
    taken: list[Step] = []
    with pytest.raises(StepFailed, match=rf"Step {number} \(.*\) failed\. .*{words}"):
        taken.extend(tour(sandbox).walk())


def test_a_notice_that_never_comes_is_said(sandbox: Sandbox) -> None:
    sandbox.broken = {"/Batch/Subscription/4100001": httpx2.Response(202)}
    with pytest.raises(StepFailed, match=r"Step 7 .*worker"):
        list(tour(sandbox).walk())


def test_a_token_that_still_opens_something_afterwards_fails_the_tour(sandbox: Sandbox) -> None:
    sandbox.broken = {"/Subscription/4100001/UsagePoint": httpx2.Response(200)}
    with pytest.raises(StepFailed, match=r"Step 10 .*still opens"):
        list(tour(sandbox).walk())
