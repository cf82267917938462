"""What a handler is given and what it gives back. Handlers are plain functions, run in a thread."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import parse_qsl

from wattshare.custodian.model.bearer import Certificate
from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.services.recent import Proof
from wattshare.custodian.store.trail import TrailEntry

ATOM_TYPE = "application/atom+xml;charset=UTF-8"
XML_TYPE = "application/xml;charset=UTF-8"
JSON_TYPE = "application/json;charset=UTF-8"
PAGE_TYPE = "text/html;charset=utf-8"
TEXT_TYPE = "text/plain;charset=utf-8"


@dataclass(frozen=True)
class Query:
    """Names and values in the order they came: of the query string, or of a form.

    A `+` has become a blank, as forms have it. Nothing is refused here: many rows ignore their parameters.
    """

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, text: bytes) -> "Query":
        """Read `application/x-www-form-urlencoded`; what is not UTF-8 becomes U+FFFD."""
        if not text:
            return NO_PAIRS
        return cls(tuple(parse_qsl(text.decode("latin-1"), keep_blank_values=True, errors="replace")))

    def __contains__(self, name: str) -> bool:
        """Whether the name occurs."""
        return any(name == other for other, _ in self.pairs)

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a name, in order."""
        return tuple(value for other, value in self.pairs if other == name)

    def first(self, name: str) -> str | None:
        """The first value of a name."""
        return next((value for other, value in self.pairs if other == name), None)

    def one(self, name: str) -> str | None:
        """The only value of a name, or None.

        Raises:
            BadRequest: the name occurs more than once.
        """
        values = self.every(name)
        if len(values) > 1:
            raise BadRequest(f"The parameter {name} is there more than once.", field=name)
        return values[0] if values else None

    def repeated(self) -> tuple[str, ...]:
        """The names that occur more than once. RFC 6749 §3.1 wants none."""
        counts = Counter(name for name, _ in self.pairs)
        return tuple(name for name, count in counts.items() if count > 1)

    def firsts(self) -> dict[str, str]:
        """The first value of each name."""
        return dict(reversed(self.pairs))


NO_PAIRS = Query()


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, read to its end."""

    method: str
    # path parameters, decoded once
    path: Mapping[str, str] = field(default_factory=dict)
    # the path as it came, percent signs and all; for messages only
    path_text: str = "/"
    query: Query = NO_PAIRS
    # lower-case names; a header that came more than once is joined by ", " and named in `repeated_headers`
    headers: Mapping[str, str] = field(default_factory=dict)
    repeated_headers: frozenset[str] = frozenset()
    # of a body that says it is a form
    form: Query = NO_PAIRS
    # of methods other than GET, HEAD and DELETE
    body: bytes = b""
    cookies: Mapping[str, str] = field(default_factory=dict)
    # the client certificate of the connection, where it was proved to the listener or to the configured proxy
    certificate: Certificate | None = None
    # the caller's IP address; never to be logged
    address: str = ""
    # goes out as x-correlation-id and stands in every refusal
    correlation_id: str = ""

    def but(self, **changes: object) -> "Call":
        """The same call with other values. As `dataclasses.replace` has it, but for what that takes."""
        made = object.__new__(Call)
        made.__dict__.update(self.__dict__, **changes)
        return made

    @property
    def accept_encoding(self) -> str:
        """The Accept-Encoding header."""
        return self.headers.get("accept-encoding", "")

    @property
    def authorization(self) -> str | None:
        """The Authorization header. The edge refuses a second one."""
        return self.headers.get("authorization")

    @property
    def has_certificate(self) -> bool:
        """Whether a client certificate was shown at all, registered or not."""
        return self.certificate is not None

    @property
    def content_type(self) -> str:
        """The media type of the body, lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def accepts(self, media_type: str) -> bool:
        """Whether Accept names the media type itself. Never a reason for 406."""
        ranges = self.headers.get("accept", "").lower().split(",")
        return media_type in (item.partition(";")[0].strip() for item in ranges)


@dataclass(frozen=True)
class FileStretch:
    """Bytes of a file that may go to a plain connection without passing through us."""

    # gives the file, to be closed; refuses when it has just been replaced
    open: Callable[[], BinaryIO]
    first: int
    count: int
    # asked again and again while they go; raises when the caller may no longer have them
    still: Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer.

    `headers` are pairs, as Set-Cookie may be there twice. The edge adds the correlation id, `Cache-Control:
    no-store` where none is given, the security headers, Content-Length, and gzip or zstd where `compressible`.
    An iterator is pulled in threads, not always the same one, and closed whatever happens. A handler that
    sends prepared gzip sets Content-Encoding (and Content-Length) itself.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | Iterator[bytes] = field(default=b"", repr=False)
    content_type: str | None = None
    compressible: bool = False
    # the same bytes as `body`, for where the kernel can send them
    file: FileStretch | None = None
    # asked again and again while a long body goes; raises when the caller may no longer have it
    still: Callable[[], None] | None = None
    # to be written down before any of it leaves
    owed: TrailEntry | None = None
    # and only where this holds then; else the handler is to be asked
    proof: Proof | None = None

    @classmethod
    def xml(
        cls,
        body: bytes | Iterator[bytes],
        *,
        status: int = 200,
        content_type: str = ATOM_TYPE,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> "Response":
        """A feed or an entry; XML_TYPE for what is not Atom."""
        return cls(status=status, headers=headers, body=body, content_type=content_type, compressible=True)

    @classmethod
    def json(cls, value: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> "Response":
        """A JSON document."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status=status, headers=headers, body=body, content_type=JSON_TYPE, compressible=True)

    @classmethod
    def empty(cls, status: int = 200, *, headers: tuple[tuple[str, str], ...] = ()) -> "Response":
        """No body: 200 after a DELETE, 202, 204, 304."""
        return cls(status=status, headers=headers)

    @classmethod
    def page(cls, html: str, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> "Response":
        """A page for people; its Content-Security-Policy goes into `headers`."""
        body = html.encode()
        return cls(status=status, headers=headers, body=body, content_type=PAGE_TYPE, compressible=True)

    @classmethod
    def text(cls, text: str, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> "Response":
        """Plain text."""
        return cls(status=status, headers=headers, body=text.encode(), content_type=TEXT_TYPE)

    @classmethod
    def redirect(cls, location: str, *, status: int = 303, headers: tuple[tuple[str, str], ...] = ()) -> "Response":
        """Send the browser elsewhere: 303 after a POST, 302 back to a third party."""
        return cls(status=status, headers=(("Location", location), *headers))

    def header(self, name: str) -> str | None:
        """The first header of that name, in whatever case."""
        return next((value for other, value in self.headers if other.lower() == name.lower()), None)

    def but(self, **changes: object) -> "Response":
        """The same answer with other values. As `dataclasses.replace` has it, but for what that takes."""
        made = object.__new__(Response)
        made.__dict__.update(self.__dict__, **changes)
        return made

    def with_headers(self, *pairs: tuple[str, str]) -> "Response":
        """The same answer with more headers."""
        return self.but(headers=(*self.headers, *pairs))

    def with_cookie(
        self, name: str, value: str, *, secure: bool, seconds: int | None = None, same_site: str = "Lax"
    ) -> "Response":
        """The same answer setting a cookie that scripts cannot read; `seconds` 0 takes it back.

        Secure ones are to be named `__Host-…`.
        """
        age = "" if seconds is None else f"; Max-Age={seconds}"
        safe = "; Secure" if secure else ""
        cookie = f"{name}={value}; Path=/; HttpOnly; SameSite={same_site}{safe}{age}"
        return self.with_headers(("Set-Cookie", cookie))


# Parse, ask one service, answer
Handler = Callable[[Call], Response]
# The same answer without asking anybody, in the loop's own thread; None: the handler has to be asked
Quick = Callable[[Call], Response | None]
