"""The page of alarms, for C06."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.alarms.actions import acknowledge, may_acknowledge
from ketnoi_portal.alarms.models import Alarm, AlarmSource
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.publication.forms import said
from ketnoi_portal.publication.views import for_c06
from ketnoi_portal.settings import current
from ketnoi_portal.site.refusing import tell
from ketnoi_portal.staff.places import names_of

PER_PAGE, SHOWN_DONE = 50, 50


@require_safe
@for_c06
def alarms(request: HttpRequest) -> HttpResponse:
    """Open alarms, newest first; the latest that were acknowledged; how each registry fares."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    page = Paginator(Alarm.objects.filter(acknowledged_at=None), PER_PAGE).get_page(request.GET.get("page"))
    done = list(Alarm.objects.exclude(acknowledged_at=None).order_by("-acknowledged_at")[:SHOWN_DONE])
    organisations = Organisation.objects.in_bulk({each.organisation for each in [*page, *done]})
    names = names_of(each.acknowledged_by for each in done)
    sources = AlarmSource.objects.in_bulk()
    told = {
        "page": page,
        "rows": [(each, organisations.get(each.organisation)) for each in page],
        "done": [(each, organisations.get(each.organisation), names.get(each.acknowledged_by, "")) for each in done],
        "sources": [(each.name, sources.get(each.name)) for each in current().registries],
        "decides": may_acknowledge(actor),
    }
    return render(request, "alarms/alarms.html", told)


@require_POST
@for_c06
def acknowledged(request: HttpRequest, number: int) -> HttpResponse:
    """Somebody says what came of an alarm."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    alarm = get_object_or_404(Alarm, pk=number)
    try:
        acknowledge(actor, alarm, request.POST.get("note", "")[:1000])
    except StepRefused as refused:
        tell(request, refused)
    else:
        messages.success(request, said("Đã ghi nhận kết quả xử lý.", "What came of it is recorded."))
    return redirect("alarms:list")
