"""RFC 6749 §4.1.3: what a code must be to be redeemed."""

from dataclasses import replace
from typing import Any

import pytest

from wattshare.custodian.model.tokens import Code
from wattshare.custodian.oauth.errors import InvalidGrant, Replayed
from wattshare.custodian.oauth.redeem import redeem

NOW = 1_700_000_000
CODE = Code(
    id=7,
    third_party_id=50001,
    authorization_id=4100001,
    redirect_uri="https://a.example/cb",
    scope="",
    issued_at=NOW - 10,
    expires_at=NOW + 590,
)
ASKED: dict[str, Any] = {
    "third_party_id": 50001,
    "redirect_uri": "https://a.example/cb",
    "test": False,
    "now": NOW,
}
DUMMY = replace(CODE, authorization_id=None)


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        pytest.param(CODE, {}, id="fresh"),
        pytest.param(CODE, {"now": CODE.expires_at + 59}, id="within a minute of skew"),
        pytest.param(DUMMY, {"test": True}, id="a dummy at the test endpoint"),
    ],
)
def test_a_code_that_fits_is_redeemed(code: Code, asked: dict[str, Any]) -> None:
    assert redeem(code, **{**ASKED, **asked}) == code


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        pytest.param(None, {}, id="OAD003: wrong code"),
        pytest.param(CODE, {"now": CODE.expires_at + 60}, id="OAD003: expired"),
        pytest.param(CODE, {"third_party_id": 50002}, id="another client's"),
        pytest.param(CODE, {"redirect_uri": "https://a.example/cb/"}, id="OAD003: a slash more"),
        pytest.param(CODE, {"redirect_uri": "https://A.example/cb"}, id="another case"),
        pytest.param(CODE, {"redirect_uri": "https://a.example/c"}, id="a prefix"),
        pytest.param(replace(CODE, ended_at=NOW - 1), {}, id="ended"),
        pytest.param(CODE, {"test": True}, id="a real one at the test endpoint"),
        pytest.param(DUMMY, {"test": False}, id="a dummy at the real endpoint"),
    ],
)
def test_a_code_that_does_not_fit_is_refused(code: Code | None, asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidGrant) as refused:
        redeem(code, **{**ASKED, **asked})
    assert not isinstance(refused.value, Replayed)


def test_a_used_code_names_the_family_that_is_to_end() -> None:
    with pytest.raises(Replayed) as refused:
        redeem(replace(CODE, used_at=NOW - 5), **ASKED)
    assert refused.value.family == CODE.id


def test_a_used_code_ends_its_family_even_when_it_comes_late() -> None:
    with pytest.raises(Replayed):
        redeem(replace(CODE, used_at=NOW - 5), **{**ASKED, "now": NOW + 86_400})


def test_a_stranger_who_shows_a_used_code_ends_nothing() -> None:
    with pytest.raises(InvalidGrant) as refused:
        redeem(replace(CODE, used_at=NOW - 5), **{**ASKED, "third_party_id": 50002})
    assert not isinstance(refused.value, Replayed)
