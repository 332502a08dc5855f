"""The signed directory: bytes as received, a signer of the anchor, and nothing older than what was seen."""

from __future__ import annotations

import subprocess
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha384, sha512

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from ketnoi_trust.configuration import DirectoryContent, SignedDirectory
from ketnoi_trust.configuration.signed_directory import MAX_MESSAGE_BYTES
from ketnoi_trust.errors import Refused

MINUTES = timedelta(minutes=1)
DIGEST = b64encode(sha512(b"file").digest()).decode()
ENC, MORE = "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2001/04/xmldsig-more#"


@pytest.fixture(scope="module")
def rsa_signer(kit):
    return kit.authority().issue_signing(key=rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def ec_signer(kit):
    return kit.authority().issue_signing()


@pytest.fixture(scope="module")
def contents(kit):
    shared = kit.params(kit.approve(kit.authority())).write(6)
    return [
        DirectoryContent("SHARED-PARAMETERS", "/V6/20260301/shared-params.xml", shared),
        DirectoryContent("MONITORING", "/V6/20260301/monitoring-params.xml", b"monitoring"),
    ]


@pytest.fixture(scope="module")
def directory(kit, contents, ec_signer):
    return SignedDirectory.write(kit.instance, contents, ec_signer.key, ec_signer.der, kit.now + 10 * MINUTES, 6)


def refused(data, certificates, at, **options):
    with pytest.raises(Refused) as found:
        SignedDirectory.verify(data, certificates, at, **options)
    return found.value.code


@pytest.mark.parametrize("version", [2, 3, 6])
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_what_is_written_is_verified(kit, contents, rsa_signer, ec_signer, version, kind):
    signer = rsa_signer if kind == "rsa" else ec_signer
    expires = kit.now + 10 * MINUTES
    data = SignedDirectory.write(kit.instance, contents, signer.key, signer.der, expires, version)
    listing = SignedDirectory.verify(data, [kit.authority().der, signer.der], kit.now, instance=kit.instance)
    assert (listing.instance, listing.version, listing.expires_at) == (kit.instance, version, expires)
    assert listing.signer == signer.der
    assert not listing.rehearsal
    assert [(p.content_identifier, p.location, p.file_name) for p in listing.parts] == [
        ("SHARED-PARAMETERS", "/V6/20260301/shared-params.xml", "shared-params.xml"),
        ("MONITORING", "/V6/20260301/monitoring-params.xml", "monitoring-params.xml"),
    ]
    for part, content in zip(listing.parts, contents, strict=True):
        part.check(content.data)
        with pytest.raises(Refused):
            part.check(content.data + b" ")
    assert listing.part("PRIVATE-PARAMETERS") is None


def test_metadata_are_those_that_x_road_stores(kit, directory, ec_signer):
    listing = SignedDirectory.verify(directory, [ec_signer.der], kit.now)
    assert listing.metadata(listing.parts[0]) == {
        "contentIdentifier": "SHARED-PARAMETERS",
        "instanceIdentifier": kit.instance,
        "expirationDate": "2026-03-01T08:10:00Z",
        "contentFileName": "shared-params.xml",
        "contentLocation": "/V6/20260301/shared-params.xml",
        "configurationVersion": "6",
    }


def test_the_layout_is_that_of_a_central_server(kit, directory):
    head, signed = directory.split(b"\r\n\r\n", 1)
    assert head.startswith(b"Content-Type: multipart/related; charset=UTF-8; boundary=")
    assert b"\n" not in directory.replace(b"\r\n", b"")
    for line in (
        b"Expire-date: 2026-03-01T08:10:00Z\r\nVersion: 6\r\n\r\n",
        b"Content-type: application/octet-stream\r\nContent-transfer-encoding: base64\r\n"
        b"Content-identifier: SHARED-PARAMETERS; instance='XX-TEST'\r\n",
        b"Hash-algorithm-id: http://www.w3.org/2001/04/xmlenc#sha512\r\n\r\n",
        b"Signature-Algorithm-Id: http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512\r\n",
    ):
        assert line in signed


def signed_bytes(data):
    """Part 1's body: from the inner delimiter to the line break that belongs to the outer one."""
    outer = b"--" + data.split(b"boundary=", 1)[1].split(b"\r\n", 1)[0]
    part = data.split(outer + b"\r\n", 2)[1]
    return part.split(b"\r\n\r\n", 1)[1][: -len(b"\r\n")], data.split(outer)[2].split(b"\r\n\r\n", 1)[1].strip()


def test_openssl_verifies_the_signature(directory, rsa_signer, ec_signer, contents, kit, tmp_path):
    by_rsa = SignedDirectory.write(kit.instance, contents, rsa_signer.key, rsa_signer.der, kit.now, 3)
    for data, signer in ((directory, ec_signer), (by_rsa, rsa_signer)):
        signed, signature = signed_bytes(data)
        (tmp_path / "data").write_bytes(signed)
        (tmp_path / "signature").write_bytes(b64decode(signature))
        (tmp_path / "key").write_bytes(
            signer.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        command = ["openssl", "dgst", "-sha512", "-verify", "key", "-signature", "signature", "data"]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True).stdout == b"Verified OK\n"


def test_the_listed_digest_is_that_of_the_file(directory, contents):
    assert b64encode(sha512(contents[0].data).digest()) in directory


def test_an_instance_with_an_apostrophe_is_quoted_the_other_way(kit, ec_signer):
    content = [DirectoryContent("MONITORING", "/m.xml", b"")]
    data = SignedDirectory.write("IT'S", content, ec_signer.key, ec_signer.der, kit.now, 6)
    assert b'instance="IT\'S"' in data
    assert SignedDirectory.verify(data, [ec_signer.der], kit.now).instance == "IT'S"


def test_what_cannot_stand_in_a_header_is_not_written(kit, ec_signer):
    for identifier, location in (("A\r\nB", "/a"), ("A", "/a\r\nExpire-date: x"), ("", "/a"), ("A", "")):
        content = [DirectoryContent(identifier, location, b"")]
        with pytest.raises(Refused):
            SignedDirectory.write(kit.instance, content, ec_signer.key, ec_signer.der, kit.now, 6)
    with pytest.raises(Refused, match="2, 3 or 6"):
        SignedDirectory.write(kit.instance, [], ec_signer.key, ec_signer.der, kit.now, 5)


def test_a_signer_whom_the_anchor_does_not_name_is_refused(kit, directory, rsa_signer):
    assert refused(directory, [rsa_signer.der], kit.now) == "invalid_signature_value"
    assert refused(directory, [], kit.now) == "invalid_signature_value"


def test_another_instance_is_refused(kit, directory, ec_signer):
    assert refused(directory, [ec_signer.der], kit.now, instance="YY") == "malformed_global_conf"


def test_an_expired_directory_is_refused_to_the_second(kit, directory, ec_signer):
    expires = kit.now + 10 * MINUTES
    assert SignedDirectory.verify(directory, [ec_signer.der], expires)
    late = expires + timedelta(seconds=1)
    assert refused(directory, [ec_signer.der], late) == "global_conf_outdated"


def test_a_directory_older_than_one_seen_is_refused(kit, directory, ec_signer):
    expires = kit.now + 10 * MINUTES
    assert SignedDirectory.verify(directory, [ec_signer.der], kit.now, newest_seen=expires)
    later = expires + timedelta(seconds=1)
    assert refused(directory, [ec_signer.der], kit.now, newest_seen=later) == "global_conf_outdated"


def test_what_is_too_large_is_refused(kit, directory, ec_signer):
    assert refused(directory + bytes(MAX_MESSAGE_BYTES), [ec_signer.der], kit.now) == "malformed_global_conf"


def by_hand(signer, *, header="Expire-date: 2026-03-01T08:10:00Z\nVersion: 6\n", parts=None, algorithm="ecdsa-sha256",
            hash_name=ENC + "sha256", hashed=None, sign=None, end="", inner_type="multipart/mixed; boundary=in",
            more="", newline="\n"):  # fmt: skip
    """A directory in the way of the older versions: LF, inner delimiter not closed, every word replaceable."""
    if parts is None:
        parts = [part()]
    signed = "--in\n" + header + "".join(f"\n--in\n{each}" for each in parts) + end
    signed = signed.replace("\n", newline).encode()
    key = signer.key
    value = sign(signed) if sign else key.sign(signed, ec.ECDSA(hashes.SHA256()))
    hashed = hashed or b64encode(sha256(signer.der).digest()).decode()
    text = (
        "Content-Type: multipart/related;boundary=out\n\n--out\n"
        f"Content-Type: {inner_type}\n\n@SIGNED@\n--out\n"
        f"Signature-algorithm-id: {algorithm if ':' in algorithm else MORE + algorithm}\n"
        f'Verification-certificate-hash: {hashed}; hash-algorithm-id="{hash_name}"\n\n'
        f"{b64encode(value).decode()}\n{more}--out--\n"
    )
    return text.replace("\n", newline).encode().replace(b"@SIGNED@", signed)


def part(
    *, identifier='SHARED-PARAMETERS; instance="EE"', location="/shared-params.xml", encoding="base64",
    algorithm=ENC + "sha512", digest=DIGEST,
):  # fmt: skip
    return (
        f"Content-transfer-encoding: {encoding}\nContent-identifier: {identifier}\n"
        f"Content-location: {location}\nHash-algorithm-id: {algorithm}\n\n{digest}"
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_breaks_of_both_kinds_are_kept_as_they_are(kit, ec_signer, newline):
    listing = SignedDirectory.verify(by_hand(ec_signer, newline=newline), [ec_signer.der], kit.now)
    listing.parts[0].check(b"file")


def test_a_changed_line_break_breaks_the_signature(kit, ec_signer):
    data = by_hand(ec_signer)
    assert refused(data.replace(b"\n", b"\r\n"), [ec_signer.der], kit.now) == "invalid_signature_value"


@pytest.mark.parametrize("quoted", ["'EE'", '"EE"', "EE"])
def test_the_instance_is_read_in_either_quotation(kit, ec_signer, quoted):
    data = by_hand(ec_signer, parts=[part(identifier=f"SHARED-PARAMETERS; instance={quoted}")])
    assert SignedDirectory.verify(data, [ec_signer.der], kit.now).instance == "EE"


def test_the_inner_parts_may_be_closed_or_not(kit, ec_signer):
    for end in ("", "\n--in--", "\n--in--\n", "\n--in--\n\n"):
        assert SignedDirectory.verify(by_hand(ec_signer, end=end), [ec_signer.der], kit.now)


def test_a_directory_that_does_not_say_its_version_is_version_2(kit, ec_signer):
    data = by_hand(ec_signer, header="Expire-date: 2026-03-01T08:10:00Z\n\n")
    assert SignedDirectory.verify(data, [ec_signer.der], kit.now).version == 2


@pytest.mark.parametrize("size", [256, 384, 512])
def test_signatures_of_every_kind_are_verified(kit, rsa_signer, ec_signer, size):
    algorithm = getattr(hashes, f"SHA{size}")()
    pss = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
    for signer, name, sign in (
        (ec_signer, f"ecdsa-sha{size}", lambda data: ec_signer.key.sign(data, ec.ECDSA(algorithm))),
        (rsa_signer, f"rsa-sha{size}", lambda data: rsa_signer.key.sign(data, padding.PKCS1v15(), algorithm)),
        (
            rsa_signer,
            f"http://www.w3.org/2007/05/xmldsig-more#sha{size}-rsa-MGF1",
            lambda data: rsa_signer.key.sign(data, pss, algorithm),
        ),
    ):
        assert SignedDirectory.verify(by_hand(signer, algorithm=name, sign=sign), [signer.der], kit.now)


@pytest.mark.parametrize("name", ["rsa-sha1", "rsa-sha256", "ecdsa-sha512", "http://example.org/none", "ecdsa-sha224"])
def test_an_algorithm_that_is_not_the_signatures_is_refused(kit, ec_signer, name):
    assert refused(by_hand(ec_signer, algorithm=name), [ec_signer.der], kit.now) == "invalid_signature_value"


def test_an_rsa_key_with_an_ecdsa_name_is_refused(kit, rsa_signer):
    sign = lambda data: rsa_signer.key.sign(data, padding.PKCS1v15(), hashes.SHA256())  # noqa: E731
    for name in ("ecdsa-sha256", "rsa-sha512"):
        assert refused(by_hand(rsa_signer, algorithm=name, sign=sign), [rsa_signer.der], kit.now) == (
            "invalid_signature_value"
        )


def test_a_signer_with_a_key_of_another_kind_is_refused(kit):
    key = ed25519.Ed25519PrivateKey.generate()
    odd = kit.authority().issue_signing(key=key)
    assert refused(by_hand(odd, sign=key.sign), [odd.der], kit.now) == "invalid_signature_value"


def test_a_signer_that_is_no_certificate_is_refused(kit, ec_signer):
    hashed = b64encode(sha256(b"bar").digest()).decode()
    assert refused(by_hand(ec_signer, hashed=hashed), [b"bar"], kit.now) == "incorrect_certificate"


def test_the_signer_may_be_named_by_other_hashes(kit, ec_signer):
    hashed = b64encode(sha384(ec_signer.der).digest()).decode()
    data = by_hand(ec_signer, hashed=hashed, hash_name=MORE + "sha384")
    assert SignedDirectory.verify(data, [ec_signer.der], kit.now)
    with_sha1 = by_hand(ec_signer, hash_name="http://www.w3.org/2000/09/xmldsig#sha1")
    assert refused(with_sha1, [ec_signer.der], kit.now) == "malformed_global_conf"


@pytest.mark.parametrize(
    "options",
    [
        {"header": "Version: 6\n"},
        {"header": "Expire-date: soon\nVersion: 6\n"},
        {"header": "Expire-date: 2026-03-01T08:10:00Z\nVersion: 7\n"},
        {"header": "Expire-date: 2026-03-01T08:10:00Z\nVersion: 1\n"},
        {"header": "Expire-date: 2026-03-01T08:10:00Z\nExpire-date: 2036-03-01T08:10:00Z\n"},
        {"header": "Expire-date 2026\n"},
        {"header": "".join(f"A{number}: b\n" for number in range(40))},
        {"parts": []},
        {"parts": [part(), part()]},
        {"parts": [part(), part(identifier="FOO; instance='FF'", location="/foo.xml")]},
        {"parts": [part(), part(identifier="FOO; instance='EE'", location="/x/shared-params.xml")]},
        {"parts": [part(), part(identifier="FOO; instance='EE'", location="/..")]},
        {"parts": [part(), part(identifier="FOO; instance='EE'", location="/x/")]},
        {"parts": [part(identifier="a/b; instance='EE'")]},
        {"parts": [part(identifier="FOO")]},
        {"parts": [part(identifier="FOO; instance=''")]},
        {"parts": [part(identifier="FOO; instance='EE'; instance='FF'")]},
        {"parts": [part(identifier="FOO; instance='EE")]},
        {"parts": [part(encoding="binary")]},
        {"parts": [part(algorithm="http://www.w3.org/2000/09/xmldsig#sha1")]},
        {"parts": [part(digest="AAAA")]},
        {"parts": [part(digest="?")]},
        {"parts": [part() for _ in range(70)]},
        {"inner_type": "multipart/mixed"},
        {"inner_type": "multipart/mixed; boundary="},
        {"inner_type": "multipart/mixed; boundary=other"},
        {"inner_type": "text/plain; boundary=in"},
        {"more": "--out\n\n"},
        {"end": "\n--in--\nmore"},
        {"end": "\n--in--\n--in"},
    ],
)
def test_what_cannot_be_understood_is_refused_though_signed(kit, ec_signer, options):
    assert refused(by_hand(ec_signer, **options), [ec_signer.der], kit.now) == "malformed_global_conf"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"--out--\n", b""),
        (b"--out--\n", b"--out--\nmore"),
        (b"\n\n--out\n", b"\n\nmore\n--out\n"),
        (b"multipart/related", b"multipart/mixed"),
        (b"Signature-algorithm-id", b"Signature"),
        (b"Verification-certificate-hash", b"Verification"),
        (b"hash-algorithm-id", b"hash"),
    ],
)
def test_a_broken_envelope_is_refused(kit, ec_signer, old, new):
    data = by_hand(ec_signer)
    assert old in data
    assert refused(data.replace(old, new, 1), [ec_signer.der], kit.now) == "malformed_global_conf"


def test_the_file_names_of_x_road_are_found_in_its_own_vectors(vectors):
    """Verdicts on X-Road's own files, judged while they were valid."""
    folder = vectors / "globalconf"
    signer = x509.load_pem_x509_certificate((folder / "test-conf-signer.pem").read_bytes()).public_bytes(Encoding.DER)
    at = datetime(2026, 5, 20, 17, 42, 55, tzinfo=UTC)
    for name in ("simple", "detached"):
        listing = SignedDirectory.verify((folder / f"test-conf-{name}.txt").read_bytes(), [signer], at, instance="EE")
        assert (listing.version, listing.expires_at) == (2, at)
        for each in listing.parts:
            each.check((folder / f"test-conf-{name}" / "EE" / each.file_name).read_bytes())
    verdicts = {
        name: refused((folder / f"test-conf-{name}.txt").read_bytes(), [signer], datetime(2014, 1, 1, tzinfo=UTC))
        for name in ("invalid-signature", "missing-signature", "missing-date", "malformed")
    }
    assert verdicts == {
        "invalid-signature": "invalid_signature_value",
        "missing-signature": "invalid_signature_value",
        "missing-date": "malformed_global_conf",
        "malformed": "malformed_global_conf",
    }


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_is_refused_or_lists_the_same(kit, directory, ec_signer, data):
    before = SignedDirectory.verify(directory, [ec_signer.der], kit.now)
    changed = bytearray(directory)
    changed[data.draw(st.integers(0, len(directory) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        assert SignedDirectory.verify(bytes(changed), [ec_signer.der], kit.now) == before
    except Refused:
        pass


@given(st.binary(max_size=500))
def test_any_bytes_are_refused(kit, ec_signer, data):
    for each in (data, b"Content-Type: multipart/related; boundary=x\n\n--x\n" + data + b"\n--x--"):
        with pytest.raises(Refused):
            SignedDirectory.verify(each, [ec_signer.der], kit.now)
