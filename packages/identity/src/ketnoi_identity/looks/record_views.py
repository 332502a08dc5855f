"""My data: what the National Population Database has about me, in words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ketnoi_identity.looks.record_words import lines
from ketnoi_identity.looks.views import unavailable
from ketnoi_identity.registry_client import RegistryUnavailable, registry
from ketnoi_identity.site.session import account_of, level
from ketnoi_protocol.birth_date import InvalidBirthDate
from ketnoi_protocol.citizens import Person


@require_safe
@level(2)
def record(request: HttpRequest) -> HttpResponse:
    """The whole record, sensitive fields marked; each time it is read, the register writes that down."""
    account = account_of(request)
    person = Person(
        personal_number=account.personal_number or "", name=account.full_name or "", birth=account.birth_text or ""
    )
    try:
        found = registry().record(person)
        rows = lines(found) if found is not None else []
    except (RegistryUnavailable, InvalidBirthDate):
        return unavailable(request)
    return render(request, "looks/record.html", {"found": found, "lines": rows})
