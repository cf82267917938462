"""A browser sent off and received."""

import base64
import hashlib
import socket
import threading
import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.thirdparty.conftest import CUSTODIAN, HOST, Counter, token_answer
from wattshare.thirdparty import connect, errors
from wattshare.thirdparty.custodian import BadConfiguration

BACK = "https://acme.example/back"


def asked(journey: connect.Journey) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(journey.url).query).items()}


def test_the_browser_is_sent_with_what_the_custodian_needs() -> None:
    journey = connect.begin(CUSTODIAN)
    assert journey.url.startswith(f"{HOST}/datacustodian/oauth/v2/authorize?")
    assert asked(journey) == {
        "client_id": CUSTODIAN.client_id,
        "redirect_uri": BACK,
        "response_type": "code",
        "state": journey.state,
    }


def test_wishes_and_guests_and_pkce_are_said() -> None:
    journey = connect.begin(CUSTODIAN, min_end=1735718400, preferred_end=1767254400, guest=True, pkce=True)
    said = asked(journey)
    assert said["scope"] == "MinAuthEndDate=1735718400;PreferredAuthEndDate=1767254400"
    assert said["login"] == "guest"
    assert journey.verifier is not None
    digest = hashlib.sha256(journey.verifier.encode()).digest()
    assert said["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert said["code_challenge_method"] == "S256"


def test_each_journey_has_a_state_of_its_own_that_it_does_not_show() -> None:
    first, second = connect.begin(CUSTODIAN, pkce=True), connect.begin(CUSTODIAN, pkce=True)
    assert first.state != second.state
    assert first.verifier != second.verifier


def test_a_custodian_may_have_its_consent_page_elsewhere() -> None:
    elsewhere = replace(CUSTODIAN, authorize="https://share.riverton.example/myAuthorization/?lang=en")
    url = connect.begin(elsewhere).url
    assert url.startswith("https://share.riverton.example/myAuthorization/?lang=en&client_id=")


def test_without_a_redirect_uri_nobody_is_sent() -> None:
    with pytest.raises(BadConfiguration):
        connect.begin(replace(CUSTODIAN, redirect_uri=None))


ARRIVALS: list[tuple[str, Any]] = [
    ("code=abc&state={state}", "abc"),
    ("code=abc&state={state}&scope=FB%3D1&iss=https%3A%2F%2Friverton.example", "abc"),
    ("authorization_code=abc&state={state}", "abc"),
    ("code=abc&state={state}&iss=https%3A%2F%2Fevil.example", errors.StateMismatch),
    ("code=abc&state=other", errors.StateMismatch),
    ("code=abc", errors.StateMismatch),
    ("code=abc&code=def&state={state}", errors.StateMismatch),
    ("error=access_denied&state=other", errors.StateMismatch),
    ("error=access_denied&error_description=no&state={state}", errors.ConsentDenied),
    ("state={state}", errors.ConsentDenied),
]


@pytest.mark.parametrize(("query", "outcome"), ARRIVALS)
def test_a_browser_that_comes_back_is_recognised(query: str, outcome: Any) -> None:
    journey = connect.begin(CUSTODIAN)
    address = f"{BACK}?{query.format(state=journey.state)}"
    if isinstance(outcome, str):
        assert connect.arrive(journey, CUSTODIAN, address) == outcome
    else:
        with pytest.raises(outcome):
            connect.arrive(journey, CUSTODIAN, address)


def test_a_journey_ends_with_tokens(custodian: Counter) -> None:
    custodian.answers = [token_answer(1)]
    client, journey = custodian.client(), connect.begin(CUSTODIAN, pkce=True)
    tokens = connect.finish(client, journey, f"{BACK}?code=abc&state={journey.state}")
    assert client.store.find("4100001") == tokens
    assert f"code_verifier={journey.verifier}".encode() in custodian.asked[0].read()


@pytest.mark.parametrize(
    ("uri", "can"),
    [
        ("http://127.0.0.1:8765/callback", True),
        ("http://localhost:8765/callback", True),
        ("https://localhost:8765/callback", False),
        ("http://acme.example:8765/callback", False),
        ("http://127.0.0.1/callback", False),
    ],
)
def test_only_http_on_loopback_can_be_received_here(uri: str, can: bool) -> None:
    assert connect.can_listen(uri) is can


def test_the_browser_is_received_on_this_machine_and_the_curious_are_not() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    callback = connect.Callback(f"http://127.0.0.1:{port}/callback")
    statuses = []

    def visit() -> None:
        for path in ("/favicon.ico", "/callback?code=abc&state=s"):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as page:
                    statuses.append(page.status)
            except urllib.error.HTTPError as error:
                statuses.append(error.code)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        assert callback.wait(10) == f"http://127.0.0.1:{port}/callback?code=abc&state=s"
    finally:
        callback.close()
        visitor.join()
    assert statuses == [404, 200]
