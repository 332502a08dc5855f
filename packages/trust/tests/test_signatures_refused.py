"""Signatures that are wrong in one thing, made by somebody who has a key: each is refused at its own step."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta

import pytest
from cryptography.x509 import ocsp
from lxml import etree

from ketnoi_trust import keys, signatures, xml
from ketnoi_trust.certificates import Judged
from ketnoi_trust.errors import Refused
from ketnoi_trust.signatures import Signature

from .signing import DS, EXCLUSIVE, REQUEST, WITH_BODY, XADES, Signing, find

SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"


@pytest.fixture(scope="module")
def signing(kit):
    return Signing(kit)


def refusal(signing, signature, parts=REQUEST, **options):
    with pytest.raises(Refused) as refused:
        signing.verify(signature, parts, **options)
    return refused.value.code, refused.value.step


def without(name):
    def change(root):
        element = find(root, name)
        element.getparent().remove(element)

    return change


def twice(name):
    def change(root):
        element = find(root, name)
        element.addnext(etree.fromstring(etree.tostring(element)))

    return change


def text(name, value):
    def change(root):
        find(root, name).text = value

    return change


def attribute(name, key, value):
    def change(root):
        find(root, name).set(key, value)

    return change


def inside(name, written):
    def change(root):
        find(root, name).append(etree.fromstring(written))

    return change


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
    assert refusal(signing, signature) == ("malformed_signature", 1)


def test_too_many_references(signing):
    def change(root):
        reference = etree.tostring(find(root, "Reference"))
        for number in range(300):
            added = etree.fromstring(reference)
            added.set("Id", f"more-{number}")
            find(root, "SignedInfo").append(added)

    assert refusal(signing, signing.forge(change)) == ("malformed_signature", 1)


def test_no_references(signing):
    def change(root):
        for each in list(root.iter(DS + "Reference")):
            each.getparent().remove(each)

    assert refusal(signing, signing.forge(change)) == ("malformed_signature", 1)


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
    assert refusal(signing, signing.forge(change, again=False)) == ("malformed_signature", step)


def refer(uri, **attributes):
    """One more reference."""

    def change(root):
        added = etree.fromstring(etree.tostring(find(root, "Reference")))
        added.attrib.clear()
        added.attrib.update({"URI": uri, **attributes})
        find(root, "SignedInfo").append(added)

    return change


def rename(uri, index=0):
    def change(root):
        list(root.iter(DS + "Reference"))[index].set("URI", uri)

    return change


def untyped(root):
    list(root.iter(DS + "Reference"))[1].attrib.pop("Type")


def other_properties(root):
    """The reference that is said to be to the properties leads to other ones."""
    find(root, "KeyInfo").set("Id", "other")
    list(root.iter(DS + "Reference"))[1].set("URI", "#other")


def many_own(root):
    refer("#signature-value")(root)
    refer("#signature-reference-0")(root)


REFERENCES = {
    "to nothing": refer("/foobar.xml"),
    "to no element": refer("#nothing"),
    "to the whole document": refer(""),
    "to a file": refer("file:///etc/passwd"),
    "twice to one part": refer("/message.xml"),
    "to something else than the message": rename("/other.xml"),
    "to an element instead of the message": rename("#signature-value"),
    "to a chain that is not there": rename("/sig-hashchainresult.xml"),
    "not to the properties": other_properties,
    "to properties that are not called so": untyped,
    "twice to the properties": refer("#signature", Type="http://uri.etsi.org/01903#SignedProperties"),
    "to many elements": many_own,
}


@pytest.mark.parametrize("name", REFERENCES)
def test_references(signing, name):
    parts = {**REQUEST, "/other.xml": b""}
    signature = signing.forge(REFERENCES[name], again=False)
    for partial in (False, True):
        assert refusal(signing, signature, parts, partial=partial) == ("malformed_signature", 2)


def test_further_references_are_verified_too(signing):
    def change(root):
        find(root, "KeyInfo").set("Id", "key-info")
        refer("#key-info")(root)

    signature = signing.forge(change)
    signing.verify(signature)
    changed = signature.xml.replace(b"<ds:X509Data>", b"<ds:X509Data> ")
    assert refusal(signing, Signature(changed)) == ("invalid_signature_value", 10)


def with_certificate(holder):
    return text("X509Certificate", b64encode(holder.der).decode())


def test_certificates_are_judged_at_the_moment(signing, kit):
    signature = signing.sign()
    late = kit.now + timedelta(hours=3)
    assert refusal(signing, signature, at=late) == ("incorrect_validation_info", 4)
    assert refusal(signing, signature, configuration=kit.configuration(kit.approve(kit.authority()))) == (
        "cannot_create_cert_path",
        4,
    )


def test_a_revoked_certificate(kit):
    signing = Signing(kit)
    signing.answer = signing.ca.answer(signing.holder, status=ocsp.OCSPCertStatus.REVOKED)
    assert refusal(signing, signing.sign()) == ("cert_validation", 4)


def test_no_ocsp_response(signing):
    assert refusal(signing, signing.forge(without("EncapsulatedOCSPValue"))) == ("cert_validation", 4)
    assert refusal(signing, signing.forge(without("RevocationValues"))) == ("cert_validation", 4)
    assert refusal(signing, signing.forge(without("UnsignedSignatureProperties"))) == ("cert_validation", 4)
    assert refusal(signing, signing.forge(without("UnsignedProperties"))) == ("cert_validation", 4)


def test_another_member(signing, kit):
    assert refusal(signing, signing.sign(), sender=kit.province) == ("incorrect_certificate", 5)


def test_another_certificate_of_the_same_key(signing):
    other = signing.ca.issue_signing(key=signing.holder.key)

    def change(root):
        with_certificate(other)(root)
        text("EncapsulatedOCSPValue", b64encode(signing.ca.answer(other)).decode())(root)

    assert refusal(signing, signing.forge(change)) == ("malformed_signature", 6)


def test_the_properties_name_the_certificate_by_an_unknown_method(signing):
    def change(root):
        find(find(root, "CertDigest"), "DigestMethod").set("Algorithm", "http://example.com/")

    assert refusal(signing, signing.forge(change)) == ("malformed_signature", 6)


def test_a_chain_without_its_result_or_its_steps(signing):
    signature = signing.sign(WITH_BODY)
    alone = Signature(signature.xml, signature.hash_chain_result)
    assert refusal(signing, alone, WITH_BODY) == ("malformed_hash_chain", 8)
    assert refusal(signing, Signature(signature.xml), WITH_BODY) == ("malformed_signature", 2)
    named = {**WITH_BODY, "/sig-hashchainresult.xml": signature.hash_chain_result}
    assert refusal(signing, Signature(signature.xml), named) == ("malformed_hash_chain", 8)


@pytest.mark.parametrize("direct", [False, True])
def test_a_part_that_is_not_signed(signing, direct):
    code = "invalid_reference" if direct else "hashchain_unused_inputs"
    signature = signing.sign(WITH_BODY, direct=direct)
    assert refusal(signing, signature, {**WITH_BODY, "/attachment2": b""}) == (code, 9)


@pytest.mark.parametrize("partial", [False, True])
def test_a_part_that_is_missing(signing, partial):
    code, step = refusal(signing, signing.sign(WITH_BODY), {"/attachment1": WITH_BODY["/attachment1"]}, partial=partial)
    assert (code, step) == ("hashchain_unused_inputs", 9)
    assert refusal(signing, signing.sign(WITH_BODY), {}, partial=partial) == ("hashchain_unused_inputs", 9)
    assert refusal(signing, signing.sign(), {}, partial=partial) == ("malformed_signature", 2)


def test_a_body_that_is_missing(signing):
    assert refusal(signing, signing.sign(WITH_BODY)) == ("hashchain_unused_inputs", 9)
    assert refusal(signing, signing.sign(WITH_BODY, direct=True)) == ("malformed_signature", 2)
    for direct in (False, True):
        verified = signing.verify(signing.sign(WITH_BODY, direct=direct), partial=True)
        assert verified.absent == ("/attachment1",)


def test_parts_whose_names_were_exchanged(signing):
    signature = signing.sign(WITH_BODY)
    chain = signature.hash_chain.replace(b"/message.xml", b"/@").replace(b"/attachment1", b"/message.xml")
    exchanged = Signature(signature.xml, signature.hash_chain_result, chain.replace(b"/@", b"/attachment1"))
    parts = {"/message.xml": WITH_BODY["/attachment1"], "/attachment1": WITH_BODY["/message.xml"]}
    assert refusal(signing, exchanged, parts) == ("hashchain_unused_inputs", 9)


def test_a_chain_that_names_nothing(signing):
    signature = signing.sign(WITH_BODY)
    chain = signature.hash_chain
    for name in WITH_BODY:
        chain = chain.replace(f'DataRef URI="{name}"'.encode(), b"HashValue")
    chain = chain.replace(b"/ns2:DataRef", b"/ns2:HashValue")
    nameless = Signature(signature.xml, signature.hash_chain_result, chain)
    for parts in ({}, REQUEST):
        assert refusal(signing, nameless, parts) == ("hashchain_unused_inputs", 9)


@pytest.mark.parametrize("direct", [False, True])
def test_a_part_that_was_changed(signing, direct):
    expected = ("invalid_signature_value", 10) if direct else ("invalid_hash_chain_ref", 8)
    signature = signing.sign(WITH_BODY, direct=direct)
    assert refusal(signing, signature, {**WITH_BODY, "/attachment1": b"{ }"}) == expected


def test_a_time_that_was_changed(signing):
    signature = signing.forge(text("SigningTime", "2026-03-01T08:00:01.000Z"), again=False)
    assert refusal(signing, signature) == ("invalid_signature_value", 10)


def test_another_key(signing, kit):
    other = Signing(kit)
    signature = signing.forge(lambda root: None, sign=lambda data: keys.sign(other.holder.key, data))
    assert refusal(signing, signature) == ("invalid_signature_value", 11)


def test_a_key_of_another_kind(signing, kit):
    """Whoever judges certificates by other rules still gets no signature by a key that is not known here."""
    from cryptography.hazmat.primitives.asymmetric import ed25519

    holder = signing.ca.issue_signing(key=ed25519.Ed25519PrivateKey.generate())

    def change(root):
        with_certificate(holder)(root)
        digest = find(find(root, "CertDigest"), "DigestValue")
        digest.text = b64encode(keys.digest(keys.SHA512, holder.der)).decode()

    def judge(*_):
        return Judged(kit.ministry, kit.now, kit.now)

    assert refusal(signing, signing.forge(change), judge=judge) == ("malformed_signature", 11)


def test_further_certificates_are_those_referred_to(kit):
    top = kit.authority()
    middle = top.issue_authority("Middle CA")
    signing = Signing(kit, ca=middle)
    signing.configuration = kit.configuration(kit.approve(top))
    prepared = signatures.prepare(
        [{name: keys.digest(keys.SHA512, octets) for name, octets in REQUEST.items()}],
        signing.holder.der,
        [signing.answer, top.answer(middle)],
        kit.now,
        intermediates=[middle.der],
    )
    original = prepared.assemble(keys.sign(signing.holder.key, prepared.to_be_signed))[0]
    signing.verify(original)

    def digest(root):
        find(find(root, "CompleteCertificateRefs"), "DigestValue").text = "AAAA"

    def method(root):
        find(find(root, "CompleteCertificateRefs"), "DigestMethod").set("Algorithm", "")

    def leave_out(root):
        references = find(root, "CompleteCertificateRefs")
        references.getparent().remove(references)

    for change in (without("EncapsulatedX509Certificate"), without("CertificateValues"), digest, method):
        assert refusal(signing, signing.forge(change, original=original)) == ("malformed_signature", 1)
    assert refusal(signing, signing.forge(attribute("CertRefs", "Id", "signature"), original=original))[1] == 1
    signing.verify(signing.forge(leave_out, original=original))


def test_a_judges_refusal_gets_the_step(signing):
    def judge(*_):
        raise Refused("cert_validation", "no", 99)

    assert refusal(signing, signing.sign(), judge=judge) == ("cert_validation", 4)


def test_the_judge_gets_all_certificates_and_responses(signing, kit):
    asked = []

    def judge(*arguments):
        asked.extend(arguments)
        return Judged(kit.ministry, kit.now, kit.now)

    def change(root):
        added = etree.SubElement(find(root, "X509Data"), DS + "X509Certificate")
        added.text = b64encode(signing.ca.der).decode()
        etree.SubElement(find(root, "KeyInfo"), DS + "KeyName")
        etree.SubElement(find(root, "X509Data"), DS + "X509SubjectName")
        etree.SubElement(find(root, "OCSPValues"), XADES + "Other")

    signing.verify(signing.forge(change), judge=judge)
    assert asked == [signing.holder.der, (signing.answer,), (signing.ca.der,), signing.configuration, kit.now]
