"""Reminds agencies of server certificates that are about to end, while nothing has been handed in to follow them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from ketnoi_pages import clock
from ketnoi_portal.day.models import CertificateEnd
from ketnoi_portal.notices.telling import office_of, tell
from ketnoi_portal.onboarding.models import PlatformRegistration
from ketnoi_portal.onboarding.rotating import next_of
from ketnoi_portal.process.roles import DeskKind
from ketnoi_portal.process.rotation import ROTATABLE

DAYS: Final = (60, 30, 14, 7, 1)
"""So many days before the end the agency is reminded: our choice."""


def run(at: datetime | None = None) -> int:
    """Remind what is due at a moment (by default the present one); how many agencies were told.

    The mark is written in the transaction of the notice: killed anywhere, nothing is told twice or never.
    """
    moment = at or clock.now()
    told = 0
    due = CertificateEnd.objects.filter(_due(moment), _OF_A_SERVER).values_list("pk", flat=True)
    for key in list(due.order_by("at")):
        with transaction.atomic():
            rows = CertificateEnd.objects.select_for_update(of=("self",))
            row = rows.select_related("registration__application__organisation").filter(_due(moment), pk=key).first()
            told += row is not None and _remind(row, moment)
    return told


_OF_A_SERVER: Final = Q(
    registration__state=PlatformRegistration.REGISTERED, registration__application__stage__in=ROTATABLE
)


def _due(moment: datetime) -> Q:
    found = Q()
    for days in DAYS:
        before = Q(reminded=None) | Q(reminded__gt=days)
        found |= Q(at__lte=moment + timedelta(days=days)) & before
    return found & Q(at__gt=moment)


def _remind(row: CertificateEnd, moment: datetime) -> bool:
    registration, left = row.registration, row.at - moment
    application, unit = registration.application, f"{registration.platform}/{registration.environment}"
    if next_of(application, unit) is not None:
        return False
    row.reminded = min(days for days in DAYS if left <= timedelta(days=days))
    row.save(update_fields=["reminded"])
    tell(office_of(DeskKind.AGENCY, application), application, f"ends:{row.reminded}:offer_certificate", unit)
    return True
