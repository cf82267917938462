"""The ways out of mails and text messages. The mail server is a real one, on loopback."""

import base64
import email
import email.policy
import json
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedRWPair
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.custodian.test_outbound import receiving
from wattshare.custodian.mailing import Mail, Mailing, NotSent, ShortText, Texting
from wattshare.custodian.outbound import Outbound
from wattshare.custodian.settings import BadSettings, Settings

MAIL = Mail(id="m1", to=("you@y.example",), subject="Grüße", text="Hello.\n", html="<p>Hello.</p>\n", at=1_710_356_400)


@dataclass
class MailServer:
    """Takes one mail after another, and says what it was told to say to some commands. RFC 5321."""

    says: dict[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    door: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.door.getsockname()[1]}"

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.door.accept()
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                with connection, connection.makefile("rwb") as lines:
                    self.talk(lines)
            except ssl.SSLError:
                continue
            except OSError:
                return

    def talk(self, lines: BufferedRWPair) -> None:
        def say(text: str) -> None:
            lines.write(text.encode() + b"\r\n")
            lines.flush()

        say("220 ready")
        for line in lines:
            verb = line.decode().strip()
            self.commands.append(verb)
            word = verb.upper().split()[0]
            if word == "EHLO":
                say("250-here\r\n250 AUTH PLAIN")
            elif word == "DATA" and word not in self.says:
                say("354 go on")
                mail = b""
                while (piece := lines.readline()) != b".\r\n":
                    mail += piece
                self.mails.append(mail)
                say("250 taken")
            elif word == "QUIT":
                say("221 bye")
                return
            else:
                say(self.says.get(word, "235 welcome" if word == "AUTH" else "250 fine"))


@contextmanager
def listening(**told: object) -> Iterator[MailServer]:
    server = MailServer(**told)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.door.shutdown(socket.SHUT_RDWR)
        server.door.close()
        thread.join()


def mailing(tmp_path: Path, url: str, **more: Any) -> Mailing:
    return Mailing.of(Settings(home=tmp_path, mail_from="us@x.example", smtp_url=url, **more))


def test_a_mail_server_is_handed_a_mail_of_two_forms(tmp_path: Path) -> None:
    with listening() as server:
        mailing(tmp_path, f"smtp://{server.at}").send(MAIL)
    told = email.message_from_bytes(server.mails[0], policy=email.policy.default)
    assert (told["subject"], told["message-id"], told["to"]) == ("Grüße", "<m1@x.example>", "you@y.example")
    assert told["date"] == "Wed, 13 Mar 2024 19:00:00 +0000"
    assert [part.get_content_type() for part in told.iter_parts()] == ["text/plain", "text/html"]


def test_a_mail_server_by_tls_is_shown_the_password(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with listening(context=context) as server:
        url = f"smtps://us%40x:p%2Fw@{server.at}"
        # by an authority that nobody named
        with pytest.raises(NotSent, match="SSLCertVerificationError"):
            mailing(tmp_path, url).send(MAIL)
        mailing(tmp_path, url, outbound_ca=("ca.pem",)).send(MAIL)
    shown = base64.b64encode(b"\0us@x\0p/w").decode()
    assert f"AUTH PLAIN {shown}" in server.commands
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("says", "permanent"),
    [
        ({"RCPT": "550 nobody here"}, True),
        ({"RCPT": "451 later"}, False),
        ({"DATA": "554 not that"}, True),
        ({"DATA": "452 full"}, False),
        ({"MAIL": "421 going down"}, False),
    ],
)
def test_a_no_for_good_is_told_from_a_no_for_now(tmp_path: Path, says: dict[str, str], permanent: bool) -> None:
    with listening(says=says) as server, pytest.raises(NotSent) as told:
        mailing(tmp_path, f"smtp://{server.at}").send(MAIL)
    assert told.value.permanent is permanent
    assert "nobody here" not in str(told.value)


def test_a_mail_server_that_is_not_there_is_asked_again(tmp_path: Path) -> None:
    with listening() as server:
        at = server.at
    with pytest.raises(NotSent, match="ConnectionRefusedError") as told:
        mailing(tmp_path, f"smtp://{at}").send(MAIL)
    assert not told.value.permanent


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "smtp://us:secret@mail.example"])
def test_an_address_that_is_no_mail_server_stops_the_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSettings, match="smtp_url") as told:
        mailing(tmp_path, url)
    assert "secret" not in str(told.value)


def test_what_is_secret_is_not_shown(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, smtp_url="smtps://us:hush@mail.example", sms_token="hush")
    shown = {name: value for name, value, _, _ in settings.describe()}
    assert shown["smtp_url"] == "smtps://us:***@mail.example"
    assert shown["sms_token"] == "***"


# text messages

SHORT = ShortText(id="t1", to="530-555-0100", text="Your code is 123456.")


def test_a_text_message_goes_into_the_folder_and_to_a_command(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = (
        f"import os, sys, pathlib; pathlib.Path({str(out)!r}).write_text(os.environ['WATTSHARE_TO'] + sys.stdin.read())"
    )
    settings = Settings(home=tmp_path, mail_dir=tmp_path / "mail", sms_command=f"{sys.executable} -c {script!r}")
    Texting.of(settings).send(SHORT)
    assert (tmp_path / "mail" / "t1.txt").read_text() == "To: 530-555-0100\n\nYour code is 123456.\n"
    assert out.read_text() == "530-555-0100Your code is 123456."


def test_a_text_message_is_posted_where_the_operator_says(tmp_path: Path) -> None:
    with receiving() as receiver:
        at = f"127.0.0.1:{receiver.port}"
        settings = Settings(
            home=tmp_path, sms_url=f"http://{at}/send", sms_token="key", allow_own=(at,), allow_http_callbacks=True
        )
        Texting.of(settings).send(SHORT)
        # what third parties' receivers may do is not what ours may
        other = Outbound.of(settings)
        with pytest.raises(NotSent, match="not_https"):
            Texting.of(settings, other).send(SHORT)
    head, _, body = receiver.heard[0].partition(b"\r\n\r\n")
    assert b"Authorization: Bearer key" in head
    assert b"Idempotency-Key: t1" in head
    assert json.loads(body) == {"id": "t1", "to": "530-555-0100", "text": "Your code is 123456."}
