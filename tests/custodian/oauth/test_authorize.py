"""RFC 6749 §4.1.1, §4.1.2, §3.1; the utility's order of checks; OAD001 of the standard's tests."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.custodian.oauth.parties import ACME, REDIRECT, party
from wattshare.custodian.model.parties import Standing, ThirdParty, UserType
from wattshare.custodian.oauth import authorize
from wattshare.custodian.oauth.authorize import AuthorizeRequest, PageRefusal, RedirectRefusal
from wattshare.espi.profile import PGE, STANDARD, Profile

NOW = 1_700_000_000
ISSUER = "https://localhost:8443"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

WELL: dict[str, str] = {
    "client_id": ACME.client_id,
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "state": "s t=1&é",
}


def examine(
    *more: tuple[str, str],
    third_party: ThirdParty | None = ACME,
    profile: Profile = PGE,
    without: str = "",
    test: bool = False,
    **changes: str,
) -> AuthorizeRequest | PageRefusal | RedirectRefusal:
    asked = {name: value for name, value in (WELL | changes).items() if name != without}
    pairs = (*asked.items(), *more)
    return authorize.examine(pairs, third_party, profile, issuer=ISSUER, now=NOW, test=test)


def told(outcome: object) -> list[tuple[str, str]]:
    assert isinstance(outcome, RedirectRefusal)
    return parse_qsl(urlsplit(outcome.url).query)


def test_a_whole_request_is_taken() -> None:
    scope = f"FB=4_5_15;Colour=green;MinAuthEndDate={NOW + 10};PreferredAuthEndDate={NOW + 20}"
    outcome = examine(scope=scope, login="guest", code_challenge=CHALLENGE, code_challenge_method="S256")
    assert outcome == AuthorizeRequest(
        third_party=ACME,
        redirect_uri=REDIRECT,
        state="s t=1&é",
        scope=scope,
        code_challenge=CHALLENGE,
        min_end=NOW + 10,
        preferred_end=NOW + 20,
        guest=True,
    )


@pytest.mark.parametrize(
    ("changes", "third_party", "sentence"),
    [
        pytest.param({"without": "client_id"}, None, "client_id is empty", id="no client_id"),
        pytest.param({"client_id": ""}, None, "client_id is empty", id="an empty one"),
        pytest.param({"client_id": "f" * 32}, None, "client_id is unknown", id="an unknown one"),
        pytest.param({"client_id": "f" * 32}, ACME, "client_id is unknown", id="looked up by another"),
        pytest.param({"without": "redirect_uri"}, ACME, "redirect_uri is empty", id="no redirect_uri"),
        pytest.param(
            {"redirect_uri": "https://evil.example/"},
            ACME,
            "redirect_uri is not",
            id="a foreign redirect_uri",
        ),
        pytest.param({"redirect_uri": REDIRECT + "/"}, ACME, "redirect_uri is not", id="a slash more"),
        pytest.param({"redirect_uri": REDIRECT + "?x=1"}, ACME, "redirect_uri is not", id="a query more"),
        pytest.param({"redirect_uri": REDIRECT.upper()}, ACME, "redirect_uri is not", id="another case"),
        pytest.param(
            {"without": "response_type", "redirect_uri": "https://evil.example/"},
            ACME,
            "redirect_uri is not",
            id="the redirect is asked first",
        ),
    ],
)
@pytest.mark.parametrize("profile", [PGE, STANDARD], ids=["PGE", "STANDARD"])
def test_an_unknown_client_or_redirect_gets_a_page(
    changes: dict[str, Any], third_party: ThirdParty | None, sentence: str, profile: Profile
) -> None:
    outcome = examine(third_party=third_party, profile=profile, **changes)
    assert isinstance(outcome, PageRefusal)
    assert outcome.told.startswith(sentence)
    assert outcome.error == "invalid_request"
    # OAD001: 401 where the standard is followed to the letter
    assert outcome.status == (400 if profile is PGE else 401)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_client_and_redirect_once_each_or_a_page(name: str) -> None:
    outcome = examine((name, WELL[name]))
    assert isinstance(outcome, PageRefusal)
    assert outcome.field == name


def test_the_legacy_client_id_gets_a_page_that_says_what_to_send() -> None:
    outcome = examine(("clientId", "50001"), third_party=None, without="client_id")
    assert isinstance(outcome, PageRefusal)
    assert "client_id" in outcome.told
    assert "32 hex" in outcome.told


@pytest.mark.parametrize("user_type", [UserType.SELF_ACCESS, UserType.CCA])
def test_who_has_no_oauth_gets_a_page(user_type: UserType) -> None:
    outcome = examine(third_party=party(user_type=user_type, redirect_uris=()))
    assert isinstance(outcome, PageRefusal)
    assert (outcome.status, outcome.error) == (400, "unauthorized_client")


@pytest.mark.parametrize(
    ("standing", "test", "asks"),
    [
        (Standing.PRODUCTION, False, True),
        (Standing.PRODUCTION, True, True),
        (Standing.REVIEW, False, False),
        (Standing.REVIEW, True, True),
        (Standing.SUSPENDED, False, False),
        (Standing.SUSPENDED, True, False),
        (Standing.REVOKED, False, False),
    ],
)
def test_only_who_is_in_good_standing_may_ask(standing: Standing, test: bool, asks: bool) -> None:
    outcome = examine(third_party=party(standing=standing), test=test)
    assert isinstance(outcome, AuthorizeRequest if asks else PageRefusal)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"without": "response_type"}, "invalid_request", id="OAD001: no response_type"),
        pytest.param({"response_type": "token"}, "invalid_request", id="OAD001: wrong response_type"),
        pytest.param({"response_type": "code token"}, "invalid_request", id="two response types"),
        pytest.param({"scope": "MinAuthEndDate=soon"}, "invalid_request", id="malformed end"),
        pytest.param({"scope": "PreferredAuthEndDate=1.5"}, "invalid_request", id="a fraction"),
        pytest.param({"scope": "MinAuthEndDate=99999999999999999999"}, "invalid_request", id="beyond 64 bits"),
        pytest.param({"scope": f"MinAuthEndDate={NOW}"}, "invalid_request", id="an end in the past"),
        pytest.param({"scope": f"PreferredAuthEndDate={NOW - 1}"}, "invalid_request", id="a wish in the past"),
        pytest.param(
            {"scope": f"MinAuthEndDate={NOW + 9};PreferredAuthEndDate={NOW + 8}"},
            "invalid_request",
            id="the wish before the least",
        ),
        pytest.param({"code_challenge": CHALLENGE}, "invalid_request", id="plain PKCE"),
        pytest.param({"code_challenge_method": "S256"}, "invalid_request", id="a method alone"),
        pytest.param({"third_party": party(pkce_required=True)}, "invalid_request", id="PKCE is required"),
    ],
)
def test_everything_else_goes_back_to_the_third_party(changes: dict[str, Any], error: str) -> None:
    outcome = told(examine(**changes))
    assert outcome[0] == ("error", error)
    assert outcome[1][0] == "error_description"
    assert outcome[2:] == [("iss", ISSUER), ("state", "s t=1&é")]


@pytest.mark.parametrize("name", ["response_type", "scope", "login", "code_challenge", "anything"])
def test_a_repeated_parameter_goes_back_as_invalid_request(name: str) -> None:
    outcome = told(examine((name, "1"), (name, "2")))
    assert outcome[0] == ("error", "invalid_request")
    assert outcome[-1] == ("state", "s t=1&é")


def test_a_repeated_state_is_not_echoed() -> None:
    outcome = told(examine(("state", "another")))
    assert outcome[0] == ("error", "invalid_request")
    assert "state" not in dict(outcome)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"without": "response_type"}, "unsupported_response_type", id="OAD001: no response_type"),
        pytest.param({"response_type": "????"}, "unsupported_response_type", id="OAD001: wrong response_type"),
        pytest.param({"scope": "FB=????"}, "invalid_scope", id="OAD001: wrong scope"),
        pytest.param({"scope": "FB=4_16_46"}, "invalid_scope", id="more than was registered"),
        pytest.param({"scope": "FB=4;Colour=green"}, "invalid_scope", id="an unknown term"),
    ],
)
def test_the_standard_names_its_refusals(changes: dict[str, Any], error: str) -> None:
    assert told(examine(profile=STANDARD, **changes))[0] == ("error", error)


@pytest.mark.parametrize("scope", ["", "FB=4_5_15", "FB=4_16;AdditionalScope=Usage_Billing"])
def test_the_standard_takes_what_was_registered(scope: str) -> None:
    assert isinstance(examine(profile=STANDARD, scope=scope), AuthorizeRequest)


@pytest.mark.parametrize("scope", ["FB=????", "34567", "Colour=green", "FB=1_2_3_999"])
def test_the_utility_does_not_refuse_what_it_does_not_understand(scope: str) -> None:
    assert isinstance(examine(scope=scope), AuthorizeRequest)


def test_empty_parameters_count_as_left_out() -> None:
    outcome = examine(state="", scope="", code_challenge="", code_challenge_method="", login="")
    assert isinstance(outcome, AuthorizeRequest)
    assert (outcome.state, outcome.scope, outcome.code_challenge, outcome.guest) == (None, "", None, False)


# redirects


def test_the_code_comes_first_and_the_state_last() -> None:
    scope = "FB=1_3;dataCustodianId=PGE"
    url = authorize.granted(REDIRECT, "wsk_c", scope, "s&t", ISSUER)
    assert url == (
        "https://acme.example/callback?code=wsk_c&scope=FB%3D1_3%3BdataCustodianId%3DPGE"
        "&iss=https%3A%2F%2Flocalhost%3A8443&state=s%26t"
    )


def test_a_registered_query_stays() -> None:
    url = authorize.granted("https://acme.example/query?tenant=7", "wsk_c", "", None, ISSUER)
    assert url.startswith("https://acme.example/query?tenant=7&code=wsk_c&")
    assert "state" not in url
    assert "scope" not in url


def test_the_rehearsal_names_the_code_twice() -> None:
    url = authorize.granted(REDIRECT, "wsk_c", "xyz", "s", ISSUER, test=True)
    assert parse_qsl(urlsplit(url).query) == [
        ("code", "wsk_c"),
        ("authorization_code", "wsk_c"),
        ("scope", "xyz"),
        ("iss", ISSUER),
        ("state", "s"),
    ]


def test_a_customer_who_says_no_sends_access_denied() -> None:
    """OAD002."""
    outcome = parse_qsl(urlsplit(authorize.denied(REDIRECT, "s", ISSUER)).query)
    assert outcome[0] == ("error", "access_denied")
    assert outcome[-1] == ("state", "s")


@pytest.mark.parametrize(
    ("pairs", "named"),
    [
        ((("client_id", "a"),), "a"),
        ((("client_id", "a"), ("client_id", "a")), None),
        ((("client_id", ""),), None),
        ((), None),
    ],
)
def test_the_client_is_the_one_that_is_named_once(pairs: tuple[tuple[str, str], ...], named: str | None) -> None:
    assert authorize.client_id(pairs) == named
