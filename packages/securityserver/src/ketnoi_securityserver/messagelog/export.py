"""Evidence out of the log: ASiC-E containers as X-Road makes them, and the configuration to judge them by."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver.messagelog.reading import Batch, Logged
from ketnoi_securityserver.messagelog.snapshots import Snapshot
from ketnoi_trust import asic, timestamps
from ketnoi_trust.configuration import Anchor, SignedDirectory
from ketnoi_trust.configuration.directory_files import INSTANCE_FILE, METADATA
from ketnoi_trust.configuration.signed_directory import PRIVATE

CONTAINER_TYPE = "application/vnd.etsi.asic-e+zip"
LONGEST_NAME = 226
_BASE32 = "0123456789abcdefghijklmnopqrstuv"
_CONF = "verificationconf"


def container_of(logged: Logged) -> bytes:
    """The ASiC-E container of one message; a deleted body is simply not in it.

    Raises Refusal `timestamping_failed` when the message has not been time-stamped yet.
    """
    batch = logged.batch
    if batch is None:
        raise Refusal("timestamping_failed", "the message has not been time-stamped yet")
    attachments = (logged.body,) if logged.body is not None else ()
    if batch.result is None:
        signature, result, chain, token = timestamps.embed(logged.signature_xml, batch.token), None, None, None
    else:
        signature, result, token = logged.signature_xml, batch.result, batch.token
        chain = _chain(batch, logged.signature_digest)
    return asic.write(
        asic.Container(
            message=logged.rest_part,
            signature_xml=signature,
            hash_chain_result=logged.hash_chain_result,
            hash_chain=logged.hash_chain,
            ts_hash_chain_result=result,
            ts_hash_chain=chain,
            timestamp=token,
            attachments=attachments,
        ),
        logged.logged_at,
    )


def _chain(batch: Batch, leaf: bytes) -> bytes:
    """The hash chain of one leaf of a batch, made anew from the leaves.

    Raises Refusal `database_error` when the leaves no longer lead to what was stamped.
    """
    made = _tree(batch.leaves)
    if leaf not in batch.leaves or made.result != batch.result:
        raise Refusal("database_error", "the time stamp in the log does not cover this message")
    chain: bytes = made.chain_of(batch.leaves.index(leaf))
    return chain


@lru_cache(maxsize=2)
def _tree(leaves: tuple[bytes, ...]) -> Any:
    # An archive holds the messages of one batch after another; 10,000 leaves are not hashed for each of them.
    return timestamps.batch(leaves)


def file_name(logged: Logged) -> str:
    """`<message id>-request-<number>.asice`, with the record's number in base 32 as X-Road writes it."""
    side = "response" if logged.is_response else "request"
    number, digits = logged.sequence, ""
    while number:
        number, digit = divmod(number, 32)
        digits = _BASE32[digit] + digits
    return f"{escaped(logged.message_id)[:LONGEST_NAME]}-{side}-{digits or '0'}.asice"


def escaped(message_id: str) -> str:
    """A message id as it stands in file names (Java's URLEncoder, then `/` escaped)."""
    return quote_plus(message_id, safe="*").replace("~", "%7E")


def bundle(messages: Iterable[Logged]) -> bytes:
    """A ZIP, not compressed, of the containers of several messages."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for logged in messages:
            _add(archive, file_name(logged), container_of(logged), logged.logged_at)
    return written.getvalue()


def configuration_bundle(snapshot: Snapshot, anchors: list[tuple[datetime, bytes]], covered: Batch | None) -> bytes:
    """A ZIP for verifiers of evidence.

    `verificationconf/` is what X-Road's own verifier takes: the shared parameters and other public parts of the
    instance. `origin/` is ours: the anchors over time, the signed directory that the files came with, and, once a
    batch covers the configuration, the time stamp with the hash chain from the manifest to it. Private parameters
    are left out. Raises Refused when what is kept is not what was signed.
    """
    certificates = Anchor.parse(snapshot.anchor).certificates
    listing = SignedDirectory.verify(snapshot.directory, certificates, snapshot.kept_at, instance=snapshot.instance)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in listing.parts:
            content = snapshot.files.get(part.content_identifier)
            if content is not None and part.content_identifier != PRIVATE:
                part.check(content)
                name = f"{_CONF}/{snapshot.instance}/{part.file_name}"
                _add(archive, name, content)
                _add(archive, f"{name}{METADATA}", json.dumps(listing.metadata(part), ensure_ascii=False).encode())
        _add(archive, f"{_CONF}/{INSTANCE_FILE}", snapshot.instance.encode())
        _add(archive, "origin/configuration-anchor.xml", snapshot.anchor)
        for since, anchor in anchors:
            _add(archive, f"origin/anchors/{since:%Y%m%dT%H%M%SZ}.xml", anchor)
        _add(archive, "origin/directory.signed", snapshot.directory)
        _add(archive, "origin/manifest.txt", snapshot.manifest)
        if covered is not None and covered.result is not None:
            _add(archive, "origin/ts-hashchainresult.xml", covered.result)
            _add(archive, "origin/ts-hashchain.xml", _chain(covered, snapshot.id))
            _add(archive, "origin/timestamp.tst", covered.token)
    return written.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes, at: datetime | None = None) -> None:
    moment = (1980, 1, 1, 0, 0, 0) if at is None else (at.year, at.month, at.day, at.hour, at.minute, at.second)
    entry = zipfile.ZipInfo(name, moment)
    entry.compress_type = archive.compression
    archive.writestr(entry, content)
