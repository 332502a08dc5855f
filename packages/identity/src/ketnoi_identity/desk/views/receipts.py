"""The receipt of somebody without a smartphone: printed at the desk, or taken along as a file."""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from ketnoi_identity.accounts.records import Cursor
from ketnoi_identity.consent import paper, records
from ketnoi_identity.consent.records import Kept
from ketnoi_identity.desk import acts, consents, found
from ketnoi_identity.desk.officers import DeskError, DeskOfficer
from ketnoi_identity.site.session import at_desk, officer_of
from ketnoi_pages import clock


@require_safe
@at_desk
def of_act(request: HttpRequest, act: UUID, *, file: bool = False) -> HttpResponse:
    """Of what was agreed to and witnessed just now: for both officers, as long as the act lasts."""
    officer = officer_of(request)
    with connection.cursor() as cursor:
        done = acts.one(cursor, act, officer.unit)
        if done is None or done.witnessed_at is None or done.until <= clock.now():
            raise Http404
        if officer.id not in (done.officer, done.witness):
            raise Http404
        kept = _agreed(cursor, consents.of_act(cursor, done), officer)
    if file:
        return paper.as_file(kept)
    return paper.sheet(request, kept, reverse("desk_act", args=[act]), reverse("desk_receipt_file", args=[act]))


@require_safe
@at_desk
def of_person(request: HttpRequest, key: str, consent: str, *, file: bool = False) -> HttpResponse:
    """Once more, for somebody who stands at the desk."""
    someone, officer = found.get(request, key), officer_of(request)
    with connection.cursor() as cursor:
        kept = _agreed(cursor, records.one(cursor, consent, someone.person.personal_number), officer)
    if file:
        return paper.as_file(kept)
    named = [key, consent]
    return paper.sheet(request, kept, reverse("desk_person", args=[key]), reverse("desk_receipt_file_of", args=named))


def _agreed(cursor: Cursor, kept: Kept | None, officer: DeskOfficer) -> Kept:
    """One with a receipt, not the officer's own. Raises Http404."""
    if kept is None or kept.receipt is None:
        raise Http404
    try:
        consents.check_not_own(cursor, kept, officer)
    except DeskError:
        raise Http404 from None
    return kept
