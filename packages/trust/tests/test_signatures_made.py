"""Signatures made: the document is the one that X-Road's servers write, and in canonical form from the start."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha512

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from lxml import etree

from ketnoi_trust import keys, signatures
from ketnoi_trust.errors import Refused

from .signing import INCLUSIVE, REQUEST, WITH_BODY, Signing, digests, find

HEAD = b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
MANY = {**WITH_BODY, **{f"/attachment{number}": b"%d" % number for number in range(2, 12)}}


@pytest.fixture(scope="module", params=[False, True], ids=["P-256", "RSA-2048"])
def signing(kit, request):
    return Signing(kit, rsa_key=request.param)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("parts", [REQUEST, WITH_BODY, MANY], ids=["request", "with a body", "with many"])
def test_what_is_made_is_accepted(signing, kit, parts, direct, strict):
    verified = signing.verify(signing.sign(parts, direct=direct), parts, strict=strict)
    assert verified.member == kit.ministry
    assert verified.signing_time == kit.now
    assert verified.certificate == signing.holder.der
    assert verified.valid_from < kit.now < verified.valid_until
    assert verified.absent == ()


@pytest.mark.parametrize("count", [2, 3, 7])
def test_a_batch_is_signed_once(signing, count):
    requests = [WITH_BODY if number % 2 else {"/message.xml": b"%d" % number} for number in range(count)]
    made = signing.batch(*requests)
    assert len({each.xml for each in made}) == len({each.hash_chain_result for each in made}) == 1
    for signature, parts in zip(made, requests, strict=True):
        signing.verify(signature, parts, strict=True)
    with pytest.raises(Refused):
        signing.verify(made[0], requests[1])


def test_the_document_is_canonical(signing):
    for signature in (signing.sign(), signing.sign(WITH_BODY), signing.sign(WITH_BODY, direct=True)):
        assert signature.xml.startswith(HEAD)
        assert b"\n" not in signature.xml
        assert etree.tostring(etree.fromstring(signature.xml), method="c14n") == signature.xml.removeprefix(HEAD)


def test_what_is_to_be_signed_is_the_canonical_signed_info(signing, kit):
    prepared = signatures.prepare([digests(REQUEST)], signing.holder.der, signing.answer, kit.now)
    document = etree.fromstring(prepared.assemble(b"value")[0].xml)
    assert etree.tostring(find(document, "SignedInfo"), method="c14n") == prepared.to_be_signed
    assert find(document, "SignatureValue").text == "dmFsdWU="


def test_a_lone_part_is_referred_to_and_needs_no_chain(signing):
    signature = signing.sign()
    root = etree.fromstring(signature.xml)
    reference, properties = root.iter("{*}Reference")
    assert (signature.hash_chain_result, signature.hash_chain) == (None, None)
    assert dict(reference.attrib) == {"Id": "signature-reference-0", "URI": "/message.xml"}
    assert dict(properties.attrib) == {
        "Id": "signature-reference-1",
        "Type": "http://uri.etsi.org/01903#SignedProperties",
        "URI": "#signed-properties",
    }
    assert b64decode(find(reference, "DigestValue").text) == sha512(REQUEST["/message.xml"]).digest()
    assert find(root, "CanonicalizationMethod").get("Algorithm") == INCLUSIVE


def test_several_parts_are_referred_to_through_a_chain(signing):
    signature = signing.sign(WITH_BODY)
    root = etree.fromstring(signature.xml)
    assert next(root.iter("{*}Reference")).get("URI") == "/sig-hashchainresult.xml"
    assert find(root, "MimeType").text == "application/hash-chain-result"
    assert b"/attachment1" in signature.hash_chain


def test_the_method_is_of_the_keys_kind(signing):
    method = find(etree.fromstring(signing.sign().xml), "SignatureMethod").get("Algorithm")
    assert method == keys.algorithm_of(signing.holder.certificate.public_key())


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2026, 3, 1, 8, 0, tzinfo=UTC), "2026-03-01T08:00:00.000Z"),
        (datetime(2026, 3, 1, 1, 2, 3, 45_999, tzinfo=timezone(timedelta(hours=7))), "2026-02-28T18:02:03.045Z"),
    ],
)
def test_signing_times_are_utc_to_the_millisecond(kit, at, written):
    signature = Signing(kit).sign(at=at)
    assert find(etree.fromstring(signature.xml), "SigningTime").text == written


def test_the_certificate_is_named_by_digest_and_serial(kit, signing):
    root = etree.fromstring(signing.sign().xml)
    assert b64decode(find(find(root, "CertDigest"), "DigestValue").text) == sha512(signing.holder.der).digest()
    assert find(root, "X509IssuerName").text == "CN=Sample CA"
    assert find(root, "X509SerialNumber").text == str(signing.holder.certificate.serial_number)


def test_the_issuers_name_is_escaped(kit):
    signing = Signing(kit, ca=kit.authority('Sở & <Phòng> "1"\r\n'))
    signature = signing.sign()
    signing.verify(signature, strict=True)
    assert find(etree.fromstring(signature.xml), "X509IssuerName").text == 'CN=Sở & \\<Phòng\\> \\"1\\"\r\n'


def test_intermediates_are_brought_along(kit):
    top = kit.authority()
    middle = top.issue_authority("Middle CA")
    holder = middle.issue_signing()
    prepared = signatures.prepare(
        [digests(REQUEST)],
        holder.der,
        [middle.answer(holder), top.answer(middle)],
        kit.now,
        intermediates=[middle.der],
    )
    signature = prepared.assemble(keys.sign(holder.key, prepared.to_be_signed))[0]
    configuration = kit.configuration(kit.approve(top))
    for strict in (False, True):
        verified = signatures.verify(signature, REQUEST, kit.ministry, configuration, kit.now, strict=strict)
        assert verified.certificate == holder.der
    root = etree.fromstring(signature.xml)
    ids = [each.get("Id") for each in root.iter("{*}EncapsulatedOCSPValue", "{*}EncapsulatedX509Certificate")]
    assert ids == ["encapsulated-cert-1", "ocsp-response-1", "ocsp-response-2"]


def test_there_is_no_signature_with_a_key_of_another_kind(kit):
    holder = kit.authority().issue_signing(key=ed25519.Ed25519PrivateKey.generate())
    with pytest.raises(Refused) as refused:
        signatures.prepare([digests(REQUEST)], holder.der, b"", kit.now)
    assert refused.value.code == "cannot_create_signature"


def test_there_is_no_signature_with_a_certificate_that_is_none(kit):
    with pytest.raises(Refused) as refused:
        signatures.prepare([digests(REQUEST)], b"certificate", b"", kit.now)
    assert refused.value.code == "incorrect_certificate"


@pytest.mark.parametrize("inputs", [[], [{}], [{"/message.xml": bytes(20)}, {"/message.xml": bytes(64)}]])
def test_there_is_no_signature_over_nothing(signing, kit, inputs):
    with pytest.raises(ValueError, match="hash chain"):
        signatures.prepare(inputs, signing.holder.der, signing.answer, kit.now)


def test_signatures_show_nothing_of_themselves(signing):
    assert "Signature" not in repr(signing.sign()).replace("Signature(", "")
