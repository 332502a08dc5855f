"""Pages by which people come in: the request for admission, its judging, and the invitation's link."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from ketnoi_pages import clock
from ketnoi_portal.process.roles import Actor, DeskKind
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.site.limits import is_within
from ketnoi_portal.site.refusing import tell
from ketnoi_portal.staff import inviting, places
from ketnoi_portal.staff.forms import AcceptForm, AdmissionForm, RefuseForm
from ketnoi_portal.staff.models import Admission, Invitation, Person
from ketnoi_portal.staff.views import here

_BY_INVITATION = "allauth.account.auth_backends.AuthenticationBackend"


def admission(request: HttpRequest) -> HttpResponse:
    """An organisation without an account asks that its representative be let in."""
    form = AdmissionForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        if not is_within(request, "admission", most=10, seconds=3600):
            return render(request, "429.html", status=429)
        if form.is_valid():
            given = dict(form.cleaned_data)
            organisation, document = given.pop("organisation"), given.pop("letter")
            stranger = Actor("stranger", DeskKind.AGENCY, organisation.code, frozenset())
            try:
                found = inviting.ask_for_admission(stranger, organisation, inviting.AskedFor(**given), document)
            except StepRefused as refused:
                tell(request, refused)
            else:
                desk = inviting.desk_that_admits(organisation)
                return render(request, "staff/admission_sent.html", {"admission": found, "desk": desk})
    return render(request, "staff/admission.html", {"form": form})


@login_required
def admissions(request: HttpRequest) -> HttpResponse:
    """What this desk has to judge, and what it has judged last."""
    actor, _ = here(request)
    waiting = Admission.objects.select_related("organisation").filter(decided_at=None).order_by("asked_at")
    decided = Admission.objects.select_related("organisation").exclude(decided_at=None).order_by("-decided_at")[:200]
    context = {
        "waiting": [each for each in waiting if inviting.judges(actor, each.organisation)],
        "decided": [each for each in decided if inviting.judges(actor, each.organisation)][:20],
    }
    return render(request, "staff/admissions.html", context)


@login_required
def judge_admission(request: HttpRequest, pk: int) -> HttpResponse:
    """One request: read the letter, admit or refuse."""
    actor, _ = here(request)
    found = _admission(actor, pk)
    form = RefuseForm(request.POST if "refuse" in request.POST else None)
    if request.method == "POST":
        try:
            if "refuse" in request.POST:
                if form.is_valid():
                    inviting.refuse_admission(actor, found, form.cleaned_data["reason"])
                    return redirect("staff:admissions")
            else:
                inviting.admit(actor, found)
                return redirect("staff:admissions")
        except StepRefused as refused:
            tell(request, refused)
            return redirect("staff:judge", pk)
    known = places.assignments_at(found.organisation)
    return render(request, "staff/judge.html", {"admission": found, "form": form, "known": known})


@login_required
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter itself, to be kept and read outside: never shown within this site."""
    actor, _ = here(request)
    found = _admission(actor, pk)
    response = HttpResponse(found.letter.content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="cong-van-{found.pk}.pdf"'
    return response


@never_cache
@sensitive_post_parameters("password", "again")
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """The link of an invitation: a new person sets a password, somebody who is known accepts."""
    found = inviting.find_invitation(secret)
    if found is None or not found.is_open(clock.now()):
        return render(request, "staff/invitation_over.html", status=404 if found is None else 410)
    known = Person.objects.filter(email__iexact=found.email, is_active=True).first()
    own = request.user if isinstance(request.user, Person) else None
    if known is None and own is None:
        return _take_as_new(request, found)
    if own is None or own != known:
        return render(request, "staff/invitation_other.html", {"invitation": found, "known": known})
    if request.method == "POST":
        try:
            inviting.accept(_holder(found), found, person=own)
            return redirect("home")
        except StepRefused as refused:
            tell(request, refused)
    return render(request, "staff/invitation_known.html", {"invitation": found})


def _take_as_new(request: HttpRequest, found: Invitation) -> HttpResponse:
    form = AcceptForm(request.POST or None, email=found.email, initial={"full_name": found.full_name})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            person = inviting.accept(_holder(found), found, full_name=given["full_name"], password=given["password"])
        except StepRefused as refused:
            tell(request, refused)
        else:
            login(request, person, backend=_BY_INVITATION)
            return redirect("mfa_index")
    return render(request, "staff/invitation.html", {"invitation": found, "form": form})


def _holder(found: Invitation) -> Actor:
    """Whoever holds the link, as an actor without any role."""
    place = places.place_of(places.where_of(found))
    return Actor(f"invitation:{found.pk}", place.kind, place.organisation, frozenset())


def _admission(actor: Actor, pk: int) -> Admission:
    """A request that this desk judges; for anybody else there is none."""
    found = get_object_or_404(Admission.objects.select_related("organisation", "letter"), pk=pk)
    if not inviting.judges(actor, found.organisation):
        raise Http404
    return found
