"""Pages of the mailroom: C06's mail desk, one letter, counts; an agency's drafts to claim; the form to download."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.mailroom import actions
from ketnoi_portal.mailroom.form_document import form_document
from ketnoi_portal.mailroom.form_rows import DOCX
from ketnoi_portal.mailroom.forms import AssignForm
from ketnoi_portal.mailroom.models import STATE_TITLES, WAITING, BoxHealth, Mail
from ketnoi_portal.mailroom.refusals import reason_of
from ketnoi_portal.mailroom.seeing import seen_mail, sees_desk, sees_unclaimed, unclaimed
from ketnoi_portal.onboarding.seeing import office_needed
from ketnoi_portal.onboarding.uploads import say
from ketnoi_portal.onboarding.views.answers import refused
from ketnoi_portal.onboarding.views.survey import download
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.settings import current
from ketnoi_protocol.services import System

PER_PAGE: Final = 25
DAYS: Final = 30


@office_needed
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Letters by state, the latest first; what waits is shown when nothing is chosen."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not sees_desk(actor):
        raise Http404
    state = request.GET.get("state", WAITING)
    if state not in STATE_TITLES:
        state = WAITING
    found = Mail.objects.filter(state=state).defer("text", "form").order_by("-received_at")
    counted = dict(Mail.objects.values_list("state").annotate(Count("pk")))
    told = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "state": state,
        "states": [(key, title, counted.get(key, 0)) for key, title in STATE_TITLES.items()],
        "troubled": list(BoxHealth.objects.exclude(trouble="")),
        "query": f"state={state}",
    }
    return render(request, "mailroom/desk.html", told)


@office_needed
@require_safe
def counts(request: HttpRequest) -> HttpResponse:
    """What came in the last days, by mailbox and state, and why what was refused was."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not sees_desk(actor):
        raise Http404
    lately = Mail.objects.filter(received_at__gt=clock.now() - timedelta(days=DAYS))
    by_day = lately.annotate(day=TruncDate("received_at", tzinfo=clock.HANOI)).values_list("day", "mailbox", "state")
    table: dict[tuple[object, str], Counter[str]] = {}
    for day, mailbox, state, number in by_day.annotate(Count("pk")):
        table.setdefault((day, mailbox), Counter())[state] += number
    reasons = lately.exclude(refusal="").values_list("refusal").annotate(Count("pk")).order_by("-pk__count")
    told = {
        "states": STATE_TITLES.items(),
        "rows": [
            (day, mailbox, [row[state] for state in STATE_TITLES])
            for (day, mailbox), row in sorted(table.items(), key=lambda each: (each[0][0], each[0][1]), reverse=True)
        ],
        "reasons": [(reason_of(code).title, number) for code, number in reasons],
        "boxes": list(BoxHealth.objects.order_by("address")),
        "days": DAYS,
    }
    return render(request, "mailroom/counts.html", told)


@office_needed
@require_safe
def letter(request: HttpRequest, number: int) -> HttpResponse:
    """One letter as text, with what was enclosed; and what may be done with it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return _letter(request, seen_mail(actor, number), AssignForm())


def _letter(request: HttpRequest, mail: Mail, form: AssignForm, status: int = 200) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    draft = mail.draft()
    told = {
        "mail": mail,
        "draft": draft,
        "enclosures": list(mail.enclosures.select_related("file").order_by("pk")),
        "form": form if mail.state == WAITING and actions.may_handle(actor) else None,
        "at_desk": sees_desk(actor),
    }
    return render(request, "mailroom/letter.html", told, status=status)


@office_needed
@require_safe
def original(request: HttpRequest, number: int) -> HttpResponse:
    """The letter as it came, as a download."""
    mail = seen_mail(request.actor, number)  # type: ignore[attr-defined]
    if mail.original is None:
        # Why it is not there stands on the letter's page.
        return _letter(request, mail, AssignForm(), status=404)
    return download(mail.original, f"thu-{mail.pk}.eml")


@office_needed
@require_safe
def enclosure(request: HttpRequest, number: int, part: int) -> HttpResponse:
    """One enclosure, as a download."""
    mail = seen_mail(request.actor, number)  # type: ignore[attr-defined]
    found = mail.enclosures.select_related("file").filter(pk=part).first()
    if found is None:
        raise Http404
    return download(found.file, found.name)


@office_needed
@require_POST
def assign(request: HttpRequest, number: int) -> HttpResponse:
    """Name the organisation of a letter: its draft is opened, and it is told."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    mail = seen_mail(actor, number)
    if not actions.may_handle(actor):
        raise Http404
    form = AssignForm(request.POST)
    if not form.is_valid():
        return _letter(request, mail, form, status=422)
    try:
        draft = actions.assign(actor, mail, form.cleaned_data["code"])
    except StepRefused as error:
        return refused(request, error)
    told = draft.application.number
    messages.success(request, say(Text(f"Đã lập bản nháp {told}.", f"Draft {told} is opened.")))
    return redirect("onboarding:application", draft.application_id)


@office_needed
@require_POST
def dismiss(request: HttpRequest, number: int) -> HttpResponse:
    """Refuse a letter as junk."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    mail = seen_mail(actor, number)
    if not actions.may_handle(actor):
        raise Http404
    try:
        actions.dismiss(actor, mail)
    except StepRefused as error:
        return refused(request, error)
    messages.success(request, say(Text("Đã từ chối thư.", "The letter is refused.")))
    return redirect("mailroom:desk")


@office_needed
@require_safe
def to_claim(request: HttpRequest) -> HttpResponse:
    """The drafts of one's own organisation that came by e-mail and that nobody has claimed."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not sees_unclaimed(actor):
        raise Http404
    told = {
        "drafts": list(unclaimed(actor)),
        "claims": Role.REPRESENTATIVE in actor.roles,
        "step": STEP["claim"],
        "boxes": current().mailboxes,
    }
    return render(request, "mailroom/to_claim.html", told)


@require_safe
def empty_form(request: HttpRequest, system: str) -> HttpResponse:
    """The form as a DOCX, for anybody."""
    if system not in set(System):
        raise Http404
    answer = HttpResponse(form_document(System(system), current().profile), content_type=DOCX)
    name = f"phieu-dang-ky-{system}.docx"
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer
