"""A sign-in of the utility's own, as most have one: a small provider of OpenID Connect beside the sandbox.

It has an address of its own, knows the sandbox's customers by their logins, and keeps them signed in. What it gave out
is kept in memory: after a restart everybody signs in again.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from wattshare.custodian.chance import random_uuid
from wattshare.custodian.house import House
from wattshare.custodian.sandbox.home import Home
from wattshare.custodian.services.signin import fits
from wattshare.custodian.settings import Settings
from wattshare.custodian.store.purposes import Purpose
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.edge import Edge
from wattshare.custodian.web.routes import Route, Routes, routes
from wattshare.espi.endpoint import Token

FILE = "sign-in.json"
NAME, CLIENT = "My Riverton", "wattshare"
# which claim says who it is: the number of an account that several hold names nobody
CLAIM = "preferred_username"
CODE_SECONDS, TOKEN_SECONDS = 60, 300
COOKIE = "sandbox-sign-in"
PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>'
    "<body><main><h1>{title}</h1>{body}</main></body></html>"
)
FORM = """
<p>This stands in for the sign-in that a utility has already. Any customer of <code>sandbox.json</code> may sign in.</p>
{problem}
<form method="post" action="/authorize">{hidden}
<p><label for="login">Login</label><br><input id="login" name="login" autocomplete="username" value="{login}"></p>
<p><label for="password">Password</label><br>
<input id="password" name="password" type="password" autocomplete="current-password"></p>
<p><button type="submit">Sign in</button></p>
<p><button type="submit" name="cancel" value="yes">Cancel</button></p></form>
"""
ASKED = ("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "prompt")


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a code stands for."""

    login: str
    redirect_uri: str
    nonce: str
    challenge: str
    until: int


@dataclass
class Memory:
    """Codes that were given out, and browsers that are signed in."""

    codes: dict[str, Given] = field(default_factory=dict)
    browsers: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The provider's pages and endpoints."""

    house: House
    issuer: str
    secret: str = field(repr=False)
    key: RSAKey = field(repr=False)
    memory: Memory = field(default_factory=Memory, repr=False)

    @classmethod
    def of(cls, house: House, home: Home) -> "Identity":
        """That of a home."""
        kept = home.read_json(FILE)
        key = RSAKey.import_key(kept["key"])
        return cls(house=house, issuer=house.settings.oidc_issuer, secret=kept["secret"], key=key)

    def routes(self) -> Routes:
        """Everything that is answered at its address."""
        table: tuple[tuple[str, str, Callable[[Call], Response]], ...] = (
            ("GET", "/.well-known/openid-configuration", self.configuration),
            ("GET", "/keys", self.keys),
            ("GET", "/authorize", self.authorize),
            ("POST", "/authorize", self.take),
            ("POST", "/token", self.token),
            ("GET", "/logout", self.logout),
        )
        ours = (Route(path=path, method=method, token=Token.NONE, handler=each) for method, path, each in table)
        return routes(self.house.profile, {}, ours, complete=False)

    def edge(self) -> Edge:
        """The web side."""
        return Edge.of(self.settings, self.routes(), new_id=random_uuid)

    @property
    def settings(self) -> Settings:
        """Those of its listener: the house's, at another port and without client certificates."""
        parts = urlsplit(self.issuer)
        update = {"public_base": self.issuer, "listen_port": parts.port, "mutual_tls": False}
        plain = {"tls": "off"} if parts.scheme == "http" else {}
        return self.house.settings.model_copy(update=update | plain)

    def configuration(self, call: Call) -> Response:
        """What it says of itself."""
        del call
        return Response.json(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "end_session_endpoint": f"{self.issuer}/logout",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    def keys(self, call: Call) -> Response:
        """What its tokens are checked by."""
        del call
        return Response.json({"keys": [{**self.key.as_dict(private=False), "use": "sig", "alg": "RS256"}]})

    # people

    def authorize(self, call: Call) -> Response:
        """Ask who it is; who is signed in goes back at once."""
        if (refused := self._refused(call.query.first)) is not None:
            return refused
        login = self.memory.browsers.get(call.cookies.get(COOKIE, ""))
        if login is None or call.query.first("prompt") == "login":
            return self._form(call.query.first)
        return self._back(call.query.first, code=self._code(call.query.first, login))

    def take(self, call: Call) -> Response:
        """Take a login and a password."""
        asked = call.form.first
        if (refused := self._refused(asked)) is not None:
            return refused
        if asked("cancel") is not None:
            return self._back(asked, error="access_denied")
        login = asked("login") or ""
        if not self._is_known(login, asked("password") or ""):
            return self._form(asked, "<p role=alert>These do not match.</p>", status=401)
        browser = secrets.token_urlsafe(32)
        with self.memory.lock:
            self.memory.browsers[browser] = login
        answer = self._back(asked, code=self._code(asked, login))
        return answer.with_cookie(COOKIE, browser, secure=self.issuer.startswith("https:"))

    def logout(self, call: Call) -> Response:
        """Sign out, and back to where the customer came from, when that is the sandbox."""
        with self.memory.lock:
            self.memory.browsers.pop(call.cookies.get(COOKIE, ""), None)
        to = call.query.first("post_logout_redirect_uri") or ""
        if to.startswith(self.house.settings.public_base + "/"):
            return Response.redirect(to)
        return page("You are signed out", "")

    # the house

    def token(self, call: Call) -> Response:
        """An ID token for a code. OpenID Connect Core §3.1.3."""
        form = call.form.first
        if not self._is_the_house(call):
            return Response.json({"error": "invalid_client"}, status=401)
        with self.memory.lock:
            given = self.memory.codes.pop(form("code") or "", None)
        digest = hashlib.sha256((form("code_verifier") or "").encode()).digest()
        proved = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            given is None
            or given.until <= self.house.now()
            or given.redirect_uri != form("redirect_uri")
            or given.challenge != proved
        ):
            return Response.json({"error": "invalid_grant"}, status=400)
        return Response.json(
            {
                "access_token": secrets.token_urlsafe(32),
                "token_type": "Bearer",
                "expires_in": TOKEN_SECONDS,
                "id_token": self.signed(self.claims(given.login, given.nonce)),
            }
        )

    def claims(self, login: str, nonce: str) -> dict[str, Any]:
        """What is said of a customer."""
        now = self.house.now()
        return {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": hashlib.sha256(login.encode()).hexdigest()[:16],
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "nonce": nonce,
            CLAIM: login,
        }

    def signed(self, claims: dict[str, Any]) -> str:
        """Claims as a token."""
        return jwt.encode({"alg": "RS256", "kid": self.key.thumbprint()}, claims, self.key)

    # parts

    def _refused(self, asked: Callable[[str], str | None]) -> Response | None:
        back = self.house.settings.public_base + "/sharing/own/back"
        if asked("client_id") != CLIENT or asked("redirect_uri") != back:
            return page("This cannot be asked", "<p>Nobody is registered by this name and address.</p>", status=400)
        if asked("response_type") != "code" or not asked("code_challenge") or not asked("nonce"):
            return self._back(asked, error="invalid_request")
        return None

    def _form(self, asked: Callable[[str], str | None], problem: str = "", *, status: int = 200) -> Response:
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name in ASKED
            if (value := asked(name)) is not None
        )
        form = FORM.format(hidden=hidden, login=escape(asked("login") or ""), problem=problem)
        return page(f"Sign in to {NAME}", form, status=status, forms=f"'self' {origin(asked('redirect_uri') or '')}")

    def _back(self, asked: Callable[[str], str | None], **told: str) -> Response:
        came = {**told, "state": asked("state") or "", "iss": self.issuer}
        return Response.redirect(f"{asked('redirect_uri')}?{urlencode(came)}")

    def _code(self, asked: Callable[[str], str | None], login: str) -> str:
        code = secrets.token_urlsafe(32)
        given = Given(
            login=login,
            redirect_uri=asked("redirect_uri") or "",
            nonce=asked("nonce") or "",
            challenge=asked("code_challenge") or "",
            until=self.house.now() + CODE_SECONDS,
        )
        with self.memory.lock:
            self.memory.codes[code] = given
        return code

    def _is_known(self, login: str, password: str) -> bool:
        with self.house.store.read(Purpose.PEOPLE) as tx:
            known = tx.customers.login(login)
        return known is not None and fits(known.password_hash, password)

    def _is_the_house(self, call: Call) -> bool:
        scheme, _, pair = call.headers.get("authorization", "").partition(" ")
        shown = (call.form.first("client_id") or "", call.form.first("client_secret") or "")
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(pair, validate=True).decode().partition(":")
            except ValueError:
                return False
            shown = (unquote(name), unquote(secret))
        return hmac.compare_digest("\n".join(shown).encode(), f"{CLIENT}\n{self.secret}".encode())


def page(title: str, body: str, *, status: int = 200, forms: str = "'none'") -> Response:
    """A page without anything; title and body are HTML."""
    policy = f"default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action {forms}"
    return Response.page(
        PAGE.format(title=title, body=body), status=status, headers=(("Content-Security-Policy", policy),)
    )


def origin(address: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def secret_of(home: Home) -> str:
    """What the house proves itself by; made with the provider's key where there is none yet."""
    if not (home / FILE).exists():
        key = RSAKey.generate_key(2048, private=True).as_dict(private=True)
        home.write(FILE, json.dumps({"secret": secrets.token_urlsafe(32), "key": key}))
    return str(home.read_json(FILE)["secret"])
