"""What an installation decides: one field each, with its sentence.

An argument goes before the environment (`WATTSHARE_…`), the environment before `<home>/wattshare.toml`, and
the file before the default.
"""

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from cronsim import CronSim, CronSimError
from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "WATTSHARE_"
FILE = "wattshare.toml"
DEFAULT_HOME = Path("wattshare-home")
MASK = "***"
# settings that are never shown
SECRETS = frozenset({"sms_token", "oidc_client_secret"})

Network = IPv4Network | IPv6Network


class BadSettings(Exception):
    """The settings do not fit together; the text is one line for the operator."""


def listed(value: object) -> object:
    """Read a list from the environment: separated by commas."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, Path | IPv4Network | IPv6Network):
        return (value,)
    return value


def network(value: object) -> Network:
    """Read a CIDR; a lone address is a network of one."""
    return value if isinstance(value, IPv4Network | IPv6Network) else ip_network(str(value))


def host_and_port(value: str) -> str:
    """Check HOST:PORT, where HOST is a name, an address, `[address]` or a CIDR."""
    if not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:@]+|[0-9a-fA-F:]+/\d+):\d{1,5}", value):
        raise ValueError("must be HOST:PORT")
    return value


Paths = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(listed)]
Networks = Annotated[tuple[Annotated[Network, BeforeValidator(network)], ...], NoDecode, BeforeValidator(listed)]
HostPorts = Annotated[tuple[Annotated[str, BeforeValidator(host_and_port)], ...], NoDecode, BeforeValidator(listed)]
Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed)]
Days = Annotated[tuple[Annotated[int, Field(gt=0)], ...], NoDecode, BeforeValidator(listed)]
Count = Annotated[int, Field(gt=0)]
Seconds = Annotated[tuple[Count, ...], NoDecode, BeforeValidator(listed)]
Port = Annotated[int, Field(ge=0, le=65535)]


def default_database(values: dict[str, Any]) -> str:
    """SQLite in the home folder."""
    return f"sqlite:///{values['home'] / 'wattshare.db'}"


class Settings(BaseSettings):
    """Everything that an installation may set. Relative paths start at `home`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    home: Path = Field(DEFAULT_HOME, description="The folder of everything that this installation keeps.")
    database_url: str = Field(
        default_factory=default_database, description="Where the database is, as SQLAlchemy writes it."
    )
    database_owner_url: str | None = Field(
        None,
        description="The same database as the owner of its tables, for `db upgrade`; database_url's role where unset.",
    )
    database_prepared: bool = Field(
        True,
        description="Whether statements that come often are kept prepared; off behind a pooler that cannot keep them.",
    )
    database_connections: Count = Field(
        80, description="Most connections of one process to PostgreSQL; all processes share the server's maximum."
    )
    statement_seconds: Count = Field(
        30, description="Seconds after which a statement of PostgreSQL, or its waiting for others, is given up."
    )
    close_days: Annotated[int, Field(ge=0)] = Field(
        10, description="Days after the end of a month from which on its readings are kept in the smaller form."
    )
    late_days: Annotated[int, Field(ge=0)] = Field(
        3, description="Days after the end of its day from which on a reading that comes is late."
    )
    sandbox: bool = Field(False, description="A utility for trying things out, with invented customers.")

    public_base: str = Field(
        "https://localhost:8443", description="Scheme, host and port that stand in every address we give out."
    )
    profile: Literal["PGE", "STANDARD"] = Field("PGE", description="Whose manners the API has.")
    data_custodian_id: str | None = Field(
        None, description="What stands as the data custodian's id in scopes; the profile's where unset."
    )
    utility_name: str = Field("Riverton Power", description="The utility's name, on pages and in feeds.")
    utility_phone: str = Field("555-0100", description="The telephone number that customers are given.")
    utility_email: str = Field("share@rivertonpower.example", description="The mail address that customers are given.")

    listen_host: str = Field("127.0.0.1", description="The address that the server listens on.")
    listen_port: Port = Field(8443, description="The port that the server listens on.")
    threads: Count = Field(40, description="How many requests are worked on at the same time.")
    threads_each: Count = Field(8, description="Requests of one caller that are worked on at a time.")
    tls: Literal["native", "proxy", "off"] = Field(
        "native", description="Who speaks TLS: the server itself, a proxy before it, or nobody."
    )
    tls_certificate: Path | None = Field(None, description="The server's certificate chain, PEM.")
    tls_key: Path | None = Field(None, description="The key of the server's certificate, PEM.")
    tls_ca: Paths = Field((), description="CA files, PEM, whose client certificates are let in.")
    mutual_tls: bool = Field(True, description="Whether a bearer works only with its third party's client certificate.")
    metrics_listen: Annotated[str, BeforeValidator(host_and_port)] | None = Field(
        None,
        description="HOST:PORT at which `serve` tells figures for Prometheus, to whoever can connect; unset: nowhere.",
    )
    proxy_addresses: Networks = Field(
        (), description="Networks of the proxies whose headers about the caller are believed."
    )
    proxy_certificate_header: str = Field(
        "Client-Cert", description="The header in which the proxy hands on the client certificate."
    )
    allow_self_signed: bool = Field(
        True, description="Whether third parties may register certificates that no public CA issued."
    )

    outbound_certificate: Path | None = Field(
        None, description="The certificate, PEM, that we show to the receivers of notices."
    )
    outbound_key: Path | None = Field(None, description="The key of the certificate that we show, PEM.")
    outbound_ca: Paths = Field((), description="CA files, PEM, that receivers may have besides the public ones.")
    allow_notify: HostPorts = Field(
        (), description="HOST:PORT of receivers that may be in a private network; a host may be a CIDR."
    )
    allow_http_callbacks: bool = Field(
        False, description="Whether redirects may be http, and notices to the receivers of allow_notify."
    )

    sending_slots: Count = Field(16, description="How many notices one worker sends at the same time.")
    sending_slots_each: Count = Field(4, description="How many of them go to one third party.")
    notice_steps: Seconds = Field(
        (5, 30, 120, 600, 1_800, 3_600, 7_200, *(14_400,) * 17),
        description="Most seconds before each further try of a notice; each pause is a random part of it.",
    )
    notice_last_step: Count = Field(21_600, description="Most seconds before each try after those.")
    notice_days: Count = Field(
        30, description="Days for which notices and their tries are kept, and tried where they tell of no file."
    )
    notice_alarm_hours: Count = Field(
        6, description="Hours of failure after which a receiver of notices is called dead."
    )

    delta_schedule: str = Field(
        "30 6 * * *",
        description="When daily deltas are made: a cron expression in the utility's time, of which the first run of a"
        " day counts; empty: only when intake is closed.",
    )
    expiry_days: Days = Field(
        (30, 7, 1), description="Days before the end of a permission on which who asks for such notices is told."
    )
    reminder_days: Annotated[int, Field(ge=0)] = Field(
        30, description="Days before the end of a permission on which its customer is reminded by mail; 0: never."
    )
    idle_days: Annotated[int, Field(ge=0)] = Field(
        90, description="Days without a look after which a customer is told that an app does not look; 0: never."
    )

    batch_days: Count = Field(5, description="Days for which prepared files are kept.")
    accel_prefix: Annotated[str, Field(pattern=r"^/(?:[\w-]+/)+$")] | None = Field(
        None,
        description="The internal place, such as /prepared/, below which nginx sends prepared files of up to 32 MB.",
    )
    part_megabytes: Count = Field(200, description="Size at which a prepared file is continued in another.")
    encoder: Literal["auto", "direct", "templates"] = Field(
        "auto",
        description="What packs feeds of readings: direct, the compiled encoder; templates, without it; auto: the"
        " compiled encoder where it is installed.",
    )
    rate_limits: bool = Field(True, description="Whether third parties' requests are limited.")
    rate_per_second: Count = Field(1, description="Requests a second and third party.")
    rate_per_hour: Count = Field(2000, description="Requests an hour and third party.")
    rate_per_day: Count = Field(20_000, description="Requests a day and third party, up to 17:00 local time.")
    mask_client_secret: bool = Field(False, description="Whether ApplicationInformation hides the client secret.")

    oidc_issuer: str = Field(
        "", description="The issuer of the utility's own sign-in (OpenID Connect), https; empty: there is none."
    )
    oidc_name: str = Field("", description="How customers know that sign-in, such as My Riverton; else utility_name.")
    oidc_client_id: str = Field("", description="Who we are there.")
    oidc_client_secret: str = Field("", description="How we prove it there; empty: by PKCE alone.")
    oidc_scopes: str = Field("openid", description="What is asked for there, separated by blanks.")
    oidc_claim: str = Field("account_number", description="The claim of the ID token that says which customer it is.")
    oidc_claim_names: Literal["account", "login"] = Field(
        "account", description="What stands in that claim: an account number, or a login as our own customers have it."
    )
    oidc_acr: Texts = Field(
        (), description="Authentication context classes of which the ID token must name one; empty: any."
    )
    account_sign_in: bool = Field(
        True,
        description="Whether customers come in by a login and password of ours; false where they all have another way.",
    )
    guest_ways: Annotated[tuple[Literal["phone", "code"], ...], NoDecode, BeforeValidator(listed)] = Field(
        ("phone", "code"),
        description="What a customer without an online account proves an account number by: phone, the telephone number"
        " on file; code, a code by mail or text message; empty: they do not come in.",
    )
    session_minutes: Count = Field(30, description="Minutes after which an idle browser is signed out.")
    access_seconds: Count = Field(3600, description="Life of an access token.")
    refresh_days: Count = Field(365, description="Days for which an unused refresh token works.")
    catalogues: Path | None = Field(
        None, description="A folder of further languages for customers, each a file <language>.po; they go before ours."
    )
    brand: Path | None = Field(
        None, description="A folder with brand.toml and a logo: the utility's own colours, links and texts on pages."
    )
    mail_dir: Path | None = Field(None, description="A folder that gets each mail and one-time code as a file.")
    mail_command: str = Field(
        "", description="A command that is given each mail on its standard input, as `sendmail -t` is."
    )
    smtp_url: str = Field(
        "",
        description="The mail server that mails are handed to: smtps://login:password@host:465, smtp+starttls://… or,"
        " where nobody listens in between, smtp://host:25.",
    )
    sms_command: str = Field(
        "",
        description="A command that is given each text message on its standard input, and where it goes in the variable"
        " WATTSHARE_TO.",
    )
    sms_url: str = Field("", description="An address that each text message is posted to, as JSON: id, to, text.")
    sms_token: str = Field("", description="A bearer token that is shown there.")
    allow_own: HostPorts = Field(
        (),
        description="HOST:PORT that may be in a private network, of the utility's own services that we ask: sms_url,"
        " oidc_issuer and the addresses that it names.",
    )
    mail_from: str = Field("wattshare@localhost", description="The address that mails come from.")
    alarm_mail: Texts = Field((), description="Mail addresses of the operator that alarms go to.")

    body_bytes: Count = Field(65_536, description="Largest body that is read at OAuth endpoints and of forms.")
    body_seconds: Count = Field(10, description="Time in which headers, and then the body, must have come.")
    header_bytes: Count = Field(16_384, description="Most bytes of request line and headers.")
    header_count: Count = Field(100, description="Most headers of a request.")
    xml_bytes: Count = Field(2 * 1024**3, description="Largest XML file that is taken in.")
    xml_depth: Count = Field(32, description="Deepest nesting of elements that is read.")
    xml_elements: Count = Field(50_000_000, description="Most elements of a file.")
    xml_attributes: Count = Field(64, description="Most attributes of an element.")
    xml_text: Count = Field(1024**2, description="Longest text of an element, in bytes.")
    unpacked_bytes: Count = Field(16 * 1024**3, description="Most bytes that are unpacked of one archive.")
    unpacked_ratio: Count = Field(1000, description="Most bytes that an archive may unpack to for each of its own.")
    drop_folder: Path | None = Field(None, description="A folder whose files the worker takes in and moves on.")
    drop_seconds: Count = Field(10, description="Seconds for which a file in that folder must not have changed.")
    drop_set_aside: bool = Field(
        False, description="Whether bad rows of a table in that folder are set aside beside it, rather than refuse it."
    )
    archive_members: Count = Field(10_000, description="Most files in one archive.")

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    def __init__(self, **values: Any) -> None:
        """Take arguments; what is not among them is looked for in the environment and in the file.

        Raises:
            BadSettings: a value is unknown, missing or out of range, or the file cannot be read.
        """
        try:
            super().__init__(**values)
        except ValidationError as refusal:
            raise BadSettings(one_line(refusal)) from None
        except (TOMLDecodeError, OSError) as broken:
            raise BadSettings(f"{FILE} cannot be read: {broken}") from None
        self._sources = where_from(type(self), self.home, values)
        if not (self.account_sign_in or self.oidc_issuer or self.guests_come_in):
            raise BadSettings(
                "account_sign_in: is false, and no customer could come in: set oidc_issuer, or have phone in"
                " guest_ways, or code there and a way for mails or text messages"
            )
        if self.oidc_issuer and not self.oidc_client_id:
            raise BadSettings("oidc_client_id: is missing, and oidc_issuer is set")
        if self.mutual_tls and self.tls == "off":
            raise BadSettings("mutual_tls: cannot be on while tls is off")

    @property
    def guests_come_in(self) -> bool:
        """Whether a customer without an online account can come in."""
        sent = self.mail_dir or self.mail_command or self.smtp_url or self.sms_command
        return "phone" in self.guest_ways or ("code" in self.guest_ways and bool(sent))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 given by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 given by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the file of the home folder last; home itself cannot come from it."""
        told = init_settings()
        # all of the environment is read for it, which takes longer than all else here: only where it is not told
        home = told["home"] if "home" in told else env_settings().get("home", DEFAULT_HOME)
        return init_settings, env_settings, HomeFile(settings_cls, toml_file=Path(home) / FILE)

    @field_validator("delta_schedule")
    @classmethod
    def readable_schedule(cls, value: str) -> str:
        """An expression that names some time."""
        try:
            if value:
                next(CronSim(value, datetime(2024, 1, 1, tzinfo=UTC)))
        except (CronSimError, StopIteration):
            raise ValueError("must be a cron expression of five fields, such as 30 6 * * *") from None
        return value

    @field_validator("smtp_url")
    @classmethod
    def readable_relay(cls, value: str) -> str:
        """Scheme, host and port; passwords by TLS only."""
        parts = urlsplit(value)
        if value and (parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not parts.hostname):
            raise ValueError("must be smtps://, smtp+starttls:// or smtp://, with a host")
        if parts.scheme == "smtp" and parts.password:
            raise ValueError("a password goes by smtps:// or smtp+starttls:// only")
        return value

    @field_validator("home")
    @classmethod
    def absolute(cls, value: Path) -> Path:
        """Relative to where we were started."""
        return value.absolute()

    @field_validator(
        "tls_certificate",
        "tls_key",
        "outbound_certificate",
        "outbound_key",
        "mail_dir",
        "drop_folder",
        "catalogues",
        "brand",
    )
    @classmethod
    def below_home(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        """Relative to home."""
        return None if value is None else Path(info.data["home"]) / value

    @field_validator("tls_ca", "outbound_ca")
    @classmethod
    def all_below_home(cls, value: tuple[Path, ...], info: ValidationInfo) -> tuple[Path, ...]:
        """Relative to home."""
        return tuple(Path(info.data["home"]) / path for path in value)

    @field_validator("public_base")
    @classmethod
    def bare_base(cls, value: str) -> str:
        """Scheme, host and port in lower case, without a trailing slash."""
        parts = urlsplit(value.rstrip("/").lower())
        bare = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        if not bare or "@" in parts.netloc or parts.path or parts.query or parts.fragment:
            raise ValueError("must be http(s)://host[:port] without a path")
        return parts.geturl()

    def for_serving(self) -> "Settings":
        """The same settings, when a server can be started with them.

        Raises:
            BadSettings: something is missing.
        """
        if self.tls == "native" and not (self.tls_certificate and self.tls_key):
            raise BadSettings("tls: native needs tls_certificate and tls_key")
        if self.tls == "proxy" and not self.proxy_addresses:
            raise BadSettings("tls: proxy needs proxy_addresses")
        return self

    def describe(self) -> Iterator[tuple[str, str, str, str]]:
        """Name, value, sentence and source of each setting; what is secret in a value is masked."""
        for name, field in type(self).model_fields.items():
            value = shown(getattr(self, name))
            yield name, MASK if value and name in SECRETS else value, field.description or "", self._sources[name]


class HomeFile(TomlConfigSettingsSource):
    """The TOML file of the home folder, without a say on where home is."""

    def __call__(self) -> dict[str, Any]:
        """Read the file's values."""
        values = super().__call__()
        if "home" in values:
            raise BadSettings(f"home: cannot be set in {FILE}, as the file is found by it")
        return values


def where_from(settings: type[Settings], home: Path, arguments: dict[str, Any]) -> dict[str, str]:
    """Where each value came from."""
    environment = {name.upper() for name, value in os.environ.items() if value}
    file = HomeFile(settings, toml_file=home / FILE)()
    found: dict[str, str] = {}
    for name in settings.model_fields:
        variable = PREFIX + name.upper()
        if name in arguments:
            found[name] = "argument"
        elif variable in environment:
            found[name] = variable
        else:
            found[name] = str(home / FILE) if name in file else "default"
    return found


def shown(value: object) -> str:
    """A value as the operator writes it, the password of a database masked."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    text = re.sub(r"(?<=://)([^/@:]*):[^/]*@", rf"\1:{MASK}@", str(value))
    return re.sub(r"(?<=[?&]password=)[^&]*", MASK, text)


@contextmanager
def usable(names: str, *files: Path | None) -> Iterator[None]:
    """A block that reads the PEM files of settings.

    Raises:
        BadSettings: one of them is missing, closed to us, no PEM, or not the key of its certificate.
    """
    told = " and ".join(str(file) for file in files if file is not None)
    try:
        yield
    except ssl.SSLError as why:
        fits = "do not belong together" if why.reason == "KEY_VALUES_MISMATCH" else "cannot be read as PEM"
        raise BadSettings(f"{names}: {told} {fits}") from why
    except OSError as why:
        raise BadSettings(f"{names}: {told} cannot be opened: {why.strerror}") from why


def one_line(refusal: ValidationError) -> str:
    """Every fault of the settings, without the values."""
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {worded(fault)}" for fault in refusal.errors())


def worded(fault: ErrorDetails) -> str:
    """A fault in our words where pydantic's do not help."""
    return "there is no such setting" if fault["type"] == "extra_forbidden" else fault["msg"]
