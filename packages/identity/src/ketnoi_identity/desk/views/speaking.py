"""Recording who speaks for a child that stands at the desk."""

from __future__ import annotations

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from ketnoi_identity.accounts import guardians, limits, records
from ketnoi_identity.accounts.registering import Applicant
from ketnoi_identity.accounts.views.limiting import too_many
from ketnoi_identity.accounts.views.registering import NOT_NOW, typed, who_form
from ketnoi_identity.consent import representing
from ketnoi_identity.desk import acts, found
from ketnoi_identity.desk.officers import DeskOfficer
from ketnoi_identity.desk.speakers import Speaker
from ketnoi_identity.registry_client import RegistryUnavailable, registry
from ketnoi_identity.site.session import at_desk, officer_of
from ketnoi_pages import clock
from ketnoi_pages.text import Text

from .start import NO_MATCH

NOT_NAMED = Text(
    "Cơ sở dữ liệu quốc gia về dân cư không ghi người này là cha, mẹ hoặc người đại diện của trẻ.",
    "The National Population Database does not name this person as the child's parent or representative.",
)


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def speaking(request: HttpRequest, key: str) -> HttpResponse:
    """Number, name and birth date of whoever speaks for the child; the register has to name them."""
    someone, officer = found.get(request, key), officer_of(request)
    if not representing.is_needed(someone.person.birth, clock.now()):
        raise Http404
    wrong: dict[str, Text] = {}
    if request.method == "POST":
        stop = too_many(request, limits.DESK_BY_OFFICER, str(officer.id))
        if stop is not None:
            return stop
        told = typed(request)
        if isinstance(told, dict):
            wrong = told
        else:
            speaker = _speaker(officer, someone.person, told)
            if isinstance(speaker, Speaker):
                found.speak(request, key, speaker)
                return redirect("desk_person", key)
            wrong = {"": speaker}
    page = who_form(request, wrong) | {"found": someone}
    return render(request, "desk/speaker.html", page, status=422 if wrong else 200)


def _speaker(officer: DeskOfficer, child: Applicant, told: Applicant) -> Speaker | Text:
    """Who speaks, or why this person cannot."""
    with connection.cursor() as cursor:
        account = records.by_number(cursor, told.personal_number)
    if account is not None and account.id == officer.account:
        return acts.OWN
    try:
        if not registry().matches(told.person()):
            return NO_MATCH
        record = registry().record(child.person())
    except RegistryUnavailable:
        return NOT_NOW
    relation = None if record is None else guardians.relation(record, told.personal_number)
    if relation is None:
        return NOT_NAMED
    return Speaker(told.name, told.birth, relation, None if account is None else account.id)
