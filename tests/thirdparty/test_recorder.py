"""What is shown of an exchange never shows a secret."""

import json

import httpx2
import pytest

from wattshare.thirdparty.recorder import Recorder, masked_url

SECRET = "wsa_0123456789abcdef0123456789abcdef"


def record(request: httpx2.Request, response: httpx2.Response) -> str:
    recorder = Recorder(httpx2.MockTransport(lambda _: response))
    with httpx2.Client(transport=recorder) as client:
        client.send(request)
    [exchange] = recorder.taken()
    assert recorder.taken() == []
    return str(exchange)


URL = "https://riverton.example/x"
EXCHANGES = [
    (httpx2.Request("GET", URL, headers={"authorization": f"Bearer {SECRET}"}), httpx2.Response(200)),
    (
        httpx2.Request("POST", URL, data={"refresh_token": SECRET, "grant_type": "refresh_token"}),
        httpx2.Response(200),
    ),
    (httpx2.Request("POST", URL, data={"code": SECRET, "code_verifier": SECRET}), httpx2.Response(200)),
    (
        httpx2.Request("POST", URL, data={"login": "ada", "password": SECRET, "_csrf": SECRET}),
        httpx2.Response(200),
    ),
    (httpx2.Request("GET", f"{URL}?state={SECRET}&scope=FB%3D1"), httpx2.Response(200)),
    (
        httpx2.Request("GET", URL),
        httpx2.Response(302, headers={"location": f"https://a.example/?code={SECRET}&authorization_code={SECRET}"}),
    ),
    (
        httpx2.Request("GET", URL),
        httpx2.Response(200, json={"access_token": SECRET, "refresh_token": SECRET, "client_access_token": SECRET}),
    ),
]


@pytest.mark.parametrize(("request_", "response"), EXCHANGES)
def test_a_secret_is_masked_wherever_it_stands(request_: httpx2.Request, response: httpx2.Response) -> None:
    shown = record(request_, response)
    assert SECRET not in shown
    assert "…" in shown


def test_an_answer_is_shown_with_its_own_types() -> None:
    said = httpx2.Response(200, json={"access_token": SECRET, "expires_in": 3600})
    assert '{"access_token": "wsa_…", "expires_in": 3600}' in record(httpx2.Request("GET", URL), said)


def test_every_box_of_one_name_is_shown() -> None:
    form = {"kind": ["basic", "account"], "decision": "share"}
    shown = record(httpx2.Request("POST", URL, data=form), httpx2.Response(200))
    assert "'kind': 'basic, account'" in shown


def test_what_is_no_secret_is_shown() -> None:
    assert masked_url(f"{URL}?published-min=2024-05-01T07:00:00Z") == f"{URL}?published-min=2024-05-01T07:00:00Z"
    shown = record(
        httpx2.Request("POST", URL, data={"grant_type": "refresh_token"}),
        httpx2.Response(400, json={"error": "invalid_grant", "error_description": "used"}),
    )
    assert "refresh_token" in shown
    assert json.dumps({"error": "invalid_grant", "error_description": "used"}) in shown
