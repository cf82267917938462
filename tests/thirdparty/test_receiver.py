"""The third party's own address: over ASGI, and over real sockets with TLS on both sides."""

import asyncio
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.thirdparty.conftest import CUSTODIAN, NOW, RESOURCE
from wattshare.thirdparty.inbox import BODY_BYTES, Inbox
from wattshare.thirdparty.receiver import Listener, Receiver, Reception, server_tls

BULK = f"{RESOURCE}/Batch/Bulk/50001?correlationID=1"


def notice(*urls: str, namespace: str = "http://naesb.org/espi") -> bytes:
    told = "".join(f"<ns0:resources>{url}</ns0:resources>" for url in urls)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{head}<ns0:BatchList xmlns:ns0="{namespace}">{told}</ns0:BatchList>'.encode()


BODIES: list[tuple[bytes, int]] = [
    (notice(BULK), 200),
    (notice(BULK, BULK.replace("=1", "=2")), 200),
    (notice(BULK, "https://evil.example/x"), 200),
    (notice(BULK, namespace="http://naesb.org/espi/customer"), 200),
    (notice("https://evil.example/GreenButtonConnect/espi/1_1/resource/Batch/Bulk/1"), 400),
    (notice(), 400),
    (b"", 400),
    (b"{}", 400),
    (b"<BatchList/>", 400),
    (b'<ServiceStatus xmlns="http://naesb.org/espi"><currentStatus>1</currentStatus></ServiceStatus>', 400),
    (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + notice(BULK).partition(b"\n")[2], 400),
    (notice(BULK)[:-9], 400),
]


@pytest.fixture
def reception(tmp_path: Path) -> Reception:
    return Reception(custodian=CUSTODIAN, inbox=Inbox(tmp_path / "inbox"), path="/notices", now=lambda: NOW)


def ask(
    app: Receiver,
    body: bytes,
    *,
    method: str = "POST",
    path: str = "/notices",
    headers: dict[str, str] | None = None,
) -> int:
    """One request by ASGI, its body in two pieces."""
    sent: list[dict[str, Any]] = []
    pieces = [body[: len(body) // 2], body[len(body) // 2 :]]
    told = {"content-length": str(len(body)), **(headers or {})}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in told.items() if value],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    status: int = sent[0]["status"]
    return status


@pytest.mark.parametrize(("body", "status"), BODIES)
def test_a_notice_is_kept_and_anything_else_refused(reception: Reception, body: bytes, status: int) -> None:
    assert ask(Receiver(reception), body) == status
    assert len(list(reception.inbox.waiting())) == (1 if status == 200 else 0)


def test_what_is_kept_says_what_was_told(reception: Reception) -> None:
    headers = {"x-transaction": "t-1", "x-correlation-id": "c-1", "webhook-id": "w-1"}
    ask(Receiver(reception), notice(BULK, "https://evil.example/x"), headers=headers)
    [kept] = reception.inbox.waiting()
    assert (kept.urls, kept.foreign) == ((BULK,), ("https://evil.example/x",))
    assert (kept.transaction, kept.correlation_id, kept.webhook_id) == ("t-1", "c-1", "w-1")
    assert kept.received_at == NOW.isoformat()


def test_a_notice_that_is_told_twice_waits_once(reception: Reception) -> None:
    for _ in range(2):
        assert ask(Receiver(reception), notice(BULK)) == 200
    assert len(list(reception.inbox.waiting())) == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"method": "GET"}, 405),
        ({"path": "/"}, 404),
        ({"path": "/notices/"}, 200),
        ({"headers": {"content-length": ""}}, 411),
        ({"headers": {"content-length": "-5"}}, 411),
        ({"headers": {"content-length": str(BODY_BYTES + 1)}}, 413),
    ],
)
def test_what_is_no_notice_by_its_head_is_refused_unread(
    reception: Reception, changes: dict[str, Any], status: int
) -> None:
    assert ask(Receiver(reception), notice(BULK), **changes) == status


def test_a_body_longer_than_it_said_is_refused(reception: Reception) -> None:
    assert ask(Receiver(reception), b"x" * (2 * BODY_BYTES + 4), headers={"content-length": "5"}) == 413


def test_a_full_inbox_asks_to_come_again(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wattshare.thirdparty.inbox.MOST_WAITING", 1)
    assert ask(Receiver(reception), notice(BULK)) == 200
    assert ask(Receiver(reception), notice(BULK.replace("=1", "=2"))) == 503


def test_the_servers_start_and_end_are_answered(reception: Reception) -> None:
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(Receiver(reception)({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


class Files:
    """A CA, a server's and a sender's certificate, as files."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(self.ca))
        self.server = self._issue(folder, "localhost")
        self.sender = self._issue(folder, "custodian.example")

    def _issue(self, folder: Path, name: str) -> tuple[Path, Path]:
        issued = self.authority.issue_cert(name)
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return certificate, key

    def sending(self, *, with_certificate: bool) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca)
        if with_certificate:
            context.load_cert_chain(*self.sender)
        return context


@contextmanager
def listening(
    reception: Reception, tls: ssl.SSLContext | None, refused: Callable[[str], None] = lambda _: None
) -> Iterator[int]:
    listener = Listener(reception, "127.0.0.1", 0, tls, refused)
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    try:
        yield listener.server_address[1]
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def post(port: int, context: ssl.SSLContext | None, body: bytes, path: str = "/notices") -> int:
    connection = (
        http.client.HTTPSConnection("localhost", port, context=context, timeout=10)
        if context
        else http.client.HTTPConnection("localhost", port, timeout=10)
    )
    try:
        connection.request("POST", path, body, {"content-type": "application/xml"})
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_notice_comes_over_mutual_tls(reception: Reception, tmp_path: Path) -> None:
    files = Files(tmp_path)
    with listening(reception, server_tls(*files.server, files.ca)) as port:
        assert post(port, files.sending(with_certificate=True), notice(BULK)) == 200
        assert post(port, files.sending(with_certificate=True), b"<x/>") == 400
        with pytest.raises((ssl.SSLError, ConnectionError)):
            post(port, files.sending(with_certificate=False), notice(BULK.replace("=1", "=2")))
    [kept] = reception.inbox.waiting()
    assert kept.urls == (BULK,)


def test_a_silent_sender_holds_up_nobody(reception: Reception, tmp_path: Path) -> None:
    files = Files(tmp_path)
    with (
        listening(reception, server_tls(*files.server, None)) as port,
        socket.create_connection(("127.0.0.1", port)),
    ):
        assert post(port, files.sending(with_certificate=False), notice(BULK)) == 200


def test_who_listens_hears_why_a_notice_was_refused(reception: Reception) -> None:
    refused: list[str] = []
    secret = "whsec_" + "A" * 43 + "="
    signed = replace(reception, custodian=replace(CUSTODIAN, notice_secrets=(secret,)))
    with listening(signed, None, refused.append) as port:
        assert post(port, None, notice(BULK)) == 401
    assert refused == ["A notice was answered 401: The notice has no webhook-id."]


def test_several_notices_come_over_one_connection(reception: Reception) -> None:
    with listening(reception, None) as port:
        connection = http.client.HTTPConnection("localhost", port, timeout=10)
        for number in (1, 2):
            connection.request("POST", "/notices", notice(BULK.replace("=1", f"={number}")))
            answer = connection.getresponse()
            assert answer.read() == b""
            assert answer.status == 200
        connection.close()
    assert len(list(reception.inbox.waiting())) == 2
