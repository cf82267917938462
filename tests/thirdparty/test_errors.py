"""Refusals by status and by body."""

from datetime import timedelta
from email.utils import format_datetime

import httpx2
import pytest

from tests.thirdparty.conftest import NOW
from wattshare.thirdparty import errors

CASES = [
    (400, b'{"error":"invalid_request","error_description":"no","field":"published-min"}', errors.BadRequest),
    (400, b'"Invalid Certificate"', errors.CertificateRefused),
    (400, b'{"error":"invalid_grant"}', errors.GrantRefused),
    (401, b'{"error":"invalid_client"}', errors.ClientRefused),
    (401, b"", errors.TokenRefused),
    (403, b'{"error":"insufficient_scope"}', errors.NotPermitted),
    (404, b"No listener for endpoint: /x", errors.NoListener),
    (404, b'{"error":"not_found"}', errors.NotFound),
    (405, b'{"error":"invalid_request","error_description":"GET not permitted"}', errors.MethodRefused),
    (421, b"", errors.WrongHost),
    (429, b"", errors.TooMany),
    (503, b'{"correlation_id":"c-1"}', errors.Unavailable),
    (502, b"<html>Bad gateway</html>", errors.CustodianFault),
    (500, b'"Invalid Certificate"', errors.CustodianFault),
    (418, b"", errors.Refused),
]


def refused(status: int, body: bytes, **headers: str) -> errors.Refused:
    return errors.refusal(status, httpx2.Headers(headers), body, asked="GET /x", now=NOW)


@pytest.mark.parametrize(("status", "body", "kind"), CASES)
def test_a_refusal_has_the_type_of_its_status_and_body(status: int, body: bytes, kind: type[errors.Refused]) -> None:
    assert type(refused(status, body)) is kind


def test_a_refusal_names_cause_field_and_correlation_id() -> None:
    error = refused(
        400,
        b'{"error":"invalid_request","error_description":"no date","field":"published-min","correlation_id":"c-7"}',
    )
    assert str(error) == ("GET /x was answered 400 invalid_request: no date (field published-min, correlation id c-7)")
    assert (error.cause.field, error.cause.correlation_id) == ("published-min", "c-7")


def test_the_gateways_transaction_id_serves_as_correlation_id() -> None:
    assert refused(404, b"", **{"x-transaction-id": "t-1"}).cause.correlation_id == "t-1"


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("7", 7), (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30), ("soon", None), ("-1", None)],
)
def test_retry_after_is_read_in_both_forms(told: str, seconds: int | None) -> None:
    assert refused(429, b"", **{"retry-after": told}).cause.retry_after == seconds


def test_a_page_of_html_is_no_description() -> None:
    assert str(refused(503, b"<html><script>alert(1)</script></html>")) == ("GET /x was answered 503 no reason given")
