"""Whom a client talks to, and as whom: one custodian, one registration."""

import json
import re
import ssl
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import httpx2

from wattshare.espi.endpoints import ENDPOINTS, Endpoint, Root
from wattshare.espi.profile import PGE, PROFILES, Profile
from wattshare.thirdparty.errors import Failed, ForeignAddress
from wattshare.thirdparty.signatures import Signers

RESOURCE_PATH = "/espi/1_1/resource"
OAUTH_PATH = "/oauth/v2"
TEST_OAUTH_PATH = "/test/oauth/v2"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

# where the utilities that this client is made for are found; a config file names one by `utility`
UTILITIES: Mapping[str, Mapping[str, str]] = {
    "pge": {
        "resource": "https://api.pge.com/GreenButtonConnect/espi/1_1/resource",
        "oauth": "https://api.pge.com/datacustodian/oauth/v2",
        "test_oauth": "https://api.pge.com/datacustodian/test/oauth/v2",
        "authorize": "https://sharemydata.pge.com/myAuthorization/",
    }
}


class BadConfiguration(Failed):
    """The description of a custodian does not hold together."""


@dataclass(frozen=True, kw_only=True)
class Custodian:
    """A custodian's addresses and one registration with it. Reading it back never shows a secret.

    Raises:
        BadConfiguration: an address is not https (loopback may be http), or a certificate is without its key.
    """

    # roots, without a trailing slash
    resource: str
    oauth: str
    test_oauth: str | None = None
    # where browsers are sent; below `oauth` unless said otherwise
    authorize: str | None = None
    client_id: str
    client_secret: str = field(repr=False)
    # PEM files: what this side shows, and its private key
    certificate: Path | None = None
    private_key: Path | None = None
    # PEM file of whom to trust; the system's list where there is none
    ca: Path | None = None
    profile: Profile = PGE
    redirect_uri: str | None = None
    # ThirdPartyID, which is BulkID too; learned from the authorizations where it is not given
    bulk_id: str | None = None
    application_id: str | None = None
    registration_token: str | None = field(default=None, repr=False)
    # what notices are signed with, `whsec_…` and `whpk_…`; several while one is changed
    notice_secrets: tuple[str, ...] = field(default=(), repr=False)
    notice_keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("resource", "oauth", "test_oauth", "authorize"):
            if (address := getattr(self, name)) is not None:
                _check(name, address)
        if (self.certificate is None) != (self.private_key is None):
            raise BadConfiguration("A certificate needs its private key, and a private key its certificate.")

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a TOML or JSON file: the fields by name, or `utility = "pge"` in the place of the addresses.

        Paths in it are relative to its folder. `client_secret_file` may stand for `client_secret`.

        Raises:
            BadConfiguration: it cannot be read, or a name in it is unknown or missing.
        """
        try:
            text = path.read_text("utf-8")
            said = dict(json.loads(text) if path.suffix == ".json" else tomllib.loads(text))
        except (OSError, ValueError) as error:
            raise BadConfiguration(f"{path} cannot be read: {error}") from error
        return cls.described(said, folder=path.parent)

    @classmethod
    def described(cls, said: Mapping[str, Any], *, folder: Path) -> Self:
        """From plain values, as `read` finds them in a file of `folder`."""
        told = dict(said)
        utility = told.pop("utility", None)
        if utility is not None and utility not in UTILITIES:
            raise BadConfiguration(f"Unknown utility {utility!r}; known: {', '.join(UTILITIES)}.")
        values: dict[str, Any] = {**UTILITIES.get(utility or "", {}), **told}
        if "client_secret_file" in values:
            values["client_secret"] = _secret(folder / values.pop("client_secret_file"))
        for name in ("certificate", "private_key", "ca"):
            if values.get(name):
                values[name] = folder / values[name]
        for name in ("notice_secrets", "notice_keys"):
            listed = values.get(name) or ()
            values[name] = (listed,) if isinstance(listed, str) else tuple(listed)
        if "profile" in values:
            values["profile"] = _profile(values["profile"])
        _check_names(cls, values)
        return cls(**values)

    @classmethod
    def from_sandbox(cls, path: Path, name: str | None = None) -> Self:
        """One third party of a sandbox: by its name or user type, or the first.

        `path` is the sandbox's home or its `sandbox.json`.

        Raises:
            BadConfiguration: no sandbox there, or no such third party in it.
        """
        file = path if path.name == "sandbox.json" else path / "sandbox.json"
        told = read_sandbox(file)
        party = third_party(told, name)
        return cls.described(
            {
                "resource": told["base"].rstrip("/") + RESOURCE_PATH,
                "oauth": told["oauth"].rstrip("/") + OAUTH_PATH,
                "test_oauth": told["oauth"].rstrip("/") + TEST_OAUTH_PATH,
                "ca": told.get("ca"),
                "client_id": party["client_id"],
                "client_secret": party["client_secret"],
                "certificate": party.get("certificate"),
                "private_key": party.get("private_key"),
                "redirect_uri": next(iter(party.get("redirect_uris", ())), None),
                "bulk_id": str(party["third_party_id"]),
                "application_id": party.get("application_information_id"),
                "registration_token": party.get("registration_access_token"),
                "notice_secrets": party.get("notice_secret"),
                "profile": told.get("profile", PGE.name),
            },
            folder=file.parent,
        )

    def root(self, root: Root) -> str:
        """The address below which a row's path begins.

        Raises:
            BadConfiguration: there is none, as for the test endpoints of a custodian that has none.
        """
        address = {
            Root.RESOURCE: self.resource,
            Root.OAUTH: self.oauth,
            Root.TEST_OAUTH: self.test_oauth,
            Root.OURS: urlsplit(self.resource)._replace(path=self.profile.own_root).geturl(),
        }.get(root)
        if address is None:
            raise BadConfiguration(f"This custodian has no address for {root} rows.")
        return address.rstrip("/")

    def href(self, endpoint: Endpoint, **ids: object) -> str:
        """The absolute URL of a row.

        Raises:
            BadConfiguration: the row's root is unknown.
            KeyError: a parameter of its path is not among `ids`.
        """
        parts = urlsplit(self.root(endpoint.root))
        name = "own_root" if endpoint.root is Root.OURS else f"{endpoint.root}_root"
        changes: dict[str, Any] = {name: parts.path}
        return endpoint.href(f"{parts.scheme}://{parts.netloc}", replace(self.profile, **changes), **ids)

    def recognise(self, url: str, method: str = "GET") -> tuple[Endpoint, dict[str, str]]:
        """The row that an address of the custodian belongs to, and the ids in it.

        Raises:
            ForeignAddress: it is not below the custodian's resources, or no row has it.
        """
        below = self.below(url)
        for endpoint in ENDPOINTS:
            if endpoint.root is Root.RESOURCE and endpoint.method == method:
                for template in (endpoint.path, *endpoint.aliases):
                    if found := _pattern(template).fullmatch(below):
                        return endpoint, {name: unquote(value) for name, value in found.groupdict().items()}
        raise ForeignAddress(f"No row of the API has the address {_shown(url)}.")

    def below(self, url: str) -> str:
        """The path of `url` below the resources, without query.

        Raises:
            ForeignAddress: scheme, host, port or path are not the custodian's.
        """
        try:
            asked, ours = httpx2.URL(url), httpx2.URL(self.resource.rstrip("/"))
            path = urlsplit(url).path
        except (httpx2.InvalidURL, ValueError) as error:
            raise ForeignAddress("That is not an address.") from error
        same_place = (asked.scheme, asked.host, _port(asked)) == (ours.scheme, ours.host, _port(ours))
        plain = not asked.userinfo and not asked.fragment and _is_plain(path)
        if not (same_place and plain and path.startswith(ours.path + "/")):
            raise ForeignAddress(f"{_shown(url)} is not below {self.resource}.")
        return path[len(ours.path) :].rstrip("/")

    @property
    def signers(self) -> Signers:
        """Whose signatures of notices hold."""
        return Signers(secrets=self.notice_secrets, keys=self.notice_keys)

    def authorize_url(self, *, test: bool = False) -> str:
        """Where a browser is sent for consent; the test twin needs no customer."""
        if test:
            return self.root(Root.TEST_OAUTH) + "/authorize"
        return self.authorize or self.root(Root.OAUTH) + "/authorize"

    def token_url(self, *, test: bool = False) -> str:
        """Where codes and credentials become tokens."""
        return self.root(Root.TEST_OAUTH if test else Root.OAUTH) + "/token"

    def tls(self) -> ssl.SSLContext:
        """Trust and certificate of every connection to the custodian. RFC 8705 §2 for the latter.

        Raises:
            BadConfiguration: a file of them cannot be used.
        """
        with _usable("ca", self.ca):
            context = ssl.create_default_context(cafile=self.ca) if self.ca else httpx2.create_ssl_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate:
            with _usable("certificate, private_key", self.certificate, self.private_key):
                context.load_cert_chain(self.certificate, self.private_key)
        return context


def read_sandbox(file: Path) -> dict[str, Any]:
    """What a running sandbox says of itself.

    Raises:
        BadConfiguration: it is not there, or not whole.
    """
    try:
        return dict(json.loads(file.read_bytes()))
    except FileNotFoundError as error:
        raise BadConfiguration(
            f"No sandbox at {file.parent}: start one with `wattshare sandbox --home {file.parent}`."
        ) from error
    except ValueError as error:
        raise BadConfiguration(f"{file} is not whole: {error}") from error


def third_party(told: Mapping[str, Any], name: str | None = None) -> dict[str, Any]:
    """One of a sandbox's third parties: by name or user type, or the first.

    Raises:
        BadConfiguration: none is called so.
    """
    parties = [dict(party) for party in told.get("third_parties", ())]
    for party in parties:
        if name is None or name in (party["name"], party["user_type"]):
            return party
    known = ", ".join(str(party["name"]) for party in parties) or "none"
    raise BadConfiguration(f"The sandbox has no third party {name!r}; it has: {known}.")


def _secret(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise BadConfiguration(f"client_secret_file: {file} cannot be read: {error}.") from error


@contextmanager
def _usable(setting: str, *files: Path | None) -> Iterator[None]:
    """Say which setting's files could not be used; OpenSSL does not name them."""
    try:
        yield
    except OSError as error:
        named = ", ".join(str(file) for file in files if file)
        raise BadConfiguration(f"{setting}: {named} cannot be used: {error}.") from error


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """A row's path as a pattern: each parameter is one segment."""
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)))


def _check(name: str, address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return
    raise BadConfiguration(f"{name} must be an https address: {_shown(address)}.")


def _check_names(cls: type, values: Mapping[str, Any]) -> None:
    known = {each.name for each in fields(cls)}
    if unknown := sorted(set(values) - known):
        raise BadConfiguration(f"Unknown setting {', '.join(unknown)}; known: {', '.join(sorted(known))}.")
    needed = {"resource", "oauth", "client_id", "client_secret"}
    if missing := sorted(needed - {name for name, value in values.items() if value}):
        raise BadConfiguration(f"Missing setting {', '.join(missing)}.")


def _profile(name: str) -> Profile:
    try:
        return PROFILES[name]
    except KeyError:
        raise BadConfiguration(f"Unknown profile {name!r}; known: {', '.join(PROFILES)}.") from None


def _port(url: httpx2.URL) -> int | None:
    return url.port or {"https": 443, "http": 80}.get(url.scheme)


def _is_plain(path: str) -> bool:
    """No empty, dot or encoded-slash segment, which another server may read as another path."""
    segments = path.strip("/").split("/")
    return all(unquote(part) not in ("", ".", "..") and "/" not in unquote(part) for part in segments)


def _shown(url: str) -> str:
    """An address from outside as it may be printed: no query, no control characters, not without end."""
    return "".join(char for char in url.partition("?")[0][:200] if char.isprintable())
