"""A crowd: as many units, applications and accounts as a country has, for measuring and for tests of large numbers.

The rows are those that the process would have written where pages and the directory look: whose turn it is comes from
the rules, codes and revisions from where they are always given. What lies behind them is left out: papers, files,
commitments, people who could sign in, and an audit event for each; the making itself is one event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from ketnoi_portal.accounts.models import Account
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import record
from ketnoi_portal.day.models import SearchText, StageSpan, Waiting
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.publication.revisions import next_revision
from ketnoi_portal.rehearsal.copying import analyse, copy_in, settle
from ketnoi_portal.rehearsal.crowd_accounts import add_accounts
from ketnoi_portal.rehearsal.crowd_applications import add_applications
from ketnoi_portal.rehearsal.offices import NotARehearsal
from ketnoi_portal.settings import Settings

Tell = Callable[[str], None]
ACCOUNTS_OF_A_UNIT = 400
_AT_ONCE = 50 * ACCOUNTS_OF_A_UNIT
_OF_A_DISTRICT = 20
_MARK = "(diễn tập)"
_TITLES = {Level.DISTRICT: "Huyện", Level.DEPARTMENT: "Sở", Level.COMMUNE: "Xã"}


class NoProvince(Exception):  # noqa: N818
    """There is no province to put units into."""


@dataclass(frozen=True, slots=True)
class Place:
    """A unit of the crowd, and the province that it lies in."""

    unit: Organisation
    province: Organisation


def make_crowd(
    actor: Actor, settings: Settings, *, applications: int, accounts: int, tell: Tell = lambda text: None
) -> None:
    """So many more applications and accounts, of new units spread over the provinces that are there.

    Every tenth application is a province's own. Raises NotARehearsal and NoProvince.
    """
    if not settings.rehearsal:
        raise NotARehearsal("rehearsal = true is not in the settings")
    with transaction.atomic():
        made = {"applications": applications, "accounts": accounts}
        record(actor, "make_crowd", "rehearsal", "crowd", after=made)
        places = _places(max(applications, -(-accounts // ACCOUNTS_OF_A_UNIT)), settings)
        tell(f"{len(places):,} units")
        add_applications(actor, settings, [(place.unit, place.province) for place in places[:applications]])
        tell(f"{applications:,} applications")
        for first in range(0, accounts, _AT_ONCE):
            upto = min(first + _AT_ONCE, accounts)
            numbers = [range(n, min(n + ACCOUNTS_OF_A_UNIT, upto)) for n in range(first, upto, ACCOUNTS_OF_A_UNIT)]
            units = [places[each.start // ACCOUNTS_OF_A_UNIT].unit for each in numbers]
            add_accounts(actor, settings, list(zip(units, numbers, strict=True)))
            tell(f"{upto:,} accounts")
        next_revision()
        analyse(Organisation, Application, Waiting, StageSpan, SearchText, Account)
    settle(Application, Waiting, Account)


def _places(count: int, settings: Settings) -> list[Place]:
    """So many new units: in each province districts of 20, with a department and communes."""
    provinces = list(Organisation.objects.filter(level=Level.PROVINCE, closed_on=None))
    if not provinces:
        raise NoProvince("there is no province yet: make_rehearsal puts some in")
    before = [
        Organisation.objects.filter(code__startswith=f"{p.code}.", name__endswith=_MARK).count() for p in provinces
    ]
    levels = CHARTS[settings.chart].dossier_routes
    places = []
    for index in range(count):
        which = index % len(provinces)
        province = provinces[which]
        number = before[which] + index // len(provinces)
        district, within = divmod(number, _OF_A_DISTRICT)
        level = {0: Level.DISTRICT, 1: Level.DEPARTMENT}.get(within, Level.COMMUNE)
        beside = f"{province.code}.9{district:03d}"
        code = {Level.DISTRICT: beside, Level.DEPARTMENT: f"{province.code}.8{district:03d}"}.get(
            level, f"{beside}.{within:02d}"
        )
        unit = Organisation(
            code=code,
            name=f"{_TITLES[level]} số {number}, {province.name} {_MARK}",
            level=level if level in levels else Level.COMMUNE,
            parent_id=beside if level is Level.COMMUNE else province.code,
        )
        places.append(Place(unit, province))
    copy_in([place.unit for place in places])
    return places
