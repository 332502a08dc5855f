"""The desks' pages: what waits, consolidated lists, and the accounts of their own area."""

from __future__ import annotations

from django.db.models import Count, F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from ketnoi_pages import clock
from ketnoi_portal.accounts import actions, list_actions
from ketnoi_portal.accounts.facts import cases_of
from ketnoi_portal.accounts.forms import ticked
from ketnoi_portal.accounts.models import PersonalCommitment
from ketnoi_portal.accounts.reading import lists_for, unit_commitments_for, waiting_for, watched_by
from ketnoi_portal.accounts.views import pages
from ketnoi_portal.accounts.views.requests import NOTHING_TICKED
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.papers import verdicts
from ketnoi_portal.process.account_case import ACCOUNT_STATE_TITLES, UnitCommitmentState
from ketnoi_portal.process.account_steps import ACCOUNT_STEP
from ketnoi_portal.process.accounts import is_theirs
from ketnoi_portal.process.case import PaperState
from ketnoi_portal.process.roles import DeskKind, Role

_BULK = ("accept_commitment", "forward", "create", "return_request")


@pages.for_desks
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """What waits at this desk, by what is due first; and how much elsewhere in its area is late."""
    actor = pages.actor_of(request)
    waiting = waiting_for(actor)
    unit = request.GET.get("unit", "").strip()[:35]
    if unit:
        waiting = waiting.filter(unit=unit)
    now, page = clock.now(), pages.page_of(request, waiting)
    accounts = list(page.object_list)
    cases = cases_of(accounts)
    commitments = {
        each.account_id: each for each in PersonalCommitment.objects.filter(account__in=accounts, current=True)
    }
    rows = [
        {
            "account": account,
            "commitment": commitments.get(account.pk),
            "accepted": cases[account].commitment is PaperState.ACCEPTED,
            "unsigned": account.pk in commitments and verdicts.needs_a_scan(commitments[account.pk].verdict),
            "late": account.due_at is not None and account.due_at < now,
            "own": not is_theirs(ACCOUNT_STEP["return_request"], cases[account], "", actor),
        }
        for account in accounts
    ]
    by_unit = waiting_for(actor).order_by().values("unit", name=F("unit__name")).annotate(count=Count("pk"))
    return render(
        request,
        "accounts/queue.html",
        {
            "page": page,
            "rows": rows,
            "units": by_unit.order_by("-count", "unit")[:20],
            "unit": unit,
            "late_here": waiting_for(actor).filter(due_at__lt=now).count(),
            "late_elsewhere": watched_by(actor).exclude(escalated_at=None).exclude(desk=actor.desk).count(),
            "creates": actor.desk is DeskKind.C06,
            "may_act": Role.HANDLER in actor.roles,
            "commitments": unit_commitments_for(actor).filter(state=UnitCommitmentState.FILED).count(),
        },
    )


@pages.for_desks
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """One act on every ticked line; a line that is refused holds back no other."""
    actor = pages.actor_of(request)
    name = request.POST.get("act", "")
    accounts = ticked(request.POST, waiting_for(actor))
    if name not in _BULK or not accounts:
        pages.say_reasons(request, [NOTHING_TICKED])
        return redirect("accounts:queue")
    if name == "forward":
        sent = list_actions.forward(actor, accounts)
        for batch in sent.batches:
            pages.say(
                request,
                f"Đã chuyển {batch.count} tài khoản lên {batch.to_title.vi} (danh sách {batch.number}).",
                f"{batch.count} accounts were forwarded to {batch.to_title.en} (list {batch.number}).",
            )
        pages.say_lines(request, sent.refused)
        return redirect("accounts:queue")
    given = AccountGiven(reason=request.POST.get("reason", "").strip()[:2000])
    lines = actions.take_many(actor, accounts, name, given=given)
    done, title = sum(not line.reasons for line in lines), ACCOUNT_STEP[name].title
    if done:
        pages.say(request, f"{title.vi}: {done} dòng.", f"{title.en}: {done} lines.")
    pages.say_lines(request, [line for line in lines if line.reasons])
    return redirect("accounts:queue")


@pages.for_desks
@require_GET
def lists(request: HttpRequest) -> HttpResponse:
    """The consolidated lists that this desk sent or received."""
    found = pages.page_of(request, lists_for(pages.actor_of(request)))
    return render(request, "accounts/lists.html", {"page": found, "desk": pages.actor_of(request).desk})


@pages.for_desks
@require_GET
def one_list(request: HttpRequest, number: str) -> HttpResponse:
    """One consolidated list: its counts, its lines, and where each stands now."""
    actor = pages.actor_of(request)
    batch = get_object_or_404(lists_for(actor), number=number)
    lines = watched_by(actor).filter(lines__batch=batch)
    by_state = dict(lines.order_by().values_list("state").annotate(count=Count("pk")))
    by_unit = lines.order_by().values("unit", name=F("unit__name")).annotate(count=Count("pk")).order_by("unit")
    return render(
        request,
        "accounts/one_list.html",
        {
            "batch": batch,
            "page": pages.page_of(request, lines),
            "counts": _counts(by_state),
            "units": by_unit,
        },
    )


@pages.for_desks
@require_GET
def watch(request: HttpRequest) -> HttpResponse:
    """Every account of this desk's own area, with counts."""
    actor = pages.actor_of(request)
    everything = watched_by(actor)
    found, chosen = pages.searched(request, everything)
    by_state = dict(everything.order_by().values_list("state").annotate(count=Count("*")))
    known = None
    if not pages.narrowed(chosen):
        known = sum(count for state, count in by_state.items() if chosen["state"] in ("", state))
    return render(
        request,
        "accounts/watch.html",
        {
            "page": pages.page_of(request, found, known),
            "chosen": chosen,
            "states": ACCOUNT_STATE_TITLES.items(),
            "counts": _counts(by_state),
            "may_review": Role.HANDLER in actor.roles,
        },
    )


def _counts(by_state: dict[str, int]) -> list[tuple[object, int]]:
    return [(title, by_state[state]) for state, title in ACCOUNT_STATE_TITLES.items() if by_state.get(state)]
