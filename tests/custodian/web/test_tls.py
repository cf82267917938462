"""Our own TLS listener: whose certificate it takes, and how trust grows while it runs."""

import datetime
import hashlib
import json
import socket
import ssl
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.custodian.web.served import Answer, read, routed
from wattshare.custodian.settings import Settings
from wattshare.custodian.web.call import Call, Response
from wattshare.custodian.web.edge import Edge
from wattshare.custodian.web.routes import Route
from wattshare.custodian.web.server import serving
from wattshare.espi.endpoints import Token


class Registry:
    """The certificates that third parties have registered."""

    def __init__(self) -> None:
        self.version = 1
        self.certificates: tuple[str, ...] = ()
        self.asked = threading.Condition()

    def __call__(self, known: int | None) -> tuple[int, tuple[str, ...]] | None:
        with self.asked:
            self.asked.notify_all()
            return None if known == self.version else (self.version, self.certificates)

    def register(self, pem: str) -> None:
        """Register one more, and wait until the listener has asked twice: then it knows."""
        with self.asked:
            self.certificates += (pem,)
            self.version += 1
            for _ in range(2):
                assert self.asked.wait(30)


def who(call: Call) -> Response:
    """What the listener says of the caller."""
    certificate = call.certificate
    return Response.json({"sha256": certificate and certificate.sha256, "pem": certificate and certificate.pem})


@contextmanager
def listening(home: Path, registry: Registry, *, mutual_tls: bool = True) -> Iterator[int]:
    """A listener with a certificate for localhost, below a CA of its own."""
    settings = Settings(
        home=home,
        public_base="https://localhost",
        listen_port=0,
        tls_certificate="server.pem",
        tls_key="server.pem",
        tls_ca="ca.pem",
        mutual_tls=mutual_tls,
    )
    routes = routed(Route(path="/", token=Token.NONE, handler=who))
    edge = Edge.of(settings, routes, new_id=lambda: str(uuid.uuid4()))
    with serving(edge, settings, registry) as port:
        yield port


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    """The CA of the listener, and of the clients that it lets in."""
    return trustme.CA()


@pytest.fixture(scope="module")
def registry() -> Registry:
    """What is registered with the listener."""
    return Registry()


@pytest.fixture(scope="module")
def home(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the listener's files."""
    home = tmp_path_factory.mktemp("home")
    ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(home / "server.pem")
    ca.cert_pem.write_to_path(home / "ca.pem")
    return home


@pytest.fixture(scope="module")
def port(home: Path, registry: Registry) -> Iterator[int]:
    """The listener."""
    with listening(home, registry) as port:
        yield port


def self_signed(home: Path, name: str, *, days: int = 30) -> tuple[Path, str]:
    """A file with a key and a certificate that nobody else signed, and the certificate alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = home / f"{name}.pem"
    path.write_bytes(secret + pem)
    return path, pem.decode()


def ask(
    port: int,
    ca: trustme.CA,
    certificate: Path | trustme.LeafCert | None = None,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> Answer:
    """Ask the listener who we are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = version
    ca.configure_trust(context)
    if isinstance(certificate, Path):
        context.load_cert_chain(certificate)
    elif certificate is not None:
        certificate.configure_cert(context)
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    with plain, context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return read(connection)


def digest(pem: bytes) -> str:
    """As the registration keeps it."""
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    return hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_handler_is_told_whose_certificate_was_proved(port: int, ca: trustme.CA, version: ssl.TLSVersion) -> None:
    acme = ca.issue_cert("acme.example")
    pem = acme.cert_chain_pems[0].bytes()
    assert json.loads(ask(port, ca, acme, version).body) == {"sha256": digest(pem), "pem": pem.decode()}


def test_who_has_none_is_let_in_without(port: int, ca: trustme.CA) -> None:
    assert json.loads(ask(port, ca).body) == {"sha256": None, "pem": None}


def test_one_of_an_unknown_ca_ends_in_the_handshake(port: int, ca: trustme.CA) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(port, ca, trustme.CA().issue_cert("acme.example"))


def test_a_self_signed_one_is_let_in_once_it_is_registered(
    port: int, ca: trustme.CA, home: Path, registry: Registry
) -> None:
    path, pem = self_signed(home, "self-access")
    other, _ = self_signed(home, "stranger")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(port, ca, path)
    registry.register(pem)
    assert json.loads(ask(port, ca, path).body)["sha256"] == digest(pem.encode())
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(port, ca, other)


def test_one_of_a_private_ca_is_let_in_by_itself_and_brings_no_sister(
    port: int, ca: trustme.CA, registry: Registry
) -> None:
    private = trustme.CA()
    registered, sister = private.issue_cert("acme.example"), private.issue_cert("other.example")
    registry.register(registered.cert_chain_pems[0].bytes().decode())
    assert ask(port, ca, registered).status == 200
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(port, ca, sister)


def test_an_expired_one_is_not_let_in_though_it_is_registered(
    port: int, ca: trustme.CA, home: Path, registry: Registry
) -> None:
    path, pem = self_signed(home, "expired", days=-1)
    registry.register(pem)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(port, ca, path)


def test_one_that_cannot_be_read_keeps_no_other_out(port: int, ca: trustme.CA, home: Path, registry: Registry) -> None:
    path, pem = self_signed(home, "after-nonsense")
    registry.certificates += ("nonsense",)
    registry.register(pem)
    assert ask(port, ca, path).status == 200


def test_what_is_registered_at_the_start_is_trusted_from_the_start(home: Path, ca: trustme.CA) -> None:
    path, pem = self_signed(home, "early")
    registry = Registry()
    registry.certificates = (pem,)
    with listening(home, registry) as port:
        assert json.loads(ask(port, ca, path).body)["sha256"] == digest(pem.encode())


def test_a_registry_that_is_away_is_asked_again(home: Path, ca: trustme.CA) -> None:
    class Away(Registry):
        failures = 2

        def __call__(self, known: int | None) -> tuple[int, tuple[str, ...]] | None:
            if known is not None and self.failures:
                self.failures -= 1
                raise OSError
            return super().__call__(known)

    path, pem = self_signed(home, "patient")
    registry = Away()
    with listening(home, registry) as port:
        registry.register(pem)
        assert ask(port, ca, path).status == 200


def test_nobody_is_asked_for_a_certificate_where_mutual_tls_is_off(home: Path, ca: trustme.CA) -> None:
    with listening(home, Registry(), mutual_tls=False) as port:
        answer = ask(port, ca, trustme.CA().issue_cert("acme.example"))
        assert json.loads(answer.body) == {"sha256": None, "pem": None}


def test_old_tls_is_not_spoken(port: int, ca: trustme.CA) -> None:
    with (
        pytest.raises((ssl.SSLError, ConnectionError, ValueError)),
        pytest.warns(DeprecationWarning, match="TLSv1_1"),
    ):
        ask(port, ca, version=ssl.TLSVersion.TLSv1_1)
