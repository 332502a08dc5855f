"""An authority that certifies whoever asks, answers OCSP and stamps time: for worlds and tests, never for more.

Its keys are made at each start and never written, and its names begin with `Unsafe`, so that no configuration without
the rehearsal mark accepts it (ketnoi_trust.configuration.rehearsal).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from ketnoi_protocol.identifiers import MemberId
from ketnoi_runtime.clock import Clock, SystemClock
from ketnoi_testbed.time_stamps import TimeStamper
from ketnoi_trust import profiles
from ketnoi_trust.configuration import ApprovedAuthority, AuthorityCertificate, OcspResponder, TimestampAuthority

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Use = Literal["signing", "authentication"]

SIGNING = ("content_commitment",)
TLS = ("digital_signature", "key_encipherment", "data_encipherment", "key_agreement")
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_BEFORE = timedelta(days=1)
_LASTS = timedelta(days=365)


class UnsafeAuthorityWarning(UserWarning):
    """Somebody made an authority that anybody can have a certificate from."""


@dataclass(frozen=True)
class Holder:
    """A certificate with its private key. `repr` shows the certificate alone."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key in PEM (PKCS #8), not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def make_key(*, rsa_key: bool = False) -> PrivateKey:
    """A fresh key: P-256, or RSA-2048."""
    return rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())


class UnsafeAuthority:
    """CA, OCSP responder and TSA in one. `clock` is the world's; `rsa_keys` is for servers of the profile xroad-7.4.

    For bad days: `ocsp_age` is how old the authority's OCSP answers are; `revoke` revokes; every certificate can be
    issued with any usage and validity.
    """

    def __init__(self, clock: Clock | None = None, *, rsa_keys: bool = False, name: str = "Unsafe Ketnoi") -> None:
        if not name.startswith("Unsafe"):
            raise ValueError("the name of an unsafe authority begins with Unsafe")
        warnings.warn(f"{name}: certificates of this authority prove nothing", UnsafeAuthorityWarning, stacklevel=2)
        self.clock = clock or SystemClock()
        self.name = name
        self.rsa_keys = rsa_keys
        self.ocsp_age = timedelta()
        self.revoked: dict[int, datetime] = {}
        self.ca = self._make_ca()
        self.tsa = self.issue(
            _name(f"{name} TSA"),
            usage=("digital_signature",),
            extended=(ExtendedKeyUsageOID.TIME_STAMPING,),
            lasts=10 * _LASTS,
        )
        self._stamper = TimeStamper(self.tsa.certificate, self.tsa.key)

    def _make_ca(self) -> Holder:
        key = make_key(rsa_key=self.rsa_keys)
        at = self.clock.now()
        builder = _builder(_name(f"{self.name} CA"), _name(f"{self.name} CA"), key.public_key(), at, 10 * _LASTS)
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        builder = builder.add_extension(_key_usage(("key_cert_sign", "crl_sign", "digital_signature")), critical=True)
        return Holder(builder.sign(key, hashes.SHA256()), key)

    def certify(
        self,
        subject: x509.Name,
        public_key: PublicKey,
        *,
        usage: Sequence[str],
        extended: Sequence[ObjectIdentifier] = (),
        hosts: Sequence[x509.GeneralName] = (),
        lasts: timedelta = _LASTS,
        begins: datetime | None = None,
        answers_at: str = "",
    ) -> x509.Certificate:
        """A certificate for somebody's public key. It counts from a day before `begins` (now, unless given).

        `answers_at` is the address of an OCSP responder that it names.
        """
        at = begins or self.clock.now()
        builder = _builder(subject, self.ca.certificate.subject, public_key, at, lasts)
        builder = builder.add_extension(_key_usage(usage), critical=True)
        if extended:
            # OpenSSL takes a time-stamping authority only when its purpose is critical.
            critical = ExtendedKeyUsageOID.TIME_STAMPING in extended
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        if answers_at:
            where = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(answers_at)
            )
            builder = builder.add_extension(x509.AuthorityInformationAccess([where]), critical=False)
        return builder.sign(self.ca.key, hashes.SHA256())

    def issue(
        self,
        subject: x509.Name,
        *,
        usage: Sequence[str],
        extended: Sequence[ObjectIdentifier] = (),
        lasts: timedelta = _LASTS,
        begins: datetime | None = None,
        answers_at: str = "",
    ) -> Holder:
        """A certificate with a fresh key."""
        key = make_key(rsa_key=self.rsa_keys)
        certificate = self.certify(
            subject,
            key.public_key(),
            usage=usage,
            extended=extended,
            lasts=lasts,
            begins=begins,
            answers_at=answers_at,
        )
        return Holder(certificate, key)

    def issue_signing(
        self,
        member: MemberId,
        *,
        profile: str = profiles.FIVRK,
        server_code: str = "SS01",
        usage: Sequence[str] = SIGNING,
        lasts: timedelta = _LASTS,
        begins: datetime | None = None,
    ) -> Holder:
        """A signing certificate that speaks for `member` in the way of `profile` (FIVRK or BASIC)."""
        return self.issue(signing_subject(member, profile, server_code), usage=usage, lasts=lasts, begins=begins)

    def issue_authentication(
        self,
        common_name: str,
        *,
        usage: Sequence[str] = TLS,
        lasts: timedelta = _LASTS,
        begins: datetime | None = None,
    ) -> Holder:
        """An authentication certificate; it counts once it is registered for a security server."""
        extended = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)
        return self.issue(_name(common_name), usage=usage, extended=extended, lasts=lasts, begins=begins)

    def certify_request(self, request_der: bytes, use: Use) -> x509.Certificate:
        """What a certificate request asks for, without asking who asks. Raises ValueError for no valid request."""
        request = x509.load_der_x509_csr(request_der)
        public_key = request.public_key()
        if not request.is_signature_valid or not isinstance(public_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise ValueError("the request is not signed by its own key, or the key is of another kind")
        if use == "signing":
            return self.certify(request.subject, public_key, usage=SIGNING)
        extended = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)
        return self.certify(request.subject, public_key, usage=TLS, extended=extended)

    def revoke(self, certificate: x509.Certificate) -> None:
        """From now on OCSP says that this certificate is revoked."""
        self.revoked[certificate.serial_number] = self.clock.now().replace(microsecond=0)

    def ocsp_answer(self, question_der: bytes) -> bytes:
        """The OCSP response to a question. Raises ValueError for no question."""
        question = ocsp.load_der_ocsp_request(question_der)
        builder = ocsp.OCSPResponseBuilder()
        at, revoked_at = self._ocsp_moment(), self.revoked.get(question.serial_number)
        builder = builder.add_response_by_hash(
            question.issuer_name_hash,
            question.issuer_key_hash,
            question.serial_number,
            question.hash_algorithm,
            ocsp.OCSPCertStatus.GOOD if revoked_at is None else ocsp.OCSPCertStatus.REVOKED,
            at,
            at + timedelta(hours=1),
            revoked_at,
            None,
        )
        return self._sign_answer(builder)

    def ocsp_response(
        self,
        certificate: x509.Certificate,
        *,
        this_update: datetime | None = None,
        status: ocsp.OCSPCertStatus | None = None,
    ) -> bytes:
        """A response about one certificate of ours, of any moment and status."""
        at = (this_update or self._ocsp_moment()).replace(microsecond=0)
        revoked_at = self.revoked.get(certificate.serial_number)
        if status is None:
            status = ocsp.OCSPCertStatus.GOOD if revoked_at is None else ocsp.OCSPCertStatus.REVOKED
        is_revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate,
            self.ca.certificate,
            hashes.SHA1(),  # noqa: S303 - names the issuer only, in the way that X-Road asks
            status,
            at,
            at + timedelta(hours=1),
            (revoked_at or at) if is_revoked else None,
            None,
        )
        return self._sign_answer(builder)

    def _ocsp_moment(self) -> datetime:
        return (self.clock.now() - self.ocsp_age).replace(microsecond=0)

    def _sign_answer(self, builder: ocsp.OCSPResponseBuilder) -> bytes:
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.ca.certificate)
        return builder.sign(self.ca.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def timestamp(self, query_der: bytes, at: datetime | None = None) -> bytes:
        """The response (RFC 3161) to a query, for the moment `at` (now, unless given). Raises ValueError."""
        return self._stamper.answer(query_der, at or self.clock.now())

    def approved(self, address: str, profile: str = profiles.FIVRK) -> ApprovedAuthority:
        """How a configuration approves this authority, which answers at `address` (see authority_server)."""
        responder = OcspResponder(f"{address}/ocsp", None)
        return ApprovedAuthority(f"{self.name} CA", AuthorityCertificate(self.ca.der, (responder,)), profile)

    def timestamp_authority(self, address: str) -> TimestampAuthority:
        """How a configuration approves this authority's time stamps."""
        return TimestampAuthority(f"{self.name} TSA", f"{address}/tsa", self.tsa.der)


def signing_subject(member: MemberId, profile: str, server_code: str = "SS01") -> x509.Name:
    """The subject that names `member` in the way of `profile`. Raises ValueError for other profiles."""
    if profile == profiles.FIVRK:
        return _name(
            member.member_code,
            country_name="FI",
            organization_name="Unsafe",
            serial_number=f"{member.instance}/{server_code}/{member.member_class}",
        )
    if profile == profiles.BASIC:
        return _name("Unsafe", business_category=member.member_class, serial_number=member.member_code)
    raise ValueError("subjects are made for the profiles FIVRK and BASIC")


def _name(common_name: str, **attributes: str) -> x509.Name:
    parts = [x509.NameAttribute(getattr(NameOID, key.upper()), value) for key, value in attributes.items()]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: PublicKey, at: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _BEFORE)
        .not_valid_after(at + lasts)
    )


def _key_usage(usage: Sequence[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in usage for name in _USAGES})
