"""Name a security server after the form was sent, or replace the certificate of one that is registered."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.forms import Place, ServerForm, initial_server, places
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.onboarding.registration import ServerEntry
from ketnoi_portal.onboarding.seeing import office_needed, seen
from ketnoi_portal.onboarding.uploads import say
from ketnoi_portal.onboarding.views.answers import refused
from ketnoi_portal.onboarding.views.begin import may_begin
from ketnoi_portal.onboarding.words import ENVIRONMENTS
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.process.step import BEFORE_PRODUCTION
from ketnoi_protocol.services import Environment, Platform, System


class CertificateForm(ServerForm):
    """The same server with another certificate, and why."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for name in ("server", "subsystem", "address"):
            self.fields[name].disabled = True
        label = say(Text("Lý do thay", "Why it is replaced"))
        self.fields["reason"] = forms.CharField(label=label, max_length=1000)


def _places(application: Application) -> list[tuple[Place, bool]]:
    """Where the services need servers, and whether one is registered there."""
    rows = application.platform_registrations.filter(state=PlatformRegistration.REGISTERED)
    registered = set(rows.values_list("environment", "platform"))
    needed = places(System(application.system), application.services, application.profile)
    return [(place, (place[0], place[1]) in registered) for place in needed]


@office_needed
@require_safe
def servers_of(request: HttpRequest, key: UUID) -> HttpResponse:
    """The platforms and environments in which this application needs servers."""
    application = _own(request, key)
    told = [(place, ENVIRONMENTS[place[0]], registered) for place, registered in _places(application)]
    return render(request, "onboarding/servers_of.html", {"application": application, "places": told})


@office_needed
@require_http_methods(["GET", "HEAD", "POST"])
def server(request: HttpRequest, key: UUID, platform: str, environment: str) -> HttpResponse:
    """One of them: named where nothing is registered, with another certificate where something is."""
    application, actor = _own(request, key), request.actor  # type: ignore[attr-defined]
    found = [each for each in _places(application) if (each[0][1], each[0][0]) == (platform, environment)]
    if not found:
        raise Http404
    [(place, registered)] = found
    kind = CertificateForm if registered else ServerForm
    kept = application.registration.server(Platform(platform), Environment(environment))
    bound = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = kind(place, application.organisation_id, *bound, initial=initial_server(kept))
    entry = form.entry() if form.is_bound and form.is_valid() else None
    if entry is not None:
        try:
            _write(actor, application, entry, form, registered)
        except StepRefused as error:
            return refused(request, error, application)
        messages.success(request, say(Text("Đã ghi nhận máy chủ.", "The server is recorded.")))
        return redirect("onboarding:application", application.pk)
    told = {"application": application, "form": form, "registered": registered, "instance": place[2]}
    return render(request, "onboarding/server.html", told, status=422 if form.is_bound else 200)


def _write(actor: Actor, application: Application, entry: ServerEntry, form: ServerForm, registered: bool) -> None:
    if registered:
        given = Given(reason=form.cleaned_data["reason"], server=entry)
        actions.take(actor, application, "replace_certificate", f"{entry.platform}/{entry.environment}", given)
    else:
        actions.name_server(actor, application, entry)


def _own(request: HttpRequest, key: UUID) -> Application:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    if not may_begin(actor) or application.stage not in BEFORE_PRODUCTION:
        raise Http404
    return application
