"""Connecting a customer: a browser is sent off, and comes back with a code. RFC 6749 §4.1, RFC 7636."""

import base64
import hashlib
import hmac
import http.server
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from wattshare.thirdparty.client import Client
from wattshare.thirdparty.custodian import LOOPBACK, BadConfiguration, Custodian
from wattshare.thirdparty.errors import ConsentDenied, Failed, StateMismatch
from wattshare.thirdparty.tokens import Tokens

PAGE = """<!doctype html><meta charset="utf-8"><title>Connected</title>
<p>Thank you. You can close this window and go back to the program that sent you."""


class NobodyCame(Failed):
    """No browser came back in time."""


@dataclass(frozen=True, kw_only=True)
class Journey:
    """A browser on its way: what is needed to recognise it when it comes back."""

    url: str
    redirect_uri: str
    state: str = field(repr=False)
    # of PKCE, where it is used
    verifier: str | None = field(default=None, repr=False)
    test: bool = False


def begin(
    custodian: Custodian,
    *,
    redirect_uri: str | None = None,
    scope: str | None = None,
    min_end: int | None = None,
    preferred_end: int | None = None,
    guest: bool = False,
    pkce: bool = False,
    test: bool = False,
) -> Journey:
    """Where to send the customer's browser.

    `min_end` and `preferred_end` are epoch seconds: the customer may not choose an earlier end, and is shown
    the other first. `guest` opens the page for those who have no login.

    Raises:
        BadConfiguration: no redirect URI is given or configured.
    """
    redirect = redirect_uri or custodian.redirect_uri
    if redirect is None:
        raise BadConfiguration(
            "No redirect URI is given or configured (`redirect_uri`). Third parties of the types self_access and cca"
            " have none, as their customers are not asked through a browser: `wattshare notices order` orders what"
            " they share."
        )
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48) if pkce else None
    wishes = {"MinAuthEndDate": min_end, "PreferredAuthEndDate": preferred_end}
    terms = [scope] if scope else []
    terms += [f"{name}={end}" for name, end in wishes.items() if end is not None]
    asked = {
        "client_id": custodian.client_id,
        "redirect_uri": redirect,
        "response_type": "code",
        **({"scope": ";".join(terms)} if terms else {}),
        "state": state,
        **({"login": "guest"} if guest else {}),
        **({"code_challenge": _challenge(verifier), "code_challenge_method": "S256"} if verifier else {}),
    }
    start = custodian.authorize_url(test=test)
    joint = "&" if urlsplit(start).query else "?"
    return Journey(
        url=f"{start}{joint}{urlencode(asked)}",
        redirect_uri=redirect,
        state=state,
        verifier=verifier,
        test=test,
    )


def arrive(journey: Journey, custodian: Custodian, arrived_at: str) -> str:
    """The code in the address that the browser came back to.

    Raises:
        StateMismatch: the state is not the one that was sent, or the issuer is another. RFC 9207 §2.4.
        ConsentDenied: the customer, or the custodian, said no.
    """
    said = parse_qs(urlsplit(arrived_at).query, keep_blank_values=True)
    # one answer of each, or it was tampered with
    if any(len(values) > 1 for values in said.values()):
        raise StateMismatch("The browser came back with a parameter twice.")
    given = {name: values[0] for name, values in said.items()}
    if not hmac.compare_digest(given.get("state", "").encode(), journey.state.encode()):
        raise StateMismatch("The browser came back with a state that was not sent: start again.")
    if (issuer := given.get("iss")) and not _is_ours(issuer, custodian):
        raise StateMismatch("The browser came back from another issuer: start again.")
    if error := given.get("error"):
        raise ConsentDenied(error[:64], given.get("error_description", "")[:200] or None)
    # PG&E's page on the test endpoint prints the longer name
    if code := given.get("code") or given.get("authorization_code"):
        return code
    raise ConsentDenied("no_code", "The browser came back with neither a code nor an error.")


def finish(client: Client, journey: Journey, arrived_at: str) -> Tokens:
    """Tokens for a browser that came back, kept in the client's store.

    Raises:
        StateMismatch, ConsentDenied: as for `arrive`.
        GrantRefused: the code lapsed meanwhile.
    """
    code = arrive(journey, client.custodian, arrived_at)
    return client.redeem(code, redirect_uri=journey.redirect_uri, verifier=journey.verifier)


def can_listen(redirect_uri: str) -> bool:
    """Whether this machine can receive the browser itself: http on loopback, as RFC 8252 has it."""
    parts = urlsplit(redirect_uri)
    return parts.scheme == "http" and parts.hostname in LOOPBACK and parts.port is not None


class Callback:
    """The browser's way back on this machine: one address, answered with a page that says thank you.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, redirect_uri: str) -> None:
        parts = urlsplit(redirect_uri)
        if not can_listen(redirect_uri) or parts.hostname is None or parts.port is None:
            raise BadConfiguration("Only an http address on loopback, with a port, can be listened on.")
        self._redirect_uri = redirect_uri
        self._arrived: str | None = None
        self._server = http.server.HTTPServer((_bindable(parts.hostname), parts.port), self._answering(parts.path))

    def wait(self, seconds: int) -> str:
        """The whole address that the browser came back to.

        Raises:
            NobodyCame: within so many seconds nobody did.
        """
        self._server.timeout = seconds
        # favicons and the curious do not end the wait, but each starts it anew: five are enough
        for _ in range(5):
            self._server.handle_request()
            if self._arrived:
                return self._arrived
        raise NobodyCame(f"No browser came back to {self._redirect_uri} within {seconds} seconds.")

    def close(self) -> None:
        """Let the port go."""
        self._server.server_close()

    def _answering(self, path: str) -> type[http.server.BaseHTTPRequestHandler]:
        callback = self

        class Answering(http.server.BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                is_ours = (asked.path or "/") == (path or "/") and bool(asked.query)
                if is_ours:
                    callback._arrived = callback._redirect_uri.partition("?")[0] + "?" + asked.query
                body = PAGE.encode() if is_ours else b"Nothing here."
                self.send_response(200 if is_ours else 404)
                self.send_header("content-type", "text/html; charset=utf-8" if is_ours else "text/plain")
                self.send_header("content-length", str(len(body)))
                self.send_header("cache-control", "no-store")
                self.send_header("referrer-policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """A code in the query must not reach a log."""

        return Answering


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _bindable(host: str) -> str:
    return "127.0.0.1" if host == "localhost" else host


def _is_ours(issuer: str, custodian: Custodian) -> bool:
    """Whether the issuer is the place where tokens come from, or where the browser was sent."""
    origins = {_origin(address) for address in (custodian.oauth, custodian.authorize_url())}
    return _origin(issuer) in origins


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
