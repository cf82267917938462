"""The head of a request: what it says, and whether it is meant for us."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from starlette.types import Scope

from wattshare.custodian.model.errors import BadRequest
from wattshare.custodian.settings import Settings
from wattshare.custodian.web.call import Call, Query
from wattshare.custodian.web.certificates import read_address
from wattshare.custodian.web.errors import HeadersTooLarge, WrongEncoding, WrongHost

if TYPE_CHECKING:
    from wattshare.custodian.web.quickly import Asked

# where the scope has what is kept for the next head
HEADS = "wattshare.heads"
NOTHING: Mapping[str, Any] = {}
# headers that say one thing: a second one is an attempt to have two readers see two things
SINGLE = frozenset({"authorization", "content-encoding", "content-length", "content-type", "host"})
ANYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 compared, not listened on
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(kw_only=True)
class LastHead:
    """A connection's last headers, as they came and as they were read: who asks again mostly says the same."""

    pairs: list[tuple[bytes, bytes]] | None = None
    read: tuple[Mapping[str, str], frozenset[str], Mapping[str, str]] = ({}, frozenset(), {})
    # they were let in
    passed: bool = False
    # what was asked for with them, where that was answered quickly
    asked: "Asked | None" = None


@dataclass(frozen=True, kw_only=True)
class Door:
    """What a head must be like to be let in."""

    # host[:port] that we answer to, lower case
    hosts: frozenset[str]
    # and every address of this machine that was reached
    any_address: bool
    header_bytes: int
    header_count: int

    @classmethod
    def of(cls, settings: Settings) -> "Door":
        """The public host and the address that is listened on."""
        base = urlsplit(settings.public_base)
        hosts = {base.netloc, authority(settings.listen_host, settings.listen_port)}
        if base.port in (None, DEFAULT_PORTS[base.scheme]):
            host = base.hostname or ""
            hosts |= {authority(host, None), authority(host, DEFAULT_PORTS[base.scheme])}
        return cls(
            hosts=frozenset(hosts),
            any_address=settings.listen_host in ANYWHERE,
            header_bytes=settings.header_bytes,
            header_count=settings.header_count,
        )

    def check(self, scope: Scope, call: Call) -> None:
        """Let a head pass, or the same one again. Nothing else is ever taken from Host.

        Raises:
            HeadersTooLarge: there are too many headers, or they are too long.
            BadRequest: a header is missing, or there twice.
            WrongHost: it is meant for somebody else.
            WrongEncoding: the body is compressed.
        """
        heads = heads_of(scope)
        if heads is not None and heads.passed and heads.pairs == scope["headers"]:
            return
        self._check(scope, call)
        if heads is not None:
            heads.passed = True

    def _check(self, scope: Scope, call: Call) -> None:
        pairs = scope["headers"]
        if len(pairs) > self.header_count or sum(len(k) + len(v) for k, v in pairs) > self.header_bytes:
            raise HeadersTooLarge
        if twice := sorted(call.repeated_headers & SINGLE):
            raise BadRequest(f"The header {twice[0]} is there more than once.", field=twice[0])
        if (host := call.headers.get("host")) is None:
            raise BadRequest("There is no Host header.", field="host")
        if host.lower() not in self.hosts and not (self.any_address and host == reached(scope)):
            raise WrongHost
        if call.headers.get("content-encoding", "").lower() not in ("", "identity"):
            raise WrongEncoding


def authority(host: str, port: int | None) -> str:
    """Host and port as the Host header has them."""
    name = f"[{host}]" if ":" in host else host
    return (name if port is None else f"{name}:{port}").lower()


def reached(scope: Scope) -> str | None:
    """The address of ours that the connection came to; never a name."""
    host, port = scope.get("server") or ("", None)
    return authority(host, port) if read_address(host) else None


def bare(scope: Scope, correlation_id: str) -> Call:
    """A call as its head has it, unchecked and without body or certificate."""
    headers, repeated, cookies = head_of(scope)
    client = scope.get("client")
    return Call(
        method=scope["method"],
        path_text=raw_path(scope).decode("latin-1"),
        query=Query.read(scope.get("query_string", b"")),
        headers=headers,
        repeated_headers=repeated,
        cookies=cookies,
        address=str(client[0]) if client else "",
        correlation_id=correlation_id,
    )


def heads_of(scope: Scope) -> LastHead | None:
    """What is kept for a connection's next head; None where there is no such connection."""
    heads: LastHead | None = scope.get("extensions", NOTHING).get(HEADS)
    return heads


def head_of(scope: Scope) -> tuple[Mapping[str, str], frozenset[str], Mapping[str, str]]:
    """Headers, the names of repeated ones, and cookies."""
    heads, pairs = heads_of(scope), scope["headers"]
    if heads is not None and heads.pairs == pairs:
        return heads.read
    headers, repeated = read_headers(pairs)
    read = headers, repeated, read_cookies(headers.get("cookie", ""))
    if heads is not None:
        # what follows a body may yet be put behind them
        heads.pairs, heads.read, heads.passed = [*pairs], read, False
    return read


def raw_path(scope: Scope) -> bytes:
    """The path as it came, without the query."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode("ascii")
    return raw.partition(b"?")[0]


def read_headers(pairs: list[tuple[bytes, bytes]]) -> tuple[Mapping[str, str], frozenset[str]]:
    """Headers by lower-case name, and the names that came more than once. RFC 9110 §5.3."""
    read: dict[str, str] = {}
    repeated: set[str] = set()
    for key, raw in pairs:
        name, value = key.decode("latin-1").lower(), raw.decode("latin-1").strip(" \t")
        if name in read:
            repeated.add(name)
            value = read[name] + ("; " if name == "cookie" else ", ") + value
        read[name] = value
    return read, frozenset(repeated)


def read_cookies(header: str) -> Mapping[str, str]:
    """Cookies by name; of two alike the first, which browsers send for the longer path. RFC 6265 §5.4."""
    read: dict[str, str] = {}
    for item in header.split(";"):
        name, equals, value = item.partition("=")
        if equals:
            read.setdefault(name.strip(), value.strip().strip('"'))
    return read


def has_body(call: Call) -> bool:
    """Whether something follows the head."""
    return "transfer-encoding" in call.headers or call.headers.get("content-length", "0") != "0"
