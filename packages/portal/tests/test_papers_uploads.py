"""What is not let in: wrong kinds, bombs, programs, hidden files, passwords, tricks in names; and in which words."""

from __future__ import annotations

import struct
import time
import zlib
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from ketnoi_portal.files.examination import examine
from ketnoi_portal.files.examiner import Order
from ketnoi_portal.files.examiner import examine as examine_here
from ketnoi_portal.files.uploads import DANGERS, LARGEST, UploadRefused, admit, kind_of

from .test_papers_signatures import SIGNED, unsigned

AT = datetime(2026, 11, 26, tzinfo=UTC)
N = generic.pdf_name


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 4, height: int = 4) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * (min(width, 8) + 1) * min(height, 8))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(width: int = 4, height: int = 4) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8"
        + b"\xff\xc0"
        + struct.pack(">H", len(frame) + 2)
        + frame
        + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
        + b"\x00\xff\xd9"
    )


def with_catalog(**entries: generic.PdfObject) -> bytes:
    """A made paper whose catalogue has these entries besides."""
    writer = copy_into_new_writer(PdfFileReader(BytesIO(unsigned())))
    for name, value in entries.items():
        writer.root[N(f"/{name}")] = writer.add_object(value)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def action(kind: str, **more: generic.PdfObject) -> generic.DictionaryObject:
    told = generic.DictionaryObject({N("/Type"): N("/Action"), N("/S"): N(f"/{kind}")})
    for name, value in more.items():
        told[N(f"/{name}")] = value
    return told


def embedded() -> generic.DictionaryObject:
    return generic.DictionaryObject(
        {N("/EmbeddedFiles"): generic.DictionaryObject({N("/Names"): generic.ArrayObject()})}
    )


def hidden() -> generic.DictionaryObject:
    """An action deep in an object that no page refers to."""
    return generic.DictionaryObject(
        {N("/Deep"): generic.ArrayObject([action("Launch", F=generic.pdf_string("a.exe"))])}
    )


def encrypted() -> bytes:
    from pyhanko.pdf_utils.writer import PdfFileWriter

    writer = copy_into_new_writer(PdfFileReader(BytesIO(unsigned())))
    assert isinstance(writer, PdfFileWriter)
    writer.encrypt(owner_pass="a", user_pass="b")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def bomb(layers: int = 1) -> bytes:
    data = b"\0" * (300 * 1024 * 1024)
    for _ in range(layers):
        data = zlib.compress(data, 9)
    stream = generic.StreamObject(
        {
            N("/Filter"): generic.ArrayObject([N("/FlateDecode")] * layers),
            N("/Length"): generic.NumberObject(len(data)),
        },
        encoded_data=data,
    )
    return with_catalog(Extra=stream)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: with_catalog(OpenAction=action("JavaScript", JS=generic.pdf_string("app.alert(1)"))), "javascript"),
        (lambda: with_catalog(Names=generic.DictionaryObject({N("/JavaScript"): generic.ArrayObject()})), "javascript"),
        (lambda: with_catalog(OpenAction=action("Launch", F=generic.pdf_string("cmd.exe"))), "launch"),
        (lambda: with_catalog(OpenAction=action("SubmitForm")), "launch"),
        (lambda: with_catalog(Names=embedded()), "embedded_file"),
        (lambda: with_catalog(PieceInfo=hidden()), "launch"),
        (encrypted, "encrypted"),
        (bomb, "bomb"),
        (lambda: bomb(2), "bomb"),
        (lambda: b"%PDF-1.7\nnothing\n%%EOF\n", "unreadable"),
        (lambda: unsigned()[:3000] + b"\n%%EOF\n", "unreadable"),
    ],
)
def test_a_dangerous_pdf_is_refused_with_its_mend(make: object, code: str) -> None:
    found = examine_here(Order(pdf=make(), issuers={}, at=AT))  # type: ignore[operator]
    assert found.dangers[:1] == (code,)
    assert DANGERS[code].mend.vi
    assert DANGERS[code].title.en


def test_what_is_made_and_signed_here_is_let_in() -> None:
    for pdf in (unsigned(), SIGNED):
        assert admit("Giấy tờ số 1.pdf", pdf).name == "Giấy tờ số 1.pdf"
        assert examine(pdf, {}, AT).dangers == ()


def test_an_examination_ends_whatever_the_file_does_to_its_process() -> None:
    # Two layers of 300 MiB would be far more than the process may hold.
    began = time.monotonic()
    assert examine(bomb(2), {}, AT).dangers == ("bomb",)
    # Nested arrays, which a recursive reader cannot finish.
    nested = b"%PDF-1.7\n1 0 obj\n" + b"[" * 500_000 + b"\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
    assert examine(nested, {}, AT).dangers[0] in ("unreadable", "bomb")
    assert time.monotonic() - began < 90


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.pdf", b"", "upload_empty"),
        ("a.pdf", b"%PDF-1.7\n" + b"\0" * LARGEST, "upload_too_large"),
        ("a.pdf", b"MZ\x90\0" + b"\0" * 100, "upload_wrong_kind"),
        ("a.pdf", b"PK\x03\x04" + b"\0" * 100, "upload_wrong_kind"),
        ("a.pdf", b"GIF89a" + unsigned(), "upload_wrong_kind"),
        ("a.pdf", b"<html>%PDF-1.7", "upload_wrong_kind"),
        ("a.pdf", b"%PDF-1.7\nx\n%%EOF\nPK\x03\x04zip", "upload_extra_data"),
        ("a.png", png() + unsigned(), "upload_extra_data"),
        ("a.png", png()[:-4], "upload_broken"),
        ("a.png", png(60_000, 60_000), "upload_bomb"),
        ("a.jpg", jpeg(60_000, 60_000), "upload_bomb"),
        ("a.jpg", jpeg() + b"<script>", "upload_extra_data"),
        ("a.jpg", b"\xff\xd8\xff\xe0\x00", "upload_extra_data"),
        ("cam-ket.pdf.exe", unsigned(), "upload_dangerous_name"),
        ("cam-ket.exe.pdf", unsigned(), "upload_dangerous_name"),
        ("cam-ket.SCR .pdf", unsigned(), "upload_dangerous_name"),
        ("\u202efdp.exe", unsigned(), "upload_dangerous_name"),
    ],
)
def test_what_is_no_paper_is_refused(name: str, data: bytes, code: str) -> None:
    with pytest.raises(UploadRefused) as refused:
        admit(name, data)
    assert refused.value.reason.code == code
    assert refused.value.reason.mend.vi


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\Windows\\win.pdf", "win.pdf"),
        ("/a/b/Cam kết (bản 2).PDF", "Cam kết (bản 2).pdf"),
        ('a"b\r\nSet-Cookie: x.pdf', "a-bSet-Cookie- x.pdf"),
        ("…", "giay-to.pdf"),
        ("", "giay-to.pdf"),
        ("x" * 400 + ".pdf", "x" * 100 + ".pdf"),
        ("scan.jpeg", "scan.pdf"),
    ],
)
def test_names_are_made_harmless(name: str, kept: str) -> None:
    assert admit(name, unsigned()).name == kept


def test_pictures_are_told_by_their_content() -> None:
    assert kind_of(png()) == "image/png"
    assert admit("trang.pdf", png()).name == "trang.png"
    assert admit("trang", jpeg()).media_type == "image/jpeg"
