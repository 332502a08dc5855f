"""Keys: what they sign in the form of XML signatures, and what is refused."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_trust import keys
from ketnoi_trust.errors import Refused

DATA = b"<ds:SignedInfo></ds:SignedInfo>"
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
P521 = ec.generate_private_key(ec.SECP521R1())
RSA = rsa.generate_private_key(65537, 2048)
EVERY = [P256, P384, P521, RSA]

HASHES = {"sha1": hashes.SHA1(), "sha224": hashes.SHA224(), "sha256": hashes.SHA256()}
HASHES |= {"sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def value_of(algorithm, data=DATA):
    """A value by any of the methods, made by the library."""
    known = keys.ALGORITHMS[algorithm]
    if known.kind == "ec":
        r, s = decode_dss_signature(P256.sign(data, ec.ECDSA(known.hash)))
        return P256, r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if known.kind == "pss":
        return RSA, RSA.sign(data, padding.PSS(padding.MGF1(known.hash), known.hash.digest_size), known.hash)
    return RSA, RSA.sign(data, padding.PKCS1v15(), known.hash)


def refused(*arguments):
    with pytest.raises(Refused) as raised:
        keys.verify(*arguments)
    return raised.value.code


@pytest.mark.parametrize("key", EVERY)
def test_what_a_key_signs_it_also_takes(key):
    public = key.public_key()
    value = keys.sign(key, DATA)
    keys.verify(public, keys.algorithm_of(public), DATA, value)
    assert refused(public, keys.algorithm_of(public), DATA + b" ", value) == "invalid_signature_value"


def test_values_are_as_long_as_xml_signatures_have_them():
    assert [len(keys.sign(each, DATA)) for each in EVERY] == [64, 96, 132, 256]


def test_servers_sign_with_sha_512():
    assert keys.algorithm_of(P256.public_key()).endswith("#ecdsa-sha512")
    assert keys.algorithm_of(RSA.public_key()).endswith("#rsa-sha512")


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_each_method_is_read(algorithm):
    key, value = value_of(algorithm)
    keys.verify(key.public_key(), algorithm, DATA, value)
    broken = value[:-1] + bytes([value[-1] ^ 1])
    assert refused(key.public_key(), algorithm, DATA, broken) == "invalid_signature_value"
    others = [other for other in keys.ALGORITHMS if other != algorithm]
    assert all(refused(key.public_key(), each, DATA, value) for each in others)


def test_an_unknown_method_is_refused():
    assert refused(RSA.public_key(), "", DATA, b"") == "malformed_signature"
    hmac = "http://www.w3.org/2000/09/xmldsig#hmac-sha1"
    assert refused(RSA.public_key(), hmac, DATA, b"") == "malformed_signature"


@pytest.mark.parametrize(("key", "other"), [(P256, RSA), (RSA, P256)])
def test_the_method_is_of_the_keys_kind(key, other):
    method = keys.algorithm_of(other.public_key())
    assert refused(key.public_key(), method, DATA, keys.sign(key, DATA)) == "malformed_signature"


@pytest.mark.parametrize("value", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
def test_values_that_are_none_are_refused(value):
    assert refused(P256.public_key(), keys.ECDSA_SHA512, DATA, value) == "invalid_signature_value"
    assert refused(RSA.public_key(), keys.RSA_SHA512, DATA, value) == "invalid_signature_value"


def test_a_der_value_is_not_taken_for_a_raw_one():
    der = P256.sign(DATA, ec.ECDSA(hashes.SHA512()))
    assert refused(P256.public_key(), keys.ECDSA_SHA512, DATA, der) == "invalid_signature_value"


@given(st.binary(max_size=300))
def test_any_value_is_refused(value):
    for key in (P256, RSA):
        public = key.public_key()
        assert refused(public, keys.algorithm_of(public), DATA, value) == "invalid_signature_value"


@pytest.mark.parametrize("method", keys.DIGESTS)
def test_each_digest_method(method):
    made = hashes.Hash(HASHES[keys.DIGESTS[method]])
    made.update(DATA)
    assert keys.digest(method, DATA) == made.finalize()


def test_other_digest_methods_are_refused():
    for method in ("", "http://www.w3.org/2001/04/xmldsig-more#md5", "sha512"):
        with pytest.raises(Refused) as raised:
            keys.digest(method, DATA)
        assert raised.value.code == "malformed_signature"


def test_weak_methods_are_those_below_128_bits():
    strong = {name for name in (*keys.DIGESTS, *keys.ALGORITHMS) if name not in keys.WEAK}
    assert all("256" in name or "384" in name or "512" in name for name in strong)
    assert all("sha1" in name or "224" in name for name in keys.WEAK)
