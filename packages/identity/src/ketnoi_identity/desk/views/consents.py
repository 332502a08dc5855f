"""The consent of somebody without a smartphone: shown on the officer's page, decided by the citizen, attested twice."""

from __future__ import annotations

from django.contrib import messages
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from ketnoi_identity.consent import receipts, records, representing, rules, words
from ketnoi_identity.consent.content import Decision, challenge_of
from ketnoi_identity.consent.records import Kept
from ketnoi_identity.desk import acts, consents, found
from ketnoi_identity.desk.officers import DeskError
from ketnoi_identity.looks.words import SERVICES, fields_of
from ketnoi_identity.site.agencies import name_of
from ketnoi_identity.site.session import at_desk, officer_of
from ketnoi_pages import clock

from .person import begin


def receipt_names(kept: Kept) -> receipts.Names:
    """What its codes are called on the receipt."""
    fields = {name: told.name.vi for name, told in zip(kept.fields, fields_of(tuple(kept.fields)), strict=True)}
    return receipts.Names(name_of(kept.organisation), SERVICES[kept.service].vi, fields)


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def decide(request: HttpRequest, key: str, consent: str, decision: Decision) -> HttpResponse:
    """Everything that the agency asks for, and what the citizen decided; begun by the officer's proof."""
    someone, officer, at = found.get(request, key), officer_of(request), clock.now()
    with connection.cursor() as cursor:
        kept = records.one(cursor, consent, someone.person.personal_number)
        if kept is None:
            raise Http404
        try:
            consents.check_not_own(cursor, kept, officer)
        except DeskError:
            raise Http404 from None
    takes_back = decision is Decision.TAKE_BACK
    if not (rules.may_be_taken_back(kept, at) if takes_back else rules.may_be_answered(kept, at)):
        raise Http404
    child = representing.is_needed(someone.person.birth, at)
    if decision is Decision.AGREE and child and someone.speaker is None:
        messages.error(request, representing.NOBODY_SPEAKS.in_(get_language() or "vi"))
        return redirect("desk_person", key)
    speaker = someone.speaker if child else None
    drafted = acts.draft(
        officer, "consent", someone.person, at, consent=kept.id, decision=decision.value, speaker=speaker
    )
    each = words.shown(kept, at)
    told = {"found": someone, "kept": kept, "act": drafted, "speaker": speaker, "each": each}
    return begin(request, drafted, "desk/decide.html", told, content=challenge_of(each.as_read, decision))
