"""Fetches from C06's security servers how many exchanges they have carried, for the page of figures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.publication.adapter import Carried, SecurityServer
from ketnoi_portal.publication.admin_client import AdminError, NotAllowed
from ketnoi_portal.publication.models import TrafficCount, TrafficSource
from ketnoi_portal.settings import Server, current
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


_NO_ROLE: Final = Text(
    "khóa API thiếu vai trò XROAD_SECURITYSERVER_OBSERVER", "the API key lacks the role XROAD_SECURITYSERVER_OBSERVER"
)
_NOT_WHOLE: Final = Text(
    "máy chủ có nhiều số liệu hơn một lần báo", "there are more counts than the server tells at once"
)


def _fetch(told: Server) -> None:
    source, _ = TrafficSource.objects.get_or_create(instance=told.instance)
    today = clock.today()
    # The day before is asked for again: its last minutes were counted after it was asked for.
    since = today - timedelta(days=FIRST_DAYS) if source.until is None else source.until - timedelta(days=1)
    try:
        with SecurityServer.of(told) as server:
            carried = server.traffic(since)
    except NotAllowed:
        _note(source, _NO_ROLE)
        return
    except AdminError as error:
        _note(source, error.told)
        return
    if carried is not None:
        _keep(source, carried, since, today)


def _note(source: TrafficSource, told: Text) -> None:
    source.trouble_vi, source.trouble = told.vi[:200], told.en[:200]
    source.save(update_fields=["trouble", "trouble_vi"])


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
        source.trouble_vi, source.trouble = ("", "") if carried.whole else _NOT_WHOLE
        source.save()
