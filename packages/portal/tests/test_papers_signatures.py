"""Signatures in PDFs: what holds, and every way in which it does not; poppler's pdfsig judges beside."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from ketnoi_portal.files.examination import examine
from ketnoi_portal.files.examiner import Examination, Order
from ketnoi_portal.files.examiner import examine as examine_here
from ketnoi_portal.papers import verdicts
from ketnoi_portal.papers.making import Form, make_pdf
from ketnoi_portal.papers.signing import NoRehearsal, certificate_of, new_authority, sign, sign_in_rehearsal
from ketnoi_portal.settings import Settings, Signing

AT = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
AUTHORITY = new_authority(AT)
ISSUERS = {"CA diễn tập": certificate_of(AUTHORITY).decode()}
WHO = "Trần Thị Hường"


def unsigned() -> bytes:
    data = {
        "title": "Bản cam kết",
        "author": "x",
        "keywords": ["ketnoi", "KN-2026-000001", "3", "0" * 16],
        "mark": "",
        "place-and-date": "Hà Nội, ngày",
        "kind": "Bản cam kết",
        "subject": "Bảo đảm an ninh",
        "to": "Cục C06.",
        "basis": [],
        "recipients": [],
        "signature": {"office": ["Người cam kết"], "how": "", "name": WHO},
        "system": "Cơ sở dữ liệu",
        "person": dict.fromkeys(("name", "position", "unit", "email", "key", "services"), "x"),
    }
    return make_pdf(Form.COMMITMENT_PERSON, data, AT)


SIGNED = sign(unsigned(), AUTHORITY, WHO, "UBND tỉnh Thái Nguyên", AT)


def look(pdf: bytes, *, issuers: dict[str, str] = ISSUERS, at: datetime = AT) -> Examination:
    return examine_here(Order(pdf=pdf, issuers=issuers, at=at))


def problems(found: Examination) -> list[tuple[str, ...]]:
    return [each.problems for each in found.signatures]


def pdfsig(pdf: bytes, folder: Path) -> str:
    (folder / "paper.pdf").write_bytes(pdf)
    return subprocess.run(["pdfsig", folder / "paper.pdf"], capture_output=True, check=False).stdout.decode()


def told(found: Examination, *expected: str) -> str:
    verdict = verdicts.of_examination(found, AT, expected)
    lines = verdicts.lines(verdicts.kept(verdict))
    return "\n".join(f"{line.told.both} | {line.mend.both if line.mend else ''}" for line in lines)


def test_a_valid_signature_is_told_with_who_and_when(tmp_path: Path) -> None:
    found = examine(SIGNED, ISSUERS, AT)
    assert problems(found) == [()]
    (one,) = found.signatures
    assert (one.signer, one.organisation, one.authority) == (WHO, "UBND tỉnh Thái Nguyên", "CA diễn tập")
    assert (one.claimed_at, one.stamped_at, one.revocation) == (AT, None, "unknown")
    words = told(found, "tran thi huong")
    assert "Chữ ký hợp lệ, của Trần Thị Hường (UBND tỉnh Thái Nguyên), lúc 10:00 ngày 26/11/2026" in words
    assert "Người ký khác" not in words
    judge = pdfsig(SIGNED, tmp_path)
    assert "Signature is Valid" in judge
    assert "Total document signed" in judge


def test_another_signer_than_expected_is_a_warning() -> None:
    found = look(SIGNED)
    assert verdicts.of_examination(found, AT, ("Nguyễn Văn An",)).state == verdicts.VALID
    assert "Người ký khác với người cần ký: Nguyễn Văn An" in told(found, "Nguyễn Văn An")


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    at = SIGNED.index(b"stream") + 40
    changed = SIGNED[:at] + bytes([SIGNED[at] ^ 1]) + SIGNED[at + 1 :]
    found = look(changed)
    assert problems(found) == [("changed",)]
    assert "nội dung đã bị sửa sau khi ký" in told(found)
    assert verdicts.of_examination(found, AT, ()).state == verdicts.INVALID
    assert "Signature is Valid" not in pdfsig(changed, tmp_path)


def appended(pdf: bytes) -> bytes:
    """Another revision, which replaces the first page's content."""
    from io import BytesIO

    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0]
    while "/Kids" in page:
        page = page["/Kids"][0]
    stream = generic.StreamObject(stream_data=b"BT ET")
    page["/Contents"] = writer.add_object(stream)
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_revision_added_later_is_found(tmp_path: Path) -> None:
    later = appended(SIGNED)
    assert problems(look(later)) == [("appended",)]
    assert "Not total document signed" in pdfsig(later, tmp_path)


def test_notes_and_bytes_at_the_end_are_found() -> None:
    from io import BytesIO

    writer = IncrementalPdfFileWriter(BytesIO(SIGNED))
    page = writer.root["/Pages"]["/Kids"][0]
    while "/Kids" in page:
        page = page["/Kids"][0]
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Rect"): generic.ArrayObject([generic.NumberObject(n) for n in (0, 0, 200, 200)]),
            generic.pdf_name("/Contents"): generic.pdf_string("khong con cam ket"),
        }
    )
    page["/Annots"] = generic.ArrayObject([writer.add_object(note)])
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    assert problems(look(out.getvalue())) == [("appended",)]
    found = look(SIGNED + b"\n% more\n%%EOF\n")
    assert found.dangers or problems(found) != [()]


@pytest.mark.parametrize(
    ("issuers", "at", "problem"),
    [
        ({"khác": certificate_of(new_authority(AT, name="Unsafe Other CA")).decode()}, AT, "untrusted"),
        ({"cùng tên": certificate_of(new_authority(AT)).decode()}, AT, "untrusted"),
        ({}, AT, "untrusted"),
        (ISSUERS, AT + timedelta(days=31), "expired"),
        (ISSUERS, AT - timedelta(days=2), "not_yet_valid"),
    ],
)
def test_a_wrong_chain_or_time_is_found(issuers: dict[str, str], at: datetime, problem: str) -> None:
    found = look(SIGNED, issuers=issuers, at=at)
    assert problems(found) == [(problem,)]
    told_vi, mend = verdicts.PROBLEMS[problem]
    assert told_vi.vi in told(found)
    assert mend.vi in told(found)


def test_an_unsigned_paper_is_said_to_be_so() -> None:
    found = look(unsigned())
    assert found.signatures == ()
    assert verdicts.of_examination(found, AT, ()).state == verdicts.UNSIGNED
    assert "chưa được ký số" in told(found)


def test_several_signatures_are_judged_each(tmp_path: Path) -> None:
    twice = sign(SIGNED, AUTHORITY, "Nguyễn Văn An", "Sở Tư pháp", AT)
    found = look(twice)
    assert [each.signer for each in found.signatures] == [WHO, "Nguyễn Văn An"]
    assert problems(found) == [(), ()]
    assert pdfsig(twice, tmp_path).count("Signature is Valid") == 2
    stranger = sign(SIGNED, new_authority(AT), "Kẻ lạ", "x", AT)
    assert problems(look(stranger)) == [(), ("untrusted",)]
    assert verdicts.of_examination(look(stranger), AT, (WHO,)).state == verdicts.INVALID
    assert problems(look(appended(twice))) == [("appended",), ("appended",)]


def test_numbers_in_a_certificates_names_are_not_kept() -> None:
    signed = sign(unsigned(), AUTHORITY, "Nguyễn Văn An CCCD:9" + "1" * 11, "MST 0101 234 567 89", AT)
    (one,) = look(signed).signatures
    assert not any(letter.isdigit() for letter in one.signer + one.organisation)


def test_test_certificates_sign_nothing_outside_a_rehearsal(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(AUTHORITY)
    signing = Signing(rehearsal_signer="ca.pem")
    real = Settings(database="", secret_key_file="", base=str(tmp_path), signing=signing)
    with pytest.raises(NoRehearsal):
        sign_in_rehearsal(real, unsigned(), WHO, "x", AT)
    rehearsal = Settings(database="", secret_key_file="", base=str(tmp_path), signing=signing, rehearsal=True)
    assert problems(look(sign_in_rehearsal(rehearsal, unsigned(), WHO, "x", AT))) == [()]
    with pytest.raises(NoRehearsal):
        sign_in_rehearsal(
            Settings(database="", secret_key_file="", base=str(tmp_path), rehearsal=True), unsigned(), WHO, "x", AT
        )
