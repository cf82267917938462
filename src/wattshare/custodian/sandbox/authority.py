"""A certificate authority of the sandbox's own: nobody else should ever trust it."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEARS = timedelta(days=3_650)
SKEW = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate and its key, PEM."""

    certificate: bytes
    private_key: bytes


@dataclass(frozen=True, kw_only=True)
class Authority:
    """The authority's certificate and key."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, name: str, at: datetime) -> "Authority":
        """A new authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = named(name)
        builder = (
            started(subject, subject, key, at)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return cls(certificate=builder.sign(key, hashes.SHA256()), private_key=key)

    @classmethod
    def read(cls, certificate: bytes, private_key: bytes) -> "Authority":
        """An authority from its files.

        Raises:
            TypeError: the key is not an elliptic curve's.
        """
        key = serialization.load_pem_private_key(private_key, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is not an elliptic curve's")
        return cls(certificate=x509.load_pem_x509_certificate(certificate), private_key=key)

    @property
    def issued(self) -> Issued:
        """Its own files."""
        return Issued(certificate=pem(self.certificate), private_key=private_pem(self.private_key))

    def issue(self, name: str, at: datetime, *, hosts: tuple[str, ...] = ()) -> Issued:
        """A certificate for a server that answers to `hosts`, and for a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = (
            started(named(name), self.certificate.subject, key, at)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(both), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.private_key.public_key()),
                critical=False,
            )
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([general_name(host) for host in hosts]), critical=False
            )
        return Issued(certificate=pem(builder.sign(self.private_key, hashes.SHA256())), private_key=private_pem(key))


def started(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, at: datetime
) -> x509.CertificateBuilder:
    """What every certificate says."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at.astimezone(UTC) - SKEW)
        .not_valid_after(at.astimezone(UTC) + YEARS)
    )


def named(name: str) -> x509.Name:
    """A name with nothing but the common name, which has 64 characters at most."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """What the key is for."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def general_name(host: str) -> x509.GeneralName:
    """A host as a name or as an address."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate's file."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key's file."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def keep(issued: Issued, certificate: Path, private_key: Path) -> None:
    """Write both files; the key is its owner's alone."""
    certificate.write_bytes(issued.certificate)
    private_key.touch(mode=0o600)
    private_key.write_bytes(issued.private_key)
