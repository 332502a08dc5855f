"""The consent of somebody without a smartphone: shown on the officer's page, decided by the citizen, attested twice."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from ketnoi_identity.consent import receipts, records, rules
from ketnoi_identity.consent.content import Decision, challenge_of
from ketnoi_identity.consent.records import Kept
from ketnoi_identity.desk import acts, consents, found
from ketnoi_identity.desk.officers import DeskError
from ketnoi_identity.looks.words import SERVICES, fields_of
from ketnoi_identity.site.agencies import names_of, procedure_name
from ketnoi_identity.site.session import at_desk, officer_of
from ketnoi_pages import clock

from .person import begin


def shown(kept: Kept) -> dict[str, Any]:
    """A consent in words, as `desk/consent_shown.html` needs it."""
    return {
        "agency": names_of({kept.organisation}).get(kept.organisation, kept.organisation),
        "service": SERVICES[kept.service],
        "fields": fields_of(kept.fields),
        "procedure": procedure_name(kept.procedure_code),
        "days": max(kept.lasts_seconds // 86_400, 1),
        "state": rules.state(kept, clock.now()),
    }


def receipt_names(kept: Kept) -> receipts.Names:
    """What its codes are called on the receipt."""
    agency = names_of({kept.organisation}).get(kept.organisation, kept.organisation)
    fields = {name: told.name.vi for name, told in zip(kept.fields, fields_of(kept.fields), strict=True)}
    return receipts.Names(agency, SERVICES[kept.service].vi, fields)


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
    drafted = acts.draft(officer, "consent", at, consent=kept.id, decision=decision.value)
    told = {"found": someone, "kept": kept, "act": drafted, "decision": decision.value, **shown(kept)}
    return begin(request, drafted, "desk/decide.html", told, challenge_of(kept, decision))
