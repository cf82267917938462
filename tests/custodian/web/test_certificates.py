"""Where a client certificate comes from, and from whom it is believed."""

import base64
import hashlib
from dataclasses import replace
from ipaddress import ip_network
from urllib.parse import quote

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from wattshare.custodian.model.bearer import Certificate
from wattshare.custodian.web.call import Call
from wattshare.custodian.web.certificates import Certificates, from_der

CHAIN = trustme.CA().issue_cert("acme.example").cert_chain_pems
PEM = CHAIN[0].bytes()
DER = x509.load_pem_x509_certificate(PEM).public_bytes(Encoding.DER)
ACME = Certificate(sha256=hashlib.sha256(DER).hexdigest(), pem=PEM.decode())

PROXY = Certificates(source="proxy", proxies=(ip_network("10.0.0.0/24"), ip_network("fd00::/64")))
BASE64 = base64.b64encode(DER).decode()
ESCAPED = quote(PEM.decode(), safe="")


def call(value: str, peer: str = "10.0.0.7", **headers: str) -> Call:
    """A call that came from a peer with a certificate header."""
    return Call(method="GET", headers={"client-cert": value, **headers}, address=peer)


def test_a_certificate_is_known_by_the_digest_of_its_der() -> None:
    assert from_der(DER) == ACME


@pytest.mark.parametrize("value", [ESCAPED, f":{BASE64}:", BASE64])
def test_a_proxy_may_write_a_certificate_in_three_ways(value: str) -> None:
    assert PROXY.shown({}, call(value)) == ACME


@pytest.mark.parametrize(
    "value",
    [
        "",
        "{http.request.tls.client.certificate_der_base64}",
        "nonsense",
        "::",
        ":!:",
        base64.b64encode(b"no certificate").decode(),
        quote("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        "BEGIN %FF",
        f":{BASE64[:-8]}:",
    ],
)
def test_anything_else_is_no_certificate(value: str) -> None:
    assert PROXY.shown({}, call(value)) is None


@pytest.mark.parametrize("peer", ["10.0.0.7", "::ffff:10.0.0.7", "fd00::1"])
def test_the_proxy_is_believed(peer: str) -> None:
    assert PROXY.shown({}, call(ESCAPED, peer)) == ACME


@pytest.mark.parametrize("peer", ["10.0.1.7", "127.0.0.1", "::1", "fd01::1", "", "unix", "testclient"])
def test_nobody_else_is_believed(peer: str) -> None:
    assert PROXY.shown({}, call(ESCAPED, peer)) is None


def test_two_headers_are_none() -> None:
    assert PROXY.shown({}, replace(call(ESCAPED), repeated_headers=frozenset({"client-cert"}))) is None


def test_the_header_is_the_one_in_the_settings() -> None:
    other = replace(PROXY, header="x-ssl-cert")
    assert other.shown({}, call(ESCAPED)) is None
    assert other.shown({}, call("", **{"x-ssl-cert": ESCAPED})) == ACME


TLS = {"extensions": {"tls": {"client_certificate": ACME}}}


@pytest.mark.parametrize(
    ("source", "shown"),
    [(Certificates(source="native"), ACME), (PROXY, None), (Certificates(source="off"), None)],
)
def test_the_connections_certificate_counts_where_tls_is_ours(source: Certificates, shown: Certificate | None) -> None:
    assert source.shown(TLS, call("")) == shown


@pytest.mark.parametrize("source", [Certificates(source="native"), Certificates(source="off")])
def test_without_a_proxy_its_header_is_ignored(source: Certificates) -> None:
    assert source.shown({}, call(ESCAPED)) is None


@pytest.mark.parametrize(
    ("peer", "passed", "caller"),
    [
        ("10.0.0.7", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.7", "1.2.3.4, 198.51.100.9", "198.51.100.9"),
        ("10.0.0.7", "198.51.100.9, 10.0.0.3", "198.51.100.9"),
        ("10.0.0.7", "", "10.0.0.7"),
        ("10.0.0.7", "198.51.100.9, unknown", "10.0.0.7"),
        ("10.0.0.7", "10.0.0.3", "10.0.0.7"),
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
    ],
)
def test_the_callers_address_is_the_last_one_that_the_proxy_saw(peer: str, passed: str, caller: str) -> None:
    assert PROXY.caller(call("", peer, **{"x-forwarded-for": passed})) == caller


def test_without_a_proxy_the_callers_address_is_the_connections() -> None:
    given = call("", "192.0.2.1", **{"x-forwarded-for": "198.51.100.9"})
    assert Certificates(source="native").caller(given) == "192.0.2.1"
