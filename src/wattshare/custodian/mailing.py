"""Mails go out by a command of the operator's, into a folder, or both."""

import os
import shlex
import subprocess
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from wattshare.custodian.settings import Settings

SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A text for some people."""

    # the same through all tries: letters, digits and hyphens
    id: str
    to: tuple[str, ...]
    subject: str
    text: str


class NotSent(Exception):
    """The operator's command failed; the mail is to be tried again."""


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """Where mails go."""

    sender: str
    folder: Path | None = None
    command: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> "Mailing":
        """As the settings have it."""
        command = tuple(shlex.split(settings.mail_command))
        return cls(sender=settings.mail_from, folder=settings.mail_dir, command=command)

    def send(self, mail: Mail) -> None:
        """Send a mail; to the folder it may be sent twice, and is there once.

        Raises:
            NotSent: the command failed, or took too long.
        """
        written = self.written(mail)
        if self.folder is not None:
            keep(self.folder, f"{mail.id}.eml", written)
        if self.command:
            run(self.command, written)

    def written(self, mail: Mail) -> bytes:
        """The mail as it goes out. RFC 5322."""
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = ", ".join(mail.to)
        message["Subject"] = mail.subject
        message["Message-ID"] = f"<{mail.id}@{self.sender.rpartition('@')[2]}>"
        message.set_content(mail.text)
        return message.as_bytes()


def keep(folder: Path, name: str, content: bytes) -> None:
    """Write a file that is its owner's alone; half of it is never seen."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = folder / f".{name}"
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    aside.replace(folder / name)


def run(command: tuple[str, ...], content: bytes) -> None:
    """Hand a mail to a command.

    Raises:
        NotSent: it failed, is not there, or took too long.
    """
    try:
        subprocess.run(command, input=content, capture_output=True, check=True, timeout=SECONDS)  # noqa: S603 settings
    except (OSError, subprocess.SubprocessError) as why:
        # what it printed may quote the mail
        raise NotSent(type(why).__name__) from None
