"""The way out: who may be reached, and what comes of it. Receivers are real ones, on loopback."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
import trustme

from wattshare.custodian import outbound
from wattshare.custodian.exchange import Cause
from wattshare.custodian.model.addresses import is_global
from wattshare.custodian.outbound import Delivered, Failed, Outbound
from wattshare.custodian.settings import Settings

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Receiver:
    """Takes one connection after another, keeps what it heard, and says what it was told to say."""

    def __init__(self, says: bytes | Callable[[socket.socket], None], context: ssl.SSLContext | None) -> None:
        self.says = says
        self.context = context
        self.heard: list[bytes] = []
        self.certificates: list[object] = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.door.getsockname()[1])

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.door.accept()
            except OSError:
                return
            with connection:
                self.talk(connection)

    def talk(self, connection: socket.socket) -> None:
        try:
            if self.context:
                connection = secured = self.context.wrap_socket(connection, server_side=True)
                self.certificates.append(secured.getpeercert())
            self.heard.append(request(connection))
            if callable(self.says):
                self.says(connection)
            else:
                connection.sendall(self.says)
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def request(connection: socket.socket) -> bytes:
    """A request to its end, by its Content-Length."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: "))
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def receiving(
    says: bytes | Callable[[socket.socket], None] = OK, context: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """A receiver for as long as the block runs."""
    receiver = Receiver(says, context)
    thread = threading.Thread(target=receiver.run, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.door.shutdown(socket.SHUT_RDWR)
        receiver.door.close()
        thread.join()


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    """Who issues the receiver's certificate, and ours."""
    return trustme.CA()


@pytest.fixture(scope="module")
def receiver_tls(ca: trustme.CA) -> ssl.SSLContext:
    """A receiver that wants our certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def home(ca: trustme.CA, tmp_path: Path) -> Path:
    """A home with our client certificate and the CA."""
    ours = ca.issue_cert("riverton.example")
    ours.private_key_and_cert_chain_pem.write_to_path(tmp_path / "ours.pem")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path


def way_out(home: Path, *allowed: str, http: bool = False, known: bool = True) -> Outbound:
    """Outbound as its settings make it."""
    return Outbound.of(
        Settings(
            home=home,
            outbound_certificate="ours.pem",
            outbound_key="ours.pem",
            outbound_ca="ca.pem" if known else (),
            allow_notify=allowed,
            allow_http_callbacks=http,
        )
    )


def test_a_notice_arrives_whole_with_its_length_and_our_certificate(home: Path, receiver_tls: ssl.SSLContext) -> None:
    with receiving(context=receiver_tls) as receiver:
        way = way_out(home, f"localhost:{receiver.port}")
        body = b"<BatchList/>" * 50_000
        sent = way.post(
            f"https://localhost:{receiver.port}/hook?x=1",
            body,
            {"Content-Type": "application/xml", "webhook-id": "n1"},
        )
    assert isinstance(sent, Delivered)
    assert sent.status == 200
    head, _, heard = receiver.heard[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert heard == body
    assert lines[0] == b"POST /hook?x=1 HTTP/1.1"
    assert f"host: localhost:{receiver.port}".encode() in lines
    assert f"content-length: {len(body)}".encode() in lines
    assert b"Content-Type: application/xml" in lines
    assert b"webhook-id: n1" in lines
    assert b"chunked" not in head
    assert receiver.certificates[0]


def test_a_receiver_of_an_unknown_ca_is_not_told(home: Path, receiver_tls: ssl.SSLContext) -> None:
    with receiving(context=receiver_tls) as receiver:
        way = way_out(home, f"localhost:{receiver.port}", known=False)
        sent = way.post(f"https://localhost:{receiver.port}/", b"x", {})
    assert isinstance(sent, Failed)
    assert (sent.cause, sent.permanent) == (Cause.BAD_CERTIFICATE, False)
    assert receiver.heard == []


def test_the_certificate_must_be_for_the_name_in_the_url(home: Path, receiver_tls: ssl.SSLContext) -> None:
    with receiving(context=receiver_tls) as receiver:
        way = way_out(home, f"127.0.0.1:{receiver.port}")
        sent = way.post(f"https://127.0.0.1:{receiver.port}/", b"x", {})
    assert isinstance(sent, Failed)
    assert sent.cause is Cause.BAD_CERTIFICATE


@pytest.mark.parametrize(
    ("says", "cause", "status", "permanent"),
    [
        (b"HTTP/1.1 301 Moved\r\nlocation: https://elsewhere.example/\r\n\r\n", Cause.STATUS, 301, False),
        (b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", Cause.STATUS, 410, True),
        (b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", Cause.STATUS, 500, False),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", Cause.STATUS, 103, False),
        (b"SSH-2.0-OpenSSH_9\r\n", Cause.NOT_HTTP, None, False),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000 + b"\r\n", Cause.NOT_HTTP, None, False),
        (b"", Cause.CONNECTION_LOST, None, False),
    ],
)
def test_what_a_receiver_says_instead(
    home: Path, says: bytes, cause: Cause, status: int | None, permanent: bool
) -> None:
    with receiving(says) as receiver:
        way = way_out(home, f"localhost:{receiver.port}", http=True)
        sent = way.post(f"http://localhost:{receiver.port}/", b"x", {})
    assert isinstance(sent, Failed)
    assert (sent.cause, sent.status, sent.permanent) == (cause, status, permanent)
    assert len(receiver.heard) == 1


@pytest.mark.parametrize(
    "says",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n",
        # what follows the status is not asked for
        b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbroken off",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n" + b"z" * 10_000_000,
    ],
)
def test_any_2xx_is_a_delivery_whatever_its_body(home: Path, says: bytes) -> None:
    with receiving(says) as receiver:
        way = way_out(home, f"localhost:{receiver.port}", http=True)
        sent = way.post(f"http://localhost:{receiver.port}/", b"x", {})
    assert isinstance(sent, Delivered)


def test_a_receiver_that_drips_is_given_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "ALL_SECONDS", 0.5)

    def drip(connection: socket.socket) -> None:
        for _ in range(50):
            connection.sendall(b"H")
            threading.Event().wait(0.1)

    with receiving(drip) as receiver:
        way = way_out(home, f"localhost:{receiver.port}", http=True)
        sent = way.post(f"http://localhost:{receiver.port}/", b"x", {})
    assert isinstance(sent, Failed)
    assert sent.cause is Cause.TIMEOUT


def test_nobody_listens(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    sent = way_out(home, f"localhost:{port}", http=True).post(f"http://localhost:{port}/", b"x", {})
    assert isinstance(sent, Failed)
    assert (sent.cause, sent.permanent) == (Cause.NO_CONNECTION, False)


def resolving(*addresses: str) -> Outbound:
    """A way out on which every name has these addresses."""
    return Outbound(context=ssl.create_default_context(), look_up=lambda _name, _port: addresses)


PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:8.8.8.8",
    "::ffff:127.0.0.1",
    "::8.8.8.8",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:808:808::1",
    "2600::5efe:8.8.8.8",
    "2600::200:5efe:8.8.8.8",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "192.0.1.1", "223.255.255.255", "2600::1", "2a00:1450::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_global_unicast_is_refused_for_good(address: str) -> None:
    sent = resolving(address).post("https://receiver.example/", b"x", {})
    assert isinstance(sent, Failed)
    assert (sent.cause, sent.permanent) == (Cause.ADDRESS_REFUSED, True)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_global(address: str) -> None:
    assert is_global(ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "0"])
def test_no_spelling_of_this_machine_is_reached(home: Path, host: str) -> None:
    with receiving() as receiver:
        sent = way_out(home).post(f"https://{host}:{receiver.port}/", b"x", {})
    assert isinstance(sent, Failed)
    assert sent.cause is Cause.ADDRESS_REFUSED
    assert receiver.heard == []


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("http://receiver.example/", Cause.NOT_HTTPS),
        ("ftp://receiver.example/", Cause.BAD_URL),
        ("file:///etc/passwd", Cause.BAD_URL),
        ("https:///path", Cause.BAD_URL),
        ("https://user:word@receiver.example/", Cause.BAD_URL),
        ("https://receiver.example:0/", Cause.BAD_URL),
        ("https://receiver.example:99999/", Cause.BAD_URL),
        ("https://[::1/", Cause.BAD_URL),
        ("https://receiver.example/a b", Cause.BAD_URL),
        ("https://receiver.example/\r\nx: y", Cause.BAD_URL),
        ("https://bücher.example/", Cause.BAD_URL),
        ("//receiver.example/", Cause.BAD_URL),
        ("", Cause.BAD_URL),
    ],
)
def test_a_url_that_we_do_not_follow_is_refused_for_good(url: str, cause: Cause) -> None:
    sent = resolving("8.8.8.8").post(url, b"x", {})
    assert isinstance(sent, Failed)
    assert (sent.cause, sent.permanent) == (cause, True)


def test_an_exception_is_for_its_port_alone(home: Path) -> None:
    with receiving() as listed, receiving() as other:
        way = way_out(home, f"127.0.0.0/8:{listed.port}", http=True)
        assert isinstance(way.post(f"http://localhost:{listed.port}/", b"x", {}), Delivered)
        refused = way.post(f"http://localhost:{other.port}/", b"x", {})
    assert isinstance(refused, Failed)
    assert other.heard == []


def test_http_needs_the_setting_and_the_list(home: Path) -> None:
    with receiving() as receiver:
        url = f"http://localhost:{receiver.port}/"
        for way in (way_out(home, f"localhost:{receiver.port}"), way_out(home, http=True)):
            sent = way.post(url, b"x", {})
            assert isinstance(sent, Failed)
            assert sent.cause is Cause.NOT_HTTPS
    assert receiver.heard == []


def test_a_name_that_nobody_knows_may_be_known_later() -> None:
    def unknown(_name: str, _port: int) -> tuple[str, ...]:
        raise socket.gaierror

    way = Outbound(context=ssl.create_default_context(), look_up=unknown)
    sent = way.post("https://receiver.example/", b"x", {})
    assert isinstance(sent, Failed)
    assert (sent.cause, sent.permanent) == (Cause.NAME_UNKNOWN, False)


def test_a_look_up_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "CONNECT_SECONDS", 0.2)
    ended = threading.Event()

    def hang(_name: str, _port: int) -> tuple[str, ...]:
        ended.wait()
        return ()

    sent = Outbound(context=ssl.create_default_context(), look_up=hang).post("https://receiver.example/", b"x", {})
    ended.set()
    assert isinstance(sent, Failed)
    assert sent.cause is Cause.TIMEOUT


def test_a_name_is_looked_up_once(home: Path) -> None:
    asked: list[str] = []
    with receiving() as receiver:
        entry = f"receiver.example:{receiver.port}"

        def look_up(name: str, _port: int) -> tuple[str, ...]:
            asked.append(name)
            return ("127.0.0.1",)

        context = ssl.create_default_context()
        way = Outbound(context=context, allowed=(entry,), allow_http=True, look_up=look_up)
        assert isinstance(way.post(f"http://{entry}/", b"x", {}), Delivered)
    assert asked == ["receiver.example"]


def test_a_header_with_a_line_end_is_our_own_fault() -> None:
    with pytest.raises(ValueError, match="header"):
        resolving("8.8.8.8").post("https://receiver.example/", b"x", {"a": "b\r\nc: d"})
