"""The worker's task: what the registries have raised since the last time is kept, and told to C06's handlers."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.alarms.models import Alarm, AlarmSource
from ketnoi_portal.alarms.registry_client import RegistryClient, RegistryError, Told
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.roles import DeskKind, Role
from ketnoi_portal.settings import Registry, current
from ketnoi_portal.staff.models import Assignment
from ketnoi_portal.staff.places import addresses_of
from ketnoi_portal.worker.locks import only_one

PAGES: Final = 20
"""So many answers of one registry are taken at a time [our choice]; the rest comes the next time."""
_DISORDER: Final = Text("cảnh báo không đúng thứ tự", "the alarms are not in their order")


def fetch() -> None:
    """Every registry. One that cannot be asked holds up none of the others; what went wrong stands with it."""
    for told in current().registries:
        with only_one(f"alarms {told.name}") as mine:
            if mine:
                _fetch(told)


def _fetch(told: Registry) -> None:
    source, _ = AlarmSource.objects.get_or_create(registry=told.name)
    try:
        with RegistryClient(told) as client:
            for _ in range(PAGES):
                page = client.alarms(source.last)
                _keep(source, page.alarms)
                if not page.more:
                    break
    except RegistryError as error:
        source.trouble_vi, source.trouble = error.told.vi[:200], error.told.en[:200]
        source.save(update_fields=["trouble", "trouble_vi"])


def _keep(source: AlarmSource, alarms: list[Told]) -> None:
    """Alarms, their letters and how far one has come: all or none. Raises RegistryError."""
    last = source.last
    for each in alarms:
        if each.id <= last:
            raise RegistryError(_DISORDER)
        last = each.id
    at = clock.now()
    with transaction.atomic():
        for each in alarms:
            values = {name: getattr(each, name) for name in each.__struct_fields__ if name != "id"}
            _tell(Alarm.objects.create(registry=source.registry, number=each.id, fetched_at=at, **values))
        source.last, source.fetched_at = last, at
        source.trouble_vi = source.trouble = ""
        source.save()


def _tell(alarm: Alarm) -> None:
    """A letter to each handler, with a link and without data."""
    title, link = alarm.title, current().public(reverse("alarms:list"))
    subject = f"[{alarm.registry}] Cảnh báo: {title.vi}"
    body = f"Cảnh báo khai thác bất thường: {title.vi}\nAlarm of conspicuous calls: {title.en}\n\n{link}\n"
    for address in handlers():
        Letter.write(address, subject, body, key=f"alarm:{alarm.registry}:{alarm.number}")


def handlers() -> list[str]:
    """The addresses of C06's handlers who are there now."""
    return addresses_of(Assignment.objects.filter(role=Role.HANDLER, desk__kind=DeskKind.C06))
