"""ASiC containers: written as X-Road writes them, read within bounds, strict down to the last byte."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ketnoi_trust import asic
from ketnoi_trust.asic import Container
from ketnoi_trust.errors import Refused

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SINGLE = Container(message=b"GET\r\n/r1\r\n", signature_xml=b"<signature/>")
WHOLE = Container(
    message=b"POST\r\n/r1\r\n",
    signature_xml=b"<signature/>",
    hash_chain_result=b"<result/>",
    hash_chain=b"<chain/>",
    ts_hash_chain_result=b"<ts-result/>",
    ts_hash_chain=b"<ts-chain/>",
    timestamp=b"\x30\x00",
    attachments=(b"one", b"", None, b"four"),
)


def repacked(data: bytes, change: Callable[[dict[str, bytes]], Any]) -> bytes:
    """The same ZIP, made by another program, with its files changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {each.filename: archive.read(each) for each in archive.infolist()}
    change(files)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


def refused(data: bytes, *, strict: bool = False) -> str:
    with pytest.raises(Refused) as error:
        asic.read(data, strict=strict)
    assert error.value.step == 1
    return error.value.code


@pytest.mark.parametrize("container", [SINGLE, WHOLE])
def test_what_is_written_is_read_and_canonical(container: Container) -> None:
    data = asic.write(container, AT)
    assert asic.read(data) == asic.read(data, strict=True) == container
    assert asic.write(container, AT) == data


def test_the_layout_is_that_of_x_road() -> None:
    with zipfile.ZipFile(io.BytesIO(asic.write(WHOLE, AT))) as archive:
        assert archive.comment == b"mimetype=application/vnd.etsi.asic-e+zip"
        assert archive.namelist() == [
            "mimetype",
            "message.xml",
            "META-INF/signatures.xml",
            "sig-hashchainresult.xml",
            "sig-hashchain.xml",
            "ts-hashchainresult.xml",
            "ts-hashchain.xml",
            "META-INF/manifest.xml",
            "META-INF/ASiCManifest.xml",
            "META-INF/timestamp.tst",
            "attachment1",
            "attachment2",
            "attachment4",
        ]
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_DEFLATED}


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("valid-non-batch-rest", True),
        ("valid-non-batch-soap-attachments", True),
        ("valid-signed-message", False),
        ("invalid-not-signed-hashchain", False),
    ],
)
def test_x_roads_own_containers(vectors: Path, name: str, canonical: bool) -> None:
    data = (vectors / "containers" / f"{name}.asice").read_bytes()
    container = asic.read(data)
    if canonical:
        assert asic.read(data, strict=True) == container
        # Our writer gives the same files, manifests included; only the packing differs.
        with zipfile.ZipFile(io.BytesIO(data)) as theirs, zipfile.ZipFile(io.BytesIO(asic.write(container, AT))) as own:
            assert [(e.filename, theirs.read(e)) for e in theirs.infolist()] == [
                (e.filename, own.read(e)) for e in own.infolist()
            ]
    else:
        assert refused(data, strict=True) == "asic_malformed"


@pytest.mark.parametrize("container", [SINGLE, WHOLE], ids=["single", "whole"])
def test_any_changed_byte_is_refused_or_changes_only_metadata(container: Container) -> None:
    data = asic.write(container, AT)
    kept = 0
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 0x01
        assert refused(bytes(changed), strict=True).startswith("asic_")
        try:
            assert asic.read(bytes(changed)) == container
            kept += 1
        except Refused:
            pass
    # Times, versions and the like.
    assert 0 < kept < len(data) // 5


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("mimetype", "asic_mime_type_not_found"),
        ("message.xml", "asic_message_not_found"),
        ("META-INF/signatures.xml", "asic_signature_not_found"),
        ("sig-hashchainresult.xml", "asic_hash_chain_result_not_found"),
        ("sig-hashchain.xml", "asic_hash_chain_not_found"),
        ("ts-hashchainresult.xml", "asic_hash_chain_result_not_found"),
        ("ts-hashchain.xml", "asic_hash_chain_not_found"),
        ("META-INF/timestamp.tst", "asic_timestamp_not_found"),
    ],
)
def test_what_is_missing_or_empty_is_named(name: str, code: str) -> None:
    data = asic.write(WHOLE, AT)
    assert refused(repacked(data, lambda files: files.pop(name))) == code
    assert refused(repacked(data, lambda files: files.update({name: b""}))) == code


def test_another_type_is_refused() -> None:
    data = asic.write(SINGLE, AT)
    pdf = repacked(data, lambda files: files.update(mimetype=b"application/pdf"))
    assert refused(pdf) == "asic_invalid_mime_type"


@pytest.mark.parametrize("change", ["extra", "manifest", "order", "comment", "folder"])
def test_strict_wants_the_files_of_x_road_and_nothing_else(change: str) -> None:
    data = asic.write(SINGLE, AT)
    changes: dict[str, Callable[[dict[str, bytes]], Any]] = {
        "extra": lambda files: files.update({"hashchain.xml": b"<chain/>"}),
        "manifest": lambda files: files.update({asic.MANIFEST: files[asic.MANIFEST] + b"\n"}),
        "order": lambda files: files.update(mimetype=files.pop("mimetype")),
        "comment": lambda files: None,
        "folder": lambda files: files.update({"META-INF/": b""}),
    }
    other = repacked(data, changes[change])
    assert asic.read(other) == SINGLE
    assert refused(other, strict=True) == "asic_malformed"


def test_attachments_keep_their_numbers() -> None:
    data = repacked(
        asic.write(SINGLE, AT), lambda files: files.update(attachment2=b"two", attachment01=b"", attachments=b"")
    )
    assert asic.read(data).attachments == (None, b"two")
    assert asic.read(data).attachments_by_name() == {"attachment2": b"two"}
    assert refused(repacked(data, lambda files: files.update(attachment1001=b""))) == "asic_malformed"
    most = replace(SINGLE, attachments=(b"x",) * asic.MAX_ATTACHMENTS)
    assert asic.read(asic.write(most, AT)) == most


@pytest.mark.parametrize("name", [asic.SIGNATURE, asic.HASH_CHAIN, asic.TS_HASH_CHAIN_RESULT, asic.TIMESTAMP])
def test_what_is_no_message_may_not_be_large(name: str) -> None:
    large = repacked(asic.write(WHOLE, AT), lambda files: files.update({name: bytes(asic.MAX_XML_BYTES + 1)}))
    assert refused(large) == "asic_malformed"


@pytest.mark.parametrize(
    "container",
    [replace(SINGLE, message=b""), replace(WHOLE, hash_chain=None), replace(WHOLE, timestamp=None)],
)
def test_what_could_not_be_read_is_not_written(container: Container) -> None:
    with pytest.raises(Refused):
        asic.write(container, AT)


def test_a_name_twice_is_refused() -> None:
    written = io.BytesIO(asic.write(SINGLE, AT))
    with warnings.catch_warnings(), zipfile.ZipFile(written, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("message.xml", b"another message")
    assert refused(written.getvalue()) == "asic_malformed"
