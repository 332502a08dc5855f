"""What strict verification asks beyond X-Road's own: the one form that its servers write, and recent signing times.

All of this is our choice. X-Road judges containers without its schema, and lets stand beside a signature what nobody
signed.
"""

from __future__ import annotations

import re
from datetime import datetime

from lxml import etree

from ketnoi_trust import keys, xml
from ketnoi_trust.configuration import Configuration
from ketnoi_trust.errors import Refused
from ketnoi_trust.ocsp import CLOCK_SKEW
from ketnoi_trust.signatures_reading import Document, Tree, child, digest_of, malformed, text
from ketnoi_trust.signatures_writing import (
    ASIC,
    DSIG,
    MESSAGE,
    POLICY,
    POLICY_SHA512,
    RESULT,
    SIGNED_PROPERTIES,
    XADES,
    Signature,
)

_PREFIXES = {ASIC: "asic", DSIG: "ds", XADES: "xades"}

# Each element with its attributes, and its children as a pattern over their names, each followed by a space.
_FORM = """
asic:XAdESSignatures            |                 | ds:Signature
ds:Signature                    | Id              | ds:SignedInfo ds:SignatureValue ds:KeyInfo ds:Object
ds:SignedInfo                   |                 | ds:CanonicalizationMethod ds:SignatureMethod (ds:Reference )+
ds:CanonicalizationMethod       | Algorithm       |
ds:SignatureMethod              | Algorithm       |
ds:Reference                    | Id Type? URI    | ds:DigestMethod ds:DigestValue
ds:DigestMethod                 | Algorithm       |
ds:DigestValue                  |                 |
ds:SignatureValue               | Id              |
ds:KeyInfo                      |                 | ds:X509Data
ds:X509Data                     |                 | ds:X509Certificate
ds:X509Certificate              |                 |
ds:Object                       |                 | xades:QualifyingProperties
xades:QualifyingProperties      | Target          | xades:SignedProperties xades:UnsignedProperties
xades:SignedProperties          | Id              | xades:SignedSignatureProperties xades:SignedDataObjectProperties
xades:SignedSignatureProperties |                 | xades:SigningTime xades:SigningCertificate xades:SignaturePolicyIdentifier
xades:SigningTime               |                 |
xades:SigningCertificate        |                 | xades:Cert
xades:Cert                      | URI?            | xades:CertDigest xades:IssuerSerial
xades:CertDigest                |                 | ds:DigestMethod ds:DigestValue
xades:IssuerSerial              |                 | ds:X509IssuerName ds:X509SerialNumber
ds:X509IssuerName               |                 |
ds:X509SerialNumber             |                 |
xades:SignaturePolicyIdentifier |                 | xades:SignaturePolicyId
xades:SignaturePolicyId         |                 | xades:SigPolicyId xades:SigPolicyHash xades:SigPolicyQualifiers
xades:SigPolicyId               |                 | xades:Identifier xades:Description
xades:Identifier                | Qualifier       |
xades:Description               |                 |
xades:SigPolicyHash             |                 | ds:DigestMethod ds:DigestValue
xades:SigPolicyQualifiers       |                 | xades:SigPolicyQualifier
xades:SigPolicyQualifier        |                 | xades:SPURI
xades:SPURI                     |                 |
xades:SignedDataObjectProperties |                | (xades:DataObjectFormat )+
xades:DataObjectFormat          | ObjectReference | xades:MimeType
xades:MimeType                  |                 |
xades:UnsignedProperties        |                 | xades:UnsignedSignatureProperties
xades:UnsignedSignatureProperties |               | (xades:SignatureTimeStamp )?(xades:CompleteCertificateRefs xades:CertificateValues )?xades:RevocationValues
xades:SignatureTimeStamp        |                 | xades:EncapsulatedTimeStamp
xades:EncapsulatedTimeStamp     |                 |
xades:CompleteCertificateRefs   | Id              | xades:CertRefs
xades:CertRefs                  |                 | (xades:Cert )+
xades:CertificateValues         |                 | (xades:EncapsulatedX509Certificate )+
xades:EncapsulatedX509Certificate | Id            |
xades:RevocationValues          |                 | xades:OCSPValues
xades:OCSPValues                |                 | (xades:EncapsulatedOCSPValue )+
xades:EncapsulatedOCSPValue     | Id              |
"""  # noqa: E501 - one element, one line


def _read_form() -> dict[str, tuple[frozenset[str], frozenset[str], re.Pattern[str] | None]]:
    by_prefix = {prefix: f"{{{name}}}" for name, prefix in _PREFIXES.items()}

    def full(name: str) -> str:
        return by_prefix[name.partition(":")[0]] + name.partition(":")[2]

    form = {}
    for line in _FORM.strip().splitlines():
        name, attributes, children = (each.strip() for each in line.split("|"))
        words = attributes.split()
        pattern = re.sub(r"(\w+):(\w+)( |$)", lambda each: re.escape(full(f"{each[1]}:{each[2]}")) + "\\ ", children)
        form[full(name)] = (
            frozenset(each for each in words if not each.endswith("?")),
            frozenset(each.rstrip("?") for each in words),
            re.compile(pattern) if children else None,
        )
    return form


_ELEMENTS = _read_form()


def check(document: Document, signature: Signature) -> None:
    """The document is one that X-Road's servers write, and all that lies beside it is signed.

    The document was read anew. Raises Refused("malformed_signature").
    """
    tree = document.tree
    assert tree is not None
    if tree.root is tree.signature:
        raise malformed("the signature does not stand in the element that X-Road's senders write")
    for each in tree.root.iter():
        _check_element(each)
    _check_algorithms(document)
    _check_policy(tree)
    _check_references(document, tree)
    has_chain = (signature.hash_chain_result is not None, signature.hash_chain is not None)
    is_chained = any(each.uri == RESULT for each in document.references)
    if has_chain != (is_chained, is_chained):
        raise malformed("there is a hash chain that is not signed")


def _check_element(element: etree._Element) -> None:
    known = _ELEMENTS.get(element.tag)
    if known is None:
        raise malformed("the document holds an element that X-Road's senders do not write")
    required, allowed, children = known
    names = set(element.keys())
    if not required <= names <= allowed:
        raise malformed("an element has attributes that X-Road's senders do not write")
    if children is None:
        if len(element):
            raise malformed("a value holds elements")
        return
    if not children.fullmatch("".join(f"{each.tag} " for each in element)):
        raise malformed("an element does not hold what X-Road's senders write")
    if (element.text or "").strip() or any((each.tail or "").strip() for each in element):
        raise malformed("there is text between elements")


def _check_algorithms(document: Document) -> None:
    used = {document.algorithm, document.certificate_digest[0], *(each.method for each in document.references)}
    if not keys.WEAK.isdisjoint(used):
        raise malformed("a weak algorithm was used")
    if document.canonical_form != xml.INCLUSIVE:
        raise malformed("the canonical form is not the one that X-Road's senders use")


def _check_policy(tree: Tree) -> None:
    policy = tree.properties
    for name in ("SignedSignatureProperties", "SignaturePolicyIdentifier", "SignaturePolicyId"):
        policy = child(policy, f"{{{XADES}}}{name}")
    identifier = child(child(policy, f"{{{XADES}}}SigPolicyId"), f"{{{XADES}}}Identifier")
    expected = (keys.SHA512, xml.base64_of(POLICY_SHA512))
    if text(identifier) != POLICY or digest_of(child(policy, f"{{{XADES}}}SigPolicyHash")) != expected:
        raise malformed("the signature follows another policy")


def _check_references(document: Document, tree: Tree) -> None:
    """The properties, and either the hash chain's result or the message and its attachments, each with its format."""
    elements = zip(document.references, tree.references, strict=True)
    signed = [(each, element) for each, element in elements if each.type != SIGNED_PROPERTIES]
    names = [each.uri for each, _ in signed]
    if names not in ([RESULT], [MESSAGE, *(f"/attachment{number}" for number in range(1, len(names)))]):
        raise malformed("the signature refers to other things than a message")
    formats = child(tree.properties, f"{{{XADES}}}SignedDataObjectProperties")
    described = [each.get("ObjectReference") for each in formats]
    if described != [f"#{element.get('Id')}" for _, element in signed] or any(each.type for each, _ in signed):
        raise malformed("the formats are not those of what is signed")


def check_time(signing_time: datetime, at: datetime, configuration: Configuration) -> None:
    """Signed within the time that an OCSP response counts for, and five minutes for clocks.

    Raises Refused("message_too_old"), also for signatures from the future.
    """
    if not at - configuration.ocsp_freshness - CLOCK_SKEW <= signing_time <= at + CLOCK_SKEW:
        raise Refused("message_too_old", "the message was not signed within the time that is accepted")
