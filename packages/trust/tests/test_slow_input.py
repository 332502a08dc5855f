"""Input that is made to cost much: judged within two seconds of CPU, and refused unless it is true."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_trust import certificates, ocsp
from ketnoi_trust.configuration import (
    Anchor,
    Configuration,
    DirectoryContent,
    PrivateParams,
    SharedParams,
    SignedDirectory,
)
from ketnoi_trust.configuration.store import MAX_CERTIFICATES
from ketnoi_trust.configuration.values import MAX_TAGS
from ketnoi_trust.directory import read_bucket, verify_manifest
from ketnoi_trust.errors import Refused
from ketnoi_trust.parsed_certificate import ParsedCertificate

from .cpu import in_time

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
HEAD = b'<x:conf xmlns:x="http://x-road.eu/xsd/xroad.xsd"><instanceIdentifier>XX-TEST</instanceIdentifier>'
END = b"<globalSettings><ocspFreshnessSeconds>1</ocspFreshnessSeconds></globalSettings></x:conf>"
MIB = 1024 * 1024


def parameters(inside: bytes) -> bytes:
    return HEAD + inside + END


def member(code: bytes, inside: bytes = b"", class_code: bytes = b"GOV") -> bytes:
    head = b'<member id="m"><memberClass><code>' + class_code + b"</code><description/></memberClass>"
    return head + b"<memberCode>" + code + b"</memberCode><name/>" + inside + b"</member>"


def authority(certificate: bytes, more: bytes = b"") -> bytes:
    top = b"<topCA><cert>" + certificate + b"</cert></topCA>"
    return b"<approvedCA><name/>" + top + more + b"<certificateProfileInfo/></approvedCA>"


PEM = b64encode(b"-----BEGIN CERTIFICATE-----" * 270_000)
SUBSYSTEM = b"<subsystem><subsystemCode>/</subsystemCode></subsystem>"
SLOW = {
    "as many tags as may be": b"<a/>" * (MAX_TAGS - 20),
    "too many tags": b"<a/>" * MAX_TAGS,
    "attributes": b"<a " + b" ".join(b'a%d=""' % number for number in range(400_000)) + b"/>",
    "one attribute": b'<a b="' + b"x" * 60 * MIB + b'"/>',
    "a name": b"<" + b"a" * 60 * MIB + b"/>",
    "references to letters": b"<a>" + b"&#65;" * 12_000_000 + b"</a>",
    "comments": b"<!---->" * (MAX_TAGS - 20),
    "instructions": b"<?a?>" * (MAX_TAGS - 20),
    "a certificate of letters": authority(b"A" * 9_900_000),
    "a certificate of beginnings": authority(PEM),
    "a long code": member(b"/" * 9_900_000),
    "a long code many times": member(b"/" * 9_900_000, SUBSYSTEM * 90_000),
    "a long class many times": member(b"1", SUBSYSTEM * 90_000, b"/" * 9_900_000),
    "hashes": member(b"1")
    + b"<securityServer><owner>m</owner><serverCode>1</serverCode>"
    + b"<authCertHash>AAAAAAAAAAAAAAAAAAAAAAAAAAA=</authCertHash>" * 190_000
    + b"</securityServer>",
    "namespaces": b"<a " + b" ".join(b'xmlns:a%d="u%d"' % (n, n) for n in range(100_000)) + b"/>",
    "nested namespaces": b"".join(b'<a xmlns:a%d="u">' % n for n in range(200)) + b"<b/>" * 300_000 + b"</a>" * 200,
}


@pytest.mark.parametrize("name", SLOW)
def test_a_configuration_takes_no_longer_than_two_seconds(name: str) -> None:
    data = parameters(SLOW[name])
    with in_time():
        try:
            Configuration.from_shared_params(data)
        except Refused as refused:
            assert refused.code in {"malformed_global_conf", "incorrect_certificate"}
    for read in (PrivateParams.read, Anchor.parse):
        with in_time(), pytest.raises(Refused):
            read(data)


def test_a_configuration_of_ten_thousand_servers_is_read_in_time() -> None:
    one = (
        b'<member id="m%d"><memberClass><code>GOV</code><description>Government</description></memberClass>'
        b'<memberCode>H%d</memberCode><name>T</name><subsystem id="s%d"><subsystemCode>A</subsystemCode></subsystem>'
        b"</member><securityServer><owner>m%d</owner><serverCode>SS</serverCode><address>a</address>"
        b"<authCertHash>%b</authCertHash><client>s%d</client></securityServer>"
    )
    hashes = [b64encode(number.to_bytes(32, "big")) for number in range(10_000)]
    data = parameters(b"".join(one % (n, n, n, n, hashes[n], n) for n in range(10_000)))
    with in_time():
        assert len(Configuration.from_shared_params(data).servers) == 10_000


def test_a_configuration_names_so_many_certificates_and_no_more(kit: Any) -> None:
    certificate = b64encode(kit.authority().der)
    each = b"<intermediateCA><cert>" + certificate + b"</cert></intermediateCA>"
    most = parameters(authority(certificate, each * (MAX_CERTIFICATES - 1)))
    with in_time():
        assert len(Configuration.from_shared_params(most).known_authorities) == MAX_CERTIFICATES
    for more in (
        authority(certificate, each * MAX_CERTIFICATES),
        authority(certificate, each * (MAX_CERTIFICATES - 1)) + authority(certificate),
        b"<source><address/>" + b"<internalVerificationCert>QQ==</internalVerificationCert>" * 2001 + b"</source>",
    ):
        with in_time(), pytest.raises(Refused, match="too many certificates"):
            Configuration.from_shared_params(parameters(more))


def test_names_that_nobody_can_have_are_told_in_part() -> None:
    told = SharedParams.read(parameters(SLOW["a long code many times"])).unaddressable
    assert len(told) == 90_001
    assert max(map(len, told)) < 600


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: " + b" " * 900_000 + b"x",
        b"Content-Type: multipart/related; boundary=" + b" " * 900_000 + b"x",
        b"Content-Type: multipart/related;" + b" a" * 400_000,
        b"Content-Type: multipart/related" + b';a="' * 200_000,
        b"Content-Type: multipart/related; boundary=a\r\n\r\n" + b"\r\n--a" * 200_000,
        b"Content-Type: multipart/related; boundary=a\r\n\r\n" + b"\r\n--a " + b" " * 900_000 + b"x",
        b"Content-Type: multipart/related; boundary=a\r\n\r\n" + b"\r\n--" * 200_000,
        b"a:\r\n" * 200_000,
        b":" * MIB,
    ],
    ids=range(9),
)
def test_a_signed_directory_takes_no_longer(header: bytes) -> None:
    with in_time(), pytest.raises(Refused) as refused:
        SignedDirectory.verify(header, [], AT)
    assert refused.value.step == 1


def test_a_directory_with_many_parts_takes_no_longer(kit: Any) -> None:
    publisher = kit.authority()
    contents = [DirectoryContent(f"PART{number}", f"/V6/{number}", b"") for number in range(62)]
    data = SignedDirectory.write(kit.instance, contents, publisher.key, publisher.der, kit.now, 6)
    with in_time():
        assert len(SignedDirectory.verify(data, [publisher.der] * 100, kit.now).parts) == 62


@pytest.mark.parametrize(
    "manifest",
    [b"." * 4 * MIB, b"A" * 4 * MIB, b"e30." + b"A" * 4 * MIB + b".e30", b"." * 5 * MIB],
    ids=range(4),
)
def test_a_manifest_takes_no_longer(kit: Any, manifest: bytes) -> None:
    with in_time(), pytest.raises(Refused):
        verify_manifest(manifest, kit.authority().der, kit.now)


@pytest.mark.parametrize(
    "bucket", [b"[" * 16 * MIB, b"[" + b"{}," * 5 * MIB + b"{}]", b"9" * 16 * MIB, b"[1e" + b"9" * MIB], ids=range(4)
)
def test_a_bucket_takes_no_longer(bucket: bytes) -> None:
    with in_time(), pytest.raises(Refused):
        read_bucket(bucket, sha256(bucket).hexdigest(), str)


class PublicHalf:
    """Stands in for a private key where only the public half goes into a certificate, whatever its numbers."""

    def __init__(self, bits: int, exponent: int) -> None:
        self._numbers = rsa.RSAPublicNumbers(exponent, (1 << bits - 1) + 1)

    def public_key(self) -> rsa.RSAPublicKey:
        return self._numbers.public_key()


def test_keys_that_are_costly_to_use_are_not_used(kit: Any) -> None:
    top = kit.authority()
    # An exponent as long as the modulus makes a key a hundred times as slow.
    for key in (PublicHalf(3072, (1 << 3070) + 1), PublicHalf(8200, 65537)):
        holder = top.issue_authority("Costly", key=key)
        parsed = ParsedCertificate.parse(holder.der)
        assert parsed.public_key is None
        assert not parsed.has_strong_key
        assert not ParsedCertificate.parse(top.der).is_issued_by(parsed)
    with pytest.raises(Refused, match="unknown kind"):
        certificates.check_signing_usage(ParsedCertificate.parse(top.issue_signing(key=key).der))


def test_a_maze_of_authorities_takes_no_longer(kit: Any) -> None:
    # Sixteen authorities of one name, none of which issued another: each is tried for each.
    maker = kit.authority("Maze")
    maze = [maker.issue_authority("Maze", key=rsa.generate_private_key(65537, 2048)) for _ in range(16)]
    leaf = maze[0].issue_signing()
    configuration = kit.configuration(kit.approve(kit.authority("Maze")))
    with in_time(), pytest.raises(Refused) as refused:
        certificates.judge_signing_certificate(leaf.der, [], [each.der for each in maze], configuration, kit.now)
    assert (refused.value.code, refused.value.step) == ("cannot_create_cert_path", 3)


@pytest.mark.parametrize("count", [16, 17])
def test_an_ocsp_response_brings_few_certificates(kit: Any, count: int) -> None:
    top = kit.authority()
    holder = top.issue_signing()
    responder = kit.authority("Stranger")
    response = top.answer(holder, responder=responder, embed=(responder,) * count)
    issuer, configuration = top.certificate, kit.configuration(kit.approve(top))
    with in_time(), pytest.raises(Refused) as refused:
        ocsp.verify(response, holder.certificate, issuer, configuration, kit.now)
    # Beyond the limit it is not even read.
    assert refused.value.step == (4 if count == 16 else 1)


@pytest.mark.parametrize("length", [0x80, 0x84, 0x88])
def test_broken_lengths_in_ocsp_and_certificates(length: int) -> None:
    broken = bytes((0x30, length)) * 30_000
    for read in (ocsp.Response.parse, ParsedCertificate.parse):
        with in_time(), pytest.raises(Refused):
            read(broken)


def test_truncated_certificates_and_responses_are_refused(kit: Any) -> None:
    top = kit.authority()
    holder = top.issue_signing(key=ec.generate_private_key(ec.SECP384R1()))
    der = holder.certificate.public_bytes(Encoding.DER)
    readers: list[tuple[Callable[[bytes], Any], bytes]] = [
        (ParsedCertificate.parse, der),
        (ocsp.Response.parse, top.answer(holder, embed=(top,))),
    ]
    for read, whole in readers:
        for length in range(len(whole)):
            with pytest.raises(Refused):
                read(whole[:length])
