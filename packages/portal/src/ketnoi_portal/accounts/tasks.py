"""What the worker does for accounts."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import Q

from ketnoi_pages import clock
from ketnoi_portal.accounts.facts import cases_of
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.taking import locked_all, system_step
from ketnoi_portal.process.account_steps import ACCOUNT_STEP

_AT_ONCE: Final = 500


def lapse_reviews() -> int:
    """Suspend what was not confirmed in time; how many. What one run leaves the next one takes up."""
    return _take_all("lapse_review", Q(review_due__lt=clock.today()), "Quá hạn rà soát mà đơn vị chưa xác nhận")


def expire() -> int:
    """Take accounts that have reached their end date out of use, and so out of the directory; how many."""
    return _take_all("expire", Q(valid_until__lte=clock.now()), "Đã đến ngày hết hạn")


def _take_all(step_name: str, which: Q, reason: str) -> int:
    step, taken = ACCOUNT_STEP[step_name], 0
    due = Account.objects.filter(which, state__in=[str(state) for state in step.sources])
    while keys := list(due.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
        with transaction.atomic():
            accounts = locked_all(keys)
            cases = cases_of(accounts)
            for account in accounts:
                case = cases[account]
                if case.state in step.sources and step.when(case):
                    system_step(account, case, step.name, reason)
                    taken += 1
    return taken
