"""Consolidated lists: what a desk (or a unit) sends on together, with a count, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_portal.accounts.actions import Line, take_many
from ketnoi_portal.accounts.models import Account, Batch, BatchLine
from ketnoi_portal.audit.models import record
from ketnoi_portal.process.roles import Actor, DeskKind


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent on, as one list for each desk that received, and the lines that were not, with the reasons."""

    batches: tuple[Batch, ...]
    lines: tuple[Line, ...]

    @property
    def refused(self) -> tuple[Line, ...]:
        """The lines that stay where they were."""
        return tuple(line for line in self.lines if line.reasons)


def hand_over(actor: Actor, accounts: Iterable[Account]) -> Sent:
    """A unit hands its requests over to the first desk of their route; a refused line holds back no other."""
    with transaction.atomic():
        by_desk: dict[DeskKind, list[Account]] = {}
        for account in accounts:
            by_desk.setdefault(account.route[0], []).append(account)
        lines = [
            line for desk, some in sorted(by_desk.items()) for line in take_many(actor, some, f"hand_over_to_{desk}")
        ]
        return _sent(actor, lines)


def forward(actor: Actor, accounts: Iterable[Account]) -> Sent:
    """A desk sends its accounts on to the next one as a consolidated list; a refused line holds back no other."""
    with transaction.atomic():
        return _sent(actor, take_many(actor, accounts, "forward"))


def _sent(actor: Actor, lines: list[Line]) -> Sent:
    done = [line.account for line in lines if not line.reasons]
    by_desk: dict[str, list[Account]] = {}
    for account in done:
        by_desk.setdefault(account.desk, []).append(account)
    batches = tuple(_batch(actor, desk, some) for desk, some in sorted(by_desk.items()))
    return Sent(batches, tuple(lines))


def _batch(actor: Actor, to_desk: str, accounts: list[Account]) -> Batch:
    at = clock.now()
    # The acts on the lines were recorded before, so only one list at a time gets here: no number is given twice.
    batch = Batch.objects.create(
        number=_next_number(at.astimezone(clock.HANOI).year),
        from_desk=actor.desk,
        from_body=actor.organisation,
        area=actor.area or (actor.organisation if actor.desk is DeskKind.AGENCY else ""),
        to_desk=to_desk,
        count=len(accounts),
        sent_at=at,
        sent_by=actor.person,
    )
    BatchLine.objects.bulk_create(BatchLine(batch=batch, account=account) for account in accounts)
    Account.objects.filter(pk__in=[account.pk for account in accounts]).update(batch=batch)
    record(actor, "send_list", "account_list", batch.number, after={"to": to_desk, "count": len(accounts)})
    return batch


def _next_number(year: int) -> str:
    """DS-2026-000123."""
    last = Batch.objects.filter(number__startswith=f"DS-{year}-").order_by("-number").values_list("number", flat=True)
    newest = last.first()
    return f"DS-{year}-{(int(newest[8:]) if newest else 0) + 1:06d}"
