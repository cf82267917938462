"""Mails and text messages go out through what the operator named: a relay, a command, an address, a folder.

Where several ways are named, each of them gets everything. What writes mails and speaks SMTP is loaded with the first
mail: who sends none keeps the memory.
"""

import json
import os
import re
import shlex
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from wattshare.custodian.outbound import Delivered, Failed, Outbound
from wattshare.custodian.settings import Settings, usable

if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage

SECONDS = 30
MAIL_ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
# a link is not broken in two
LINE_LENGTH = 200
# RFC 5321 §4.2.1: from there on the relay will say no again
FOR_GOOD = 500


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A text for some people."""

    # the same through all tries: letters, digits and hyphens
    id: str
    to: tuple[str, ...]
    subject: str
    text: str
    # the same as HTML, where there is one
    html: str | None = None
    # when it was written
    at: int | None = None


@dataclass(frozen=True, kw_only=True)
class ShortText:
    """A text for a telephone."""

    # as of a mail
    id: str
    to: str
    text: str


class NotSent(Exception):
    """It did not go out, and is to be tried again; unless it is `permanent`."""

    def __init__(self, why: str, *, permanent: bool = False) -> None:
        """Take a word for why; never what was to be sent."""
        super().__init__(why)
        self.permanent = permanent


class Posting(Protocol):
    """The way out to an address of the operator's."""

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Delivered | Failed:
        """Post a body."""


@dataclass(frozen=True, kw_only=True)
class Relay:
    """The operator's mail server. RFC 5321, 3207, 8314, 4954."""

    scheme: str
    host: str
    port: int
    login: str = ""
    password: str = field(default="", repr=False)
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> "Relay | None":
        """As the settings have it; None where there is none.

        Raises:
            BadSettings: a CA file cannot be used.
        """
        if not settings.smtp_url:
            return None
        parts, context = urlsplit(settings.smtp_url), ssl.create_default_context()
        for file in settings.outbound_ca:
            with usable("outbound_ca", file):
                context.load_verify_locations(cafile=file)
        return cls(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or PORTS[parts.scheme],
            login=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            context=context,
        )

    def send(self, message: "EmailMessage") -> None:
        """Hand a mail over.

        Raises:
            NotSent: it was not taken, or not in time.
        """
        import smtplib  # noqa: PLC0415 as said above

        try:
            with self._connected() as relay:
                if self.scheme == "smtp+starttls":
                    relay.starttls(context=self.context)
                if self.login:
                    relay.login(self.login, self.password)
                relay.send_message(message)
        except smtplib.SMTPRecipientsRefused as why:
            refused = all(code >= FOR_GOOD for code, _ in why.recipients.values())
            raise NotSent("recipients_refused", permanent=refused) from None
        except smtplib.SMTPDataError as why:
            raise NotSent("data_refused", permanent=why.smtp_code >= FOR_GOOD) from None
        # what it says may quote the mail
        except (OSError, smtplib.SMTPException) as why:
            raise NotSent(type(why).__name__) from None

    def _connected(self) -> "smtplib.SMTP":
        import smtplib  # noqa: PLC0415

        if self.scheme == "smtps":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=self.context)
        return smtplib.SMTP(self.host, self.port, timeout=SECONDS)


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """Where mails go."""

    sender: str
    folder: Path | None = None
    command: tuple[str, ...] = ()
    relay: Relay | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Mailing":
        """As the settings have it."""
        command = tuple(shlex.split(settings.mail_command))
        relay = Relay.of(settings)
        return cls(sender=settings.mail_from, folder=settings.mail_dir, command=command, relay=relay)

    @property
    def able(self) -> bool:
        """Whether a mail goes anywhere."""
        return bool(self.folder or self.command or self.relay)

    def send(self, mail: Mail) -> None:
        """Send a mail; to the folder it may be sent twice, and is there once.

        Raises:
            NotSent: the relay did not take it, or the command failed or took too long.
        """
        message = self.message(mail)
        if self.folder is not None:
            keep(self.folder, f"{mail.id}.eml", message.as_bytes())
        if self.command:
            run(self.command, message.as_bytes())
        if self.relay is not None:
            self.relay.send(message)

    def written(self, mail: Mail) -> bytes:
        """The mail as it goes out. RFC 5322."""
        return self.message(mail).as_bytes()

    def message(self, mail: Mail) -> "EmailMessage":
        """The mail with its headers."""
        from email.message import EmailMessage  # noqa: PLC0415
        from email.policy import default  # noqa: PLC0415
        from email.utils import format_datetime  # noqa: PLC0415

        message = EmailMessage(policy=default.clone(max_line_length=LINE_LENGTH))
        message["From"] = self.sender
        message["To"] = ", ".join(mail.to)
        message["Subject"] = mail.subject
        message["Message-ID"] = f"<{mail.id}@{self.sender.rpartition('@')[2]}>"
        if mail.at is not None:
            message["Date"] = format_datetime(datetime.fromtimestamp(mail.at, UTC))
        # nobody's holiday answers it: RFC 3834
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        if mail.html is not None:
            message.add_alternative(mail.html, subtype="html")
        return message


@dataclass(frozen=True, kw_only=True)
class Texting:
    """Where text messages go."""

    folder: Path | None = None
    command: tuple[str, ...] = ()
    url: str = ""
    token: str = field(default="", repr=False)
    outbound: Posting | None = None

    @classmethod
    def of(cls, settings: Settings, outbound: Posting | None = None) -> "Texting":
        """As the settings have it. A way out of its own, with its certificates, is made where an address is named."""
        if outbound is None and settings.sms_url:
            outbound = Outbound.of(settings, allowed=settings.allow_own)
        return cls(
            folder=settings.mail_dir,
            command=tuple(shlex.split(settings.sms_command)),
            url=settings.sms_url,
            token=settings.sms_token,
            outbound=outbound,
        )

    @property
    def able(self) -> bool:
        """Whether a text goes anywhere."""
        return bool(self.folder or self.command or self.url)

    def send(self, short: ShortText) -> None:
        """Send a text; to the folder it may be sent twice, and is there once.

        Raises:
            NotSent: the command failed or took too long, or the address did not take it.
        """
        if self.folder is not None:
            keep(self.folder, f"{short.id}.txt", f"To: {short.to}\n\n{short.text}\n".encode())
        if self.command:
            run(self.command, short.text.encode(), {"WATTSHARE_TO": short.to, "WATTSHARE_ID": short.id})
        if self.url and self.outbound is not None:
            self._post(self.outbound, short)

    def _post(self, outbound: Posting, short: ShortText) -> None:
        body = json.dumps({"id": short.id, "to": short.to, "text": short.text}).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": short.id}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        told = outbound.post(self.url, body, headers)
        if isinstance(told, Failed):
            raise NotSent(told.cause, permanent=told.permanent)


def keep(folder: Path, name: str, content: bytes) -> None:
    """Write a file that is its owner's alone; half of it is never seen."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = folder / f".{name}"
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    aside.replace(folder / name)


def run(command: tuple[str, ...], content: bytes, told: Mapping[str, str] | None = None) -> None:
    """Hand a message to a command, with variables of the environment that it is told by.

    Raises:
        NotSent: it failed, is not there, or took too long.
    """
    try:
        subprocess.run(  # noqa: S603 the operator's own, from the settings
            command, input=content, capture_output=True, check=True, timeout=SECONDS, env={**os.environ, **(told or {})}
        )
    except (OSError, subprocess.SubprocessError) as why:
        # what it printed may quote the mail
        raise NotSent(type(why).__name__) from None
