"""A certificate read once and whole, so that nothing in it can surprise a later step.

Parsed is not verified: this type says what a certificate claims, never that anybody should believe it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1, sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID, ObjectIdentifier

from ketnoi_trust.errors import Refused

MAX_DER_BYTES = 64 * 1024

# What the libraries below raise when a certificate is broken; several parse only when a field is first read.
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    OverflowError,
)

# Criticality obliges whoever does not know an extension to refuse (RFC 5280, 4.2). Name and policy constraints
# are not processed here, so a certificate that insists on them is refused rather than half understood.
KNOWN_CRITICAL = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)

STRONG_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
MIN_RSA_BITS = 2048
MIN_EC_BITS = 256
# Beyond this, one signature takes many milliseconds to judge, and strangers choose their keys: our choice.
MAX_RSA_BITS = 8192
MAX_RSA_EXPONENT = 2**32


@dataclass(frozen=True, slots=True)
class ParsedCertificate:
    """What an X.509 certificate says, as plain values; equality is equality of the DER bytes.

    Times are aware UTC and inclusive. `key_usage` and `extended_key_usage` are None where the extension is absent;
    `public_key` is None for kinds of key that X-Road does not know (anything but RSA and EC), and for RSA keys that are
    too costly to use.
    """

    der: bytes
    certificate: x509.Certificate = field(compare=False, repr=False)
    subject: x509.Name = field(compare=False)
    issuer: x509.Name = field(compare=False)
    serial_number: int = field(compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    public_key: RSAPublicKey | EllipticCurvePublicKey | None = field(compare=False, repr=False)
    is_authority: bool = field(compare=False)
    path_length: int | None = field(compare=False)
    key_usage: x509.KeyUsage | None = field(compare=False, repr=False)
    extended_key_usage: frozenset[ObjectIdentifier] | None = field(compare=False, repr=False)
    unknown_critical: bool = field(compare=False)
    has_strong_signature: bool = field(compare=False)
    key_sha1: bytes = field(compare=False, repr=False)

    @classmethod
    def parse(cls, der: bytes) -> ParsedCertificate:
        """Read DER; raises Refused("incorrect_certificate") when anything in it cannot be read."""
        if len(der) > MAX_DER_BYTES:
            raise Refused("incorrect_certificate", "certificate is too large")
        try:
            return cls._read(x509.load_der_x509_certificate(der), der)
        except UNREADABLE as error:
            raise Refused("incorrect_certificate", "certificate cannot be read") from error

    @classmethod
    def of(cls, certificate: x509.Certificate) -> ParsedCertificate:
        """The same for a certificate object; raises Refused("incorrect_certificate")."""
        return cls.parse(certificate.public_bytes(Encoding.DER))

    @classmethod
    def _read(cls, certificate: x509.Certificate, der: bytes) -> ParsedCertificate:
        basic: x509.BasicConstraints | None = None
        usage: x509.KeyUsage | None = None
        extended: frozenset[ObjectIdentifier] | None = None
        unknown_critical = False
        for extension in certificate.extensions:
            value = extension.value
            if isinstance(value, x509.BasicConstraints):
                basic = value
            elif isinstance(value, x509.KeyUsage):
                usage = value
            elif isinstance(value, x509.ExtendedKeyUsage):
                extended = frozenset(value)
            unknown_critical |= extension.critical and extension.oid not in KNOWN_CRITICAL
        try:
            key = certificate.public_key()
        except UnsupportedAlgorithm:
            key = None
        key_sha1 = b"" if key is None else x509.SubjectKeyIdentifier.from_public_key(key).digest
        try:
            strong = isinstance(certificate.signature_hash_algorithm, STRONG_HASHES)
        except UnsupportedAlgorithm:
            strong = False
        return cls(
            der=der,
            certificate=certificate,
            subject=certificate.subject,
            issuer=certificate.issuer,
            serial_number=certificate.serial_number,
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            public_key=_usable(key),
            is_authority=basic is not None and basic.ca,
            path_length=None if basic is None else basic.path_length,
            key_usage=usage,
            extended_key_usage=extended,
            unknown_critical=unknown_critical,
            has_strong_signature=strong,
            key_sha1=key_sha1,
        )

    @property
    def has_strong_key(self) -> bool:
        """RSA of at least 2,048 bits or EC of at least 256 bits (X-Road's own minimum for security servers)."""
        if isinstance(self.public_key, RSAPublicKey):
            return self.public_key.key_size >= MIN_RSA_BITS
        return self.public_key is not None and self.public_key.curve.key_size >= MIN_EC_BITS

    @property
    def sha256(self) -> bytes:
        """The hash by which configurations from version 3 on register an authentication certificate."""
        return sha256(self.der).digest()

    @property
    def sha1(self) -> bytes:
        """The hash by which configurations of version 2 register an authentication certificate."""
        return sha1(self.der, usedforsecurity=False).digest()

    def named(self, oid: ObjectIdentifier) -> str | None:
        """The first value of one attribute of the subject, or None."""
        return next((str(each.value) for each in self.subject.get_attributes_for_oid(oid)), None)

    @property
    def common_name(self) -> str | None:
        """The first CN of the subject, or None."""
        return self.named(NameOID.COMMON_NAME)

    def is_valid(self, at: datetime) -> bool:
        """Whether `at` lies within the certificate's own validity, both ends included."""
        return self.not_before <= at <= self.not_after

    def is_issued_by(self, issuer: ParsedCertificate) -> bool:
        """Whether the issuer's name and key really made this certificate."""
        if issuer.public_key is None:
            return False
        try:
            self.certificate.verify_directly_issued_by(issuer.certificate)
        except (InvalidSignature, *UNREADABLE):
            return False
        return True


def _usable(key: CertificatePublicKeyTypes | None) -> RSAPublicKey | EllipticCurvePublicKey | None:
    if isinstance(key, RSAPublicKey):
        affordable = key.key_size <= MAX_RSA_BITS and key.public_numbers().e <= MAX_RSA_EXPONENT
        return key if affordable else None
    return key if isinstance(key, EllipticCurvePublicKey) else None
