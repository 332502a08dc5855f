"""What a certificate is for: signing and authentication are never confused."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from ketnoi_trust.certificates import ParsedCertificate, check_authentication_usage, check_signing_usage
from ketnoi_trust.errors import Refused


@pytest.fixture(scope="module")
def issued(kit):
    authority = kit.authority()
    return lambda **options: ParsedCertificate.parse(authority.issue_signing(**options).der)


def test_non_repudiation_signs(issued):
    check_signing_usage(issued(usage=("content_commitment",)))
    check_signing_usage(issued(usage=("content_commitment", "digital_signature")))


@pytest.mark.parametrize("usage", ["digital_signature", "key_encipherment", "data_encipherment"])
def test_the_usages_of_tls_authenticate_and_do_not_sign(issued, usage):
    certificate = issued(usage=(usage,))
    check_authentication_usage(certificate)
    with pytest.raises(Refused, match="not for signing"):
        check_signing_usage(certificate)


def test_client_authentication_as_extended_usage_is_enough(issued):
    check_authentication_usage(issued(usage=None, extended=(ExtendedKeyUsageOID.CLIENT_AUTH,)))


def test_a_signing_certificate_does_not_authenticate(issued):
    with pytest.raises(Refused, match="not for authentication") as refused:
        check_authentication_usage(issued(extended=(ExtendedKeyUsageOID.CODE_SIGNING,)))
    assert refused.value.code == "incorrect_certificate"


@pytest.mark.parametrize("check", [check_signing_usage, check_authentication_usage])
def test_a_certificate_without_any_usage_is_for_nothing(issued, check):
    with pytest.raises(Refused):
        check(issued(usage=None))


@pytest.mark.parametrize("check", [check_signing_usage, check_authentication_usage])
@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"authority": True}, "authority"),
        ({"key": rsa.generate_private_key(65537, 1024)}, "too short"),
        ({"key": ec.generate_private_key(ec.SECP224R1())}, "too short"),
        ({"key": ed25519.Ed25519PrivateKey.generate()}, "unknown kind"),
        ({"more": ((x509.InhibitAnyPolicy(0), True),)}, "insists"),
    ],
)
def test_authorities_weak_keys_and_unknown_demands_are_for_nothing(issued, check, options, why):
    certificate = issued(usage=("content_commitment", "digital_signature"), **options)
    with pytest.raises(Refused, match=why):
        check(certificate)


def test_rsa_of_2048_bits_and_every_nist_curve_from_256_are_strong_enough(issued):
    check_signing_usage(issued(key=rsa.generate_private_key(65537, 2048)))
    check_signing_usage(issued(key=ec.generate_private_key(ec.SECP384R1())))


def test_what_is_critical_and_known_is_no_obstacle(issued):
    check_signing_usage(issued(more=((x509.SubjectAlternativeName([x509.DNSName("ss01.example")]), True),)))
