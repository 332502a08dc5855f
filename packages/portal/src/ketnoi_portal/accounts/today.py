"""Accounts on the page of somebody's day: what waits for a desk, a unit or an officer."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.accounts.reading import looks, own_accounts, unit_commitments_for, waiting_for, watched_by
from ketnoi_portal.day.panels import Panel, register
from ketnoi_portal.process.account_case import AccountState, UnitCommitmentState
from ketnoi_portal.process.roles import Actor, DeskKind


def _waiting(request: HttpRequest) -> dict[str, Any]:
    """Rows of a count, what it counts, and the page where it is worked off."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return {"rows": [row for row in _rows(actor) if row[0]]}


def _rows(actor: Actor) -> list[tuple[int, Text, str]]:
    if actor.desk is not DeskKind.AGENCY:
        filed = unit_commitments_for(actor).filter(state=UnitCommitmentState.FILED)
        return [
            (
                waiting_for(actor).filter(due_at__lt=clock.now()).count(),
                Text("tài khoản quá hạn xử lý", "accounts are late"),
                "accounts:queue",
            ),
            (waiting_for(actor).count(), Text("tài khoản chờ xử lý", "accounts wait"), "accounts:queue"),
            (
                filed.count(),
                Text("cam kết của đơn vị chờ tiếp nhận", "commitments wait"),
                "accounts:commitments",
            ),
        ]
    rows = []
    if looks(actor):
        watched = watched_by(actor).exclude(state=AccountState.CLOSED)
        returned = watched.filter(state=AccountState.RETURNED).count()
        due = watched.exclude(review_due=None).count()
        rows = [
            (returned, Text("đề nghị tài khoản bị trả lại", "requests were returned"), "accounts:list"),
            (due, Text("tài khoản chờ xác nhận rà soát", "accounts wait to be confirmed"), "accounts:review"),
        ]
    own = own_accounts(actor).filter(state=AccountState.CREATED).count()
    return [*rows, (own, Text("tài khoản của bạn chờ kích hoạt", "of your accounts wait for you"), "accounts:own")]


def _concerns(request: HttpRequest) -> bool:
    actor: Actor | None = getattr(request, "actor", None)
    return actor is not None and (actor.desk is DeskKind.AGENCY or looks(actor))


TITLE = Text("Tài khoản cán bộ", "Officers' accounts")
register(Panel("accounts", TITLE, "accounts/today.html", _waiting, _concerns, 60))
