"""Officers' accounts of a crowd, most of them active, some at every desk of their route."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from ketnoi_pages import clock
from ketnoi_portal.accounts.codes import bucket, new_codes
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.writing import next_revisions
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.deadlines import ACCOUNT_DAYS
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.rehearsal.copying import columns, copy_values, values_of
from ketnoi_portal.settings import Settings
from ketnoi_protocol.services import Service

_FAMILY: Final = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vàng", "Lý", "Đỗ", "Bùi", "Nông", "Lò")
_MIDDLE: Final = ("Văn", "Thị", "Đức", "Minh", "Thu", "Quốc", "Thanh")
_GIVEN: Final = ("An", "Bình", "Chi", "Dũng", "Hà", "Hương", "Khôi", "Lan", "Mai", "Nam", "Páo", "Sen", "Tú")

# Of a hundred accounts one is in each of these; the rest are active.
_AT_A_DESK = 1, 2, 3
_STATES: Final = {
    0: AccountState.DRAFT,
    **dict.fromkeys(_AT_A_DESK, AccountState.WITH_DESK),
    4: AccountState.RETURNED,
    5: AccountState.CREATED,
    6: AccountState.SUSPENDED,
    7: AccountState.CLOSED,
}
_KINDS: Final = len(_STATES) + 1
_MADE: Final = frozenset({AccountState.CREATED, AccountState.ACTIVE, AccountState.SUSPENDED, AccountState.CLOSED})


def add_accounts(actor: Actor, settings: Settings, units: Sequence[tuple[Organisation, range]]) -> None:
    """Accounts of some units, one for each number, after the act was recorded (see next_revision)."""
    rows: list[list[Any]] = []
    for unit, numbers in units:
        rows += _rows(actor, settings, unit, numbers)
    code = columns(Account).index("code")
    made = [row for row in rows if row[code] is not None]
    for row, revision in zip(made, next_revisions(len(made)), strict=True):
        row[columns(Account).index("revision")] = revision
    copy_values(Account, rows)


def _rows(actor: Actor, settings: Settings, unit: Organisation, numbers: range) -> list[list[Any]]:
    """What each account differs in is put over what all of its state have in common: 200,000 are many."""
    at = {name: index for index, name in enumerate(columns(Account))}
    common = [(account := _account(actor, settings, unit, kind), values_of(account)) for kind in range(_KINDS)]
    codes = iter(new_codes(unit.pk, sum(common[_kind(number)][0].state in _MADE for number in numbers)))
    rows = []
    for number in numbers:
        account, values = common[_kind(number)]
        since = clock.now() - timedelta(days=number % 200, minutes=number % 1_440)
        row = values.copy()
        row[at["id"]] = uuid4()
        # Names repeat, as they do in the country.
        row[at["full_name"]] = f"{_FAMILY[number % 11]} {_MIDDLE[number // 11 % 7]} {_GIVEN[number // 77 % 13]}"
        row[at["email"]] = f"cb{number}@{unit.pk.lower()}.example"
        row[at["state_since"]], row[at["asked_at"]] = since, since - timedelta(days=10)
        if (days := ACCOUNT_DAYS.get(AccountState(account.state))) is not None:
            # Told long ago: a crowd fills no outbox.
            row[at["due_at"]] = since + timedelta(days=days)
            row[at["told_at"]] = row[at["reminded_at"]] = row[at["escalated_at"]] = since
        if account.state in _MADE:
            row[at["code"]] = code = next(codes)
            row[at["bucket"]], row[at["valid_from"]] = bucket(code), since
        rows.append(row)
    return rows


def _kind(number: int) -> int:
    return min(number % 100, _KINDS - 1)


def _account(actor: Actor, settings: Settings, unit: Organisation, kind: int) -> Account:
    state = _STATES.get(kind, AccountState.ACTIVE)
    route = CHARTS[settings.chart].account_routes[Level(unit.level)]
    position = min(kind - _AT_A_DESK[0], len(route) - 1) if state is AccountState.WITH_DESK else 0
    return Account(
        unit=unit,
        level=unit.level,
        chart=settings.chart,
        position="Công chức",
        services=[str(Service.LOOK_UP_CITIZEN)],
        state=state,
        route_position=position,
        desk=route[position] if state is AccountState.WITH_DESK else "",
        suspended_by=route[0] if state is AccountState.SUSPENDED else "",
        suspended_for="Diễn tập" if state is AccountState.SUSPENDED else "",
        activated=state in _MADE and state is not AccountState.CREATED,
        asked_by=actor.person,
    )
