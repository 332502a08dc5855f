"""The export of a whole dossier."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from ketnoi_portal.onboarding.seeing import office_needed, seen
from ketnoi_portal.papers import actions
from ketnoi_portal.papers.showing import may_read
from ketnoi_portal.papers.views import attachment


@office_needed
@require_POST
def export(request: HttpRequest, key: UUID) -> HttpResponse:
    """The dossier as ZIP; an act, since it is recorded who took it out."""
    actor = request.actor  # type: ignore[attr-defined]
    application = seen(actor, key)
    if not may_read(actor):
        raise Http404
    return attachment(actions.export(actor, application), "application/zip", f"{application.number}.zip")
