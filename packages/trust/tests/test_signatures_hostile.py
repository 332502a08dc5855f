"""Signatures that are made to cost much: within two seconds of CPU nothing but a verdict comes out."""

from __future__ import annotations

import pytest
from lxml import etree

from ketnoi_trust import xml
from ketnoi_trust.errors import Refused
from ketnoi_trust.signatures import Signature

from .cpu import in_time
from .signing import REQUEST, Signing, find


@pytest.fixture(scope="module")
def signing(kit):
    return Signing(kit)


def repeated(name, count):
    """An element with its like many times over."""

    def change(root):
        element = find(root, name)
        for _ in range(count):
            element.addnext(etree.fromstring(etree.tostring(element)))

    return change


def nested(root):
    """Deep and wide within what is signed, under many declarations."""
    place = find(root, "SignedDataObjectProperties")
    for number in range(200):
        place = etree.SubElement(place, f"{{urn:n}}a{number}")
    for _ in range(3_000):
        etree.SubElement(place, "{urn:n}b")


def declared(root):
    written = etree.tostring(root)
    names = b" ".join(b'xmlns:n%d="urn:n%d"' % (number, number) for number in range(xml.MAX_DECLARATIONS - 10))
    changed = etree.fromstring(written.replace(b"<asic:XAdESSignatures ", b"<asic:XAdESSignatures " + names + b" ", 1))
    nested(changed)
    return changed


CHANGES = {
    "references": repeated("Reference", 200),
    "certificates": repeated("X509Certificate", 200),
    "responses": repeated("EncapsulatedOCSPValue", 150),
    "certificate digests": repeated("Cert", 200),
    "formats": repeated("DataObjectFormat", 1_000),
    "depth": nested,
    "declarations": declared,
    "text": lambda root: setattr(find(root, "SPURI"), "text", "\r" * 40_000),
    "digits": lambda root: setattr(find(root, "X509SerialNumber"), "text", "9" * 200_000),
    "a certificate": lambda root: setattr(find(root, "X509Certificate"), "text", "MIIB" * 50_000),
    "a response": lambda root: setattr(find(root, "EncapsulatedOCSPValue"), "text", "MIIB" * 50_000),
    "a value": lambda root: setattr(find(root, "SignatureValue"), "text", "AAAA" * 50_000),
    "Ids": lambda root: [each.set("Id", f"i{number}") for number, each in enumerate(root.iter())] and None,
}


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("name", CHANGES)
def test_hostile_documents(signing, name, strict, again):
    signature = signing.forge(CHANGES[name], again=again and name != "Ids")
    with in_time():
        try:
            signing.verify(signature, strict=strict)
        except Refused as refused:
            assert refused.step


@pytest.mark.parametrize("octets", [b"", b"<" * 64 * 1024 * 1024, bytes(64 * 1024 * 1024), b"<a>" * 300])
def test_hostile_octets(signing, octets):
    good = signing.sign({**REQUEST, "/attachment1": b""})
    chained = Signature(good.xml, octets, good.hash_chain), Signature(good.xml, good.hash_chain_result, octets)
    with in_time():
        for signature in (Signature(octets), *chained):
            assert signing.refusal(signature, {**REQUEST, "/attachment1": b""})
