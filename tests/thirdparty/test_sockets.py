"""The client, the listener and the browser's way back over real sockets."""

import http.client
import http.server
import queue
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.thirdparty.conftest import CUSTODIAN, NOW, Counter, token_answer
from tests.thirdparty.test_client import client_token
from tests.thirdparty.test_receiver import BULK, Files, notice
from wattshare.thirdparty import connect, connecting, errors, listening
from wattshare.thirdparty.client import Client
from wattshare.thirdparty.custodian import BadConfiguration, Custodian
from wattshare.thirdparty.inbox import Drained, Inbox
from wattshare.thirdparty.receiver import Reception, server_tls

STATUS = b'<ServiceStatus xmlns="http://naesb.org/espi"><currentStatus>1</currentStatus></ServiceStatus>'


class Answering(http.server.BaseHTTPRequestHandler):
    """A custodian who is up."""

    timeout = 10

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.answer(b'{"client_access_token": "client-1", "expires_in": 3600}')

    def do_GET(self) -> None:
        self.answer(STATUS)

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quietly."""


class Server(http.server.ThreadingHTTPServer):
    """Counts who came."""

    came = 0

    def get_request(self) -> tuple[socket.socket, object]:
        self.came += 1
        return super().get_request()

    def handle_error(self, request: object, client_address: object) -> None:
        """A refused handshake is what is tested."""


@contextmanager
def serving(tls: ssl.SSLContext) -> Iterator[tuple[Server, int]]:
    server = Server(("127.0.0.1", 0), Answering)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server, server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def whom(files: Files, port: int, *, ca: Path, with_certificate: bool) -> Custodian:
    base = f"https://localhost:{port}"
    plain = replace(CUSTODIAN, resource=f"{base}/resource", oauth=f"{base}/oauth", test_oauth=None, ca=ca)
    if not with_certificate:
        return plain
    return replace(plain, certificate=files.sender[0], private_key=files.sender[1])


def test_a_custodian_is_asked_over_mutual_tls(tmp_path: Path) -> None:
    files = Files(tmp_path)
    with serving(server_tls(*files.server, files.ca)) as (_, port):
        custodian = whom(files, port, ca=files.ca, with_certificate=True)
        with Client(custodian, now=lambda: NOW) as client:
            assert client.status()


@pytest.mark.parametrize(("trusted", "with_certificate"), [(True, False), (False, True)])
def test_a_refused_handshake_is_told_as_such_and_not_tried_again(
    tmp_path: Path, trusted: bool, with_certificate: bool
) -> None:
    (tmp_path / "other").mkdir()
    files, others = Files(tmp_path), Files(tmp_path / "other")
    with serving(server_tls(*files.server, files.ca)) as (server, port):
        ca = files.ca if trusted else others.ca
        with (
            Client(whom(files, port, ca=ca, with_certificate=with_certificate), now=lambda: NOW) as client,
            pytest.raises(errors.HandshakeFailed, match="TLS handshake failed"),
        ):
            client.status()
        assert server.came == 1


def test_a_custodian_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{taken.getsockname()[1]}"
        custodian = replace(CUSTODIAN, resource=f"{base}/resource", oauth=f"{base}/oauth")
        with Client(custodian) as client, pytest.raises(errors.Unreachable, match="no connection"):
            client.status()


@pytest.mark.parametrize("missing", ["certificate", "private_key", "ca"])
def test_a_file_of_tls_that_cannot_be_used_is_said(tmp_path: Path, missing: str) -> None:
    files = Files(tmp_path)
    custodian = whom(files, 1, ca=files.ca, with_certificate=True)
    changes: dict[str, Any] = {missing: tmp_path / "nothing.pem"}
    with pytest.raises(BadConfiguration, match="cannot be used"):
        Client(replace(custodian, **changes))


def test_notices_are_listened_for_and_fetched(custodian: Counter, tmp_path: Path) -> None:
    custodian.answers = [client_token(), httpx2.Response(200, content=b"<feed/>")]
    addresses, drained = queue.Queue[str](), list[Drained | errors.Failed]()
    reception = Reception(custodian=CUSTODIAN, inbox=Inbox(tmp_path / "inbox"), path="/notices", now=lambda: NOW)

    def listen() -> None:
        listening.listen(
            reception,
            custodian.client(),
            host="127.0.0.1",
            port=0,
            tls=None,
            into=tmp_path / "fetched",
            stop_after=1,
            heard=addresses.put,
            drained=drained.append,
        )

    thread = threading.Thread(target=listen)
    thread.start()
    address = httpx2.URL(addresses.get(timeout=10))
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=10)
    connection.request("POST", address.path, notice(BULK))
    assert connection.getresponse().status == 200
    connection.close()
    thread.join(timeout=30)
    assert not thread.is_alive()
    [fetched] = drained
    assert isinstance(fetched, Drained)
    assert fetched.file is not None
    assert fetched.file.read_bytes() == b"<feed/>"


def test_a_taken_port_is_said(custodian: Counter, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadConfiguration, match="Cannot listen"):
            listening.listen(
                Reception(custodian=CUSTODIAN, inbox=Inbox(tmp_path)),
                custodian.client(),
                host="127.0.0.1",
                port=taken.getsockname()[1],
                tls=None,
                into=tmp_path,
                stop_after=1,
                heard=lambda _: None,
                drained=lambda _: None,
            )


def test_a_browser_comes_back_to_the_command_with_tokens(custodian: Counter) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        redirect = f"http://127.0.0.1:{free.getsockname()[1]}/callback"
    custodian.answers = [token_answer(1)]
    client = custodian.client()
    journey = connect.begin(CUSTODIAN, redirect_uri=redirect)

    def come_back() -> None:
        address = f"{redirect}?code=abc&state={journey.state}"
        for _ in range(200):
            try:
                with urllib.request.urlopen(address, timeout=10):
                    return
            except urllib.error.URLError:
                threading.Event().wait(0.05)

    browser = threading.Thread(target=come_back)
    browser.start()
    tokens = connecting.with_browser(client, journey, open_browser=False, quiet=True)
    browser.join()
    assert client.store.find("4100001") == tokens
