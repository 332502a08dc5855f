"""RFC 3161 tokens taken apart, and the proof that a given certificate's key made them (RFC 5652, RFC 5816).

A token is read as BER, because old authorities wrote it so; what their signature covers must be DER.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import new as new_hash

from cryptography.hazmat.primitives import hashes

from ketnoi_trust import ber, keys
from ketnoi_trust.ber import Element
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import ParsedCertificate

MAX_TOKEN_BYTES = 128 * 1024

# Object identifiers as their encoded contents: what is compared is what was received.
SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
TST_INFO = bytes.fromhex("2a864886f70d0109100104")
CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
SIGNING_CERTIFICATE = bytes.fromhex("2a864886f70d010910020c")
SIGNING_CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910022f")
SHA256 = bytes.fromhex("608648016503040201")
SHA384 = bytes.fromhex("608648016503040202")
SHA512 = bytes.fromhex("608648016503040203")

HASHES = {SHA256: "sha256", SHA384: "sha384", SHA512: "sha512"}
_RSA = bytes.fromhex("2a864886f70d010101")
# The kind of key, and the hash where the algorithm's name fixes it.
_SIGNATURES: dict[bytes, tuple[keys.Kind, str | None]] = {
    _RSA: ("rsa", None),
    bytes.fromhex("2a864886f70d01010b"): ("rsa", "sha256"),
    bytes.fromhex("2a864886f70d01010c"): ("rsa", "sha384"),
    bytes.fromhex("2a864886f70d01010d"): ("rsa", "sha512"),
    bytes.fromhex("2a8648ce3d040302"): ("ec", "sha256"),
    bytes.fromhex("2a8648ce3d040303"): ("ec", "sha384"),
    bytes.fromhex("2a8648ce3d040304"): ("ec", "sha512"),
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_MOMENT = re.compile(rb"(\d{14})(?:\.(\d{1,9}))?Z")


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. `imprint_hash` and `digest_hash` are names of hashlib; `signed` is what was signed.

    The signer is named by (issuer's DER, serial number), as every authority does.
    """

    imprint_hash: str
    imprint: bytes
    gen_time: datetime
    serial_number: int
    content: bytes = field(repr=False)
    issuer: bytes
    issuer_serial: int
    digest_hash: str
    attributes: Mapping[bytes, Element] = field(repr=False)
    signed: bytes = field(repr=False)
    signature_kind: keys.Kind
    signature: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Token:
        """Read a token; raises Refused("timestamp_validation")."""
        if len(data) > MAX_TOKEN_BYTES:
            raise _refused("the time stamp is too large")
        try:
            return _token(ber.read(data))
        except (ValueError, LookupError) as error:
            raise _refused("the time stamp cannot be read") from error

    def names(self, certificate: ParsedCertificate) -> bool:
        """Whether the signer's name in the token is that of this certificate."""
        return (self.issuer, self.issuer_serial) == (certificate.issuer.public_bytes(), certificate.serial_number)

    def commits_to(self, certificate: ParsedCertificate) -> bool:
        """Whether the signed attribute signingCertificate names this very certificate, as RFC 3161 demands."""
        try:
            if SIGNING_CERTIFICATE_V2 in self.attributes:
                name, digest = _certificate_hash_v2(self.attributes[SIGNING_CERTIFICATE_V2])
            else:
                # RFC 2634 knows SHA-1 only; it points at a certificate that the configuration names anyway.
                name, digest = "sha1", _first_certificate(self.attributes[SIGNING_CERTIFICATE])[0].octets()
        except (ValueError, LookupError):
            return False
        return new_hash(name, certificate.der, usedforsecurity=False).digest() == digest

    def is_signed_by(self, certificate: ParsedCertificate) -> bool:
        """Whether the certificate's key signed the attributes, and they cover the content."""
        try:
            content_type = self.attributes[CONTENT_TYPE].expect(ber.OID).content
            digest = self.attributes[MESSAGE_DIGEST].octets()
        except (ValueError, LookupError):
            return False
        if content_type != TST_INFO or digest != new_hash(self.digest_hash, self.content).digest():
            return False
        algorithm = keys.algorithm(self.signature_kind, _HASHES[self.digest_hash])
        return keys.fits(certificate.public_key, algorithm, self.signed, self.signature)


def moment_of(element: Element) -> datetime:
    """A GeneralizedTime as RFC 3161 writes it, aware UTC to the microsecond. Raises ValueError."""
    found = _MOMENT.fullmatch(element.expect(ber.GENERALIZED_TIME).content)
    if found is None:
        raise ValueError("a moment has an unknown form")
    whole = datetime.strptime(found.group(1).decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return whole + timedelta(microseconds=int(f"{(found.group(2) or b'').decode():0<6}"[:6]))


def _token(outer: Element) -> Token:
    content_type, wrapped = outer.children()
    if content_type.expect(ber.OID).content != SIGNED_DATA:
        raise ValueError("not signed data")
    _, _, encapsulated, *rest = wrapped.explicit(0).children()
    if rest[-1].tag != ber.SET:
        raise ValueError("no signers")
    (signer,) = rest[-1].children(ber.SET)
    inner_type, inner = encapsulated.children()
    if inner_type.expect(ber.OID).content != TST_INFO:
        raise ValueError("the signed content is no time stamp")
    content = inner.explicit(0).octets()
    _, _, imprint, serial_number, gen_time, *_ = ber.read(content).children()
    algorithm, digest = imprint.children()
    _, identifier, digest_algorithm, attributes, signature_algorithm, signature, *_ = signer.children()
    issuer, issuer_serial = identifier.children()
    digest_hash = _hash_of(digest_algorithm)
    kind, fixed = _SIGNATURES[signature_algorithm.children()[0].expect(ber.OID).content]
    if fixed not in (None, digest_hash):
        raise ValueError("the signature's hash is not that of its digest")
    return Token(
        imprint_hash=_hash_of(algorithm),
        imprint=digest.octets(),
        gen_time=moment_of(gen_time),
        serial_number=serial_number.integer(),
        content=content,
        issuer=issuer.raw,
        issuer_serial=issuer_serial.integer(),
        digest_hash=digest_hash,
        attributes=_attributes(attributes),
        # The tag within the token is implicit; what was signed is a SET (RFC 5652, 5.4).
        signed=bytes((ber.SET,)) + attributes.raw[1:],
        signature_kind=kind,
        signature=signature.octets(),
    )


def _attributes(element: Element) -> dict[bytes, Element]:
    found: dict[bytes, Element] = {}
    for attribute in element.children(0xA0):
        kind, values = attribute.children()
        name = kind.expect(ber.OID).content
        if name in found:
            raise ValueError("an attribute stands twice")
        (found[name],) = values.children(ber.SET)
    return found


def _hash_of(algorithm: Element) -> str:
    return HASHES[algorithm.children()[0].expect(ber.OID).content]


def _first_certificate(attribute: Element) -> list[Element]:
    return attribute.children()[0].children()[0].children()


def _certificate_hash_v2(attribute: Element) -> tuple[str, bytes]:
    first, *rest = _first_certificate(attribute)
    if first.tag == ber.SEQUENCE:
        return _hash_of(first), rest[0].octets()
    # RFC 5816: SHA-256 is the default.
    return "sha256", first.octets()


def _refused(message: str) -> Refused:
    return Refused("timestamp_validation", message, 1)
