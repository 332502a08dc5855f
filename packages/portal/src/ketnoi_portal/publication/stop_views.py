"""The page on which C06 stops an organisation, and lifts stops."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.publication import stops
from ketnoi_portal.publication.forms import Why, label, said
from ketnoi_portal.publication.models import Stop
from ketnoi_portal.publication.views import for_c06
from ketnoi_portal.site.refusing import tell
from ketnoi_portal.staff.places import names_of

SHOWN = 100


class StopForm(Why):
    """Whom to stop, and why."""

    code = forms.CharField(
        label=label("Mã cơ quan", "Code of the organisation"),
        help_text=label("Cả các đơn vị trực thuộc cũng dừng", "All bodies beneath it stop as well"),
        max_length=35,
    )
    field_order = ["code", "reason"]

    def clean_code(self) -> Organisation:
        """The organisation."""
        found = Organisation.objects.filter(pk=self.cleaned_data["code"].strip().upper()).first()
        if found is None:
            raise forms.ValidationError(said("Không có cơ quan nào mang mã này", "No organisation has this code"))
        return found


@for_c06
def stops_page(request: HttpRequest) -> HttpResponse:
    """Who is stopped and who was; the form of the act."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = StopForm(request.POST or None, initial={"code": request.GET.get("code", "")[:35]})
    if request.method == "POST" and form.is_valid():
        try:
            stop = stops.stop_agency(actor, form.cleaned_data["code"], form.cleaned_data["reason"])
        except StepRefused as refused:
            tell(request, refused)
        else:
            messages.success(request, said(f"Đã dừng {stop.organisation.name}.", f"Stopped {stop.organisation_id}."))
            return redirect("publication:stops")
    # Who is stopped now stands first, however many stops there were.
    listed = Stop.objects.select_related("organisation").order_by(F("lifted_at").desc(nulls_first=True), "-stopped_at")[
        :SHOWN
    ]
    names = names_of(person for each in listed for person in (each.stopped_by, each.lifted_by))
    rows = [
        {
            "stop": each,
            "by": names.get(each.stopped_by, each.stopped_by),
            "lifted_by": names.get(each.lifted_by, each.lifted_by),
            "mine": each.stopped_by == actor.person,
        }
        for each in listed
    ]
    told = {"form": form, "rows": rows, "decides": stops.may_stop(actor)}
    return render(request, "publication/stops.html", told, status=422 if form.errors else 200)


@require_POST
@for_c06
def lift(request: HttpRequest, code: str) -> HttpResponse:
    """Another officer lifts a stop."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    organisation = get_object_or_404(Organisation, pk=code)
    try:
        stops.lift_stop(actor, organisation, request.POST.get("reason", "")[:1000])
    except StepRefused as refused:
        tell(request, refused)
    else:
        messages.success(request, said("Đã bỏ lệnh dừng.", "The stop is lifted."))
    return redirect("publication:stops")
