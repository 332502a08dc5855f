"""The yearly review: a desk puts the accounts of its area up, units confirm or close each, the rest is suspended."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Count
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.reading import in_area
from ketnoi_portal.audit.models import record
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.account_steps import ACCOUNT_STEP
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.process.rules import Reason, StepRefused
from ketnoi_portal.settings import current
from ketnoi_portal.staff.models import Assignment

LEAST_DAYS: Final = 14
"""How long units have at least to answer: our choice."""


def open_review(actor: Actor, due: date) -> int:
    """Put every account of the actor's area up for review until `due`; how many there are. Raises StepRefused.

    One act on the whole area, recorded once with its count; the accounts already under review keep their date.
    """
    if actor.desk is DeskKind.AGENCY or Role.HANDLER not in actor.roles:
        raise StepRefused([_NOT_YOURS])
    if due < clock.today() + timedelta(days=LEAST_DAYS):
        raise StepRefused([_TOO_SOON])
    states = [str(state) for state in ACCOUNT_STEP["open_review"].sources]
    with transaction.atomic():
        waiting = in_area(Account.objects.filter(state__in=states, review_due=None), actor)
        units = dict(waiting.order_by().values_list("unit").annotate(count=Count("pk")))
        count = waiting.update(review_due=due)
        record(actor, "open_review", "account_review", actor.area or "*", after={"due": due, "count": count})
        _tell(units, due)
    return count


def _tell(units: dict[str, int], due: date) -> None:
    representatives = Assignment.objects.filter(organisation__in=units, role=Role.REPRESENTATIVE, until=None)
    for each in representatives.select_related("person"):
        Letter.write(
            each.person.email,
            "Rà soát tài khoản khai thác · Yearly review of accounts",
            f"{units[str(each.organisation_id)]} tài khoản của đơn vị chờ xác nhận đến hết ngày {due:%d/%m/%Y}.\n"
            f"Accounts of your unit wait to be confirmed until {due.isoformat()}.\n\n"
            f"{current().public(reverse('accounts:review'))}\n",
            key=f"review:{each.organisation_id}:{due.isoformat()}",
        )


_NOT_YOURS = Reason(
    "not_your_role",
    Text("Chỉ cán bộ thụ lý mở kỳ rà soát", "Only a handling officer opens a review"),
    Text("Chọn đúng vai trò ở đầu trang", "Choose that office at the top of the page"),
)
_TOO_SOON = Reason(
    "too_soon",
    Text(f"Hạn rà soát phải sau ít nhất {LEAST_DAYS} ngày", f"The date must lie {LEAST_DAYS} days ahead at least"),
    Text("Chọn ngày muộn hơn", "Choose a later date"),
)
