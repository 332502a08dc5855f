"""The agency's pages: its accounts, one request, a spreadsheet of them."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from ketnoi_pages.text import Text
from ketnoi_portal.accounts import actions, list_actions
from ketnoi_portal.accounts.forms import FileForm, RequestForm, ticked
from ketnoi_portal.accounts.lines import judge, request_all
from ketnoi_portal.accounts.reading import account_seen, looks, watched_by
from ketnoi_portal.accounts.spreadsheet import (
    COLUMNS,
    LARGEST,
    MOST_LINES,
    SpreadsheetRefused,
    read,
    template_csv,
    template_xlsx,
)
from ketnoi_portal.accounts.views import pages
from ketnoi_portal.onboarding.seeing import office_needed
from ketnoi_portal.process.account_case import ACCOUNT_STATE_TITLES, AccountState
from ketnoi_portal.process.account_requirements import ACCOUNT_REQUIREMENTS
from ketnoi_portal.process.roles import DeskKind, Role
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_portal.site.numbers import sent_number
from ketnoi_protocol.services import System

_OPEN = [str(AccountState.DRAFT), str(AccountState.RETURNED)]


@office_needed
def start(request: HttpRequest) -> HttpResponse:
    """Where somebody's work on accounts begins; a search (from a letter) goes on to the list that it is for."""
    actor = pages.actor_of(request)
    at_desk, query = actor.desk is not DeskKind.AGENCY, request.GET.urlencode()
    if query and looks(actor):
        return redirect(f"{reverse('accounts:watch' if at_desk else 'accounts:list')}?{query}")
    if at_desk:
        return redirect("accounts:queue")
    return redirect("accounts:list" if looks(actor) or Role.OFFICER not in actor.roles else "accounts:own")


@pages.for_agencies
def every(request: HttpRequest) -> HttpResponse:
    """The accounts of the agency and the units beneath it."""
    actor = pages.actor_of(request)
    found, chosen = pages.searched(request, watched_by(actor))
    return render(
        request,
        "accounts/list.html",
        {"page": pages.page_of(request, found), "chosen": chosen, "states": ACCOUNT_STATE_TITLES.items()},
    )


@pages.for_agencies
def new(request: HttpRequest) -> HttpResponse:
    """Ask for one account."""
    actor = pages.actor_of(request)
    form = RequestForm(request.POST or None, actor=actor, language=pages.language())
    if form.is_valid():
        try:
            account = actions.request(actor, form.asked())
        except StepRefused as refused:
            for reason in refused.reasons:
                form.add_error(None, f"{reason.title.in_(pages.language())}. {reason.mend.in_(pages.language())}.")
        else:
            return redirect("accounts:one", account.pk)
    return render(request, "accounts/request.html", {"form": form})


@pages.for_agencies
def change(request: HttpRequest, key: UUID) -> HttpResponse:
    """Change a request that is being prepared."""
    actor = pages.actor_of(request)
    account = account_seen(actor, key)
    if account.state not in _OPEN:
        return redirect("accounts:one", account.pk)
    form = RequestForm(request.POST or None, actor=actor, language=pages.language(), account=account)
    if form.is_valid():
        try:
            actions.save(actor, account, form.asked(), version=_version(request))
        except StepRefused as refused:
            for reason in refused.reasons:
                form.add_error(None, f"{reason.title.in_(pages.language())}. {reason.mend.in_(pages.language())}.")
        except actions.Changed:
            pages.say_faster(request)
            return redirect("accounts:one", account.pk)
        else:
            return redirect("accounts:one", account.pk)
    return render(request, "accounts/request.html", {"form": form, "account": account})


@pages.for_agencies
@require_GET
def not_for_identity(request: HttpRequest) -> HttpResponse:
    """Why the identity system gives no accounts here: the row of the table in words."""
    row = next(each for each in ACCOUNT_REQUIREMENTS if each.key == "population_only")
    return render(request, "accounts/not_for_identity.html", {"row": row, "system": System.IDENTITY})


@pages.for_agencies
def spreadsheet(request: HttpRequest) -> HttpResponse:
    """Ask for many accounts: every line is judged, the good ones become requests, the rest is told."""
    actor = pages.actor_of(request)
    form = FileForm(
        request.POST or None,
        request.FILES or None,
        label=Text("Danh sách (.xlsx hoặc .csv)", "List (.xlsx or .csv)"),
        help_text=Text(f"Tối đa {MOST_LINES} dòng, 1 MB.", f"At most {MOST_LINES} lines, 1 MB."),
        language=pages.language(),
    )
    shown: dict[str, object] = {"form": form, "columns": COLUMNS}
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            lines = read(file.read(LARGEST + 1))
        except SpreadsheetRefused as refused:
            reason = refused.reason
            form.add_error("file", f"{reason.title.in_(pages.language())}. {reason.mend.in_(pages.language())}.")
        else:
            made, left = request_all(actor, judge(actor, lines))
            shown |= {"made": made, "left": left, "total": len(lines)}
    return render(request, "accounts/spreadsheet.html", shown)


@pages.for_agencies
@require_GET
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """The template of the spreadsheet."""
    if kind == "xlsx":
        kept, of = template_xlsx(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    elif kind == "csv":
        kept, of = template_csv(), "text/csv; charset=utf-8"
    else:
        raise Http404
    return HttpResponse(
        kept, content_type=of, headers={"Content-Disposition": f'attachment; filename="danh-sach-tai-khoan.{kind}"'}
    )


@pages.for_agencies
@require_POST
def hand_over(request: HttpRequest) -> HttpResponse:
    """Hand the ticked requests over to the first desk of their route."""
    actor = pages.actor_of(request)
    accounts = ticked(request.POST, watched_by(actor).filter(state__in=_OPEN))
    if not accounts:
        pages.say_reasons(request, [NOTHING_TICKED])
        return redirect("accounts:list")
    sent = list_actions.hand_over(actor, accounts)
    for batch in sent.batches:
        pages.say(
            request,
            f"Đã gửi {batch.count} đề nghị cho {batch.to_title.vi} (danh sách {batch.number}).",
            f"{batch.count} requests were sent to {batch.to_title.en} (list {batch.number}).",
        )
    pages.say_lines(request, sent.refused)
    return redirect("accounts:list")


def _version(request: HttpRequest) -> int | None:
    return sent_number(request.POST.get("version", ""))


NOTHING_TICKED = Reason(
    "nothing_ticked",
    Text("Chưa chọn dòng nào", "No line is ticked"),
    Text("Đánh dấu những dòng cần gửi rồi bấm lại", "Tick the lines that you mean, then press again"),
)
