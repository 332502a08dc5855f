"""The papers as PDF: what stands in them, their layout, their letters; poppler judges."""

from __future__ import annotations

import subprocess
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding.models import Survey
from ketnoi_portal.onboarding.registration import Contact
from ketnoi_portal.papers.contents import commitment_of_organisation, digest, paper
from ketnoi_portal.papers.drafts import confirmation, decision_sheet, survey
from ketnoi_portal.papers.letterhead import issuer_of, place_of, signature_of
from ketnoi_portal.papers.making import Form, make_pdf
from ketnoi_portal.process.roles import DeskKind
from ketnoi_protocol.services import System

from .dossiers import a_dossier, an_account
from .forms import HEAD

AT = datetime(2026, 11, 26, tzinfo=UTC)
VOWELS = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
LETTERS = [unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in TONES] + ["đ"]


def text_of(pdf: bytes, *options: str) -> str:
    """What poppler reads in it."""
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=pdf, capture_output=True, check=True)
    return unicodedata.normalize("NFC", done.stdout.decode())


def flat(pdf: bytes) -> str:
    return " ".join(text_of(pdf).split())


def everything(tmp_path: Path) -> dict[str, bytes]:
    dossier = a_dossier()
    application = dossier.application
    made = {}
    for unit in ("1", "2", "3", "4/TK1"):
        form, data = paper(application, unit)
        made[unit] = make_pdf(form, data, AT)
    answered = Survey.objects.get(application=application)
    answered.answers = {"a_network": "Ba vùng: biên, ứng dụng, dữ liệu"}
    answered.save()
    answered.attachments.create(
        question="a_network", file=Blob.keep(b"%PDF-", "application/pdf"), file_name="so-do.pdf", added_at=AT
    )
    made["survey"] = make_pdf(Form.SURVEY, survey(application), AT)
    said = application.assessments.get(assessor="a05")
    made["confirmation"] = make_pdf(Form.CONFIRMATION, confirmation(application, DeskKind.A05, said), AT)
    made["decision"] = make_pdf(Form.DECISION, decision_sheet(application), AT)
    return made


@pytest.mark.django_db
def test_every_paper_says_what_the_application_says(tmp_path: Path) -> None:
    made = everything(tmp_path)
    for name, pdf in made.items():
        (tmp_path / f"{name.replace('/', '-')}.pdf").write_bytes(pdf)
    first = flat(made["1"])
    for told in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "ỦY BAN NHÂN DÂN TỈNH THÁI NGUYÊN",
        "Thái Nguyên, ngày",
        "PHIẾU ĐĂNG KÝ",
        "Kính gửi:",
        "1205/QĐ-UBND ngày 15/03/2022",
        "12.500",
        "VDXP-TEST/GOV/H55/SS01",
        "TM. ỦY BAN NHÂN DÂN",
        "CHỦ TỊCH",
        "Nơi nhận:",
        HEAD,
    ):
        assert told in first, told
    assert "Nguyễn Thị Thủy" in flat(made["2"])
    assert "Bảo đảm an ninh, an toàn và bảo mật thông tin của tổ chức" in flat(made["3"])
    fourth = flat(made["4/TK1"])
    assert "NGƯỜI CAM KẾT" in fourth
    assert "Tôi tên là: Nguyễn Thị Thủy" in fourth
    assert "4/TK1" in fourth
    assert "Kèm theo: so-do.pdf" in flat(made["survey"])
    assert "Ba vùng: biên, ứng dụng, dữ liệu" in flat(made["survey"])
    assert "DỰ THẢO" in flat(made["confirmation"])
    assert "15/XN-A05" in flat(made["confirmation"])
    assert "Lãnh đạo Cục C06" in flat(made["decision"])


@pytest.mark.django_db
def test_a_paper_is_a_tagged_pdf_a_with_its_letters_inside() -> None:
    form, data = paper(a_dossier().application, "1")
    pdf = make_pdf(form, data, AT)
    info = subprocess.run(["pdfinfo", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    assert "595.276 x 841.89 pts (A4)" in info
    assert "Tagged:          yes" in info
    assert "ketnoi" in info
    assert b"pdfaid:part" in pdf
    assert b">2<" in pdf
    fonts = subprocess.run(["pdffonts", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    assert "LiberationSerif" in fonts
    # emb, sub, uni
    assert all(" yes yes yes " in line for line in fonts.splitlines()[2:])


@pytest.mark.django_db
def test_the_same_data_make_the_same_bytes_and_other_data_another_mark() -> None:
    dossier = a_dossier()
    form, data = paper(dossier.application, "4/TK1")
    assert make_pdf(form, data, AT) == make_pdf(form, data, AT)
    changed = {**data, "person": {**data["person"], "name": "Người khác"}}
    assert digest(changed) != data["keywords"][3] == digest(data)
    assert make_pdf(form, changed, AT) != make_pdf(form, data, AT)


@pytest.mark.parametrize("debian_fonts", [True, False])
@pytest.mark.django_db
def test_every_vietnamese_letter_is_set(debian_fonts: bool) -> None:
    from ketnoi_portal.onboarding import actions

    dossier = a_dossier()
    letters = " ".join([*LETTERS, *(letter.upper() for letter in LETTERS)])
    half = len(letters) // 2
    actions.take(
        dossier.representative,
        dossier.application,
        "list_account",
        "TK2",
        an_account(full_name=letters[:90].strip(), position="x"),
    )
    form, data = paper(dossier.application, "4/TK1")
    for part in (letters[:half], letters[half:]):
        pdf = make_pdf(form, {**data, "person": {**data["person"], "name": part}}, AT, debian_fonts=debian_fonts)
        assert all(letter in flat(pdf) for letter in part.split())
        fonts = subprocess.run(["pdffonts", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
        assert ("Liberation" in fonts) is debian_fonts


@pytest.mark.django_db
def test_what_people_wrote_is_never_source() -> None:
    form, data = paper(a_dossier().application, "1")
    evil = '#panic("x") $x$ *đậm* \\ #read("/etc/passwd") "]'
    pdf = make_pdf(form, {**data, "duties": evil}, AT)
    assert evil in flat(pdf)


@pytest.mark.django_db
def test_letterheads_follow_the_organisation() -> None:
    a_dossier()
    at = {code: Organisation.objects.get(pk=code) for code in ("G15", "H55", "H55.02", "H55.30", "H55.30.12")}
    assert issuer_of(at["G15"]) == ([], ["Bộ Tư pháp"])
    assert issuer_of(at["H55.02"]) == (["Ủy ban nhân dân tỉnh Thái Nguyên"], ["Sở Tư pháp"])
    assert issuer_of(at["H55.30.12"]) == ([], ["Ủy ban nhân dân", "Phường Hoàng Văn Thụ"])
    assert [place_of(each) for each in at.values()] == [
        "Hà Nội",
        "Thái Nguyên",
        "Thái Nguyên",
        "Thái Nguyên",
        "Hoàng Văn Thụ",
    ]
    assert signature_of(at["H55.02"], "Phó Giám đốc", "A")["office"] == ["KT. Giám đốc", "Phó Giám đốc"]
    assert signature_of(at["H55"], "", "A")["office"] == ["TM. Ủy ban nhân dân", "Chủ tịch"]
    unit = commitment_of_organisation(
        at["H55.30.12"], System.POPULATION, Contact(name="Lê Văn Ái", position="Chủ tịch"), to="Đội QLHC về TTXH."
    )
    assert "Kính gửi: Đội QLHC về TTXH." in flat(make_pdf(Form.COMMITMENT_ORGANISATION, unit, AT))


@pytest.mark.django_db
def test_what_one_person_signs_stands_on_one_page() -> None:
    dossier = a_dossier()
    form, data = paper(dossier.application, "4/TK1")
    info = subprocess.run(["pdfinfo", "-"], input=make_pdf(form, data, AT), capture_output=True, check=True).stdout
    assert "Pages:           1" in info.decode()
