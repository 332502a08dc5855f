"""Tokens made by hand: what is accepted, and that every fault is refused with its code and step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from ketnoi_trust import ber, timestamps
from ketnoi_trust import timestamp_tokens as parts
from ketnoi_trust.ber import encode
from ketnoi_trust.configuration import Configuration, TimestampAuthority
from ketnoi_trust.errors import Refused
from ketnoi_trust.timestamp_tokens import Token

from . import stamps

DATA = b"the value of a signature"
URL = "http://tsa.example"


@pytest.fixture(scope="module")
def issuer(kit: Any) -> Any:
    return kit.authority()


@pytest.fixture(scope="module")
def tsa(kit: Any, issuer: Any) -> Any:
    name, usages = kit.name_of(common_name="Sample TSA"), (ExtendedKeyUsageOID.TIME_STAMPING,)
    return issuer.issue(name, usage=("digital_signature",), extended=usages)


@pytest.fixture(scope="module")
def trusting(kit: Any, issuer: Any) -> Callable[..., Configuration]:
    def trust(*authorities: Any) -> Configuration:
        listed = tuple(TimestampAuthority("Sample TSA", URL, each.der) for each in authorities)
        configuration: Configuration = kit.configuration(kit.approve(issuer), timestamps=listed)
        return configuration

    return trust


def refusal(act: Callable[[], Any]) -> tuple[str, int | None]:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code, refused.value.step


@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
def test_a_token_of_an_approved_authority_counts(kit: Any, tsa: Any, trusting: Any, hash_name: str) -> None:
    token = stamps.token(tsa, DATA, kit.now, hash_name)
    for strict in (False, True):
        stamp = timestamps.verify(token, DATA, trusting(tsa), strict=strict)
        assert (stamp.gen_time, stamp.serial_number, stamp.certificate) == (kit.now, 77, tsa.der)


def test_an_rsa_authority_and_a_sha_1_commitment_count(kit: Any, issuer: Any, trusting: Any) -> None:
    key = rsa.generate_private_key(65537, 2048)
    tsa = issuer.issue(kit.name_of(common_name="Sample TSA"), key=key)
    old = encode(ber.SEQUENCE, encode(ber.SEQUENCE, encode(ber.SEQUENCE, encode(ber.OCTET_STRING, _sha1(tsa.der)))))
    faults = {"more_attributes": {parts.SIGNING_CERTIFICATE: old, parts.SIGNING_CERTIFICATE_V2: None}}
    token = stamps.token(tsa, DATA, kit.now, **faults)
    assert timestamps.verify(token, DATA, trusting(tsa)).gen_time == kit.now


def _sha1(data: bytes) -> bytes:
    return stamps.new_hash("sha1", data).digest()


def test_a_commitment_names_its_own_hash(kit: Any, tsa: Any, trusting: Any) -> None:
    named = encode(
        ber.SEQUENCE,
        stamps.algorithm(parts.SHA512),
        encode(ber.OCTET_STRING, stamps.new_hash("sha512", tsa.der).digest()),
    )
    more = {parts.SIGNING_CERTIFICATE_V2: encode(ber.SEQUENCE, encode(ber.SEQUENCE, named))}
    assert timestamps.verify(stamps.token(tsa, DATA, kit.now, more_attributes=more), DATA, trusting(tsa))


def test_the_right_one_of_several_authorities_is_found(kit: Any, issuer: Any, tsa: Any, trusting: Any) -> None:
    other = issuer.issue(kit.name_of(common_name="Other TSA"))
    token = stamps.token(tsa, DATA, kit.now)
    assert timestamps.verify(token, DATA, trusting(other, tsa)).certificate == tsa.der


@pytest.mark.parametrize(
    ("written", "microsecond"), [(b".5Z", 500_000), (b".123456789Z", 123_456), (b".000001Z", 1), (b"Z", 0)]
)
def test_fractions_of_a_second_are_read(kit: Any, tsa: Any, trusting: Any, written: bytes, microsecond: int) -> None:
    token = stamps.token(tsa, DATA, kit.now, gen_time=b"20260301080000" + written)
    assert timestamps.verify(token, DATA, trusting(tsa)).gen_time == kit.now.replace(microsecond=microsecond)


def test_step_2_other_data(kit: Any, tsa: Any, trusting: Any) -> None:
    token = stamps.token(tsa, DATA, kit.now)
    assert refusal(lambda: timestamps.verify(token, DATA + b"!", trusting(tsa))) == ("malformed_signature", 2)


def test_step_3_an_authority_that_nobody_approved(kit: Any, issuer: Any, tsa: Any, trusting: Any) -> None:
    token = stamps.token(tsa, DATA, kit.now)
    stranger = issuer.issue(kit.name_of(common_name="Sample TSA"), key=tsa.key)
    for approved in ((), (stranger,)):
        assert refusal(lambda known=approved: timestamps.verify(token, DATA, trusting(*known))) == (
            "timestamp_validation",
            3,
        )


def test_step_4_another_certificate_than_the_token_commits_to(kit: Any, issuer: Any, tsa: Any, trusting: Any) -> None:
    other = issuer.issue(kit.name_of(common_name="Other TSA"), key=tsa.key)
    broken = encode(ber.SEQUENCE)
    for faults in (
        {"committed": other},
        {"more_attributes": {parts.SIGNING_CERTIFICATE_V2: None}},
        {"more_attributes": {parts.SIGNING_CERTIFICATE_V2: broken}},
    ):
        token = stamps.token(tsa, DATA, kit.now, **faults)
        assert refusal(lambda token=token: timestamps.verify(token, DATA, trusting(tsa))) == ("timestamp_validation", 4)


@pytest.mark.parametrize("years", [-2, 2])
def test_step_4_a_certificate_not_valid_at_that_moment(kit: Any, tsa: Any, trusting: Any, years: int) -> None:
    token = stamps.token(tsa, DATA, kit.now + years * timedelta(days=365))
    assert refusal(lambda: timestamps.verify(token, DATA, trusting(tsa))) == ("timestamp_validation", 4)


def test_step_5_a_signature_by_another_key_or_over_something_else(kit: Any, tsa: Any, trusting: Any) -> None:
    rsa_key = rsa.generate_private_key(65537, 2048)
    for faults in (
        {"key": ec.generate_private_key(ec.SECP256R1())},
        {"key": rsa_key},
        {"more_attributes": {parts.CONTENT_TYPE: stamps.oid(parts.SIGNED_DATA)}},
        {"more_attributes": {parts.CONTENT_TYPE: None}},
        {"more_attributes": {parts.MESSAGE_DIGEST: None}},
        {"more_attributes": {parts.MESSAGE_DIGEST: encode(ber.OCTET_STRING, b"0" * 64)}},
        {"signature_oid": stamps.RSA},
    ):
        token = stamps.token(tsa, DATA, kit.now, **faults)
        assert refusal(lambda token=token: timestamps.verify(token, DATA, trusting(tsa))) == ("timestamp_validation", 5)


def test_step_5_the_content_is_not_the_signed_one(kit: Any, tsa: Any, trusting: Any) -> None:
    later = stamps.content_of(DATA, kit.now + timedelta(hours=1))
    token = stamps.token(tsa, DATA, kit.now, content=later)
    assert refusal(lambda: timestamps.verify(token, DATA, trusting(tsa))) == ("timestamp_validation", 5)


def test_step_5_a_key_of_a_kind_that_makes_no_such_signatures(kit: Any, issuer: Any, tsa: Any, trusting: Any) -> None:
    odd = issuer.issue(kit.name_of(common_name="Odd TSA"), key=ed25519.Ed25519PrivateKey.generate())
    token = stamps.token(odd, DATA, kit.now, key=tsa.key)
    assert refusal(lambda: timestamps.verify(token, DATA, trusting(odd))) == ("timestamp_validation", 5)


def test_step_6_strict_wants_a_strong_key_for_time_stamps_only(kit: Any, issuer: Any, trusting: Any) -> None:
    usages = (ExtendedKeyUsageOID.TIME_STAMPING,)
    name = kit.name_of(common_name="Sample TSA")
    weak_key = rsa.generate_private_key(65537, 1024)
    for tsa in (
        issuer.issue(name),
        issuer.issue(name, extended=(*usages, ExtendedKeyUsageOID.CLIENT_AUTH)),
        issuer.issue(name, extended=usages, key=weak_key),
    ):
        token, configuration = stamps.token(tsa, DATA, kit.now), trusting(tsa)
        assert timestamps.verify(token, DATA, configuration).gen_time == kit.now
        assert refusal(lambda token=token, known=configuration: timestamps.verify(token, DATA, known, strict=True)) == (
            "timestamp_validation",
            6,
        )


@pytest.mark.parametrize(
    "faults",
    [
        {"outer_type": parts.TST_INFO},
        {"inner_type": parts.SIGNED_DATA},
        {"signers": encode(ber.SEQUENCE)},
        {"signers": encode(ber.SET)},
        {"gen_time": b"20260301080000"},
        {"gen_time": b"20261301080000Z"},
        {"imprint_oid": parts.CONTENT_TYPE},
        {"signature_oid": stamps.ECDSA["sha256"]},
        {"signature_oid": parts.SHA512},
        {"appended_attribute": stamps.attribute(parts.CONTENT_TYPE, stamps.oid(parts.TST_INFO))},
        {"appended_attribute": stamps.attribute(parts.SHA512)},
        {"octets": encode(ber.SEQUENCE)},
        {"octets": encode(ber.OCTET_STRING, b"")},
    ],
    ids=lambda faults: next(iter(faults)),
)
def test_step_1_what_is_no_token_with_one_signer(kit: Any, tsa: Any, trusting: Any, faults: dict[str, Any]) -> None:
    token = stamps.token(tsa, DATA, kit.now, **faults)
    assert refusal(lambda: timestamps.verify(token, DATA, trusting(tsa))) == ("timestamp_validation", 1)


def test_step_1_a_token_that_is_too_large(tsa: Any, trusting: Any) -> None:
    token = bytes(parts.MAX_TOKEN_BYTES + 1)
    assert refusal(lambda: timestamps.verify(token, DATA, trusting(tsa))) == ("timestamp_validation", 1)


def test_any_changed_byte_is_refused_or_says_the_same(kit: Any, tsa: Any, trusting: Any) -> None:
    token, configuration = stamps.token(tsa, DATA, kit.now), trusting(tsa)
    expected = timestamps.verify(token, DATA, configuration)
    refused = 0
    for position in range(len(token)):
        for change in (0x01, 0x80):
            changed = bytearray(token)
            changed[position] ^= change
            try:
                assert timestamps.verify(bytes(changed), DATA, configuration) == expected
            except Refused:
                refused += 1
    assert refused > len(token)


def test_any_cut_is_refused(kit: Any, tsa: Any) -> None:
    token = stamps.token(tsa, DATA, kit.now)
    for length in range(len(token)):
        assert refusal(lambda length=length: Token.parse(token[:length])) == ("timestamp_validation", 1)


@given(st.binary(max_size=200))
def test_no_octets_raise_anything_but_a_refusal(data: bytes) -> None:
    for act in (Token.parse, timestamps.token_of):
        with pytest.raises(Refused):
            act(data)


def test_the_vectors_stamp_counts_and_its_damaged_twin_does_not(vectors: Path) -> None:
    shared = (vectors / "globalconf" / "globalconf_good_v6" / "EE" / "shared-params.xml").read_bytes()
    configuration = Configuration.from_shared_params(shared)
    folder = vectors / "timestamps"
    data = (folder / "stamped-data").read_bytes()
    # BER with indefinite lengths, SHA-256, and no certificate inside.
    stamp = timestamps.verify((folder / "valid").read_bytes(), data, configuration)
    assert stamp.gen_time.isoformat() == "2012-11-29T13:10:04+00:00"
    damaged = (folder / "invalid-signature").read_bytes()
    assert refusal(lambda: timestamps.verify(damaged, data, configuration)) == ("timestamp_validation", 5)
    # A key of 1,024 bits, as it was usual then.
    valid = (folder / "valid").read_bytes()
    assert refusal(lambda: timestamps.verify(valid, data, configuration, strict=True)) == ("timestamp_validation", 6)
