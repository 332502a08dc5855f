"""The signed directory of organisations, grants and officers: a small manifest and buckets named by their digest.

Form (our choice): the manifest is a compact JWS (RFC 7515) with ES256, its payload the JSON of `Manifest`; a bucket is
a JSON list, found under the SHA-256 of its bytes. The manifest changes every few seconds and is verified every time;
a bucket whose digest is known need not be fetched or read again.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ketnoi_protocol.directory import Manifest
from ketnoi_trust import keys
from ketnoi_trust.configuration.rehearsal import UNSAFE
from ketnoi_trust.errors import Refused, numbered
from ketnoi_trust.parsed_certificate import ParsedCertificate

T = TypeVar("T")

VALIDITY = timedelta(seconds=600)
CLOCK_SKEW = timedelta(seconds=60)
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_BUCKET_BYTES = 16 * 1024 * 1024

_SEGMENT = re.compile(rb"[A-Za-z0-9_-]+")


def write_manifest(manifest: Manifest, key: EllipticCurvePrivateKey, certificate_der: bytes) -> bytes:
    """The manifest as a compact JWS, signed by a P-256 key whose certificate the readers have pinned.

    Raises Refused("malformed_directory") for what no reader would accept.
    """
    certificate = ParsedCertificate.parse(certificate_der)
    _check_manifest(manifest, certificate)
    signed = _header(certificate) + b"." + _encoded(msgspec.json.encode(manifest, order="deterministic"))
    r, s = decode_dss_signature(key.sign(signed, ECDSA(hashes.SHA256())))
    return signed + b"." + _encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def verify_manifest(
    data: bytes, certificate_der: bytes, at: datetime, newest_version_seen: int | None = None
) -> Manifest:
    """Verify a manifest against the pinned certificate at one moment.

    Raises Refused("malformed_directory"), Refused("invalid_signature_value"), or Refused("directory_outdated") when it
    has expired, is not valid yet, or is older than a version already seen.
    """
    # 1 three segments
    segments = data.split(b".") if len(data) <= MAX_MANIFEST_BYTES else []
    if len(segments) != 3 or not all(_SEGMENT.fullmatch(each) for each in segments):
        raise Refused("malformed_directory", "the manifest is not a signed document", 1)
    header, payload, signature = segments
    # 2 the one header that we sign with: the algorithm and the signer are not the sender's to choose
    certificate = ParsedCertificate.parse(certificate_der)
    if header != _header(certificate):
        raise Refused("invalid_signature_value", "the manifest is signed by another key or in another way", 2)
    # 3 the signature
    with numbered(3):
        _verify(signature, header + b"." + payload, certificate)
    # 4 the content, and the mark of a rehearsal
    with numbered(4):
        manifest = _manifest_of(payload)
        _check_manifest(manifest, certificate)
    # 5 neither expired, nor from the future, nor older than what was seen
    if at > manifest.expires_at or manifest.issued_at > at + CLOCK_SKEW:
        raise Refused("directory_outdated", "the directory is not valid at this moment", 5)
    if newest_version_seen is not None and manifest.version < newest_version_seen:
        raise Refused("directory_outdated", "the directory is older than one already seen", 5)
    return manifest


def bucket_of(officer_code: str, buckets: int) -> str:
    """The name of the bucket in which an officer's account stands, of so many buckets (at most 65,536).

    A manifest lists every bucket, the empty ones too, so `buckets` is `len(manifest.officer_buckets)`.
    Raises Refused("malformed_directory") when there are none.
    """
    if not 1 <= buckets <= 65_536:
        raise Refused("malformed_directory", "the directory has no usable number of buckets")
    digest = sha256(officer_code.encode("utf-8", "surrogatepass")).digest()
    return f"{int.from_bytes(digest[:8], 'big') % buckets:04x}"


def write_bucket(items: Sequence[object]) -> tuple[str, bytes]:
    """A bucket's digest (hexadecimal SHA-256) and bytes; the same items give the same."""
    data = msgspec.json.encode(items, order="deterministic")
    return sha256(data).hexdigest(), data


def read_bucket(data: bytes, expected_digest: str, item_type: type[T]) -> list[T]:
    """The items of a bucket, once its bytes are proved to be those that the manifest names.

    Raises Refused("malformed_directory").
    """
    if len(data) > MAX_BUCKET_BYTES or not compare_digest(sha256(data).hexdigest().encode(), expected_digest.encode()):
        raise Refused("malformed_directory", "the bucket is not the one that the manifest names")
    try:
        # The element's type is the caller's, known only while running.
        return msgspec.json.decode(data, type=list[item_type])  # type: ignore[valid-type]
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Refused("malformed_directory", "the bucket cannot be read") from error


def _header(certificate: ParsedCertificate) -> bytes:
    named = {"alg": "ES256", "typ": "ketnoi-directory+jws", "x5t#S256": _encoded(certificate.sha256).decode()}
    return _encoded(json.dumps(named, separators=(",", ":")).encode())


def _verify(signature: bytes, signed: bytes, certificate: ParsedCertificate) -> None:
    value, key = _decoded(signature), certificate.public_key
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise Refused("invalid_signature_value", "the signature is not one of ES256")
    keys.verify(key, keys.ECDSA_SHA256, signed, value)


def _manifest_of(payload: bytes) -> Manifest:
    try:
        return msgspec.json.decode(_decoded(payload), type=Manifest)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Refused("malformed_directory", "the manifest cannot be read") from error


def _check_manifest(manifest: Manifest, certificate: ParsedCertificate) -> None:
    if manifest.issued_at.tzinfo is None or manifest.expires_at.tzinfo is None:
        raise Refused("malformed_directory", "a moment of the manifest has no time zone")
    if not timedelta(0) < manifest.expires_at - manifest.issued_at <= VALIDITY:
        raise Refused("malformed_directory", "the manifest is valid for too long, or never")
    # As in the global configuration: only a signer that is named unsafe may speak of a rehearsal, and of nothing else.
    if manifest.rehearsal is not (certificate.common_name or "").startswith(UNSAFE):
        raise Refused("malformed_directory", "the rehearsal mark and the signer's name disagree")


def _encoded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _decoded(segment: bytes) -> bytes:
    try:
        data = urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except (Base64Error, ValueError) as error:
        raise Refused("malformed_directory", "a segment is not base64url") from error
    # One text for one value: the unused bits of the last letter must be zero (RFC 7515 leaves this to us).
    if _encoded(data) != segment:
        raise Refused("malformed_directory", "a segment is not base64url")
    return data
