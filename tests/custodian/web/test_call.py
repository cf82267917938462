"""What handlers are given, and what they give back."""

import json

import pytest

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.web.call import ATOM_TYPE, XML_TYPE, Call, Query, Response


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (b"", ()),
        (b"a=1&b=2&a=3", (("a", "1"), ("b", "2"), ("a", "3"))),
        (b"a=&b", (("a", ""), ("b", ""))),
        (b"t=2024-03-09T00:00:00+00:00", (("t", "2024-03-09T00:00:00 00:00"),)),
        (b"t=2024-03-09T00:00:00%2B00:00", (("t", "2024-03-09T00:00:00+00:00"),)),
        (b"n=%C3%BC&%C3%BC=1", (("n", "ü"), ("ü", "1"))),
        (b"n=%FF", (("n", "\ufffd"),)),
        (b"n=%", (("n", "%"),)),
        (b"a=1;b=2", (("a", "1;b=2"),)),
    ],
)
def test_a_query_is_read_without_refusing_anything(text: bytes, pairs: tuple[tuple[str, str], ...]) -> None:
    assert Query.read(text).pairs == pairs


def test_a_name_is_asked_for_first_once_or_every_time() -> None:
    query = Query.read(b"a=1&b=2&a=3")
    assert query.first("a") == "1"
    assert query.every("a") == ("1", "3")
    assert query.one("b") == "2"
    assert query.one("c") is None
    assert query.first("c") is None
    assert query.repeated() == ("a",)
    assert query.firsts() == {"a": "1", "b": "2"}
    assert "b" in query
    assert "c" not in query


def test_a_name_that_may_be_there_once_is_named_when_it_is_not() -> None:
    with pytest.raises(BadRequest) as refusal:
        Query.read(b"scope=1&scope=2").one("scope")
    assert refusal.value.field == "scope"


@pytest.mark.parametrize(
    ("header", "kind", "accepted"),
    [
        ("application/xml", "application/xml", True),
        ("text/html, Application/XML;q=0.9, */*", "application/xml", True),
        ("*/*", "application/xml", False),
        ("", "application/xml", False),
    ],
)
def test_accept_is_asked_for_a_media_type_by_its_name(header: str, kind: str, accepted: bool) -> None:
    assert Call(method="GET", headers={"accept": header}).accepts(kind) is accepted


def test_a_content_type_is_known_without_its_parameters() -> None:
    call = Call(method="POST", headers={"content-type": "Application/X-WWW-Form-Urlencoded ; charset=utf-8"})
    assert call.content_type == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("response", "status", "content_type", "compressible"),
    [
        (Response.xml(b"<a/>"), 200, ATOM_TYPE, True),
        (Response.xml(b"<a/>", content_type=XML_TYPE), 200, XML_TYPE, True),
        (Response.json({"a": 1}, status=400), 400, "application/json;charset=UTF-8", True),
        (Response.page("<p>"), 200, "text/html;charset=utf-8", True),
        (Response.empty(202), 202, None, False),
        (Response.redirect("/x"), 303, None, False),
    ],
)
def test_answers_say_what_they_are(
    response: Response, status: int, content_type: str | None, compressible: bool
) -> None:
    assert (response.status, response.content_type, response.compressible) == (
        status,
        content_type,
        compressible,
    )


def test_json_is_small_and_utf_8() -> None:
    body = Response.json({"name": "Gisèle", "none": None}).body
    assert body == '{"name":"Gisèle","none":null}'.encode()
    assert json.loads(body) == {"name": "Gisèle", "none": None}


def test_a_redirect_says_where_to() -> None:
    assert Response.redirect("https://acme.example/cb?code=1", status=302).header("location") == (
        "https://acme.example/cb?code=1"
    )


@pytest.mark.parametrize(
    ("secure", "seconds", "cookie"),
    [
        (True, None, "s=v; Path=/; HttpOnly; SameSite=Lax; Secure"),
        (False, 60, "s=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60"),
        (True, 0, "s=v; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"),
    ],
)
def test_cookies_are_out_of_reach_of_scripts(secure: bool, seconds: int | None, cookie: str) -> None:
    assert Response.empty().with_cookie("s", "v", secure=secure, seconds=seconds).headers == (("Set-Cookie", cookie),)


def test_two_cookies_are_two_headers() -> None:
    response = Response.empty().with_cookie("a", "1", secure=True).with_cookie("b", "2", secure=True)
    assert [name for name, _ in response.headers] == ["Set-Cookie", "Set-Cookie"]
