"""ZIP: what is written, and that no byte of what is read goes unexplained."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zipfile
import zlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketnoi_trust import zip_format
from ketnoi_trust.errors import Refused

from .cpu import in_time

AT = datetime(2026, 3, 1, 8, 0, 1, tzinfo=UTC)
FILES = [("mimetype", b"text/plain"), ("folder/a.xml", b"<a/>" * 30), ("empty", b"")]


def python_zip(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        archive.comment = comment
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 1, 8, 0, 0)), content, method)
    return written.getvalue()


def streamed_zip(*files: tuple[str, bytes]) -> bytes:
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise io.UnsupportedOperation

    written = Stream()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return written.getvalue()


def files_of(data: bytes) -> list[tuple[str, bytes]]:
    return [(each.name, each.content) for each in zip_format.read(data, 100)]


def refused(data: bytes, most: int = 100) -> str:
    with pytest.raises(Refused) as error:
        zip_format.read(data, most)
    assert error.value.code == "asic_malformed"
    return error.value.message


def with_extras(*files: tuple[str, bytes, bytes, bytes]) -> bytes:
    """Stored files with an extra field in the local header, and one in the directory."""
    local, listed = b"", b""
    for name, content, own, central in files:
        told = (20, 0, 0, 0, 0x21, zlib.crc32(content), len(content), len(content), len(name))
        here = len(local)
        local += struct.pack("<4s5H3I2H", b"PK\x03\x04", *told, len(own)) + name.encode() + own + content
        listed += struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, *told, len(central), 0, 0, 0, 0, here)
        listed += name.encode() + central
    counts = (0, 0, len(files), len(files), len(listed), len(local), 0)
    return local + listed + struct.pack("<4s4H2IH", b"PK\x05\x06", *counts)


def extra(kind: int, content: bytes) -> bytes:
    return struct.pack("<2H", kind, len(content)) + content


@given(st.dictionaries(st.from_regex(r"[a-zA-Z0-9ệ-]{1,20}", fullmatch=True).map(str.lower), st.binary(max_size=300)))
def test_what_is_written_is_read_here_and_by_others(files: dict[str, bytes]) -> None:
    data = zip_format.write(files.items(), AT, b"a comment")
    assert files_of(data) == list(files.items())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {each.filename: archive.read(each) for each in archive.infolist()} == files
        assert all(each.date_time == (2026, 3, 1, 8, 0, 0) for each in archive.infolist())
        assert archive.comment == b"a comment"


def test_large_contents_are_cut_into_blocks_and_the_writing_repeats_itself() -> None:
    large = [("large", bytes(range(256)) * 1000), ("exact", bytes(0xFFFF)), ("one more", bytes(0x10000))]
    data = zip_format.write(large, AT, b"")
    assert files_of(data) == large
    assert data == zip_format.write(large, AT, b"")


@pytest.mark.parametrize("year", [1979, 2106])
def test_a_moment_that_zip_cannot_say(year: int) -> None:
    with pytest.raises(Refused, match="moment"):
        zip_format.write(FILES, AT.replace(year=year), b"")


def test_times_are_utc() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=7)))
    assert zip_format.write(FILES, elsewhere, b"") == zip_format.write(FILES, AT, b"")
    assert zip_format.write(FILES, AT + timedelta(seconds=1), b"") != zip_format.write(FILES, AT, b"")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_files_of_others_are_read(method: int) -> None:
    assert files_of(python_zip(*FILES, method=method)) == FILES
    assert files_of(streamed_zip(*FILES)) == FILES


def test_folders_are_passed_over_but_hide_nothing() -> None:
    assert files_of(python_zip(("folder/", b""), *FILES)) == FILES
    assert "not that of a file" in refused(python_zip(("folder/", b"hidden"), *FILES))


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../up", "a/../b", "a/..", "..", ".", "./a", "a/.", "a\\b", "a\x01b", "\x7f", "x" * 513, "\n"],
)
def test_names_that_lead_elsewhere(name: str) -> None:
    assert refused(python_zip((name, b"")))


@pytest.mark.parametrize("name", ["...", ".hidden", "a/..b", "a.", "..a/b..", "x" * 512, "Tờ khai.xml"])
def test_names_that_only_look_so(name: str) -> None:
    assert files_of(python_zip((name, b""))) == [(name, b"")]


def test_a_name_stands_once_whatever_its_case() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = python_zip(("a", b"1"), ("a", b"2"))
    assert "twice" in refused(twice)
    assert "twice" in refused(python_zip(("a", b"1"), ("A", b"1")))


def test_too_many_and_too_large() -> None:
    three = python_zip(*FILES)
    assert "too many" in refused(three, 2)
    assert files_of(three) == [(e.name, e.content) for e in zip_format.read(three, 3)]
    assert refused(bytes(zip_format.MAX_FILE_BYTES + 1)) == "the file is too large"


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    part = bytes(zip_format.MAX_UNPACKED_BYTES // 4 + 1)
    bomb = python_zip(*[(str(number), part) for number in range(4)])
    assert len(bomb) < 100_000
    with in_time():
        assert "too much" in refused(bomb)


def test_a_stream_that_unpacks_to_more_than_it_says() -> None:
    packed = python_zip(("bomb", bytes(1000)))
    for size in (999, 1001, 0):
        lying = packed.replace(struct.pack("<I", 1000), struct.pack("<I", size))
        assert refused(lying) in {"an entry does not end where it should", "an entry is damaged"}


def test_nothing_may_stand_between_before_or_after() -> None:
    data = python_zip(*FILES)
    assert refused(b"#!/bin/sh\n" + data)
    assert refused(data + b"\n")
    central = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    moved = data[: end + 16] + struct.pack("<I", central + 4) + data[end + 20 :]
    assert refused(moved[:central] + b"gap!" + moved[central:])
    inside = struct.pack("<II", end - central + 4, central)
    assert refused(data[:end] + b"gap!" + data[end : end + 12] + inside + data[end + 20 :])


def test_a_comment_cannot_hold_a_second_end() -> None:
    inner = python_zip(*FILES)
    ambiguous = python_zip(*FILES, comment=inner[inner.index(b"PK\x05\x06") :])
    assert "several" in refused(ambiguous)
    harmless = python_zip(*FILES, comment=b"PK\x05\x06 and some words more")
    assert files_of(harmless) == FILES


@pytest.mark.parametrize(
    "data", [b"", b"PK\x05\x06", b"not a zip file at all", bytes(22), b"PK\x05\x06" + b"\xff" * 18]
)
def test_what_is_no_zip_file(data: bytes) -> None:
    assert refused(data)


def test_an_empty_zip_file_holds_nothing() -> None:
    assert files_of(b"PK\x05\x06" + bytes(18)) == []


def test_damage_is_found() -> None:
    data = python_zip(("a", b"0123456789"), method=zipfile.ZIP_STORED)
    assert refused(data.replace(b"0123456789", b"0123456780")) == "an entry is damaged"
    deflated = python_zip(("a", b"0123456789" * 9))
    assert refused(deflated[:35] + b"\xff\xff" + deflated[37:]) in {
        "the file cannot be unpacked",
        "an entry is damaged",
    }


@pytest.mark.parametrize(("flag", "method"), [(0x0001, 8), (0x0040, 8), (0, 12), (0, 1)])
def test_unknown_ways_of_packing(flag: int, method: int) -> None:
    data = bytearray(python_zip(("a", b"content")))
    central = data.index(b"PK\x01\x02")
    for position in (6, central + 8):
        data[position : position + 4] = struct.pack("<HH", flag, method)
    assert refused(bytes(data)) == "an entry is packed in an unknown way"


def test_times_and_owners_are_the_only_extra_fields() -> None:
    known = extra(0x5455, b"\x01" + bytes(4)) + extra(0x000A, bytes(32)) + extra(0x7875, b"\x01\x00\x00")
    assert files_of(with_extras(("a", b"1", known, known))) == [("a", b"1")]
    # ZIP64, encryption, another name, another comment, Java's mark, nobody's.
    for kind in (0x0001, 0x0017, 0x7075, 0x6375, 0xCAFE, 0xFFFF):
        for mixed in (extra(kind, b""), known + extra(kind, bytes(8))):
            for fields in ((mixed, b""), (b"", mixed)):
                assert "extra field" in refused(with_extras(("a", b"1", *fields)))
    for cut in (known[:-1], known + b"\x55", known + b"\x55\x54\x01"):
        for fields in ((cut, b""), (b"", cut)):
            refused(with_extras(("a", b"1", *fields)))


def test_no_other_program_reads_another_file_under_a_name(tmp_path: Path) -> None:
    def named(name: str, other: str) -> bytes:
        return extra(0x7075, b"\x01" + struct.pack("<I", zlib.crc32(name.encode())) + other.encode())

    hidden = [("message.xml", b"what is verified", named("message.xml", "hidden.txt"))]
    shown = [("zz.xml", b"what is seen", named("zz.xml", "message.xml"))]
    data = with_extras(*((name, content, field, field) for name, content, field in hidden + shown))
    file = tmp_path / "two-faced.zip"
    file.write_bytes(data)
    unzip = shutil.which("unzip")
    if unzip is not None:
        # This is why: Info-ZIP goes by the other name.
        read = subprocess.run([unzip, "-p", str(file), "message.xml"], capture_output=True, check=True)
        assert read.stdout == b"what is seen"
    assert "extra field" in refused(data)


def test_any_changed_byte_is_refused_or_changes_only_metadata() -> None:
    for data in (zip_format.write(FILES, AT, b"comment"), python_zip(*FILES), streamed_zip(*FILES)):
        entries = zip_format.read(data, 100)
        canonical = zip_format.is_canonical(data, entries, b"comment")
        kept = 0
        for position in range(len(data)):
            for change in (0x01, 0x20, 0x80):
                changed = bytearray(data)
                changed[position] ^= change
                try:
                    read = zip_format.read(bytes(changed), 100)
                except Refused:
                    continue
                kept += 1
                assert [(e.name, e.content) for e in read] == FILES
                assert not canonical or not zip_format.is_canonical(bytes(changed), read, b"comment")
        assert 0 < kept < len(data)


@settings(max_examples=200)
@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 60))
def test_no_octets_raise_anything_but_a_refusal(noise: bytes, position: int, removed: int) -> None:
    data = zip_format.write(FILES, AT, b"")
    changed = data[:position] + noise + data[position + removed :]
    for octets in (noise, changed):
        try:
            zip_format.read(octets, 100)
        except Refused as error:
            assert error.code == "asic_malformed"


def test_what_others_pack_is_canonical_only_in_x_roads_form(vectors: Path) -> None:
    containers = vectors / "containers"
    for name, expected in (("valid-non-batch-rest", True), ("valid-signed-message", False)):
        data = (containers / f"{name}.asice").read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert zip_format.is_canonical(data, zip_format.read(data, 100), archive.comment) is expected


def test_a_large_file_is_canonical_in_stored_blocks_only() -> None:
    content = bytes(zip_format._MOST_DEFLATED_AGAIN + 1)
    data = zip_format.write([("large", content)], AT, b"")
    assert zip_format.is_canonical(data, zip_format.read(data, 1), b"")
    deflater = zlib.compressobj(-1, zlib.DEFLATED, -15)
    stream = deflater.compress(content) + deflater.flush()
    entry = zip_format.read(data, 1)[0]
    packed = zip_format._laid_out([zip_format.Entry("large", content, stream, entry.clock, entry.extra)], b"")
    assert not zip_format.is_canonical(packed, zip_format.read(packed, 1), b"")
