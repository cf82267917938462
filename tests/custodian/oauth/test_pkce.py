"""RFC 7636: proof keys."""

import pytest

from wattshare.custodian.oauth.errors import InvalidGrant, InvalidRequest, OAuthRefusal
from wattshare.custodian.oauth.pkce import challenge_of, read_challenge, verify

# RFC 7636, appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_challenge_is_the_one_of_the_rfc() -> None:
    assert challenge_of(VERIFIER) == CHALLENGE


@pytest.mark.parametrize(
    ("challenge", "method", "required", "read"),
    [(None, None, False, None), (CHALLENGE, "S256", False, CHALLENGE), (CHALLENGE, "S256", True, CHALLENGE)],
)
def test_a_challenge_is_read(challenge: str | None, method: str | None, required: bool, read: str | None) -> None:
    assert read_challenge(challenge, method, required=required) == read


@pytest.mark.parametrize(
    ("challenge", "method", "required"),
    [
        pytest.param(None, None, True, id="required"),
        pytest.param(None, "S256", False, id="a method alone"),
        pytest.param(CHALLENGE, None, False, id="no method means plain"),
        pytest.param(CHALLENGE, "plain", False, id="plain"),
        pytest.param(CHALLENGE, "s256", False, id="another case"),
        pytest.param(CHALLENGE[:-1], "S256", False, id="too short"),
        pytest.param(CHALLENGE + "A", "S256", False, id="too long"),
        pytest.param(CHALLENGE[:-1] + "=", "S256", False, id="padding"),
    ],
)
def test_a_challenge_that_makes_no_sense_is_refused(challenge: str | None, method: str | None, required: bool) -> None:
    with pytest.raises(InvalidRequest):
        read_challenge(challenge, method, required=required)


@pytest.mark.parametrize(("challenge", "verifier"), [(None, None), (CHALLENGE, VERIFIER)])
def test_what_belongs_together_passes(challenge: str | None, verifier: str | None) -> None:
    verify(challenge, verifier)


@pytest.mark.parametrize(
    ("challenge", "verifier", "kind"),
    [
        pytest.param(None, VERIFIER, InvalidRequest, id="a verifier without a challenge"),
        pytest.param(CHALLENGE, None, InvalidRequest, id="a challenge without a verifier"),
        pytest.param(CHALLENGE, VERIFIER[:42], InvalidRequest, id="too short"),
        pytest.param(CHALLENGE, VERIFIER * 3, InvalidRequest, id="too long"),
        pytest.param(CHALLENGE, "ü" * 43, InvalidRequest, id="other letters"),
        pytest.param(CHALLENGE, CHALLENGE, InvalidGrant, id="the challenge itself"),
        pytest.param(CHALLENGE, VERIFIER[:-1] + "A", InvalidGrant, id="one letter off"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    challenge: str | None, verifier: str | None, kind: type[OAuthRefusal]
) -> None:
    with pytest.raises(kind):
        verify(challenge, verifier)
