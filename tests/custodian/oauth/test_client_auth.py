"""RFC 6749 §2.3: who a client is, and what it may ask."""

from base64 import b64encode, urlsafe_b64encode

import pytest

from tests.custodian.oauth.parties import ACME, party
from wattshare.custodian.model.bearer import Certificate
from wattshare.custodian.model.parties import Standing, UserType
from wattshare.custodian.oauth.client_auth import allow, certified, read
from wattshare.custodian.oauth.errors import InvalidClient, InvalidRequest, UnauthorizedClient
from wattshare.custodian.oauth.parameters import Parameters

# bytes that the two base64 alphabets write differently
SECRET = "~~~???>>>" * 3

NOW = 1_700_000_000


def basic(text: str | bytes, scheme: str = "Basic") -> str:
    return f"{scheme} {b64encode(text.encode() if isinstance(text, str) else text).decode()}"


URL_SAFE = "Basic " + urlsafe_b64encode(f"id1:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    ("header", "parameters"),
    [
        pytest.param(basic(f"id1:{SECRET}"), {}, id="basic"),
        pytest.param(URL_SAFE, {}, id="the url-safe alphabet"),
        pytest.param(URL_SAFE.rstrip("="), {}, id="without padding"),
        pytest.param(basic(f"id1:{SECRET}", "bAsIc"), {}, id="scheme in another case"),
        pytest.param(basic(f"id1:{SECRET}"), {"client_id": "id1"}, id="an equal client_id beside it"),
        pytest.param(None, {"client_id": "id1", "client_secret": SECRET}, id="form"),
    ],
)
def test_credentials_are_read(header: str | None, parameters: Parameters) -> None:
    shown = read(header, parameters)
    assert (shown.client_id, shown.secret) == ("id1", SECRET)
    assert SECRET not in repr(shown)


@pytest.mark.parametrize(
    ("header", "parameters"),
    [
        pytest.param(None, {}, id="OAD003: none"),
        pytest.param(None, {"client_id": "id1"}, id="no secret"),
        pytest.param("Bearer abc", {}, id="another scheme"),
        pytest.param("Basic", {}, id="nothing"),
        pytest.param("Basic %%%", {}, id="no base64"),
        pytest.param("Basic YQ", {}, id="no colon"),
        pytest.param("Basic Y", {}, id="half a group"),
        pytest.param(basic(b"\xff\xfe:\x00"), {}, id="no UTF-8"),
        pytest.param(basic(":secret"), {}, id="no id"),
        pytest.param(basic("id1:"), {}, id="an empty secret"),
        pytest.param("Basic " + "A" * 2000, {}, id="too long"),
    ],
)
def test_credentials_that_cannot_be_read_are_invalid_client(header: str, parameters: Parameters) -> None:
    with pytest.raises(InvalidClient):
        read(header, parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"client_id": "id2"}, id="another client_id"),
        pytest.param({"client_secret": SECRET}, id="a second secret"),
        pytest.param({"client_id": "id1", "client_secret": SECRET}, id="the same again"),
    ],
)
def test_two_kinds_of_credentials_are_invalid_request(parameters: Parameters) -> None:
    with pytest.raises(InvalidRequest):
        read(basic(f"id1:{SECRET}"), parameters)


GRANTS = ("authorization_code", "refresh_token", "client_credentials")


@pytest.mark.parametrize(
    ("user_type", "standing", "test", "allowed"),
    [
        (UserType.STANDARD, Standing.PRODUCTION, False, GRANTS),
        (UserType.EE_FINANCE, Standing.PRODUCTION, False, GRANTS),
        (UserType.SELF_ACCESS, Standing.PRODUCTION, False, GRANTS[2:]),
        (UserType.CCA, Standing.PRODUCTION, False, GRANTS[2:]),
        (UserType.STANDARD, Standing.PRODUCTION, True, GRANTS),
        (UserType.SELF_ACCESS, Standing.PRODUCTION, True, GRANTS[2:]),
        (UserType.STANDARD, Standing.REVIEW, False, ()),
        (UserType.STANDARD, Standing.REVIEW, True, GRANTS),
        (UserType.STANDARD, Standing.SUSPENDED, False, ()),
        (UserType.STANDARD, Standing.SUSPENDED, True, ()),
        (UserType.STANDARD, Standing.REVOKED, False, ()),
        (UserType.STANDARD, Standing.REVOKED, True, ()),
    ],
)
def test_grants_follow_user_type_and_standing(
    user_type: UserType, standing: Standing, test: bool, allowed: tuple[str, ...]
) -> None:
    holder = party(user_type=user_type, standing=standing)
    for grant in GRANTS:
        if grant in allowed:
            allow(holder, grant, test=test)
        else:
            with pytest.raises(UnauthorizedClient):
                allow(holder, grant, test=test)


@pytest.mark.parametrize(
    ("registered", "shown", "fits"),
    [
        ("ab" * 32, "ab" * 32, True),
        ("ab" * 32, "cd" * 32, False),
        ("ab" * 32, "ab" * 31, False),
        ("ab" * 32, None, False),
        (None, "ab" * 32, False),
        (None, None, False),
    ],
)
def test_only_the_registered_certificate_fits(registered: str | None, shown: str | None, fits: bool) -> None:
    certificate = None if shown is None else Certificate(sha256=shown, pem="")
    assert certified(party(certificate_sha256=registered), certificate, NOW) is fits


def test_a_third_party_is_not_certified_by_default() -> None:
    assert not certified(ACME, None, NOW)


def test_a_certificate_counts_until_its_last_second() -> None:
    registered = party(certificate_sha256="a" * 64)
    shown = Certificate(sha256="a" * 64, pem="", not_after=NOW)
    assert certified(registered, shown, NOW)
    assert not certified(registered, shown, NOW + 1)
