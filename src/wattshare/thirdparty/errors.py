"""What can go wrong between a third party and a custodian, as types.

A custodian's refusal is a `Refused` of some kind: by its status, and by its body where that says more. The
shapes of body that PG&E's gateway is known to send are all read: a JSON object with `error` and
`error_description`, the bare JSON string "Invalid Certificate", the text `No listener for endpoint: …`.
"""

import email.utils
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx2

# a refusal's body is a sentence, not a document
BODY_CAP = 65_536
SENTENCE_CAP = 500


class Failed(Exception):
    """What this package raises on purpose. Its text is a sentence for the developer and holds no secret."""


class Unreachable(Failed):
    """The custodian did not answer: no connection, no TLS, or a connection that broke."""

    def __init__(self, sentence: str, *, sent: bool = True):
        super().__init__(sentence)
        # whether the request may have reached the custodian
        self.sent = sent


class HandshakeFailed(Unreachable):
    """TLS was refused, by this side or by the other; trying again will not help."""


class ConsentNeeded(Failed):
    """There is no usable token for this authorization: the customer must be asked (again)."""


class ConsentDenied(Failed):
    """The browser came back without a code. RFC 6749 §4.1.2.1."""

    def __init__(self, error: str, description: str | None):
        super().__init__(f"The customer was not connected: {error}{f' ({description})' if description else ''}.")
        self.error = error
        self.description = description


class StateMismatch(Failed):
    """The browser came back with a state, or from an issuer, that this side did not start with."""


class ForeignAddress(Failed):
    """An address that is not below the custodian's own is never fetched."""


class NoData(Failed):
    """The custodian answered 204: there is nothing in the window."""


class Accepted(Failed):
    """The custodian answered 202: not yet. A notice tells when the file can be fetched."""


class Unreadable(Failed):
    """An answer that is not what the row promises."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What a refusal says of itself."""

    status: int
    error: str | None = None
    description: str | None = None
    # the parameter at fault, where the custodian names one
    field: str | None = None
    # quote it to the custodian's support
    correlation_id: str | None = None
    # seconds that the custodian asks to wait
    retry_after: int | None = None

    def __str__(self) -> str:
        said = ": ".join(part for part in (self.error, self.description) if part) or "no reason given"
        notes = [f"field {self.field}" if self.field else "", f"correlation id {self.correlation_id}"]
        noted = ", ".join(note for note in notes if note and not note.endswith("None"))
        return f"{self.status} {said}" + (f" ({noted})" if noted else "")


class Refused(Failed):
    """The custodian answered, and the answer is no."""

    def __init__(self, cause: Cause, asked: str):
        super().__init__(f"{asked} was answered {cause}")
        self.cause = cause
        self.asked = asked

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.cause.status


class BadRequest(Refused):
    """400: a parameter is wrong; `cause.field` may name it."""


class CertificateRefused(Refused):
    """400 "Invalid Certificate": no client certificate was shown, or not the one that is registered."""


class TokenRefused(Refused):
    """401: the token is unknown, expired, or its authorization has ended."""


class ClientRefused(Refused):
    """invalid_client: the client id or secret is wrong. RFC 6749 §5.2."""


class GrantRefused(Refused):
    """invalid_grant: the code or refresh token is used, expired or another's. RFC 6749 §5.2."""


class NotPermitted(Refused):
    """403: the token's class, its authorization or what was shared does not open this."""


class NotFound(Refused):
    """404: there is no such thing below one's own authorization, or its file is gone."""


class NoListener(NotFound):
    """404 in the gateway's words: no endpoint has this address at all. Look at the configured root."""


class MethodRefused(Refused):
    """405: this address knows other verbs."""


class WrongHost(Refused):
    """421: this host name is not served here."""


class TooMany(Refused):
    """429: too many requests; `cause.retry_after` may say how long to wait."""


class Unavailable(Refused):
    """503: for the time being."""


class CustodianFault(Refused):
    """Any other 5xx."""


BY_STATUS: dict[int, type[Refused]] = {
    400: BadRequest,
    401: TokenRefused,
    403: NotPermitted,
    404: NotFound,
    405: MethodRefused,
    421: WrongHost,
    429: TooMany,
    503: Unavailable,
}
BY_ERROR: dict[str, type[Refused]] = {
    "invalid_client": ClientRefused,
    "invalid_grant": GrantRefused,
    "Invalid Certificate": CertificateRefused,
}
NO_LISTENER = "No listener for endpoint"
# in the order of trust: ours, then the gateway's
CORRELATION_HEADERS = ("x-correlation-id", "x-transaction-id", "x-tracking-id")


def refusal(status: int, headers: Mapping[str, str], body: bytes, *, asked: str, now: datetime) -> Refused:
    """The error that an answer of status 400 or more stands for. `headers` by lower-case names."""
    cause = _cause(status, headers, body, now)
    return _kind(cause)(cause, asked)


def correlation_id(headers: Mapping[str, str]) -> str | None:
    """What the custodian's support can find this answer by."""
    return next((headers[name] for name in CORRELATION_HEADERS if name in headers), None)


def unreachable(error: httpx2.TransportError, asked: str) -> Unreachable:
    """A transport's error in this package's words, its reason kept: TLS says why only here."""
    sent = not isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))
    reason = str(error) or type(error).__name__
    if _is_tls(error):
        advice = "compare the CA, the certificate and its key with those that are registered"
        return HandshakeFailed(f"{asked}: the TLS handshake failed ({reason}); {advice}", sent=sent)
    return Unreachable(f"{asked}: {'the connection broke' if sent else 'no connection'} ({reason})", sent=sent)


def _is_tls(error: BaseException | None) -> bool:
    """Whether TLS is among the causes. A refused client certificate shows itself at the first read."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _kind(cause: Cause) -> type[Refused]:
    if cause.error in BY_ERROR and cause.status < 500:
        return BY_ERROR[cause.error]
    if cause.status == 404 and (cause.description or "").startswith(NO_LISTENER):
        return NoListener
    return BY_STATUS.get(cause.status, CustodianFault if cause.status >= 500 else Refused)


def _cause(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Cause:
    said = _said(body)
    return Cause(
        status=status,
        error=_text(said.get("error")),
        description=_text(said.get("error_description")),
        field=_text(said.get("field")),
        correlation_id=_text(said.get("correlation_id")) or correlation_id(headers),
        retry_after=_seconds(headers.get("retry-after"), now),
    )


def _said(body: bytes) -> Mapping[str, object]:
    """The body's words, whichever of the known shapes it has; an HTML page says nothing."""
    text = body[:BODY_CAP].decode("utf-8", "replace").strip()
    try:
        said = json.loads(text)
    except ValueError:
        return {} if text.startswith("<") else {"error_description": text}
    if isinstance(said, dict):
        # other utilities' gateways say {"Message": …}
        return said if "error" in said else {**said, "error_description": said.get("Message")}
    return {"error": said} if isinstance(said, str) else {}


def _text(value: object) -> str | None:
    """A word from outside, on one line and of bearable length."""
    if not isinstance(value, str) or not value.strip():
        return None
    return " ".join(part for part in value[:SENTENCE_CAP].split() if part.isprintable())


def _seconds(value: str | None, now: datetime) -> int | None:
    """Retry-After in seconds, told either way. RFC 9110 §10.2.3."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return int(value.strip()[:9])
    try:
        until = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0, round((until - now).total_seconds())) if until.tzinfo else None
