"""A signature document taken apart, in any of the forms that occur: X-Road's own, the same with a hash chain, and
EU-DSS's with exclusive canonical form and direct references. Taken apart is not verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hmac import compare_digest

from lxml import etree

from ketnoi_trust import keys, xml
from ketnoi_trust.errors import Refused
from ketnoi_trust.signatures_shapes import Shapes, Values
from ketnoi_trust.signatures_writing import DSIG, XADES

MAX_REFERENCES = 256

# Containers of X-Road 6 have the older name.
_ROOTS = {f"{{http://uri.etsi.org/02918/v{version}#}}XAdESSignatures" for version in ("1.1.1", "1.2.1")}
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})")

_DS = f"{{{DSIG}}}"
_XA = f"{{{XADES}}}"
_SIGNATURE = _DS + "Signature"
_FORM = [_DS + "SignedInfo", _DS + "SignatureValue", _DS + "KeyInfo"]
_METHODS = [_DS + "CanonicalizationMethod", _DS + "SignatureMethod"]
_REFERENCE = [_DS + "DigestMethod", _DS + "DigestValue"]
_TRANSFORMED = [_DS + "Transforms", *_REFERENCE]
_TRANSFORM = [_DS + "Transforms", _DS + "Transform"]
_SINGLE = [_SIGNATURE, _XA + "QualifyingProperties", _XA + "SignedProperties"]
_IDS = etree.XPath("//@Id", smart_strings=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference of SignedInfo. `transform` is the canonical form named in it, None where none is."""

    uri: str
    type: str
    method: str
    transform: str | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class Tree:
    """The elements of a document on which its form depends."""

    root: etree._Element
    signature: etree._Element
    signed_info: etree._Element
    references: tuple[etree._Element, ...]
    properties: etree._Element


@dataclass(frozen=True, slots=True)
class Canonical:
    """The two canonical forms that are signed."""

    signed_info: bytes
    properties: bytes


@dataclass(frozen=True, slots=True)
class Document:
    """What a signature document says.

    `certificate` is the DER of the certificate in KeyInfo that comes first, `further_certificates` of all others in
    the document; `certificate_digest` is the method and the value by which the signed properties name the signer's.
    A document read from its XML has its `tree`, one whose shape was known its `canonical` forms.
    """

    octets: bytes = field(repr=False)
    tree: Tree | None = field(repr=False)
    canonical: Canonical | None = field(repr=False)
    canonical_form: str
    algorithm: str
    references: tuple[Reference, ...]
    value: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    further_certificates: tuple[bytes, ...] = field(repr=False)
    ocsp_responses: tuple[bytes, ...] = field(repr=False)
    signing_time: datetime
    certificate_digest: tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class _Model:
    """A document whose form was checked, for others of its shape: with its canonical forms cut as it is itself."""

    document: Document
    signed_info: list[bytes]
    properties: list[bytes]


_shapes: Shapes[_Model] = Shapes()


def read(data: bytes, *, anew: bool = False) -> Document:
    """Take the first signature of a document apart; raises Refused("malformed_signature") where anything is missing.

    A document that differs from one whose form was checked in nothing but digests, value and time is not parsed
    again, except `anew`.
    """
    try:
        values = None if anew else Values.of(data)
        model = None if values is None else _shapes.find(values)
        if values is None or model is None:
            return _read(data, xml.parse_signed(data))
        return _known(data, values, model)
    except Refused as refused:
        raise malformed(refused.message) from refused


def _known(data: bytes, values: Values, model: _Model) -> Document:
    like = model.document
    return Document(
        data,
        None,
        Canonical(values.in_signed_info(model.signed_info), values.in_properties(model.properties)),
        like.canonical_form,
        like.algorithm,
        tuple(
            Reference(each.uri, each.type, each.method, each.transform, xml.base64_of(digest.decode("ascii")))
            for each, digest in zip(like.references, values.digests, strict=True)
        ),
        xml.base64_of(values.value.decode("ascii")),
        like.certificate,
        like.further_certificates,
        like.ocsp_responses,
        _moment(values.moment.decode("ascii")),
        like.certificate_digest,
    )


def _read(data: bytes, root: etree._Element) -> Document:
    signature = root if root.tag == _SIGNATURE else child(root, _SIGNATURE)
    parts = list(signature)
    info = child(parts, _DS + "SignedInfo")
    signed_info = list(info)
    references = tuple(each for each in signed_info if each.tag == _DS + "Reference")
    qualifying = child(child(parts, _DS + "Object"), _XA + "QualifyingProperties")
    properties = child(qualifying, _XA + "SignedProperties")
    signed = child(properties, _XA + "SignedSignatureProperties")
    certificates = [octets(each) for each in _key_certificates(child(parts, _DS + "KeyInfo"))]
    if not certificates:
        raise malformed("the signature brings no certificate")
    unsigned = _unsigned(qualifying)
    return Document(
        data,
        Tree(root, signature, info, references, properties),
        None,
        _algorithm(child(signed_info, _METHODS[0])),
        _algorithm(child(signed_info, _METHODS[1])),
        tuple(map(_reference, references)),
        octets(child(parts, _DS + "SignatureValue")),
        certificates[0],
        (*certificates[1:], *(octets(each) for each in unsigned.get("CertificateValues", ()))),
        tuple(
            octets(each)
            for values in unsigned.get("RevocationValues", ())
            for each in values
            if each.tag == _XA + "EncapsulatedOCSPValue"
        ),
        _moment(text(child(signed, _XA + "SigningTime"))),
        _certificate_digest(signed),
    )


def _key_certificates(key_info: etree._Element) -> Iterator[etree._Element]:
    for data in key_info:
        if data.tag == _DS + "X509Data":
            yield from (each for each in data if each.tag == _DS + "X509Certificate")


def _unsigned(qualifying: etree._Element) -> dict[str, etree._Element]:
    """The unsigned properties by their names."""
    unsigned = next((each for each in qualifying if each.tag == _XA + "UnsignedProperties"), ())
    properties = next((each for each in unsigned if each.tag == _XA + "UnsignedSignatureProperties"), ())
    return {each.tag.removeprefix(_XA): each for each in properties}


def _reference(element: etree._Element) -> Reference:
    parts = list(element)
    transform = None
    for each in parts[0] if parts and parts[0].tag == _DS + "Transforms" else ():
        transform = _algorithm(each)
    return Reference(
        element.get("URI", ""),
        element.get("Type", ""),
        _algorithm(child(parts, _REFERENCE[0])),
        transform,
        octets(child(parts, _REFERENCE[1])),
    )


def _certificate_digest(signed: etree._Element) -> tuple[str, bytes]:
    for each in signed:
        if each.tag in {_XA + "SigningCertificate", _XA + "SigningCertificateV2"}:
            return digest_of(child(child(each, _XA + "Cert"), _XA + "CertDigest"))
    raise malformed("the signed properties do not name the certificate")


def check_form(document: Document) -> None:
    """One signature, with everything where it belongs, once. Raises Refused("malformed_signature").

    This is the part of X-Road's schema on which the meaning of a signature depends; strict verification asks for all.
    """
    tree = document.tree
    if tree is None:
        # Its like was checked, and the form does not depend on what may differ.
        return
    if tree.root is not tree.signature and (tree.root.tag not in _ROOTS or len(tree.root) != 1):
        raise malformed("the document does not hold one signature")
    tags = [each.tag for each in tree.signature]
    if tags[:3] != _FORM or set(tags[3:]) != {_DS + "Object"}:
        raise malformed("the signature's parts are not the known ones")
    if [each.tag for each in tree.root.iter(*_SINGLE)] != _SINGLE:
        raise malformed("the document holds two signatures")
    _check_signed_info(document, tree)
    ids = _IDS(tree.root)
    if not isinstance(ids, list) or len(set(ids)) != len(ids):
        raise malformed("two elements have the same Id")
    qualifying = tree.properties.getparent()
    if qualifying is None or qualifying.get("Target") != f"#{tree.signature.get('Id')}":
        raise malformed("the properties are those of another signature")
    _check_further_certificates(document, qualifying)
    _remember(document, tree)


def _check_signed_info(document: Document, tree: Tree) -> None:
    info, count = list(tree.signed_info), len(tree.references)
    if [each.tag for each in info] != _METHODS + [_DS + "Reference"] * count or len(info[0]) or len(info[1]):
        raise malformed("what is signed has a wrong form")
    if not 0 < count <= MAX_REFERENCES:
        raise malformed("too many references, or none")
    for element, each in zip(tree.references, document.references, strict=True):
        parts = list(element)
        if [part.tag for part in parts] != (_REFERENCE if each.transform is None else _TRANSFORMED):
            raise malformed("a reference has a wrong form")
        if each.transform is not None and [part.tag for part in parts[0].iter()] != _TRANSFORM:
            raise malformed("a transform is not known here")


def _remember(document: Document, tree: Tree) -> None:
    """Keep a document as a model, if all that it signs of itself is its properties, as senders write it."""
    own = [each for each in document.references if each.uri.startswith("#")]
    if [each.uri for each in own] != [f"#{tree.properties.get('Id', '')}"]:
        return
    values = Values.of(document.octets)
    if values is None or len(values.digests) != len(document.references):
        return
    try:
        signed_info = values.cut_signed_info(xml.canonical(tree.signed_info, document.canonical_form))
        properties = values.cut_properties(xml.canonical(tree.properties, own[0].transform or xml.INCLUSIVE))
    except Refused:
        # A canonical form that is not known here: a later step says so.
        return
    if signed_info is not None and properties is not None:
        _shapes.keep(values, _Model(replace(document, octets=b"", tree=None), signed_info, properties))


def _check_further_certificates(document: Document, qualifying: etree._Element) -> None:
    """Each reference to a further certificate names one, by Id and by digest: X-Road refuses others."""
    unsigned = _unsigned(qualifying)
    values = {f"#{each.get('Id')}": octets(each) for each in unsigned.get("CertificateValues", ())}
    for references in unsigned.get("CompleteCertificateRefs", ()):
        for each in references:
            method, digest = digest_of(child(each, _XA + "CertDigest"))
            value = values.get(each.get("URI", ""))
            if value is None or not compare_digest(keys.digest(method, value), digest):
                raise malformed("a further certificate is not the one referred to")


def child(parent: Iterable[etree._Element], tag: str) -> etree._Element:
    """The first child of that name; raises Refused("malformed_signature") where there is none."""
    for each in parent:
        if each.tag == tag:
            return each
    raise malformed(f"there is no {tag.rpartition('}')[2]}")


def text(element: etree._Element) -> str:
    """The text of an element without children; raises Refused("malformed_signature")."""
    if len(element):
        raise malformed("a value holds elements")
    return element.text or ""


def octets(element: etree._Element) -> bytes:
    """The octets of an element in base64; raises Refused("malformed_signature")."""
    return xml.base64_of(text(element))


def digest_of(element: etree._Element) -> tuple[str, bytes]:
    """Method and value of an element that holds a digest; raises Refused("malformed_signature")."""
    return _algorithm(child(element, _REFERENCE[0])), octets(child(element, _REFERENCE[1]))


def _algorithm(element: etree._Element) -> str:
    return element.get("Algorithm", "")


def _moment(value: str) -> datetime:
    try:
        if not _MOMENT.fullmatch(value):
            raise ValueError
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise malformed("the signing time is no moment") from None


def malformed(message: str) -> Refused:
    """The refusal of a signature that does not have the form of one."""
    return Refused("malformed_signature", message)
