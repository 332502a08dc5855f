"""The desk's start page: find whoever stands there, and what waits for a witness."""

from __future__ import annotations

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from ketnoi_identity.accounts import limits, records, registering
from ketnoi_identity.accounts.views.limiting import too_many
from ketnoi_identity.accounts.views.registering import NOT_NOW, typed, who_form
from ketnoi_identity.desk import acts, found
from ketnoi_identity.desk.officers import DeskOfficer
from ketnoi_identity.registry_client import RegistryUnavailable, registry
from ketnoi_identity.site.session import at_desk, officer_of
from ketnoi_pages import clock
from ketnoi_pages.text import Text

NO_MATCH = Text(
    "Không khớp với Cơ sở dữ liệu quốc gia về dân cư. Xem lại giấy tờ; họ tên viết có đủ dấu.",
    "This does not agree with the National Population Database. "
    "Look at the papers again; the name needs all its diacritics.",
)


def _note(officer: DeskOfficer, person: registering.Applicant) -> None:
    """Whoever opens somebody's page leaves a trace: in that account, or in the officer's own where there is none."""
    with transaction.atomic(), connection.cursor() as cursor:
        account = records.by_number(cursor, person.personal_number)
        if account is not None:
            kind, about = "seen_at_desk", account.id
        else:
            kind, about = "found_without_account", officer.account
        records.tell(cursor, about, clock.now(), kind, officer.account, unit_name=officer.unit_name)


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def start(request: HttpRequest) -> HttpResponse:
    """Number, name and birth date from the papers; the register has to agree."""
    officer = officer_of(request)
    wrong: dict[str, Text] = {}
    if request.method == "POST":
        stop = too_many(request, limits.DESK_BY_OFFICER, str(officer.id))
        if stop is not None:
            return stop
        told = typed(request)
        if isinstance(told, dict):
            wrong = told
        else:
            try:
                if registry().matches(told.person()):
                    _note(officer, told)
                    return redirect("desk_person", found.keep(request, told).key)
                wrong = {"": NO_MATCH}
            except RegistryUnavailable:
                wrong = {"": NOT_NOW}
    with connection.cursor() as cursor:
        waiting = acts.waiting(cursor, officer.unit, clock.now())
    shown = [(act, acts.may_witness(act, officer, clock.now())) for act in waiting]
    told_page = who_form(request, wrong) | {"officer": officer, "waiting": shown}
    return render(request, "desk/start.html", told_page, status=422 if wrong else 200)
