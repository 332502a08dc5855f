"""Signatures that are wrong in one thing, made by somebody who has a key: each is refused at its own step."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta

import pytest
from cryptography.x509 import ocsp
from lxml import etree

from ketnoi_trust import keys, signatures
from ketnoi_trust.certificates import Judged
from ketnoi_trust.errors import Refused
from ketnoi_trust.signatures import Signature

from .signing import DS, REQUEST, WITH_BODY, XADES, Signing, attribute, find, text, without

SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"


@pytest.fixture(scope="module")
def signing(kit):
    return Signing(kit)


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
        assert signing.refusal(signature, parts, partial=partial) == ("malformed_signature", 2)


def test_further_references_are_verified_too(signing):
    def change(root):
        find(root, "KeyInfo").set("Id", "key-info")
        refer("#key-info")(root)

    signature = signing.forge(change)
    signing.verify(signature)
    changed = signature.xml.replace(b"<ds:X509Data>", b"<ds:X509Data> ")
    assert signing.refusal(Signature(changed)) == ("invalid_signature_value", 10)


def with_certificate(holder):
    return text("X509Certificate", b64encode(holder.der).decode())


def test_certificates_are_judged_at_the_moment(signing, kit):
    signature = signing.sign()
    late = kit.now + timedelta(hours=3)
    assert signing.refusal(signature, at=late) == ("incorrect_validation_info", 4)
    assert signing.refusal(signature, configuration=kit.configuration(kit.approve(kit.authority()))) == (
        "cannot_create_cert_path",
        4,
    )


def test_a_revoked_certificate(kit):
    signing = Signing(kit)
    signing.answer = signing.ca.answer(signing.holder, status=ocsp.OCSPCertStatus.REVOKED)
    assert signing.refusal(signing.sign()) == ("cert_validation", 4)


def test_no_ocsp_response(signing):
    assert signing.refusal(signing.forge(without("EncapsulatedOCSPValue"))) == ("cert_validation", 4)
    assert signing.refusal(signing.forge(without("RevocationValues"))) == ("cert_validation", 4)
    assert signing.refusal(signing.forge(without("UnsignedSignatureProperties"))) == ("cert_validation", 4)
    assert signing.refusal(signing.forge(without("UnsignedProperties"))) == ("cert_validation", 4)


def test_another_member(signing, kit):
    assert signing.refusal(signing.sign(), sender=kit.province) == ("incorrect_certificate", 5)


def test_another_certificate_of_the_same_key(signing):
    other = signing.ca.issue_signing(key=signing.holder.key)

    def change(root):
        with_certificate(other)(root)
        text("EncapsulatedOCSPValue", b64encode(signing.ca.answer(other)).decode())(root)

    assert signing.refusal(signing.forge(change)) == ("malformed_signature", 6)


def test_the_properties_name_the_certificate_by_an_unknown_method(signing):
    def change(root):
        find(find(root, "CertDigest"), "DigestMethod").set("Algorithm", "http://example.com/")

    assert signing.refusal(signing.forge(change)) == ("malformed_signature", 6)


def test_a_chain_without_its_result_or_its_steps(signing):
    signature = signing.sign(WITH_BODY)
    alone = Signature(signature.xml, signature.hash_chain_result)
    assert signing.refusal(alone, WITH_BODY) == ("malformed_hash_chain", 8)
    assert signing.refusal(Signature(signature.xml), WITH_BODY) == ("malformed_signature", 2)
    named = {**WITH_BODY, "/sig-hashchainresult.xml": signature.hash_chain_result}
    assert signing.refusal(Signature(signature.xml), named) == ("malformed_hash_chain", 8)


@pytest.mark.parametrize("direct", [False, True])
def test_a_part_that_is_not_signed(signing, direct):
    code = "invalid_reference" if direct else "hashchain_unused_inputs"
    signature = signing.sign(WITH_BODY, direct=direct)
    assert signing.refusal(signature, {**WITH_BODY, "/attachment2": b""}) == (code, 9)


@pytest.mark.parametrize("partial", [False, True])
def test_a_part_that_is_missing(signing, partial):
    code, step = signing.refusal(signing.sign(WITH_BODY), {"/attachment1": WITH_BODY["/attachment1"]}, partial=partial)
    assert (code, step) == ("hashchain_unused_inputs", 9)
    assert signing.refusal(signing.sign(WITH_BODY), {}, partial=partial) == ("hashchain_unused_inputs", 9)
    assert signing.refusal(signing.sign(), {}, partial=partial) == ("malformed_signature", 2)


def test_a_body_that_is_missing(signing):
    assert signing.refusal(signing.sign(WITH_BODY)) == ("hashchain_unused_inputs", 9)
    assert signing.refusal(signing.sign(WITH_BODY, direct=True)) == ("malformed_signature", 2)
    for direct in (False, True):
        verified = signing.verify(signing.sign(WITH_BODY, direct=direct), partial=True)
        assert verified.absent == ("/attachment1",)


def test_parts_whose_names_were_exchanged(signing):
    signature = signing.sign(WITH_BODY)
    chain = signature.hash_chain.replace(b"/message.xml", b"/@").replace(b"/attachment1", b"/message.xml")
    exchanged = Signature(signature.xml, signature.hash_chain_result, chain.replace(b"/@", b"/attachment1"))
    parts = {"/message.xml": WITH_BODY["/attachment1"], "/attachment1": WITH_BODY["/message.xml"]}
    assert signing.refusal(exchanged, parts) == ("hashchain_unused_inputs", 9)


def test_a_chain_that_names_nothing(signing):
    signature = signing.sign(WITH_BODY)
    chain = signature.hash_chain
    for name in WITH_BODY:
        chain = chain.replace(f'DataRef URI="{name}"'.encode(), b"HashValue")
    chain = chain.replace(b"/ns2:DataRef", b"/ns2:HashValue")
    nameless = Signature(signature.xml, signature.hash_chain_result, chain)
    for parts in ({}, REQUEST):
        assert signing.refusal(nameless, parts) == ("hashchain_unused_inputs", 9)


@pytest.mark.parametrize("direct", [False, True])
def test_a_part_that_was_changed(signing, direct):
    expected = ("invalid_signature_value", 10) if direct else ("invalid_hash_chain_ref", 8)
    signature = signing.sign(WITH_BODY, direct=direct)
    assert signing.refusal(signature, {**WITH_BODY, "/attachment1": b"{ }"}) == expected


def test_a_time_that_was_changed(signing):
    signature = signing.forge(text("SigningTime", "2026-03-01T08:00:01.000Z"), again=False)
    assert signing.refusal(signature) == ("invalid_signature_value", 10)


def test_another_key(signing, kit):
    other = Signing(kit)
    signature = signing.forge(lambda root: None, sign=lambda data: keys.sign(other.holder.key, data))
    assert signing.refusal(signature) == ("invalid_signature_value", 11)


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

    assert signing.refusal(signing.forge(change), judge=judge) == ("malformed_signature", 11)


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
        assert signing.refusal(signing.forge(change, original=original)) == ("malformed_signature", 1)
    assert signing.refusal(signing.forge(attribute("CertRefs", "Id", "signature"), original=original))[1] == 1
    signing.verify(signing.forge(leave_out, original=original))


def test_a_judges_refusal_gets_the_step(signing):
    def judge(*_):
        raise Refused("cert_validation", "no", 99)

    assert signing.refusal(signing.sign(), judge=judge) == ("cert_validation", 4)


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
