"""The manifest of the signed directory: one signer, ten minutes, never backwards."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from ketnoi_protocol.directory import Manifest
from ketnoi_protocol.services import Environment
from ketnoi_trust.directory import CLOCK_SKEW, MAX_MANIFEST_BYTES, verify_manifest, write_manifest
from ketnoi_trust.errors import Refused

MINUTES = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def signer(kit):
    return kit.authority("Sample publisher").issue(kit.name_of(common_name="Directory of the population database"))


@pytest.fixture(scope="module")
def unsafe(kit):
    return kit.authority("Sample publisher").issue(kit.name_of(common_name="Unsafe directory"))


def manifest_of(kit, **changes):
    values = {
        "environment": Environment.TEST,
        "version": 7,
        "issued_at": kit.now,
        "expires_at": kit.now + 10 * MINUTES,
        "rehearsal": False,
        "organisations": "0" * 64,
        "grants": "1" * 64,
        "accounts": "2" * 64,
        "officer_buckets": {"0000": "3" * 64, "0001": "4" * 64},
    } | changes
    return Manifest(**values)


def refused(data, signer, at, seen=None):
    with pytest.raises(Refused) as found:
        verify_manifest(data, signer.der, at, seen)
    return found.value.code, found.value.step


def test_what_is_written_is_verified(kit, signer):
    manifest = manifest_of(kit)
    data = write_manifest(manifest, signer.key, signer.der)
    assert verify_manifest(data, signer.der, kit.now) == manifest
    assert verify_manifest(data, signer.der, kit.now, 7) == manifest


def test_it_is_a_compact_jws_that_names_its_signer(kit, signer):
    header, payload, signature = write_manifest(manifest_of(kit), signer.key, signer.der).split(b".")
    read = json.loads(decoded(header))
    assert read["alg"] == "ES256"
    assert decoded(read["x5t#S256"].encode()) == signer.certificate.fingerprint(hashes.SHA256())
    assert json.loads(decoded(payload))["version"] == 7
    assert len(decoded(signature)) == 64


def decoded(segment):
    return urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))


def encoded(data):
    return urlsafe_b64encode(data).rstrip(b"=")


def by_hand(signer, payload, header=None):
    """A JWS over anything."""
    own = write_header(signer) if header is None else encoded(header)
    signed = own + b"." + encoded(payload)
    r, s = decode_dss_signature(signer.key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return signed + b"." + encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def write_header(signer):
    thumbprint = encoded(signer.certificate.fingerprint(hashes.SHA256())).decode()
    return encoded(f'{{"alg":"ES256","typ":"ketnoi-directory+jws","x5t#S256":"{thumbprint}"}}'.encode())


def test_the_hand_of_these_tests_is_accepted(kit, signer):
    payload = msgspec.json.encode(manifest_of(kit))
    assert verify_manifest(by_hand(signer, payload), signer.der, kit.now).version == 7


@pytest.mark.parametrize(
    "data", [b"", b"a.b", b"a.b.c.d", b"a..c", b"a.b.c=", b"a.b.\xff", b"a" * (MAX_MANIFEST_BYTES + 1)]
)
def test_what_is_no_jws_is_refused(kit, signer, data):
    assert refused(data, signer, kit.now) == ("malformed_directory", 1)


def test_another_signer_is_refused(kit, signer):
    other = kit.authority("Sample publisher").issue(kit.name_of(common_name="Directory"))
    data = write_manifest(manifest_of(kit), other.key, other.der)
    assert refused(data, signer, kit.now) == ("invalid_signature_value", 2)


@pytest.mark.parametrize("header", [b'{"alg":"none"}', b'{"alg":"HS256"}', b"{}", b"\xff"])
def test_the_sender_does_not_choose_the_algorithm(kit, signer, header):
    data = by_hand(signer, msgspec.json.encode(manifest_of(kit)), header)
    assert refused(data, signer, kit.now) == ("invalid_signature_value", 2)


def test_a_signature_by_another_key_is_refused(kit, signer):
    impostor = type(signer)(signer.certificate, ec.generate_private_key(ec.SECP256R1()))
    data = by_hand(impostor, msgspec.json.encode(manifest_of(kit)))
    assert refused(data, signer, kit.now) == ("invalid_signature_value", 3)


def test_a_signature_of_another_length_or_curve_is_refused(kit, signer):
    data = write_manifest(manifest_of(kit), signer.key, signer.der)
    short = b".".join([*data.split(b".")[:2], encoded(bytes(63))])
    assert refused(short, signer, kit.now) == ("invalid_signature_value", 3)
    other = kit.authority().issue(kit.name_of(common_name="Directory"), key=ec.generate_private_key(ec.SECP384R1()))
    assert refused(write_header(other) + data[data.index(b".") :], other, kit.now) == ("invalid_signature_value", 3)


def test_a_segment_has_one_spelling_only(kit, signer):
    data = write_manifest(manifest_of(kit), signer.key, signer.der)
    assert refused(data[:-1] + b"_", signer, kit.now)[0] == "malformed_directory"
    assert refused(data + b"A", signer, kit.now)[0] in {"malformed_directory", "invalid_signature_value"}
    assert refused(data + b"AAA", signer, kit.now)[0] == "malformed_directory"


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"version":"7"}'])
def test_what_is_no_manifest_is_refused_though_signed(kit, signer, payload):
    if payload:
        assert refused(by_hand(signer, payload), signer, kit.now) == ("malformed_directory", 4)
    else:
        assert refused(by_hand(signer, payload), signer, kit.now) == ("malformed_directory", 1)


def test_a_moment_without_a_zone_is_refused(kit, signer):
    payload = msgspec.json.encode(manifest_of(kit, issued_at=kit.now.replace(tzinfo=None)))
    assert refused(by_hand(signer, payload), signer, kit.now) == ("malformed_directory", 4)
    payload = msgspec.json.encode(manifest_of(kit, expires_at=kit.now.replace(tzinfo=None)))
    assert refused(by_hand(signer, payload), signer, kit.now) == ("malformed_directory", 4)


@pytest.mark.parametrize("lasts", [timedelta(0), -SECOND, 10 * MINUTES + SECOND])
def test_nobody_signs_or_believes_more_than_ten_minutes(kit, signer, lasts):
    manifest = manifest_of(kit, expires_at=kit.now + lasts)
    with pytest.raises(Refused):
        write_manifest(manifest, signer.key, signer.der)
    assert refused(by_hand(signer, msgspec.json.encode(manifest)), signer, kit.now) == ("malformed_directory", 4)


@pytest.mark.parametrize("rehearsal", [True, False])
def test_the_mark_of_a_rehearsal_agrees_with_the_signers_name(kit, signer, unsafe, rehearsal):
    manifest = manifest_of(kit, rehearsal=rehearsal)
    right, wrong = (unsafe, signer) if rehearsal else (signer, unsafe)
    assert verify_manifest(write_manifest(manifest, right.key, right.der), right.der, kit.now).rehearsal is rehearsal
    with pytest.raises(Refused):
        write_manifest(manifest, wrong.key, wrong.der)
    assert refused(by_hand(wrong, msgspec.json.encode(manifest)), wrong, kit.now) == ("malformed_directory", 4)


def test_a_nameless_signer_is_not_unsafe(kit):
    nameless = kit.authority().issue(kit.name_of(country_name="VN"))
    data = write_manifest(manifest_of(kit), nameless.key, nameless.der)
    assert not verify_manifest(data, nameless.der, kit.now).rehearsal


def test_it_holds_to_the_second(kit, signer):
    data = write_manifest(manifest_of(kit), signer.key, signer.der)
    for at in (kit.now - CLOCK_SKEW, kit.now + 10 * MINUTES):
        assert verify_manifest(data, signer.der, at)
    for at in (kit.now - CLOCK_SKEW - SECOND, kit.now + 10 * MINUTES + SECOND):
        assert refused(data, signer, at) == ("directory_outdated", 5)


def test_it_never_goes_back(kit, signer):
    data = write_manifest(manifest_of(kit), signer.key, signer.der)
    assert refused(data, signer, kit.now, 8) == ("directory_outdated", 5)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_is_refused(kit, signer, data):
    changed = bytearray(write_manifest(manifest_of(kit), signer.key, signer.der))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Refused):
        verify_manifest(bytes(changed), signer.der, kit.now)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(kit, signer, data):
    with pytest.raises(Refused):
        verify_manifest(data, signer.der, kit.now)
