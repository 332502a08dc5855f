"""Figures of the process: where applications stand, how long stages take, which certificates end soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count, Q, QuerySet

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.connection.expiring import expiring
from ketnoi_portal.connection.models import KnownCertificate
from ketnoi_portal.day.models import CertificateEnd
from ketnoi_portal.onboarding.certificate_models import NextCertificate
from ketnoi_portal.onboarding.models import Application, PlatformRegistration
from ketnoi_portal.process.case import OVER, STAGE_TITLES, Stage
from ketnoi_portal.process.deadlines import DAYS

SPAN_DAYS: Final = 365
ENDING_DAYS: Final = 60
MOST_ENDING: Final = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """How many applications stand in a stage; `share` of the largest count, in percent."""

    stage: Stage
    title: Text
    count: int
    share: int


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a stage takes, in days: the median and the 90th percentile of those that ended; `days` is the aim."""

    title: Text
    ended: int
    median: float
    ninetieth: float
    days: int | None
    share: int
    share_ninetieth: int


def standings(seen: QuerySet[Application]) -> list[Standing]:
    """Where the applications stand, in the process's order."""
    counted = dict(seen.order_by().values_list("stage").annotate(Count("pk")))
    most = max(counted.values(), default=0)
    return [
        Standing(stage, STAGE_TITLES[stage], counted[stage], round(100 * counted[stage] / most))
        for stage in Stage
        if counted.get(stage)
    ]


# The percentiles of every stage in one pass, over what ended since a moment.
_DURATIONS: Final = """
SELECT span.stage, count(*),
       percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM span.ended_at - span.began_at))
FROM day_stagespan span
WHERE span.ended_at >= %s AND (%s = '' OR span.application_id IN (
    SELECT id FROM onboarding_application WHERE organisation_id = %s OR organisation_id LIKE %s))
GROUP BY span.stage
"""


def durations(area: str = "", at: datetime | None = None) -> list[Duration]:
    """How long each stage took that ended within the last SPAN_DAYS, for an area's organisations or for all."""
    since = (at or clock.now()) - timedelta(days=SPAN_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(_DURATIONS, [since, area, area, f"{area}.%"])
        rows = {Stage(stage): (count, *(each / 86_400 for each in both)) for stage, count, both in cursor.fetchall()}
    rows = {stage: row for stage, row in rows.items() if stage not in OVER}
    longest = max((row[2] for row in rows.values()), default=0) or 1
    return [
        Duration(
            STAGE_TITLES[stage],
            int(count),
            median,
            ninetieth,
            DAYS.get(stage),
            round(100 * median / longest),
            round(100 * ninetieth / longest),
        )
        for stage in Stage
        if stage in rows
        for count, median, ninetieth in [rows[stage]]
    ]


def platform_certificates() -> QuerySet[KnownCertificate]:
    """What the platforms' configurations approve or register and what ends soon; servers of registrations apart.

    A server that a registration here names stands in `ending`, with the way to its next certificate.
    """
    ours = PlatformRegistration.objects.filter(state=PlatformRegistration.REGISTERED).values("server")
    servers = Q(kind=KnownCertificate.SERVER, owner__in=ours)
    return expiring(timedelta(days=ENDING_DAYS)).exclude(servers)[:MOST_ENDING]


def ending(seen: QuerySet[Application]) -> list[CertificateEnd]:
    """The certificates of registered servers that end soon or have ended, the first to end first.

    `coming` of each is its next certificate, where one is under way.
    """
    found = list(
        CertificateEnd.objects.filter(
            at__lt=clock.now() + timedelta(days=ENDING_DAYS),
            registration__state=PlatformRegistration.REGISTERED,
            registration__application__in=seen.exclude(stage__in=OVER),
        )
        .select_related("registration__application__organisation")
        .order_by("at")[:MOST_ENDING]
    )
    under_way = NextCertificate.objects.filter(
        state__in=NextCertificate.UNDER_WAY, application__in=[each.registration.application_id for each in found]
    )
    coming = {(each.application_id, each.platform, each.environment): each for each in under_way}
    for each in found:
        held = each.registration
        each.coming = coming.get((held.application_id, held.platform, held.environment))  # type: ignore[attr-defined]
    return found
