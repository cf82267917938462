"""What an ID token has to say."""

from typing import Any

import pytest

from wattshare.custodian.oauth.sign_in import NotVouched, Wanted, vouched

NOW = 1_710_356_400
WANTED = Wanted(issuer="https://sign-in.example", client_id="us", nonce="n1")
GOOD: dict[str, Any] = {
    "iss": "https://sign-in.example",
    "aud": "us",
    "sub": "s1",
    "exp": NOW + 300,
    "iat": NOW,
    "nonce": "n1",
    "account_number": "12345678901",
}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"aud": ["us"]},
        {"aud": ["us", "them"], "azp": "us"},
        {"exp": NOW - 59, "iat": NOW + 60},
        {"exp": NOW + 0.5},
        {"account_number": 12345678901},
    ],
)
def test_a_token_that_fits_names_the_customer(said: dict[str, Any]) -> None:
    assert vouched(GOOD | said, WANTED, claim="account_number", now=NOW) == "12345678901"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"iss": "https://sign-in.example/"}, "iss"),
        ({"aud": "them"}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": {"us": 1}}, "aud"),
        ({"aud": ["us", "them"]}, "azp"),
        ({"azp": "them"}, "azp"),
        ({"exp": NOW - 60}, "exp"),
        ({"exp": "later"}, "exp"),
        ({"exp": True}, "exp"),
        ({"iat": NOW + 61}, "iat"),
        ({"nonce": "n2"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": ""}, "sub"),
        ({"account_number": ""}, "account_number"),
        ({"account_number": ["12345678901"]}, "account_number"),
        ({"account_number": True}, "account_number"),
    ],
)
def test_a_token_that_does_not_fit_lets_nobody_in(said: dict[str, Any], why: str) -> None:
    with pytest.raises(NotVouched, match=rf"^{why}$"):
        vouched(GOOD | said, WANTED, claim="account_number", now=NOW)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_token_that_leaves_something_out_lets_nobody_in(name: str) -> None:
    with pytest.raises(NotVouched):
        vouched({key: value for key, value in GOOD.items() if key != name}, WANTED, claim="account_number", now=NOW)


@pytest.mark.parametrize(("acr", "good"), [("high", True), ("low", False), (None, False), (["high"], False)])
def test_a_class_of_authentication_that_is_asked_for_is_there(acr: object, good: bool) -> None:
    wanted = Wanted(issuer=WANTED.issuer, client_id="us", nonce="n1", acr=("high", "higher"))
    if good:
        assert vouched(GOOD | {"acr": acr}, wanted, claim="sub", now=NOW) == "s1"
        return
    with pytest.raises(NotVouched, match="acr"):
        vouched(GOOD | {"acr": acr}, wanted, claim="sub", now=NOW)
