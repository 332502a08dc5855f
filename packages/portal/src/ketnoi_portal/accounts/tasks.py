"""What the worker does for accounts."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from ketnoi_portal.accounts.facts import cases_of
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.taking import locked_all, system_step
from ketnoi_portal.process.account_steps import ACCOUNT_STEP
from ketnoi_portal.site import clock

_AT_ONCE: Final = 500


def lapse_reviews() -> int:
    """Suspend what was not confirmed in time; how many. What one run leaves the next one takes up."""
    step, suspended = ACCOUNT_STEP["lapse_review"], 0
    late = Account.objects.filter(review_due__lt=clock.today(), state__in=[str(state) for state in step.sources])
    while keys := list(late.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
        with transaction.atomic():
            accounts = locked_all(keys)
            cases = cases_of(accounts)
            for account in accounts:
                case = cases[account]
                if case.state in step.sources and step.when(case):
                    system_step(account, case, step.name, "Quá hạn rà soát mà đơn vị chưa xác nhận")
                    suspended += 1
    return suspended
