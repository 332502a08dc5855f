"""Each numbered step of judging signed configurations and directories is needed: without it, a lie is believed."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha512
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ketnoi_trust import directory
from ketnoi_trust.configuration import DirectoryContent, SignedDirectory
from ketnoi_trust.configuration.directory_files import ConfigurationFiles, listed_files
from ketnoi_trust.configuration.rehearsal import CONTENT_IDENTIFIER, write_mark
from ketnoi_trust.configuration.shared_params import ConfigurationSource
from ketnoi_trust.configuration.signed_directory import NEXT_UPDATE, SHARED, verify_directory
from ketnoi_trust.configuration.store import MAX_CERTIFICATES, checked_params

from .steps import check
from .test_directory_manifest import manifest_of

MINUTES = timedelta(minutes=1)
READ = "manifest = msgspec.json.decode(_decoded(payload), type=Manifest)"
OPENED = (
    "whole = read_part(data)\n"
    "signed, signature = split(whole.body, boundary_of(whole, 'multipart/related'), closed=True)[:2]"
)


def written(kit: Any, signer: Any, *contents: DirectoryContent) -> bytes:
    listed = contents or (DirectoryContent(NEXT_UPDATE, "/s", b"parameters"),)
    return SignedDirectory.write(kit.instance, listed, signer.key, signer.der, kit.now + 10 * MINUTES, 6)


def signed_again(data: bytes, signer: Any, old: bytes, new: bytes) -> bytes:
    """The directory with something else in what is signed, and a true signature over it."""
    boundary = data.split(b"boundary=")[1].split(b"\r\n")[0]
    head, part, signature, end = data.split(b"--" + boundary)
    assert old in part
    part = part.replace(old, new)
    body = part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
    value = b64encode(signer.key.sign(body, ec.ECDSA(hashes.SHA512())))
    signature = signature.rsplit(b"\r\n\r\n", 1)[0] + b"\r\n\r\n" + value + b"\r\n"
    return (b"--" + boundary).join((head, part, signature, end))


def test_signed_directories(kit: Any) -> None:
    signer, stranger = kit.authority(), kit.authority()
    unsafe = kit.authority("Unsafe CA")
    renamed = unsafe.issue(kit.name_of(common_name="Sample CA"), key=unsafe.key)
    true = written(kit, signer)
    boundary = true.split(b"boundary=")[1].split(b"\r\n")[0]
    three = true.replace(b"--" + boundary + b"--", b"--" + boundary + b"\r\n\r\nmore\r\n--" + boundary + b"--")
    marked = written(kit, unsafe, DirectoryContent(CONTENT_IDENTIFIER, "/r", write_mark(kit.instance)))
    hidden = marked.replace(*(b64encode(sha512(each.der).digest()) for each in (unsafe, renamed)))

    def judged(data: bytes, *certificates: Any, **options: Any) -> Callable[[Callable[..., Any]], Any]:
        anchored = [each.der for each in certificates or (signer,)]
        return lambda verify: verify(data, anchored, kit.now, **options)

    late = kit.now + 11 * MINUTES
    check(
        verify_directory,
        {
            1: (OPENED, judged(three)),
            2: (f"signer = ParsedCertificate.parse({stranger.der!r})", judged(written(kit, stranger))),
            3: ("", judged(true.replace(b"/s\r\n", b"/S\r\n"))),
            4: (
                f"listing = DirectoryListing('XX-TEST', 6, datetime.fromisoformat('{late.isoformat()}'), (), b'')",
                judged(signed_again(true, signer, b"Version: 6", b"Version: 9")),
            ),
            5: ("", judged(true, instance="YY")),
            6: ("", judged(hidden, renamed)),
            7: ("", lambda verify: verify(true, [signer.der], late)),
            8: ("", judged(true, newest_seen=late)),
        },
    )


def test_shared_parameters(kit: Any) -> None:
    params = kit.params(kit.approve(kit.authority()))
    unsafe = kit.params(kit.approve(kit.authority("Unsafe CA"), name="Unsafe CA"))
    many = replace(params, sources=(ConfigurationSource("cs", (kit.authority().der,) * (MAX_CERTIFICATES + 1)),))

    def files(of: Any, instance: str | None = None, mark: bytes | None = None) -> Callable[[Callable[..., Any]], Any]:
        found = {SHARED: of.write(6)} | ({} if mark is None else {CONTENT_IDENTIFIER: mark})
        return lambda checked: checked(ConfigurationFiles(found, instance, None))

    check(
        checked_params,
        {
            1: ("shared = SharedParams.read(files.shared)", files(params, "YY")),
            2: ("", files(many)),
            3: ("", files(unsafe, None, write_mark("YY"))),
            4: ("", files(unsafe)),
        },
    )


def test_files_of_a_directory(kit: Any) -> None:
    signer = kit.authority()
    listing = SignedDirectory.verify(written(kit, signer), [signer.der], kit.now)
    check(
        listed_files,
        {
            1: ("", lambda listed: listed(listing, {})),
            2: ("", lambda listed: listed(listing, {NEXT_UPDATE: b"other parameters"})),
        },
        numbered=False,
    )
    assert listed_files(listing, {NEXT_UPDATE: b"parameters", "MORE": b""}) == {NEXT_UPDATE: b"parameters"}


def signed(signer: Any, header: bytes, payload: bytes) -> bytes:
    """A JWS of any header and payload."""
    r, s = decode_dss_signature(signer.key.sign(header + b"." + payload, ec.ECDSA(hashes.SHA256())))
    value = urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=")
    return b".".join((header, payload, value))


def test_manifests_of_the_directory(kit: Any) -> None:
    signer = kit.authority("Sample publisher").issue(kit.name_of(common_name="Directory"))
    true = directory.write_manifest(manifest_of(kit), signer.key, signer.der)
    header, payload, _ = true.split(b".")
    other = kit.authority("Sample publisher").issue(kit.name_of(common_name="Directory"))
    foreign = directory.write_manifest(manifest_of(kit), other.key, other.der).split(b".")[1:]
    plain = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=")
    forever = directory.msgspec.json.encode(manifest_of(kit, expires_at=kit.now + timedelta(days=9)))
    lasting = signed(signer, header, urlsafe_b64encode(forever).rstrip(b"="))

    def judged(data: bytes, at: Any = kit.now, seen: int | None = None) -> Callable[[Callable[..., Any]], Any]:
        return lambda verify: verify(data, signer.der, at, seen)

    check(
        directory.verify_manifest,
        {
            1: ("header, payload, signature = data.split(b'.')[:3]", judged(true + b".more")),
            2: ("certificate = ParsedCertificate.parse(certificate_der)", judged(signed(signer, plain, payload))),
            3: ("", judged(b".".join((header, *foreign)))),
            4: (READ, judged(lasting)),
            5: ("", judged(true, kit.now + 11 * MINUTES)),
        },
    )
