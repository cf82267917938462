"""The one table from refusals to statuses and bodies."""

import errno

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from wattshare.custodian.model.errors import (
    BadRequest,
    Conflict,
    Expired,
    NoBearer,
    NoCertificate,
    NotCovered,
    Refusal,
    TooMany,
    Unavailable,
    Unknown,
    UnknownBearer,
    Withdrawn,
    WrongCertificate,
)
from wattshare.custodian.oauth.errors import InvalidClient, OAuthRefusal
from wattshare.custodian.web.call import JSON_TYPE, Call, Response
from wattshare.espi.window import BadWindow

log = structlog.get_logger()

LONGEST_PATH = 200
RETRY_SECONDS = 10
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE)


class NoListener(Refusal):
    """There is nothing at this path."""


class WrongMethod(Refusal):
    """This path does not take this method."""

    def __init__(self, method: str, allow: tuple[str, ...]) -> None:
        """Take the method, and those that it does take."""
        super().__init__(f"{method} not permitted")
        self.allow = allow


class NotInFile(Refusal):
    """What is asked for begins behind the end of the file."""

    def __init__(self, size: int) -> None:
        """Take the size of the file in bytes."""
        super().__init__()
        self.size = size


class OtherVersion(Refusal):
    """The file is not, or no longer, the one that If-Match names."""


class WrongHost(Refusal):
    """This host is not served here."""


class TooLarge(Refusal):
    """The body is too large."""


class HeadersTooLarge(Refusal):
    """The headers are too many or too large."""


class TooSlow(Refusal):
    """The request did not come in time."""


class WrongEncoding(Refusal):
    """Compressed bodies are not taken here."""


# the status, and the word that programs read
ANSWERS: dict[type[Exception], tuple[int, str]] = {
    # one that has no line of its own
    Refusal: (400, "invalid_request"),
    OAuthRefusal: (400, "invalid_request"),
    InvalidClient: (401, "invalid_client"),
    BadRequest: (400, "invalid_request"),
    NoBearer: (401, "missing_token"),
    UnknownBearer: (401, "invalid_token"),
    NotCovered: (403, "forbidden"),
    Unknown: (404, "not_found"),
    Expired: (404, "not_found"),
    Withdrawn: (404, "not_found"),
    WrongMethod: (405, "invalid_request"),
    TooSlow: (408, "timeout"),
    Conflict: (409, "conflict"),
    OtherVersion: (412, "precondition_failed"),
    TooLarge: (413, "too_large"),
    WrongEncoding: (415, "unsupported_encoding"),
    NotInFile: (416, "range_not_satisfiable"),
    WrongHost: (421, "misdirected"),
    TooMany: (429, "too_many_requests"),
    HeadersTooLarge: (431, "headers_too_large"),
}


def answer(fault: Exception, call: Call) -> Response:
    """What the caller gets for a refusal, or for a fault of ours."""
    match fault:
        case NoCertificate() | WrongCertificate():
            return Response(status=400, body=b'"Invalid Certificate"', content_type=JSON_TYPE)
        case NoListener():
            return Response.text(f"No listener for endpoint: {shown(call.path_text)}", status=404)
        case Unavailable():
            log.warning("unavailable", cause=fault.logged, correlation_id=call.correlation_id)
            return later(fault.retry_after, call)
        case Refusal() | OAuthRefusal():
            status, code = line(type(fault))
            return refused(fault, status, code, call)
        case BadWindow(parameter=field, sentence=told):
            return answer(BadRequest(told, field=field), call)
        case _ if passing(fault):
            log.error("unavailable", exc_info=fault, correlation_id=call.correlation_id)
            return later(RETRY_SECONDS, call)
        case _:
            log.error("failed", exc_info=fault, correlation_id=call.correlation_id)
            return Response.json({"correlation_id": call.correlation_id}, status=500)


def line(kind: type[Exception]) -> tuple[int, str]:
    """The table's line for a class, or for what it is a case of; RFC 6749's words are their own."""
    status, code = next(ANSWERS[parent] for parent in kind.__mro__ if parent in ANSWERS)
    return status, kind.code if issubclass(kind, OAuthRefusal) else code


def refused(refusal: Refusal | OAuthRefusal, status: int, code: str, call: Call) -> Response:
    """The body of a 4xx: what programs read, what people read, what is at fault, and what to quote."""
    if logged := getattr(refusal, "logged", None):
        log.info("refused", status=status, cause=logged, correlation_id=call.correlation_id)
    body = {"error": code, "error_description": refusal.told}
    if refusal.field:
        body["field"] = refusal.field
    body["correlation_id"] = call.correlation_id
    return Response.json(body, status=status, headers=headers_of(refusal))


def headers_of(refusal: Refusal | OAuthRefusal) -> tuple[tuple[str, str], ...]:
    """What HTTP wants beside the status."""
    match refusal:
        case NoBearer():
            return (("WWW-Authenticate", "Bearer"),)
        case UnknownBearer():
            return (("WWW-Authenticate", 'Bearer error="invalid_token"'),)
        case InvalidClient():
            return (("WWW-Authenticate", "Basic"),)
        case WrongMethod(allow=methods):
            return (("Allow", ", ".join(methods)),)
        case NotInFile(size=size):
            return (("Content-Range", f"bytes */{size}"),)
        case TooMany(retry_after=seconds, policy=None):
            return (("Retry-After", str(seconds)),)
        case TooMany(retry_after=seconds, policy=(name, most, span)):
            return (
                ("Retry-After", str(seconds)),
                ("RateLimit-Policy", f'"{name}";q={most};w={span}'),
                ("RateLimit", f'"{name}";r=0;t={seconds}'),
            )
    return ()


def later(seconds: int, call: Call) -> Response:
    """503: nothing is lost, ask again."""
    retry = ("Retry-After", str(seconds))
    return Response.json({"correlation_id": call.correlation_id}, status=503, headers=(retry,))


def passing(fault: Exception) -> bool:
    """Whether a fault goes away by itself: the database is locked or gone, or the disk is full."""
    match fault:
        case OperationalError() | PoolTimeout() | DBAPIError(connection_invalidated=True):
            return True
        case OSError(errno=number):
            return number in FULL
    return False


def shown(path: str) -> str:
    """A path as it came, cut, and without anything but printable ASCII."""
    return "".join(c for c in path if " " < c < "\x7f")[:LONGEST_PATH]
