"""The survey form: written and sent by the agency, read by A05 and A06, asked back and answered."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding.models import Application, SurveyAttachment
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.survey import BLOCKS, QUESTIONS

from .pages import PDF, Cast, Walk

pytestmark = pytest.mark.django_db

ANSWERS = {key: f"Trả lời cho {key}" for key in QUESTIONS}


def test_the_form_has_the_circulars_five_blocks_and_every_key_once() -> None:
    assert [block.letter for block in BLOCKS] == ["a", "b", "c", "d", "e"]
    assert len(QUESTIONS) == sum(len(block.questions) for block in BLOCKS)
    assert all(key.startswith(block.letter) for block in BLOCKS for key in (each.key for each in block.questions))


def test_it_is_sent_complete_only_and_says_what_is_missing() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTING)
    page, rep = reverse("onboarding:survey", args=[walk.application.pk]), cast.client("rep")
    refused = rep.post(page, {**ANSWERS, "b_patches": " ", "send": "1"})
    assert refused.status_code == 409
    assert "Chưa trả lời: Tình trạng cập nhật bản vá" in refused.content.decode()
    assert "Trả lời cho a_logs" in rep.get(page).content.decode()
    file = SimpleUploadedFile("..\\..\\so do\x07.pdf", PDF)
    sent = rep.post(page, {**ANSWERS, "a_network_file": file, "send": "1"})
    assert sent.status_code == 302
    assert Application.objects.get().survey_sent
    attachment = SurveyAttachment.objects.get()
    assert attachment.file_name == "so do.pdf"
    closed = rep.post(page, {**ANSWERS, "a_logs": "khác"})
    assert closed.status_code == 409
    told = cast.client("a05").get(page).content.decode()
    assert "Trả lời cho a_logs" in told
    assert "<textarea" not in told
    got = cast.client("a06").get(reverse("onboarding:attachment", args=[walk.application.pk, attachment.pk]))
    assert got.content == PDF
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_a_clerk_writes_but_does_not_send() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTING)
    page, clerk = reverse("onboarding:survey", args=[walk.application.pk]), cast.client("clerk")
    assert clerk.post(page, ANSWERS).status_code == 302
    assert clerk.post(page, {**ANSWERS, "send": "1"}).status_code == 403
    assert not Application.objects.get().survey_sent


@pytest.mark.parametrize("data", [b"MZ\x90\x00program", b"<html><script>", b"PK\x03\x04zip", b""])
def test_a_file_of_another_kind_is_refused_whatever_its_name(data: bytes) -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTING)
    page = reverse("onboarding:survey", args=[walk.application.pk])
    answer = cast.client("rep").post(page, {**ANSWERS, "a_network_file": SimpleUploadedFile("a.pdf", data)})
    assert answer.status_code == 422
    assert not SurveyAttachment.objects.exists()


def test_while_an_assessor_asks_the_agency_may_mend_its_answers() -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTED)
    page, rep = reverse("onboarding:survey", args=[walk.application.pk]), cast.client("rep")
    assert rep.post(page, ANSWERS).status_code == 409
    walk.take("a05", "ask_agency", "a05", Given(reason="nhật ký lưu bao lâu?"))
    assert rep.post(page, {**ANSWERS, "a_logs": "24 tháng"}).status_code == 302
    assert "24 tháng" in cast.client("a05").get(page).content.decode()
    text = rep.get(reverse("onboarding:application", args=[walk.application.pk])).content.decode()
    assert "nhật ký lưu bao lâu?" in text


@pytest.mark.parametrize("reader", ["pc06", "vdxp", "other_rep", "officer", "leader_1"])
def test_nobody_else_reads_it(reader: str) -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.WITH_PC06)
    assert cast.client(reader).get(reverse("onboarding:survey", args=[walk.application.pk])).status_code == 404


@pytest.mark.parametrize(
    ("reader", "status"), [("rep", 200), ("c06", 200), ("a06", 200), ("vdxp", 404), ("other_rep", 404)]
)
def test_an_assessors_document_is_read_by_those_whom_it_concerns(reader: str, status: int) -> None:
    cast = Cast()
    walk = Walk(cast)
    walk.to(Stage.TESTED)
    kept = Blob.keep(PDF, "application/pdf")
    walk.take("a05", "confirm_security", "a05", Given(number="5/XN", file=kept))
    (said,) = walk.application.assessments.filter(assessor="a05", current=True)
    address = reverse("onboarding:confirmation", args=[walk.application.pk, said.pk])
    assert cast.client(reader).get(address).status_code == status
