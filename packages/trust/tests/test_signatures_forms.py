"""Signature documents without the form of one, and methods that are not taken."""

from __future__ import annotations

import pytest
from lxml import etree

from ketnoi_trust import keys, xml

from .signing import DS, EXCLUSIVE, Signing, attribute, find, inside, text, twice, without

SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"


@pytest.fixture(scope="module")
def signing(kit):
    return Signing(kit)


def wrapped(root):
    outer = etree.Element("outer")
    outer.append(root)
    return outer


def other_object(root):
    etree.SubElement(find(root, "Signature"), DS + "KeyInfo")


def second_properties(root):
    """A second set of properties, before the signed one, with another time."""
    forged = etree.fromstring(etree.tostring(find(root, "QualifyingProperties")))
    find(forged, "SigningTime").text = "2020-01-01T00:00:00Z"
    find(root, "Object").insert(0, forged)


FORMS = {
    **{f"no {name}": without(name) for name in (
        "Signature", "SignedInfo", "CanonicalizationMethod", "SignatureMethod", "DigestMethod", "DigestValue",
        "SignatureValue", "KeyInfo", "X509Data", "X509Certificate", "Object", "QualifyingProperties",
        "SignedProperties", "SignedSignatureProperties", "SigningTime", "SigningCertificate", "Cert", "CertDigest",
    )},
    **{f"two of {name}": twice(name) for name in (
        "Signature", "SignedInfo", "CanonicalizationMethod", "SignatureMethod", "DigestMethod", "DigestValue",
        "SignatureValue", "KeyInfo", "QualifyingProperties", "SignedProperties",
    )},
    "another root": wrapped,
    "another part of the signature": other_object,
    "two sets of properties": second_properties,
    "two elements with one Id": attribute("SignatureMethod", "Id", "signature"),
    "properties of another signature": attribute("QualifyingProperties", "Target", "#other"),
    "a signature without an Id": lambda root: find(root, "Signature").attrib.pop("Id") and None,
    "a truncated method": inside("SignatureMethod", f'<d:HMACOutputLength xmlns:d="{DS[1:-1]}">0</d:HMACOutputLength>'),
    "prefixes of a canonical form": inside("CanonicalizationMethod", "<a/>"),
    "elements in a digest": inside("DigestValue", "<a/>"),
    "elements in the value": inside("SignatureValue", "<a/>"),
    "elements in the certificate": inside("X509Certificate", "<a/>"),
    "elements in the time": inside("SigningTime", "<a/>"),
    "a certificate that is no base64": text("X509Certificate", "..."),
    **{f"the time {value}": text("SigningTime", value) for value in (
        "", "now", "2026-03-01", "2026-03-01T08:00:00", "2026-02-30T08:00:00Z", "2026-03-01T08:00:00.1234567890Z",
        "2026-W09-7T08:00:00Z", "0001-01-01T00:00:00+23:00", "2026-03-01T08:00:00+99:99",
    )},
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_form(signing, name):
    signature = signing.forge(FORMS[name], again=False)
    assert signing.refusal(signature) == ("malformed_signature", 1)


def foreign_root(root):
    root.tag = "{http://uri.etsi.org/02918/v9.9.9#}XAdESSignatures"


def beside_the_signature(root):
    etree.SubElement(root, "more")


def a_further(name, place):
    """Another element of that name, whose Ids collide with nothing, as the last within `place`."""

    def change(root):
        copy = etree.fromstring(etree.tostring(find(root, name)))
        for each in copy.iter():
            each.attrib.pop("Id", None)
        find(root, place).append(copy)

    return change


def out_of_order(name, after):
    def change(root):
        find(root, after).addnext(find(root, name))

    return change


ATTACKS = {
    "a foreign root": foreign_root,
    "something beside the signature": beside_the_signature,
    "a further signature within": a_further("Signature", "Object"),
    "further qualifying properties": a_further("QualifyingProperties", "Object"),
    "further signed properties": a_further("SignedProperties", "QualifyingProperties"),
    "further signed properties elsewhere": a_further("SignedProperties", "UnsignedSignatureProperties"),
    "what is signed after its value": out_of_order("SignedInfo", "SignatureValue"),
    "the key before the value": out_of_order("SignatureValue", "KeyInfo"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_wrong_form_that_is_signed_all_the_same(signing, name):
    """All digests and the value are right: only the form can refuse it."""
    assert signing.refusal(signing.forge(ATTACKS[name])) == ("malformed_signature", 1)


def test_too_many_references(signing):
    def change(root):
        reference = etree.tostring(find(root, "Reference"))
        for number in range(300):
            added = etree.fromstring(reference)
            added.set("Id", f"more-{number}")
            find(root, "SignedInfo").append(added)

    assert signing.refusal(signing.forge(change)) == ("malformed_signature", 1)


def test_no_references(signing):
    def change(root):
        for each in list(root.iter(DS + "Reference")):
            each.getparent().remove(each)

    assert signing.refusal(signing.forge(change)) == ("malformed_signature", 1)


def transformed(*algorithms, inner="", index=1):
    """The reference to the properties (1) or to the message (0), with transforms."""

    def change(root):
        written = "".join(f'<Transform Algorithm="{each}">{inner}</Transform>' for each in algorithms)
        list(root.iter(DS + "Reference"))[index].insert(
            0, etree.fromstring(f'<Transforms xmlns="{DS[1:-1]}">{written}</Transforms>')
        )

    return change


@pytest.mark.parametrize("algorithm", [EXCLUSIVE, xml.INCLUSIVE])
def test_a_canonical_form_as_transform_is_honoured(signing, algorithm):
    signing.verify(signing.forge(transformed(algorithm)))


def test_exclusive_canonical_form_is_honoured(signing):
    signing.verify(signing.forge(attribute("CanonicalizationMethod", "Algorithm", EXCLUSIVE)))


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (transformed(), 1),
        (transformed(EXCLUSIVE, EXCLUSIVE), 1),
        (transformed(XPATH, inner="<XPath>self::text()</XPath>"), 1),
        (transformed(EXCLUSIVE, inner='<InclusiveNamespaces PrefixList="ds"/>'), 1),
        (transformed(XSLT), 2),
        (transformed(""), 2),
        (transformed(xml.INCLUSIVE, index=0), 2),
        (attribute("CanonicalizationMethod", "Algorithm", XSLT), 11),
        (attribute("SignatureMethod", "Algorithm", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"), 11),
        (attribute("SignatureMethod", "Algorithm", keys.RSA_SHA512), 11),
        (attribute("DigestMethod", "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#md5"), 10),
    ],
)
def test_methods_that_are_not_taken(signing, change, step):
    assert signing.refusal(signing.forge(change, again=False)) == ("malformed_signature", step)
