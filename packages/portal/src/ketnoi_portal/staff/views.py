"""Pages of the staff room: one's own, an office's people, and each person."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from ketnoi_portal.agencies.models import Desk
from ketnoi_portal.process.charts import CHARTS
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.settings import current
from ketnoi_portal.site.refusing import tell
from ketnoi_portal.staff import actions, inviting, places
from ketnoi_portal.staff.forms import DelegateForm, InviteForm, LeaveForm, ReasonForm, RoleForm
from ketnoi_portal.staff.handing_over import held_by
from ketnoi_portal.staff.middleware import HAT
from ketnoi_portal.staff.models import Assignment, Delegation, Invitation, Person
from ketnoi_portal.staff.rules import manages_people, may_edit_desks


def here(request: HttpRequest) -> tuple[Actor, places.Where]:
    """Who acts, and the place of the office that they are in. Raises Http404 for somebody without an office."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    where = places.find(request.hat)  # type: ignore[attr-defined]
    if actor is None or where is None:
        raise Http404
    return actor, where


@login_required
def me(request: HttpRequest) -> HttpResponse:
    """One's own offices, roles, deputies, second factors and sessions."""
    assert isinstance(request.user, Person)
    theirs = Assignment.objects.select_related("desk", "organisation").filter(person=request.user).order_by("-since")
    given = Delegation.objects.select_related("person", "assignment").filter(assignment__person=request.user)
    received = Delegation.objects.select_related("assignment__person").filter(person=request.user)
    context = {
        "assignments": theirs.filter(until=None),
        "past": theirs.exclude(until=None),
        "given": given.order_by("-since")[:20],
        "received": received.order_by("-since")[:20],
    }
    return render(request, "staff/me.html", context)


@require_POST
@login_required
def switch_office(request: HttpRequest) -> HttpResponse:
    """Act in another of one's offices from now on."""
    chosen = request.POST.get("office", "")
    if chosen not in request.hats:  # type: ignore[attr-defined]
        raise Http404
    request.session[HAT] = chosen
    back = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if allowed else "home")


@login_required
def people(request: HttpRequest) -> HttpResponse:
    """Who works in this office, who has been invited, who stands in for whom."""
    actor, where = here(request)
    rows: dict[Person, list[Assignment]] = {}
    for each in places.assignments_at(where):
        rows.setdefault(each.person, []).append(each)
    context = {
        "rows": list(rows.items()),
        "invitations": places.invitations_to(where),
        "delegations": places.delegations_at(where),
        "manages": manages_people(actor, places.place_of(where)),
    }
    return render(request, "staff/people.html", context)


@login_required
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody to this office."""
    actor, where = here(request)
    place = places.place_of(where)
    if not manages_people(actor, place):
        raise Http404
    return _invite(request, actor, where, InviteForm(request.POST or None, kind=place.kind, levels=_levels(place.kind)))


def _invite(request: HttpRequest, actor: Actor, where: places.Where, form: InviteForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        invited = inviting.Invited(
            given["email"], given["full_name"], Role(given["role"]), given["position"], given.get("level", 0)
        )
        try:
            inviting.invite(actor, where, invited)
            return redirect("staff:people" if places.is_here(actor, where) else "agencies:desks")
        except StepRefused as refused:
            tell(request, refused)
    return render(request, "staff/invite.html", {"form": form, "title": places.title_of(where)})


@login_required
def found(request: HttpRequest, slug: str) -> HttpResponse:
    """C06's server officer invites the first person of a desk at which nobody works."""
    actor, _ = here(request)
    where = get_object_or_404(Desk, pk=slug, closed_on=None)
    kind = DeskKind(where.kind)
    if not may_edit_desks(actor) or places.assignments_at(where).exists():
        raise Http404
    return _invite(request, actor, where, InviteForm(request.POST or None, kind=kind, levels=_levels(kind)))


@login_required
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One colleague: their roles here, and what may be done about them."""
    actor, where = here(request)
    found = _colleague(where, pk)
    place = places.place_of(where)
    context = {
        "person": found,
        "assignments": places.assignments_at(where).filter(person=found),
        "holdings": held_by(found, places.key_of(where)),
        "manages": manages_people(actor, place),
        "is_self": str(found.pk) == actor.person,
        "role_form": RoleForm(kind=place.kind),
        "leave_form": LeaveForm(colleagues=places.colleagues(where).exclude(pk=found.pk)),
        "reason_form": ReasonForm(),
    }
    return render(request, "staff/person.html", context)


@require_POST
@login_required
def act_on_person(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Give a role, leave, reset the second factor: by the buttons of their page."""
    actor, where = here(request)
    found = _colleague(where, pk)
    try:
        if act == "vai-tro":
            role = RoleForm(request.POST, kind=places.place_of(where).kind)
            if role.is_valid():
                actions.give_role(actor, found, where, Role(role.cleaned_data["role"]))
        elif act == "roi-di":
            leaving = LeaveForm(request.POST, colleagues=places.colleagues(where))
            leaving.is_valid()
            given = leaving.cleaned_data
            actions.leave(actor, found, where, given.get("reason", ""), given.get("successor"))
            return redirect("staff:people")
        else:
            actions.reset_second_factor(actor, found, where, request.POST.get("reason", "")[:300])
    except StepRefused as refused:
        tell(request, refused)
    return redirect("staff:person", pk)


@require_POST
@login_required
def end_role(request: HttpRequest, pk: int) -> HttpResponse:
    """End one role at this office."""
    actor, where = here(request)
    assignment = get_object_or_404(places.assignments_at(where), pk=pk)
    try:
        actions.end_role(actor, assignment, request.POST.get("reason", "")[:300])
    except StepRefused as refused:
        tell(request, refused)
    return redirect("staff:people")


@login_required
def delegate(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a colleague stand in for one of one's own roles."""
    assignment = get_object_or_404(Assignment.objects.filter(person=request.user, until=None), pk=pk)
    where = places.where_of(assignment)
    actor = request.hats[assignment.hat]  # type: ignore[attr-defined]
    others = places.colleagues(where).exclude(pk=request.user.pk)
    form = DelegateForm(request.POST or None, colleagues=others)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            actions.delegate(actor, assignment, given["deputy"], given["until"], given["reason"])
            return redirect("staff:me")
        except StepRefused as refused:
            tell(request, refused)
    return render(request, "staff/delegate.html", {"form": form, "assignment": assignment, "others": others})


@require_POST
@login_required
def end_delegation(request: HttpRequest, pk: int) -> HttpResponse:
    """End a delegation before its time."""
    actor, where = here(request)
    found = get_object_or_404(Delegation.objects.select_related("assignment"), pk=pk)
    involved = request.user.pk in {found.person_id, found.assignment.person_id}
    if not involved and found.assignment.hat != places.key_of(where):
        raise Http404
    try:
        actions.end_delegation(actor, found)
    except StepRefused as refused:
        tell(request, refused)
    return redirect("staff:me" if involved else "staff:people")


@require_POST
@login_required
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an invitation to this office back."""
    actor, where = here(request)
    found = get_object_or_404(Invitation.objects.select_related("desk", "organisation"), pk=pk)
    if places.where_of(found) != where:
        raise Http404
    try:
        inviting.withdraw_invitation(actor, found)
    except StepRefused as refused:
        tell(request, refused)
    return redirect("staff:people")


def _colleague(where: places.Where, pk: int) -> Person:
    """Somebody who works here; nobody else's page opens."""
    return get_object_or_404(places.colleagues(where), pk=pk)


def _levels(kind: DeskKind) -> list[tuple[int, str]]:
    """The levels of leadership, where there are any."""
    if kind is not DeskKind.LEADERSHIP:
        return []
    language, levels = get_language() or "vi", CHARTS[current().chart].leadership
    return [(number, level.title.in_(language)) for number, level in enumerate(levels, start=1)]
