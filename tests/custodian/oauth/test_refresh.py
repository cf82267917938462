"""RFC 6749 §6, RFC 9700 §4.14.2: what a refresh token must be to be rotated."""

from dataclasses import replace
from typing import Any

import pytest

from wattshare.custodian.model.tokens import RefreshToken
from wattshare.custodian.oauth.errors import InvalidGrant, Replayed
from wattshare.custodian.oauth.refresh import rotate

NOW = 1_700_000_000
SHOWN = RefreshToken(
    id=3,
    third_party_id=50001,
    authorization_id=4100001,
    family=7,
    token_id=9,
    scope="",
    issued_at=NOW - 3600,
    expires_at=NOW + 86_400,
)
ASKED: dict[str, Any] = {"third_party_id": 50001, "test": False, "now": NOW}


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(SHOWN, id="the present one"),
        pytest.param(replace(SHOWN, rotated_at=NOW), id="the former one, at once"),
        pytest.param(replace(SHOWN, rotated_at=NOW - 60), id="the former one, within the grace"),
    ],
)
def test_a_refresh_token_that_fits_is_rotated(shown: RefreshToken) -> None:
    assert rotate(shown, **ASKED) == shown


@pytest.mark.parametrize(
    ("shown", "asked"),
    [
        pytest.param(None, {}, id="unknown"),
        pytest.param(SHOWN, {"third_party_id": 50002}, id="another client's"),
        pytest.param(SHOWN, {"now": SHOWN.expires_at + 60}, id="expired"),
        pytest.param(replace(SHOWN, ended_at=NOW - 1), {}, id="ended"),
        pytest.param(replace(SHOWN, ended_at=NOW - 1, rotated_at=NOW - 99), {}, id="ended with its family"),
        pytest.param(SHOWN, {"test": True}, id="a real one at the test endpoint"),
        pytest.param(replace(SHOWN, authorization_id=None), {}, id="a dummy's at the real endpoint"),
        pytest.param(replace(SHOWN, rotated_at=NOW - 99), {"third_party_id": 50002}, id="a stranger's replay"),
    ],
)
def test_a_refresh_token_that_does_not_fit_is_refused(shown: RefreshToken | None, asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidGrant) as refused:
        rotate(shown, **{**ASKED, **asked})
    assert not isinstance(refused.value, Replayed)


def test_a_former_token_after_the_grace_names_the_family_that_is_to_end() -> None:
    with pytest.raises(Replayed) as refused:
        rotate(replace(SHOWN, rotated_at=NOW - 61), **ASKED)
    assert refused.value.family == SHOWN.family
