"""RFC 6749 §3.1, §3.2: parameters, wherever they stand."""

import pytest

from wattshare.custodian.oauth.errors import InvalidRequest, OAuthRefusal, UnsupportedGrantType
from wattshare.custodian.oauth.parameters import Pairs, grant_type, once, read_posted

CODE = (("grant_type", "authorization_code"), ("code", "c"), ("redirect_uri", "https://a.example/cb"))
NOTHING: Pairs = ()


@pytest.mark.parametrize(
    ("query", "form"),
    [
        pytest.param(CODE, NOTHING, id="query"),
        pytest.param(NOTHING, CODE, id="body"),
        pytest.param((("utm", "1"), *CODE), NOTHING, id="query with something else"),
        pytest.param((("utm", "1"),), CODE, id="body, and something unknown in the query"),
        pytest.param((("code", ""),), CODE[:1] + CODE[2:] + (("state", ""),), id="empty ones are left out"),
        pytest.param(CODE, (("{}", ""),), id="a JSON body beside the query"),
    ],
)
def test_parameters_come_in_the_query_or_in_the_body(query: Pairs, form: Pairs) -> None:
    assert read_posted(query, form)["grant_type"] == "authorization_code"


@pytest.mark.parametrize(
    ("query", "form", "field"),
    [
        pytest.param((*CODE, ("code", "d")), NOTHING, "code", id="twice in the query"),
        pytest.param(NOTHING, (*CODE, ("code", "c")), "code", id="twice in the body, alike"),
        pytest.param(CODE, (("code", "c"),), "code", id="once in each"),
        pytest.param(CODE[:1], CODE[1:], None, id="some here and some there"),
        pytest.param((*CODE, ("client_secret", "s")), NOTHING, "client_secret", id="secret in the query"),
        pytest.param(
            (("client_secret", ""),),
            CODE,
            "client_secret",
            id="empty secret in the query, all else in the body",
        ),
        pytest.param((*CODE, ("x", "1"), ("x", "2")), NOTHING, "x", id="an unknown one twice"),
    ],
)
def test_repeated_and_mixed_parameters_are_refused(query: Pairs, form: Pairs, field: str | None) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_posted(query, form)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("pairs", "kind", "told"),
    [
        pytest.param((), InvalidRequest, "Missing grant_type", id="OAD003: no grant_type"),
        pytest.param((("grant_type", ""),), InvalidRequest, "Missing grant_type", id="an empty one"),
        pytest.param(
            (("?grant_type", "refresh_token"),),
            InvalidRequest,
            "Missing grant_type",
            id="OAD011: malformed body",
        ),
        pytest.param((("grant_type", "password"),), UnsupportedGrantType, "", id="password"),
        pytest.param((("grant_type", "Authorization_Code"),), UnsupportedGrantType, "", id="another case"),
        pytest.param(CODE[:1] + CODE[2:], InvalidRequest, "code is missing.", id="OAD003: no code"),
        pytest.param(CODE[:2], InvalidRequest, "redirect_uri is missing.", id="OAD003: no redirect_uri"),
        pytest.param((("grant_type", "refresh_token"),), InvalidRequest, "refresh_token is missing.", id="no token"),
    ],
)
def test_a_grant_without_what_it_needs_is_refused(pairs: Pairs, kind: type[OAuthRefusal], told: str) -> None:
    with pytest.raises(kind) as refused:
        grant_type(once(pairs))
    assert refused.value.told.startswith(told)


def test_a_repeated_name_is_not_echoed_as_it_came() -> None:
    nasty = '"><script>' * 20
    with pytest.raises(InvalidRequest) as refused:
        once(((nasty, "1"), (nasty, "2")))
    assert "<" not in refused.value.told
    assert len(refused.value.told) < 80
