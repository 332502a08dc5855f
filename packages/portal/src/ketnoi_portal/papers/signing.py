"""Signing in a rehearsal: a test authority certifies whoever has to sign, on the spot, and the paper is signed.

Real papers are signed outside, by their signers, with their own certificates. Keys made here are forgotten at once.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from io import BytesIO
from typing import Final

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko_certvalidator.registry import SimpleCertificateStore

from ketnoi_portal.papers import stamping
from ketnoi_portal.settings import Settings

REHEARSAL_NAME: Final = "Unsafe Rehearsal Signing CA"
_DAY: Final = timedelta(days=1)


class NoRehearsal(Exception):  # noqa: N818
    """Test certificates sign nothing outside a rehearsal."""


def new_authority(at: datetime, *, name: str = REHEARSAL_NAME, lasts: timedelta = 365 * _DAY) -> bytes:
    """A fresh test authority: its private key and certificate as one PEM text, for `signing.rehearsal_signer`."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _DAY)
        .not_valid_after(at + lasts)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def certificate_of(authority: bytes) -> bytes:
    """The certificate (PEM) of a test authority, for `signing.issuers`."""
    return x509.load_pem_x509_certificates(authority)[0].public_bytes(Encoding.PEM)


def sign_in_rehearsal(own: Settings, pdf: bytes, signer: str, organisation: str, at: datetime) -> bytes:
    """The paper, signed in that person's name by a test certificate. Raises NoRehearsal outside a rehearsal."""
    if not own.rehearsal or not own.signing.rehearsal_signer:
        raise NoRehearsal(signer)
    return sign(pdf, own.path(own.signing.rehearsal_signer).read_bytes(), signer, organisation, at)


def sign(
    pdf: bytes, authority: bytes, signer: str, organisation: str, at: datetime, *, lasts: timedelta = 30 * _DAY
) -> bytes:
    """Append a signature (PAdES-B-B) by a certificate made for this person (valid from a day before `at`).

    It is seen on papers whose form tells where its signature block is.
    """
    certificate, key = _certify(authority, signer, organisation, at, lasts)
    store = SimpleCertificateStore.from_certs(
        [asn1_x509.Certificate.load(x509.load_pem_x509_certificates(authority)[0].public_bytes(Encoding.DER))]
    )
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    hand = SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(private),
        cert_registry=store,
    )
    return asyncio.run(_append(pdf, hand, signer, at))


async def _append(pdf: bytes, hand: SimpleSigner, signer: str, at: datetime) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    taken = {name for name, _, _ in _fields(writer)}
    field = next(name for number in range(1, 100) if (name := f"ChuKy{number}") not in taken)
    meta = PdfSignatureMetadata(field_name=field, name=signer, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    style = stamping.look_of(signer, at) if stamping.place(writer, field, len(taken)) else None
    session = PdfSigner(meta, signer=hand, stamp_style=style).init_signing_session(writer)
    # The portal's clock, which may be moved, not this machine's.
    session.system_time = at
    reserved = await session.estimate_signature_container_size(None)
    to_sign = session.prepare_tbs_document(validation_info=None, bytes_reserved=reserved)
    prepared, output = to_sign.digest_tbs_document()
    done = await to_sign.perform_signature(
        document_digest=prepared.document_digest, pdf_cms_signed_attrs=PdfCMSSignedAttributes(signing_time=at)
    )
    await done.post_signature_processing(output)
    return bytes(output.getvalue())


def _fields(writer: IncrementalPdfFileWriter) -> list[tuple[str, object, object]]:
    from pyhanko.sign.fields import enumerate_sig_fields

    return list(enumerate_sig_fields(writer))


def _certify(
    authority: bytes, signer: str, organisation: str, at: datetime, lasts: timedelta
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    issuer = x509.load_pem_x509_certificates(authority)[0]
    issuer_key = load_pem_private_key(authority, None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    # A name in a certificate holds 64 characters (RFC 5280, ub-common-name).
    names = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]),
        x509.NameAttribute(NameOID.COMMON_NAME, signer[:64]),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _DAY)
        .not_valid_after(at + lasts)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(content_commitment=True, digital_signature=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate, key


def _usage(**named: bool) -> x509.KeyUsage:
    every = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**(every | named))
