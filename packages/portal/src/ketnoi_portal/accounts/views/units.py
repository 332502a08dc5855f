"""Pages of the units' own commitments: the unit hands one in, the desk that manages it accepts it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from ketnoi_pages.text import Text
from ketnoi_portal.accounts.filing import receive, unit_form
from ketnoi_portal.accounts.forms import FileForm
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.reading import looks, unit_commitments_for
from ketnoi_portal.accounts.unit_actions import case_of_unit, standing, take_for_unit
from ketnoi_portal.accounts.views import pages
from ketnoi_portal.accounts.views.account import attachment
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.files.uploads import LARGEST, UploadRefused
from ketnoi_portal.onboarding.seeing import office_needed
from ketnoi_portal.papers import verdicts
from ketnoi_portal.process.account_case import AccountState, UnitCommitmentState
from ketnoi_portal.process.accounts import sees, unit_steps_for
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.roles import DESK_TITLES, DeskKind
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.process.unit_commitments import UNIT_STEP
from ketnoi_portal.settings import current


@office_needed
@require_GET
def every(request: HttpRequest) -> HttpResponse:
    """The commitments that this agency handed in, or that this desk manages; those that wait come first."""
    actor = pages.actor_of(request)
    if not looks(actor):
        raise Http404
    found = unit_commitments_for(actor)
    waiting = found.filter(state=UnitCommitmentState.FILED).order_by("filed_at")
    return render(
        request,
        "accounts/commitments.html",
        {
            "waiting": waiting[:100],
            "page": pages.page_of(request, found.exclude(state=UnitCommitmentState.FILED).order_by("unit_id")),
            "own": actor.organisation if actor.desk is DeskKind.AGENCY else "",
        },
    )


@office_needed
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One unit's commitment."""
    unit = _unit(request, code)
    return _page(request, unit, _file_form(request))


@office_needed
@require_POST
def file(request: HttpRequest, code: str) -> HttpResponse:
    """Hand the unit's commitment in."""
    unit = _unit(request, code)
    form = _file_form(request)
    if form.is_valid():
        given = form.cleaned_data["file"]
        try:
            told = receive(given.name, given.read(LARGEST + 1), (unit.name,))
            take_for_unit(pages.actor_of(request), unit, "file_unit_commitment", told)
        except UploadRefused as refused:
            reason = refused.reason
            form.add_error("file", f"{reason.title.in_(pages.language())}. {reason.mend.in_(pages.language())}.")
        except StepRefused as refused:
            for reason in refused.reasons:
                form.add_error("file", f"{reason.title.in_(pages.language())}. {reason.mend.in_(pages.language())}.")
        else:
            pages.say(request, "Đã nộp bản cam kết của đơn vị.", "The unit's commitment was handed in.")
            return redirect("accounts:commitment", unit.code)
    return _page(request, unit, form)


@office_needed
@require_POST
def step(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """Accept, reject or withdraw it."""
    unit = _unit(request, code)
    if name not in UNIT_STEP or name == "file_unit_commitment":
        raise Http404
    given = AccountGiven(reason=request.POST.get("reason", "").strip()[:2000], scan="scan" in request.POST)
    try:
        take_for_unit(pages.actor_of(request), unit, name, given)
    except StepRefused as refused:
        pages.say_reasons(request, refused.reasons)
    else:
        done = UNIT_STEP[name].title
        pages.say(request, f"Đã xong: {done.vi}.", f"Done: {done.en}.")
    return redirect("accounts:commitment", unit.code)


@office_needed
@require_GET
def form_to_sign(request: HttpRequest, code: str) -> HttpResponse:
    """The unit's commitment as a PDF to sign."""
    unit = _unit(request, code)
    return attachment(unit_form(unit), "application/pdf", f"cam-ket-don-vi-{unit.code}.pdf")


@office_needed
@require_GET
def download(request: HttpRequest, code: str) -> HttpResponse:
    """The commitment that stands, as it was handed in."""
    found = standing(_unit(request, code))
    if found is None:
        raise Http404
    return attachment(found.file.content, found.file.media_type, found.file_name)


def _unit(request: HttpRequest, code: str) -> Organisation:
    """A unit that this reader works for or manages. Raises Http404."""
    actor, unit = pages.actor_of(request), get_object_or_404(Organisation, pk=code)
    route = CHARTS[current().chart].account_routes.get(Level(unit.level))
    known = standing(unit)
    if known is not None:
        route = CHARTS[known.chart].account_routes[Level(known.level)]
    if route is None or not sees(unit.code, route, actor):
        raise Http404
    return unit


def _page(request: HttpRequest, unit: Organisation, form: FileForm) -> HttpResponse:
    actor, case, found = pages.actor_of(request), case_of_unit(unit), standing(unit)
    steps = unit_steps_for(case, actor)
    unsigned = found is not None and verdicts.needs_a_scan(found.verdict)
    return render(
        request,
        "accounts/commitment.html",
        {
            "unit": unit,
            "desk": DESK_TITLES[case.desk],
            "commitment": found,
            "verdict": verdicts.lines(found.verdict) if found else (),
            "acts": [
                (step, step.name == "accept_unit_commitment" and unsigned)
                for step in steps
                if step.name != "file_unit_commitment"
            ],
            "may_file": any(step.name == "file_unit_commitment" for step in steps),
            "form": form,
            "accounts": Account.objects.filter(unit=unit).exclude(state=AccountState.CLOSED).count(),
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
