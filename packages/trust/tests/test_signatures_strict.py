"""What strict verification refuses though X-Road takes it: everything that its own servers would not write."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from ketnoi_trust import keys
from ketnoi_trust.signatures import Signature

from .signing import DS, EXCLUSIVE, REQUEST, WITH_BODY, XADES, Signing, attribute, find, text, without

SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


@pytest.fixture(scope="module")
def signing(kit):
    return Signing(kit)


def only_strict(signing, signature, parts=REQUEST, **options):
    """Accepted, and refused in strict mode: with which code, at which step."""
    signing.verify(signature, parts, **options)
    return signing.refusal(signature, parts, strict=True, **options)


def add(parent, name, where=-1):
    def change(root):
        element = etree.Element(name)
        place = find(root, parent)
        place.insert(len(place) if where < 0 else where, element)

    return change


def tail(name, value):
    def change(root):
        find(root, name).tail = value

    return change


def bare(root):
    """The signature without the element around it."""
    return find(root, "Signature")


def old_namespace(root):
    written = etree.tostring(root).replace(b"02918/v1.2.1#", b"02918/v1.1.1#")
    return etree.fromstring(written)


def referred_to_key(root):
    find(root, "KeyInfo").set("Id", "key")
    added = etree.fromstring(etree.tostring(find(root, "Reference")))
    added.set("URI", "#key")
    added.set("Id", "more")
    find(root, "SignedInfo").append(added)


def typed(root):
    find(root, "Reference").set("Type", "http://www.w3.org/2000/09/xmldsig#Manifest")


def transformed(root):
    reference = list(root.iter(DS + "Reference"))[1]
    reference.insert(
        0, etree.fromstring(f'<Transforms xmlns="{DS[1:-1]}"><Transform Algorithm="{EXCLUSIVE}"/></Transforms>')
    )


def other_policy_digest(root):
    find(find(root, "SigPolicyHash"), "DigestValue").text = "AAAA"


FORMS = {
    "an unknown element": add("UnsignedSignatureProperties", XADES + "Other", 0),
    "an unknown namespace": add("UnsignedSignatureProperties", "{urn:other}OCSPValues", 0),
    "another order": add("Signature", DS + "Object"),
    "no policy": without("SignaturePolicyIdentifier"),
    "another policy": text("Identifier", "urn:oid:1.2.3"),
    "the policy with another digest": other_policy_digest,
    "no formats": without("SignedDataObjectProperties"),
    "formats of something else": attribute("DataObjectFormat", "ObjectReference", "#signature-reference-1"),
    "more formats": lambda root: find(root, "SignedDataObjectProperties").append(
        etree.fromstring(etree.tostring(find(root, "DataObjectFormat")))
    ),
    "an attribute more": attribute("SigningTime", "Id", "time"),
    "an attribute less": lambda root: find(root, "SignatureValue").attrib.clear(),
    "elements in a value": add("SPURI", DS + "Object"),
    "text in an element": text("KeyInfo", "text"),
    "text between elements": tail("SignedInfo", "text"),
    "no element around": bare,
    "the older element around": old_namespace,
    "a further reference": referred_to_key,
    "a reference of a type": typed,
    "a transform": transformed,
    "exclusive canonical form": attribute("CanonicalizationMethod", "Algorithm", EXCLUSIVE),
    "a weak digest": attribute("DigestMethod", "Algorithm", SHA1),
}


@pytest.mark.parametrize("name", FORMS)
def test_form(signing, name):
    assert only_strict(signing, signing.forge(FORMS[name])) == ("malformed_signature", 3)


@pytest.mark.parametrize("method", [SHA1, SHA256])
def test_the_certificate_named_by_another_digest(signing, method):
    def change(root):
        digest = find(root, "CertDigest")
        find(digest, "DigestMethod").set("Algorithm", method)
        find(digest, "DigestValue").text = b64encode(keys.digest(method, signing.holder.der)).decode()

    signature = signing.forge(change)
    if method == SHA1:
        assert only_strict(signing, signature) == ("malformed_signature", 3)
    else:
        signing.verify(signature, strict=True)


def test_policy_by_another_method(signing):
    def change(root):
        find(find(root, "SigPolicyHash"), "DigestMethod").set("Algorithm", SHA256)

    assert only_strict(signing, signing.forge(change)) == ("malformed_signature", 3)


def test_white_space_between_elements_is_no_text(signing):
    def change(root):
        for each in root.iter():
            each.tail = "\n"

    signing.verify(signing.forge(change), strict=True)


def test_a_strong_digest_of_another_length_is_taken(signing):
    def change(root):
        for each in find(root, "SignedInfo").iter(DS + "DigestMethod"):
            each.set("Algorithm", SHA256)

    signing.verify(signing.forge(change), strict=True)


def test_a_weak_signature_method(signing):
    def sign(data):
        r, s = decode_dss_signature(signing.holder.key.sign(data, ec.ECDSA(hashes.SHA1())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"
    signature = signing.forge(attribute("SignatureMethod", "Algorithm", method), sign=sign)
    assert only_strict(signing, signature) == ("malformed_signature", 3)


def test_a_weak_digest_in_the_chain(signing):
    message = hashlib.sha1(REQUEST["/message.xml"]).digest()
    inner = b"\x04\x14" + message + bytes([12, len(SHA1)]) + SHA1.encode() + b"\x30\x00"
    listed = bytes([0x30, len(inner) + 2, 0x30, len(inner)]) + inner
    names = f'xmlns="{DS[1:-1]}" xmlns:h="http://cyber.ee/hashchain"'
    value = "<DigestValue>{}</DigestValue>"
    chain = (
        f'<h:HashChain {names}><h:DefaultDigestMethod Algorithm="{SHA1}"/><h:HashStep id="STEP0">'
        f'<h:DataRef URI="/message.xml">{value.format(b64encode(message).decode())}</h:DataRef>'
        "</h:HashStep></h:HashChain>"
    ).encode()
    result = (
        f'<h:HashChainResult {names} URI="/sig-hashchain.xml#STEP0"><DigestMethod Algorithm="{SHA1}"/>'
        f"{value.format(b64encode(hashlib.sha1(listed).digest()).decode())}</h:HashChainResult>"
    ).encode()
    original = Signature(signing.sign(WITH_BODY).xml, result, chain)
    signature = signing.forge(lambda root: None, original=original)
    assert only_strict(signing, signature) == ("malformed_hash_chain", 8)


def test_a_chain_beside_a_signature_that_does_not_need_it(signing):
    chained = signing.sign(WITH_BODY)
    plain = signing.sign()
    for beside in (
        (chained.hash_chain_result, chained.hash_chain),
        (chained.hash_chain_result, None),
        (None, chained.hash_chain),
        (b"anything", b"else"),
    ):
        assert only_strict(signing, Signature(plain.xml, *beside)) == ("malformed_signature", 3)


def test_a_chain_and_direct_references(signing):
    chained = signing.sign(WITH_BODY)

    def change(root):
        added = etree.fromstring(etree.tostring(find(root, "Reference")))
        added.set("URI", "/message.xml")
        added.set("Id", "more")
        find(root, "SignedInfo").append(added)

    signature = signing.forge(change, WITH_BODY, original=chained)
    assert only_strict(signing, signature, WITH_BODY) == ("malformed_signature", 3)


def test_direct_references_in_another_order(signing):
    def change(root):
        info = find(root, "SignedInfo")
        info.append(info[2])

    signature = signing.forge(change, WITH_BODY, original=signing.sign(WITH_BODY, direct=True))
    assert only_strict(signing, signature, WITH_BODY) == ("malformed_signature", 3)


@pytest.mark.parametrize(
    ("away", "accepted"),
    [
        (timedelta(), True),
        (timedelta(minutes=5), True),
        (timedelta(minutes=5, milliseconds=1), False),
        (timedelta(minutes=-65), True),
        (timedelta(minutes=-65, milliseconds=-1), False),
        (timedelta(days=-300), False),
    ],
)
def test_the_signing_time(signing, kit, away, accepted):
    signature = signing.sign(at=kit.now + away)
    if accepted:
        assert signing.verify(signature, strict=True).signing_time == kit.now + away
    else:
        assert only_strict(signing, signature) == ("message_too_old", 7)
