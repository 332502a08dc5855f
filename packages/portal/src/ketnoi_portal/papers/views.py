"""Pages of the papers: the list, each paper with its acts, files to carry away."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from ketnoi_pages.text import Text
from ketnoi_portal.files.uploads import LARGEST, UploadRefused, admit
from ketnoi_portal.onboarding.actions import Changed
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.seeing import office_needed, seen
from ketnoi_portal.papers import actions, drafts
from ketnoi_portal.papers.forms import AccountForm
from ketnoi_portal.papers.making import Form, make_pdf
from ketnoi_portal.papers.showing import drafts_for, everything, may_read, one
from ketnoi_portal.papers.signing import NoRehearsal
from ketnoi_portal.process.effects import each_paper
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_portal.site.numbers import sent_number

Act = Callable[[Actor, Application, str, HttpRequest, int | None], Any]

_CHANGED = Reason(
    "changed_meanwhile",
    Text("Người khác vừa xử lý hồ sơ này", "Somebody else has just acted on this application"),
    Text("Xem lại trang rồi làm tiếp nếu vẫn cần", "Look at the page again, then go on if it is still needed"),
)
_NO_FILE = Reason(
    "no_file",
    Text("Chưa chọn tệp, hoặc tệp quá lớn", "No file was chosen, or it is too large"),
    Text(
        f"Chọn một tệp tối đa {LARGEST // 1024 // 1024} MB", f"Choose one file of {LARGEST // 1024 // 1024} MB at most"
    ),
)
_NO_REHEARSAL = Reason(
    "no_rehearsal",
    Text("Chứng thư thử chỉ ký được trong diễn tập", "Test certificates sign in a rehearsal only"),
    Text("Tải giấy tờ về, ký bằng chứng thư của cơ quan rồi tải lên", "Download it, sign it, upload it"),
)


def _readable(request: HttpRequest, key: UUID) -> Application:
    """The application, for whoever may see it and read its papers. Raises Http404."""
    actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    if not may_read(actor):
        raise Http404
    return application


def _unit(request: HttpRequest, application: Application) -> str:
    """The paper that a request names. Raises Http404 for one that this dossier does not have."""
    unit = str((request.POST if request.method == "POST" else request.GET).get("unit", ""))
    if unit not in set(each_paper(application.case())):
        raise Http404
    return unit


@office_needed
@require_GET
def dossier(request: HttpRequest, key: UUID) -> HttpResponse:
    """All papers of an application; with `?unit=` one of them."""
    application = _readable(request, key)
    unit = request.GET.get("unit", "")
    if unit in set(each_paper(application.case())):
        return _show_one(request, application, unit)
    return _show_all(request, application)


def _show_all(
    request: HttpRequest, application: Application, *, reasons: Any = (), form: AccountForm | None = None
) -> HttpResponse:
    context = everything(application, application.case(), request.actor)  # type: ignore[attr-defined]
    context |= {"application": application, "reasons": reasons, "form": form or AccountForm(application)}
    return render(request, "papers/dossier.html", context, status=422 if reasons or form else 200)


def _show_one(request: HttpRequest, application: Application, unit: str, reasons: Any = ()) -> HttpResponse:
    case, actor = application.case(), request.actor  # type: ignore[attr-defined]
    context = one(application, case, actor, unit) | {"application": application, "reasons": reasons}
    return render(request, "papers/paper.html", context, status=422 if reasons else 200)


def _address(application: Application, unit: str = "") -> str:
    found = reverse("papers:dossier", args=[application.pk])
    return f"{found}?{urlencode({'unit': unit})}" if unit else found


def _said(request: HttpRequest, text: Text) -> None:
    messages.success(request, text.in_(get_language() or "vi"))


def _act(done: Text) -> Callable[[Act], Callable[..., HttpResponse]]:
    """A POST that takes one step with one paper: done, or the page again with every reason and its mend."""

    def decorate(act: Act) -> Callable[..., HttpResponse]:
        @office_needed
        @require_POST
        @wraps(act)
        def view(request: HttpRequest, key: UUID) -> HttpResponse:
            application = _readable(request, key)
            unit = _unit(request, application)
            told = request.POST.get("revision", "")
            try:
                act(request.actor, application, unit, request, sent_number(told))  # type: ignore[attr-defined]
            except UploadRefused as refused:
                return _show_one(request, application, unit, [refused.reason])
            except StepRefused as refused:
                return _show_one(request, application, unit, refused.reasons)
            except NoRehearsal:
                return _show_one(request, application, unit, [_NO_REHEARSAL])
            except Changed:
                return _show_one(request, _readable(request, key), unit, [_CHANGED])
            _said(request, done)
            return redirect(_address(application, unit))

        return view

    return decorate


@_act(Text("Đã đưa giấy tờ vào hồ sơ", "The paper is in the dossier"))
def upload(actor: Actor, application: Application, unit: str, request: HttpRequest, revision: int | None) -> None:
    """Hand in a signed paper."""
    file = request.FILES.get("file")
    if file is None:
        raise UploadRefused(_NO_FILE)
    # One byte more than is allowed is enough to know that it is too large.
    admitted = admit(file.name or "", file.read(LARGEST + 1))
    actions.hand_in(actor, application, unit, admitted, revision=revision)


@_act(Text("Đã ký thử và đưa giấy tờ vào hồ sơ", "Signed by a test certificate; the paper is in the dossier"))
def sign(actor: Actor, application: Application, unit: str, request: HttpRequest, revision: int | None) -> None:
    """Sign in a rehearsal."""
    actions.sign_here(actor, application, unit, revision=revision)


@_act(Text("Đã chấp nhận giấy tờ", "The paper is accepted"))
def accept(actor: Actor, application: Application, unit: str, request: HttpRequest, revision: int | None) -> None:
    """Accept a signed paper."""
    actions.accept(actor, application, unit, revision=revision)


@_act(Text("Đã chấp nhận bản quét", "The scan is accepted"))
def accept_scan(actor: Actor, application: Application, unit: str, request: HttpRequest, revision: int | None) -> None:
    """Accept a scan on one's own word."""
    actions.accept_scan(actor, application, unit, request.POST.get("reason", ""), revision=revision)


@_act(Text("Đã trả lại giấy tờ", "The paper is sent back"))
def reject(actor: Actor, application: Application, unit: str, request: HttpRequest, revision: int | None) -> None:
    """Send one paper back."""
    actions.reject(actor, application, unit, request.POST.get("reason", ""), revision=revision)


@_act(Text("Đã rút bản cam kết", "The commitment is withdrawn"))
def withdraw(actor: Actor, application: Application, unit: str, request: HttpRequest, revision: int | None) -> None:
    """Take a commitment back."""
    actions.withdraw(actor, application, unit, request.POST.get("reason", ""), revision=revision)


@office_needed
@require_POST
def list_account(request: HttpRequest, key: UUID) -> HttpResponse:
    """Add somebody to paper 2."""
    application = _readable(request, key)
    form = AccountForm(application, request.POST)
    if not form.is_valid():
        return _show_all(request, application, form=form)
    try:
        actions.list_account(request.actor, application, form.given())  # type: ignore[attr-defined]
    except StepRefused as refused:
        return _show_all(request, application, reasons=refused.reasons, form=form)
    _said(request, Text("Đã thêm tài khoản; lập và ký lại giấy tờ số 2", "Listed; make and sign paper 2 anew"))
    return redirect(_address(application))


@office_needed
@require_POST
def unlist_account(request: HttpRequest, key: UUID) -> HttpResponse:
    """Take somebody off paper 2."""
    application = _readable(request, key)
    try:
        actions.unlist_account(request.actor, application, request.POST.get("account", ""))  # type: ignore[attr-defined]
    except StepRefused as refused:
        return _show_all(request, application, reasons=refused.reasons)
    _said(request, Text("Đã bỏ tài khoản; lập và ký lại giấy tờ số 2", "Taken off; make and sign paper 2 anew"))
    return redirect(_address(application))


@office_needed
@require_GET
def made(request: HttpRequest, key: UUID) -> HttpResponse:
    """The paper as PDF, made from the application, for signature."""
    application = _readable(request, key)
    unit = _unit(request, application)
    name = f"{application.number}-giay-to-{unit.replace('/', '-')}.pdf"
    return attachment(actions.made(application, unit), "application/pdf", name)


@office_needed
@require_GET
def file(request: HttpRequest, key: UUID, paper: int) -> HttpResponse:
    """A paper as it was handed in."""
    application = _readable(request, key)
    found = application.papers.select_related("file").filter(pk=paper).first()
    if found is None:
        raise Http404
    return attachment(found.file.content, found.file.media_type, found.file_name)


@office_needed
@require_GET
def draft(request: HttpRequest, key: UUID, kind: str) -> HttpResponse:
    """A draft: the survey form as it is filled in, an assessor's confirmation, leadership's decision sheet."""
    actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    if kind not in dict(drafts_for(actor)):
        raise Http404
    if kind == "phieu-trinh":
        form, data = Form.DECISION, drafts.decision_sheet(application)
    elif kind == "phieu-khao-sat":
        form, data = Form.SURVEY, drafts.survey(application)
    else:
        said = application.assessments.filter(assessor=actor.desk, current=True).first()
        form, data = Form.CONFIRMATION, drafts.confirmation(application, actor.desk, said)
    return attachment(make_pdf(form, data, application.began_at), "application/pdf", f"{application.number}-{kind}.pdf")


def attachment(data: bytes, media_type: str, name: str) -> HttpResponse:
    """A file to keep: never shown in the portal's own pages, never run by a browser."""
    answer = HttpResponse(data, content_type=media_type)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{_quoted(name)}"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _quoted(name: str) -> str:
    return quote(name, safe="")
