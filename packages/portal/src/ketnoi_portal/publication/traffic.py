"""Fetches from C06's security servers how many exchanges they have carried, for the page of figures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.db import transaction

from ketnoi_portal.publication.adapter import Carried, SecurityServer
from ketnoi_portal.publication.admin_client import AdminError, NotAllowed
from ketnoi_portal.publication.models import TrafficCount, TrafficSource
from ketnoi_portal.settings import Server, current
from ketnoi_portal.site import clock
from ketnoi_portal.worker.locks import only_one

FIRST_DAYS: Final = 30
KEEP_DAYS: Final = 400
"""As the servers keep them themselves: our choice."""


def fetch() -> None:
    """The worker's task: every server that offers counts, the days that may have changed since the last time.

    One that cannot be asked holds up none of the others; what went wrong stands with it.
    """
    for told in current().servers:
        if told.kind == "ketnoi":
            with only_one(f"traffic {told.instance}") as mine:
                if mine:
                    _fetch(told)
    TrafficCount.objects.filter(day__lt=clock.today() - timedelta(days=KEEP_DAYS)).delete()


def _fetch(told: Server) -> None:
    source, _ = TrafficSource.objects.get_or_create(instance=told.instance)
    today = clock.today()
    # The day before is asked for again: its last minutes were counted after it was asked for.
    since = today - timedelta(days=FIRST_DAYS) if source.until is None else source.until - timedelta(days=1)
    try:
        with SecurityServer.of(told) as server:
            carried = server.traffic(since)
    except NotAllowed:
        _note(source, "the API key lacks the role XROAD_SECURITYSERVER_OBSERVER")
        return
    except AdminError as error:
        _note(source, str(error))
        return
    if carried is not None:
        _keep(source, carried, since, today)


def _note(source: TrafficSource, trouble: str) -> None:
    source.trouble = trouble[:200]
    source.save(update_fields=["trouble"])


def _keep(source: TrafficSource, carried: Carried, since: date, today: date) -> None:
    """What the server says now takes the place of what it said of the same days."""
    with transaction.atomic():
        TrafficCount.objects.filter(instance=source.instance, day__gte=since).delete()
        TrafficCount.objects.bulk_create(
            TrafficCount(
                instance=source.instance,
                day=each.day,
                client=each.client_id,
                service=each.service_id,
                code=each.code,
                count=each.count,
            )
            for each in carried.items
            if each.day >= since
        )
        source.fetched_at, source.until = clock.now(), today
        source.trouble = "" if carried.whole else "there are more counts than the server tells at once"
        source.save()
