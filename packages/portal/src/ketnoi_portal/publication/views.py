"""Pages for C06's server officers: servers and directories, what differs, what waits for a decision."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.publication import actions, legacy
from ketnoi_portal.publication.forms import KeepRight, Why, said
from ketnoi_portal.publication.models import LegacyRight, Proposal, Run, Target
from ketnoi_portal.publication.overview import directories, targets
from ketnoi_portal.publication.stops import stopped_codes
from ketnoi_portal.staff.places import names_of
from ketnoi_portal.worker.models import TaskHealth
from ketnoi_portal.worker.tasks import TASKS

View = Callable[..., HttpResponse]
SHOWN_RUNS, SHOWN_RIGHTS = 20, 200


def may_see(actor: Actor | None) -> bool:
    """Whoever works at C06's desk sees its servers; server officers decide."""
    return actor is not None and actor.desk is DeskKind.C06 and bool(actor.roles - {Role.SYSTEM})


def for_c06(view: View) -> View:
    """A page of C06's desk alone; for everybody else it is not there."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_see(request.actor):  # type: ignore[attr-defined]
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@for_c06
def overview(request: HttpRequest) -> HttpResponse:
    """Every server, directory and background task, and how it fares."""
    at, health = clock.now(), {each.name: each for each in TaskHealth.objects.all()}
    tasks = [
        {
            "task": task,
            "health": health.get(task.name),
            "late": task.name not in health or health[task.name].is_late(at, task.every),
        }
        for task in TASKS
    ]
    told = {"targets": targets(), "directories": directories(at), "tasks": tasks, "stopped": stopped_codes()}
    return render(request, "publication/overview.html", told)


@require_safe
@for_c06
def target(request: HttpRequest, instance: str) -> HttpResponse:
    """One server: its mode, what differs, what waits for two officers, its runs."""
    found = get_object_or_404(Target, pk=instance)
    actor = request.actor  # type: ignore[attr-defined]
    proposed = list(found.proposals.filter(confirmed_at=None, dropped_at=None))
    names = names_of(each.proposed_by for each in proposed)
    waiting = [
        {
            "proposal": each,
            "mine": each.proposed_by == actor.person,
            "by": names.get(each.proposed_by, each.proposed_by),
        }
        for each in proposed
    ]
    listed = found.legacy_rights.exclude(state__in=[LegacyRight.GONE, LegacyRight.REPLACED])
    return render(
        request,
        "publication/target.html",
        {
            "target": found,
            "decides": actions.may_decide(actor),
            "waiting": waiting,
            "drifts": found.drifts.filter(ended_at=None).order_by("kind", "subject"),
            "legacy": listed.select_related("organisation")[:SHOWN_RIGHTS],
            "legacy_count": listed.count(),
            "asked": actions.asked_for(found),
            "runs": found.runs.order_by("-pk")[:SHOWN_RUNS],
            "form": Why(),
        },
    )


@require_safe
@for_c06
def run(request: HttpRequest, instance: str, number: int) -> HttpResponse:
    """One run, step by step."""
    found = get_object_or_404(Run.objects.select_related("target"), pk=number, target=instance)
    return render(request, "publication/run.html", {"run": found, "target": found.target})


@for_c06
def right(request: HttpRequest, instance: str, number: int) -> HttpResponse:
    """One standing right: keep it for its organisation until a day, or have it removed."""
    found = get_object_or_404(LegacyRight.objects.select_related("target"), pk=number, target=instance)
    body = Organisation.objects.filter(pk=legacy.holder_of(found.subject)).first()
    keep, remove = KeepRight(prefix="keep"), Why(prefix="remove")
    if request.method == "POST":
        form = keep = KeepRight(request.POST, prefix="keep")
        if "remove" in request.POST:
            form, keep = (remove := Why(request.POST, prefix="remove")), KeepRight(prefix="keep")  # type: ignore[assignment]
        if form.is_valid() and _decided(request, lambda: _propose(request, found, body, form.cleaned_data)):
            return redirect("publication:target", found.target_id)
    pending = actions.pending_application(found)
    told = {"right": found, "body": body, "keep": keep, "remove": remove, "pending": pending}
    told |= {"entry": legacy.entry_of(found), "decides": actions.may_decide(request.actor)}  # type: ignore[attr-defined]
    return render(request, "publication/right.html", told)


def _propose(request: HttpRequest, found: LegacyRight, body: Organisation | None, given: dict[str, Any]) -> None:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if "until" not in given:
        actions.propose_remove(actor, found, given["reason"])
    elif body is not None:
        actions.propose_keep(actor, found, body, given["until"], given["reason"])


ACTS: dict[str, Callable[[Actor, Target, str], object]] = {
    "enforce": actions.propose_enforce,
    "watch": actions.back_to_watch,
    "remove-many": actions.propose_remove_many,
}


@require_POST
@for_c06
def act(request: HttpRequest, instance: str, name: str) -> HttpResponse:
    """Propose enforce, go back to watch, or let many removals go ahead."""
    found = get_object_or_404(Target, pk=instance)
    if name not in ACTS:
        raise Http404
    reason = request.POST.get("reason", "")[:1000]
    _decided(request, lambda: ACTS[name](request.actor, found, reason))  # type: ignore[attr-defined]
    return redirect("publication:target", instance)


@require_POST
@for_c06
def decide(request: HttpRequest, instance: str, number: int, name: str) -> HttpResponse:
    """The second officer's word."""
    found = get_object_or_404(Proposal, pk=number, target=instance)
    word = {"confirm": actions.confirm, "drop": actions.drop}.get(name)
    if word is None:
        raise Http404
    _decided(request, lambda: word(request.actor, found))  # type: ignore[attr-defined]
    return redirect("publication:target", instance)


def _decided(request: HttpRequest, decide_it: Callable[[], object]) -> bool:
    try:
        decide_it()
    except actions.DecisionRefused as refused:
        reason = refused.reason
        messages.error(request, said(f"{reason.title.vi}. {reason.mend.vi}.", f"{reason.title.en}. {reason.mend.en}."))
        return False
    messages.success(request, said("Đã ghi nhận.", "Noted."))
    return True
