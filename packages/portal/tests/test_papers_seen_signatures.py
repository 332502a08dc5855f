"""A rehearsal's signatures are seen on the paper, where its form has the signature block, and change nothing else."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from ketnoi_portal.files.examiner import Order, examine
from ketnoi_portal.papers.signing import sign

from .test_papers_signatures import AT, AUTHORITY, ISSUERS, SIGNED, WHO, unsigned

OTHERS = ("Nguyễn Văn An", "Lê Văn Ba")


def by_all() -> bytes:
    pdf = SIGNED
    for name in OTHERS:
        pdf = sign(pdf, AUTHORITY, name, "x", AT)
    return pdf


def rectangles(pdf: bytes) -> list[tuple[float, ...]]:
    """Of each signature field: left, lower, right, upper."""
    found = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
    return [tuple(float(each) for each in one.sig_field["/Rect"]) for one in found]


def words(pdf: bytes, folder: Path) -> str:
    """What a reader sees, in its place on the page."""
    (folder / "paper.pdf").write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", folder / "paper.pdf", "-"], capture_output=True, check=True)
    return done.stdout.decode()


def height_of(word: str, pdf: bytes, folder: Path) -> list[float]:
    """How far from the page's lower end each occurrence of a word is."""
    (folder / "paper.pdf").write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-bbox", folder / "paper.pdf", "-"], capture_output=True, check=True)
    lines = [line for line in done.stdout.decode().splitlines() if f">{word}<" in line]
    return [841.89 - float(line.partition('yMin="')[2].partition('"')[0]) for line in lines]


def test_name_and_time_stand_in_the_signature_block(tmp_path: Path) -> None:
    before, after = words(unsigned(), tmp_path), words(SIGNED, tmp_path)
    assert "Ký bởi" not in before
    assert f"Ký bởi: {WHO}" in after
    assert "26/11/2026 10:00:00 (ký thử, không có giá trị)" in after
    ((left, lower, right, upper),) = rectangles(SIGNED)
    title, name = height_of("NGƯỜI", unsigned(), tmp_path)[0], height_of("Hường", unsigned(), tmp_path)[0]
    assert title > upper > lower > name
    assert (right - left, upper - lower) == (190, 28)
    assert left > 297


def test_a_second_signature_stands_beneath_and_a_third_is_there_unseen(tmp_path: Path) -> None:
    pdf = by_all()
    first, second, third = rectangles(pdf)
    assert first[1] > second[3]
    assert second[1] > height_of("Hường", unsigned(), tmp_path)[0]
    assert third == (0, 0, 0, 0)
    told = words(pdf, tmp_path)
    assert f"Ký bởi: {OTHERS[0]}" in told
    assert OTHERS[1] not in told


def test_each_still_holds_for_us_and_for_poppler(tmp_path: Path) -> None:
    pdf = by_all()
    found = examine(Order(pdf=pdf, issuers=ISSUERS, at=AT))
    assert [(each.signer, each.problems) for each in found.signatures] == [(name, ()) for name in (WHO, *OTHERS)]
    (tmp_path / "paper.pdf").write_bytes(pdf)
    judged = subprocess.run(["pdfsig", tmp_path / "paper.pdf"], capture_output=True, check=False).stdout.decode()
    assert judged.count("Signature is Valid") == 3


@pytest.mark.parametrize("told", ["no names", "names of other things"])
def test_a_paper_that_was_not_made_here_is_signed_unseen(told: str) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(unsigned()))
    names = writer.root["/Names"]
    if told == "no names":
        del names["/Dests"]
    else:
        names["/Dests"]["/Names"][0] = names["/Dests"]["/Names"][1]
    writer.update_container(names)
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    pdf = sign(out.getvalue(), AUTHORITY, WHO, "x", AT)
    assert rectangles(pdf) == [(0, 0, 0, 0)]
    (one,) = examine(Order(pdf=pdf, issuers=ISSUERS, at=AT)).signatures
    assert one.problems == ()
