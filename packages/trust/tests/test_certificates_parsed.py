"""Reading certificates: whole, once, and without surprises later."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha1, sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, x448
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import MAX_DER_BYTES, ParsedCertificate


@pytest.fixture(scope="module")
def authority(kit):
    return kit.authority()


def test_hashes_are_those_by_which_servers_are_registered(authority):
    der = authority.issue_signing().der
    assert ParsedCertificate.parse(der).sha256 == sha256(der).digest()
    assert ParsedCertificate.parse(der).sha1 == sha1(der, usedforsecurity=False).digest()


def test_equality_is_that_of_the_bytes(authority):
    der = authority.issue_signing().der
    assert ParsedCertificate.parse(der) == ParsedCertificate.parse(der)
    assert ParsedCertificate.parse(der) != ParsedCertificate.parse(authority.issue_signing().der)


def test_validity_includes_both_ends(kit, authority):
    certificate = ParsedCertificate.parse(authority.issue_signing(not_before=kit.now, not_after=kit.now).der)
    assert certificate.is_valid(kit.now)
    assert not certificate.is_valid(kit.now + timedelta(seconds=1))
    assert not certificate.is_valid(kit.now - timedelta(seconds=1))


def test_a_subject_without_a_name_has_none(kit, authority):
    assert ParsedCertificate.parse(authority.issue(kit.name_of(country_name="VN")).der).common_name is None


def test_an_issuer_is_recognised_by_its_key_and_not_by_its_name(kit, authority):
    impostor = kit.authority()
    certificate = ParsedCertificate.parse(authority.issue_signing().der)
    assert certificate.is_issued_by(ParsedCertificate.parse(authority.der))
    assert not certificate.is_issued_by(ParsedCertificate.parse(impostor.der))


def test_a_signature_by_a_broken_hash_is_weak(authority):
    assert ParsedCertificate.parse(authority.issue_signing().der).has_strong_signature
    assert not ParsedCertificate.parse(authority.issue_signing(algorithm=hashes.SHA224()).der).has_strong_signature


def test_keys_of_other_kinds_are_read_and_count_for_nothing(authority):
    for key in (ed25519.Ed25519PrivateKey.generate(), x448.X448PrivateKey.generate()):
        certificate = ParsedCertificate.parse(authority.issue_signing(key=key).der)
        assert certificate.public_key is None
        assert not certificate.has_strong_key


def test_a_key_that_cannot_be_used_at_all_is_read_as_none(authority):
    der = authority.issue_signing().der
    # The OID of P-256 (…3.1.7) becomes one that nobody knows (…3.1.99).
    curve = bytes.fromhex("06082a8648ce3d030107")
    unknown = der.replace(curve, bytes.fromhex("06082a8648ce3d030163"))
    assert unknown != der
    assert ParsedCertificate.parse(unknown).public_key is None


def test_an_unknown_signature_algorithm_is_read_as_weak(authority):
    der = authority.issue_signing().der
    with_sha256 = bytes.fromhex("06082a8648ce3d040302")
    unknown = der.replace(with_sha256, bytes.fromhex("06082a8648ce3d040363"))
    assert unknown != der
    assert not ParsedCertificate.parse(unknown).has_strong_signature
    assert not ParsedCertificate.parse(unknown).is_issued_by(ParsedCertificate.parse(authority.der))


def test_what_is_too_large_is_not_read(authority):
    big = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), bytes(MAX_DER_BYTES))
    with pytest.raises(Refused, match="too large"):
        ParsedCertificate.parse(authority.issue_signing(more=((big, False),)).der)


def test_a_certificate_object_is_read_like_its_bytes(authority):
    certificate = authority.issue_signing().certificate
    assert ParsedCertificate.of(certificate).der == certificate.public_bytes(Encoding.DER)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_is_refused_or_read(kit, data):
    der = bytearray(_sample(kit))
    position = data.draw(st.integers(0, len(der) - 1))
    der[position] ^= data.draw(st.integers(1, 255))
    try:
        ParsedCertificate.parse(bytes(der))
    except Refused as refused:
        assert refused.code == "incorrect_certificate"


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data):
    with pytest.raises(Refused):
        ParsedCertificate.parse(data)


def _sample(kit, made=[]):  # noqa: B006 - one certificate for all examples
    if not made:
        made.append(kit.authority().issue_signing().der)
    return made[0]
