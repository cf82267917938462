"""From refusals to statuses and bodies."""

import errno
import json
import logging

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tests.conftest import log_plainly
from wattshare.custodian import logs
from wattshare.custodian.model import errors as house
from wattshare.custodian.model.errors import Refusal
from wattshare.custodian.oauth import errors as oauth
from wattshare.custodian.web import errors
from wattshare.custodian.web.call import Call
from wattshare.espi.window import BadWindow

CALL = Call(method="GET", correlation_id="c0ffee", path_text="/a%20b")


def answered(fault: Exception) -> tuple[int, dict[str, str], dict[str, str]]:
    """Status, headers and JSON body."""
    response = errors.answer(fault, CALL)
    assert isinstance(response.body, bytes)
    return response.status, dict(response.headers), json.loads(response.body)


@pytest.mark.parametrize(
    ("fault", "status", "code", "headers"),
    [
        (house.BadRequest(), 400, "invalid_request", {}),
        (house.NoBearer(), 401, "missing_token", {"WWW-Authenticate": "Bearer"}),
        (house.UnknownBearer(), 401, "invalid_token", {"WWW-Authenticate": 'Bearer error="invalid_token"'}),
        (house.NotCovered(), 403, "forbidden", {}),
        (house.Unknown(), 404, "not_found", {}),
        (house.Expired(), 404, "not_found", {}),
        (house.Withdrawn(), 404, "not_found", {}),
        (house.Conflict(), 409, "conflict", {}),
        (house.TooMany(retry_after=30), 429, "too_many_requests", {"Retry-After": "30"}),
        (errors.WrongMethod("PUT", ("GET", "HEAD")), 405, "invalid_request", {"Allow": "GET, HEAD"}),
        (oauth.InvalidRequest(), 400, "invalid_request", {}),
        (oauth.InvalidClient(), 401, "invalid_client", {"WWW-Authenticate": "Basic"}),
        (oauth.InvalidGrant(), 400, "invalid_grant", {}),
        (oauth.Replayed(7), 400, "invalid_grant", {}),
        (oauth.UnauthorizedClient(), 400, "unauthorized_client", {}),
        (oauth.UnsupportedGrantType(), 400, "unsupported_grant_type", {}),
        (oauth.InvalidScope(), 400, "invalid_scope", {}),
        (errors.TooSlow(), 408, "timeout", {}),
        (errors.TooLarge(), 413, "too_large", {}),
        (errors.WrongEncoding(), 415, "unsupported_encoding", {}),
        (errors.WrongHost(), 421, "misdirected", {}),
        (errors.HeadersTooLarge(), 431, "headers_too_large", {}),
    ],
)
def test_a_refusal_is_told_to_programs_and_people(
    fault: Refusal | oauth.OAuthRefusal, status: int, code: str, headers: dict[str, str]
) -> None:
    body = {"error": code, "error_description": fault.told, "correlation_id": "c0ffee"}
    assert answered(fault) == (status, headers, body)


def test_what_is_at_fault_is_named() -> None:
    _, _, body = answered(house.BadRequest("published-min is not a time.", field="published-min"))
    assert body["field"] == "published-min"
    assert body["error_description"] == "published-min is not a time."
    assert answered(BadWindow("published-min", "published-min is not a time.")) == answered(
        house.BadRequest("published-min is not a time.", field="published-min")
    )


@pytest.mark.parametrize("kind", [house.NoCertificate, house.WrongCertificate])
def test_a_certificate_that_is_missing_or_wrong_gets_a_json_string(kind: type[Refusal]) -> None:
    response = errors.answer(kind(), CALL)
    assert (response.status, response.body) == (400, b'"Invalid Certificate"')
    assert response.content_type is not None
    assert response.content_type.startswith("application/json")


def test_a_refusal_that_has_no_line_of_its_own_is_a_bad_request() -> None:
    class StalePage(Refusal):
        """This page has grown old."""

    assert answered(StalePage())[0] == 400


def test_every_refusal_of_the_house_is_a_4xx_or_503() -> None:
    for kind in Refusal.__subclasses__():
        if kind.__module__ == house.__name__:
            fault = kind(retry_after=1) if kind in (house.TooMany, house.Unavailable) else kind()
            assert 400 <= errors.answer(fault, CALL).status < 500 or kind is house.Unavailable


def test_not_yours_and_not_there_do_not_differ_by_what_is_logged() -> None:
    plain, logged = house.NotCovered(), house.NotCovered(logged="belongs to 50002")
    assert answered(plain) == answered(logged)


def test_an_unknown_path_is_said_back_as_it_came_and_cut() -> None:
    response = errors.answer(errors.NoListener(), CALL)
    assert (response.status, response.body) == (404, b"No listener for endpoint: /a%20b")
    call = Call(method="GET", path_text="/\u202e\r\n" + "x" * 1000)
    body = errors.answer(errors.NoListener(), call).body
    assert isinstance(body, bytes)
    assert body == b"No listener for endpoint: /" + b"x" * 199


LOCKED = Exception("database is locked")


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        (house.Unavailable(retry_after=3), "3"),
        (OperationalError("SELECT 1", {"token": "hunter2"}, LOCKED), "10"),
        (DBAPIError("SELECT 1", {}, LOCKED, connection_invalidated=True), "10"),
        (PoolTimeout(), "10"),
        (OSError(errno.ENOSPC, "No space left on device"), "10"),
    ],
)
def test_what_passes_by_itself_is_503(fault: Exception, after: str) -> None:
    assert answered(fault) == (503, {"Retry-After": after}, {"correlation_id": "c0ffee"})


@pytest.mark.parametrize(
    "fault",
    [
        KeyError("x"),
        ValueError("x"),
        IntegrityError("INSERT", {}, Exception("unique")),
        OSError(errno.ENOENT, "No such file"),
        AssertionError(),
    ],
)
def test_any_other_fault_is_500_with_its_id_only(fault: Exception) -> None:
    assert answered(fault) == (500, {}, {"correlation_id": "c0ffee"})


def inner(secret: str) -> int:
    """Something that fails with a secret on its lips."""
    return int(secret)


def outer() -> None:
    """Something that fails with a name and an address."""
    try:
        inner("hunter2")
    except ValueError as fault:
        raise KeyError("Ms Hunter, 2 Elm Street") from fault


def test_a_fault_is_logged_with_its_trace_and_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    logs.configure()
    call = Call(method="GET", correlation_id="c0ffee", headers={"authorization": "Bearer hunter2"})
    with pytest.raises(KeyError) as raised:
        outer()
    errors.answer(raised.value, call)
    log_plainly()
    logging.getLogger().handlers[:] = before
    written = capsys.readouterr().err
    assert "hunter2" not in written.lower()
    assert "Elm" not in written
    assert 'fault="KeyError < ValueError"' in written
    assert ":outer" in written
    assert "correlation_id=c0ffee" in written
    assert written.count("\n") == 1
