"""Pages of the connection: the account, asking for a check, handing in test calls, what is kept of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ketnoi_portal.connection import actions
from ketnoi_portal.connection.account_keys import KeyRefused
from ketnoi_portal.connection.evidence_door import Pair
from ketnoi_portal.connection.forms import CallForm, CheckForm, ContainersForm, KeyForm
from ketnoi_portal.connection.pages import is_shown_to
from ketnoi_portal.connection.proving import settle_upload
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.seeing import office_needed, seen
from ketnoi_portal.onboarding.words import ENVIRONMENTS
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import StepRefused, is_theirs
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.site.refusing import tell
from ketnoi_portal.site.words import say
from ketnoi_protocol.services import Environment
from ketnoi_trust.asic import CONTENT_TYPE


def _found(request: HttpRequest, key: UUID) -> tuple[Actor, Application]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor, seen(actor, key)


@office_needed
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest, key: UUID) -> HttpResponse:
    """Take an integration account: by a key of one's own, or by a new pair that is sent with this very answer."""
    actor, application = _found(request, key)
    unit = request.POST.get("unit") or request.GET.get("unit") or Environment.TEST.value
    if unit not in set(Environment) or not is_theirs(STEP["take_account"], application.case(), unit, actor):
        raise Http404
    held = get_object_or_404(application.integration_accounts, environment=unit)
    form = KeyForm()
    if request.method == "POST":
        try:
            if request.POST.get("how") == "new":
                return _once(actions.take_account_with_new_key(actor, application, unit), held.name)
            form = KeyForm(request.POST, request.FILES)
            if form.is_valid():
                actions.take_account(actor, application, unit, form.cleaned_data["key"])
                messages.success(request, say("Đã nhận tài khoản tích hợp.", "The integration account is taken."))
                return redirect("onboarding:application", key)
        except KeyRefused as error:
            # What was pasted may be a secret: it does not come back on the page.
            form = KeyForm({}, {})
            form.errors.clear()
            title, mend = error.reason.title, error.reason.mend
            form.add_error("key", say(f"{title.vi}. {mend.vi}.", f"{title.en}. {mend.en}."))
        except StepRefused as error:
            tell(request, error)
            return redirect("onboarding:application", key)
    told = {"application": application, "account": held, "environment": ENVIRONMENTS[Environment(unit)], "form": form}
    return render(request, "connection/account.html", told, status=422 if form.errors else 200)


def _once(package: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        package,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}.zip"', "X-Content-Type-Options": "nosniff"},
    )


@office_needed
@require_POST
def check(request: HttpRequest, key: UUID) -> HttpResponse:
    """Ask for a connection check."""
    actor, application = _found(request, key)
    form = CheckForm(sorted(application.platforms), request.POST)
    if _usable(request, form):
        try:
            actions.ask_check(actor, application, form.cleaned_data)
            messages.success(request, say("Đang kiểm tra kết nối.", "The connection is being checked."))
        except StepRefused as error:
            tell(request, error)
    return _back(key, "connection")


@office_needed
@require_POST
def call(request: HttpRequest, key: UUID) -> HttpResponse:
    """Name a message as a test call."""
    actor, application = _found(request, key)
    form = CallForm(request.POST)
    if _usable(request, form):
        try:
            actions.hand_in_call(actor, application, form.cleaned_data["unit"], form.cleaned_data["message_id"])
            messages.success(request, say("Đang xác minh bằng chứng.", "The evidence is being verified."))
        except StepRefused as error:
            tell(request, error)
    return _back(key, "test_calls")


@office_needed
@require_POST
def containers(request: HttpRequest, key: UUID) -> HttpResponse:
    """Hand in the two containers of a test call; they are judged in memory and kept without their bodies."""
    actor, application = _found(request, key)
    form = ContainersForm(request.POST, request.FILES)
    if _usable(request, form):
        given = form.cleaned_data
        try:
            handed = actions.hand_in_containers(actor, application, given["unit"])
        except StepRefused as error:
            tell(request, error)
        else:
            settled = settle_upload(handed, Pair(given["request"].read(), given["response"].read()))
            if settled.passed:
                messages.success(request, say("Đã ghi nhận lần gọi thử.", "The test call is recorded."))
            else:
                why, mend = settled.why, settled.mend
                messages.error(request, say(f"{why.vi}. {mend.vi}.", f"{why.en}. {mend.en}."))
    return _back(key, "test_calls")


@office_needed
@require_safe
def container(request: HttpRequest, key: UUID, number: int, side: str) -> HttpResponse:
    """What is kept of a test call: one container without its body, which still verifies."""
    actor, application = _found(request, key)
    if not is_shown_to(actor):
        raise Http404
    kept = get_object_or_404(application.test_calls.select_related(side), pk=number)
    blob = kept.request if side == "request" else kept.response
    return HttpResponse(
        blob.content,
        content_type=CONTENT_TYPE.decode(),
        headers={
            "Content-Disposition": f'attachment; filename="{application.number}-{kept.pk}-{side}.asice"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def _usable(request: HttpRequest, form: Form) -> bool:
    if form.is_valid():
        return True
    for name, errors in form.errors.items():
        label: Any = form.fields[name].label if name in form.fields else ""
        for error in errors:
            messages.error(request, f"{label}: {error}" if label else error)
    return False


def _back(key: UUID, section: str) -> HttpResponse:
    return redirect(f"{reverse('onboarding:application', args=[key])}#{section}")
