"""Authorities, certificates and configurations made for one test, with every fault that a test can think of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from ketnoi_protocol.identifiers import MemberId, SecurityServerId
from ketnoi_trust import profiles
from ketnoi_trust.configuration import (
    ApprovedAuthority,
    AuthorityCertificate,
    CertificateHash,
    Configuration,
    ConfigurationSource,
    GlobalGroup,
    Member,
    MemberClass,
    OcspResponder,
    SecurityServer,
    SharedParams,
    Subsystem,
    TimestampAuthority,
)

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
SIGNING = ("content_commitment",)
TLS = ("digital_signature", "key_encipherment")
USAGES = (
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
INSTANCE = "XX-TEST"
MINISTRY = MemberId(INSTANCE, "GOV", "G15")
PROVINCE = MemberId(INSTANCE, "GOV", "H55")


def name_of(**attributes: str) -> x509.Name:
    """A subject, from NameOID attribute names in lower case."""
    return x509.Name([x509.NameAttribute(getattr(NameOID, key.upper()), value) for key, value in attributes.items()])


@dataclass
class Holder:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


@dataclass
class Maker(Holder):
    """An authority that issues whatever it is asked for."""

    def issue(
        self,
        subject: x509.Name,
        *,
        usage: tuple[str, ...] | None = SIGNING,
        extended: tuple[ObjectIdentifier, ...] = (),
        authority: bool | None = None,
        path_length: int | None = None,
        not_before: datetime = NOW - YEAR,
        not_after: datetime = NOW + YEAR,
        more: tuple[tuple[x509.ExtensionType, bool], ...] = (),
        key: object = None,
        algorithm: hashes.HashAlgorithm | None = None,
        self_signed: bool = False,
    ) -> Maker:
        own = key or ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self_signed else self.certificate.subject)
            .public_key(own.public_key())  # type: ignore[attr-defined]
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
        )
        if usage is not None:
            builder = builder.add_extension(x509.KeyUsage(**{each: each in usage for each in USAGES}), critical=True)
        if extended:
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
        if authority is not None:
            builder = builder.add_extension(x509.BasicConstraints(authority, path_length), critical=True)
        for extension, critical in more:
            builder = builder.add_extension(extension, critical)
        certificate = builder.sign(own if self_signed else self.key, algorithm or hashes.SHA256())  # type: ignore[arg-type]
        return Maker(certificate, own)  # type: ignore[arg-type]

    def issue_authority(self, common_name: str, **options: object) -> Maker:
        options.setdefault("usage", ("key_cert_sign", "crl_sign"))
        options.setdefault("authority", True)
        return self.issue(name_of(common_name=common_name), **options)  # type: ignore[arg-type]

    def issue_signing(self, member: MemberId = MINISTRY, **options: object) -> Maker:
        subject = name_of(
            country_name="FI",
            organization_name="Sample",
            common_name=member.member_code,
            serial_number=f"{member.instance}/SS01/{member.member_class}",
        )
        return self.issue(subject, **options)  # type: ignore[arg-type]

    def issue_authentication(self, common_name: str = "ss01.example", **options: object) -> Maker:
        options.setdefault("usage", TLS)
        return self.issue(name_of(common_name=common_name), **options)  # type: ignore[arg-type]

    def issue_responder(self, common_name: str = "Sample OCSP", **options: object) -> Maker:
        options.setdefault("extended", (ExtendedKeyUsageOID.OCSP_SIGNING,))
        options.setdefault("usage", ("digital_signature",))
        return self.issue(name_of(common_name=common_name), **options)  # type: ignore[arg-type]

    def answer(
        self,
        about: Holder,
        *,
        responder: Holder | None = None,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        this_update: datetime = NOW - timedelta(minutes=10),
        next_update: datetime | None = None,
        embed: tuple[Holder, ...] = (),
        by_name: bool = False,
        id_hash: hashes.HashAlgorithm | None = None,
        algorithm: hashes.HashAlgorithm | None = None,
    ) -> bytes:
        """An OCSP response about a certificate of this authority."""
        signer = responder or self
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            about.certificate,
            self.certificate,
            id_hash or hashes.SHA1(),
            status,
            this_update,
            next_update,
            this_update if revoked else None,
            x509.ReasonFlags.key_compromise if revoked else None,
        )
        encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
        builder = builder.responder_id(encoding, signer.certificate)
        if embed:
            builder = builder.certificates([each.certificate for each in embed])
        return builder.sign(signer.key, algorithm or hashes.SHA256()).public_bytes(Encoding.DER)


def make_authority(common_name: str = "Sample CA", **options: object) -> Maker:
    """A self-signed authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Maker(None, key).issue_authority(common_name, key=key, self_signed=True, **options)  # type: ignore[arg-type]


def approve(
    top: Holder,
    *intermediates: Holder,
    name: str = "Sample CA",
    profile: str = profiles.FIVRK,
    responders: tuple[OcspResponder, ...] = (),
    authentication_only: bool = False,
) -> ApprovedAuthority:
    """An authority as a configuration approves it."""
    return ApprovedAuthority(
        name,
        AuthorityCertificate(top.der, responders),
        profile,
        tuple(AuthorityCertificate(each.der) for each in intermediates),
        authentication_only,
    )


def make_params(
    *authorities: ApprovedAuthority,
    authentication: tuple[Holder, ...] = (),
    timestamps: tuple[TimestampAuthority, ...] = (),
    freshness: timedelta = timedelta(hours=1),
    publisher: Holder | None = None,
) -> SharedParams:
    """A small instance: a ministry with a server, and a province that uses the same server."""
    signers = (publisher.der,) if publisher else ()
    subsystem = Subsystem(MINISTRY.subsystem("MOTCUA"), "Một cửa")
    guest = Subsystem(PROVINCE.subsystem("MOTCUA"))
    return SharedParams(
        instance=INSTANCE,
        sources=(ConfigurationSource("cs.example", signers, signers),),
        authorities=authorities,
        timestamp_authorities=timestamps,
        members=(
            Member(MINISTRY, "Bộ Tư pháp", (subsystem,), "Government"),
            Member(PROVINCE, "Tỉnh & <Thái Nguyên>", (guest,), "Government"),
        ),
        servers=(
            SecurityServer(
                SecurityServerId(INSTANCE, "GOV", "G15", "SS01"),
                "127.1.0.15",
                tuple(CertificateHash.of(each.der) for each in authentication),
                frozenset({subsystem.id, guest.id}),
            ),
        ),
        groups=(GlobalGroup("opened", "Opened agencies", (subsystem.id, MINISTRY)),),
        member_classes=(MemberClass("GOV", "Government"),),
        ocsp_freshness=freshness,
    )


def make_configuration(*authorities: ApprovedAuthority, version: int = 6, **options: object) -> Configuration:
    """The same instance, read back as a configuration."""
    return Configuration.from_shared_params(make_params(*authorities, **options).write(version))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Kit:
    """Everything above, for tests: import-mode importlib lets no test import this file."""

    now = NOW
    year = YEAR
    instance = INSTANCE
    ministry = MINISTRY
    province = PROVINCE
    name_of = staticmethod(name_of)
    authority = staticmethod(make_authority)
    approve = staticmethod(approve)
    params = staticmethod(make_params)
    configuration = staticmethod(make_configuration)


@pytest.fixture(scope="session")
def kit() -> Kit:
    return Kit()
