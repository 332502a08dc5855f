"""The survey form: write, attach, send; read by A05 and A06."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from ketnoi_pages.text import Text
from ketnoi_portal.files.fields import DocumentField
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding import survey_actions
from ketnoi_portal.onboarding.models import Application, Survey, SurveyAttachment
from ketnoi_portal.onboarding.seeing import office_needed, seen
from ketnoi_portal.onboarding.uploads import keep, say
from ketnoi_portal.onboarding.views.answers import refused
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import StepRefused, is_theirs
from ketnoi_portal.process.survey import BLOCKS, QUESTIONS, Block, SurveyQuestion
from ketnoi_portal.process.workflow import STEP


class SurveyForm(forms.Form):
    """Every question as a text, those that want a file with one."""

    use_required_attribute = False

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for question in QUESTIONS.values():
            self.fields[question.key] = forms.CharField(
                label=say(question.title),
                help_text=say(question.help),
                required=False,
                max_length=6000,
                widget=forms.Textarea(attrs={"rows": 3}),
            )
            if question.attach:
                label = Text("Tệp kèm theo (PDF, PNG, JPEG)", "File (PDF, PNG, JPEG)")
                self.fields[f"{question.key}_file"] = DocumentField(label=say(label), required=False)

    def blocks(self) -> list[tuple[Block, list[forms.BoundField]]]:
        """The fields of each block in order."""
        return [(block, [self[name] for each in block.questions for name in self._names(each)]) for block in BLOCKS]

    def _names(self, question: SurveyQuestion) -> list[str]:
        return [question.key, f"{question.key}_file"] if question.attach else [question.key]


def reads(actor: Actor, application: Application) -> bool:
    """The agency, C06 and the assessors read the survey form; nobody else needs it."""
    if Role.AUDITOR in actor.roles or actor.desk is DeskKind.C06:
        return application.survey_sent
    return actor.desk in (DeskKind.AGENCY, DeskKind.A05, DeskKind.A06)


@office_needed
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, key: UUID) -> HttpResponse:
    """The form for whoever may write it, the answers for whoever may read them."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    if not reads(actor, application):
        raise Http404
    if request.method == "POST":
        return _write(request, application, actor)
    return _show(request, application, actor)


def _write(request: HttpRequest, application: Application, actor: Actor) -> HttpResponse:
    form = SurveyForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, application, actor, form, status=422)
    answers = {name: value for name, value in form.cleaned_data.items() if name in QUESTIONS}
    try:
        survey_actions.save_survey(actor, application, answers)
        for name in QUESTIONS:
            if file := form.cleaned_data.get(f"{name}_file"):
                survey_actions.attach_to_survey(actor, application, name, *keep(file))
        if "send" in request.POST:
            survey_actions.send_survey(actor, application)
            messages.success(request, say(Text("Đã gửi phiếu khảo sát cho A05.", "The survey form was sent to A05.")))
            return redirect("onboarding:application", application.pk)
    except StepRefused as error:
        return refused(request, error, application)
    messages.success(request, say(Text("Đã lưu phiếu khảo sát.", "The survey form is saved.")))
    return redirect("onboarding:survey", application.pk)


def _show(
    request: HttpRequest, application: Application, actor: Actor, form: SurveyForm | None = None, status: int = 200
) -> HttpResponse:
    kept = Survey.objects.filter(application=application).first()
    answers = kept.answers if kept else {}
    writes = survey_actions.may_write(actor, application)
    attachments = list(kept.attachments.order_by("pk")) if kept else []
    told = {
        "application": application,
        "survey": kept,
        "form": (form or SurveyForm(initial=answers)) if writes else None,
        "sends": writes
        and is_theirs(STEP["send_survey"], application.case(), "", actor)
        and not application.survey_sent,
        "attachments": [(each, QUESTIONS[each.question].title) for each in attachments if each.question in QUESTIONS],
        "blocks": [
            (
                block,
                [
                    (each, answers.get(each.key, ""), [file for file in attachments if file.question == each.key])
                    for each in block.questions
                ],
            )
            for block in BLOCKS
        ],
    }
    return render(request, "onboarding/survey.html", told, status=status)


@office_needed
@require_safe
def attachment(request: HttpRequest, key: UUID, number: int) -> HttpResponse:
    """One file of the survey form."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    found = SurveyAttachment.objects.select_related("file").filter(survey__application=application, pk=number).first()
    if found is None or not reads(actor, application):
        raise Http404
    return download(found.file, found.file_name)


@office_needed
@require_safe
def confirmation(request: HttpRequest, key: UUID, number: int) -> HttpResponse:
    """The document of an assessor's confirmation."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    if Role.OPERATOR in actor.roles:
        # A platform's operator registers servers; what assessors say of a system is not theirs to read.
        raise Http404
    found = application.assessments.select_related("file").filter(pk=number).first()
    if found is None or found.file is None:
        raise Http404
    return download(found.file, f"xac-nhan-{found.assessor}-{found.pk}")


def download(blob: Blob, name: str) -> HttpResponse:
    """A kept file, always as a download: nothing that was handed in is ever opened as a page of this site."""
    answer = HttpResponse(blob.content, content_type=blob.media_type)
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
