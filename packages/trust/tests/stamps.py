"""Time-stamp tokens made by hand, with every fault that a test can think of."""

from __future__ import annotations

from datetime import datetime
from hashlib import new as new_hash
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from ketnoi_trust import ber
from ketnoi_trust import timestamp_tokens as parts
from ketnoi_trust.ber import encode

OIDS = {name: oid for oid, name in parts.HASHES.items()}
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
RSA = bytes.fromhex("2a864886f70d010101")
ECDSA = {
    "sha256": bytes.fromhex("2a8648ce3d040302"),
    "sha384": bytes.fromhex("2a8648ce3d040303"),
    "sha512": bytes.fromhex("2a8648ce3d040304"),
}
POLICY = encode(ber.OID, bytes.fromhex("2a0304"))


def oid(content: bytes) -> bytes:
    return encode(ber.OID, content)


def algorithm(content: bytes) -> bytes:
    return encode(ber.SEQUENCE, oid(content))


def attribute(name: bytes, *values: bytes) -> bytes:
    return encode(ber.SEQUENCE, oid(name), encode(ber.SET, *values))


def number(value: int) -> bytes:
    return encode(ber.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def content_of(data: bytes, at: datetime, hash_name: str = "sha512", **faults: Any) -> bytes:
    """The TSTInfo."""
    imprint = encode(
        ber.SEQUENCE,
        algorithm(faults.get("imprint_oid", OIDS[hash_name])),
        encode(ber.OCTET_STRING, new_hash(hash_name, data).digest()),
    )
    moment = faults.get("gen_time", at.strftime("%Y%m%d%H%M%SZ").encode())
    return encode(ber.SEQUENCE, number(1), POLICY, imprint, number(77), encode(ber.GENERALIZED_TIME, moment))


def token(authority: Any, data: bytes, at: datetime, hash_name: str = "sha512", **faults: Any) -> bytes:
    """A token over the data by the authority (certificate and key) at a moment."""
    content = content_of(data, at, hash_name, **faults)
    certificate = faults.get("committed", authority).der
    version_2 = encode(ber.SEQUENCE, encode(ber.OCTET_STRING, new_hash("sha256", certificate).digest()))
    attributes = faults.get("attributes") or {
        parts.CONTENT_TYPE: oid(parts.TST_INFO),
        parts.MESSAGE_DIGEST: encode(ber.OCTET_STRING, new_hash(hash_name, content).digest()),
        parts.SIGNING_CERTIFICATE_V2: encode(ber.SEQUENCE, encode(ber.SEQUENCE, version_2)),
    }
    attributes = {**attributes, **faults.get("more_attributes", {})}
    encoded = b"".join(sorted(attribute(name, value) for name, value in attributes.items() if value is not None))
    encoded += faults.get("appended_attribute", b"")
    key = faults.get("key", authority.key)
    to_be_signed = encode(ber.SET, encoded)
    if isinstance(key, rsa.RSAPrivateKey):
        kind, value = RSA, key.sign(to_be_signed, padding.PKCS1v15(), HASHES[hash_name])
    else:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        kind, value = ECDSA[hash_name], key.sign(to_be_signed, ec.ECDSA(HASHES[hash_name]))
    named = faults.get("named", authority).certificate
    signer = encode(
        ber.SEQUENCE,
        number(1),
        encode(ber.SEQUENCE, named.issuer.public_bytes(), number(named.serial_number)),
        algorithm(OIDS[hash_name]),
        encode(0xA0, encoded),
        algorithm(faults.get("signature_oid", kind)),
        encode(ber.OCTET_STRING, value),
    )
    return signed_data(faults.pop("content", content), signer, **faults)


def signed_data(content: bytes, *signers: bytes, **faults: Any) -> bytes:
    """The CMS structure around a content and its signers."""
    octets = faults.get("octets", encode(ber.OCTET_STRING, content))
    inner = encode(ber.SEQUENCE, oid(faults.get("inner_type", parts.TST_INFO)), encode(0xA0, octets))
    digests = encode(ber.SET, algorithm(parts.SHA512))
    last = faults.get("signers", encode(ber.SET, *signers))
    signed = encode(ber.SEQUENCE, number(3), digests, inner, last)
    return encode(ber.SEQUENCE, oid(faults.get("outer_type", parts.SIGNED_DATA)), encode(0xA0, signed))


def response(status: int, *rest: bytes) -> bytes:
    """An authority's response."""
    return encode(ber.SEQUENCE, encode(ber.SEQUENCE, number(status)), *rest)


def x509_usage(*usages: x509.ObjectIdentifier) -> x509.ExtendedKeyUsage:
    """The extension that says what a certificate is for; OpenSSL wants it critical in a time-stamping authority's."""
    return x509.ExtendedKeyUsage(usages)
