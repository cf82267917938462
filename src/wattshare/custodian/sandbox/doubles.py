"""The other side, played by the sandbox: redirect URIs, portals, and a receiver of notices."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from wattshare.custodian.house import House
from wattshare.custodian.model.clock import Clock
from wattshare.custodian.model.errors import NoCertificate, Unknown, WrongCertificate
from wattshare.custodian.model.parties import ThirdParty
from wattshare.custodian.sandbox.home import CALLBACKS, NOTICES, Home, write_private
from wattshare.custodian.sandbox.parties import redirected
from wattshare.custodian.services.registration import read_certificate
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.routes import Route
from wattshare.espi.endpoint import Token

# what a path may say of a third party: it becomes a folder's name
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# files that are kept of each third party's callbacks
CALLBACKS_KEPT = 100
# parameters of an authorization response. RFC 6749 §4.1.2, RFC 9207
RESPONSE = ("code", "state", "scope", "iss", "error", "error_description")
POLICY = ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><h1>{title}</h1>{body}</html>"
)


@dataclass(frozen=True, kw_only=True)
class Doubles:
    """Answers below /sandbox/."""

    house: House
    home: Path
    now: Clock
    # SHA-256 of the certificate that notices come with; None where they come without
    sender: str | None

    @classmethod
    def of(cls, house: House, home: Home) -> "Doubles":
        """Those of a home."""
        sender = None
        if house.settings.mutual_tls and house.settings.outbound_certificate is not None:
            pem = house.settings.outbound_certificate.read_text()
            sender = read_certificate(pem, allow_self_signed=True, now=house.now())
        return cls(house=house, home=home.path, now=house.now, sender=sender)

    def routes(self) -> tuple[Route, ...]:
        """Every path of it."""
        return (
            _route("GET", "/sandbox/callback/{third_party}", self.arrive),
            _route("GET", "/sandbox/portal/{third_party}", self.portal),
            _route("POST", "/sandbox/notices/{third_party}", self.take),
        )

    def arrive(self, call: Call) -> Response:
        """A customer comes back from the consent page: what came along is shown, and kept."""
        name = named(call)
        came = {key: value for key in RESPONSE if (value := call.query.first(key)) is not None}
        folder = self.folder(CALLBACKS, name)
        kept = json.dumps({"at": self.now(), "parameters": dict(call.query.pairs)}, indent=1)
        write_private(folder / f"{self.stamp()}-{call.correlation_id}.json", kept.encode())
        for old in sorted(folder.glob("*.json"))[:-CALLBACKS_KEPT]:
            old.unlink(missing_ok=True)
        if not call.accepts("text/html"):
            return Response.json(came)
        rows = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in came.items())
        title = "The customer declined, or something is wrong" if "error" in came else "The customer is back"
        return page(title, f"<p>A third party's own page would go on from here.</p><dl>{rows}</dl>")

    def portal(self, call: Call) -> Response:
        """Where a third party's customers would start."""
        party = self.party(named(call))
        body = f"<p>{escape(party.purpose)}</p>"
        if party.redirect_uris and redirected(self.house.registration.wish(party)):
            query = urlencode(
                {
                    "client_id": party.client_id,
                    "redirect_uri": party.redirect_uris[0],
                    "response_type": "code",
                    "state": call.correlation_id,
                }
            )
            href = escape(f"{self.house.addresses.authorize}?{query}")
            body += f'<p><a href="{href}">Connect your utility account</a></p>'
        return page(escape(party.name), body)

    def take(self, call: Call) -> Response:
        """Receive a notice: its body and its headers become files, then it is accepted.

        Raises:
            NoCertificate: it came without a client certificate.
            WrongCertificate: it did not come from us.
        """
        name = named(call)
        if self.sender is not None:
            if call.certificate is None:
                raise NoCertificate
            if call.certificate.sha256 != self.sender:
                raise WrongCertificate
        file = self.folder(NOTICES, name) / f"{self.stamp()}-{call.correlation_id}.xml"
        told = {"at": self.now(), "path": call.path_text, "headers": dict(call.headers)}
        # the body last: whoever finds it finds both
        write_private(file.with_suffix(".json"), json.dumps(told, indent=1).encode())
        write_private(file, call.body)
        return Response.empty(200)

    def party(self, name: str) -> ThirdParty:
        """The third party of that id.

        Raises:
            Unknown: there is none.
        """
        found = (each for each in self.house.registration.every() if str(each.id) == name)
        if (party := next(found, None)) is None:
            raise Unknown
        return party

    def folder(self, kind: str, name: str) -> Path:
        """A third party's folder."""
        folder = self.home / kind / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def stamp(self) -> str:
        """What file names begin with, so that they sort by time."""
        return f"{datetime.fromtimestamp(self.now(), UTC):%Y%m%dT%H%M%SZ}"


def named(call: Call) -> str:
    """The third party in the path.

    Raises:
        Unknown: it is no name for a folder.
    """
    name = call.path["third_party"]
    if not NAME.fullmatch(name):
        raise Unknown
    return name


def page(title: str, body: str) -> Response:
    """A page without anything; title and body are HTML."""
    return Response.page(PAGE.format(title=title, body=body), headers=(POLICY,))


def _route(method: str, path: str, handler: Callable[[Call], Response]) -> Route:
    return Route(path=path, method=method, token=Token.NONE, handler=handler)
