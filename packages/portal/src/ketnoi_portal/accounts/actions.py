"""Everything that changes an account. Each act is judged by the rules, written, checked against them, recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.accounts.facts import case_of, cases_of, draft_case
from ketnoi_portal.accounts.inviting import take_leave
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.taking import Changed, keep, locked_all, locked_one, step_with, written
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import record
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.account_steps import ACCOUNT_STEP
from ketnoi_portal.process.accounts import check_account_step
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_portal.settings import current
from ketnoi_portal.staff.models import Person
from ketnoi_protocol.services import Service, System


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as a form or a line of a spreadsheet gives it."""

    unit: Organisation
    full_name: str
    position: str
    email: str
    services: tuple[Service, ...]


def request(actor: Actor, asked: Asked, system: System = System.POPULATION) -> Account:
    """A new draft. Raises StepRefused: for the identity system, always, and the reason says why."""
    at = clock.now()
    account = Account(
        unit=asked.unit,
        level=asked.unit.level,
        chart=current().chart,
        state_since=at,
        asked_at=at,
        asked_by=actor.person,
        **_told(asked),
    )
    if Level(account.level) not in CHARTS[account.chart].account_routes:
        raise StepRefused([_NO_ROUTE])
    check_account_step(ACCOUNT_STEP["request"], draft_case(account, system), "", actor)
    if not asked.unit.is_open(clock.today()):
        raise StepRefused([_CLOSED])
    with transaction.atomic():
        _only_one(account)
        account.save(force_insert=True)
        record(actor, "request", "account", account.pk, after={"unit": account.unit_id, "services": account.services})
    return account


def save(actor: Actor, account: Account, asked: Asked, *, version: int | None = None) -> Account:
    """Change a request that is being prepared. Its unit stays. Raises StepRefused, Changed."""
    with transaction.atomic():
        locked = locked_one(account, version)
        check_account_step(ACCOUNT_STEP["request"], case_of(locked), "", actor)
        before = {"services": locked.services}
        for name, value in _told(asked).items():
            setattr(locked, name, value)
        _only_one(locked)
        record(actor, "save", "account", locked.pk, before=before, after={"services": locked.services})
        keep(locked)
    return locked


def take(
    actor: Actor,
    account: Account,
    step_name: str,
    unit: str = "",
    given: AccountGiven | None = None,
    *,
    version: int | None = None,
) -> Account:
    """Take one step; the account as it is afterwards. `version` is the one that the actor saw.

    Raises StepRefused with every reason, Changed when somebody was faster.
    """
    with transaction.atomic():
        locked = locked_one(account, version)
        step_with(actor, locked, case_of(locked), step_name, unit, given or AccountGiven())
    return locked


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one account in an act on many: `reasons` is empty where it was done."""

    account: Account
    reasons: tuple[Reason, ...] = ()


def take_many(
    actor: Actor, accounts: Iterable[Account], step_name: str, unit: str = "", given: AccountGiven | None = None
) -> list[Line]:
    """Take one step for each of these accounts; what is refused for one does not hold back the rest."""
    told, lines = given or AccountGiven(), []
    with transaction.atomic():
        locked = locked_all([account.pk for account in accounts])
        cases = cases_of(locked)
        for account in locked:
            try:
                with transaction.atomic():
                    step_with(actor, account, cases[account], step_name, unit, told)
            except StepRefused as refused:
                lines.append(Line(account, refused.reasons))
            else:
                lines.append(Line(account))
    return lines


def leave(actor: Actor, person: Person, unit: str, reason: str) -> list[Account]:
    """Somebody has left a unit: every account of theirs there is closed. The room that ends roles judges the actor."""
    with transaction.atomic():
        theirs = Account.objects.filter(person=person, unit=unit).exclude(state=AccountState.CLOSED)
        keys = theirs.values_list("pk", flat=True)
        accounts = locked_all(list(keys))
        cases = cases_of(accounts)
        for account in accounts:
            take_leave(account)
            after = cases[account].but(state=AccountState.CLOSED, position=0)
            written(actor, account, cases[account], after, "close_for_leaving", "", AccountGiven(reason=reason))
    return accounts


def _told(asked: Asked) -> dict[str, object]:
    return {
        "full_name": asked.full_name.strip(),
        "position": asked.position.strip(),
        "email": asked.email.strip().lower(),
        "services": [str(service) for service in Service if service in asked.services],
    }


def _only_one(account: Account) -> None:
    same = Account.objects.filter(unit=account.unit_id, email=account.email).exclude(state=AccountState.CLOSED)
    if same.exclude(pk=account.pk).exists():
        raise StepRefused([_TWICE])


_CLOSED = Reason(
    "organisation_closed",
    Text("Đơn vị này đã giải thể hoặc sáp nhập", "This unit has closed"),
    Text("Đề nghị dưới tên đơn vị kế thừa", "Ask as its successor"),
)
_TWICE = Reason(
    "asked_already",
    Text("Người này đã có tài khoản hoặc đề nghị ở đơn vị này", "This person has an account here already"),
    Text("Mở tài khoản đã có thay vì lập đề nghị mới", "Open the one there is instead of asking anew"),
)
_NO_ROUTE = Reason(
    "no_route",
    Text("Sơ đồ hiện hành không còn cấp này", "The present chart has no such level"),
    Text("Đề nghị dưới tên đơn vị kế thừa", "Ask as the unit's successor"),
)

__all__ = ["Asked", "Changed", "Line", "leave", "request", "save", "take", "take_many"]
