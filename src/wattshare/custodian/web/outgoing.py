"""The head of an answer, and the coding of its body."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import urlsplit

from wattshare.custodian.services.disclosure.wirepath.member import Coding, compressed
from wattshare.custodian.settings import Settings
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.codings import Wanted, wanted
from wattshare.custodian.web.pieces import WORTHWHILE

# what a strong ETag ends with when we have compressed what it stands for
TAGS = {Coding.GZIP: '+gz"', Coding.ZSTD: '+zst"'}
PLAIN = Wanted()
UNFIT = re.compile(r"[\x00-\x1f\x7f]")
STATUS_LINES: dict[int, bytes] = {
    int(status): b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}
VARIED = ("Vary", "Accept-Encoding")
# headers that are said again and again
KEPT = 1_024
# answers that never have a body
BARE = (204, 304)

DEFAULTS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
# browsers are to come by TLS from then on; not said for localhost, where it would hold for every port
STAY = ("Strict-Transport-Security", "max-age=31536000")


@dataclass(frozen=True, kw_only=True)
class Heads:
    """Makes the head of every answer."""

    # on every answer that does not say otherwise
    encoded: tuple[tuple[bytes, bytes], ...]
    # the same as lines, by the names of those that an answer says itself
    lines: dict[frozenset[bytes], bytes] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, settings: Settings) -> "Heads":
        """With HSTS where browsers come to us by TLS."""
        base = urlsplit(settings.public_base)
        stay = base.scheme == "https" and base.hostname != "localhost" and not settings.sandbox
        defaults = (*DEFAULTS, STAY) if stay else DEFAULTS
        return cls(encoded=tuple(header(name, value) for name, value in defaults))

    def head(self, response: Response, call: Call, *, length: int | None, close: bool) -> list[tuple[bytes, bytes]]:
        """Every header: what the handler says, and ours where it says nothing.

        Raises:
            ValueError: a header would break the head.
        """
        said = [header(name, value) for name, value in response.headers]
        names = {name for name, _ in said}
        defaults = [pair for pair in self.encoded if pair[0] not in names]
        ours = self.envelope(response, call, length=length, close=close)
        return [*said, *defaults, *(pair for pair in ours if pair[0] not in names)]

    def written(self, response: Response, call: Call, *, length: int | None, close: bool) -> bytes:
        """The same as it goes over the wire, from the status line on, without the empty line at its end.

        Raises:
            ValueError: as `head`.
        """
        said = [header(name, value) for name, value in response.headers]
        names = frozenset([name for name, _ in said])
        defaults = self.lines.get(names)
        if defaults is None:
            defaults = self.lines[names] = lines([pair for pair in self.encoded if pair[0] not in names])
        envelope = self.envelope(response, call, length=length, close=close)
        ours = lines([pair for pair in envelope if pair[0] not in names])
        return b"".join((STATUS_LINES[response.status], lines(said), defaults, ours))

    def envelope(self, response: Response, call: Call, *, length: int | None, close: bool) -> list[tuple[bytes, bytes]]:
        """What differs from answer to answer."""
        correlation_id = call.correlation_id.encode("ascii")
        pairs = [(b"x-correlation-id", correlation_id), (b"x-transaction-id", correlation_id)]
        if response.status not in BARE:
            if response.content_type:
                pairs.append(header("content-type", response.content_type))
            if length is not None:
                pairs.append((b"content-length", b"%d" % length))
        if close:
            pairs.append((b"connection", b"close"))
        return pairs


def lines(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers, a line each."""
    return b"".join([b"%b: %b\r\n" % pair for pair in pairs])


@lru_cache(maxsize=KEPT)
def header(name: str, value: str) -> tuple[bytes, bytes]:
    """One header for the wire.

    Raises:
        ValueError: it has control characters or is not Latin-1.
    """
    if UNFIT.search(value) or UNFIT.search(name):
        raise ValueError("a header has control characters")
    return name.lower().encode("latin-1"), value.encode("latin-1")


def wanted_of(response: Response, call: Call) -> Wanted:
    """The coding that we put an answer in, if its body is large enough."""
    free = response.compressible and not response.header("content-encoding")
    return wanted(call.accept_encoding) if free else PLAIN


def fitted(response: Response, body: bytes, call: Call) -> tuple[Response, bytes]:
    """A whole body in the coding that the caller wants."""
    coding, always = wanted_of(response, call)
    if coding is not Coding.IDENTITY and (always or len(body) >= WORTHWHILE) and body:
        return retagged(response, coding, VARIED, ("Content-Encoding", coding)), compressed(body, coding)
    return varied(response), body


def varied(response: Response) -> Response:
    """What might be compressed depends on Accept-Encoding, compressed or not."""
    return response.with_headers(VARIED) if response.compressible else response


def encoded(response: Response, coding: Coding) -> Response:
    """The headers of an answer that we put into a coding."""
    if coding is Coding.IDENTITY:
        return response
    return retagged(response, coding, ("Content-Encoding", coding))


def retagged(response: Response, coding: Coding, *more: tuple[str, str]) -> Response:
    """Another representation has another ETag, and maybe more headers. RFC 9110 §8.8.3."""
    tag = TAGS[coding]
    pairs = [(name, value[:-1] + tag if name.lower() == "etag" else value) for name, value in response.headers]
    return response.but(headers=(*pairs, *more))


def untagged(call: Call) -> Call:
    """The call with If-None-Match as handlers know ETags."""
    condition = known = call.headers.get("if-none-match", "")
    if not condition:
        return call
    for tag in TAGS.values():
        known = known.replace(tag, '"')
    return call if known == condition else call.but(headers={**call.headers, "if-none-match": known})


def confirmed(response: Response, condition: str) -> Response:
    """304 names the representation that the caller has. RFC 9110 §15.4.5."""
    if response.status != 304 or (etag := response.header("etag")) is None:
        return response
    named = (coding for coding, tag in TAGS.items() if etag[:-1] + tag in condition)
    coding = next(named, None)
    return response if coding is None else retagged(response, coding)
