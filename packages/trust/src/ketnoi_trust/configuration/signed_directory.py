"""The signed directory: the message that lists the files of a configuration, their digests, and when they expire.

Layout and algorithms: X-Road PR-GCONF 2.12. The signature covers the exact bytes of the first part's body.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import new as new_hash
from hashlib import sha256, sha512
from hmac import compare_digest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ketnoi_trust import keys
from ketnoi_trust.configuration import rehearsal
from ketnoi_trust.configuration.multipart import Part, boundary_of, read_part, split, value_and_parameters
from ketnoi_trust.configuration.shared_params import READ_VERSIONS, WRITTEN_VERSIONS, SharedParams
from ketnoi_trust.configuration.values import base64_of, malformed, moment, written_moment
from ketnoi_trust.errors import Refused, numbered
from ketnoi_trust.parsed_certificate import ParsedCertificate

SHARED = "SHARED-PARAMETERS"
PRIVATE = "PRIVATE-PARAMETERS"
NEXT_UPDATE = "NEXTUPDATE"
FETCH_INTERVAL = "FETCHINTERVAL"

# Where a local copy of a part lies; a part of any other name keeps the last segment of its location.
FILE_NAMES = {
    SHARED: "shared-params.xml",
    PRIVATE: "private-params.xml",
    NEXT_UPDATE: "nextupdate-params.xml",
    FETCH_INTERVAL: "fetchinterval-params.xml",
    rehearsal.CONTENT_IDENTIFIER: rehearsal.FILE_NAME,
}

MAX_MESSAGE_BYTES = 1024 * 1024

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LOCATION = re.compile(r"[!-~]{1,2000}")

_ENC = "http://www.w3.org/2001/04/xmlenc#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
DIGESTS = {_ENC + "sha256": "sha256", _MORE + "sha384": "sha384", _ENC + "sha512": "sha512", _MORE + "sha224": "sha224"}


@dataclass(frozen=True, slots=True)
class DirectoryContent:
    """One file to be listed: what it is, where it can be fetched (an absolute path or URL), and its bytes."""

    content_identifier: str
    location: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DirectoryPart:
    """One listed file; `location` is resolved against the address the directory came from."""

    content_identifier: str
    instance: str
    location: str
    hash_algorithm: str
    digest: bytes

    @property
    def file_name(self) -> str:
        """The file's name in a configuration directory."""
        return FILE_NAMES.get(self.content_identifier) or self.location.rsplit("/", 1)[-1]

    def matches(self, data: bytes) -> bool:
        """Whether the bytes are the listed ones."""
        return compare_digest(new_hash(DIGESTS[self.hash_algorithm], data).digest(), self.digest)

    def check(self, data: bytes) -> None:
        """Raises Refused("malformed_global_conf") unless the bytes are the listed ones."""
        if not self.matches(data):
            raise malformed(f"the file of part {self.content_identifier} is not the one that was signed")


@dataclass(frozen=True, slots=True)
class DirectoryListing:
    """A verified directory. `signer` is the DER of the anchor's certificate whose key signed it."""

    instance: str
    version: int
    expires_at: datetime
    parts: tuple[DirectoryPart, ...]
    signer: bytes = field(repr=False)

    def part(self, content_identifier: str) -> DirectoryPart | None:
        """The part of that name, or None."""
        return next((each for each in self.parts if each.content_identifier == content_identifier), None)

    @property
    def rehearsal(self) -> bool:
        """Whether the directory carries the rehearsal mark."""
        return self.part(rehearsal.CONTENT_IDENTIFIER) is not None

    def metadata(self, part: DirectoryPart) -> dict[str, str]:
        """What X-Road stores beside the file, as `<file>.metadata` in JSON."""
        return {
            "contentIdentifier": part.content_identifier,
            "instanceIdentifier": part.instance,
            "expirationDate": written_moment(self.expires_at),
            "contentFileName": part.file_name,
            "contentLocation": part.location,
            "configurationVersion": str(self.version),
        }


class SignedDirectory:
    """Writes and verifies signed directories."""

    @staticmethod
    def write(
        instance: str,
        contents: Sequence[DirectoryContent],
        key: RSAPrivateKey | EllipticCurvePrivateKey,
        certificate_der: bytes,
        expires_at: datetime,
        version: int,
    ) -> bytes:
        """The signed message, RSA or ECDSA with SHA-512 after the key's kind.

        Raises Refused("malformed_global_conf") when the rehearsal mark and the names disagree, or for a version that
        is not written.
        """
        if version not in WRITTEN_VERSIONS:
            raise malformed("the configuration is written as version 2, 3 or 6")
        marked = any(each.content_identifier == rehearsal.CONTENT_IDENTIFIER for each in contents)
        rehearsal.check_signer(ParsedCertificate.parse(certificate_der), rehearsal=marked)
        for each in contents:
            if each.content_identifier == SHARED:
                rehearsal.check_names(SharedParams.read(each.data, instance), rehearsal=marked)
        blocks = [f"Expire-date: {written_moment(expires_at)}\r\nVersion: {version}\r\n"]
        blocks += [_written_part(each, instance) for each in contents]
        inner = _boundary("".join(blocks))
        signed = _multipart(blocks, inner)
        if isinstance(key, RSAPrivateKey):
            algorithm, signature = keys.RSA_SHA512, key.sign(signed.encode(), PKCS1v15(), hashes.SHA512())
        else:
            algorithm, signature = keys.ECDSA_SHA512, key.sign(signed.encode(), ECDSA(hashes.SHA512()))
        outer = _boundary(signed)
        hashed = b64encode(sha512(certificate_der).digest()).decode()
        return (
            f"Content-Type: multipart/related; charset=UTF-8; boundary={outer}\r\n\r\n"
            + _multipart(
                [
                    f"Content-Type: multipart/mixed; charset=UTF-8; boundary={inner}\r\n\r\n{signed}",
                    "Content-Type: application/octet-stream\r\n"
                    "Content-Transfer-Encoding: base64\r\n"
                    f"Signature-Algorithm-Id: {algorithm}\r\n"
                    f'Verification-certificate-hash: {hashed}; hash-algorithm-id="{_ENC}sha512"\r\n'
                    "\r\n" + b64encode(signature).decode(),
                ],
                outer,
            )
        ).encode()

    @staticmethod
    def verify(
        data: bytes,
        certificates: Sequence[bytes],
        at: datetime,
        *,
        instance: str | None = None,
        newest_seen: datetime | None = None,
    ) -> DirectoryListing:
        """See `verify_directory`."""
        return verify_directory(data, certificates, at, instance=instance, newest_seen=newest_seen)


def verify_directory(
    data: bytes,
    certificates: Sequence[bytes],
    at: datetime,
    *,
    instance: str | None = None,
    newest_seen: datetime | None = None,
) -> DirectoryListing:
    """Verify a downloaded directory against the certificates (DER) of an anchor.

    `instance` is the one the anchor names. `newest_seen` is the latest expiry seen so far from this instance: a
    directory that expires earlier is an older one, and refused (X-Road lets it pass while it is valid).
    Raises Refused("malformed_global_conf"), Refused("invalid_signature_value") or Refused("global_conf_outdated").
    """
    # 1 the envelope: one signed part and one signature
    with numbered(1):
        signed, signature = _opened(data)
    # 2 the signer is one of the anchor's
    with numbered(2):
        signer = _signer(signature, certificates)
    # 3 the signature, over the bytes as received
    with numbered(3):
        _verify_signature(signature, signer, signed.body)
    # 4 what was signed
    with numbered(4):
        header, *parts = split(signed.body, boundary_of(signed, "multipart/mixed"), closed=False)
        listing = _listing(header, parts, signer.der)
    # 5 of the instance that was asked for
    if instance is not None and listing.instance != instance:
        raise Refused("malformed_global_conf", "the directory is that of another instance", 5)
    # 6 the mark of a rehearsal agrees with the signer's name
    with numbered(6):
        rehearsal.check_signer(signer, rehearsal=listing.rehearsal)
    # 7 not expired
    if at > listing.expires_at:
        raise Refused("global_conf_outdated", "the configuration has expired", 7)
    # 8 not older than one that was seen
    if newest_seen is not None and listing.expires_at < newest_seen:
        raise Refused("global_conf_outdated", "the configuration is older than one already seen", 8)
    return listing


def _written_part(content: DirectoryContent, instance: str) -> str:
    if not _IDENTIFIER.fullmatch(content.content_identifier) or not _LOCATION.fullmatch(content.location):
        raise malformed("a part's name or location cannot stand in a header")
    # The central server writes single quotation marks, but an instance may contain one.
    quoted = f'"{instance}"' if "'" in instance else f"'{instance}'"
    return (
        "Content-type: application/octet-stream\r\n"
        "Content-transfer-encoding: base64\r\n"
        f"Content-identifier: {content.content_identifier}; instance={quoted}\r\n"
        f"Content-location: {content.location}\r\n"
        f"Hash-algorithm-id: {_ENC}sha512\r\n"
        "\r\n" + b64encode(sha512(content.data).digest()).decode()
    )


def _multipart(blocks: Sequence[str], boundary: str) -> str:
    return "".join(f"--{boundary}\r\n{block}\r\n" for block in blocks) + f"--{boundary}--\r\n"


def _boundary(content: str) -> str:
    # Taken from the content, so that the same configuration gives the same bytes without a source of randomness.
    return sha256(content.encode()).hexdigest()[:30]


def _opened(data: bytes) -> tuple[Part, Part]:
    """The signed part and its signature."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise malformed("the signed directory is too large")
    whole = read_part(data)
    outer = split(whole.body, boundary_of(whole, "multipart/related"), closed=True)
    if len(outer) != 2:
        raise malformed("the directory is not one signed part with its signature")
    return outer[0], outer[1]


def _signer(signature: Part, certificates: Sequence[bytes]) -> ParsedCertificate:
    value, parameters = value_and_parameters(signature.header("verification-certificate-hash"))
    name = DIGESTS.get(parameters.get("hash-algorithm-id", ""))
    if name is None:
        raise malformed("the hash that names the signer is of an unknown kind")
    wanted = base64_of(value)
    for each in certificates:
        if new_hash(name, each).digest() == wanted:
            return ParsedCertificate.parse(each)
    raise Refused("invalid_signature_value", "the directory is signed by nobody whom the anchor names")


def _verify_signature(signature: Part, signer: ParsedCertificate, signed: bytes) -> None:
    name, value = signature.header("signature-algorithm-id"), base64_of(signature.body.decode("latin-1"))
    algorithm = None if name in keys.WEAK else keys.ALGORITHMS.get(name)
    if algorithm is None or not keys.fits(signer.public_key, algorithm, signed, value):
        raise Refused("invalid_signature_value", "the directory's signature is not valid")


def _listing(header: Part, parts: Sequence[Part], signer: bytes) -> DirectoryListing:
    # Version 2 did not name itself.
    version = header.headers.get("version", "2")
    if version not in {str(each) for each in READ_VERSIONS}:
        raise malformed("the configuration is of a version that is not read here")
    expires_at = moment(header.header("expire-date"))
    listed = tuple(_part(each) for each in parts)
    names, files = {each.content_identifier for each in listed}, {each.file_name for each in listed}
    if not listed or len(names) != len(listed) or len(files) != len(listed) or len({p.instance for p in listed}) != 1:
        raise malformed("the directory lists nothing, something twice, or several instances")
    return DirectoryListing(listed[0].instance, int(version), expires_at, listed, signer)


def _part(part: Part) -> DirectoryPart:
    identifier, parameters = value_and_parameters(part.header("content-identifier"))
    algorithm, location = part.header("hash-algorithm-id"), part.header("content-location")
    if part.header("content-transfer-encoding").lower() != "base64" or algorithm not in DIGESTS:
        raise malformed("a listed part has no digest of a known kind")
    digest = base64_of(part.body.decode("latin-1"))
    if not parameters.get("instance") or len(digest) != new_hash(DIGESTS[algorithm]).digest_size:
        raise malformed("a listed part does not say what it is")
    listed = DirectoryPart(identifier, parameters["instance"], location, algorithm, digest)
    # The name becomes a file's name at whoever stores it, so it must not lead anywhere else.
    if not _IDENTIFIER.fullmatch(identifier) or not _IDENTIFIER.fullmatch(listed.file_name):
        raise malformed("a listed part has no usable name")
    return listed
