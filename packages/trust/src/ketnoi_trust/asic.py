"""ASiC-E containers as X-Road makes them: one message with its signature and time stamp in a ZIP file (x-road.md D.4).

Reading proves nothing but the form; `evidence` judges what is inside.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha512

from ketnoi_trust import zip_format
from ketnoi_trust.errors import Refused

CONTENT_TYPE = b"application/vnd.etsi.asic-e+zip"
COMMENT = b"mimetype=" + CONTENT_TYPE

MIMETYPE = "mimetype"
MESSAGE = "message.xml"
SIGNATURE = "META-INF/signatures.xml"
HASH_CHAIN_RESULT = "sig-hashchainresult.xml"
HASH_CHAIN = "sig-hashchain.xml"
TS_HASH_CHAIN_RESULT = "ts-hashchainresult.xml"
TS_HASH_CHAIN = "ts-hashchain.xml"
MANIFEST = "META-INF/manifest.xml"
TS_MANIFEST = "META-INF/ASiCManifest.xml"
TIMESTAMP = "META-INF/timestamp.tst"

MAX_ATTACHMENTS = 1000
MAX_ENTRIES = MAX_ATTACHMENTS + 32
MAX_XML_BYTES = 1024 * 1024

# The order of X-Road's table of names, by which its manifests list the files.
_LISTED = (HASH_CHAIN, MESSAGE, TS_HASH_CHAIN_RESULT, HASH_CHAIN_RESULT, TS_HASH_CHAIN)
_MANIFEST_NAMESPACE = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
_ATTACHMENT = re.compile(r"attachment([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class Container:
    """What a container holds, as exact octets.

    `timestamp` is the DER token of a batch stamp, which comes with its hash chain; a single stamp stands within
    `signature_xml` and all three are None. `attachments` are attachment1 and so on, None where one is not present
    (somebody may have deleted a body and kept the proof).
    """

    message: bytes = field(repr=False)
    signature_xml: bytes = field(repr=False)
    hash_chain_result: bytes | None = field(default=None, repr=False)
    hash_chain: bytes | None = field(default=None, repr=False)
    ts_hash_chain_result: bytes | None = field(default=None, repr=False)
    ts_hash_chain: bytes | None = field(default=None, repr=False)
    timestamp: bytes | None = field(default=None, repr=False)
    attachments: tuple[bytes | None, ...] = field(default=(), repr=False)

    def attachments_by_name(self) -> dict[str, bytes]:
        """The attachments that are present."""
        numbered = enumerate(self.attachments, start=1)
        return {f"attachment{number}": content for number, content in numbered if content is not None}


def write(container: Container, at: datetime) -> bytes:
    """The container's ZIP file in X-Road's own form; the same values give the same octets.

    `at` is the moment when the message was logged (aware), which the ZIP format keeps to two seconds.
    Raises Refused like `read` for what it would not read.
    """
    data = zip_format.write(_files(container), at, COMMENT)
    read(data)
    return data


def read(data: bytes, *, strict: bool = False) -> Container:
    """Take a container apart.

    Files that X-Road does not know are passed over, as X-Road does. `strict` demands the canonical form, octet for
    octet: X-Road's files in X-Road's order, packed as X-Road packs them, and nothing else.
    Raises Refused("asic_malformed"), or X-Road's own code of what is missing.
    """
    entries = zip_format.read(data, MAX_ENTRIES)
    files = {each.name: each.content for each in entries}
    for name in (SIGNATURE, HASH_CHAIN_RESULT, HASH_CHAIN, TS_HASH_CHAIN_RESULT, TS_HASH_CHAIN, TIMESTAMP):
        if len(files.get(name, b"")) > MAX_XML_BYTES:
            raise _refused("asic_malformed", f"{name} is too large")
    if _required(files, MIMETYPE, "asic_mime_type_not_found") != CONTENT_TYPE:
        raise _refused("asic_invalid_mime_type", "the file is of another type")
    container = Container(
        message=_required(files, MESSAGE, "asic_message_not_found"),
        signature_xml=_required(files, SIGNATURE, "asic_signature_not_found"),
        # An empty file says as much as none, as in X-Road.
        hash_chain_result=files.get(HASH_CHAIN_RESULT) or None,
        hash_chain=files.get(HASH_CHAIN) or None,
        ts_hash_chain_result=files.get(TS_HASH_CHAIN_RESULT) or None,
        ts_hash_chain=files.get(TS_HASH_CHAIN) or None,
        timestamp=files.get(TIMESTAMP),
        attachments=_attachments(files),
    )
    _check_pair(container.hash_chain_result, container.hash_chain)
    _check_pair(container.ts_hash_chain_result, container.ts_hash_chain)
    batch_stamp_needed = container.ts_hash_chain_result is not None and container.timestamp is None
    if container.timestamp == b"" or batch_stamp_needed:
        raise _refused("asic_timestamp_not_found", f"{TIMESTAMP} is missing or empty")
    if strict:
        written = [(each.name, each.content) for each in entries]
        if written != _files(container) or not zip_format.is_canonical(data, entries, COMMENT):
            raise _refused("asic_malformed", "the file is not in the canonical form")
    return container


def _required(files: Mapping[str, bytes], name: str, code: str) -> bytes:
    content = files.get(name)
    if not content:
        raise _refused(code, f"{name} is missing or empty")
    return content


def _check_pair(result: bytes | None, chain: bytes | None) -> None:
    if chain is not None and result is None:
        raise _refused("asic_hash_chain_result_not_found", "the result of a hash chain is missing or empty")
    if result is not None and chain is None:
        raise _refused("asic_hash_chain_not_found", "a hash chain is missing or empty")


def _attachments(files: Mapping[str, bytes]) -> tuple[bytes | None, ...]:
    found = {int(each.group(1)): files[each.group()] for each in map(_ATTACHMENT.fullmatch, files) if each}
    last = max(found, default=0)
    if last > MAX_ATTACHMENTS:
        raise _refused("asic_malformed", "an attachment's number is too large")
    return tuple(found.get(number) for number in range(1, last + 1))


def _files(container: Container) -> list[tuple[str, bytes]]:
    attachments = container.attachments_by_name()
    optional = [
        (HASH_CHAIN_RESULT, container.hash_chain_result),
        (HASH_CHAIN, container.hash_chain),
        (TS_HASH_CHAIN_RESULT, container.ts_hash_chain_result),
        (TS_HASH_CHAIN, container.ts_hash_chain),
    ]
    files = [(MIMETYPE, CONTENT_TYPE), (MESSAGE, container.message), (SIGNATURE, container.signature_xml)]
    files += [(name, content) for name, content in optional if content is not None]
    files.append((MANIFEST, _manifest({name for name, _ in files}, attachments)))
    if container.ts_hash_chain_result is not None:
        files.append((TS_MANIFEST, _ts_manifest(container.ts_hash_chain_result)))
    if container.timestamp is not None:
        files.append((TIMESTAMP, container.timestamp))
    return files + list(attachments.items())


def _manifest(names: set[str], attachments: Mapping[str, bytes]) -> bytes:
    listed = [("/", CONTENT_TYPE.decode())]
    listed += [(name, "text/xml") for name in _LISTED if name in names]
    listed += [(name, "application/octet-stream") for name in attachments]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<manifest:manifest xmlns:manifest="{_MANIFEST_NAMESPACE}" manifest:version="1.2">',
        *(
            f'    <manifest:file-entry manifest:media-type="{kind}" manifest:full-path="{name}"/>'
            for name, kind in listed
        ),
        "</manifest:manifest>",
        "",
    ]
    return "\n".join(lines).encode()


def _ts_manifest(ts_hash_chain_result: bytes) -> bytes:
    digest = b64encode(sha512(ts_hash_chain_result).digest()).decode()
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/2918/v1.2.1#"'
        ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n'
        f'<asic:SigReference URI="{TIMESTAMP}" MimeType="vnd.etsi.timestamp-token"/>\n'
        f'<asic:DataObjectReference URI="{TS_HASH_CHAIN_RESULT}" MimeType="text/xml">\n'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512" />\n'
        f"<ds:DigestValue>{digest}</ds:DigestValue>\n"
        "</asic:DataObjectReference>\n"
        "</asic:ASiCManifest>"
    ).encode()


def _refused(code: str, message: str) -> Refused:
    return Refused(code, message, 1)
