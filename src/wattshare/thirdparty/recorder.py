"""A transport that remembers what was sent and what came back, with every secret masked."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

import httpx2

SECRET_NAMES = frozenset(
    {
        "access_token",
        "client_access_token",
        "refresh_token",
        "registration_access_token",
        "client_secret",
        "code",
        "authorization_code",
        "code_verifier",
        "password",
        "state",
        "csrf",
        "csrf_token",
    }
)
SHOWN_HEADERS = ("authorization", "x-transaction")
ANSWER_HEADERS = ("content-type", "location", "retry-after", "x-correlation-id", "x-transaction")
# of a JSON or text answer; feeds are told by what is in them
BODY_CAP = 2_000


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer, fit to be shown."""

    method: str
    url: str
    sent: dict[str, str]
    status: int
    came: dict[str, str]
    body: str = ""


@dataclass
class Recorder(httpx2.BaseTransport):
    """Passes everything on to another transport, and remembers."""

    inner: httpx2.BaseTransport
    _taken: list[Exchange] = field(default_factory=list)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One exchange."""
        response = self.inner.handle_request(request)
        kind = response.headers.get("content-type", "")
        if "json" in kind or (response.status_code >= 400 and "html" not in kind):
            response.read()
        self._taken.append(
            Exchange(
                method=request.method,
                url=masked_url(str(request.url)),
                sent={**_headers(request.headers, SHOWN_HEADERS), **_form(request)},
                status=response.status_code,
                came=_headers(response.headers, ANSWER_HEADERS),
                body=masked_json(response.text[:BODY_CAP]) if response.is_stream_consumed else "",
            )
        )
        return response

    def close(self) -> None:
        """Let the connections go."""
        self.inner.close()

    def seen(self) -> tuple[Exchange, ...]:
        """What was exchanged since the last time, without forgetting it."""
        return tuple(self._taken)

    def taken(self) -> list[Exchange]:
        """What was exchanged since the last time."""
        taken, self._taken = self._taken, []
        return taken


def masked(secret: str) -> str:
    """Enough of a secret to tell two apart, too little to use."""
    return f"{secret[:4]}…" if len(secret) > 12 else "…"


def masked_url(url: str) -> str:
    """An address with the secrets of its query masked."""
    base, _, query = url.partition("?")
    if not query:
        return url
    pairs = [
        (name, masked(value) if _is_secret(name) else value) for name, value in parse_qsl(query, keep_blank_values=True)
    ]
    shown = "&".join(f"{name}={quote(value, safe=':/;=')}" for name, value in pairs)
    return f"{base}?{shown}".replace(quote("…"), "…")


def masked_json(text: str) -> str:
    """A JSON object with its secrets masked; anything else as it is."""
    try:
        said = json.loads(text)
    except ValueError:
        return text.strip()
    if not isinstance(said, dict):
        return text.strip()
    return json.dumps(
        {name: masked(str(value)) if _is_secret(name) else value for name, value in said.items()}, ensure_ascii=False
    )


def _is_secret(name: str) -> bool:
    return name.lower() in SECRET_NAMES


def _headers(headers: httpx2.Headers, names: tuple[str, ...]) -> dict[str, str]:
    shown = {name: headers[name] for name in names if name in headers}
    if "authorization" in shown:
        kind, _, value = shown["authorization"].partition(" ")
        shown["authorization"] = f"{kind} {masked(value)}"
    if "location" in shown:
        shown["location"] = masked_url(shown["location"])
    return shown


def _form(request: httpx2.Request) -> dict[str, str]:
    """The fields of a form that was sent; those whose names look like secrets masked."""
    if "x-www-form-urlencoded" not in request.headers.get("content-type", ""):
        return {}
    shown: dict[str, str] = {}
    for name, value in parse_qsl(request.read().decode("utf-8", "replace"), keep_blank_values=True):
        told = _field(name, value)
        # boxes of one name are several fields
        shown[name] = f"{shown[name]}, {told}" if name in shown else told
    return shown


def _field(name: str, value: str) -> str:
    secretive = _is_secret(name) or re.search(r"token|secret|password|csrf", name.lower())
    return masked(value) if secretive and name != "grant_type" else value


def path_of(url: str) -> str:
    """An address without scheme and host, for a narrow screen."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
