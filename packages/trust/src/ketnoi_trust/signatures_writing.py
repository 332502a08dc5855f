"""Signatures made: X-Road's XAdES profile, written by a template.

The template is one line of XML that is in inclusive canonical form already: the octets that are digested and signed
come straight from the strings, with the root's four namespace declarations moved to where canonical form has them.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha512

from ketnoi_trust import hashchain, keys, xml
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import ParsedCertificate

ASIC = "http://uri.etsi.org/02918/v1.2.1#"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"

MESSAGE = "/message.xml"
RESULT = "/sig-hashchainresult.xml"

# Profile for High-Performance Digital Signatures 1.2.
POLICY = "urn:oid:1.3.6.1.4.1.3516.16.2"
POLICY_SHA512 = "BuO0EDNfkxSVlUbxCzmQPzX1AUF1/xx9ytWHk3/6SAOePxQiniEfDYk+90QeYb3lWpV3Izhuz9fKaYyE+lTcXw=="

_NAMESPACES = (
    f' xmlns:asic="{ASIC}" xmlns:ds="{DSIG}" xmlns:xades="{XADES}"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
_HEAD = f'<?xml version="1.0" encoding="UTF-8" standalone="no"?><asic:XAdESSignatures{_NAMESPACES}>'
_METHOD = f'<ds:DigestMethod Algorithm="{keys.SHA512}"></ds:DigestMethod>'
_POLICY = (
    "<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId>"
    f'<xades:Identifier Qualifier="OIDAsURN">{POLICY}</xades:Identifier>'
    "<xades:Description>Profile for High Performance Digital Signatures (version 1.2)</xades:Description>"
    f"</xades:SigPolicyId><xades:SigPolicyHash>{_METHOD}<ds:DigestValue>{POLICY_SHA512}</ds:DigestValue>"
    "</xades:SigPolicyHash><xades:SigPolicyQualifiers><xades:SigPolicyQualifier>"
    "<xades:SPURI>https://repo.cyber.ee/dsig-profile-1.2.pdf</xades:SPURI>"
    "</xades:SigPolicyQualifier></xades:SigPolicyQualifiers>"
    "</xades:SignaturePolicyId></xades:SignaturePolicyIdentifier></xades:SignedSignatureProperties>"
    "<xades:SignedDataObjectProperties>"
)


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature document, with its hash chain where several inputs are signed at once."""

    xml: bytes = field(repr=False)
    hash_chain_result: bytes | None = field(default=None, repr=False)
    hash_chain: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the key has to sign (`to_be_signed`), and the rest of the document around it."""

    to_be_signed: bytes = field(repr=False)
    _before: str = field(repr=False)
    _after: str = field(repr=False)
    _tree: hashchain.Tree | None = field(repr=False)
    _count: int

    def assemble(self, value: bytes) -> list[Signature]:
        """One signature for each input, in their order, from the value that `keys.sign` made."""
        document = f"{self._before}{_base64(value)}{self._after}".encode()
        tree = self._tree
        if tree is None:
            return [Signature(document)]
        return [Signature(document, tree.result, tree.chain_of(index)) for index in range(self._count)]


@dataclass(frozen=True, slots=True)
class _Identity:
    """What a signing certificate says in a signature."""

    method: str
    signing_certificate: str
    key_info: str


def prepare(
    inputs: Sequence[Mapping[str, bytes]],
    certificate_der: bytes,
    ocsp_responses: bytes | Sequence[bytes],
    at: datetime,
    *,
    intermediates: Sequence[bytes] = (),
    direct: bool = False,
) -> Prepared:
    """Prepare one signature over what one or many requests sign.

    Each input holds the SHA-512 digests (64 octets) of a message's parts under their names: `/message.xml` first, then
    `/attachment1` and so on. A lone input with one part is referred to directly, anything else through a hash chain,
    as X-Road's senders do; `direct` refers to all parts of a lone input directly (X-Road reads that from 7.6 on).
    `ocsp_responses` are DER, the signing certificate's first; `intermediates` are DER; `at` is an aware moment.

    Raises Refused("incorrect_certificate") for a certificate that cannot be read, Refused("cannot_create_signature")
    for one whose key cannot sign here, and ValueError for inputs that are none.
    """
    identity = _identity(certificate_der)
    tree = None
    if len(inputs) == 1 and (direct or len(inputs[0]) == 1):
        signed = [(name, digest, "text/xml") for name, digest in inputs[0].items()]
    else:
        tree = hashchain.Tree(inputs)
        signed = [(RESULT, sha512(tree.result).digest(), "application/hash-chain-result")]
    properties = _properties(identity, at, signed)
    canonical = f'<xades:SignedProperties{_NAMESPACES} Id="signed-properties">{properties}'
    references = "".join(
        f'<ds:Reference Id="signature-reference-{number}" URI="{xml.attribute(name)}">{_METHOD}'
        f"<ds:DigestValue>{_base64(digest)}</ds:DigestValue></ds:Reference>"
        for number, (name, digest, _) in enumerate(signed)
    )
    info = (
        f'<ds:CanonicalizationMethod Algorithm="{xml.INCLUSIVE}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{identity.method}"></ds:SignatureMethod>{references}'
        f'<ds:Reference Id="signature-reference-{len(signed)}" Type="{SIGNED_PROPERTIES}" URI="#signed-properties">'
        f"{_METHOD}<ds:DigestValue>{_base64(sha512(canonical.encode()).digest())}</ds:DigestValue></ds:Reference>"
        "</ds:SignedInfo>"
    )
    responses = (ocsp_responses,) if isinstance(ocsp_responses, bytes) else tuple(ocsp_responses)
    return Prepared(
        f"<ds:SignedInfo{_NAMESPACES}>{info}".encode(),
        f'{_HEAD}<ds:Signature Id="signature"><ds:SignedInfo>{info}<ds:SignatureValue Id="signature-value">',
        f'{identity.key_info}<xades:SignedProperties Id="signed-properties">{properties}'
        f"{_unsigned_properties(responses, tuple(intermediates))}",
        tree,
        len(inputs),
    )


def _properties(identity: _Identity, at: datetime, signed: Sequence[tuple[str, bytes, str]]) -> str:
    moment = at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    formats = "".join(
        f'<xades:DataObjectFormat ObjectReference="#signature-reference-{number}"><xades:MimeType>{kind}'
        "</xades:MimeType></xades:DataObjectFormat>"
        for number, (_, _, kind) in enumerate(signed)
    )
    return (
        f"<xades:SignedSignatureProperties><xades:SigningTime>{moment}Z</xades:SigningTime>"
        f"{identity.signing_certificate}{_POLICY}{formats}"
        "</xades:SignedDataObjectProperties></xades:SignedProperties>"
    )


# A server signs with few certificates: what they say is written once.
@lru_cache(maxsize=64)
def _identity(certificate_der: bytes) -> _Identity:
    certificate = ParsedCertificate.parse(certificate_der)
    if certificate.public_key is None:
        raise Refused("cannot_create_signature", "the certificate's key is of a kind that signs nothing here")
    return _Identity(
        keys.algorithm_of(certificate.public_key),
        f"<xades:SigningCertificate>{_certificate_reference(certificate)}</xades:SigningCertificate>",
        "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
        f"{_base64(certificate_der)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        '<ds:Object><xades:QualifyingProperties Target="#signature">',
    )


def _certificate_reference(certificate: ParsedCertificate, attributes: str = "") -> str:
    return (
        f"<xades:Cert{attributes}><xades:CertDigest>{_METHOD}"
        f"<ds:DigestValue>{_base64(sha512(certificate.der).digest())}</ds:DigestValue></xades:CertDigest>"
        f"<xades:IssuerSerial><ds:X509IssuerName>{xml.text(certificate.issuer.rfc4514_string())}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber></xades:IssuerSerial></xades:Cert>"
    )


# An OCSP response serves for an hour.
@lru_cache(maxsize=64)
def _unsigned_properties(responses: tuple[bytes, ...], intermediates: tuple[bytes, ...]) -> str:
    certificates = ""
    if intermediates:
        references = "".join(
            _certificate_reference(ParsedCertificate.parse(each), f' URI="#encapsulated-cert-{number}"')
            for number, each in enumerate(intermediates, 1)
        )
        values = "".join(
            f'<xades:EncapsulatedX509Certificate Id="encapsulated-cert-{number}">{_base64(each)}'
            "</xades:EncapsulatedX509Certificate>"
            for number, each in enumerate(intermediates, 1)
        )
        certificates = (
            '<xades:CompleteCertificateRefs Id="complete-certificate-refs"><xades:CertRefs>'
            f"{references}</xades:CertRefs></xades:CompleteCertificateRefs>"
            f"<xades:CertificateValues>{values}</xades:CertificateValues>"
        )
    answers = "".join(
        f'<xades:EncapsulatedOCSPValue Id="ocsp-response-{number}">{_base64(each)}</xades:EncapsulatedOCSPValue>'
        for number, each in enumerate(responses, 1)
    )
    return (
        f"<xades:UnsignedProperties><xades:UnsignedSignatureProperties>{certificates}"
        f"<xades:RevocationValues><xades:OCSPValues>{answers}</xades:OCSPValues></xades:RevocationValues>"
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties></ds:Object>"
        "</ds:Signature></asic:XAdESSignatures>"
    )


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode("ascii")
