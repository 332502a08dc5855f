"""Tells whose turn it is with accounts, reminds before time runs out, tells upwards after it has, announces end dates.

One letter for each office and occasion, however many accounts it is about: it says how many, and where they stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.accounts.facts import cases_of, upwards
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.agencies.models import Desk, Organisation
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.account_case import AccountCase, AccountState
from ketnoi_portal.process.account_step import MADE
from ketnoi_portal.process.deadlines import (
    ESCALATE_AFTER_DAYS,
    EXPIRY_NOTICE_DAYS,
    REMIND_BEFORE_DAYS,
    told_when_late,
    waited_for,
)
from ketnoi_portal.process.roles import DeskKind, Role
from ketnoi_portal.settings import current
from ketnoi_portal.staff.models import Assignment

_AT_ONCE: Final = 2_000
OFFICER: Final = "officer"
Office = tuple[str, str]
"""A kind of desk, or the agency, with the unit that it is asked for; or an officer's address."""


@dataclass(frozen=True, slots=True)
class _Occasion:
    """Something to tell once: of which accounts, the field that marks it, to whom, in which words, shown where."""

    name: str
    mark: str
    told: Text
    offices: Callable[[Account, AccountCase], Iterable[Office]]
    query: str = ""


def _turn(account: Account, case: AccountCase) -> Iterator[Office]:
    # Whoever is to activate an account was invited when it was created.
    if case.state is not AccountState.CREATED and (waited := waited_for(case)) is not None:
        yield waited, account.unit_id


def _soon(account: Account, case: AccountCase) -> Iterator[Office]:
    if case.state is AccountState.CREATED:
        yield OFFICER, account.email
    elif (waited := waited_for(case)) is not None:
        yield waited, account.unit_id


def _late(account: Account, case: AccountCase) -> Iterator[Office]:
    for kind in told_when_late(case):
        yield kind, account.unit_id


def _ends(account: Account, case: AccountCase) -> Iterator[Office]:
    yield OFFICER, account.email
    yield DeskKind.AGENCY, account.unit_id
    yield case.route[0], account.unit_id


_OCCASIONS: Final = (
    _Occasion("turn", "told_at", Text("tài khoản chờ xử lý", "accounts wait for you"), _turn),
    _Occasion("soon", "reminded_at", Text("tài khoản sắp đến hạn xử lý", "accounts are due soon"), _soon),
    _Occasion("late", "escalated_at", Text("tài khoản quá hạn xử lý", "accounts are late"), _late, "?late=1"),
    _Occasion("end", "end_told_at", Text("tài khoản sắp hết hạn", "accounts are about to expire"), _ends, "?ending=1"),
)


def run(at: datetime | None = None) -> int:
    """Tell what is due at a moment (by default the present one); of how many accounts, each occasion counted.

    Each mark is written in the transaction of its letters: killed anywhere, nothing is told twice or never.
    """
    moment = at or clock.now()
    return sum(_tell_all(occasion, which(occasion.name, moment), moment) for occasion in _OCCASIONS)


def which(occasion: str, moment: datetime) -> Q:
    """The accounts that an occasion is about, and of which nobody has been told yet."""
    waits = Q(due_at__isnull=False)
    return {
        "turn": waits & Q(told_at=None),
        "soon": Q(reminded_at=None, due_at__gt=moment, due_at__lte=moment + timedelta(days=REMIND_BEFORE_DAYS)),
        "late": waits & Q(escalated_at=None, due_at__lte=moment - timedelta(days=ESCALATE_AFTER_DAYS)),
        "end": Q(end_told_at=None) & ending(moment),
    }[occasion]


def ending(moment: datetime) -> Q:
    """Accounts in use whose end date comes within a month."""
    states = [str(state) for state in (*sorted(MADE), AccountState.SUSPENDED)]
    return Q(valid_until__gt=moment, valid_until__lte=moment + timedelta(days=EXPIRY_NOTICE_DAYS), state__in=states)


def _tell_all(occasion: _Occasion, those: Q, moment: datetime) -> int:
    told = 0
    while keys := list(Account.objects.filter(those).order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
        with transaction.atomic():
            locked = Account.objects.select_for_update(of=("self",)).filter(those, pk__in=keys)
            accounts = list(locked.select_related("unit").order_by("pk"))
            offices = Counter(
                office
                for account, case in cases_of(accounts).items()
                for office in set(occasion.offices(account, case))
            )
            for address, count in _addresses(offices).items():
                _write(occasion, address, count, key=f"accounts:{occasion.name}:{keys[0]}:{moment.isoformat()}")
            Account.objects.filter(pk__in=[account.pk for account in accounts]).update(**{occasion.mark: moment})
        told += len(accounts)
    return told


def _addresses(offices: Counter[Office]) -> Counter[tuple[str, bool]]:
    """How many accounts each address is told of, and whether at a desk or an agency (which have lists)."""
    found: Counter[tuple[str, bool]] = Counter()
    for (kind, key), count in offices.items():
        if kind == OFFICER:
            found[key, False] += count
            continue
        for address in _of_agency(key) if kind == DeskKind.AGENCY else _of_desk(DeskKind(kind), key):
            found[address, True] += count
    return found


def _of_desk(kind: DeskKind, unit: str) -> list[str]:
    desk = Desk.responsible(kind, unit)
    return [desk.email] if desk is not None and desk.email else []


def _of_agency(unit: str) -> list[str]:
    """The representatives of the unit, else of the nearest organisation above it that has any, else its own address."""
    for code in upwards(unit):
        standing = Assignment.objects.filter(organisation=code, role=Role.REPRESENTATIVE, until=None)
        people = sorted(set(standing.filter(person__is_active=True).values_list("person__email", flat=True)))
        if people:
            return people
    own = Organisation.objects.filter(pk=unit).values_list("email", flat=True).first()
    return [own] if own else []


def _write(occasion: _Occasion, address: tuple[str, bool], count: int, *, key: str) -> None:
    to, has_lists = address
    place = reverse("accounts:start") if has_lists else reverse("accounts:own")
    told = occasion.told
    Letter.write(
        to,
        f"{count} {told.vi} · {count} {told.en}",
        f"{count} {told.vi}. Đăng nhập cổng đăng ký kết nối để xem:\n"
        f"{count} {told.en}. Sign in to the connection portal to see them:\n\n"
        f"{current().public(place)}{occasion.query if has_lists else ''}\n\n"
        "Thư này không kèm dữ liệu. Không trả lời thư này.\n"
        "This letter carries no data. Please do not answer it.\n",
        key=key,
    )
