"""Taking one step with a locked account: judge, write, record, and check that both agree."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from ketnoi_pages.text import Text
from ketnoi_portal.accounts.facts import written_case
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.writing import WRITES, AccountGiven, touch_directory, write
from ketnoi_portal.audit.models import record
from ketnoi_portal.process.account_case import AccountCase
from ketnoi_portal.process.account_steps import ACCOUNT_STEP
from ketnoi_portal.process.accounts import apply_account_step, check_account_step
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Actor
from ketnoi_portal.process.rules import Reason, StepRefused


class Changed(Exception):  # noqa: N818
    """Somebody else was faster: the account is no longer as it was when the page was loaded."""


def locked_all(keys: Sequence[object]) -> list[Account]:
    """These accounts, locked in one order for everybody, so that two people cannot wait for each other."""
    return list(_to_lock().filter(pk__in=keys).order_by("pk"))


def _to_lock() -> QuerySet[Account]:
    return Account.objects.select_for_update(of=("self",)).select_related("unit")


def system_step(account: Account, case: AccountCase, step_name: str, reason: str) -> None:
    """Take a step that is the system's own, on an account that the caller has locked."""
    step_with(SYSTEM_ACTOR, account, case, step_name, "", AccountGiven(reason=reason))


def step_with(
    actor: Actor, account: Account, before: AccountCase, step_name: str, unit: str, given: AccountGiven
) -> None:
    """Take a step with a locked account. Raises StepRefused."""
    step = ACCOUNT_STEP[step_name]
    check_account_step(step, before, unit, actor)
    if step.needs_reason and not given.reason.strip():
        raise StepRefused([REASON_MISSING])
    written(actor, account, before, apply_account_step(step, before, unit), step_name, unit, given)


def written(
    actor: Actor,
    account: Account,
    before: AccountCase,
    after: AccountCase,
    step_name: str,
    unit: str,
    given: AccountGiven,
) -> None:
    """Write what was judged already, record it, and check that it was written so."""
    if step_name in WRITES:
        WRITES[step_name](account, unit, actor, given)
    write(account, after, given)
    record(
        actor,
        step_name,
        "account",
        account.pk,
        before={"state": before.state, "position": before.position, "unit": before.unit},
        after={"state": after.state, "position": after.position, "unit": after.unit},
        note=given.reason,
    )
    keep(account)
    _agree(account, after)


def _agree(account: Account, expected: AccountCase) -> None:
    """What was written is what the process says, or nothing is written at all."""
    found = written_case(account, expected)
    if found != expected.but(person=found.person):
        raise RuntimeError(f"what was written to account {account.pk} disagrees with the process")


def keep(account: Account) -> None:
    """Save what was recorded."""
    account.version += 1
    touch_directory(account)
    account.save()


def locked_one(account: Account, version: int | None) -> Account:
    """This account, locked. Raises Changed when it is no longer of that version."""
    locked = _to_lock().get(pk=account.pk)
    if version is not None and version != locked.version:
        raise Changed(str(locked.pk))
    return locked


REASON_MISSING = Reason(
    "reason_missing",
    Text("Phải nêu lý do", "A reason is needed"),
    Text("Viết lý do để người khác hiểu vì sao", "Say why, so that others understand"),
)
