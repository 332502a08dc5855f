"""What the agency does with the survey form: write, attach, send."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.audit.models import record
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application, Survey, SurveyAttachment
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_portal.process.step import BEFORE_PRODUCTION
from ketnoi_portal.process.survey import QUESTIONS, unanswered

MOST_ATTACHMENTS = 40


def may_write(actor: Actor, application: Application) -> bool:
    """The agency writes until the form is sent, and again while an assessor waits for an answer."""
    if actor.desk is not DeskKind.AGENCY or actor.organisation != application.organisation_id:
        return False
    if not actor.roles & {Role.REPRESENTATIVE, Role.CLERK} or application.stage not in BEFORE_PRODUCTION:
        return False
    return not application.survey_sent or application.questions.filter(answered_at=None).exists()


def save_survey(actor: Actor, application: Application, answers: Mapping[str, str]) -> Survey:
    """Keep the answers to known questions. Raises StepRefused."""
    with transaction.atomic():
        survey = _locked(actor, application)
        kept = {key: answers.get(key, "").strip() for key in QUESTIONS}
        changed = sorted(key for key in QUESTIONS if kept[key] != survey.answers.get(key, ""))
        survey.answers = kept
        survey.save()
        if changed:
            record(actor, "save_survey", "application", application.pk, after={"changed": changed})
    return survey


def attach_to_survey(actor: Actor, application: Application, question: str, file: Blob, name: str) -> SurveyAttachment:
    """Add a file to one answer. Raises StepRefused."""
    with transaction.atomic():
        survey = _locked(actor, application)
        if question not in QUESTIONS or survey.attachments.count() >= MOST_ATTACHMENTS:
            raise StepRefused([_TOO_MANY])
        attachment = SurveyAttachment.objects.create(
            survey=survey, question=question, file=file, file_name=name, added_at=clock.now()
        )
        told = {"question": question, "sha256": file.sha256}
        record(actor, "attach_to_survey", "application", application.pk, after=told)
    return attachment


def send_survey(actor: Actor, application: Application, *, revision: int | None = None) -> Application:
    """Send a complete form to A05. Raises StepRefused with each question that has no answer, Changed."""
    survey = Survey.objects.filter(application=application).first()
    gaps = unanswered(survey.answers if survey else {})
    if gaps:
        raise StepRefused(
            Reason(
                f"unanswered:{each.key}",
                Text(f"Chưa trả lời: {each.title.vi}", f"Not answered: {each.title.en}"),
                Text("Trả lời câu này", "Answer this question"),
            )
            for each in gaps
        )
    return actions.take(actor, application, "send_survey", revision=revision)


def _locked(actor: Actor, application: Application) -> Survey:
    locked = Application.objects.select_for_update().get(pk=application.pk)
    if not may_write(actor, locked):
        raise StepRefused([_CLOSED])
    return Survey.objects.get_or_create(application=locked)[0]


_CLOSED = Reason(
    "survey_closed",
    Text("Phiếu khảo sát không sửa được lúc này", "The survey form cannot be changed now"),
    Text("Chỉ cơ quan sửa, trước khi gửi hoặc khi A05, A06 hỏi thêm", "Only the agency, before sending or when asked"),
)
_TOO_MANY = Reason(
    "too_many_files",
    Text("Quá nhiều tệp kèm theo", "There are too many files"),
    Text("Gộp các tệp lại", "Join files together"),
)
