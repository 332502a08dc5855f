"""One account's page: where it stands, what is missing, what may be done, its commitment, its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from ketnoi_pages.text import Text
from ketnoi_portal.accounts import actions
from ketnoi_portal.accounts.facts import case_of
from ketnoi_portal.accounts.filing import personal_form, receive
from ketnoi_portal.accounts.forms import FileForm, unit_of
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.reading import account_seen
from ketnoi_portal.accounts.views import pages
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.audit.models import Event
from ketnoi_portal.files.uploads import LARGEST, UploadRefused
from ketnoi_portal.onboarding.seeing import office_needed
from ketnoi_portal.onboarding.words import service_title
from ketnoi_portal.papers import verdicts
from ketnoi_portal.process.account_case import AccountCase, AccountState
from ketnoi_portal.process.account_requirements import ACCOUNT_REQUIREMENTS, AccountGate, missing_for
from ketnoi_portal.process.account_steps import ACCOUNT_STEP, ACCOUNT_STEPS
from ketnoi_portal.process.accounts import account_steps_for
from ketnoi_portal.process.charts import LEVEL_TITLES, Level
from ketnoi_portal.process.roles import DESK_TITLES
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.site.numbers import sent_number
from ketnoi_portal.staff.models import Person
from ketnoi_protocol.services import Service, System

# What has a page, or a place on the page, of its own.
_ELSEWHERE = frozenset({"request", "file_commitment", "open_review"})
_GATES = {
    AccountState.DRAFT: AccountGate.HAND_OVER,
    AccountState.RETURNED: AccountGate.HAND_OVER,
    AccountState.WITH_DESK: AccountGate.FORWARD,
    AccountState.CREATED: AccountGate.ACTIVATE,
    AccountState.SUSPENDED: AccountGate.RESUME,
    AccountState.EXPIRED: AccountGate.RENEW,
}
_WORDS = {
    **{step.name: step.title for step in ACCOUNT_STEPS},
    "save": Text("Sửa đề nghị", "Request changed"),
    "create_listed": Text("Tạo từ giấy tờ số 2 của hồ sơ", "Created from paper 2 of the dossier"),
    "close_for_leaving": Text("Đóng vì cán bộ nghỉ", "Closed: the officer has left"),
}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that this reader may do."""

    name: str
    title: Text
    unit: str
    needs_reason: bool
    scan: bool
    missing: tuple[object, ...]


@office_needed
@require_GET
def one(request: HttpRequest, key: UUID) -> HttpResponse:
    """The account."""
    account = account_seen(pages.actor_of(request), key)
    return _page(request, account, _file_form(request))


@office_needed
@require_POST
def step(request: HttpRequest, key: UUID, name: str) -> HttpResponse:
    """Take one step."""
    actor = pages.actor_of(request)
    account = account_seen(actor, key)
    if name not in ACCOUNT_STEP or name in _ELSEWHERE:
        raise Http404
    given = AccountGiven(
        reason=request.POST.get("reason", "").strip()[:2000], scan="scan" in request.POST, due=_date(request)
    )
    version = sent_number(request.POST.get("version", ""))
    try:
        unit = _new_place(request, account) if name == "transfer" else request.POST.get("unit", "")
        actions.take(actor, account, name, unit, given, version=version)
    except StepRefused as refused:
        pages.say_reasons(request, refused.reasons)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except actions.Changed:
        pages.say_faster(request)
    else:
        done = ACCOUNT_STEP[name].title
        pages.say(request, f"Đã xong: {done.vi}.", f"Done: {done.en}.")
    # After a transfer or a return the account may no longer be this reader's.
    try:
        account_seen(actor, key)
    except Http404:
        return redirect("accounts:start")
    return redirect("accounts:one", key)


@office_needed
@require_POST
def file(request: HttpRequest, key: UUID) -> HttpResponse:
    """Hand the personal commitment in."""
    actor = pages.actor_of(request)
    account = account_seen(actor, key)
    form = _file_form(request)
    if form.is_valid():
        given = form.cleaned_data["file"]
        try:
            told = receive(given.name, given.read(LARGEST + 1), (account.full_name,))
            actions.take(actor, account, "file_commitment", given=told)
        except UploadRefused as refused:
            reason = refused.reason
            form.add_error("file", f"{reason.title.in_(pages.language())}. {reason.mend.in_(pages.language())}.")
        except StepRefused as refused:
            for reason in refused.reasons:
                form.add_error("file", f"{reason.title.in_(pages.language())}. {reason.mend.in_(pages.language())}.")
        else:
            pages.say(request, "Đã nộp bản cam kết.", "The commitment was handed in.")
            return redirect("accounts:one", key)
    return _page(request, account, form)


@office_needed
@require_GET
def form_to_sign(request: HttpRequest, key: UUID) -> HttpResponse:
    """The personal commitment as a PDF to sign."""
    account = account_seen(pages.actor_of(request), key)
    return attachment(personal_form(account), "application/pdf", f"cam-ket-{str(account.pk)[:8]}.pdf")


@office_needed
@require_GET
def commitment(request: HttpRequest, key: UUID) -> HttpResponse:
    """The commitment that stands, as it was handed in."""
    account = account_seen(pages.actor_of(request), key)
    found = account.commitments.select_related("file").filter(current=True).first()
    if found is None:
        raise Http404
    return attachment(found.file.content, found.file.media_type, found.file_name)


def attachment(data: bytes, media_type: str, name: str) -> HttpResponse:
    """A file to keep; no browser shows it as a page of this site."""
    answer = HttpResponse(data, content_type=media_type, headers={"X-Content-Type-Options": "nosniff"})
    plain = name.encode("ascii", "replace").decode().replace('"', "").replace("?", "-")
    answer["Content-Disposition"] = f'attachment; filename="{plain}"'
    return answer


def _page(request: HttpRequest, account: Account, form: FileForm) -> HttpResponse:
    actor, case = pages.actor_of(request), case_of(account)
    standing = account.commitments.filter(current=True).first()
    steps = account_steps_for(case, actor)
    unsigned = standing is not None and verdicts.needs_a_scan(standing.verdict)
    return render(
        request,
        "accounts/one.html",
        {
            "account": account,
            "services": [
                (number, service_title(each, System.POPULATION))
                for number, each in enumerate(Service, 1)
                if each in account.services
            ],
            "level": LEVEL_TITLES[Level(account.level)],
            "route": [(DESK_TITLES[desk], _place(case, number)) for number, desk in enumerate(case.route)],
            "acts": [
                Act(
                    step.name,
                    step.title,
                    unit,
                    step.needs_reason,
                    step.name == "accept_commitment" and unsigned,
                    tuple(missing_for(case, step.gate)) if step.gate else (),
                )
                for step, unit in steps
                if step.name not in _ELSEWHERE
            ],
            "may_change": any(step.name == "request" for step, _ in steps),
            "may_file": any(step.name == "file_commitment" for step, _ in steps),
            "checklist": _checklist(case),
            "commitment": standing,
            "verdict": verdicts.lines(standing.verdict) if standing else (),
            "form": form,
            "history": _history(account),
        },
        status=200 if not form.errors else 422,
    )


def _file_form(request: HttpRequest) -> FileForm:
    return FileForm(
        request.POST or None,
        request.FILES or None,
        label=Text("Bản cam kết đã ký", "Signed commitment"),
        help_text=Text("PDF đã ký số; hoặc bản quét PDF, PNG, JPEG.", "A signed PDF; or a scan as PDF, PNG, JPEG."),
        language=pages.language(),
    )


def _date(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.POST.get("until", ""))
    except ValueError:
        return None


def _new_place(request: HttpRequest, account: Account) -> str:
    unit = unit_of(request.POST.get("code", ""), pages.actor_of(request), pages.language())
    return f"{unit.code}/{unit.level}"


def _place(case: AccountCase, number: int) -> str:
    if case.state in (AccountState.CREATED, AccountState.ACTIVE, AccountState.SUSPENDED, AccountState.EXPIRED):
        return "done"
    if case.state is not AccountState.WITH_DESK:
        return ""
    return "done" if number < case.position else "now" if number == case.position else ""


def _checklist(case: AccountCase) -> list[tuple[Text, Text, bool]]:
    gate = _GATES.get(case.state)
    if gate is None:
        return []
    gaps = {each.requirement.key for each in missing_for(case, gate)}
    return [
        (row.title, row.mend, row.key not in gaps)
        for row in ACCOUNT_REQUIREMENTS
        if gate in row.gates and row.key != "population_only"
    ]


def _history(account: Account) -> list[dict[str, object]]:
    events = list(Event.objects.filter(kind="account", subject=str(account.pk)).order_by("-id")[:100])
    people = Person.objects.in_bulk({int(each.person) for each in events if each.person.isdigit()})
    return [
        {
            "at": each.at,
            "title": ACCOUNT_STEP[each.act].title
            if each.act in ACCOUNT_STEP
            else _WORDS.get(each.act, Text(each.act, each.act)),
            "who": people[int(each.person)].full_name if each.person.isdigit() and int(each.person) in people else "",
            "note": each.note,
        }
        for each in events
    ]
