"""The page of one application, for everybody whom it concerns, and the steps that are taken from it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Desk
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.acts import ELSEWHERE, Act, acts_for
from ketnoi_portal.onboarding.look import everything
from ketnoi_portal.onboarding.notes import NoteForm, desk_slug, keep_note
from ketnoi_portal.onboarding.sections import Page, own_page
from ketnoi_portal.onboarding.seeing import office_needed, seen, visible_to
from ketnoi_portal.onboarding.step_forms import StepForm
from ketnoi_portal.onboarding.uploads import say
from ketnoi_portal.onboarding.views.answers import status_of
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import Reason, StepRefused, check_step
from ketnoi_portal.process.workflow import STEP

_FASTER = Reason(
    "changed",
    Text("Hồ sơ vừa được người khác xử lý trong lúc bạn làm", "Somebody else acted on this application meanwhile"),
    Text(
        "Việc của bạn chưa được ghi; những gì bạn viết còn ở dưới. Xem lại hồ sơ rồi quyết định lần nữa.",
        "Your act was not recorded; what you wrote is still below. Look again, then decide anew.",
    ),
)


@office_needed
@require_safe
def application(request: HttpRequest, key: UUID) -> HttpResponse:
    """Where it stands, what it waits for, what the reader may do, what is missing, what has happened."""
    return _show(request, key)


def _show(
    request: HttpRequest, key: UUID, sent: Act | None = None, reasons: tuple[Reason, ...] = (), status: int = 200
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = seen(actor, key)
    page = Page(request, found, found.case(), actor)
    acts = acts_for(page)
    if sent is not None:
        kept = StepForm(sent.step, _renewed(request, found.revision), request.FILES)
        kept.is_valid()
        same = [each for each in acts if (each.step, each.unit) == (sent.step, sent.unit)]
        acts = [replace(each, form=kept) if each in same else each for each in acts]
        if not same:
            reasons = (*reasons, *_told_away(sent))
    return render(request, "onboarding/application.html", everything(page, acts, reasons), status=status)


def _renewed(request: HttpRequest, revision: int) -> dict[str, object]:
    """What was typed, as of the present state: the next press is a fresh decision."""
    return {**request.POST.dict(), "revision": revision}


def _told_away(sent: Act) -> tuple[Reason, ...]:
    """The act is not there any more: what was written must not be lost with it."""
    written = [
        str(value) for name, value in sent.form.data.items() if name in ("reason", "findings", "opinion") and value
    ]
    if not written:
        return ()
    text = "\n".join(written)
    return (Reason("written", Text("Nội dung bạn đã viết", "What you wrote"), Text(text, text)),)


@office_needed
@require_POST
def step(request: HttpRequest, key: UUID, name: str) -> HttpResponse:
    """Take one step. Whoever was slower than somebody else gets the page again with everything that they wrote."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = seen(actor, key)
    row = STEP.get(name)
    if row is None or own_page(name) is not None or name in ELSEWHERE or row.names_unit:
        raise Http404
    form = StepForm(row, request.POST, request.FILES)
    unit = request.POST.get("unit", "")
    act = Act(row, unit, None, form, None)
    try:
        # Whoever may not is told that before any mistake in what they sent.
        check_step(row, found.case(), unit, actor)
    except StepRefused as error:
        if str(found.revision) == request.POST.get("revision") or status_of(error) == 403:
            return _show(request, key, act, error.reasons, status_of(error))
        return _show(request, key, act, (_FASTER,), 409)
    if not form.is_valid():
        return _show(request, key, act, status=422)
    try:
        actions.take(actor, found, name, unit, form.given(), revision=form.cleaned_data["revision"])
    except StepRefused as error:
        return _show(request, key, act, error.reasons, status_of(error))
    except actions.Changed:
        return _show(request, key, act, (_FASTER,), 409)
    messages.success(request, say(Text(f"Đã ghi nhận: {row.title.vi}.", f"Recorded: {row.title.en}.")))
    if visible_to(actor).filter(pk=key).exists():
        return redirect("onboarding:application", key)
    return redirect("day")


@office_needed
@require_POST
def note(request: HttpRequest, key: UUID) -> HttpResponse:
    """Keep a note that this desk alone reads."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = seen(actor, key)
    desk = Desk.objects.filter(pk=desk_slug(request)).first()
    if desk is None:
        raise Http404
    form = NoteForm(request.POST)
    if form.is_valid():
        keep_note(actor, found, desk, form.cleaned_data["text"])
    else:
        messages.error(request, say(Text("Ghi chú trống hoặc quá dài.", "The note is empty or too long.")))
    return redirect(f"{reverse('onboarding:application', args=[key])}#notes")
